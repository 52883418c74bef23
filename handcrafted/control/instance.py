"""One law at its place: what it reads, what it keeps, which circuits it has, and what its result may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Condition, Part

ENDING = " next"
"""Ending of the subspace that the recurrence carries to the one without it."""


def next_step(signal: Signal) -> Signal:
    """Return the subspace whose value the recurrence carries to `signal` at the next step."""
    return Signal(signal.owner, signal.role, signal.name + ENDING)


class Read(NamedTuple):
    """A signal that a law reads.

    Attributes:
        grid: the step of the values that it can take, where a sensor rounds them; else None.
    """

    signal: Signal
    name: str
    domain: Domain
    initial: Value
    grid: float | None = None


class Lagged(NamedTuple):
    """A signal as it was `lag` steps ago."""

    signal: Signal
    lag: int = 0


class Stage(NamedTuple):
    """One circuit of a law: the subspace that it writes, and what it reads."""

    signal: Signal
    reads: tuple[Lagged, ...]


class Memory(NamedTuple):
    """A state that the recurrence carries: the carry writes `signal`, the law writes `next`."""

    signal: Signal
    domain: Domain
    initial: Remembered

    @property
    def next(self) -> Signal:
        """The subspace that holds the state after the step."""
        return next_step(self.signal)


@dataclass(frozen=True)
class LawInstance:
    """What is computed by one law: a process-model variable or a decision.

    Attributes:
        law: name of the law; None for the default linear law.
        reads: what it reads; a guard the request last.
        parameters: the law itself, with its parameters.
        domain: of the result.
        memory: the state that the law keeps.
        stages: its circuits before the one that writes the result.
        result: what the circuit that writes the result reads.
        time_step: how long a step is, in the structure's unit.
        safe: what a guard gives where it does not permit, or cannot know; None for other laws.
    """

    owner: str
    name: str
    law: str | None
    reads: tuple[Read, ...]
    parameters: Part
    when: Condition | None
    domain: Domain
    memory: Memory | None
    stages: tuple[Stage, ...]
    result: tuple[Lagged, ...]
    time_step: float
    safe: Value | None = None

    @property
    def written(self) -> tuple[Signal, ...]:
        """The subspaces of its stages, and of its state before and after the step."""
        kept = (self.memory.signal, self.memory.next) if self.memory else ()
        return (*(stage.signal for stage in self.stages), *kept)

    @property
    def tested(self) -> tuple[Read, ...]:
        """What its condition may test: everything that it reads but the request that a guard gates."""
        return self.reads[:-1] if self.law == "guard" else self.reads
