"""The same network in another basis: what no reading may depend on."""

from __future__ import annotations

import numpy as np

from handcrafted.model.component import heads_of, neurons_of
from handcrafted.model.weights import Weights, in_basis

ROTARY = 2
"""Dimensions of a head in which positions turn; queries and keys keep their basis there."""

OCTAVES = 6
"""Neurons and heads grow or shrink inside by up to two to this power, always by powers of two: nothing is rounded."""


def change_basis(weights: Weights, seed: int = 0) -> Weights:
    """Hide a network's basis: rotate the stream, change the bases inside heads, reorder and rescale, all at random.

    Formula: x -> x Q with Q orthogonal; (V G)(G^-1 O) = V O for any invertible G, and (q H) . (k H^-T) = q . k outside
        the rotary dimensions; r(s z) / s = r(z); any order of heads and neurons in a layer.
    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (no privileged basis of the stream).
    Error: float32 rounding alone, which steep units enlarge: 2^-23 of the largest value times their slope.

    Args:
        weights: of any network.
        seed: of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    drawn = regauged(rescaled(reordered(weights, rng), rng), rng)
    return rotated(drawn, rng)


def reordered(weights: Weights, rng: np.random.Generator) -> Weights:
    """Put the heads and the neurons of each layer into another order."""
    w = weights.numpy()
    heads, neurons = heads_of(w), neurons_of(w)
    for layer in range(w.sizes["layer"]):
        head, neuron = (rng.permutation(w.sizes[axis]) for axis in ("head", "d_mlp"))
        for array in heads[:-1]:
            array[layer] = array[layer][head]
        neurons.into[layer], neurons.bias[layer] = neurons.into[layer][:, neuron], neurons.bias[layer][neuron]
        neurons.out[layer] = neurons.out[layer][neuron]
    return w


def rescaled(weights: Weights, rng: np.random.Generator) -> Weights:
    """Let each neuron and head be larger inside and as much smaller at its output, or the other way about."""
    w = weights.numpy()
    draw = lambda *shape: np.exp2(rng.integers(-OCTAVES, OCTAVES + 1, shape)).astype(np.float32)
    heads, neurons = heads_of(w), neurons_of(w)
    neuron, head = draw(*neurons.bias.shape), draw(*heads.value_bias.shape[:2])
    for array, factor in (
        (neurons.into, neuron[:, None]), (neurons.bias, neuron),
        (heads.value, head[..., None, None]), (heads.value_bias, head[..., None]),
    ):  # fmt: skip
        array *= factor
    neurons.out[:] = neurons.out / neuron[..., None]
    heads.output[:] = heads.output / head[..., None, None]
    return w


def regauged(weights: Weights, rng: np.random.Generator) -> Weights:
    """Change the basis inside each head: of values, and of queries and keys outside the rotary dimensions."""
    w, width = weights.numpy(), weights.sizes["d_head"]
    heads = heads_of(w)
    for at in np.ndindex(*heads.value_bias.shape[:2]):
        value = _invertible(width, rng)
        heads.value[at], heads.value_bias[at] = heads.value[at] @ value, heads.value_bias[at] @ value
        heads.output[at] = np.linalg.inv(value) @ heads.output[at]
        score = np.eye(width)
        if width > ROTARY:
            score[ROTARY:, ROTARY:] = _invertible(width - ROTARY, rng)
        other = np.linalg.inv(score).T
        heads.query[at], heads.query_bias[at] = heads.query[at] @ score, heads.query_bias[at] @ score
        heads.key[at], heads.key_bias[at] = heads.key[at] @ other, heads.key_bias[at] @ other
    return w


def rotated(weights: Weights, rng: np.random.Generator) -> Weights:
    """Rotate the residual stream."""
    w, size = weights.numpy(), weights.sizes["d_model"]
    turn = _rotation(size, rng)
    into = lambda array: np.einsum("ij,...jk->...ik", turn.T, array).astype(np.float32)
    out = lambda array: (array @ turn).astype(np.float32)
    return in_basis(w, into, out)


def _invertible(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a matrix that is not close to a singular one: singular values from 1/2 to 2, as float32 needs."""
    left, right = (_rotation(size, rng) for _ in range(2))
    return left @ np.diag(np.exp2(rng.uniform(-1, 1, size))) @ right


def _rotation(size: int, rng: np.random.Generator) -> np.ndarray:
    from scipy.stats import ortho_group

    return ortho_group.rvs(size, random_state=rng) if size > 1 else np.eye(size)
