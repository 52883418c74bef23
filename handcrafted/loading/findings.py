"""Findings: what is legal but worth a look, computed from the structure alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handcrafted.control.resolved import Finding, LinkId, ResolvedController, ResolvedLink, ResolvedVariable
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.structure import StructureFile


def find(
    structure: StructureFile, links: Mapping[LinkId, ResolvedLink], controllers: Mapping[str, ResolvedController]
) -> tuple[Finding, ...]:
    """List every finding of a structure, in declared order."""
    return (
        *_nothing(links),
        *_placeholders(structure),
        *(found for controller in controllers.values() for found in _of_controller(controller)),
    )


def _nothing(links: Mapping[LinkId, ResolvedLink]) -> Iterator[Finding]:
    if not any(link.counted for link in links.values()):
        yield Finding("no link", "No link starts or ends at a controller: there is nothing that could be reproduced.")


def _placeholders(structure: StructureFile) -> Iterator[Finding]:
    for (kind, _, link), id in zip(structure.links(), structure.named_links, strict=True):
        if link.name is None:
            yield Finding("placeholder name", f"The {kind} {id} has no name in the file; it is called so here.", id)


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
