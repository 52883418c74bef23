"""Arrays padded with zeros to a few sizes, so that one compiled function serves many networks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import HEAD_ARRAYS
from handcrafted.model.run import is_small, run
from handcrafted.model.weights import FIELD_AXES, Weights

LEAST = {"layer": 4, "head": 4, "d_model": 64, "d_head": 4, "d_mlp": 16, "n_in": 16, "n_out": 16}
"""The smallest size of each axis."""

WIDE = 64
"""From here on sizes grow by quarters instead of doubling, for what is added costs time."""


def bucket(size: int, least: int = 1) -> int:
    """Return the next size of a few: powers of two up to 64, then four between each and the next."""
    power = max(least, 1 << max(size - 1, 0).bit_length())
    quarter = power // 8
    return power if power <= WIDE or power == least else power // 2 + quarter * -(-(size - power // 2) // quarter)


def padded(weights: Weights) -> Weights:
    """Return the same network with every axis padded to its bucket.

    What is added holds zeros: layers that change nothing, heads and neurons that write nothing, coordinates that
    nobody reads. Queries grow with the root of d_head, so that scores stay what they are.

    Error: one float32 rounding of each query where the ratio of the two d_head is no power of 4, else 0.
    """
    old = weights.sizes
    sizes = {axis: bucket(size, LEAST[axis]) for axis, size in old.items()}
    found = Weights.zeros(np.float32, **sizes)
    scale = np.float32(np.sqrt(sizes["d_head"] / old["d_head"]))
    for name, axes in FIELD_AXES.items():
        query = name in (HEAD_ARRAYS.query, HEAD_ARRAYS.query_bias)
        array = np.asarray(weights[name]) * (scale if query else np.float32(1))
        found[name][tuple(slice(old[axis]) for axis in axes)] = array
    return found


def run_shared(
    weights: Weights, inputs: np.ndarray, window: int = WINDOW
) -> tuple[Float[np.ndarray, "*batch time n_out"], Float[np.ndarray, "*batch time d_model"]]:
    """Run a network in numpy or at its padded size; give outputs and the residual at the end of each step."""
    own = weights.numpy()
    arrays = own if is_small(own) else padded(own)
    outputs, seen = run(arrays, widened(np.asarray(inputs, np.float32), arrays.sizes["n_in"]), window=window)
    sizes = weights.sizes
    return outputs[..., : sizes["n_out"]], seen["final"][..., : sizes["d_model"]]


def widened(values: np.ndarray, width: int) -> np.ndarray:
    """Pad the last axis with zeros."""
    return np.concatenate([values, np.zeros((*values.shape[:-1], width - values.shape[-1]), values.dtype)], axis=-1)
