"""Fill in what a file leaves out: domains, reads, initial values, lags, placeholder names.

Everything after this module (the signal graph, the laws, the circuits, the pictures) works on the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from handcrafted.control.complaint import FilePath
from handcrafted.control.domain import Domain, Value
from handcrafted.control.findings import find
from handcrafted.control.graph import Signal
from handcrafted.control.parts import EMPTY
from handcrafted.control.resolved import (
    ENDING,
    LinkId,
    Read,
    Resolved,
    ResolvedController,
    ResolvedEntry,
    ResolvedLink,
    ResolvedVariable,
    Task,
    link_names,
)
from handcrafted.control.rules_of_laws import check_form
from handcrafted.control.settings import settings_of
from handcrafted.control.staging import Namer, task_of
from handcrafted.control.structure import AlgorithmEntry, Component, ControlStructure, Link, Variable
from handcrafted.control.vocabulary import ComponentKind, LinkKind, Role

TAKING_OVER = ("delay", "difference", "saturation")
"""Laws whose variable has the domain of what it reads unless it declares its own."""


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
    namer = Namer()
    links = _named(namer, {draft.id: _link(structure, controllers, drafts, draft) for draft in drafts})
    resolved = {name: _controller(structure, name, links, namer) for name in controllers}
    return Resolved(structure.name, tuple(links.values()), resolved, find(structure, links, resolved))


def _link(structure: ControlStructure, controllers: Mapping, drafts: list[_Draft], draft: _Draft) -> ResolvedLink:
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


def _initial(controllers: Mapping[str, Component], drafts: list[_Draft], draft: _Draft, domain: Domain) -> Value:
    """Give what a link held before t = 0.

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
    """Own domain, else that of a variable that reads it alone, else that of the same signal sent to others.

    A request takes that of the action that it is gated into. Its own unit and resolution count in any case.
    """
    link = draft.link
    if own := link.domain:
        return own
    taken = _taken_domain(controllers, drafts, draft) or Domain()
    return replace(taken, unit=link.unit or taken.unit, resolution=link.resolution or taken.resolution)


def _taken_domain(controllers: Mapping[str, Component], drafts: list[_Draft], draft: _Draft) -> Domain | None:
    if alone := _variable_domain(controllers, drafts, draft) or _guarded_domain(controllers, drafts, draft):
        return alone
    if draft.id.sender not in controllers:
        for other in drafts:
            same = (other.id.kind, other.id.sender, other.id.name) == (draft.id.kind, draft.id.sender, draft.id.name)
            if same and (found := other.link.domain or _variable_domain(controllers, drafts, other)):
                return found
    return None


def _guarded_domain(controllers: Mapping[str, Component], drafts: list[_Draft], draft: _Draft) -> Domain | None:
    """Give the domain of the action that a request is gated into."""
    receiver = controllers.get(draft.id.receiver or "")
    if draft.id.kind != LinkKind.REQUEST or receiver is None:
        return None
    into = {name for name, entry in receiver.control_algorithm.items() if entry.gates == draft.id.name}
    sent = (other for other in drafts if other.id.sender == draft.id.receiver and other.id.name in into)
    return next((other.link.domain for other in sent if other.link.domain), None)


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


def _named(namer: Namer, links: dict[LinkId, ResolvedLink]) -> dict[LinkId, ResolvedLink]:
    """Name the received copy and the port of every link: arrivals first, then ports, each its owner's own."""
    received = {
        link.id: namer.new(link.id.receiver or "", Role.FEEDBACK, link.id.name)
        for link in links.values()
        if link.received_by_controller
    }
    taken: dict[str, list[str]] = {}
    inputs: dict[tuple, Signal] = {}
    ports = {link.id: _port(namer, taken, inputs, link) for link in links.values() if link.counted}
    return {id: replace(link, port=ports.get(id), received=received.get(id)) for id, link in links.items()}


def _port(namer: Namer, taken: dict[str, list[str]], inputs: dict[tuple, Signal], link: ResolvedLink) -> Signal:
    kind, sender, _, name = link.id
    role = Role.FEEDBACK if kind in (LinkKind.FEEDBACK, LinkKind.OTHER_INPUT) else Role.CONTROL_ACTION
    key = (kind, sender, name) if sender else link.id
    if link.sent_by_controller or key not in inputs:
        others = taken.setdefault(sender or "", [])
        inputs[key] = namer.new(sender or "", role, name, others, ("", ENDING) if link.lag else ("",))
        others.append(inputs[key].name)
    return inputs[key]


def _controller(structure: ControlStructure, name: str, links: Mapping[LinkId, ResolvedLink], namer: Namer):
    component = structure.components[name]
    arrivals = tuple(link for link in links.values() if link.id.receiver == name)
    build = _Builder(name, namer, structure.time_step.value)
    variables = build.variables(component, arrivals)
    return ResolvedController(
        name, component.level, arrivals, tuple(variables), build.entries(component, links, variables)
    )


