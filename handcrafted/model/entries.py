"""Which entries of the raw arrays belong to one circuit, or to what enters, leaves and goes round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handcrafted.model.arrays import on_host
from handcrafted.model.component import (
    END_ARRAYS,
    HEAD_ARRAYS,
    NEURON_ARRAYS,
    EndArrays,
    HeadArrays,
    NeuronArrays,
)
from handcrafted.model.layout import ATTENTION, Placement
from handcrafted.model.names import Names
from handcrafted.model.sparse_array import SparseArray
from handcrafted.model.weights import Weights

Positions = Sequence[int] | np.ndarray


@dataclass(frozen=True, eq=False)
class EntryBlock:
    """A block of one array.

    Attributes:
        array: which.
        axes: the positions along each of its axes.
    """

    array: str
    axes: tuple[np.ndarray, ...]

    @property
    def index(self) -> tuple[np.ndarray, ...]:
        """What to index the array by."""
        return np.ix_(*self.axes)

    def values(self, weights: Weights) -> np.ndarray:
        """Return what stands there, an axis for each axis of the array."""
        return on_host(weights[self.array])[self.index]

    def set(self, weights: Weights, values: Any) -> None:
        """Write there what has an axis for each axis of the array, or one number for all."""
        array = weights[self.array]
        if isinstance(array, SparseArray):
            array.write(self.axes, values)
        else:
            array[self.index] = values

    def at(self, axis: int, place: int) -> EntryBlock:
        """Return the part of it at one position along an axis."""
        axes = list(self.axes)
        axes[axis] = np.array([place])
        return EntryBlock(self.array, tuple(axes))

    def __str__(self) -> str:
        return f"{self.array}[{', '.join(map(_positions, self.axes))}]"


def _positions(axis: np.ndarray) -> str:
    """Write positions as `3`, `3-5` or `3, 7`."""
    numbers = axis.tolist()
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return str(numbers[0]) if len(numbers) == 1 else f"({', '.join(map(str, numbers))})"


def _block(array: str, *axes: Positions) -> EntryBlock:
    return EntryBlock(array, tuple(axis if isinstance(axis, np.ndarray) else np.array(axis, int) for axis in axes))


def head_entries(layer: int, heads: Positions, reads: Positions, dims: Positions, writes: Positions) -> HeadArrays:
    """Return the entries of some dimensions of some heads of a layer, as `EntryBlock`s."""
    name, at = HEAD_ARRAYS, ([layer], heads)
    kernels = (_block(array, *at, reads, dims) for array in (name.query, name.key, name.value))
    biases = (_block(array, *at, dims) for array in (name.query_bias, name.key_bias, name.value_bias))
    ends = _block(name.output, *at, dims, writes), _block(name.constant, [layer], writes)
    return HeadArrays._make((*kernels, *biases, *ends))


def neuron_entries(layer: int, neurons: Positions, reads: Positions, writes: Positions) -> NeuronArrays:
    """Return the entries of some neurons of a layer, as `EntryBlock`s."""
    name, at = NEURON_ARRAYS, [layer]
    return NeuronArrays(
        _block(name.into, at, reads, neurons), _block(name.bias, at, neurons),
        _block(name.out, at, neurons, writes), _block(name.constant, at, writes),
    )  # fmt: skip


def end_entries(own: Positions, inputs: Positions, rows: Positions, outputs: Positions) -> EndArrays:
    """Return the entries outside the layers, as `EntryBlock`s.

    Args:
        own: coordinates of the stream that go round and that outputs read.
        inputs: coordinates of the stream that inputs write.
        rows: which inputs.
        outputs: which outputs.
    """
    name = END_ARRAYS
    return EndArrays(
        _block(name.embedding, rows, inputs), _block(name.constant, inputs), _block(name.initial, own),
        _block(name.recurrence, own, own), _block(name.unembedding, own, outputs), _block(name.output_bias, outputs),
    )  # fmt: skip


def recurrence_entries(source: Positions, target: Positions) -> EntryBlock:
    """Return the entries by which the recurrence carries some coordinates to others."""
    return _block(END_ARRAYS.recurrence, source, target)


def entries_of(place: Placement, names: Names, dims: Positions) -> HeadArrays | NeuronArrays:
    """Return the entries of one circuit, of its head those of some dimensions, as `EntryBlock`s."""
    reads, writes = places_of(place.reads, names), names.find(place.writes)
    if place.part == ATTENTION:
        return head_entries(place.layer, place.components, reads, dims, writes)
    return neuron_entries(place.layer, place.components, reads, writes)


def places_of(signals: Iterable, names: Names) -> np.ndarray:
    """Return the coordinates of some subspaces, one after the other."""
    return np.concatenate([*map(names.find, signals), np.zeros(0, int)]).astype(int)


def marked(weights: Weights, blocks: Iterable[EntryBlock]) -> Weights:
    """Return booleans of the shapes of some arrays, set at the entries of some blocks."""
    found = Weights.blank(bool, **weights.sizes)
    for block in blocks:
        block.set(found, True)
    return found
