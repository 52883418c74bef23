"""Every way through one component: which coordinates it reads, which it writes, and how much passes.

A head is split into its value path (what it moves) and its score path (where it looks); wires are the rows of the
embedding, the columns of the unembedding, and the recurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.arrays import block
from handcrafted.model.component import Component
from handcrafted.readout.target import TargetNetwork
from handcrafted.readout.tolerances import LAG_FLOOR


@dataclass(frozen=True)
class Path:
    """One component as seen by the stream, in float64.

    Attributes:
        rows: the coordinates that it reads, in order.
        read: what it reads of each [row, r].
        columns: the coordinates that it writes, in order.
        write: what it writes to each [w, column].
        most: the largest size of each row that it writes [w].
        through: [r, w] matrix from what it reads to what it writes where it is linear, else None.
        seen: the last half-layer whose writing it can read.
        written: the half-layer in which it writes.
        lags: at which lags it reads, with their weights.
        gap: of a score, by how much the lag that position alone chooses leads all others together.
    """

    name: str
    rows: np.ndarray
    read: np.ndarray
    columns: np.ndarray
    write: np.ndarray
    most: np.ndarray
    through: np.ndarray | None
    seen: int
    written: int
    lags: tuple[tuple[int, float], ...] = ((0, 1.0),)
    gap: float = 0.0

    def reading(self, at: np.ndarray) -> np.ndarray:
        """Return what it reads at some coordinates [at, r]."""
        return _taken(self.read, self.rows, at)

    def writing(self, to: np.ndarray) -> np.ndarray:
        """Return what it writes to some coordinates [w, to]."""
        return _taken(self.write.T, self.columns, to).T


def _taken(block: np.ndarray, places: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return the rows of a block that stand at some places, 0 at others."""
    found = np.zeros((len(at), block.shape[1]))
    where = np.searchsorted(places, at)
    held = np.isin(at, places)
    found[held] = block[where[held]]
    return found


def paths_of(subject: TargetNetwork) -> Iterator[Path]:
    """Return the path through every head and every neuron that writes something."""
    for one in subject.parts.writers:
        yield from paths_of_head(subject, one) if one.attention else (_of_neuron(subject, one),)


def _of_neuron(subject: TargetNetwork, neuron: Component) -> Path:
    most = subject.scale.neurons[neuron.ref.layer, [neuron.ref.index]]
    return Path(str(neuron), *_reading(neuron), *_writing(neuron), most, None, neuron.seen, neuron.written)


def _reading(one: Component) -> tuple[np.ndarray, np.ndarray]:
    return one.reads, block(one.into, one.reads, np.arange(len(one.bias)))


def _writing(one: Component) -> tuple[np.ndarray, np.ndarray]:
    return one.writes, block(one.out, np.arange(len(one.bias)), one.writes)


def paths_of_head(subject: TargetNetwork, head: Component) -> Iterator[Path]:
    """Return what a head moves, and where it attends by content also what steers it."""
    scale, at, looks, (columns, out) = subject.scale, head.ref[1:], head.attention, _writing(head)
    if looks is None or not len(columns):
        return
    name, when, most = str(head), (head.seen, head.written), scale.heads[at]
    lags = looks.lags(subject.window, LAG_FLOOR)
    yield Path(name, *_reading(head), columns, out, most, np.eye(len(out)), *when, lags)
    if not looks.by_content:
        return
    rows, root = np.union1d(looks.query.nonzero()[0], looks.key.nonzero()[0]), np.sqrt(len(out))
    parts = (block(kernel, rows, np.arange(len(out))) for kernel in (looks.query, looks.key))
    sizes = scale.keys[at] / root, scale.queries[at] / root
    read = np.concatenate([part * size for part, size in zip(parts, sizes, strict=True)], axis=1)
    ranked = np.sort(looks.scores(subject.window))
    gap = float(ranked[-1] - ranked[-2] - np.log(len(ranked))) if len(ranked) > 1 else 0.0
    yield Path(f"{name} score", rows, read, columns, out, most, None, *when, gap=gap)


def transfer(path: Path, source: np.ndarray, target: np.ndarray) -> np.ndarray | None:
    """Return the matrix [source, target] by which a linear path carries one subspace to another, else None."""
    if path.through is None:
        return None
    return path.reading(source) @ path.through @ path.writing(target)


Join = tuple[Signal, np.ndarray, Signal, np.ndarray]
"""What is read, with its places, and what is written, with its places."""


def joins(path: Path, subject: TargetNetwork) -> list[Join]:
    """Return the pairs of subspaces between which a path carries more than rounding.

    Formula: |x_u| |R_u W_v| > 2^-20 |x_v|, x at its largest: what is read at its full size, times the weights that
        read, times those that write. Of a score that x_u moves by d: the share of attention that moves, at most
        2 d min(1, exp(2 d - gap)) of 1, times all that the head can write.
    """
    spaces, owner = subject.numbered, subject.owner
    at, to = np.nonzero(_carried(path, subject.scale.reach[path.rows]) > subject.scale.floor[path.columns])
    pairs = sorted(set(zip(owner[path.rows[at]].tolist(), owner[path.columns[to]].tolist(), strict=True)))
    return [(*spaces[u], *spaces[v]) for u, v in pairs]


def _carried(path: Path, reach: np.ndarray) -> np.ndarray:
    """Return the most that passes from each coordinate that is read to each that is written [row, column]."""
    read, write = path.read, path.write
    if path.through is not None:
        return reach[:, None] * np.abs(read @ path.through @ write)
    if not path.name.endswith("score"):
        return np.outer(reach * np.abs(read).max(axis=1, initial=0), np.abs(write).max(axis=0, initial=0))
    strength = reach * np.abs(read).sum(axis=1)
    left = np.exp(np.minimum(2 * strength - path.gap, 0.0))  # off the lag that leads
    return np.outer(np.minimum(2 * strength * left, 1.0), path.most @ np.abs(write))
