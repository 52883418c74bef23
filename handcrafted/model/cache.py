"""What a run of a network held on its way, by name, with the names of what stands where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.layout import ATTENTION, Placement
from handcrafted.model.names import Names

OWN_AXES = {
    **dict.fromkeys(("resid_pre", "resid_mid", "resid_post"), ("layer", "d_model")),
    **dict.fromkeys(("pre", "post"), ("layer", "neuron")),
    "z": ("layer", "head", "d_head"),
    "pattern": ("layer", "head", "steps ago"),
}
"""The axes of activations after that of time; of all others it is the residual stream."""


class ActivationCache(Mapping[str, np.ndarray]):
    """The activations of a run, as arrays by name.

    `embed`, `carry` and `final` are [*batch, time, d_model]; `resid_pre`, `resid_mid` and `resid_post`
    [*batch, time, layer, d_model]; `z` [*batch, time, layer, head, d_head]; `pattern`
    [*batch, time, layer, head, steps ago], the current step first; `pre` and `post` [*batch, time, layer, neuron].

    Example:
        >>> model = hc.assemble(hc.load(find("train door")))
        >>> outputs, cache = model.run_with_cache(np.zeros((3, len(model.names.inputs)), np.float32))
        >>> cache["pattern"].shape
        (3, 3, 3, 16)

    Attributes:
        names: of coordinates, inputs and outputs.
        heads: what each head writes, by layer and head.
    """

    def __init__(self, activations: Mapping[str, Any], names: Names, heads: Mapping[tuple[int, int], str]):
        self.names, self.heads = names, heads
        self._held = {name: np.asarray(array) for name, array in activations.items()}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.items())
        return f"ActivationCache({shapes})"

    def axes(self, name: str) -> tuple[str, ...]:
        """Return what the axes of an array are called, that of a batch as `run`."""
        own = OWN_AXES.get(name, ("d_model",))
        return (*("run",) * (self[name].ndim - 1 - len(own)), "time", *own)

    def signal(self, signal: Signal, name: str = "final") -> np.ndarray:
        """Return the coordinates of a signal's subspace [*batch, time, …, size].

        Raises:
            HandcraftedError: if the network has no such signal.
        """
        return self[name][..., list(self.names.find(signal))]


def cached(
    outputs: Any, activations: Mapping[str, Any], names: Names, layout: Sequence[Placement]
) -> tuple[np.ndarray, ActivationCache]:
    """Return outputs and activations in numpy, each head named by what it writes."""
    heads = {
        (placed.layer, head): f"{placed.owner} / {placed.writes.name}"
        for placed in layout
        if placed.part == ATTENTION
        for head in placed.components
    }
    return np.asarray(outputs), ActivationCache(activations, names, heads)
