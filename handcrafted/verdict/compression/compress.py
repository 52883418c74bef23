"""Squeezing the residual stream linearly: every writer through P, every reader through R."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from handcrafted.model.names import Names
from handcrafted.model.weights import Weights, check_shapes
from handcrafted.readout.subject import subject
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown
from handcrafted.verdict.compression.fit import READS, WRITES, fitted, learned
from handcrafted.verdict.compression.samples import inputs_of, streams_of

ROUNDING = 1e-12
"""Entries of P R below this are zero, which float64 misses."""


@dataclass(frozen=True)
class Compressed:
    """A network in fewer coordinates.

    Attributes:
        weights: the arrays, with `d_model` the new width.
        pack: P [d_model, width], from the old coordinates to the new.
        unpack: R [width, d_model], and back.
        original: the arrays that it was made from.
    """

    weights: Weights
    pack: np.ndarray
    unpack: np.ndarray
    original: Weights

    @cached_property
    def through(self) -> np.ndarray:
        """P R [d_model, d_model]: what is left of each coordinate on its way through the narrow stream."""
        found = self.pack.astype(float) @ self.unpack.astype(float)
        return np.where(np.abs(found) > ROUNDING, found, 0.0)

    @cached_property
    def lifted(self) -> Weights:
        """The same network in the old coordinates, whose names are known: writers go through P R, readers stay.

        It does what `weights` does, and is what a reader sees who knows the dictionary R.
        """
        return _mapped(self.original, self.through, np.eye(len(self.pack)))


def compress(
    weights: Weights, width: int, how: str = "random", names: Names | None = None, seed: int = 0
) -> Compressed:
    """Squeeze a network's stream into fewer coordinates.

    Formula: x -> x P, and every reader W becomes R W. `random`: orthonormal P, R = P^T. `pca`: the largest principal
        directions of what stands on the stream. `fitted`: P and R that change no product of a writer with a later
        reader, in the mean square. `learned`: fitted, then trained on the outputs.
    Source: Elhage et al. 2022, Toy Models of Superposition (features in fewer dimensions).

    Args:
        weights: of any network.
        width: of the new stream, 1 to d_model.
        how: random, pca, fitted or learned.
        names: of inputs with their domains; pca and learned need them.
        seed: of whatever is drawn.

    Raises:
        HandcraftedError: if the width or the way is not one of these, or names are missing.
    """
    weights = check_shapes(weights.numpy())
    size = weights.sizes["d_model"]
    if how not in WAYS:
        raise HandcraftedError(f"Expected a way to compress, got {shown(how)}.{nearest(how, WAYS)}")
    if not 1 <= width <= size:
        raise HandcraftedError(f"Expected a width of 1 to {size}, got {width}. Compress into no more than there is.")
    if names is None and how in ("pca", "learned"):
        raise HandcraftedError(f"Expected names for {how}, got none: it runs the network. Pass names=model.names.")
    pack, unpack = WAYS[how](weights, width, names, seed)
    return squeezed(weights, pack, unpack)


def squeezed(weights: Weights, pack: np.ndarray, unpack: np.ndarray) -> Compressed:
    """Squeeze a network through given matrices P [d_model, width] and R [width, d_model]."""
    return Compressed(_mapped(weights, pack, unpack), pack, unpack, weights)


def _mapped(weights: Weights, pack: np.ndarray, unpack: np.ndarray) -> Weights:
    w = weights
    out = lambda array: (array.astype(float) @ pack).astype(np.float32)
    into = lambda array: (unpack @ array.astype(float)).astype(np.float32)
    arrays = {name: into(w[name]) for name in READS} | {name: out(w[name]) for name in WRITES}
    return w.replace(**arrays, W_R=out(into(w.W_R)))


class _Way(Protocol):
    def __call__(
        self, weights: Weights, width: int, names: Names | None, seed: int
    ) -> tuple[np.ndarray, np.ndarray]: ...


def orthonormal(size: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw P [size, width] with orthonormal columns, and R = P^T."""
    from scipy.stats import ortho_group

    rng = np.random.default_rng(seed)
    pack = ortho_group.rvs(size, random_state=rng)[:, :width] if size > 1 else np.ones((1, 1))
    return pack, pack.T


def _random(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return orthonormal(weights.sizes["d_model"], width, seed)


def _principal(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    assert names is not None
    read = subject(weights, names, seed=seed)
    stream = np.concatenate(streams_of(read, inputs_of(read)))
    _, directions = np.linalg.eigh(stream.T @ stream)
    pack = directions[:, ::-1][:, :width]
    return pack, pack.T


def _fitted(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return fitted(weights, *orthonormal(weights.sizes["d_model"], width, seed))


def _learned(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    assert names is not None
    read = subject(weights, names, seed=seed)
    return learned(weights, inputs_of(read), *_fitted(weights, width, names, seed))


WAYS: Mapping[str, _Way] = {"random": _random, "pca": _principal, "fitted": _fitted, "learned": _learned}
"""How P and R are chosen, by name."""
