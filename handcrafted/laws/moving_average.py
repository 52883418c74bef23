"""Moving average: the mean over the last steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field, StrictInt

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import linear
from handcrafted.components.positional import steps_ago
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Condition
from handcrafted.control.resolved import LawInstance
from handcrafted.control.vocabulary import WINDOW
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import READS, Signature, StageSignature


@final
class MovingAverage(Law):
    """The mean of the read over so many steps, the present one included (at most 16: the window of a head)."""

    steps: Annotated[StrictInt, Field(ge=2, le=WINDOW)]

    law: ClassVar = "moving average"
    units: ClassVar = {"steps": "steps"}
    shape: ClassVar = Signature(counts=(1, 1), real=True, writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"steps": 4})

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature: a head per step before the present one."""
        past = tuple(StageSignature(f"{k} ago", (k,)) for k in range(1, self.steps))
        return self.shape._replace(stages=past, result=(READS, *(stage.name for stage in past)))

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the mean of the read over the last steps, this one included."""
        seen = [given.now[0], *(given.ago(k)[0] for k in range(1, self.steps))]
        return LawOutput(sum(seen, np.zeros(())) / self.steps)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Look back to each step of the window but this one, and weigh all alike."""
        *past, last = sites
        mean = linear(last, np.full((1, self.steps), 1.0 / self.steps), np.zeros(1))
        return [*(steps_ago(site, k, 1) for k, site in enumerate(past, start=1)), mean]
