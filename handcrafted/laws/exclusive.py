"""Exclusive or: issues if an odd number of its reads is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.logic import counting
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import switched, truths
from handcrafted.laws.law import BIT, Example, LawInput, LawOutput, Switch
from handcrafted.laws.signature import VOTE, Signature


@final
class Xor(Switch):
    """Issues if an odd number of its reads is true."""

    law: ClassVar = "xor"
    shape: ClassVar = Signature(VOTE, ("bits",), (1, 64), writes="switch")
    example: ClassVar = Example({"x": BIT, "y": BIT}, BIT)

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue if an odd number of reads is true; between whole numbers the degree changes in a straight line."""
        count = np.clip(sum(truths(task, given), np.zeros(())), 0.0, len(task.reads))
        return LawOutput(switched(1.0 - np.abs(count % 2.0 - 1.0), domain, self.value))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Count what is true against every threshold; the bits add and subtract in turn."""
        return counting(sites, task.reads, range(1, len(task.reads) + 1), domain, self.value, turns=True)
