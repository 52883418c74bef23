"""What an analyst writes about a structure: rules on its actions, assumptions, scenarios, constraints, requirements."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from handcrafted.control.parts import Condition, Name, Number, Part, ReferenceMap, Test, Text, as_tuple

Ids = Annotated[tuple[Name, ...], BeforeValidator(as_tuple, json_schema_input_type=Name | tuple[Name, ...])]
"""What something is about, by ids."""

Type = Literal[
    "provided", "not provided", "too early", "too late", "out of order", "stopped too soon", "applied too long"
]

Steps = Annotated[int, Field(ge=1, le=100_000)]


BY_CONTEXT = ("provided", "not provided")
"""Types that a context alone decides; all others are about the order of steps."""


class Rule(Part):
    """What is said of one action, in one way of going wrong, in a context of the true state.

    What the context means by type:

        provided, not provided          where it is hazardous
        too early, too late             what must have begun, when it begins
        out of order                    what must have come first
        stopped too soon                what lasts, so that the action must go on
        applied too long                what must last, so that the action may go on
    """

    by: Name
    action: Name
    type: Type
    context: Condition | None = None

    @model_validator(mode="after")
    def _timing_needs_context(self) -> Rule:
        if self.context is None and self.type not in BY_CONTEXT and not getattr(self, "text", None):
            raise ValueError(f"Expected `context` or `text` beside type {self.type}, got none. Say when")
        return self


class UnsafeControlAction(Rule):
    """A rule: this action, of this type, in this context of the true state, leads to these hazards.

    Attributes:
        text: the same in an analyst's words; without a context it stands in words alone, and nothing can test it.
        comment: anything else that is to be kept.
        amount: narrows what counts as issued: words of a discrete action, bounds of a real one.
    """

    id: Name
    text: Text | None = None
    comment: Text | None = None
    amount: Test | None = None
    hazards: tuple[Name, ...] = ()

    @property
    def formal(self) -> bool:
        """Whether its context is stated, or is every context, and not in words alone."""
        return self.context is not None or self.text is None


class NotHazardous(Rule):
    """The opposite: somebody has judged that in this context it is no hazard, and may say why."""

    because: Text | None = None


class Assumption(Part):
    """What is taken for granted; contexts against it are ruled out, none by one that stands in words alone.

    Attributes:
        never: what does not come about.
        when, then: where the one is so, the other is too.
    """

    text: Text
    never: Condition | None = None
    when: Condition | None = None
    then: Condition | None = None

    @model_validator(mode="after")
    def _never_or_then(self) -> Assumption:
        if self.when is not None and self.then is None:
            raise ValueError("Expected `then` beside `when` in an assumption, got none. Say what is so then")
        if self.never is not None and (self.when, self.then) != (None, None):
            raise ValueError("Expected `never` or `when` and `then` in an assumption, got both. Make it two")
        return self


class ScenarioClass(StrEnum):
    """The two classes of loss scenarios: of an unsafe control action, and of one that is not carried out as meant."""

    WHY_ISSUED = "why it is issued"
    WHY_NO_EFFECT = "why it has no effect"


class Factor(StrEnum):
    """Causal factors: of the controller, of the feedback path, of the control path, of the process.

    An action that is carried out otherwise includes one that nobody commanded.
    """

    CONTROLLER_FAILS = "controller fails"
    ALGORITHM = "inadequate control algorithm"
    CONTROL_INPUT = "unsafe control input"
    PROCESS_MODEL = "inadequate process model"
    FEEDBACK_NOT_RECEIVED = "feedback not received"
    FEEDBACK_DELAYED = "feedback delayed"
    FEEDBACK_INADEQUATE = "inadequate feedback"
    FEEDBACK_MISSING = "feedback missing by design"
    ACTION_NOT_RECEIVED = "action not received"
    ACTION_NOT_CARRIED_OUT = "action not carried out"
    ACTION_DELAYED = "action delayed"
    ACTION_OTHERWISE = "action carried out otherwise"
    PROCESS_DOES_NOT_RESPOND = "process does not respond"
    PROCESS_DISTURBED = "process disturbed"
    CONFLICTING_ACTIONS = "conflicting actions"
    PROCESS_CHANGED = "process changed"


class LossScenario(Part):
    """How an unsafe control action comes about, or why an action has no effect or not the one it is to have.

    Source: STPA Handbook (Leveson & Thomas 2018), step 4, for the two classes and the causal factors.

    Attributes:
        kind: which of the two classes.
        about: the unsafe control actions.
        hazards: to which it leads, where there is no unsafe control action.
        factor: what causes it.
    """

    text: Text
    kind: ScenarioClass = Field(default=ScenarioClass.WHY_ISSUED, alias="class")
    about: Ids = Field(default=(), alias="for")
    hazards: tuple[Name, ...] = ()
    factor: Factor | None = None


class ControllerConstraint(Part):
    """What a controller must do or must not do, so that unsafe control actions do not come about.

    Attributes:
        about: the unsafe control actions.
    """

    text: Text
    about: Ids = Field(default=(), alias="for")


class Requirement(Part):
    """What is asked of a design.

    Attributes:
        about: the scenarios, constraints, unsafe control actions or hazards because of which it is asked, by their ids.
    """

    text: Text
    about: Ids = Field(default=(), alias="for")


class Start(Part):
    """Where the processes start in contexts that fulfil a condition."""

    when: Condition | None = None
    state: ReferenceMap[Number | Name]


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
