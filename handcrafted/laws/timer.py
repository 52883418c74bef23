"""Timer: counts the steps since its read was on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

from pydantic import Field, StrictInt

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import copy
from handcrafted.components.logic import count_stages
from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import counted
from handcrafted.laws.law import BIT, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import COUNTED, NEXT, Signature


@final
class Timer(Law):
    """Gives how many steps have passed since its read was last on, at most `steps`."""

    steps: Annotated[StrictInt, Field(ge=1, le=2**20)]

    law: ClassVar = "timer"
    units: ClassVar = {"steps": "steps"}
    shape: ClassVar = Signature(COUNTED, (NEXT,), (0, 1), writes="real")
    example: ClassVar = Example({"reset": BIT}, {"range": [0, 8]}, {"steps": 8})

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the count, from 0."""
        return Domain((), 0.0, float(self.steps), resolution=1.0), 0.0

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return how many steps have passed since the read was on."""
        count = counted(self.steps, task, given)
        return LawOutput(count, count)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Count up to the limit, from 0 where the read is on."""
        return [*count_stages(sites[:3], task.reads, self.steps), copy(sites[3], domain.width)]
