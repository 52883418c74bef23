"""Fill in what a link leaves out: its domain, what it held before t = 0, and its lag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from handcrafted.control.domain import Domain, Value
from handcrafted.control.entries import Link, Variable
from handcrafted.control.graph import grouped
from handcrafted.control.parts import AllNamed
from handcrafted.control.resolved import LinkId, ResolvedLink
from handcrafted.control.true_variable import TrueVariable
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.loading.structure import StructureComponent, StructureFile


class Draft(NamedTuple):
    """A link as the file has it, with its identity."""

    id: LinkId
    link: Link


class Drafts:
    """The links of a file by where they arrive and where they come from, and which variables read each alone."""

    def __init__(
        self,
        structure: StructureFile,
        controllers: Mapping[str, StructureComponent],
        carried: Mapping[LinkId, TrueVariable],
        free: bool = False,
    ):
        self.free, self.carried = free, carried
        arriving = map(Arriving, structure.arriving.values())
        self.called = {id: names.called(id) for names in arriving for id in names.ids}
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
        carries=drafts.carried[draft.id],
        declared=draft.link.of is not None,
        called=drafts.called[draft.id],
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


class Arriving:
    """What arrives at a component, by every name that it may be called: its own, with its sender's, with its kind."""

    def __init__(self, ids: Iterable[LinkId]):
        self.ids = tuple(dict.fromkeys(ids))
        self.named = grouped(self.ids, lambda id: id.name)
        self.meant = {name: list(found) for name, found in self.named.items()}
        for longer in _with_sender, _with_kind:
            for name, found in grouped(self.ids, longer).items():
                self.meant.setdefault(name, found)

    def called(self, id: LinkId) -> str:
        """Return the shortest name that means one link and no other."""
        ways = (id.name, _with_sender(id), _with_kind(id))
        return next((name for name in ways if self.meant[name] == [id]), ways[-1])

    def meant_by(self, read: str | AllNamed) -> list[LinkId]:
        """Return the links that are read: one, or all of a name; several by one name are for the rules to refuse."""
        return self.named.get(read.all_named, []) if isinstance(read, AllNamed) else self.meant.get(read, [])


def _with_sender(id: LinkId) -> str:
    return f"{id.sender or '(outside)'}.{id.name}"


def _with_kind(id: LinkId) -> str:
    return f"{id.kind} {_with_sender(id)}"


def reads_of(variables: Mapping[str, Variable], arriving: Iterable[LinkId]) -> dict[str, list[LinkId]]:
    """Return the arriving links that each variable reads; requests only if it names them."""
    if not variables:
        return {}
    names = Arriving(arriving)
    default = [id for id in names.ids if id.kind != LinkKind.REQUEST]
    found = {}
    for name, variable in variables.items():
        if variable.reads is not None:
            found[name] = list(dict.fromkeys(id for read in variable.reads for id in names.meant_by(read)))
        else:
            found[name] = [id for id in names.named.get(name, ()) if id.kind != LinkKind.REQUEST] or default
    return found
