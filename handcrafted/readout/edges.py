"""Edges of a signal-flow graph from what moves: contrasts, and what lies downstream of a subspace."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import OUTPUT, Edge, Signal, SignalGraph
from handcrafted.model.arrays import Array, block
from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.edit import EdgeEdit, Edit
from handcrafted.model.names import Names
from handcrafted.model.padding import widened
from handcrafted.model.run import run
from handcrafted.readout.target import TargetNetwork, numbers_of
from handcrafted.readout.tolerances import FLOOR, GAIN_TOLERANCE

MAX_CONTEXTS = 64


def contexts(domains: list[Domain], seed: int, most: int = MAX_CONTEXTS) -> list[np.ndarray]:
    """Return the coordinates [context, width] of each signal: all combinations of words and grid points, or a sample.

    Args:
        domains: of the signals.
        seed: of the sample.
        most: up to how many combinations all are given; beyond it, and for what has no grid, `MAX_CONTEXTS` at random.
    """
    points = [domain.points(most) for domain in domains]
    if domains and math.prod(len(block) if block is not None else np.inf for block in points) <= most:
        rows = np.array(list(itertools.product(*(range(len(block)) for block in points if block is not None))))
        return [block[rows[:, i]] for i, block in enumerate(points) if block is not None]
    rng = np.random.default_rng(seed)
    return [drawn(domain, MAX_CONTEXTS, rng) for domain in domains]


def drawn(domain: Domain, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw values of a domain [count, width]."""
    if domain.discrete:
        return np.eye(domain.width)[rng.integers(domain.width, size=count)]
    return domain.rounded(rng.uniform(domain.low, domain.high, (count, domain.width)))


def sequences(names: Names, time: int, seed: int) -> np.ndarray:
    """Return inputs [context, time, n_in]: each context at the first step, other contexts in random order after it."""
    signals: dict[Signal, np.ndarray] = names.input_signals
    blocks = contexts([names.domain(signal) for signal in signals], seed)
    count = len(blocks[0]) if blocks else 1
    now = np.zeros((count, len(names.inputs)), np.float32)
    for places, values in zip(signals.values(), blocks, strict=True):
        now[:, places] = values
    rng = np.random.default_rng(seed)
    later = [now[rng.permutation(count)] for _ in range(time - 1)]
    return np.stack([now, *later], axis=1)


