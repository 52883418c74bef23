"""Gate: a number that passes while another is on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.logic import gates, truth_slopes
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.arithmetic import gated, truths
from handcrafted.laws.law import BIT, REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import SATURATED, Signature


@final
class Gate(Law):
    """The first read, cut off at the ends of its range, while the second is on; 0 while it is off."""

    law: ClassVar = "gate"
    shape: ClassVar = Signature(SATURATED, ("gap",), (2, 2), writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL, "on": BIT}, REAL_SIGNAL)

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a number to gate."""
        return "Expected a real first read, got words. Give it a range." if reads[0].domain.discrete else ""

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the first read within its range while the second is on, else 0."""
        _, on = truths(task, given)
        return LawOutput(gated(given.now[0], task.reads[0].domain, on))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Saturate what may pass, and let it pass while the gate is open."""
        slopes = truth_slopes(task.reads[-1:])
        return gates(sites, task.reads, np.array([*slopes[:, None], [0.0]]))
