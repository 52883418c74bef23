"""What a structure claims of a network, step by step: each signal is what its law makes of the signals before it.

The signals of these claims are the joints at which a network is taken apart: what enters, what a link hands over, what
is believed, remembered and decided, what leaves. Together the claims say that one step of the whole network is one
step of the laws.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from handcrafted.control.domain import Domain, Remembered
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import (
    Lagged,
    LawInstance,
    LinkId,
    Resolved,
    ResolvedController,
    ResolvedEntry,
    ResolvedLink,
    ResolvedVariable,
    next_step,
)
from handcrafted.control.signal_graph import network_input, network_output, written_port
from handcrafted.laws.oracle import decide, update

Values = Mapping[Lagged, Any]
"""Signals' coordinates [..., width], as they were so many steps ago."""


class Joint(NamedTuple):
    """What a signal at a joint may be, the step to which a sensor rounds it, and what it was before t = 0 [width]."""

    domain: Domain
    quantum: float | None
    initial: np.ndarray


@dataclass(frozen=True)
class Claim:
    """Some signals are what a law makes of others.

    Attributes:
        what: what goes wrong where it does not hold, such as `arrives otherwise than its law says`.
        owner: the controller that it is about; None for the ends of the network.
        name: what is decided, believed or handed over.
        links: the links that are concerned.
        results: the signals that are claimed.
        law: from what is read to each result.
        reads: what the law reads, and when.
        state: which of the results are handed to the next step.
        placeholder: whether nobody stated the law, and the default one stands in: words are then mixed, not chosen.
        about: what the law is made from, by which claims are told apart; None where it hands on what is read.
    """

    what: str
    owner: str | None
    name: str
    links: tuple[LinkId, ...]
    results: tuple[Signal, ...]
    law: Callable[[Values], Mapping[Signal, Any]] = field(compare=False)
    reads: tuple[Lagged, ...]
    state: tuple[Signal, ...] = ()
    placeholder: bool = False
    about: Hashable = None

    @property
    def works(self) -> bool:
        """Whether a law is at work, and not only the recurrence."""
        return len(self.results) > len(self.state)


ENTERS = "enters otherwise than it is given"
LEAVES = "leaves otherwise than it is decided"
ARRIVES = "arrives otherwise than its law says"
BELIEVED = "is believed otherwise than its law says"
DECIDED = "is decided otherwise than its law says"
CARRIED = "goes by a state that is not carried to the next step"
SETTLES = "does not settle from a state that is a little off"


def joints_of(resolved: Resolved) -> dict[Signal, Joint]:
    """Return the joints of a structure with what each may be."""
    found: dict[Signal, Joint] = {}
    for link in resolved.links:
        if link.port is None:
            continue
        signals = [link.port, link.received, network_output(link.port), written_port(link)]
        signals += [] if link.sent_by_controller else [network_input(link.port)]
        found |= dict.fromkeys(filter(None, signals), _joint(link.domain, link.quantum, link.initial))
    for controller in resolved.controllers.values():
        for variable in controller.variables:
            found[variable.signal] = _joint(variable.domain, variable.quantum, variable.initial)
        for memory in (task.memory for task in controller.tasks if task.memory):
            kept = _joint(memory.domain, memory.domain.resolution, memory.initial)
            found |= {memory.signal: kept, memory.next: kept}
    return found


def _joint(domain: Domain, quantum: float | None, initial: Remembered) -> Joint:
    return Joint(domain, quantum, domain.encode(initial).astype(float))


def claims_of(resolved: Resolved) -> Iterator[Claim]:
    """List everything that a structure claims of a network."""
    for link in resolved.links:
        if link.port is not None:
            yield from _of_link(link, link.port)
    for controller in resolved.controllers.values():
        yield from _of_controller(controller)


def _same(what: str, id: LinkId, source: Signal, target: Signal, lag: int = 0, owner: str | None = None) -> Claim:
    """Claim that one signal is another."""
    read = Lagged(source, lag)
    return Claim(what, owner, id.name, (id,), (target,), lambda values: {target: values[read]}, (read,))


def _of_link(link: ResolvedLink, port: Signal) -> Iterator[Claim]:
    if not link.sent_by_controller:
        yield _same(ENTERS, link.id, network_input(port), port)
    elif link.lag:
        yield _same(CARRIED, link.id, next_step(port), port, link.lag)
    if link.received:
        yield _same(ARRIVES, link.id, port, link.received, owner=link.id.receiver)
    else:
        yield _same(LEAVES, link.id, port, network_output(port))


def _of_controller(controller: ResolvedController) -> Iterator[Claim]:
    for variable in controller.variables:
        ids = tuple(link.id for link in variable.reads)
        unstated = variable.task.law is None and not variable.copies
        work = _updating(variable)
        yield _of_task(BELIEVED, controller.name, variable.task, ids, (variable.signal,), work, unstated, variable)
    for entry in controller.entries:
        ports = tuple(written_port(link) for link in entry.links)
        ids = tuple(link.id for link in entry.links)
        work, unstated = _deciding(entry), entry.task.law is None
        yield _of_task(DECIDED, controller.name, entry.task, ids, ports, work, unstated, entry)
    for part in (*controller.variables, *controller.entries):
        memory = part.task.memory
        if memory:
            links = part.reads if isinstance(part, ResolvedVariable) else part.links
            ids, kept = tuple(link.id for link in links), Lagged(memory.next, 1)
            law = lambda values, memory=memory, kept=kept: {memory.signal: values[kept]}
            yield Claim(CARRIED, controller.name, part.name, ids, (memory.signal,), law, (kept,), (memory.signal,))


Work = Callable[[Mapping[Signal, Any], Callable[[int], Mapping[Signal, Any]]], Mapping[Signal, Any]]


def _updating(variable: ResolvedVariable) -> Work:
    return lambda now, ago: update(variable, now, ago)


def _deciding(entry: ResolvedEntry) -> Work:
    return lambda now, ago: decide(entry, now, ago)


def _of_task(
    what: str,
    owner: str,
    task: LawInstance,
    ids: tuple[LinkId, ...],
    results: tuple[Signal, ...],
    work: Work,
    placeholder: bool,
    about: Hashable,
) -> Claim:
    """Claim that a law's results, and its state after the step, are what it makes of what it reads."""
    signals = [*(read.signal for read in task.reads), *([task.memory.signal] if task.memory else [])]
    past = {read.lag for stage in task.stages for read in stage.reads} | {read.lag for read in task.result}
    reads = [Lagged(signal) for signal in signals]
    reads += [Lagged(read.signal, lag) for lag in sorted(past - {0}) for read in task.reads]

    def law(values: Values) -> Mapping[Signal, Any]:
        at = lambda lag: {read.signal: value for read, value in values.items() if read.lag == lag}
        return work(at(0), at)

    state = (task.memory.next,) if task.memory else ()
    return Claim(what, owner, task.name, ids, (*results, *state), law, tuple(reads), state, placeholder, about)