def declared_values(
    subject: TargetNetwork, runs: int, d_model: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a value of every subspace of known domain [run, d_model]; also say where one is known [d_model]."""
    values, known = np.zeros((runs, d_model)), np.zeros(d_model, bool)
    for signal, domain in subject.names.declared.items():
        at = subject.spaces[signal]
        values[:, at], known[at] = drawn(domain, runs, rng), True
    return values, known


def usual(values: np.ndarray) -> np.ndarray:
    """Return the root mean square over runs and steps, scaled so that no square overflows."""
    most = np.abs(values).max(axis=(0, 1))
    scaled = values / np.where(most > 0, most, np.float32(1))
    return np.sqrt(np.mean(scaled**2, axis=(0, 1), dtype=float)) * most


def within(values: np.ndarray) -> np.ndarray:
    """Return values in float32, what is too large for it as its largest number."""
    most = float(np.finfo(np.float32).max)
    return np.clip(values, -most, most).astype(np.float32)


def edge(
    source: Signal, target: Signal, lag: int, matrix: np.ndarray | None, live: np.ndarray | None = None, **evidence: Any
) -> Edge:
    """Make an edge; a transfer matrix that is a multiple of the identity becomes its gain, else the sign is 0.

    Args:
        source: where it comes from.
        target: where it goes.
        lag: after how many steps it arrives.
        matrix: [source, target] where it is linear, else None.
        live: which source coordinates ever change [source]; the others say nothing about the gain.
        evidence: what was seen.
    """
    if matrix is None:
        return Edge(source, target, lag, evidence=evidence)
    sign, gain = sign_and_gain(matrix, live)
    return Edge(source, target, lag, sign, gain, {**evidence, "transfer": _printed(matrix)})


def _printed(matrix: np.ndarray) -> list[list[float]]:
    """Return a matrix in six digits."""
    return [[float(f"{value:.6g}") for value in row] for row in np.asarray(matrix).tolist()]


def sign_and_gain(matrix: np.ndarray, live: np.ndarray | None = None) -> tuple[int, float | None]:
    """Return (sign, gain) of a multiple of the identity, and (0, None) of any other matrix; dead rows do not count."""
    if matrix.shape[0] != matrix.shape[1]:
        return 0, None
    rows = np.ones(len(matrix), bool) if live is None else live
    gain = float(np.mean(np.diag(matrix)[rows])) if rows.any() else 0.0
    if not np.abs(matrix - gain * np.eye(len(matrix)))[rows].max(initial=0) <= GAIN_TOLERANCE * abs(gain):
        return 0, None
    return int(np.sign(gain)), gain


def direction(change: np.ndarray, effect: np.ndarray, floor: float) -> int | None:
    """Return the sign of a response that only ever rises (+1) or falls (-1) with its source, 0 where it does both.

    Words count by their place in the list, so that a sign means: later words rather than earlier ones. None where
    nothing that varies shows it.

    Args:
        change: of the source [run, source].
        effect: on the target [run, target].
        floor: effects up to it are rounding.
    """
    along = (change @ np.arange(1, change.shape[1] + 1)) * (effect @ np.arange(1, effect.shape[1] + 1))
    clear = along[(np.abs(effect).max(axis=1) > floor) & (np.abs(along) > floor * floor)]
    if not clear.size:
        return None
    return int(np.sign(clear[0])) if np.all(np.sign(clear) == np.sign(clear[0])) else 0


def wires(subject: TargetNetwork) -> Iterator[tuple[Signal, Signal, int, np.ndarray]]:
    """Return what the embedding, the unembedding and the recurrence connect: (source, target, lag, matrix).

    Formula: |x_u| |W| > 2^-20 |x_v|, x at its largest.
    """
    ends, names, spaces, scale = subject.parts.ends, subject.names, subject.spaces, subject.scale
    yield from _wired(ends.embedding, names.input_signals, spaces, scale.inputs, scale.floor, 0)
    outputs = _wired(ends.unembedding, spaces, names.output_signals, scale.reach, FLOOR * scale.outputs, 0)
    order = {target: i for i, target in enumerate(names.output_signals)}
    yield from sorted(outputs, key=lambda one: order[one[1]])
    yield from _wired(ends.recurrence, spaces, spaces, scale.reach, scale.floor, 1)


Places = Mapping[Signal, np.ndarray]


def _wired(
    array: Array, sources: Places, targets: Places, reach: np.ndarray, floor: np.ndarray, lag: int
) -> Iterator[tuple[Signal, Signal, int, np.ndarray]]:
    """Return what a matrix connects, by source and then by target."""
    at, to = array.nonzero()
    live = reach[at] * np.abs(array[at, to].astype(float)) > floor[to]
    pairs = zip(numbers_of(sources)[at[live]].tolist(), numbers_of(targets)[to[live]].tolist(), strict=True)
    known, reached = list(sources.items()), list(targets.items())
    for i, j in sorted(set(pairs)):
        (source, places), (target, columns) = known[i], reached[j]
        yield source, target, lag, block(array, places, columns)


CONTROLS = 16
"""How many pairs that are no edges are patched as a control."""

RUNS, TOGETHER = 8, 32
"""Runs in which each pair is patched, and pairs that one compiled call takes."""

Pair = tuple[Signal, Signal]


def output_effects(subject: TargetNetwork, pairs: Sequence[Pair]) -> np.ndarray:
    """The largest change of any output [pair] when the readers that write the second signal see the first swapped.

    Formula: the readers' input changes by u(x') - u(x), with x' another run; everything after them runs on.
    Source: Wang et al. 2022, Interpretability in the Wild (path patching).
    Error: exact.
    """
    if not pairs or not subject.names.outputs:
        return np.zeros(len(pairs))
    inputs = sequences(subject.names, 2, subject.seed)
    inputs = widened(np.tile(inputs, (-(-RUNS // len(inputs)), 1, 1))[:RUNS], subject.running.sizes["n_in"])
    outputs, seen = subject.run(inputs, wanted=("final",))
    order = np.random.default_rng(subject.seed).permutation(len(inputs))
    change = seen["final"][order] - seen["final"]
    found = []
    together = TOGETHER if subject.compiled else len(pairs)
    for first in range(0, len(pairs), together):
        some = pairs[first : first + together]
        filled = [*some, *[some[-1]] * (TOGETHER - len(some) if subject.compiled else 0)]
        edges = EdgeEdit(*(np.stack(rows) for rows in zip(*(_edge(subject, pair) for pair in filled), strict=True)))
        found.append(_moved(subject, inputs, outputs, change, edges)[: len(some)])
    return np.concatenate(found)


def _moved(
    subject: TargetNetwork, inputs: np.ndarray, outputs: np.ndarray, change: np.ndarray, edges: EdgeEdit
) -> np.ndarray:
    """Return the largest change of any output [pair] where chosen readers see chosen coordinates changed."""
    if subject.compiled:
        from handcrafted.readout.edges_compiled import moved

        return moved(subject.running, inputs, outputs, change, edges, subject.window)
    delta, *seen_by = (part[:, None, None] for part in edges)  # an axis of runs, and one of time
    edit = Edit(edge=EdgeEdit(change * delta, *seen_by))
    return np.abs(run(subject.running, inputs, None, subject.window, edit, wanted=())[0] - outputs).max(axis=(1, 2, 3))


def _edge(subject: TargetNetwork, pair: Pair) -> EdgeEdit:
    """Say which coordinates change (in place of the change itself) and which readers see it."""
    source, target = pair
    w, size = subject.running, subject.running.sizes
    outputs = np.zeros(size["n_out"], np.float32)
    if target.role == OUTPUT:
        outputs[subject.names.output_signals[target]] = 1
    at = subject.spaces.get(target, np.zeros(0, int))
    heads = np.any(heads_of(w).output[..., at] != 0, axis=(2, 3)).astype(np.float32)
    neurons = np.any(neurons_of(w).out[..., at] != 0, axis=2).astype(np.float32)
    carry = np.float32(np.any(ends_of(w).recurrence[:, at] != 0))
    mask = np.zeros(size["d_model"], np.float32)
    mask[subject.spaces[source]] = 1
    return EdgeEdit(mask, heads, neurons, outputs, carry)


def no_edges(subject: TargetNetwork, graph: SignalGraph) -> list[Pair]:
    """Draw a sample of pairs of subspaces between which the graph has no edge."""
    wired = {(edge.source, edge.target) for edge in graph.edges}
    pairs = [(u, v) for u in subject.spaces for v in subject.spaces if u != v and (u, v) not in wired]
    chosen = np.random.default_rng(subject.seed).permutation(len(pairs))[:CONTROLS]
    return [pairs[i] for i in chosen]
