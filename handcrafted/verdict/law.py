"""The law test on the network as it runs, in float32: does each controller do what its control law says?

Each controller is taken by itself: its inputs are given, links from other controllers are held at values of their
domain, and every state is fed in through the recurrence, in the network and in the oracle alike. What it receives is
compared with what was sent, what it believes with the law of its process model, what it does and what it remembers with
its control algorithm, what leaves the network with what it does, and what the recurrence hands to the next step with
what it remembers. A state that is kept anywhere but in the carry is not the one that was fed in, and shows.

Words and bits that are remembered are then fed in a little off as well, one at a time. What comes out may not be
further off: a network in which a small error of a state grows from step to step does not keep to its law for long.

That the arrays do so for every input, see `handcrafted.verdict.exact`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Lagged, LawInstance, LinkId, Read, Resolved, ResolvedController, ResolvedLink
from handcrafted.control.signal_graph import network_input, network_output, written_port
from handcrafted.laws.arithmetic import common_quantum
from handcrafted.laws.law import law_of
from handcrafted.laws.oracle import decide, update
from handcrafted.model.component import ends_of
from handcrafted.model.intervention import Hold, Intervention, Swap, intervene
from handcrafted.readout.edges import MAX_CONTEXTS, contexts
from handcrafted.readout.target import TargetNetwork
from handcrafted.readout.tolerances import BAND, ROUNDED
from handcrafted.verdict.claims import ARRIVES, BELIEVED, CARRIED, DECIDED, ENTERS, LEAVES, SETTLES
from handcrafted.verdict.comparison import Found, LinkVerdict, Status, Verdicts

EXHAUSTIVE = 2048
"""Up to how many contexts of words, grid points and states all are tried."""

OFF = 2.0**-12
"""So far off a word or a bit that is remembered is fed in: well above `ROUNDED`, well below the width of a ramp."""


Values = dict[Signal, np.ndarray]
Work = Callable[[Mapping[Signal, np.ndarray], Callable[[int], Mapping[Signal, np.ndarray]]], Values]


@dataclass(frozen=True)
class LawTest:
    """How one controller behaved.

    Attributes:
        contexts: how many contexts were tried.
        wrong: in which contexts [context] a link is not as its law says, by the claim that does not hold.
    """

    contexts: int
    wrong: Mapping[tuple[str, LinkId], np.ndarray]


def try_controller(subject: TargetNetwork, controller: ResolvedController) -> LawTest:
    """Hold what arrives at a controller, and its states, at all contexts (or a sample); compare each stage."""
    trial = LawTrial(subject, controller)
    aside = [LawTrial(subject, controller, off=off) for off in (-OFF, OFF) if trial.words]
    seen = [(what, link.id, where) for link in controller.arrivals for what, where in trial.arrival(link)]
    for variable in controller.variables:
        work = lambda now, ago, v=variable: update(v, now, ago)
        for link in variable.reads:
            seen.append((BELIEVED, link.id, trial.deviates(variable.task, work)))
            seen.append((CARRIED, link.id, trial.forgets(variable.task)))
            seen += [(SETTLES, link.id, other.grows(variable.task, work, trial)) for other in aside]
    for entry in controller.entries:
        ports = {written_port(link): link for link in entry.links}
        work = lambda now, ago, e=entry: decide(e, now, ago)
        for port, link in ports.items():
            seen.append((DECIDED, link.id, trial.deviates(entry.task, work, but=set(ports) - {port})))
            seen += [(LEAVES, link.id, trial.leaves(link)), (CARRIED, link.id, trial.forgets(entry.task))]
            seen += [(SETTLES, link.id, other.grows(entry.task, work, trial)) for other in aside]
    wrong: dict[tuple[str, LinkId], np.ndarray] = {}
    for what, id, where in seen:
        wrong[what, id] = wrong.get((what, id), False) | where
    return LawTest(trial.count, wrong)


class LawTrial:
    """One controller's run: what was held, and what every signal was, each [context, time, width].

    Args:
        subject: the network.
        controller: whose ports and states are held.
        swapped: a subspace whose values are exchanged between contexts.
        off: how far one coordinate of one word or bit that is remembered is moved, another one in each context.
    """

    def __init__(
        self, subject: TargetNetwork, controller: ResolvedController, swapped: Signal | None = None, off: float = 0.0
    ):
        self.memories = [task.memory for task in controller.tasks if task.memory]
        self.time = 1 + max((read.lag for task in controller.tasks for read in _all_reads(task)), default=0)
        ports = [(a.port, a.domain) for a in controller.arrivals if a.port]
        domains = dict([*ports, *((memory.signal, memory.domain) for memory in self.memories)])
        blocks = contexts(list(domains.values()), subject.seed, EXHAUSTIVE)
        self.count = len(blocks[0]) if blocks else 1
        rng = np.random.default_rng(subject.seed)
        order = np.stack([*(rng.permutation(self.count) for _ in range(self.time - 1)), np.arange(self.count)], axis=1)
        self.held: Values = {signal: block[order] for signal, block in zip(domains, blocks, strict=True)}
        self.words = [m.signal for m in self.memories if m.domain.discrete or m.domain.resolution]
        self.off_by, self.moved = abs(off), rng.integers(max(len(self.words), 1), size=self.count)
        for i, signal in enumerate(self.words):
            width = self.held[signal].shape[-1]
            chosen = np.arange(width) == rng.integers(width, size=(self.count, 1, 1))
            self.held[signal] = self.held[signal] + off * (chosen & (self.moved == i)[:, None, None])
        self.names = subject.names
        self.outputs, self.final = _run_held(subject, self, [a for a in controller.arrivals if a.port], swapped)
        self.carry = self.final @ np.asarray(subject.parts.ends.recurrence)
        reads = (read for task in controller.tasks for read in task.reads)
        self.initial = {read.signal: read.domain.encode(read.initial).astype(float) for read in reads}

    def arrival(self, link: ResolvedLink) -> Iterator[tuple[str, np.ndarray]]:
        """Say in which contexts [context] a link is received otherwise than it was sent, and its input enters so."""
        if link.port and link.received:
            yield ENTERS, self.off(link.port, self.held[link.port])
            yield ARRIVES, self.off(link.received, self.held[link.port])

    def leaves(self, link: ResolvedLink) -> np.ndarray:
        """Say in which contexts [context] the network gives otherwise what its controller does."""
        if link.port is None or link.received is not None:
            return np.zeros(self.count, bool)
        given = self.outputs[..., self.names.output_signals[network_output(link.port)]]
        return self._far(given, self.value(link.port))

    def value(self, signal: Signal) -> np.ndarray:
        """Return what a signal was in the network; a state before the step is what was fed in."""
        if any(signal == memory.signal for memory in self.memories):
            return self.held[signal]
        return self.final[..., self.names.find(signal)].astype(float)

    def off(self, signal: Signal, wanted: np.ndarray) -> np.ndarray:
        """Say in which contexts [context] a signal deviates from what it should be."""
        return self._far(self.value(signal), wanted)

    def _far(self, actual: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        distance = np.abs(actual - wanted) / max(1.0, float(np.abs(wanted).max(initial=0)))
        return ~np.all(distance <= ROUNDED, axis=(1, 2))

    def forgets(self, task: LawInstance) -> np.ndarray:
        """Say in which contexts [context] the recurrence hands on another state than the one after the step."""
        if task.memory is None:
            return np.zeros(self.count, bool)
        return self.off(task.memory.next, self.carry[..., self.names.find(task.memory.signal)])

    def deviates(self, task: LawInstance, work: Work, but: Set[Signal] = frozenset()) -> np.ndarray:
        """Say in which contexts any result of a law, or its next state, deviates; `but` is left out."""
        answers = [work(values, self.ago(values)) for values in neighbours(task, self.read(task))]
        wrong = np.zeros(self.count, bool)
        for signal in answers[0].keys() - but:
            wanted = np.stack([np.broadcast_to(answer[signal], self.value(signal).shape) for answer in answers])
            nearest = np.clip(self.value(signal), wanted.min(axis=0), wanted.max(axis=0))
            wrong |= self.off(signal, nearest if len(answers) > 1 else wanted[0])
        return wrong

    def grows(self, task: LawInstance, work: Work, exact: LawTrial) -> np.ndarray:
        """Say in which contexts [context] a state that was fed in a little off is handed on further off.

        Where the law itself goes another way once a number that it reads is moved by a step, that may be.
        """
        if task.memory is None or task.memory.signal not in self.words:
            return np.zeros(self.count, bool)
        given, shape = exact.read(task), self.value(task.memory.next).shape
        answers = [work(values, exact.ago(values))[task.memory.next] for values in (given, *_a_step_aside(task, given))]
        wanted = np.stack([np.broadcast_to(answer, shape) for answer in answers])
        here = self.moved == self.words.index(task.memory.signal)
        clear = np.all(np.ptp(wanted, axis=0) == 0, axis=(1, 2))
        far = np.max(np.abs(self.value(task.memory.next) - wanted[0]), axis=(1, 2))
        return here & clear & ~(far <= self.off_by + ROUNDED)

    def read(self, task: LawInstance) -> Values:
        """Return what a law read, and the state that it found."""
        memory = [task.memory.signal] if task.memory else []
        return {signal: self.value(signal) for signal in [*memory, *(read.signal for read in task.reads)]}

    def ago(self, values: Values) -> Callable[[int], Values]:
        """Return the function that says what values were so many steps ago."""

        def ago(steps: int) -> Values:
            before = lambda signal, value: np.broadcast_to(self.initial[signal], value[:, :steps].shape)
            return {
                signal: np.concatenate([before(signal, value), value[:, : self.time - steps]], axis=1)
                for signal, value in values.items()
                if signal in self.initial
            }

        return ago


def neighbours(task: LawInstance, now: Values) -> list[Values]:
    """Return what a law read; and, for a law that switches off the grid, the same a band's width aside."""
    loose = _off_the_grid(task)
    if not loose:
        return [now]
    domains = [read.domain for read in task.reads if not read.domain.discrete]
    sizes = (max(abs(domain.low), abs(domain.high), domain.high - domain.low) for domain in domains)
    width = 2 * BAND * sum(sizes)
    return [now, *({**now, r.signal: now[r.signal] + sign * width} for r in loose for sign in (-1, 1))]


