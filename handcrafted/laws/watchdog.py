"""Watchdog: issues when a sign of life stays away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field, StrictInt

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import floor
from handcrafted.components.logic import count_stages
from handcrafted.components.rows import issued
from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import counted, switched
from handcrafted.laws.law import BIT, Example, LawInput, LawOutput, Switch
from handcrafted.laws.signature import COUNTED, NEXT, Signature, StageSignature


@final
class Watchdog(Switch):
    """Issues once its read, a sign of life, has not been on for `steps` steps."""

    steps: Annotated[StrictInt, Field(ge=1, le=2**20)]

    law: ClassVar = "watchdog"
    units: ClassVar = {"steps": "steps"}
    shape: ClassVar = Signature((*COUNTED, StageSignature("late", (NEXT,))), ("late",), (1, 1), writes="switch")
    example: ClassVar = Example({"alive": BIT}, BIT, {"steps": 4})

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the count, from 0."""
        return Domain((), 0.0, float(self.steps), resolution=1.0), 0.0

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue once the count has reached its limit."""
        count = counted(self.steps, task, given)
        late = np.clip(count[..., 0] - self.steps + 1, 0.0, 1.0)
        return LawOutput(switched(late, domain, self.value), count)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Count up to the limit, from 0 where the read is on, and compare."""
        late = floor(sites[3], np.ones(1), self.steps - 1.0)
        return [*count_stages(sites[:3], task.reads, self.steps), late, issued(sites[4], domain, self.value)]
