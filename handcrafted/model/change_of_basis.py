"""The same network in another basis: what no reading may depend on."""

from __future__ import annotations

import numpy as np

from handcrafted.model.weights import Weights

ROTARY = 2
"""Dimensions of a head in which positions turn; queries and keys keep their basis there."""

OCTAVES = 6
"""Neurons and heads grow or shrink inside by up to two to this power, always by powers of two: nothing is rounded."""


def disguise(weights: Weights, seed: int = 0) -> Weights:
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
    for layer in range(w.sizes["layer"]):
        heads, neurons = (rng.permutation(w.sizes[axis]) for axis in ("head", "d_mlp"))
        for name in ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V"):
            w[name][layer] = w[name][layer][heads]
        w.W_in[layer], w.b_in[layer] = w.W_in[layer][:, neurons], w.b_in[layer][neurons]
        w.W_out[layer] = w.W_out[layer][neurons]
    return w


def rescaled(weights: Weights, rng: np.random.Generator) -> Weights:
    """Let each neuron and head be larger inside and as much smaller at its output, or the other way about."""
    w = weights.numpy()
    draw = lambda *shape: np.exp2(rng.integers(-OCTAVES, OCTAVES + 1, shape)).astype(np.float32)
    neuron, head = draw(*w.b_in.shape), draw(*w.b_V.shape[:2])
    w.W_in[:], w.b_in[:] = w.W_in * neuron[:, None], w.b_in * neuron
    w.W_out[:] = w.W_out / neuron[..., None]
    w.W_V[:], w.b_V[:] = w.W_V * head[..., None, None], w.b_V * head[..., None]
    w.W_O[:] = w.W_O / head[..., None, None]
    return w


def regauged(weights: Weights, rng: np.random.Generator) -> Weights:
    """Change the basis inside each head: of values, and of queries and keys outside the rotary dimensions."""
    w, width = weights.numpy(), weights.sizes["d_head"]
    for layer, head in np.ndindex(*w.b_V.shape[:2]):
        value = _invertible(width, rng)
        w.W_V[layer, head], w.b_V[layer, head] = w.W_V[layer, head] @ value, w.b_V[layer, head] @ value
        w.W_O[layer, head] = np.linalg.inv(value) @ w.W_O[layer, head]
        score = np.eye(width)
        if width > ROTARY:
            score[ROTARY:, ROTARY:] = _invertible(width - ROTARY, rng)
        other = np.linalg.inv(score).T
        w.W_Q[layer, head], w.b_Q[layer, head] = w.W_Q[layer, head] @ score, w.b_Q[layer, head] @ score
        w.W_K[layer, head], w.b_K[layer, head] = w.W_K[layer, head] @ other, w.b_K[layer, head] @ other
    return w


def rotated(weights: Weights, rng: np.random.Generator) -> Weights:
    """Rotate the residual stream."""
    w, size = weights.numpy(), weights.sizes["d_model"]
    turn = _rotation(size, rng)
    into = lambda array: np.einsum("ij,...jk->...ik", turn.T, array).astype(np.float32)
    out = lambda array: (array @ turn).astype(np.float32)
    reads = {name: into(w[name]) for name in ("W_Q", "W_K", "W_V", "W_in", "W_U")}
    writes = {name: out(w[name]) for name in ("W_E", "b_E", "W_O", "b_O", "W_out", "b_out", "r_0")}
    return w.replace(**reads, **writes, W_R=out(into(w.W_R)))


def _invertible(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a matrix that is not close to a singular one: singular values from 1/2 to 2, as float32 needs."""
    left, right = (_rotation(size, rng) for _ in range(2))
    return left @ np.diag(np.exp2(rng.uniform(-1, 1, size))) @ right


def _rotation(size: int, rng: np.random.Generator) -> np.ndarray:
    from scipy.stats import ortho_group

    return ortho_group.rvs(size, random_state=rng) if size > 1 else np.eye(size)
