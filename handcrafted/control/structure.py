"""The control structure as a file states it: typed, immutable, one class per kind of entry.

The field names are the file's keys with underscores for blanks. What a file leaves out is filled in by
`handcrafted.control.resolve`; what contradicts itself across entries is found by `handcrafted.control.rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from handcrafted.control.domain import Domain
from handcrafted.control.dynamics import Dynamics
from handcrafted.control.letters import listed
from handcrafted.control.parts import (
    EMPTY,
    MOST_WHOLE,
    MOST_WORDS,
    Condition,
    FrozenMap,
    Name,
    NameMap,
    Number,
    Parameter,
    Part,
    Positive,
    Text,
    Unit,
    Words,
)
from handcrafted.control.report import Report, Reported
from handcrafted.control.unsafe import NotHazardous, Trial, UnsafeControlAction
from handcrafted.control.vocabulary import ComponentKind, LinkKind

if TYPE_CHECKING:
    from handcrafted.control.graph import SignalGraph
    from handcrafted.control.resolved import Resolved


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

    values: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_WORDS)] | None = None
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
    def declares_domain(self) -> bool:
        """Whether values or a range are given."""
        return self.values is not None or self.range is not None

    @property
    def domain(self) -> Domain | None:
        """The declared domain, or None where the defaults decide."""
        if self.values is not None:
            return Domain(values=self.values, unit=self.unit)
        if self.range is not None:
            return Domain((), *self.range, unit=self.unit, resolution=self.resolution)
        return None


class Law(Part):
    """How something is computed: a law of the catalogue with what it reads and its parameters."""

    law: Name | None = None
    reads: Words | None = None
    parameters: FrozenMap[Parameter] = EMPTY
    when: Condition | None = None

    @property
    def tests(self) -> Condition | None:
        """The condition that the law tests, if it tests one."""
        return self.when


class Variable(Declared, Law):
    """A process-model variable: what a controller believes about something.

    Without a law it copies what it reads if that is one signal of the same domain.
    """


class AlgorithmEntry(Law):
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

    reads: Annotated[int, Field(ge=1, le=MOST_WHOLE)] | None = None
    writes: Annotated[int, Field(ge=1, le=MOST_WHOLE)] | None = None


class Component(Part):
    """A box of the control structure."""

    kind: ComponentKind
    level: Annotated[int, Field(ge=0, le=MOST_WHOLE)]
    layer_0: bool = False
    inside: Name | None = None
    responsibilities: NameMap[Responsibility] = EMPTY
    budget: Budget | None = None
    process_model: NameMap[Variable] = EMPTY
    control_algorithm: NameMap[AlgorithmEntry] = EMPTY
    dynamics: Dynamics | None = None


class Link(Declared):
    """An arrow of the control structure; its kind follows from the list in which it stands."""

    name: Name | None = None
    sender: Name | None = Field(default=None, alias="from")
    receiver: Name | None = Field(default=None, alias="to")
    recurrent: bool | None = None


class ControlStructure(Reported, Part):
    """An STPA control structure: components, the links between them, and what must never happen.

    Example:
        >>> structure = hc.load(find("heated room"))
        >>> list(structure.components), len(structure.signal_graph())
        (['thermostat', 'room'], 9)
    """

    name: Name
    time_step: TimeStep = TimeStep()
    losses: NameMap[Text] = EMPTY
    hazards: NameMap[Hazard] = EMPTY
    constraints: NameMap[Constraint] = EMPTY
    components: NameMap[Component] = EMPTY
    control_actions: tuple[Link, ...] = ()
    requests: tuple[Link, ...] = ()
    feedback: tuple[Link, ...] = ()
    other_inputs: tuple[Link, ...] = ()
    other_outputs: tuple[Link, ...] = ()
    unsafe_control_actions: tuple[UnsafeControlAction, ...] = ()
    not_hazardous: tuple[NotHazardous, ...] = ()
    trial: Trial | None = None
    groups: NameMap[tuple[Name, ...]] = EMPTY

    @model_validator(mode="after")
    def _consistent(self) -> ControlStructure:
        from handcrafted.control.rules import check_rules

        check_rules(self)
        return self

    def links(self) -> Iterator[tuple[LinkKind, int, Link]]:
        """Give every link with its kind and its position in that kind's list, in declared order."""
        for kind, field in LINK_FIELDS.items():
            for position, link in enumerate(getattr(self, field)):
                yield kind, position, link

    @cached_property
    def resolved(self) -> Resolved:
        """The structure with every default filled in."""
        from handcrafted.control.resolve import resolve

        return resolve(self)

    def report(self) -> Report:
        """Report boxes, and every link with what it carries."""
        rows = []
        for link in self.resolved.links:
            kind, sender, receiver, name = link.id
            rows.append((kind, sender or "", receiver or "", name, str(link.domain)))
        boxes = [f"{name}: {box.kind}, level {box.level}" for name, box in self.components.items()]
        title = f"{self.name}: {len(boxes)} components, {len(rows)} links"
        return Report(title, ("kind", "from", "to", "name", "values"), rows, boxes)

    def signal_graph(self) -> SignalGraph:
        """The intended signal-flow graph: what must be wired to what, and with which lag."""
        from handcrafted.control.intended import intended_graph

        return intended_graph(self.resolved)

    def save(self, path: str | Path) -> None:
        """Write the structure as a YAML file that loads to an equal structure.

        Raises:
            HandcraftedError: if the file cannot be written.
        """
        from handcrafted.control.yamlfile import save

        save(self, path)


LINK_FIELDS: dict[LinkKind, str] = {
    LinkKind.CONTROL_ACTION: "control_actions",
    LinkKind.REQUEST: "requests",
    LinkKind.FEEDBACK: "feedback",
    LinkKind.OTHER_INPUT: "other_inputs",
    LinkKind.OTHER_OUTPUT: "other_outputs",
}
