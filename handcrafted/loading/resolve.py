"""Fill in what a file leaves out: domains, reads, initial values, lags, placeholder names.

Everything after this module (the signal graph, the laws, the circuits, the pictures) works on the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from handcrafted.control.domain import Domain, Value
from handcrafted.control.entries import AlgorithmEntry, LawEntry, Variable
from handcrafted.control.graph import Signal, grouped
from handcrafted.control.parts import EMPTY, AllNamed
from handcrafted.control.resolved import (
    ENDING,
    Lagged,
    LawInstance,
    LinkId,
    Memory,
    Read,
    Resolved,
    ResolvedController,
    ResolvedEntry,
    ResolvedLink,
    ResolvedVariable,
    Stage,
    next_step,
)
from handcrafted.control.vocabulary import ComponentKind, LinkKind, Role
from handcrafted.laws.catalogue import LAWS, law_named
from handcrafted.laws.default import DefaultLinear
from handcrafted.laws.law import Law, Stated
from handcrafted.laws.signature import NEXT, READS, REAL, STATE, WORDS, ReadRange, Signature, Token
from handcrafted.loading.findings import find
from handcrafted.loading.namer import Namer
from handcrafted.loading.resolve_links import Drafts, reads_of, resolve_link
from handcrafted.loading.structure import StructureComponent, StructureFile
from handcrafted.loading.true_state import TrueState
from handcrafted.text.diagnostics import Complaints, FilePath, HandcraftedError


def resolve(structure: StructureFile, state: TrueState, free: bool = False) -> Resolved:
    """Fill in every default of a structure; the rules have been checked before.

    Args:
        structure: as the file has it.
        state: its true state.
        free: whether decisions that nobody states come from outside, where else a placeholder decides.
    """
    controllers = {name: c for name, c in structure.components.items() if c.kind == ComponentKind.CONTROLLER}
    drafts, namer = Drafts(structure, controllers, state.carried, free), Namer()
    links = _named(namer, {draft.id: resolve_link(structure, drafts, draft) for draft in drafts.all})
    complaints = Complaints()
    resolved = {name: _controller(structure, name, links, namer, complaints) for name in controllers}
    complaints.end()
    return Resolved(structure.name, tuple(links.values()), resolved, find(structure, links, resolved))


def _named(namer: Namer, links: dict[LinkId, ResolvedLink]) -> dict[LinkId, ResolvedLink]:
    """Name the received copy and the port of every link: arrivals first, then ports, each its owner's own."""
    received = {
        link.id: namer.new(link.id.receiver or "", Role.FEEDBACK, link.id.name)
        for link in links.values()
        if link.received_by_controller
    }
    taken: dict[str, set[str]] = {}
    inputs: dict[tuple, Signal] = {}
    ports = {link.id: _port(namer, taken, inputs, link) for link in links.values() if link.counted}
    return {id: replace(link, port=ports.get(id), received=received.get(id)) for id, link in links.items()}


def _port(namer: Namer, taken: dict[str, set[str]], inputs: dict[tuple, Signal], link: ResolvedLink) -> Signal:
    kind, sender, _, name = link.id
    role = Role.FEEDBACK if kind in (LinkKind.FEEDBACK, LinkKind.OTHER_INPUT) else Role.CONTROL_ACTION
    key = (kind, sender, name) if sender else link.id
    if link.sent_by_controller or key not in inputs:
        others = taken.setdefault(sender or "", set())
        inputs[key] = namer.new(sender or "", role, name, others, ("", ENDING) if link.lag else ("",))
        others.add(inputs[key].name)
    return inputs[key]


def _controller(
    structure: StructureFile, name: str, links: Mapping[LinkId, ResolvedLink], namer: Namer, complaints: Complaints
) -> ResolvedController:
    component = structure.components[name]
    arrivals, sent = (tuple(links[id] for id in ids.get(name, ())) for ids in (structure.arriving, structure.leaving))
    build = _Builder(name, namer, structure.time_step.value, complaints)
    variables = build.variables(component, arrivals)
    entries = build.entries(component, arrivals, sent, variables)
    return ResolvedController(name, component.level, arrivals, tuple(variables), entries)