class _Builder(NamedTuple):
    """Resolves the variables and decisions of one controller."""

    owner: str
    namer: Namer
    time_step: float

    def variables(self, component: Component, arrivals: tuple[ResolvedLink, ...]) -> list[ResolvedVariable]:
        if not component.process_model:
            return [
                self._variable(link.id.name, None, (link,), link.domain, link.initial)
                for link in arrivals
                if link.id.kind != LinkKind.REQUEST
            ]
        by_id = {link.id: link for link in arrivals}
        found = []
        for name, variable in component.process_model.items():
            reads = tuple(by_id[id] for id in read_by(name, variable, list(by_id)))
            found.append(self._variable(name, variable, reads, *_variable_values(variable, reads)))
        return found

    def _variable(
        self, name: str, declared: Variable | None, links: tuple[ResolvedLink, ...], domain: Domain, initial: Value
    ) -> ResolvedVariable:
        signal = self.namer.new(self.owner, Role.FEEDBACK_MODELLING, name)
        reads = tuple(map(_read, links))
        path = ("components", self.owner, "process model", name)
        task = self._task(path, Role.FEEDBACK_MODELLING, declared, reads, domain, initial)
        return ResolvedVariable(name if declared else signal.name, signal, domain, initial, links, task)

    def entries(
        self, component: Component, links: Mapping[LinkId, ResolvedLink], variables: list[ResolvedVariable]
    ) -> tuple[ResolvedEntry, ...]:
        leaving: dict[str, list[ResolvedLink]] = {}
        for link in links.values():
            if link.id.sender == self.owner:
                leaving.setdefault(link.id.name, []).append(link)
        arrivals = tuple(link for link in links.values() if link.id.receiver == self.owner)
        return tuple(
            self._entry(name, component.control_algorithm.get(name), variables, arrivals, sent)
            for name, sent in leaving.items()
        )

    def _entry(
        self,
        name: str,
        declared: AlgorithmEntry | None,
        variables: list[ResolvedVariable],
        arrivals: tuple[ResolvedLink, ...],
        links: list[ResolvedLink],
    ) -> ResolvedEntry:
        wanted = entry_reads(declared, [variable.name for variable in variables])
        read = tuple(variable for name in wanted for variable in variables if variable.name == name)
        reads = tuple(Read(v.signal, v.name, v.domain, v.initial, v.grid) for v in read)
        initial = links[0].initial if declared is None or declared.initial is None else declared.initial
        path = ("components", self.owner, "control algorithm", name)
        domain = links[0].domain
        if declared is not None and declared.law == "guard":
            tested = sorted(reads, key=lambda read: read.domain.discrete)
            reads = (*tested, *(_read(link) for link in arrivals if _gated(link, declared)))
        task = self._task(path, Role.PROCESSING_FOR_ACTION, declared, reads, domain, initial)
        if declared is not None and declared.law == "guard":
            task = replace(task, safe=domain.default_initial if declared.safe is None else declared.safe)
        return ResolvedEntry(self.owner, name, read, tuple(links), declared, task)

    def _task(
        self,
        path: FilePath,
        role: Role,
        declared: Variable | AlgorithmEntry | None,
        reads: tuple[Read, ...],
        domain: Domain,
        initial: Value,
    ) -> Task:
        law = declared.law if declared else None
        settings = settings_of(law, declared.parameters if declared else EMPTY, (*path, "parameters"))
        if declared is not None:
            check_form(path, declared, settings, reads, domain, initial)
        return task_of(
            self.namer, role, self.owner, str(path[-1]), declared, settings, reads, domain, initial, self.time_step
        )


def _read(link: ResolvedLink) -> Read:
    assert link.received
    return Read(link.received, link.id.name, link.domain, link.initial, link.grid)


def _gated(link: ResolvedLink, declared: AlgorithmEntry) -> bool:
    return link.id.kind == LinkKind.REQUEST and link.id.name == declared.gates


def _variable_values(variable: Variable, reads: tuple[ResolvedLink, ...]) -> tuple[Domain, Value]:
    """Give the domain and the first value of a variable: its own, or those of the one link that it reads."""
    alone = reads[0] if len(reads) == 1 and (variable.law is None or variable.law in TAKING_OVER) else None
    domain = variable.domain or (alone.domain if alone else Domain(unit=variable.unit))
    default = alone.initial if alone and alone.domain.values == domain.values else domain.default_initial
    return domain, default if variable.initial is None else variable.initial


def entry_reads(declared: AlgorithmEntry | None, variables: list[str]) -> list[str]:
    """Name the variables that a decision reads.

    Those declared; else those a decision table or a guard tests; else all (`constant`: none).
    """
    if declared is None:
        return variables
    if declared.reads is not None:
        return list(declared.reads)
    if declared.law == "constant":
        return []
    if declared.law == "guard" or declared.when is not None:
        tested = {name for row in declared.tests or () for name in row}
        return [name for name in variables if name in tested]
    return variables
