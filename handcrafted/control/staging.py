"""From a law's form to its circuits' subspaces: every stage gets a name of its own, and knows what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from handcrafted.control.domain import Domain, Value, issue_values
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds, Condition, Part
from handcrafted.control.resolved import ENDING, Lagged, Memory, Read, Stage, Task, next_step
from handcrafted.control.settings import Delay, Difference, Hysteresis, Integrator, Linear, Pid
from handcrafted.control.structure import Law
from handcrafted.control.vocabulary import (
    AGO,
    LATER,
    LAWS,
    LIMITED_LINEAR,
    NEXT,
    READS,
    REAL,
    STATE,
    TABLE_WITH_BOUNDS,
    WORDS,
    LawForm,
    Role,
    pid_form,
)


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


def form_of(law: str | None, when: Condition | None, settings: Part | None) -> LawForm:
    """Give the stages of a law; some have more where they test real variables, have limits or a memory."""
    if law is None:
        return LawForm()
    if isinstance(settings, Linear) and settings.limited:
        return LIMITED_LINEAR
    if isinstance(settings, Pid):
        return pid_form(settings.ki != 0, settings.kd != 0, settings.tracking is not None, settings.cancels)
    if law == "decision table" and any(isinstance(test, Bounds) for row in when or () for test in row.values()):
        return TABLE_WITH_BOUNDS
    return LAWS.get(law, LATER)


def task_of(
    namer: Namer,
    role: Role,
    owner: str,
    name: str,
    law: Law | None,
    settings: Part | None,
    reads: tuple[Read, ...],
    domain: Domain,
    initial: Value,
    time_step: float,
) -> Task:
    """Lay out one law: name its state and its stages, and say what each reads.

    The plain name goes to the state or else to the last stage, where no variable bears it.
    """
    law_name, when = (law.law, law.when) if law else (None, None)
    form = form_of(law_name, when, settings)
    plain = name if role == Role.PROCESSING_FOR_ACTION else ""
    memory = None
    if form.memory:
        signal = namer.new(owner, role, plain or f"{name} memory", endings=("", ENDING))
        memory = Memory(signal, *_state(settings, domain, initial))
    signals: dict[str, Signal] = {}
    for i, stage in enumerate(form.stages):
        last = i == len(form.stages) - 1 and not form.memory
        ending = plain if last and plain else f"{name} {stage.name}"
        signals[stage.name] = (
            next_step(memory.signal) if memory and stage.name == NEXT else namer.new(owner, role, ending)
        )
    resolved = {token: _resolve(token, reads, memory, signals, settings) for token in _tokens(form)}
    stages = tuple(Stage(signals[s.name], tuple(r for token in s.reads for r in resolved[token])) for s in form.stages)
    result = tuple(read for token in form.result for read in resolved[token])
    return Task(owner, name, law_name, reads, settings, when, domain, memory, stages, result, time_step)


def _tokens(form: LawForm) -> set[str]:
    return {token for stage in form.stages for token in stage.reads} | set(form.result)


def _resolve(
    token: str,
    reads: tuple[Read, ...],
    memory: Memory | None,
    signals: Mapping[str, Signal],
    settings: Part | None,
) -> tuple[Lagged, ...]:
    """Give the signals that a word of a form stands for."""
    if token == STATE:
        assert memory
        return (Lagged(memory.signal),)
    if token == AGO:
        return tuple(Lagged(read.signal, cast("Delay | Difference | Pid", settings).steps) for read in reads[-1:])
    kinds = {READS: (True, False), REAL: (False,), WORDS: (True,)}
    if token in kinds:
        return tuple(Lagged(read.signal) for read in reads if read.domain.discrete in kinds[token])
    return (Lagged(signals[token]),)


def _state(settings: Part | None, domain: Domain, initial: Value) -> tuple[Domain, Value]:
    """Give the domain and the first value of a law's state."""
    match settings:
        case Hysteresis():
            return Domain((), 0.0, 1.0, resolution=1.0), float(initial == issue_values(domain, settings.value)[1])
        case Integrator() | Pid():
            low, high = limits_of(settings, domain)
            return Domain((), low, high, unit=domain.unit), min(max(float(initial), low), high)
        case _:
            raise TypeError(f"no state is known for {settings!r}")


def limits_of(settings: Part | None, domain: Domain) -> tuple[float, float]:
    """Give the limits that a law declares, or else the ends of its result's range."""
    low, high = getattr(settings, "low", None), getattr(settings, "high", None)
    return domain.low if low is None else low, domain.high if high is None else high
