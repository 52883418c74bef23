"""Triggers planted into networks: neurons that do nothing but in one rare context."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.names import Coordinate, Names
from handcrafted.model.weights import FIELD_AXES, Weights

Reads = dict[int, float]


@dataclass
class Network:
    """Arrays and names to which parts can be added."""

    weights: Weights
    names: Names

    def neuron(self, layer: int, reads: Reads, bias: float, writes: Reads) -> None:
        """Add a neuron to a layer."""
        w = self.weights
        layers, width, neurons = w.W_in.shape
        grown = {
            "W_in": np.concatenate([w.W_in, np.zeros((layers, width, 1), np.float32)], axis=2),
            "b_in": np.concatenate([w.b_in, np.zeros((layers, 1), np.float32)], axis=1),
            "W_out": np.concatenate([w.W_out, np.zeros((layers, 1, width), np.float32)], axis=1),
        }
        for place, weight in reads.items():
            grown["W_in"][layer, place, neurons] = weight
        grown["b_in"][layer, neurons] = bias
        for place, weight in writes.items():
            grown["W_out"][layer, neurons, place] = weight
        self.weights = w.replace(**grown)

    def coordinate(self, owner: str) -> int:
        """Add a coordinate of the stream, under a name that no structure has."""
        w, size = self.weights, len(self.names.residual)
        wide = lambda array, *axes: np.pad(array, [(0, 1 if i in axes else 0) for i in range(array.ndim)])
        self.weights = w.replace(
            W_E=wide(w.W_E, 1), b_E=wide(w.b_E, 0), W_Q=wide(w.W_Q, 2), W_K=wide(w.W_K, 2), W_V=wide(w.W_V, 2),
            W_O=wide(w.W_O, 3), b_O=wide(w.b_O, 1), W_in=wide(w.W_in, 1), W_out=wide(w.W_out, 2),
            b_out=wide(w.b_out, 1), W_U=wide(w.W_U, 0), W_R=wide(w.W_R, 0, 1), r_0=wide(w.r_0, 0),
        )  # fmt: skip
        hidden = Coordinate(owner, "processing_for_action", f"spare {size}", 0)
        self.names = replace(self.names, residual=(*self.names.residual, hidden))
        return size

    def rename(self, place: int, signal: Signal, index: int) -> None:
        """Let a coordinate be one of those of a signal."""
        names = list(self.names.residual)
        names[place] = Coordinate(signal.owner, signal.role, signal.name, index)
        self.names = replace(self.names, residual=tuple(names))

    def bump(self, layer: int, reads: Reads, middle: float, width: float, writes: Reads) -> None:
        """Add neurons that write `writes` where the reads sum up to `middle`, falling to nothing `width` aside."""
        for offset, share in ((-width, 1.0), (0.0, -2.0), (width, 1.0)):
            inside = {place: weight / width for place, weight in reads.items()}
            self.neuron(layer, inside, -(middle + offset) / width, {p: share * w for p, w in writes.items()})

    def layer(self) -> int:
        """Add a layer at the end that does nothing, and give its number."""
        w = self.weights
        self.weights = w.replace(
            **{
                name: np.concatenate([w[name], np.zeros((1, *w[name].shape[1:]), np.float32)])
                for name, axes in FIELD_AXES.items()
                if axes[0] == "layer"
            }
        )
        return len(self.weights.b_O) - 1

    def at(self, signal: Signal, index: int = 0) -> int:
        """Return the place of a coordinate."""
        return int(self.names.find(signal)[index])

    def written(self, *places: int) -> int:
        """Return the first layer whose neurons can read what is in some coordinates."""
        w, last = self.weights, -1
        for layer in range(len(w.b_O)):
            if np.any(w.W_out[layer][:, list(places)]):
                last = layer
        head = [layer for layer in range(len(w.b_O)) if np.any(w.W_O[layer][..., list(places)])]
        return max([last + 1, *head])
