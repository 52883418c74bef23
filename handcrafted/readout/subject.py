"""What a readout is given: arrays, and the names of the coordinates. No structure, no circuits, no laws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.numbers import whole
from handcrafted.model.forward import WINDOW, Activations, forward
from handcrafted.model.names import Names, must_name
from handcrafted.model.padding import padded, widened
from handcrafted.model.weights import Weights, check_finite, check_shapes

FLOOR = 1e-6
"""Compositions and effects below this are rounding, not wiring."""


@dataclass(frozen=True)
class Subject:
    """A network to be read.

    Attributes:
        weights: effective weights as numpy arrays.
        names: the names of residual coordinates, inputs and outputs.
        window: how many steps a head sees.
        seed: of every random choice.
        shared: whether it runs at a size that many networks share.
    """

    weights: Weights
    names: Names
    window: int = WINDOW
    seed: int = 0
    shared: bool = True

    @cached_property
    def spaces(self) -> dict[Signal, np.ndarray]:
        """The positions of each named subspace."""
        return self.names.subspaces

    @cached_property
    def padded(self) -> Weights:
        """The network that runs: at a size that many share, so that it is compiled once, or as it is."""
        return padded(self.weights) if self.shared else self.weights

    def run(self, inputs: np.ndarray, carries: np.ndarray | None = None) -> tuple[Any, Activations]:
        """Run the padded network on inputs [batch, time, n_in]; what is beyond the named coordinates stays zero."""
        wide = widened(np.asarray(inputs, np.float32), self.padded.sizes["n_in"])
        return forward(self.padded, wide, carries, window=self.window)

    @cached_property
    def indicator(self) -> np.ndarray:
        """Which coordinates belong to which subspace [subspace, d_model], 0 or 1."""
        found = np.zeros((len(self.spaces), len(self.names.residual)), np.float32)
        for row, positions in enumerate(self.spaces.values()):
            found[row, positions] = 1
        return found


def subject(weights: Weights, names: Names, window: int = WINDOW, seed: int = 0, shared: bool = True) -> Subject:
    """Check that arrays and names fit each other, and that every number is finite.

    Raises:
        HandcraftedError: naming the first array that does not fit.
    """
    weights = check_shapes(weights).numpy()
    must_name(names, weights.sizes)
    return Subject(check_finite(weights), names, window, whole("a whole number as a seed", seed), shared)
