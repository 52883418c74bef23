"""The processes as edges of the signal-flow graph: which action moves which measurement, how soon and which way.

Found by trying: everything outside the network runs with one action raised, and without, from several states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Edge, Signal
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.names import Names
from handcrafted.rollout.environment import DISTURBANCE, Environment, world_of
from handcrafted.rollout.outside import measure, observe, proceed

HORIZON = 64
"""Steps for which the processes run after the action was raised; it stays raised."""

TRIALS = 16
"""States and actions from which they run."""

FLOOR = 1e-6
"""Changes below this share of the largest value are rounding."""


LINEAR = 1e-3
"""Relative deviation between trials up to which a process counts as linear."""


def process_edges(structure: ControlStructure, names: Names, seed: int = 0) -> tuple[Edge, ...]:
    """Return an edge from each output of the network to each input that it moves through the processes.

    Formula: from each of 16 random states, all actions held, one of them raised from then on: the lag is the first
        step at which any measurement differs, the sign that of all differences up to 64 steps later, 0 if they differ;
        the gain is that of the first answer, where it is the same from all states.
    Source: step responses, as in system identification.
    Error: blind to what shows later than 64 steps, or only in states that were not tried.
    """
    world, rng = world_of(structure), np.random.default_rng(seed)
    states = [_start(structure, world, rng) for _ in range(TRIALS)]
    low, high = np.zeros((2, TRIALS, len(names.outputs)), np.float32)
    for output, at in names.output_signals.items():
        for trial in range(TRIALS):
            low[trial, at], high[trial, at] = _draw(names.domain(output), rng)
    acted = {output: _raised(low, high, at) for output, at in names.output_signals.items()}
    usual, *answers = _run(world, names, states, np.stack([low, *acted.values()]))
    found: list[Edge] = []
    for (output, actions), answer in zip(acted.items(), answers, strict=True):
        by = _number((actions - low)[:, None, names.output_signals[output]])[:, 0]
        for given, to in names.input_signals.items():
            found += _edge(output, given, _number((answer - usual)[..., to]), by)
    return tuple(found)


def _edge(output: Signal, measured: Signal, effect: np.ndarray, by: np.ndarray) -> Iterator[Edge]:
    """Make the edge of one action, raised by so much [trial], and one measurement that differs [trial, step]."""
    moved = np.abs(effect) > FLOOR * max(1.0, float(np.abs(effect).max()))
    if not moved.any():
        return
    signs = np.unique(np.sign(effect[moved]))
    lag = int(np.flatnonzero(moved.any(axis=0))[0])
    yield Edge(output, measured, lag, int(signs[0]) if len(signs) == 1 else 0, _gain(effect[:, lag], by))


def _gain(effect: np.ndarray, by: np.ndarray) -> float | None:
    """Return the first answer per unit of the action if all trials agree on it, else None."""
    slopes = effect[by != 0] / by[by != 0]
    alike = slopes.size and np.ptp(slopes) <= LINEAR * np.abs(slopes).max()
    return float(np.median(slopes)) if alike else None


def _draw(domain: Domain, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a low and a high value of an action [width]: two places in its range, or two of its words."""
    if domain.discrete:
        low, high = sorted(rng.choice(domain.width, 2, replace=domain.width < 2))
        return tuple(np.eye(domain.width, dtype=np.float32)[[low, high]])
    low, high = np.sort(rng.uniform(domain.low, domain.high, 2)).astype(np.float32)
    return low[None], high[None]


def _start(structure: ControlStructure, world: Environment, rng: np.random.Generator) -> Mapping[str, Mapping]:
    """Return states: real ones that a feedback carries anywhere in its range, words any, all others as declared."""
    domains = {(link.id.sender, link.id.name): link.domain for link in structure.resolved.links if link.counted}
    return {
        owner: {name: _anywhere(first, domains.get((owner, name)), rng) for name, first in process.initial.items()}
        for owner, process in world.processes.items()
    }


def _anywhere(first: np.ndarray, domain: Domain | None, rng: np.random.Generator) -> np.ndarray:
    if domain is None:
        return first
    if domain.discrete:
        return np.eye(domain.width, dtype=np.float32)[rng.integers(domain.width)]
    return np.asarray(rng.uniform(domain.low, domain.high), np.float32)


def _raised(low: np.ndarray, high: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return actions [trial, n_out], one of them high."""
    actions = low.copy()
    actions[:, at] = high[:, at]
    return actions


def _run(world: Environment, names: Names, starts: Sequence[Mapping[str, Mapping]], actions: np.ndarray) -> np.ndarray:
    """Return what would be measured with actions held, undisturbed, before sensors round it.

    Args:
        world: what runs.
        names: of the network's inputs and outputs.
        starts: the states of every trial.
        actions: [case, trial, n_out].

    Returns:
        [case, trial, step, n_in].
    """
    cases, trials, count = actions.shape
    held = actions.reshape(-1, count).T
    runs = held.shape[1]
    along = lambda values: np.tile(np.stack(values, axis=-1), cases)
    now = {
        owner: {name: along([start[owner][name] for start in starts]) for name in process.initial}
        for owner, process in world.processes.items()
    }
    still = lambda one: np.asarray(one.domain.encode(one.initial), np.float32)[:, None]
    outside = {one.signal: np.tile(still(one), runs) for one in world.externals}
    outside |= {Signal(owner, DISTURBANCE, "disturbance"): np.zeros(runs, np.float32) for owner in world.processes}
    found = []
    with np.errstate(all="ignore"):  # a process that grows without bound shows as what is not finite
        for _ in range(HORIZON):
            observed = observe(world, now)
            found.append(measure(world, names, observed, held, outside, exact=True))
            now = proceed(world, names, now, observed, held, outside)
    return np.moveaxis(np.stack(found).reshape(HORIZON, -1, cases, trials), (2, 3), (0, 1))


def _number(values: np.ndarray) -> np.ndarray:
    """Return [trial, step] of coordinates [trial, step, width]; words count by their place in the list."""
    return values[..., 0] if values.shape[-1] == 1 else values @ np.arange(values.shape[-1])
