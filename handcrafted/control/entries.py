"""The entries of a control-structure file: typed, immutable, one class per kind of entry.

The field names are the file's keys with underscores for blanks.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from handcrafted.control.domain import Domain
from handcrafted.control.parts import (
    EMPTY,
    MAX_WHOLE,
    MAX_WORDS,
    Condition,
    FrozenMap,
    Name,
    Number,
    Parameter,
    Part,
    Positive,
    Reads,
    Text,
    Unit,
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
    """What the system must do or must not do, so that hazards do not arise.

    A sub-constraint names the constraint that it is `part of`.
    """

    text: Text
    hazards: tuple[Name, ...] = ()
    part_of: Name | None = None


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
    reads: Reads | None = None
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
    """An arrow of the control structure; its kind follows from the list in which it stands.

    Feedback may say `of` which variable of the true state it is a reading; several sensors may read one.
    """

    name: Name | None = None
    sender: Name | None = Field(default=None, alias="from")
    receiver: Name | None = Field(default=None, alias="to")
    recurrent: bool | None = None
    of: Name | None = None
