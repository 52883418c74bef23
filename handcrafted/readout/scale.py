"""How large a network's numbers get: what rounding is a share of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import INPUT, Signal
from handcrafted.model.arrays import Array
from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.names import Names
from handcrafted.model.weights import Weights
from handcrafted.readout.tolerances import FLOOR

LARGEST = 1e150
"""Bounds stop here, so that their products stay finite."""


@dataclass(frozen=True)
class Scale:
    """The sizes of a network's numbers.

    Attributes:
        inputs, outputs: the largest size of each, as declared.
        reach: the largest size of each coordinate of the stream: declared, or else what the weights allow.
        size: what rounding on each coordinate is a share of: the declared size, or else 1, or less where less can
            be reached.
        heads: what each dimension of each head's mixed value can be [layer, head, d_head].
        queries, keys: the same of what is looked at [layer, head, d_head].
        neurons: what each neuron can be [layer, d_mlp].
    """

    inputs: np.ndarray
    outputs: np.ndarray
    reach: np.ndarray
    size: np.ndarray
    heads: np.ndarray
    queries: np.ndarray
    keys: np.ndarray
    neurons: np.ndarray

    @cached_property
    def floor(self) -> np.ndarray:
        """The size from which something on a coordinate is more than rounding."""
        return FLOOR * self.size


def size_of(domain: Domain) -> float:
    """Return the largest size of a signal's coordinates."""
    return 1.0 if domain.discrete else max(abs(domain.low), abs(domain.high)) or 1.0


def scale_of(weights: Weights, names: Names) -> Scale:
    """Work the sizes out.

    Formula: interval bounds |x| |W| + |b| from layer to layer; a coordinate with a declared range stays within it.
    Source: Gowal et al. 2018, On the Effectiveness of Interval Bound Propagation.
    Error: an upper bound, but for states of undeclared range, which are followed for two steps.
    """
    declared = np.full(len(names.residual), np.nan)
    for signal, domain in names.declared.items():
        declared[names.subspaces[signal]] = size_of(domain)
    inputs = np.array([size_of(port.domain) for port in names.inputs])
    outputs = np.array([size_of(port.domain) for port in names.outputs])
    before = lambda reach: np.where(np.isnan(declared), reach, declared)
    sizes = _Sizes(weights, declared, inputs)
    first, *_ = sizes.after(before(np.abs(np.asarray(ends_of(weights).initial, float))))
    reach, *amplitudes = sizes.after(before(first))
    size = np.where(np.isnan(declared), np.where(reach > 0, np.minimum(reach, 1.0), 1.0), declared)
    return Scale(inputs, outputs, reach, size, *amplitudes)


class _Terms:
    """The sizes of an array's entries that are not 0, layer by layer: what they are multiplied by, and added to.

    Args:
        array: with an axis of layers before all others, or none.
        reads, gives: the axes after it of what is multiplied, and of what is given, each flattened.
    """

    def __init__(self, array: Array, reads: Sequence[int], gives: Sequence[int]):
        at = array.nonzero()
        flat = lambda axes: np.ravel_multi_index([at[axis] for axis in axes], [array.shape[axis] for axis in axes])
        self.count = math.prod(array.shape[axis] for axis in gives)
        self.size = np.abs(array[at].astype(float))
        self.reads = np.asarray(flat(reads)) if reads else np.zeros(len(self.size), int)
        self.gives = np.asarray(flat(gives))
        layered = array.ndim > len(reads) + len(gives)
        layers = at[0] if layered else np.zeros(len(self.size), int)
        self.starts = np.searchsorted(layers, np.arange(array.shape[0] + 1 if layered else 2)).tolist()

    def _of(self, layer: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        part = slice(self.starts[layer], self.starts[layer + 1])
        return self.gives[part], x[self.reads[part]] * self.size[part]

    def given(self, x: np.ndarray, layer: int = 0) -> np.ndarray:
        """Return the sum of the sizes for each of what is given."""
        to, terms = self._of(layer, x)
        return np.bincount(to, terms, self.count)

    def added(self, x: np.ndarray, layer: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where anything is given, and how much."""
        to, terms = self._of(layer, x)
        places, where = np.unique(to, return_inverse=True)
        return places, np.bincount(where, terms, len(places))


class _Sizes:
    """Follows the sizes of a network's numbers through a step."""

    def __init__(self, weights: Weights, declared: np.ndarray, inputs: np.ndarray):
        self.declared, self.layers = declared, range(weights.sizes["layer"])
        heads, neurons, ends = heads_of(weights), neurons_of(weights), ends_of(weights)
        self.shape = heads.query_bias.shape[1:]
        self.entered = _Terms(ends.embedding, [0], [1]).given(inputs) + np.abs(np.asarray(ends.constant, float))
        self.back = _Terms(ends.recurrence, [0], [1])
        self.projections = [(_Terms(kernel, [2], [1, 3]), bias) for kernel, bias in heads.projections]
        self.moved = [_Terms(heads.output, [1, 2], [3]), _Terms(heads.constant, [], [1])]
        self.into, self.bias = _Terms(neurons.into, [1], [2]), neurons.bias
        self.fired = [_Terms(neurons.out, [1], [2]), _Terms(neurons.constant, [], [1])]

    def _held(self, x: np.ndarray, places: np.ndarray | slice = slice(None)) -> np.ndarray:
        declared = self.declared[places]
        return np.minimum(np.where(np.isnan(declared), x, declared), LARGEST)

    def _add(self, x: np.ndarray, layer: int, *parts: tuple[_Terms, np.ndarray]) -> None:
        for terms, values in parts:
            places, more = terms.added(values, layer)
            x[places] = self._held(x[places] + more, places)

    def after(self, before: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the sizes after one step, and those of heads, queries, keys and neurons on the way."""
        x, found, one = self._held(self.entered + self.back.given(before)), [], np.ones(1)
        size = lambda terms, bias, layer: np.minimum(
            terms.given(x, layer) + np.abs(np.asarray(bias[layer], float)).ravel(), LARGEST
        )
        for layer in self.layers:
            q, key, v = (size(*pair, layer) for pair in self.projections)
            self._add(x, layer, *zip(self.moved, (v, one), strict=True))
            act = size(self.into, self.bias, layer)
            self._add(x, layer, *zip(self.fired, (act, one), strict=True))
            found.append((*(part.reshape(self.shape) for part in (v, q, key)), act))
        return (x, *(np.stack(parts) for parts in zip(*found, strict=True)))


def scale_of_signal(scale: Scale, names: Names, signal: Signal) -> np.ndarray:
    """Return the sizes of a signal's coordinates, be it a subspace, an input or an output."""
    if signal in names.subspaces:
        return scale.size[names.subspaces[signal]]
    if signal.role == INPUT:
        return scale.inputs[names.input_signals[signal]]
    return scale.outputs[names.output_signals[signal]]
