"""What a readout is given: arrays and names alone, and how large the network's numbers get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import INPUT, Signal
from handcrafted.control.numbers import whole
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import Components, HeadArrays, NeuronArrays, ends_of, heads_of, neurons_of
from handcrafted.model.names import Names, must_name
from handcrafted.model.padding import padded, widened
from handcrafted.model.run import Activations, is_small, run
from handcrafted.model.weights import Weights, check_finite, check_shapes
from handcrafted.readout.tolerances import FLOOR
from handcrafted.text.diagnostics import HandcraftedError

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

    @property
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
    w = weights.map(lambda array: np.abs(np.asarray(array, float)))
    inputs = np.array([size_of(port.domain) for port in names.inputs])
    outputs = np.array([size_of(port.domain) for port in names.outputs])
    before = lambda reach: np.where(np.isnan(declared), reach, declared)
    first, *_ = _pass(w, declared, inputs, before(ends_of(w).initial))
    reach, *amplitudes = _pass(w, declared, inputs, before(first))
    size = np.where(np.isnan(declared), np.where(reach > 0, np.minimum(reach, 1.0), 1.0), declared)
    return Scale(inputs, outputs, reach, size, *amplitudes)


def _pass(w: Weights, declared: np.ndarray, inputs: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the sizes after one step, and those of heads, queries, keys and neurons on the way."""
    free, kept = np.isnan(declared), np.nan_to_num(declared)
    held = lambda x: np.minimum(np.where(free, x, kept), LARGEST)
    ends = ends_of(w)
    x, found = held(inputs @ ends.embedding + ends.constant + before @ ends.recurrence), []
    for heads, neurons in zip(zip(*heads_of(w), strict=True), zip(*neurons_of(w), strict=True), strict=True):
        heads, neurons = HeadArrays(*heads), NeuronArrays(*neurons)
        q, key, v = (np.minimum(x @ kernel + bias, LARGEST) for kernel, bias in heads.projections)
        x = held(x + np.einsum("hd,hdm->m", v, heads.output) + heads.constant)
        act = np.minimum(x @ neurons.into + neurons.bias, LARGEST)
        x = held(x + act @ neurons.out + neurons.constant)
        found.append((v, q, key, act))
    return (x, *(np.stack(parts) for parts in zip(*found, strict=True)))


def scale_of_signal(scale: Scale, names: Names, signal: Signal) -> np.ndarray:
    """Return the sizes of a signal's coordinates, be it a subspace, an input or an output."""
    if signal in names.subspaces:
        return scale.size[names.subspaces[signal]]
    if signal.role == INPUT:
        return scale.inputs[names.input_signals[signal]]
    return scale.outputs[names.output_signals[signal]]


@dataclass(frozen=True)
class TargetNetwork:
    """A network to be read.

    Attributes:
        weights: effective weights as numpy arrays.
        names: the names of residual coordinates, inputs and outputs.
        window: how many steps a head sees.
        seed: of every random choice.
        shared: whether it runs at a size that many networks share, where it is compiled.
        traced: whether it is compiled even if it is small, for slopes, and for what is done many times over.
    """

    weights: Weights
    names: Names
    window: int = WINDOW
    seed: int = 0
    shared: bool = True
    traced: bool = False

    @cached_property
    def spaces(self) -> dict[Signal, np.ndarray]:
        """The positions of each named subspace."""
        return self.names.subspaces

    @cached_property
    def parts(self) -> Components:
        """Its heads, neurons, inputs and outputs, each with arrays of its own."""
        return Components(self.weights)

    @cached_property
    def running(self) -> Weights:
        """The arrays that run: in numpy as they are; compiled at a size that many networks share, or as they are."""
        if self.compiled:
            return padded(self.weights) if self.shared else self.weights
        return self.weights

    @property
    def compiled(self) -> bool:
        """Whether it runs compiled, and not in numpy."""
        return self.traced or not is_small(self.weights)

    def compiling(self) -> TargetNetwork:
        """Return the same network as one that runs compiled."""
        return replace(self, traced=True)

    def run(
        self, inputs: np.ndarray, carries: np.ndarray | None = None, wanted: tuple[str, ...] | None = None
    ) -> tuple[np.ndarray, Activations]:
        """Run on inputs [batch, time, n_in]; what is beyond the named coordinates stays zero.

        Returns:
            Outputs, and those activations that are wanted; None wants all.
        """
        wide = widened(np.asarray(inputs, np.float32), self.running.sizes["n_in"])
        return run(self.running, wide, carries, self.window, compiled=self.compiled, wanted=wanted)

    @cached_property
    def scale(self) -> Scale:
        """How large its numbers get."""
        return scale_of(self.weights, self.names)

    def size(self, signal: Signal) -> np.ndarray:
        """Return the sizes of a signal's coordinates, of which rounding is a share."""
        return scale_of_signal(self.scale, self.names, signal)

    def reach(self, signal: Signal) -> np.ndarray:
        """Return the largest that a signal's coordinates can be."""
        return self.scale.reach[self.spaces[signal]] if signal in self.spaces else self.size(signal)

    @cached_property
    def owner(self) -> np.ndarray:
        """The number of the subspace that each coordinate belongs to [d_model]."""
        return self.indicator.argmax(axis=0)

    @cached_property
    def indicator(self) -> np.ndarray:
        """Which coordinates belong to which subspace [subspace, d_model], 0 or 1."""
        found = np.zeros((len(self.spaces), len(self.names.residual)), np.float32)
        for row, positions in enumerate(self.spaces.values()):
            found[row, positions] = 1
        return found


def finite(values: Any, what: str) -> np.ndarray:
    """Return what a network computed, as numbers that can be compared.

    Raises:
        HandcraftedError: if a number is infinite or none.
    """
    found = np.asarray(values)
    if not np.isfinite(found).all():
        raise HandcraftedError(
            f"Expected a network whose numbers stay finite in float32, got infinity or NaN in {what}. Scale the "
            "weights down: what overflows cannot be read."
        )
    return found


def subject(weights: Weights, names: Names, window: int = WINDOW, seed: int = 0, shared: bool = True) -> TargetNetwork:
    """Check that arrays and names fit each other, and that every number is finite.

    Raises:
        HandcraftedError: naming the first array that does not fit.
    """
    weights = check_shapes(weights).numpy()
    must_name(names, weights.sizes)
    return TargetNetwork(check_finite(weights), names, window, whole("a whole number as a seed", seed), shared)
