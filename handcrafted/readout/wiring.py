"""The wiring readout: compositions of the matrices of a writer and of a later reader, straight and through `W_R`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal, SignalGraph
from handcrafted.model.arrays import Array
from handcrafted.model.component import END_ARRAYS
from handcrafted.readout.edges import edge, wires
from handcrafted.readout.paths import Path, joins, paths_of, transfer
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork
from handcrafted.readout.tolerances import COMPOSITION_FLOOR, FLOOR


@register("wiring", kind="structural", required=True)
def wiring(subject: TargetNetwork) -> SignalGraph:
    """Draw an edge u -> v where an earlier writer of u composes with a reader of u that writes v.

    Formula: |W_a[:, u] R_b[u, :]| / (|W_a[:, u]| |R_b[u, :]|) > 2^-17, writer a before reader b; a at its largest gives
        the reader more than 2^-20 of what u at its largest does; and b can carry more than rounding to v, see `joins`.
        The recurrence gives edges of lag 1, a head that looks k steps back edges of lag k. Where the way is linear,
        the matrix from u to v is the product of the arrays along it.
    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (composition scores).
    Error: none on hand-set weights; wired is not used: an edge that a dead neuron carries is drawn all the same.
    """
    paths = list(paths_of(subject))
    written = _Writers(subject, paths)
    carried: dict[tuple[Signal, Signal, int], list] = defaultdict(list)
    for path in paths:
        for source, at, target, to in joins(path, subject):
            strength = written.reach(source, path.reading(at), path.seen)
            if not strength:
                continue
            matrix = transfer(path, at, to)
            through = strength * float(np.linalg.norm(path.writing(to)))
            for lag, weight in path.lags:
                scaled = None if matrix is None else weight * matrix
                carried[source, target, lag].append((path.name, scaled, weight * through))
    return SignalGraph(subject.spaces, [*_wire_edges(subject, written), *_sum_up(carried)])


def _sum_up(carried: dict[tuple[Signal, Signal, int], list]) -> Iterable[Edge]:
    for (source, target, lag), ways in carried.items():
        matrices = [matrix for _, matrix, _ in ways]
        linear = all(matrix is not None for matrix in matrices)
        seen = {"components": [name for name, *_ in ways], "strength": max(strength for *_, strength in ways)}
        yield edge(source, target, lag, np.sum(matrices, axis=0) if linear else None, **seen)


def _wire_edges(subject: TargetNetwork, written: _Writers) -> Iterable[Edge]:
    """Wires count where something writes what they read; the embedding's inputs come from outside."""
    last = subject.parts.last
    for source, target, lag, matrix in wires(subject):
        if source.role == INPUT or written.reach(source, matrix, last):
            name = END_ARRAYS
            inside = name.unembedding if target.role == OUTPUT else name.recurrence
            array = name.embedding if source.role == INPUT else inside
            yield edge(source, target, lag, matrix, components=[array], strength=float(np.abs(matrix).max()))


class _Writers:
    """All that is written to the stream, entry by entry at their largest, with the half-layer in which they are."""

    def __init__(self, subject: TargetNetwork, paths: list[Path]):
        parts, scale = subject.parts, subject.scale
        live = [path for path in paths if not path.name.endswith("score")]
        found = [(*_entries(parts.ends.embedding, scale.inputs), 0), (*_entries(parts.ends.recurrence, scale.reach), 0)]
        found += [(*_entries(constant.reshape(1, -1), np.ones(1)), time) for time, constant in parts.constants]
        for path in live:
            most = np.where(path.most > 0, path.most, 1.0)  # a constant may be 0
            at, to = path.write.nonzero()
            found.append((len(path.write), at, path.columns[to], path.write[at, to] * most[at], path.written))
        starts = np.cumsum([0, *(count for count, *_ in found)])
        rows = np.concatenate([start + one[1] for start, one in zip(starts, found, strict=False)])
        columns, values = (np.concatenate([one[i] for one in found]) for i in (2, 3))
        self.times = np.repeat([one[4] for one in found], [one[0] for one in found])
        order = np.lexsort((rows, columns))
        self.rows, self.values = rows[order], values[order]
        self.starts = np.searchsorted(columns[order], np.arange(len(subject.names.residual) + 1))
        self.subject = subject
        self.cache: dict[Signal, tuple] = {}

    def _written(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what is written to some coordinates [row, place], of rows in which anything is, and when."""
        ends = zip(self.starts[places].tolist(), self.starts[places + 1].tolist(), strict=True)
        at = [np.arange(first, last) for first, last in ends]
        alive = np.unique(self.rows[np.concatenate(at)])
        block = np.zeros((len(alive), len(places)))
        for column, entries in enumerate(at):
            block[np.searchsorted(alive, self.rows[entries]), column] = self.values[entries]
        return block, self.times[alive]

    def reach(self, source: Signal, reader: np.ndarray, seen: int) -> float:
        """Return the largest product of a reader [source, r] with what is written by half-layer `seen`."""
        at = self.subject.spaces[source]
        if source not in self.cache:
            self.cache[source] = self._written(at)
        rows, times = self.cache[source]
        early = rows[times <= seen]
        product = _norms(early @ reader)
        norms = _norms(early) * float(_norms(reader.reshape(1, -1))[0])
        floor = FLOOR * float((self.subject.scale.size[at] @ np.abs(reader)).max(initial=0))
        return float(product.max(initial=0, where=(product > floor) & (product > COMPOSITION_FLOOR * norms)))


def _entries(array: Array, most: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Return how many rows a matrix has, and of each entry that is not 0 its row, its column and its largest size."""
    at, to = array.nonzero()
    return len(array), at, to, array[at, to].astype(float) * most[at]


def _norms(rows: np.ndarray) -> np.ndarray:
    """Return the norm of each row, scaled so that no square overflows."""
    most = float(np.abs(rows).max(initial=0)) or 1.0
    return np.linalg.norm(rows / most, axis=1) * most
