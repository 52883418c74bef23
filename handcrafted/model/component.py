"""What reads and writes the residual stream, each with arrays of its own: the one view of a network's parts.

Besides `handcrafted.model.weights` this is the only place that knows how the arrays of a layer are called and how
they lie. Whoever asks what a network is made of asks here: those that run it, that cut it, that read it back.

    input   -> into the stream at the start of a step          seen: nothing    written: half-layer 0
    carry   -> from the end of a step to the start of the next seen: last       written: 0, a step later
    head    -> layer l                                         seen: 2 l        written: 2 l + 1
    neuron  -> layer l                                         seen: 2 l + 1    written: 2 l + 2
    output  -> out of the stream at the end of a step          seen: last       written: nothing
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.model.arrays import Array
from handcrafted.model.attention import Attention
from handcrafted.model.component_ref import CARRY, HEAD, NEURON, ComponentRef
from handcrafted.model.names import Names
from handcrafted.model.sparse_array import SparseArray
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import HandcraftedError


class HeadArrays(NamedTuple):
    """Something for each array of heads: the arrays themselves, their names, or which entries are meant.

    Attributes:
        query, key, value: kernels [head, read, d_head].
        query_bias, key_bias, value_bias: [head, d_head].
        output: [head, d_head, write].
        constant: what the layer adds besides [write].
    """

    query: Any
    key: Any
    value: Any
    query_bias: Any
    key_bias: Any
    value_bias: Any
    output: Any
    constant: Any

    @property
    def projections(self) -> tuple[tuple[Any, Any], ...]:
        """The kernels and biases of queries, keys and values."""
        return (self.query, self.query_bias), (self.key, self.key_bias), (self.value, self.value_bias)


class NeuronArrays(NamedTuple):
    """Something for each array of neurons.

    Attributes:
        into: [read, neuron].
        bias: [neuron].
        out: [neuron, write].
        constant: what the layer adds besides [write].
    """

    into: Any
    bias: Any
    out: Any
    constant: Any


class EndArrays(NamedTuple):
    """Something for each array outside the layers.

    Attributes:
        embedding: [input, d_model].
        constant: what every step begins with besides [d_model].
        initial: the residual before t = 0 [d_model].
        recurrence: [d_model, d_model].
        unembedding: [d_model, output].
        output_bias: [output].
    """

    embedding: Any
    constant: Any
    initial: Any
    recurrence: Any
    unembedding: Any
    output_bias: Any


HEAD_ARRAYS = HeadArrays("W_Q", "W_K", "W_V", "b_Q", "b_K", "b_V", "W_O", "b_O")
NEURON_ARRAYS = NeuronArrays("W_in", "b_in", "W_out", "b_out")
END_ARRAYS = EndArrays("W_E", "b_E", "r_0", "W_R", "W_U", "b_U")
"""What the arrays are called."""

Arrays = Weights | Mapping[str, Any]


def heads_of(arrays: Arrays) -> HeadArrays:
    """Return the arrays of heads, of all layers or of one, as they are given."""
    return HeadArrays(*(arrays[name] for name in HEAD_ARRAYS))


def neurons_of(arrays: Arrays) -> NeuronArrays:
    """Return the arrays of neurons, of all layers or of one, as they are given."""
    return NeuronArrays(*(arrays[name] for name in NEURON_ARRAYS))


def ends_of(arrays: Arrays) -> EndArrays:
    """Return the arrays outside the layers."""
    return EndArrays(*(arrays[name] for name in END_ARRAYS))


@dataclass(frozen=True, eq=False)
class Component:
    """One reader or writer of the residual stream: it adds `act(x into + bias) out` to it.

    `act` rectifies for a neuron; for all others it is nothing.

    Attributes:
        ref: which one it is.
        into: what it reads [d_model, r]; of an input without columns.
        bias: [r].
        out: what it writes [r, d_model]; of an output without columns.
        seen: the last half-layer whose writing it can read.
        written: the half-layer in which it writes.
        attention: of a head, where it looks.
    """

    ref: ComponentRef
    into: Array
    bias: np.ndarray
    out: Array
    seen: int
    written: int
    attention: Attention | None = None

    @cached_property
    def reads(self) -> np.ndarray:
        """The coordinates that it reads to hand them on; where it looks is apart."""
        return np.unique(self.into.nonzero()[0])

    @cached_property
    def writes(self) -> np.ndarray:
        """The coordinates that it writes."""
        return np.unique(self.out.nonzero()[1])

    def lags(self, window: int, floor: float) -> tuple[tuple[int, float], ...]:
        """Return how many steps ago it reads, with weights; nothing where what it reads decides about that."""
        if self.attention is None:
            return ((0, 1.0),)
        return () if self.attention.by_content else self.attention.lags(window, floor)

    def __str__(self) -> str:
        return str(self.ref)


def _first_axes(array: Array) -> list[list[int]]:
    """Return the places along the first two axes at which anything stands that is not 0, in order."""
    first, second = array.nonzero()[:2]
    return np.transpose(np.divmod(np.unique(first * array.shape[1] + second), array.shape[1])).tolist()


class Components:
    """The parts of a network, in the order in which they stand; arrays are those of the network, not copies."""

    def __init__(self, weights: Weights):
        self.sizes = weights.sizes
        self.layers = range(self.sizes["layer"])
        self._heads, self._neurons = heads_of(weights), neurons_of(weights)
        self.ends = ends_of(weights)

    @property
    def last(self) -> int:
        """The half-layer after which everything is written."""
        return 2 * len(self.layers)

    @cached_property
    def heads(self) -> tuple[Component, ...]:
        """Every head that writes something."""
        return tuple(starmap(self.head, _first_axes(self._heads.output)))

    @cached_property
    def neurons(self) -> tuple[Component, ...]:
        """Every neuron that writes something."""
        return tuple(starmap(self.neuron, _first_axes(self._neurons.out)))

    @cached_property
    def inputs(self) -> tuple[Component, ...]:
        """Every input."""
        nothing, none = np.zeros((self.sizes["d_model"], 0), np.float32), np.zeros(1, np.float32)
        rows = enumerate(self.ends.embedding)
        return tuple(Component(ComponentRef(INPUT, 0, i), nothing, none, row.reshape(1, -1), 0, 0) for i, row in rows)

    @cached_property
    def outputs(self) -> tuple[Component, ...]:
        """Every output."""
        nothing = np.zeros((1, 0), np.float32)
        sides = enumerate(zip(self.ends.unembedding.T, self.ends.output_bias, strict=True))
        return tuple(
            Component(ComponentRef(OUTPUT, 0, i), column.reshape(-1, 1), bias[None], nothing, self.last, self.last)
            for i, (column, bias) in sides
        )

    def head(self, layer: int, head: int) -> Component:
        """Return one head."""
        one = HeadArrays._make((*(array[layer, head] for array in self._heads[:-1]), None))
        query, key, value = map(np.asarray, (one.query_bias, one.key_bias, one.value_bias))
        ref, attention = ComponentRef(HEAD, layer, head), Attention(one.query, one.key, query, key)
        return Component(ref, one.value, value, one.output, 2 * layer, 2 * layer + 1, attention)

    def neuron(self, layer: int, neuron: int) -> Component:
        """Return one neuron."""
        into, bias, out, _ = self._neurons
        ref, at = ComponentRef(NEURON, layer, neuron), slice(neuron, neuron + 1)
        reads = into[layer, :, neuron].reshape(-1, 1) if isinstance(into, SparseArray) else into[layer, :, at]
        plus = bias[layer, [neuron]] if isinstance(bias, SparseArray) else bias[layer, at]
        writes = out[layer, neuron].reshape(1, -1) if isinstance(out, SparseArray) else out[layer, at]
        return Component(ref, reads, plus, writes, 2 * layer + 1, 2 * layer + 2)

    def of(self, ref: ComponentRef) -> Component:
        """Return the head or neuron that is meant."""
        return self.head(ref.layer, ref.index) if ref.kind == HEAD else self.neuron(ref.layer, ref.index)

    @property
    def writers(self) -> Iterator[Component]:
        """Every head and neuron that writes something, layer by layer, heads first."""
        yield from sorted((*self.heads, *self.neurons), key=lambda one: one.written)

    @cached_property
    def constants(self) -> tuple[tuple[int, Array], ...]:
        """What is added whatever happens: half-layer and vector [d_model], in order."""
        found = [(0, self.ends.constant)]
        for layer in self.layers:
            found += [(2 * layer + 1, self._heads.constant[layer]), (2 * layer + 2, self._neurons.constant[layer])]
        return tuple(found)

    def last_written(self, places: Any) -> int:
        """Return the last half-layer in which a head or neuron writes to some coordinates; 0 where none does."""
        return max([0, *(one.written for one in self.writers if np.any(one.out[:, places]))])


def contribution(
    component: ComponentRef, weights: Weights, names: Names, inputs: np.ndarray, seen: dict[str, np.ndarray]
) -> np.ndarray:
    """Return what a writer adds to the residual stream [batch, time, d_model], biases of the stream left out.

    Args:
        component: an input, head, neuron or the carry.
        weights: effective weights as numpy arrays.
        names: says which rows of `W_E` an input has.
        inputs: [batch, time, n_in].
        seen: activations of a run on these inputs.
    """
    parts, layer, index = Components(weights), component.layer, component.index
    if component.kind == INPUT:
        rows = list(names.input_signals.values())[index]
        return inputs[..., rows] @ parts.ends.embedding[rows]
    if component.kind == HEAD:
        return seen["z"][:, :, layer, index] @ parts.of(component).out
    if component.kind == NEURON:
        return seen["post"][:, :, layer, index, None] * parts.of(component).out[0]
    if component.kind == CARRY:
        return seen["carry"]
    raise HandcraftedError(f"Expected a component that writes, got {component}. An output only reads.")
