"""Fill in what a link leaves out: its domain, what it held before t = 0, and its lag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from handcrafted.control.domain import Domain, Value
from handcrafted.control.entries import Link, Variable
from handcrafted.control.resolved import LinkId, ResolvedLink
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.loading.structure import StructureComponent, StructureFile


class Draft(NamedTuple):
    """A link as the file has it, with its identity."""

    id: LinkId
    link: Link


def resolve_link(structure: StructureFile, controllers: Mapping, drafts: list[Draft], draft: Draft) -> ResolvedLink:
    """Return a link with its defaults filled in; its signals are named later."""
    sender, receiver = draft.id.sender, draft.id.receiver
    domain = _link_domain(controllers, drafts, draft)
    return ResolvedLink(
        draft.id,
        domain,
        _initial(controllers, drafts, draft, domain),
        _lag(structure, draft),
        sent_by_controller=sender in controllers,
        received_by_controller=receiver in controllers,
    )


def _initial(controllers: Mapping[str, StructureComponent], drafts: list[Draft], draft: Draft, domain: Domain) -> Value:
    """Return what a link held before t = 0.

    Its own `initial`, else that of the decision that it carries, else that of a variable that looks back at it alone.
    """
    if draft.link.initial is not None:
        return draft.link.initial
    sender, receiver = (controllers.get(end or "") for end in (draft.id.sender, draft.id.receiver))
    entry = sender.control_algorithm.get(draft.id.name) if sender else None
    if entry is not None and entry.initial is not None:
        return entry.initial
    arriving = [other.id for other in drafts if other.id.receiver == draft.id.receiver]
    for name, variable in receiver.process_model.items() if receiver else ():
        alone = read_by(name, variable, arriving) == [draft.id]
        if variable.law == "delay" and variable.initial is not None and alone:
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


def _link_domain(controllers: Mapping[str, StructureComponent], drafts: list[Draft], draft: Draft) -> Domain:
    """Own domain, else that of a variable that reads it alone, else that of the same signal sent to others.

    A request takes that of the action that it is gated into. Its own unit and resolution count in any case.
    """
    link = draft.link
    if own := link.domain:
        return own
    taken = _taken_domain(controllers, drafts, draft) or Domain()
    return replace(taken, unit=link.unit or taken.unit, resolution=link.resolution or taken.resolution)


def _taken_domain(controllers: Mapping[str, StructureComponent], drafts: list[Draft], draft: Draft) -> Domain | None:
    if alone := _variable_domain(controllers, drafts, draft) or _guarded_domain(controllers, drafts, draft):
        return alone
    if draft.id.sender not in controllers:
        for other in drafts:
            same = (other.id.kind, other.id.sender, other.id.name) == (draft.id.kind, draft.id.sender, draft.id.name)
            if same and (found := other.link.domain or _variable_domain(controllers, drafts, other)):
                return found
    return None


def _guarded_domain(controllers: Mapping[str, StructureComponent], drafts: list[Draft], draft: Draft) -> Domain | None:
    """Return the domain of the action that a request is gated into."""
    receiver = controllers.get(draft.id.receiver or "")
    if draft.id.kind != LinkKind.REQUEST or receiver is None:
        return None
    into = {name for name, entry in receiver.control_algorithm.items() if entry.gates == draft.id.name}
    sent = (other for other in drafts if other.id.sender == draft.id.receiver and other.id.name in into)
    return next((other.link.domain for other in sent if other.link.domain), None)


def _variable_domain(controllers: Mapping[str, StructureComponent], drafts: list[Draft], draft: Draft) -> Domain | None:
    component = controllers.get(draft.id.receiver or "")
    if component is None:
        return None
    arriving = [other.id for other in drafts if other.id.receiver == draft.id.receiver]
    for name, variable in component.process_model.items():
        if variable.domain and read_by(name, variable, arriving) == [draft.id]:
            return variable.domain
    return None


def read_by(name: str, variable: Variable, arriving: list[LinkId]) -> list[LinkId]:
    """Return the arriving links that a variable reads; requests only if it names them."""
    if variable.reads is not None:
        return [id for wanted in dict.fromkeys(variable.reads) for id in arriving if id.name == wanted]
    default = [id for id in arriving if id.kind != LinkKind.REQUEST]
    return [id for id in default if id.name == name] or default
