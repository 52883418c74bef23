"""Latch: set by one read, reset by another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import saturated
from handcrafted.components.logic import truth_slopes
from handcrafted.components.rows import issued
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import switched, truths
from handcrafted.laws.law import BIT, Example, LawInput, LawOutput, RememberedSwitch
from handcrafted.laws.signature import COUNTED, NEXT, Signature


@final
class Latch(RememberedSwitch):
    """Issues from when the first read, `set`, is on until the second, `reset`, is; with both on it stays."""

    law: ClassVar = "latch"
    shape: ClassVar = Signature(COUNTED, (NEXT,), (2, 2), writes="switch")
    example: ClassVar = Example({"set": BIT, "reset": BIT}, BIT)

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue from `set` until `reset`."""
        assert given.state is not None
        on, off = truths(task, given)
        state = np.clip(given.state[..., 0] + on - off, 0.0, 1.0)
        return LawOutput(switched(state, domain, self.value), state[..., None])

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Set and reset the state, and issue by it."""
        on, off = (truth_slopes([read]) for read in task.reads)
        kept = saturated(sites[:3], np.array([*on, *-off, 1.0]), -0.0, 0.0, 1.0)
        return [*kept, issued(sites[3], domain, self.value)]
