"""Findings: what is legal but worth a look, computed from the structure alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handcrafted.control.graph import grouped
from handcrafted.control.resolved import Finding, LinkId, ResolvedController, ResolvedLink, ResolvedVariable
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.loading.structure import StructureFile


def find(
    structure: StructureFile, links: Mapping[LinkId, ResolvedLink], controllers: Mapping[str, ResolvedController]
) -> tuple[Finding, ...]:
    """List every finding of a structure, in declared order."""
    return (
        *_nothing(links),
        *_placeholders(structure),
        *_against_the_levels(structure),
        *_unheard(structure),
        *(found for controller in controllers.values() for found in _of_controller(controller)),
    )


def _nothing(links: Mapping[LinkId, ResolvedLink]) -> Iterator[Finding]:
    if not any(link.counted for link in links.values()):
        yield Finding("no link", "No link starts or ends at a controller: there is nothing that could be reproduced.")


def _placeholders(structure: StructureFile) -> Iterator[Finding]:
    for (kind, _, link), id in zip(structure.links(), structure.named_links, strict=True):
        if link.name is None:
            yield Finding("placeholder name", f"The {kind} {id} has no name in the file; it is called so here.", id)


def _against_the_levels(structure: StructureFile) -> Iterator[Finding]:
    """Control actions that go up, or from a controller to one beside it: watchdogs' kicks, reads of buffers."""
    for id in structure.named_links:
        sender, receiver = structure.components.get(id.sender or ""), structure.components.get(id.receiver or "")
        if id.kind != LinkKind.CONTROL_ACTION or sender is None or receiver is None:
            continue
        sideways = receiver.kind == ComponentKind.CONTROLLER and receiver.level == sender.level
        if receiver.level < sender.level or sideways:
            way = "sideways" if sideways else "up"
            ends = f"from {id.sender} (level {sender.level}) to {id.receiver} (level {receiver.level})"
            yield Finding(f"control action {way}", f"The control action {id.name} goes {way}, {ends}.", id)


def _unheard(structure: StructureFile) -> Iterator[Finding]:
    """Processes that a controller acts on, by actuators or directly, and from which nothing comes back to it.

    Source: STPA Handbook (Leveson & Thomas 2018), step 2: feedback closes the loop round every controlled process.
    """
    kind = lambda name: structure.components[name].kind if name in structure.components else None
    heard = _Heard(structure)
    told: set[tuple[str, str]] = set()
    for id in structure.named_links:
        if id.kind != LinkKind.CONTROL_ACTION or kind(id.sender) != ComponentKind.CONTROLLER or not id.receiver:
            continue
        assert id.sender
        reached = [id.receiver]
        for name in reached:  # actuators hand an action on
            if kind(name) == ComponentKind.ACTUATOR:
                reached += [r for one in structure.leaving.get(name, ()) if (r := one.receiver) and r not in reached]
        processes = [name for name in reached if kind(name) == ComponentKind.PROCESS]
        if not processes and any(kind(name) == ComponentKind.CONTROLLER for name in reached):
            continue
        driven = processes or reached[:1]
        if (id.sender, driven[0]) in told:
            continue
        told.add((id.sender, driven[0]))
        if not heard.of(id.sender) & {*reached}:
            text = f"{id.sender} acts on {driven[0]} ({id.name}) and hears nothing back from it."
            yield Finding("missing feedback", text, id)


class _Heard:
    """From whom each controller hears: by sensors, and from what controllers hear that report to it."""

    def __init__(self, structure: StructureFile):
        self.structure = structure
        self.reports = grouped((id for id in structure.named_links if id.kind in REPORTS), lambda id: id.receiver)
        self.known: dict[str, tuple[set[str], set[str]]] = {}

    def of(self, controller: str) -> set[str]:
        """Return the components of which a controller hears."""
        own, reporting = self._by_itself(controller)
        return own.union(*(self._by_itself(other)[0] for other in reporting))

    def _by_itself(self, controller: str) -> tuple[set[str], set[str]]:
        """Return what it hears without another controller between, and the controllers that report to it."""
        if controller not in self.known:
            own, reporting, waiting = set(), set(), [controller]
            while waiting:
                for id in self.reports.get(waiting.pop(), ()):
                    part = self.structure.components.get(id.sender or "")
                    if part is None or id.sender in own or id.sender in reporting:
                        continue
                    assert id.sender
                    (reporting if part.kind == ComponentKind.CONTROLLER else own).add(id.sender)
                    waiting += [] if part.kind == ComponentKind.CONTROLLER else [id.sender]
            self.known[controller] = own, reporting
        return self.known[controller]


REPORTS = (LinkKind.FEEDBACK, LinkKind.OTHER_INPUT)


def _of_controller(controller: ResolvedController) -> Iterator[Finding]:
    used = {variable.signal for entry in controller.entries for variable in entry.reads}
    read = {link.id for variable in controller.variables for link in variable.reads}
    gated = {entry.declared.gates for entry in controller.entries if entry.declared}
    for variable in controller.variables:
        if not variable.reads:
            text = f"Nothing arrives at {controller.name} for its variable {variable.name}: missing feedback."
            yield Finding("missing feedback", text, variable.signal)
        if variable.signal not in used:
            text = f"No decision of {controller.name} reads its variable {variable.name}."
            yield Finding("unread variable", text, variable.signal)
    for link in controller.arrivals:
        if link.id in read or (link.id.kind == LinkKind.REQUEST and link.id.name in gated):
            continue
        command = link.id.kind in (LinkKind.CONTROL_ACTION, LinkKind.REQUEST)
        kind = "unused command" if command else "unread feedback"
        yield Finding(kind, f"{controller.name} does not use the {link.id.kind} {link.id}.", link.id)
    for entry in controller.entries:
        if entry.task.law == "pid" and len(entry.reads) == 1 and _measured(entry.reads[0]):
            (read,) = entry.reads
            text = (
                f"The pid of {controller.name} for {entry.name} acts on the measurement itself and not on an error: "
                f"the more {read.name}, the more it does. Let it read first what is wanted, then what is measured."
            )
            yield Finding("no set point", text, entry.links[0].id)
        if entry.task.law is None:
            text = f"{controller.name} decides {entry.name} by the default linear law, a placeholder: no law is given."
            yield Finding("default law", text, entry.links[0].id)


def _measured(variable: ResolvedVariable) -> bool:
    """Whether a variable is what one sensor says."""
    link = variable.reads[0] if variable.copies else None
    return link is not None and not link.sent_by_controller and link.id.kind == LinkKind.FEEDBACK
