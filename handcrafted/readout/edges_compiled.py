"""What changed edges do to the outputs, compiled: for large networks; see `handcrafted.readout.edges`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from handcrafted.control.library import compiled
from handcrafted.model.edit import EdgeEdit, Edit, no_edit
from handcrafted.model.forward import forward
from handcrafted.model.weights import Weights


def moved(
    weights: Weights, inputs: np.ndarray, outputs: np.ndarray, change: np.ndarray, edges: EdgeEdit, window: int
) -> np.ndarray:
    """Return the largest change of any output [pair] where chosen readers see chosen coordinates changed.

    Args:
        weights: of a network.
        inputs: [run, time, n_in].
        outputs: without any change [run, time, n_out].
        change: of the stream [run, time, d_model].
        edges: of each pair [pair] which coordinates change (in place of the change) and who sees it, without time.
        window: how many steps a head sees.
    """
    return np.asarray(_scan(weights, inputs, outputs, change, no_edit(weights), edges, window))


@compiled("window")
def _scan(
    weights: Weights,
    inputs: Float[Array, "run time n_in"],
    outputs: Float[Array, "run time n_out"],
    change: Float[Array, "run time d_model"],
    nothing: Edit,
    edges: EdgeEdit,
    window: int,
) -> Float[Array, " pair"]:
    def one(edge: EdgeEdit) -> Array:
        def run(x: Array, delta: Array) -> Array:
            seen_by = EdgeEdit(delta * edge.delta, *(part[None] for part in edge[1:]))
            return forward(weights, x, None, window=window, edit=nothing._replace(edge=seen_by))[0]

        return jnp.abs(jax.vmap(run)(inputs, change) - outputs).max()

    return jax.lax.map(one, edges)
