"""Fill in what a link leaves out: its domain, what it held before t = 0, and its lag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from handcrafted.control.domain import Domain, Value
from handcrafted.control.entries import Link, Variable
from handcrafted.control.graph import grouped
from handcrafted.control.resolved import LinkId, ResolvedLink
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.loading.structure import StructureComponent, StructureFile


class Draft(NamedTuple):
    """A link as the file has it, with its identity."""

    id: LinkId
    link: Link


class Drafts:
    """The links of a file by where they arrive and where they come from, and which variables read each alone."""

    def __init__(self, structure: StructureFile, controllers: Mapping[str, StructureComponent], free: bool = False):
        self.free = free
        links = (link for _, _, link in structure.links())
        self.all = tuple(map(Draft, structure.named_links, links))
        self.leaving = grouped(self.all, lambda draft: draft.id.sender)
        self.alike = grouped(self.all, lambda draft: draft.id[:2] + draft.id[3:])
        self.controllers = controllers
        self.alone: dict[LinkId, list[Variable]] = {}
        for owner, component in controllers.items():
            read = reads_of(component.process_model, structure.arriving.get(owner, ()))
            for name, variable in component.process_model.items():
                if len(ids := read[name]) == 1:
                    self.alone.setdefault(ids[0], []).append(variable)

    def decided(self, draft: Draft) -> bool:
        """Whether a controller sends a link; where decisions that nobody states are free, by a law of its own."""
        sender = self.controllers.get(draft.id.sender or "")
        return sender is not None and (not self.free or sender.states(draft.id.name))

    def receiver(self, draft: Draft) -> StructureComponent | None:
        """Return the controller at which a link arrives."""
        return self.controllers.get(draft.id.receiver or "")


def resolve_link(structure: StructureFile, drafts: Drafts, draft: Draft) -> ResolvedLink:
    """Return a link with its defaults filled in; its signals are named later."""
    sent = drafts.decided(draft)
    domain = _link_domain(drafts, draft)
    return ResolvedLink(
        draft.id,
        domain,
        _initial(drafts, draft, domain),
        _lag(structure, draft) if sent else 0,
        sent_by_controller=sent,
        received_by_controller=draft.id.receiver in drafts.controllers,
    )


def _initial(drafts: Drafts, draft: Draft, domain: Domain) -> Value:
    """Return what a link held before t = 0.

    Its own `initial`, else that of the decision that it carries, else that of a variable that looks back at it alone.
    """
    if draft.link.initial is not None:
        return draft.link.initial
    sender = drafts.controllers.get(draft.id.sender or "")
    entry = sender.control_algorithm.get(draft.id.name) if sender else None
    if entry is not None and entry.initial is not None:
        return entry.initial
    for variable in drafts.alone.get(draft.id, ()):
        if variable.law == "delay" and variable.initial is not None:
            return variable.initial
    return domain.default_initial


def _lag(structure: StructureFile, draft: Draft) -> int:
    """Between controllers: 0 from higher to lower authority, else 1; requests go up within the step."""
    parts = structure.components
    ends = [parts.get(end) if end else None for end in (draft.id.sender, draft.id.receiver)]
    if any(end is None or end.kind != ComponentKind.CONTROLLER for end in ends):
        return 0
    if draft.link.recurrent is not None:
        return int(draft.link.recurrent)
    if draft.id.kind == LinkKind.REQUEST:
        return 0
    sender, receiver = ends
    assert sender and receiver
    return 0 if sender.level < receiver.level else 1


def _link_domain(drafts: Drafts, draft: Draft) -> Domain:
    """Own domain, else that of a variable that reads it alone, else that of the same signal sent to others.

    A request takes that of the action that it is gated into. Its own unit and resolution count in any case.
    """
    link = draft.link
    if own := link.domain:
        return own
    taken = _taken_domain(drafts, draft) or Domain()
    return replace(taken, unit=link.unit or taken.unit, resolution=link.resolution or taken.resolution)


def _taken_domain(drafts: Drafts, draft: Draft) -> Domain | None:
    if alone := _variable_domain(drafts, draft) or _guarded_domain(drafts, draft):
        return alone
    if draft.id.sender not in drafts.controllers:
        for other in drafts.alike[draft.id[:2] + draft.id[3:]]:
            if found := other.link.domain or _variable_domain(drafts, other):
                return found
    return None


def _guarded_domain(drafts: Drafts, draft: Draft) -> Domain | None:
    """Return the domain of the action that a request is gated into."""
    receiver = drafts.receiver(draft)
    if draft.id.kind != LinkKind.REQUEST or receiver is None:
        return None
    into = {name for name, entry in receiver.control_algorithm.items() if entry.gates == draft.id.name}
    sent = (other for other in drafts.leaving.get(draft.id.receiver, ()) if other.id.name in into)
    return next((other.link.domain for other in sent if other.link.domain), None)


def _variable_domain(drafts: Drafts, draft: Draft) -> Domain | None:
    return next((variable.domain for variable in drafts.alone.get(draft.id, ()) if variable.domain), None)


def reads_of(variables: Mapping[str, Variable], arriving: Iterable[LinkId]) -> dict[str, list[LinkId]]:
    """Return the arriving links that each variable reads; requests only if it names them."""
    by_name = grouped(arriving, lambda id: id.name)
    default = [id for id in arriving if id.kind != LinkKind.REQUEST]
    found = {}
    for name, variable in variables.items():
        if variable.reads is not None:
            found[name] = [id for wanted in dict.fromkeys(variable.reads) for id in by_name.get(wanted, ())]
        else:
            found[name] = [id for id in by_name.get(name, ()) if id.kind != LinkKind.REQUEST] or default
    return found
