"""Fill in what a file leaves out: domains, reads, initial values, lags, placeholder names.

Everything after this module (the signal graph, the laws, the circuits, the pictures) works on the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from handcrafted.control.domain import Domain, Value
from handcrafted.control.findings import find
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import (
    NEXT,
    LinkId,
    Resolved,
    ResolvedController,
    ResolvedEntry,
    ResolvedLink,
    ResolvedVariable,
    link_names,
)
from handcrafted.control.structure import AlgorithmEntry, Component, ControlStructure, Declared, Link, Variable
from handcrafted.control.vocabulary import LAWS, ComponentKind, LinkKind, Role


def unique(name: str, taken: Iterable[str], endings: tuple[str, ...] = ("",)) -> str:
    """Give `name`, or `name#2`, `name#3`, … if it is taken, with every ending that must be free too."""
    taken = set(taken)
    number, candidate = 1, name
    while any(candidate + ending in taken for ending in endings):
        number += 1
        candidate = f"{name}#{number}"
    return candidate


class _Draft(NamedTuple):
    id: LinkId
    link: Link


def resolve(structure: ControlStructure) -> Resolved:
    """Fill in every default of a structure; the rules have been checked before."""
    names = link_names(structure)
    drafts = [
        _Draft(LinkId(kind, link.sender, link.receiver, names[kind, at]), link) for kind, at, link in structure.links()
    ]
    controllers = {name: c for name, c in structure.components.items() if c.kind == ComponentKind.CONTROLLER}
    namer = _Namer()
    links = {draft.id: _link(structure, controllers, drafts, draft) for draft in drafts}
    links = namer.assign(links)
    resolved = {name: _controller(name, c, links, namer) for name, c in controllers.items()}
    return Resolved(structure.name, tuple(links.values()), resolved, find(structure, links, resolved))


def _link(structure: ControlStructure, controllers: Mapping, drafts: list[_Draft], draft: _Draft) -> ResolvedLink:
    sender, receiver = draft.id.sender, draft.id.receiver
    domain = _link_domain(controllers, drafts, draft)
    return ResolvedLink(
        draft.id,
        domain,
        _initial(draft.link, domain),
        _lag(structure, draft),
        sent_by_controller=sender in controllers,
        received_by_controller=receiver in controllers,
    )


def _initial(declared: Declared | AlgorithmEntry, domain: Domain) -> Value:
    return domain.default_initial if declared.initial is None else declared.initial


def _lag(structure: ControlStructure, draft: _Draft) -> int:
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


def _link_domain(controllers: Mapping[str, Component], drafts: list[_Draft], draft: _Draft) -> Domain:
    """Own domain, else that of a variable that reads it alone, else that of the same signal sent to others."""
    if own := draft.link.domain:
        return own
    if alone := _variable_domain(controllers, drafts, draft):
        return alone
    if draft.id.sender not in controllers:
        for other in drafts:
            same = (other.id.kind, other.id.sender, other.id.name) == (draft.id.kind, draft.id.sender, draft.id.name)
            if same and (found := other.link.domain or _variable_domain(controllers, drafts, other)):
                return found
    return Domain(unit=draft.link.unit, resolution=draft.link.resolution)


def _variable_domain(controllers: Mapping[str, Component], drafts: list[_Draft], draft: _Draft) -> Domain | None:
    component = controllers.get(draft.id.receiver or "")
    if component is None:
        return None
    arriving = [other.id for other in drafts if other.id.receiver == draft.id.receiver]
    for name, variable in component.process_model.items():
        if variable.domain and read_by(name, variable, arriving) == [draft.id]:
            return variable.domain
    return None


def read_by(name: str, variable: Variable, arriving: list[LinkId]) -> list[LinkId]:
    """Give the arriving links that a variable reads; requests only if it names them."""
    if variable.reads is not None:
        return [id for wanted in dict.fromkeys(variable.reads) for id in arriving if id.name == wanted]
    default = [id for id in arriving if id.kind != LinkKind.REQUEST]
    return [id for id in default if id.name == name] or default


class _Namer:
    """Gives each subspace its own name within (owner, role), and each port one of its owner's own."""

    def __init__(self):
        self.taken: dict[tuple[str, str], list[str]] = {}
        self.ports: dict[str, list[str]] = {}

    def new(
        self, owner: str, role: str, name: str, also: Iterable[str] = (), endings: tuple[str, ...] = ("",)
    ) -> Signal:
        taken = self.taken.setdefault((owner, role), [])
        chosen = unique(name, [*taken, *also], endings)
        taken += [chosen + ending for ending in endings]
        return Signal(owner, role, chosen)

    def assign(self, links: dict[LinkId, ResolvedLink]) -> dict[LinkId, ResolvedLink]:
        """Name the received copy and the port of every link: arrivals first, then ports."""
        received = {
            link.id: self.new(link.id.receiver or "", Role.FEEDBACK, link.id.name)
            for link in links.values()
            if link.received_by_controller
        }
        inputs: dict[tuple, Signal] = {}
        ports = {link.id: self._port(link, inputs) for link in links.values() if link.counted}
        return {id: replace(link, port=ports.get(id), received=received.get(id)) for id, link in links.items()}

    def _port(self, link: ResolvedLink, inputs: dict[tuple, Signal]) -> Signal:
        kind, sender, _, name = link.id
        role = Role.FEEDBACK if kind in (LinkKind.FEEDBACK, LinkKind.OTHER_INPUT) else Role.CONTROL_ACTION
        key = (kind, sender, name) if sender else link.id
        if link.sent_by_controller or key not in inputs:
            others = self.ports.setdefault(sender or "", [])
            inputs[key] = self.new(sender or "", role, name, others, ("", NEXT) if link.lag else ("",))
            others.append(inputs[key].name)
        return inputs[key]


