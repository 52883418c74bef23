"""How large numbers get: what each coordinate may be at most, and what each head and neuron can write.

Declared ranges are believed, for the law test holds the network to them; of all else the weights say what it can reach.
Everything is worked out in float64, in which products of float32 numbers of any size are finite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import INPUT, Signal
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

    @property
    def floor(self) -> np.ndarray:
        """The size from which something on a coordinate is more than rounding."""
        return FLOOR * self.size


def size_of(domain: Domain) -> float:
    """Give the largest size of a signal's coordinates."""
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
    first, *_ = _pass(w, declared, inputs, before(w.r_0))
    reach, *amplitudes = _pass(w, declared, inputs, before(first))
    size = np.where(np.isnan(declared), np.where(reach > 0, np.minimum(reach, 1.0), 1.0), declared)
    return Scale(inputs, outputs, reach, size, *amplitudes)


def _pass(w: Weights, declared: np.ndarray, inputs: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, ...]:
    """Give the sizes after one step, and those of heads, queries, keys and neurons on the way."""
    free, kept = np.isnan(declared), np.nan_to_num(declared)
    held = lambda x: np.minimum(np.where(free, x, kept), LARGEST)
    x, found = held(inputs @ w.W_E + w.b_E + before @ w.W_R), []
    for k in range(w.sizes["layer"]):
        looked = [x @ w[f"W_{name}"][k] + w[f"b_{name}"][k] for name in "VQK"]
        v, q, key = (np.minimum(one, LARGEST) for one in looked)
        x = held(x + np.einsum("hd,hdm->m", v, w.W_O[k]) + w.b_O[k])
        act = np.minimum(x @ w.W_in[k] + w.b_in[k], LARGEST)
        x = held(x + act @ w.W_out[k] + w.b_out[k])
        found.append((v, q, key, act))
    return (x, *(np.stack(parts) for parts in zip(*found, strict=True)))


def scale_of_signal(scale: Scale, names: Names, signal: Signal) -> np.ndarray:
    """Give the sizes of a signal's coordinates, be it a subspace, an input or an output."""
    if signal in names.subspaces:
        return scale.size[names.subspaces[signal]]
    if signal.role == INPUT:
        return scale.inputs[names.input_signals[signal]]
    return scale.outputs[names.output_signals[signal]]
