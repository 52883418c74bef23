"""The control structure as a file states it: pure data, immutable, not yet held against any rule across its entries.

What a file leaves out is filled in by `handcrafted.loading.resolve`; what contradicts itself is found by
`handcrafted.loading.rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated

from pydantic import Field

from handcrafted.control.entries import (
    AlgorithmEntry,
    Budget,
    Constraint,
    Hazard,
    Link,
    Responsibility,
    TimeStep,
    Variable,
)
from handcrafted.control.graph import grouped
from handcrafted.control.parts import EMPTY, MAX_WHOLE, Name, NameMap, Part, Text
from handcrafted.control.resolved import LinkId
from handcrafted.control.stpa import (
    Assumption,
    ControllerConstraint,
    LossScenario,
    NotHazardous,
    Requirement,
    Trial,
    UnsafeControlAction,
)
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.plants.catalogue import Dynamics


class StructureComponent(Part):
    """A box of the control structure."""

    kind: ComponentKind
    level: Annotated[int, Field(ge=0, le=MAX_WHOLE)]
    layer_0: bool = False
    inside: Name | None = None
    responsibilities: NameMap[Responsibility] = EMPTY
    budget: Budget | None = None
    process_model: NameMap[Variable] = EMPTY
    control_algorithm: NameMap[AlgorithmEntry] = EMPTY
    dynamics: Dynamics | None = None

    def states(self, name: str) -> bool:
        """Whether it says by which law it decides something; else a placeholder stands there."""
        entry = self.control_algorithm.get(name)
        return entry is not None and entry.law is not None


class StructureFile(Part):
    """A control structure as a file states it; `ControlStructure` is one that makes sense."""

    name: Name
    time_step: TimeStep = TimeStep()
    losses: NameMap[Text] = EMPTY
    hazards: NameMap[Hazard] = EMPTY
    constraints: NameMap[Constraint] = EMPTY
    components: NameMap[StructureComponent] = EMPTY
    control_actions: tuple[Link, ...] = ()
    requests: tuple[Link, ...] = ()
    feedback: tuple[Link, ...] = ()
    other_inputs: tuple[Link, ...] = ()
    other_outputs: tuple[Link, ...] = ()
    unsafe_control_actions: tuple[UnsafeControlAction, ...] = ()
    not_hazardous: tuple[NotHazardous, ...] = ()
    assume: NameMap[Assumption] = EMPTY
    controller_constraints: NameMap[ControllerConstraint] = EMPTY
    loss_scenarios: NameMap[LossScenario] = EMPTY
    requirements: NameMap[Requirement] = EMPTY
    trial: Trial | None = None
    groups: NameMap[tuple[Name, ...]] = EMPTY

    def links(self) -> Iterator[tuple[LinkKind, int, Link]]:
        """Return every link with its kind and its position in that kind's list, in declared order."""
        for kind, field in LINK_FIELDS.items():
            for position, link in enumerate(getattr(self, field)):
                yield kind, position, link

    @cached_property
    def named_links(self) -> tuple[LinkId, ...]:
        """What identifies every link, with a placeholder such as `feedback 2` for one that has no name."""
        taken = {link.name for _, _, link in self.links() if link.name}
        found = []
        for kind, position, link in self.links():
            placeholder = f"{kind} {position + 1}"
            while link.name is None and placeholder in taken:
                placeholder += "'"
            found.append(LinkId(kind, link.sender, link.receiver, link.name or placeholder))
        return tuple(found)

    @cached_property
    def arriving(self) -> Mapping[str | None, list[LinkId]]:
        """The links that arrive at each component."""
        return grouped(self.named_links, lambda id: id.receiver)

    @cached_property
    def leaving(self) -> Mapping[str | None, list[LinkId]]:
        """The links that leave each component."""
        return grouped(self.named_links, lambda id: id.sender)


LINK_FIELDS: dict[LinkKind, str] = {
    LinkKind.CONTROL_ACTION: "control_actions",
    LinkKind.REQUEST: "requests",
    LinkKind.FEEDBACK: "feedback",
    LinkKind.OTHER_INPUT: "other_inputs",
    LinkKind.OTHER_OUTPUT: "other_outputs",
}