def _controller(name: str, component: Component, links: Mapping[LinkId, ResolvedLink], namer: _Namer):
    arrivals = tuple(link for link in links.values() if link.id.receiver == name)
    variables = _variables(name, component, arrivals, namer)
    entries = _entries(name, component, links, variables, namer)
    return ResolvedController(name, component.level, arrivals, tuple(variables), entries)


def _variables(name: str, component: Component, arrivals: tuple[ResolvedLink, ...], namer: _Namer):
    if not component.process_model:
        return [
            ResolvedVariable(
                namer.new(name, Role.FEEDBACK_MODELLING, link.id.name),
                link.domain,
                link.initial,
                (link,),
                None,
                {},
                None,
            )
            for link in arrivals
            if link.id.kind != LinkKind.REQUEST
        ]
    by_id = {link.id: link for link in arrivals}
    return [
        _variable(variable_name, variable, by_id, namer.new(name, Role.FEEDBACK_MODELLING, variable_name))
        for variable_name, variable in component.process_model.items()
    ]


def _variable(name: str, variable: Variable, arrivals: Mapping[LinkId, ResolvedLink], signal: Signal):
    reads = tuple(arrivals[id] for id in read_by(name, variable, list(arrivals)))
    taken_over = reads[0].domain if len(reads) == 1 and variable.law is None else Domain(unit=variable.unit)
    domain = variable.domain or taken_over
    default = (
        reads[0].initial if len(reads) == 1 and reads[0].domain.values == domain.values else domain.default_initial
    )
    initial = default if variable.initial is None else variable.initial
    return ResolvedVariable(signal, domain, initial, reads, variable.law, variable.parameters, variable.when)


def _entries(name: str, component: Component, links: Mapping[LinkId, ResolvedLink], variables: list, namer: _Namer):
    leaving: dict[str, list[ResolvedLink]] = {}
    for link in links.values():
        if link.id.sender == name:
            leaving.setdefault(link.id.name, []).append(link)
    return tuple(
        _entry(name, action, component.control_algorithm.get(action), variables, sent, namer)
        for action, sent in leaving.items()
    )


def _entry(owner: str, name: str, declared: AlgorithmEntry | None, variables: list, links: list, namer: _Namer):
    law = declared.law if declared else None
    reads = entry_reads(declared, [variable.signal.name for variable in variables])
    staged = bool(law) and LAWS[law].staged
    return ResolvedEntry(
        owner,
        name,
        law,
        tuple(variable for wanted in reads for variable in variables if variable.signal.name == wanted),
        tuple(links),
        namer.new(owner, Role.PROCESSING_FOR_ACTION, name) if staged else None,
        declared,
    )


def entry_reads(declared: AlgorithmEntry | None, variables: list[str]) -> list[str]:
    """Name the variables that a decision reads.

    Those declared; else those a decision table tests; else all (`constant`: none).
    """
    if declared is None:
        return variables
    if declared.reads is not None:
        return list(declared.reads)
    if declared.law == "constant":
        return []
    if declared.when is not None:
        tested = {name for row in declared.when for name in row}
        return [name for name in variables if name in tested]
    return variables
