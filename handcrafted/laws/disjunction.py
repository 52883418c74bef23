"""Or: issues if any of its reads is true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.logic import counting
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import at_least, switched
from handcrafted.laws.law import BIT, Example, LawInput, LawOutput, Switch
from handcrafted.laws.signature import VOTE, Signature


@final
class Or(Switch):
    """Issues if any of its reads is true."""

    law: ClassVar = "or"
    shape: ClassVar = Signature(VOTE, ("bits",), (1, 64), writes="switch")
    example: ClassVar = Example({"x": BIT, "y": BIT}, BIT)

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue if any read is true."""
        return LawOutput(switched(at_least(1, task, given), domain, self.value))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Count what is true against one threshold."""
        return counting(sites, task.reads, [1], domain, self.value)
