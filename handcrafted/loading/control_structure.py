"""A control structure whose entries make sense together, and what follows from them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import model_validator

from handcrafted.control.graph import SignalGraph
from handcrafted.control.resolved import Resolved
from handcrafted.control.signal_graph import intended_graph
from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.resolve import resolve
from handcrafted.loading.rules import check_declared, check_resolved
from handcrafted.loading.structure import StructureFile
from handcrafted.loading.true_state import TrueState
from handcrafted.loading.yamltext import save
from handcrafted.text.report import Report, Reported


class ControlStructure(Reported, StructureFile):
    """An STPA control structure: components, the links between them, and what must never happen.

    Example:
        >>> structure = hc.load(find("heated room"))
        >>> list(structure.components), len(structure.signal_graph())
        (['thermostat', 'room'], 9)
    """

    @model_validator(mode="after")
    def _consistent(self) -> ControlStructure:
        check_declared(self, self.true_state)
        check_resolved(self, self.resolved)
        return self

    @cached_property
    def resolved(self) -> Resolved:
        """The structure with every default filled in."""
        return resolve(self, self.true_state)

    @cached_property
    def true_state(self) -> TrueState:
        """The variables of the true state, and how they are called."""
        return TrueState(self)

    @cached_property
    def unstated(self) -> frozenset[tuple[str, str]]:
        """The decisions, as controller and name, of which nobody says by which law they are made."""
        controllers = {name: one for name, one in self.components.items() if one.kind == ComponentKind.CONTROLLER}
        issued = ((name, id.name) for name in controllers for id in self.leaving.get(name, ()))
        return frozenset((by, name) for by, name in issued if not controllers[by].states(name))

    @cached_property
    def freed(self) -> ControlStructure:
        """The structure in which decisions that nobody states are free: they come from outside, like a measurement."""
        if not self.unstated:
            return self
        return FreedStructure.model_construct(**{name: getattr(self, name) for name in type(self).model_fields})

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
        return intended_graph(self.resolved)

    def save(self, path: str | Path) -> None:
        """Write the structure as a YAML file that loads to an equal structure.

        Raises:
            HandcraftedError: if the file cannot be written.
        """
        save(self, path)


class FreedStructure(ControlStructure):
    """A control structure in which decisions that nobody states come from outside; see `ControlStructure.freed`."""

    @cached_property
    def resolved(self) -> Resolved:
        """The structure with every default filled in, but for decisions that nobody states."""
        return resolve(self, self.true_state, free=True)
