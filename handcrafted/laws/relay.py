"""Relay: one of two values, by a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.comparator import bits, ramp_above, ramps, shared_quantum, signs_of, span_of
from handcrafted.components.linear import linear
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Number, Positive
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import above, common_quantum, compared
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import COMPARED, Signature


@final
class Relay(Law):
    """Gives plus `amplitude` (output unit) strictly above a threshold (unit of the read), minus it elsewhere."""

    above: Number = 0.0
    amplitude: Positive = 1.0

    law: ClassVar = "relay"
    units: ClassVar = {"above": "read", "amplitude": "output"}
    shape: ClassVar = Signature(COMPARED, ("bit",), (1, 2), real=True, writes="real")
    jumps: ClassVar = True
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"above": 0, "amplitude": 2})

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return plus the amplitude above the threshold, minus it elsewhere."""
        on = above(compared(given), self.above, common_quantum(task.reads))
        return LawOutput(np.where(on, self.amplitude, -self.amplitude)[..., None])

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Compare with the threshold, and swing between the two values."""
        ramp = ramp_above(self.above, shared_quantum(task.reads), span_of(task.reads))
        compared = ramps(sites[0], -signs_of(task.reads)[:, None], [ramp])
        swing = linear(sites[2], np.array([[2.0 * self.amplitude]]), np.array([-self.amplitude]))
        return [compared, bits(sites[1], 1), swing]
