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
from handcrafted.readout.subject import FLOOR, Subject

LAG_FLOOR = 0.01
"""A lag counts from this attention weight on."""


@dataclass(frozen=True)
class Path:
    """One component as seen by the stream.

    Attributes:
        read: [d_model, r], what it reads.
        write: [w, d_model], what it writes.
        through: [r, w] matrix from what it reads to what it writes where it is linear, else None.
        seen: the last half-layer whose writing it can read.
        written: the half-layer in which it writes.
        lags: at which lags it reads, with their weights.
    """

    name: str
    read: np.ndarray
    write: np.ndarray
    through: np.ndarray | None
    seen: int
    written: int
    lags: tuple[tuple[int, float], ...] = ((0, 1.0),)


def lags_of(weights: Weights, layer: int, head: int, window: int) -> tuple[tuple[int, float], ...]:
    """Give the lags at which a head looks by position alone, with their attention weights."""
    query, key = weights.b_Q[layer, head].astype(float), weights.b_K[layer, head].astype(float)
    return looks_back(query / np.sqrt(len(query)), key, window)


def looks_back(
    query: np.ndarray, key: np.ndarray, window: int, floor: float = LAG_FLOOR
) -> tuple[tuple[int, float], ...]:
    """Give the lags to which a query and a key that are the same at every step lead, with their attention weights.

    Lags with a weight of at most `floor` are left out.

    Formula: softmax over j of (R(j) q) . k, in float64, with the root of d_head already in q.
    """
    j = np.arange(window)
    turned = (np.cos(j) * query[0] - np.sin(j) * query[1]) * key[0]
    turned += (np.sin(j) * query[0] + np.cos(j) * query[1]) * key[1]
    scores = turned + query[2:] @ key[2:]
    pattern = np.exp(scores - scores.max())
    pattern /= pattern.sum()
    return tuple((int(lag), float(pattern[lag])) for lag in np.flatnonzero(pattern > floor))


def paths_of(subject: Subject) -> Iterator[Path]:
    """Give the path through every head and every group of neurons of a layer that write something."""
    weights, size = subject.weights, subject.weights.sizes
    for layer in range(size["layer"]):
        for head in range(size["head"]):
            yield from _head(subject, layer, head)
        for neuron in np.flatnonzero(np.any(weights.W_out[layer] != 0, axis=1)):
            read, write = weights.W_in[layer][:, [neuron]], weights.W_out[layer][[neuron]]
            yield Path(f"L{layer}N{neuron}", read, write, None, 2 * layer + 1, 2 * layer + 2)


def _head(subject: Subject, layer: int, head: int) -> Iterator[Path]:
    w = subject.weights
    out = w.W_O[layer, head]
    if not np.any(out):
        return
    name, seen, written = f"L{layer}H{head}", 2 * layer, 2 * layer + 1
    lags = lags_of(w, layer, head, subject.window)
    yield Path(name, w.W_V[layer, head], out, np.eye(len(out)), seen, written, lags)
    scores = np.concatenate([w.W_Q[layer, head], w.W_K[layer, head]], axis=1)
    if np.any(scores):
        yield Path(f"{name} score", scores, out, None, seen, written)


def transfer(path: Path, source: np.ndarray, target: np.ndarray) -> np.ndarray | None:
    """Give the matrix [source, target] by which a linear path carries one subspace to another, else None."""
    if path.through is None:
        return None
    return path.read[source] @ path.through @ path.write[:, target]


def reads(path: Path, subject: Subject) -> list[tuple[Signal, np.ndarray]]:
    """Give the subspaces that a path reads."""
    strength = subject.indicator @ np.abs(path.read).max(axis=1, initial=0)
    return _chosen(subject, strength)


def writes(path: Path, subject: Subject) -> list[tuple[Signal, np.ndarray]]:
    """Give the subspaces that a path writes."""
    strength = subject.indicator @ np.abs(path.write).max(axis=0, initial=0)
    return _chosen(subject, strength)


def _chosen(subject: Subject, strength: np.ndarray) -> list[tuple[Signal, np.ndarray]]:
    spaces = list(subject.spaces.items())
    return [spaces[i] for i in np.flatnonzero(strength > FLOOR)]