class _Builder(NamedTuple):
    """Resolves the variables and decisions of one controller."""

    owner: str
    namer: Namer
    time_step: float
    complaints: Complaints

    def variables(self, component: StructureComponent, arrivals: tuple[ResolvedLink, ...]) -> list[ResolvedVariable]:
        if not component.process_model:
            return [
                self._variable(link.called, None, (link,), link.domain, link.initial)
                for link in arrivals
                if link.id.kind != LinkKind.REQUEST
            ]
        by_id = {link.id: link for link in arrivals}
        read, found = reads_of(component.process_model, by_id), []
        for name, variable in component.process_model.items():
            reads = tuple(by_id[id] for id in read[name])
            found.append(self._variable(name, variable, reads, *_variable_values(variable, reads)))
        return found

    def _variable(
        self, name: str, declared: Variable | None, links: tuple[ResolvedLink, ...], domain: Domain, initial: Value
    ) -> ResolvedVariable:
        signal = self.namer.new(self.owner, Role.FEEDBACK_MODELLING, name)
        reads = tuple(map(_read, links))
        path = ("components", self.owner, "process model", name)
        task = self._task(path, Role.FEEDBACK_MODELLING, declared, reads, domain, initial)
        found = ResolvedVariable(name if declared else signal.name, signal, domain, initial, links, task)
        kept = links and (found.copies or (declared is not None and _law(declared).keeps_quantum))
        return replace(found, quantum=links[0].quantum) if kept else found

    def entries(
        self,
        component: StructureComponent,
        arrivals: tuple[ResolvedLink, ...],
        sent: tuple[ResolvedLink, ...],
        variables: list[ResolvedVariable],
    ) -> tuple[ResolvedEntry, ...]:
        by_name = {variable.name: variable for variable in variables}
        decided = (link for link in sent if link.sent_by_controller)
        return tuple(
            self._entry(name, component.control_algorithm.get(name), by_name, arrivals, links)
            for name, links in grouped(decided, lambda link: link.id.name).items()
        )

    def _entry(
        self,
        name: str,
        declared: AlgorithmEntry | None,
        variables: Mapping[str, ResolvedVariable],
        arrivals: tuple[ResolvedLink, ...],
        links: list[ResolvedLink],
    ) -> ResolvedEntry:
        read = entry_reads(declared, variables)
        reads = tuple(Read(v.signal, v.name, v.domain, v.initial, v.quantum) for v in read)
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
    ) -> LawInstance:
        law = declared.law if declared else None
        try:
            found = law_named(law, declared.parameters if declared else EMPTY, (*path, "parameters"))
        except HandcraftedError as error:  # any law stands in, for this one is refused in the end
            self.complaints.found.append(error)
            declared, law, found = None, None, law_named(None, EMPTY, path)
        if declared is not None and law is not None:
            stated = Stated(path, f"{law} of {path[-1]}", reads, domain, initial, declared.initial, declared.tests)
            self.complaints.of(found.check, stated)
        return task_of(
            self.namer, role, self.owner, str(path[-1]), declared, found, reads, domain, initial, self.time_step
        )


def _read(link: ResolvedLink) -> Read:
    assert link.received
    return Read(link.received, link.called, link.domain, link.initial, link.quantum)


def _law(declared: Variable | AlgorithmEntry) -> type[Law]:
    return LAWS.get(declared.law or "", DefaultLinear)


def _gated(link: ResolvedLink, declared: AlgorithmEntry) -> bool:
    return link.id.kind == LinkKind.REQUEST and link.id.name == declared.gates


