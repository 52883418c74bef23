"""What taking subspaces away does, compiled; see `handcrafted.readout.ablation`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from handcrafted.control.library import compiled
from handcrafted.model.edit import AffineEdit, Edit
from handcrafted.model.forward import forward
from handcrafted.model.weights import Weights


@compiled("step", "window")
def peaks(
    weights: Weights,
    inputs: Float[Array, "run time n_in"],
    masks: Float[Array, "subspace d_model"],
    values: Float[Array, "run d_model"],
    final: Float[Array, "run time d_model"],
    outputs: Float[Array, "run time n_out"],
    step: int,
    nothing: Edit,
    window: int,
) -> tuple[Float[Array, "subspace lag d_model"], Float[Array, "subspace lag n_out"]]:
    """Return the largest change over runs of the stream and the outputs, from the step of the ablation on."""
    when = jnp.zeros((inputs.shape[1], 1), jnp.float32).at[step].set(1.0)

    def one(mask: Array) -> tuple[Array, Array]:
        keep = 1 - when * mask

        def run(x: Array, value: Array) -> tuple[Array, Array]:
            add = when * mask * value
            deep = lambda part, like: jnp.broadcast_to(part[:, None], (len(x), *like.shape[1:]))
            inner = AffineEdit(deep(keep, nothing.mid.keep), deep(add, nothing.mid.keep))
            edit = nothing._replace(embed=AffineEdit(keep, add), mid=inner, post=inner)
            done, seen = forward(weights, x, None, window=window, edit=edit)
            return seen["final"], done

        stream, done = jax.vmap(run)(inputs, values)
        return jnp.abs(stream - final).max(axis=0)[step:], jnp.abs(done - outputs).max(axis=0)[step:]

    return jax.lax.map(one, masks)
