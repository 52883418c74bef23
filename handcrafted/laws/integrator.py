"""Integrator: a running sum, stopped at its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import copy, limits, saturated
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Number
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import clipped
from handcrafted.laws.law import REAL_SIGNAL, Accumulator, Example, LawInput, LawOutput
from handcrafted.laws.signature import COUNTED, NEXT, Signature


@final
class Integrator(Accumulator):
    """Adds up the reads times `gain` (output unit per unit of time and of the read), stopped at the limits."""

    gain: Number = 1.0

    law: ClassVar = "integrator"
    units: ClassVar = {**Accumulator.units, "gain": "output / read / time"}
    shape: ClassVar = Signature(COUNTED, (NEXT,), real=True, writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"gain": 0.25})

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the running sum, stopped at its limits (anti-windup by clamping).

        Formula: I' = clip(I + gain dt sum of reads, low, high).
        Source: Astrom & Hagglund 2006, Advanced PID Control, section 3.5.
        """
        assert given.state is not None
        rise = self.gain * task.time_step * sum(given.now, np.zeros(()))
        state = clipped(given.state + rise, self.low, self.high, task.domain)
        return LawOutput(state, state)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Add to the state, between its limits."""
        low, high = limits(self.low, self.high, task.domain)
        slopes = np.array([*[self.gain * task.time_step] * len(task.reads), 1.0])
        return [*saturated(sites[:3], slopes, low, low, high), copy(sites[3], domain.width)]
