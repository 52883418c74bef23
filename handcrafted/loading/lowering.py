"""From a law's form to its circuits' subspaces: every stage gets a name of its own, and knows what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handcrafted.control.domain import Domain, Value
from handcrafted.control.entries import LawEntry
from handcrafted.control.graph import Signal
from handcrafted.control.instance import ENDING, Lagged, LawInstance, Memory, Read, Stage, next_step
from handcrafted.control.vocabulary import Role
from handcrafted.laws.law import NEXT, READS, REAL, STATE, WORDS, Law, ReadRange, Signature, Token


def unique(name: str, taken: Iterable[str], endings: tuple[str, ...] = ("",)) -> str:
    """Give `name`, or `name#2`, `name#3`, … if it is taken, with every ending that must be free too."""
    taken = set(taken)
    number, candidate = 1, name
    while any(candidate + ending in taken for ending in endings):
        number += 1
        candidate = f"{name}#{number}"
    return candidate


class Namer:
    """Gives each subspace its own name within (owner, role)."""

    def __init__(self):
        self.taken: dict[tuple[str, str], list[str]] = {}

    def new(
        self, owner: str, role: str, name: str, also: Iterable[str] = (), endings: tuple[str, ...] = ("",)
    ) -> Signal:
        """Name a subspace; `also` lists further names to avoid, `endings` what must be free beside it."""
        taken = self.taken.setdefault((owner, role), [])
        chosen = unique(name, [*taken, *also], endings)
        taken += [chosen + ending for ending in endings]
        return Signal(owner, role, chosen)


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
    """Give the signals that a token of a form stands for."""
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
