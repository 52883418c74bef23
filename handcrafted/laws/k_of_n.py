"""Vote: issues if at least k of n reads are true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

from pydantic import Field, StrictInt

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.logic import counting
from handcrafted.control.domain import Domain
from handcrafted.control.parts import MAX_WHOLE
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.arithmetic import at_least, switched
from handcrafted.laws.law import BIT, Example, LawInput, LawOutput, Switch
from handcrafted.laws.signature import VOTE, Signature


@final
class KOfN(Switch):
    """Issues if at least `k` of its reads are true."""

    k: Annotated[StrictInt, Field(ge=1, le=MAX_WHOLE)]

    law: ClassVar = "k of n"
    shape: ClassVar = Signature(VOTE, ("bits",), (1, 64), writes="switch")
    example: ClassVar = Example({"x": BIT, "y": BIT, "z": BIT}, BIT, {"k": 2})

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for at least k reads."""
        most = len(reads)
        return "" if self.k <= most else f"Expected `k` of at most {most}, the number of reads, got {self.k}."

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue if at least k reads are true."""
        return LawOutput(switched(at_least(self.k, task, given), domain, self.value))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Count what is true against k."""
        return counting(sites, task.reads, [self.k], domain, self.value)
