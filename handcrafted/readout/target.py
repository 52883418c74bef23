"""What a readout is given: arrays and names alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.numbers import whole
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import Components
from handcrafted.model.names import Names, must_name
from handcrafted.model.padding import padded, widened
from handcrafted.model.run import Activations, is_small, run
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
        dense = self.weights.dense()
        return padded(dense) if self.compiled and self.shared else dense

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
        return numbers_of(self.spaces)

    @cached_property
    def numbered(self) -> list[tuple[Signal, np.ndarray]]:
        """The named subspaces with their positions, by number."""
        return list(self.spaces.items())

    @cached_property
    def indicator(self) -> np.ndarray:
        """Which coordinates belong to which subspace [subspace, d_model], 0 or 1."""
        found = np.zeros((len(self.spaces), len(self.names.residual)), np.float32)
        for row, positions in enumerate(self.spaces.values()):
            found[row, positions] = 1
        return found


def numbers_of(spaces: Mapping[Signal, np.ndarray]) -> np.ndarray:
    """Return the number of the signal that each position belongs to."""
    found = np.zeros(sum(map(len, spaces.values())), int)
    for number, places in enumerate(spaces.values()):
        found[places] = number
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
    weights = check_shapes(weights).copy()
    must_name(names, weights.sizes)
    return TargetNetwork(check_finite(weights), names, window, whole("a whole number as a seed", seed), shared)
