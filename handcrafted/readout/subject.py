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
from handcrafted.readout.scale import Scale, scale_of, scale_of_signal
from handcrafted.text.diagnostics import HandcraftedError


@dataclass(frozen=True)
class TargetNetwork:
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
    def scale(self) -> Scale:
        """How large its numbers get."""
        return scale_of(self.weights, self.names)

    def size(self, signal: Signal) -> np.ndarray:
        """Give the sizes of a signal's coordinates, of which rounding is a share."""
        return scale_of_signal(self.scale, self.names, signal)

    def reach(self, signal: Signal) -> np.ndarray:
        """Give the largest that a signal's coordinates can be."""
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
    """Give what a network computed, as numbers that can be compared.

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
