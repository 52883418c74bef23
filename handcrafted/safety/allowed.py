"""What the declared laws let guards do, on inputs that try their vetoes: nothing here looks at a network's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds
from handcrafted.control.resolved import Resolved
from handcrafted.control.signal_graph import network_input, written_port
from handcrafted.laws.oracle import Interpreter, decide
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.base import base_of
from handcrafted.model.names import Names
from handcrafted.safety.guards import PlacedGuard
from handcrafted.verdict.law import neighbours

POOL = 256
"""How many sequences of inputs there are to choose from."""

LONGER = (8, 64)
"""So many times as long sequences get while a guard has not vetoed: a timer takes its time."""

MAX_STEPS = 1024

HELD = (1, 4, MAX_STEPS)
"""For how many steps values stay, in turn: what only a lasting state brings about is tried, too."""

ON_MARKS = 0.25
"""The share of numbers that lie on a threshold of a guard."""

HUGE = 1e30
"""What is asked for at the least and at the most, to see where a law stops."""


class GuardRule(NamedTuple):
    """What the law of one guard says of its action.

    Attributes:
        low, high: the least and the most that it ever gives [width].
        vetoed: where nothing that may be asked for makes a difference [run, time].
    """

    low: np.ndarray
    high: np.ndarray
    vetoed: np.ndarray


@dataclass(frozen=True)
class Allowed:
    """Sequences of inputs [run, time, n_in], and what each guard's law then says."""

    inputs: np.ndarray
    rules: tuple[GuardRule, ...]


def trying_vetoes(
    structure: ControlStructure, names: Names, guards: Sequence[PlacedGuard], rng: np.random.Generator, steps: int
) -> Allowed:
    """Draw sequences of inputs, longer ones while a guard that can veto has not done so by its law.

    Every other sequence brings a veto about, of each guard in turn, as far as any does.

    Args:
        structure: with a Layer 0 controller.
        names: of the network's inputs.
        guards: of that controller.
        rng: of the inputs.
        steps: of each sequence, if that is enough.
    """
    found = _drawn(structure, names, guards, rng, steps)
    for times in LONGER:
        if all(rule.vetoed.any() for rule, guard in zip(found.rules, guards, strict=True) if guard.veto):
            break
        found = _drawn(structure, names, guards, rng, max(steps, min(steps * times, MAX_STEPS)))
    order = _interleaved([rule.vetoed for rule in found.rules])
    return Allowed(found.inputs[order], tuple(rule._replace(vetoed=rule.vetoed[order]) for rule in found.rules))


def _drawn(
    structure: ControlStructure, names: Names, guards: Sequence[PlacedGuard], rng: np.random.Generator, steps: int
) -> Allowed:
    """Draw sequences of inputs whose values stay for some steps."""
    marks = _marks(guards)
    held = [np.arange(steps) // HELD[run % len(HELD)] * HELD[run % len(HELD)] for run in range(POOL)]
    inputs = np.stack([random_inputs(rng, names, steps, marks)[at] for at in held])
    return Allowed(inputs, _rules(structure, names, guards, inputs))


def _marks(guards: Sequence[PlacedGuard]) -> list[float]:
    """Return the thresholds that guards test."""
    tests = (test for guard in guards for row in guard.entry.task.when or () for test in row.values())
    ends = (end for test in tests if isinstance(test, Bounds) for end in (test.above, test.below))
    return sorted({end for end in ends if end is not None})


def _interleaved(vetoed: list[np.ndarray]) -> list[int]:
    """Return an order of runs in which every other one has a veto, of each guard in turn, while there are any."""
    left, order = list(range(POOL)), []
    bringing = [set(np.argwhere(steps)[:, 0].tolist()) for steps in vetoed]
    for turn in range(POOL):
        wanted = bringing[turn // 2 % len(bringing)] if bringing and turn % 2 == 0 else left
        run = next((run for run in left if run in wanted), left[0])
        left.remove(run)
        order.append(run)
    return order


def _rules(
    structure: ControlStructure, names: Names, guards: Sequence[PlacedGuard], inputs: np.ndarray
) -> tuple[GuardRule, ...]:
    """Return what the law of each guard says, whatever is asked for."""
    law, others = Interpreter(_alone(structure)), _from_others(structure.resolved)
    given = {network_input(port): np.broadcast_to(value, (POOL, *value.shape)) for port, value in others.items()}
    found: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in guards]
    for now in np.moveaxis(inputs, 1, 0).astype(float):
        law.step({**{signal: now[:, at] for signal, at in names.input_signals.items()}, **given})
        for steps, guard in zip(found, guards, strict=True):
            steps.append(_ends(law, guard))
    return tuple(_rule(*(np.stack(ends, axis=1) for ends in zip(*steps, strict=True))) for steps in found)


def _rule(low: np.ndarray, high: np.ndarray) -> GuardRule:
    return GuardRule(low.min(axis=(0, 1)), high.max(axis=(0, 1)), np.all(low == high, axis=-1))


def _ends(law: Interpreter, guard: PlacedGuard) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the most [run, width] that a guard's law gives at a step, whatever is asked for.

    Where a comparator off the sensor's grid may go either way, both count.
    """
    task, port = guard.entry.task, written_port(guard.link)
    now = law.ago(1)
    asked = [np.full((POOL, task.domain.width), end) for end in (-HUGE, HUGE)]
    at = {**{read.signal: np.asarray(now[read.signal]) for read in task.tested}, guard.received: asked[0]}
    results = [
        decide(guard.entry, {**values, guard.received: end}, law.ago)[port]
        for values in neighbours(task, at)
        for end in asked
    ]
    return np.min(results, axis=0).astype(np.float32), np.max(results, axis=0).astype(np.float32)


def _alone(structure: ControlStructure) -> Resolved:
    """Return the Layer 0 controller by itself: what other controllers send comes from outside."""
    resolved, base = structure.resolved, base_of(structure) or ""
    links = [link for link in resolved.links if base in (link.id.sender, link.id.receiver)]
    outside = [link if link.id.sender == base else replace(link, sent_by_controller=False, lag=0) for link in links]
    return replace(resolved, links=tuple(outside), controllers={base: resolved.controllers[base]})


def _from_others(resolved: Resolved) -> Mapping[Signal, np.ndarray]:
    """What other controllers send, as it was before t = 0: no protected controller of Layer 0 may depend on it."""

    sent = [link for link in resolved.links if link.sent_by_controller and link.received]
    return {link.port: link.domain.encode(link.initial).astype(float) for link in sent if link.port}


def random_inputs(rng: np.random.Generator, names: Names, steps: int, marks: Sequence[float] = ()) -> np.ndarray:
    """Return inputs [time, n_in]: words, and numbers within twice their range or on a mark, on the sensor's grid."""
    inputs = np.zeros((steps, len(names.inputs)), np.float32)
    for signal, at in names.input_signals.items():
        inputs[:, at] = _values(rng, names.domain(signal), steps, marks)
    return inputs


def _values(rng: np.random.Generator, domain: Domain, steps: int, marks: Sequence[float]) -> np.ndarray:
    if domain.discrete:
        return np.eye(domain.width)[rng.integers(domain.width, size=steps)]
    middle, half = (domain.low + domain.high) / 2, domain.high - domain.low
    drawn = middle + half * rng.uniform(-1, 1, (steps, 1))
    if marks:
        drawn = np.where(rng.random((steps, 1)) < ON_MARKS, rng.choice(marks, (steps, 1)), drawn)
    return domain.rounded(drawn.astype(np.float32))
