"""What a file says about unsafe control actions: rules, and how contexts are put to the test."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from handcrafted.control.parts import Condition, Name, NameMap, Number, Part, Test, Text

Type = Literal[
    "provided", "not provided", "too early", "too late", "out of order", "stopped too soon", "applied too long"
]

Steps = Annotated[int, Field(ge=1, le=100_000)]


class Rule(Part):
    """What is said of one action, in one way of going wrong, in a context of the true state."""

    by: Name
    action: Name
    type: Type
    context: Condition | None = None

    @model_validator(mode="after")
    def _timing_needs_context(self) -> Rule:
        if self.context is None and self.type not in ("provided", "not provided"):
            raise ValueError(f"Expected `context` beside type {self.type}, got none. Say what begins or ends too")
        return self


class UnsafeControlAction(Rule):
    """A rule: this action, of this type, in this context of the true state, leads to these hazards.

    `amount` narrows what counts as issued: words of a discrete action, bounds of a real one.
    """

    id: Name
    amount: Test | None = None
    hazards: tuple[Name, ...] = ()


class NotHazardous(Rule):
    """The opposite: somebody has judged that in this context it is no hazard, and may say why."""

    because: Text | None = None


class Start(Part):
    """Where the processes start in contexts that fulfil a condition."""

    when: Condition | None = None
    state: NameMap[Number | Name]


class Trial(Part):
    """How a context is put to the test in the closed loop: the action is forced or withheld, and hazards are watched.

    Attributes:
        hold: steps for which it is forced or withheld; then the controllers decide again.
        horizon: steps for which hazards are watched.
        start: what the processes start from; a state that bears the name of a variable starts in its cell.
    """

    hold: Steps = 10
    horizon: Steps = 100
    start: tuple[Start, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Trial:
        if self.horizon < self.hold:
            raise ValueError(
                f"Expected a horizon no shorter than hold, got {self.horizon} and {self.hold}. Watch for longer"
            )
        return self