def _variable_values(variable: Variable, reads: tuple[ResolvedLink, ...]) -> tuple[Domain, Value]:
    """Return the domain and the first value of a variable: its own, or those of the one link that it reads."""
    alone = reads[0] if len(reads) == 1 and (variable.law is None or _law(variable).takes_over) else None
    domain = variable.domain or (alone.domain if alone else Domain(unit=variable.unit))
    default = alone.initial if alone and alone.domain.values == domain.values else domain.default_initial
    return domain, default if variable.initial is None else variable.initial


def entry_reads(
    declared: AlgorithmEntry | None, variables: Mapping[str, ResolvedVariable]
) -> tuple[ResolvedVariable, ...]:
    """Return the variables that a decision reads.

    Those declared; else those a decision table or a guard tests; else all (`constant`: none).
    """
    every = tuple(variables.values())
    if declared is None:
        return every
    if declared.reads is not None:
        return tuple(dict.fromkeys(variable for read in declared.reads for variable in _meant(read, variables)))
    if _law(declared).shape.counts == (0, 0):
        return ()
    if declared.law == "guard" or declared.when is not None:
        tested = {name for row in declared.tests or () for name in row}
        return tuple(variable for name, variable in variables.items() if name in tested)
    return every


def _meant(read: str | AllNamed, variables: Mapping[str, ResolvedVariable]) -> list[ResolvedVariable]:
    """Return the variables that a decision names, one by one or as all that take something of one name over."""
    if not isinstance(read, AllNamed):
        return [variables[read]] if read in variables else []
    return [one for one in variables.values() if any(link.id.name == read.all_named for link in one.reads)]


def task_of(
    namer: Namer,
    role: Role,
    owner: str,
    name: str,
    entry: LawEntry | None,
    law: Law,
    reads: tuple[Read, ...],
    domain: Domain,
    initial: Value,
    time_step: float,
) -> LawInstance:
    """Lay out one law: name its state and its stages, and say what each reads.

    The plain name goes to the state or else to the last stage, where no variable bears it.
    """
    law_name, when = (entry.law, entry.tests) if entry else (None, None)
    form = law.signature(len(reads), when)
    plain = name if role == Role.PROCESSING_FOR_ACTION else ""
    memory = None
    if form.memory:
        signal = namer.new(owner, role, plain or f"{name} memory", endings=("", ENDING))
        memory = Memory(signal, *law.state(domain, initial))
    signals: dict[str, Signal] = {}
    for i, stage in enumerate(form.stages):
        last = i == len(form.stages) - 1 and not form.memory
        ending = plain if last and plain else f"{name} {stage.name}"
        signals[stage.name] = (
            next_step(memory.signal) if memory and stage.name == NEXT else namer.new(owner, role, ending)
        )
    resolved = {token: _resolve(token, reads, memory, signals) for token in _tokens(form)}
    stages = tuple(Stage(signals[s.name], tuple(r for token in s.reads for r in resolved[token])) for s in form.stages)
    result = tuple(read for token in form.result for read in resolved[token])
    return LawInstance(owner, name, law_name, reads, law, when, domain, memory, stages, result, time_step)


def _tokens(form: Signature) -> set[Token]:
    return {token for stage in form.stages for token in stage.reads} | set(form.result)


def _resolve(
    token: Token, reads: tuple[Read, ...], memory: Memory | None, signals: Mapping[str, Signal]
) -> tuple[Lagged, ...]:
    """Return the signals that a token of a form stands for."""
    if token == STATE:
        assert memory
        return (Lagged(memory.signal),)
    if isinstance(token, ReadRange):
        return tuple(Lagged(read.signal) for read in reads[token.first : token.end])
    if isinstance(token, int):
        return (Lagged(reads[-1].signal, token),)
    kinds = {READS: (True, False), REAL: (False,), WORDS: (True,)}
    if token in kinds:
        return tuple(Lagged(read.signal) for read in reads if read.domain.discrete in kinds[token])
    return (Lagged(signals[token]),)
