"""The processes as edges of the signal-flow graph: which action moves which measurement, how soon and which way.

Found by trying: the processes run with one action raised, and without, from several states.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Edge, Signal
from handcrafted.control.processes.process import Process
from handcrafted.control.structure import ControlStructure
from handcrafted.rollout.world import ACTION, PROCESS, World, world_of

HORIZON = 64
"""Steps for which the processes run after the action was raised; it stays raised."""

TRIALS = 16
"""States and actions from which they run."""

FLOOR = 1e-6
"""Changes below this share of the largest value are rounding."""


def process_edges(structure: ControlStructure, seed: int = 0) -> tuple[Edge, ...]:
    """Give an edge from each output of the network to each input that it moves through the processes.

    Formula: from each of 16 random states, all actions held, one of them raised from then on: the lag is the first
        step at which any measurement differs, the sign that of all differences up to 64 steps later, 0 if they differ.
    Source: step responses, as in system identification.
    Error: blind to what shows later than 64 steps, or only in states that were not tried.
    """
    world = world_of(structure)
    return tuple(edge for owner in world.processes for edge in _edges(structure, world, owner, seed))


def _edges(structure: ControlStructure, world: World, owner: str, seed: int) -> Iterator[Edge]:
    domains = {link.id.name: link.domain for link in structure.resolved.links if link.id.receiver == owner}
    rng = np.random.default_rng(seed)
    draws = [{name: _draw(domains[name], rng) for name in world.actions[owner]} for _ in range(TRIALS)]
    low, high = (_stacked([{name: pair[i] for name, pair in draw.items()} for draw in draws]) for i in (0, 1))
    states = _stacked([_start(structure, world, owner, rng) for _ in range(TRIALS)])
    usual = _run(world.processes[owner], states, low)
    for name, sources in world.actions[owner].items():
        outputs = [source.signal for source in sources if source.kind == ACTION]
        if not outputs:
            continue
        lifted = _run(world.processes[owner], states, {**low, name: high[name]})
        for measured, source in world.measurements.items():
            if source.kind == PROCESS and source.signal.owner == owner:
                given = source.signal.name
                yield from _edge(outputs, measured, _number(lifted[given]) - _number(usual[given]))


def _stacked(rows: list[Mapping]) -> Mapping:
    return jax.tree.map(lambda *values: np.stack(values), *rows)


def _edge(outputs: list[Signal], measured: Signal, effect: np.ndarray) -> Iterator[Edge]:
    """Make the edges of one action and one measurement from the differences [trial, step]."""
    moved = np.abs(effect) > FLOOR * max(1.0, float(np.abs(effect).max()))
    if not moved.any():
        return
    signs = np.unique(np.sign(effect[moved]))
    lag = int(np.flatnonzero(moved.any(axis=0))[0])
    for output in outputs:
        yield Edge(output, measured, lag, int(signs[0]) if len(signs) == 1 else 0)


def _draw(domain: Domain, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give a low and a high value of an action: two places in its range, or two of its words."""
    if domain.discrete:
        low, high = sorted(rng.choice(domain.width, 2, replace=domain.width < 2))
        return tuple(np.eye(domain.width, dtype=np.float32)[[low, high]])
    low, high = np.sort(rng.uniform(domain.low, domain.high, 2)).astype(np.float32)
    return low, high


def _start(structure: ControlStructure, world: World, owner: str, rng: np.random.Generator) -> Mapping:
    """Give a state: real ones that a feedback carries anywhere in its range, words any, all others as declared."""
    links = {link.id.name: link.domain for link in structure.resolved.links if link.id.sender == owner}
    state = {}
    for name, first in world.processes[owner].initial.items():
        domain = links.get(name)
        if domain is None:
            state[name] = first
        elif domain.discrete:
            state[name] = np.eye(domain.width, dtype=np.float32)[rng.integers(domain.width)]
        else:
            state[name] = np.float32(rng.uniform(domain.low, domain.high))
    return state


@partial(jax.jit, static_argnums=0)
def _run(process: Process, states: Mapping, actions: Mapping) -> Mapping:
    """Give what a process is seen to do [trial, step, …] with its actions held, undisturbed."""

    def trial(state: Mapping, held: Mapping) -> Mapping:
        def one(now: Mapping, _: None) -> tuple[Mapping, Mapping]:
            return process.advance(now, held, jnp.float32(0)), process.observe(now)

        return jax.lax.scan(one, dict(state), None, length=HORIZON)[1]

    return jax.vmap(trial)(states, actions)


def _number(values: Any) -> np.ndarray:
    """Give [trial, step]; words count by their place in the list."""
    values = np.asarray(values)
    return values if values.ndim == 2 else values @ np.arange(values.shape[-1])
