"""A control structure with every default filled in, and each law at its place: what all later halves work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.entries import AlgorithmEntry
from handcrafted.control.graph import Signal, grouped
from handcrafted.control.parts import Condition, Part
from handcrafted.control.true_variable import TrueVariable
from handcrafted.control.vocabulary import LinkKind
from handcrafted.text.letters import written

ENDING = " next"
"""Ending of the subspace that the recurrence carries to the one without it."""


def next_step(signal: Signal) -> Signal:
    """Return the subspace whose value the recurrence carries to `signal` at the next step."""
    return Signal(signal.owner, signal.role, signal.name + ENDING)


class Read(NamedTuple):
    """A signal that a law reads.

    Attributes:
        quantum: the step of the values that it can take, where a sensor rounds them; else None.
    """

    signal: Signal
    name: str
    domain: Domain
    initial: Value
    quantum: float | None = None


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


class LinkId(NamedTuple):
    """What identifies a link."""

    kind: LinkKind
    sender: str | None
    receiver: str | None
    name: str

    def __str__(self) -> str:
        ends = (written(end) if end else "" for end in (self.sender, self.receiver))
        return f"{' -> '.join(ends)}: {written(self.name)}".strip()

    @property
    def bare(self) -> str:
        """The link as somebody writes it who thinks of no quotes; two links may be written so."""
        return f"{self.sender or ''} -> {self.receiver or ''}: {self.name}".strip()


@dataclass(frozen=True)
class ResolvedLink:
    """A link with its domain, initial value and lag, and the signals that carry it through the network.

    Attributes:
        lag: 0 within the step, 1 through the recurrence.
        carries: the variable of the true state that it carries.
        declared: whether the file says so, of a reading.
        called: the shortest name that tells it from all others that arrive at its receiver.
        port: the subspace that its sender writes, or that an input fills; None outside the network.
        received: the subspace into which its receiver's head copies it; None where no controller receives it.
    """

    id: LinkId
    domain: Domain
    initial: Value
    lag: int
    sent_by_controller: bool
    received_by_controller: bool
    carries: TrueVariable
    declared: bool
    called: str
    port: Signal | None = None
    received: Signal | None = None

    @property
    def quantum(self) -> float | None:
        """The step to which a sensor rounds it; what a controller sends is not rounded."""
        return None if self.sent_by_controller else self.domain.resolution

    @property
    def counted(self) -> bool:
        """Whether the link passes through the network."""
        return self.sent_by_controller or self.received_by_controller


@dataclass(frozen=True)
class ResolvedVariable:
    """A process-model variable with its domain, the links that it reads and the law that updates it.

    Attributes:
        quantum: the step to which a sensor has rounded its values; None where there is none.
    """

    name: str
    signal: Signal
    domain: Domain
    initial: Value
    reads: tuple[ResolvedLink, ...]
    task: LawInstance
    quantum: float | None = None

    @property
    def written(self) -> tuple[Signal, ...]:
        """The subspaces that its circuits write."""
        return (*self.task.written, self.signal)

    @property
    def copies(self) -> bool:
        """Whether it simply takes over the one link that it reads."""
        return self.task.law is None and len(self.reads) == 1 and self.reads[0].domain.values == self.domain.values


@dataclass(frozen=True)
class ResolvedEntry:
    """One decision of a controller: the variables it reads and the links that carry the result.

    Attributes:
        declared: what the file says; None where the file has no entry.
    """

    owner: str
    name: str
    reads: tuple[ResolvedVariable, ...]
    links: tuple[ResolvedLink, ...]
    declared: AlgorithmEntry | None
    task: LawInstance

    @property
    def written(self) -> tuple[Signal, ...]:
        """The subspaces that its circuits write."""
        return (*self.task.written, *(link.port for link in self.links if link.port))


@dataclass(frozen=True)
class ResolvedController:
    """A controller with everything that arrives, that it believes and that it decides."""

    name: str
    level: int
    arrivals: tuple[ResolvedLink, ...]
    variables: tuple[ResolvedVariable, ...]
    entries: tuple[ResolvedEntry, ...]

    @property
    def tasks(self) -> tuple[LawInstance, ...]:
        """All laws of the controller: of its variables, then of its decisions."""
        return tuple(part.task for part in (*self.variables, *self.entries))


@dataclass(frozen=True)
class Finding:
    """Something worth a person's look that is not an error.

    Attributes:
        kind: `missing feedback`, `unread`, `unused command`, `placeholder name`, `default law`, `declared only`, ….
        text: one sentence.
    """

    kind: str
    text: str
    about: LinkId | Signal | None = None


@dataclass(frozen=True)
class Resolved:
    """A control structure with every default filled in."""

    name: str
    links: tuple[ResolvedLink, ...]
    controllers: Mapping[str, ResolvedController]
    findings: tuple[Finding, ...]

    @cached_property
    def by_id(self) -> Mapping[LinkId, ResolvedLink]:
        """The links by their identity."""
        return {link.id: link for link in self.links}

    @cached_property
    def arriving(self) -> Mapping[str | None, list[ResolvedLink]]:
        """The links that arrive at each component."""
        return grouped(self.links, lambda link: link.id.receiver)

    @cached_property
    def leaving(self) -> Mapping[str | None, list[ResolvedLink]]:
        """The links that leave each component."""
        return grouped(self.links, lambda link: link.id.sender)

    def link(self, id: LinkId) -> ResolvedLink:
        """Return the link with that identity."""
        return self.by_id[id]

    @cached_property
    def declared(self) -> dict[Signal, tuple[Domain, Remembered]]:
        """What each signal may be, and what it was before t = 0; stages inside a law are not among them."""
        found: dict[Signal, tuple[Domain, Remembered]] = {}
        for link in self.links:
            signals = [link.port, link.received, next_step(link.port) if link.lag and link.port else None]
            for signal in filter(None, signals):
                found.setdefault(signal, (link.domain, link.initial))
        for controller in self.controllers.values():
            for variable in controller.variables:
                found.setdefault(variable.signal, (variable.domain, variable.initial))
            for memory in (task.memory for task in controller.tasks if task.memory):
                for signal in (memory.signal, memory.next):
                    found.setdefault(signal, (memory.domain, memory.initial))
        return found
