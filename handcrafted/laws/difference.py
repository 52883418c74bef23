"""Difference: the read minus what it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field, StrictInt

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import linear
from handcrafted.components.positional import steps_ago, within_window
from handcrafted.control.domain import Domain
from handcrafted.control.parts import MAX_WHOLE, Condition, Number
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import READS, Signature, StageSignature


@final
class BackwardDifference(Law):
    """The read minus what it was so many steps ago, times `gain` (output unit per unit of the read)."""

    steps: Annotated[StrictInt, Field(ge=1, le=MAX_WHOLE)] = 1
    gain: Number = 1.0

    law: ClassVar = "difference"
    units: ClassVar = {"steps": "steps", "gain": "output / read"}
    shape: ClassVar = Signature(result=(READS, "before"), counts=(1, 1), real=True, writes="real")
    takes_over: ClassVar = True
    example: ClassVar = Example({"x": REAL_SIGNAL}, {"range": [-8, 8]})

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature: a head that looks so far back, and the difference."""
        return self.shape._replace(stages=(StageSignature("before", (self.steps,)),))

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return gain times (the read minus what it was so many steps ago)."""
        return LawOutput(self.gain * (given.now[0] - given.ago(self.steps)[0]))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build a look back, and the weighted difference."""
        before = steps_ago(sites[0], within_window(self.steps, task), 1)
        return [before, linear(sites[1], np.array([[self.gain, -self.gain]]), np.zeros(1))]
