"""Every way through one component: which coordinates it reads, which it writes, and how much passes.

A head is split into its value path (what it moves) and its score path (where it looks); wires are the rows of the
embedding, the columns of the unembedding, and the recurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.weights import Weights
from handcrafted.readout.target import TargetNetwork
from handcrafted.readout.tolerances import LAG_FLOOR


@dataclass(frozen=True)
class Path:
    """One component as seen by the stream, in float64.

    Attributes:
        read: [d_model, r], what it reads.
        write: [w, d_model], what it writes.
        most: the largest size of each row that it writes [w].
        through: [r, w] matrix from what it reads to what it writes where it is linear, else None.
        seen: the last half-layer whose writing it can read.
        written: the half-layer in which it writes.
        lags: at which lags it reads, with their weights.
        gap: of a score, by how much the lag that position alone chooses leads all others together.
    """

    name: str
    read: np.ndarray
    write: np.ndarray
    most: np.ndarray
    through: np.ndarray | None
    seen: int
    written: int
    lags: tuple[tuple[int, float], ...] = ((0, 1.0),)
    gap: float = 0.0


def lags_of(weights: Weights, layer: int, head: int, window: int) -> tuple[tuple[int, float], ...]:
    """Return the lags at which a head looks by position alone, with their attention weights."""
    query, key = weights.b_Q[layer, head].astype(float), weights.b_K[layer, head].astype(float)
    return looks_back(query / np.sqrt(len(query)), key, window, LAG_FLOOR)


def looks_back(query: np.ndarray, key: np.ndarray, window: int, floor: float) -> tuple[tuple[int, float], ...]:
    """Return the lags to which a query and a key that are the same at every step lead, with their attention weights.

    Lags with a weight of at most `floor` are left out.

    Formula: softmax over j of (R(j) q) . k, in float64, with the root of d_head already in q.
    """
    scores = _scores(query, key, window)
    pattern = np.exp(scores - scores.max())
    pattern /= pattern.sum()
    return tuple((int(lag), float(pattern[lag])) for lag in np.flatnonzero(pattern > floor))


def _scores(query: np.ndarray, key: np.ndarray, window: int) -> np.ndarray:
    """Return the score of each lag [window]: (R(j) q) . k."""
    j = np.arange(window)
    turned = (np.cos(j) * query[0] - np.sin(j) * query[1]) * key[0]
    turned += (np.sin(j) * query[0] + np.cos(j) * query[1]) * key[1]
    return turned + query[2:] @ key[2:]


def paths_of(subject: TargetNetwork) -> Iterator[Path]:
    """Return the path through every head and every group of neurons of a layer that write something."""
    weights, size = subject.weights, subject.weights.sizes
    for layer in range(size["layer"]):
        for head in range(size["head"]):
            yield from paths_of_head(subject, layer, head)
        for neuron in np.flatnonzero(np.any(weights.W_out[layer] != 0, axis=1)):
            sides = _exact(weights.W_in[layer][:, [neuron]]), _exact(weights.W_out[layer][[neuron]])
            most = subject.scale.neurons[layer, [neuron]]
            yield Path(f"L{layer}N{neuron}", *sides, most, None, 2 * layer + 1, 2 * layer + 2)


def _exact(array: np.ndarray) -> np.ndarray:
    return array.astype(float)


def paths_of_head(subject: TargetNetwork, layer: int, head: int) -> Iterator[Path]:
    """Return what a head moves, and where it attends by content also what steers it."""
    w, scale, at = subject.weights, subject.scale, (layer, head)
    out = _exact(w.W_O[at])
    if not np.any(out):
        return
    name, seen, written = f"L{layer}H{head}", 2 * layer, 2 * layer + 1
    lags = lags_of(w, layer, head, subject.window)
    yield Path(name, _exact(w.W_V[at]), out, scale.heads[at], np.eye(len(out)), seen, written, lags)
    root = np.sqrt(len(out))
    parts = [_exact(w.W_Q[at]) * scale.keys[at] / root, _exact(w.W_K[at]) * scale.queries[at] / root]
    read = np.concatenate(parts, axis=1)
    if np.any(read):
        ranked = np.sort(_scores(_exact(w.b_Q[at]) / root, _exact(w.b_K[at]), subject.window))
        gap = float(ranked[-1] - ranked[-2] - np.log(len(ranked))) if len(ranked) > 1 else 0.0
        yield Path(f"{name} score", read, out, scale.heads[at], None, seen, written, gap=gap)


def transfer(path: Path, source: np.ndarray, target: np.ndarray) -> np.ndarray | None:
    """Return the matrix [source, target] by which a linear path carries one subspace to another, else None."""
    if path.through is None:
        return None
    return path.read[source] @ path.through @ path.write[:, target]


Join = tuple[Signal, np.ndarray, Signal, np.ndarray]
"""What is read, with its places, and what is written, with its places."""


def joins(path: Path, subject: TargetNetwork) -> list[Join]:
    """Return the pairs of subspaces between which a path carries more than rounding.

    Formula: |x_u| |R_u W_v| > 2^-20 |x_v|, x at its largest: what is read at its full size, times the weights that
        read, times those that write. Of a score that x_u moves by d: the share of attention that moves, at most
        2 d min(1, exp(2 d - gap)) of 1, times all that the head can write.
    """
    rows, columns = np.flatnonzero(np.any(path.read, axis=1)), np.flatnonzero(np.any(path.write, axis=0))
    carried = _carried(path, subject.scale.reach[rows], rows, columns)
    live = carried > subject.scale.floor[columns]
    spaces, owner = list(subject.spaces.items()), subject.owner
    at, to = np.nonzero(live)
    pairs = sorted(set(zip(owner[rows[at]].tolist(), owner[columns[to]].tolist(), strict=True)))
    return [(*spaces[u], *spaces[v]) for u, v in pairs]


def _carried(path: Path, reach: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the most that passes from each coordinate that is read to each that is written [row, column]."""
    read, write = path.read[rows], path.write[:, columns]
    if path.through is not None:
        return reach[:, None] * np.abs(read @ path.through @ write)
    if not path.name.endswith("score"):
        return np.outer(reach * np.abs(read).max(axis=1, initial=0), np.abs(write).max(axis=0, initial=0))
    strength = reach * np.abs(read).sum(axis=1)
    left = np.exp(np.minimum(2 * strength - path.gap, 0.0))  # off the lag that leads
    return np.outer(np.minimum(2 * strength * left, 1.0), path.most @ np.abs(write))
