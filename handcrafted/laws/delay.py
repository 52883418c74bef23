"""Delay: what was read some steps ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

from pydantic import Field, StrictInt

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.positional import steps_ago, within_window
from handcrafted.control.domain import Domain
from handcrafted.control.parts import MAX_WHOLE, Condition
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput, Stated
from handcrafted.laws.signature import Signature
from handcrafted.text.diagnostics import refuse


@final
class Delay(Law):
    """Gives what was read so many steps ago."""

    steps: Annotated[StrictInt, Field(ge=1, le=MAX_WHOLE)]

    law: ClassVar = "delay"
    units: ClassVar = {"steps": "steps"}
    shape: ClassVar = Signature(counts=(1, 1))
    takes_over: ClassVar = True
    keeps_quantum: ClassVar = True
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"steps": 3})

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature: one head that looks so far back."""
        return self.shape._replace(result=(self.steps,))

    def check(self, stated: Stated) -> None:
        """Ask that both ends say the same, for a look back before t = 0 finds what the read held there."""
        super().check(stated)
        read = stated.reads[0]
        if read.domain.values != stated.domain.values:
            refuse(
                stated.path,
                f"Expected the values of {read.name} ({read.domain}) in the {stated.name}, got {stated.domain}. "
                "Give both the same.",
            )
        if stated.declared is not None and stated.declared != read.initial:
            refuse(
                (*stated.path, "initial"),
                f"Expected the {stated.name} to start from what {read.name} held before t = 0 ({read.initial}), got "
                f"{stated.declared}. Declare the same `initial` for both.",
            )

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return what was read so many steps ago."""
        return LawOutput(given.ago(self.steps)[0])

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build one positional head."""
        return [steps_ago(sites[0], within_window(self.steps, task), domain.width)]
