"""The entries of a control-structure file: typed, immutable, one class per kind of entry.

The field names are the file's keys with underscores for blanks.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from handcrafted.control.domain import Domain
from handcrafted.control.parts import (
    EMPTY,
    MAX_WHOLE,
    MAX_WORDS,
    Condition,
    FrozenMap,
    Name,
    NameMap,
    Number,
    Parameter,
    Part,
    Positive,
    Test,
    Text,
    Unit,
    Words,
)
from handcrafted.text.letters import listed


class TimeStep(Part):
    """How long one step lasts."""

    value: Positive = 1.0
    unit: Unit | None = None


class Hazard(Part):
    """A state of the system that leads to a loss; `when` states it as a predicate over the true state.

    A sub-hazard names the hazard that it is `part of`.
    """

    text: Text
    losses: tuple[Name, ...] = ()
    part_of: Name | None = None
    when: Condition | None = None


class Constraint(Part):
    """What the system must do or must not do, so that hazards do not arise."""

    text: Text
    hazards: tuple[Name, ...] = ()


class Responsibility(Part):
    """What a controller must see to, and which constraints that serves."""

    text: Text
    constraints: tuple[Name, ...] = ()


class Declared(Part):
    """What every signal may declare of itself: its values or its range, unit, resolution and initial value."""

    values: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MAX_WORDS)] | None = None
    range: tuple[Number, Number] | None = None
    unit: Unit | None = None
    resolution: Positive | None = None
    initial: Number | Name | None = None

    @model_validator(mode="after")
    def _one_domain(self) -> Declared:
        if self.values and self.range:
            raise ValueError("Expected `values` or `range`, got both. A signal is either discrete or real; drop one")
        if self.values and len(set(self.values)) < len(self.values):
            raise ValueError(f"Expected different values, got {listed(self.values)}. Drop the repeated one")
        if self.range and not self.range[0] < self.range[1]:
            low, high = self.range
            raise ValueError(
                f"Expected range [low, high] with low < high, got [{low:g}, {high:g}]. Put the lower end first"
            )
        if self.values and self.resolution:
            raise ValueError("Expected `resolution` on a real signal, got it beside `values`. Drop one of them")
        return self

    @property
    def domain(self) -> Domain | None:
        """The declared domain, or None where the defaults decide."""
        if self.values is not None:
            return Domain(values=self.values, unit=self.unit)
        if self.range is not None:
            return Domain((), *self.range, unit=self.unit, resolution=self.resolution)
        return None


class LawEntry(Part):
    """How something is computed: a law of the catalogue with what it reads and its parameters."""

    law: Name | None = None
    reads: Words | None = None
    parameters: FrozenMap[Parameter] = EMPTY
    when: Condition | None = None

    @property
    def tests(self) -> Condition | None:
        """The condition that the law tests, if it tests one."""
        return self.when


class Variable(Declared, LawEntry):
    """A process-model variable: what a controller believes about something.

    Without a law it copies what it reads if that is one signal of the same domain.
    """


class AlgorithmEntry(LawEntry):
    """One entry of a control algorithm: how one control action, request or feedback is decided."""

    initial: Number | Name | None = None
    gates: Name | None = None
    permit: Condition | None = None
    safe: Number | Name | None = None

    @property
    def tests(self) -> Condition | None:
        """The condition that the law tests: a guard what it permits, any other law its rows."""
        return self.permit if self.law == "guard" else self.when


class Budget(Part):
    """The most subspaces one circuit may read and the most links the controller may write."""

    reads: Annotated[int, Field(ge=1, le=MAX_WHOLE)] | None = None
    writes: Annotated[int, Field(ge=1, le=MAX_WHOLE)] | None = None


class Link(Declared):
    """An arrow of the control structure; its kind follows from the list in which it stands."""

    name: Name | None = None
    sender: Name | None = Field(default=None, alias="from")
    receiver: Name | None = Field(default=None, alias="to")
    recurrent: bool | None = None


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