def _a_step_aside(task: LawInstance, now: Values) -> Iterator[Values]:
    """Return what a law read, with each real number in turn moved to the next point of its grid, or by a band."""
    for read in task.reads:
        if not read.domain.discrete:
            size = max(abs(read.domain.low), abs(read.domain.high), read.domain.high - read.domain.low)
            step = read.quantum or 2 * BAND * size
            yield from ({**now, read.signal: now[read.signal] + sign * step} for sign in (-1, 1))


def _off_the_grid(task: LawInstance) -> list[Read]:
    """Return the real reads that a switching law compares without a grid on which it is exact."""
    if not law_of(task).jumps:
        return []
    real = [read for read in task.tested if not read.domain.discrete]
    if task.law in ("decision table", "guard"):
        return [read for read in real if read.quantum is None]
    return real if common_quantum(task.reads) is None else []


def _all_reads(task: LawInstance) -> list[Lagged]:
    return [*task.result, *(read for stage in task.stages for read in stage.reads)]


MAX_TOGETHER = 1024
"""Contexts that run together in numpy."""


def _run_held(
    subject: TargetNetwork, trial: LawTrial, arrivals: list[ResolvedLink], swapped: Signal | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return outputs [context, time, n_out] and the final residual [context, time, d_model].

    What comes from outside is given as input, what others send is held, states are fed in through the recurrence. Where
    it is compiled, runs go in batches of one size, so that all controllers of a model share one compilation.
    """
    given, finals = [], []
    w, names = subject.running, subject.names
    ends = ends_of(w)
    still = (ends.initial @ ends.recurrence).astype(np.float32)
    order = np.random.default_rng(subject.seed).permutation(MAX_CONTEXTS).tolist()
    ports = {link.port: link.sent_by_controller for link in arrivals if link.port}
    together = MAX_CONTEXTS if subject.compiled or swapped else min(trial.count, MAX_TOGETHER)
    for start in range(0, trial.count, together):
        rows = (start + np.arange(together)) % trial.count
        inputs = np.zeros((together, trial.time, w.sizes["n_in"]), np.float32)
        carries = np.tile(still, (together, trial.time, 1))
        for memory in trial.memories:
            carries[..., names.find(memory.signal)] = trial.held[memory.signal][rows]
        for port in (port for port, held in ports.items() if not held):
            inputs[..., names.input_signals[network_input(port)]] = trial.held[port][rows]
        holds: list[Intervention] = [Hold(port, trial.held[port][rows]) for port, held in ports.items() if held]
        holds += [Swap(swapped, order)] if swapped else []
        outputs, seen = intervene(w, names, inputs, *holds, window=subject.window, carries=carries, wanted=("final",))
        given.append(outputs)
        finals.append(seen["final"])
    cut = lambda runs, width: np.concatenate(runs)[: trial.count, :, :width]
    return cut(given, len(names.outputs)), cut(finals, len(names.residual))


def law_verdicts(resolved: Resolved, tests: Mapping[str, LawTest], found: Sequence[Found] = ()) -> Verdicts:
    """Turn the law tests into a verdict on every counted link: wrong where a stage at one of its ends deviates."""
    said: dict[LinkId, dict[str, str]] = {}
    for test in tests.values():
        for (what, id), where in test.wrong.items():
            if np.any(where):
                said.setdefault(id, {})[what] = f"{id.name} {what} in {where.sum()} of {test.contexts} contexts"
    for one in (one for one in found if one.counterexample):
        what = one.claim.what
        for id in one.claim.links:
            others = said.get(id, {})
            known = others.pop(what, f"{one.claim.name} {what}")
            said[id] = {what: f"{known}: {one.counterexample}", **others}
    verdicts = [
        LinkVerdict(link.id, Status.WRONG, next(iter(said[link.id].values())))
        if link.id in said
        else LinkVerdict(link.id, Status.FOUND)
        for link in resolved.links
        if link.counted
    ]
    return Verdicts(tuple(verdicts))
