"""What the heads and the neurons of one layer add to the residual stream: the sums that every run of a network does.

A dense run gives the whole stream and the arrays of a layer; a run in blocks what one block may read, and its own
arrays. Both go through here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from handcrafted.model.component import HeadArrays, NeuronArrays
from handcrafted.model.edit import AffineEdit, EdgeEdit


def matmul(a: ArrayLike, b: ArrayLike, spec: str) -> Array:
    """Multiply as `spec` says, in full float32 precision."""
    return jnp.einsum(spec, a, b, precision="highest")


def rotate(query: Float[Array, "head d_head"], window: int) -> Float[Array, "window head d_head"]:
    """Turn the first two dimensions of a query by 1 rad per step of lag.

    Formula: (R(t) q) . (R(s) k) = (R(t - s) q) . k, so that only the lag matters and no large angle is ever formed.
    Source: Su et al. 2021, RoFormer, section 3.2.
    """
    lag = jnp.arange(window, dtype=jnp.float32)[:, None]
    x, y = query[None, :, 0], query[None, :, 1]
    turned = [jnp.cos(lag) * x - jnp.sin(lag) * y, jnp.sin(lag) * x + jnp.cos(lag) * y]
    rest = jnp.broadcast_to(query[None, :, 2:], (window, *query[:, 2:].shape))
    return jnp.concatenate([jnp.stack(turned, axis=-1), rest], axis=-1)


def attend(
    query: Float[Array, "head d_head"],
    keys: Float[Array, "window head d_head"],
    values: Float[Array, "window head d_head"],
) -> tuple[Float[Array, "head window"], Float[Array, "head d_head"]]:
    """Return the attention pattern over the lags 0, 1, … of the window, and the mixed values."""
    scores = matmul(rotate(query, keys.shape[0]), keys, "thd,thd->ht") / jnp.sqrt(jnp.float32(query.shape[-1]))
    pattern = jax.nn.softmax(scores, axis=-1)
    return pattern, matmul(pattern, values, "ht,thd->hd")


def windows(past: Array, now: Array) -> Array:
    """Return what each step of `now` [time, …] sees of itself and of `past` [past, …]: [time, lag, …], itself first."""
    time, window = now.shape[0], past.shape[0] + 1
    at = jnp.arange(time)[:, None] + (window - 1) - jnp.arange(window)[None]
    return jnp.concatenate([past, now])[at]


class Attended(NamedTuple):
    """What heads do over steps.

    Attributes:
        added: to what they may write, without the constant that the layer adds [time, write].
        past: keys and values that the next step sees, oldest first.
        pattern: where they look [time, head, window].
        z: what they mix [time, head, d_head].
    """

    added: Array
    past: tuple[Array, Array]
    pattern: Array
    z: Array


def attention(
    heads: HeadArrays,
    x: Array,
    past: tuple[Array, Array],
    edge: EdgeEdit | None = None,
    touch: AffineEdit | None = None,
) -> Attended:
    """Run the heads of one layer over steps.

    Args:
        heads: their arrays, without an axis of layers.
        x: what they see of the stream [time, read].
        past: earlier keys and values [past, head, d_head].
        edge: what single heads see otherwise.
        touch: what is done to what they mix.
    """
    q, k, v = (project(kernel, bias, x, edge) for kernel, bias in heads.projections)
    pattern, z = jax.vmap(attend)(q, windows(past[0], k), windows(past[1], v))
    z = touched(z, touch)
    kept = jnp.concatenate([past[0], k])[len(x) :], jnp.concatenate([past[1], v])[len(x) :]
    return Attended(matmul(z, heads.output, "thd,hdm->tm"), kept, pattern, z)


def project(kernel: Array, bias: Array, x: Array, edge: EdgeEdit | None = None) -> Array:
    """Return queries, keys or values [time, head, d_head]; an edited edge changes what its reader alone sees."""
    found = matmul(x, kernel, "tm,hmd->thd") + bias
    return found if edge is None else found + edge.heads[..., None] * matmul(edge.delta, kernel, "tm,hmd->thd")


class Fired(NamedTuple):
    """What neurons do over steps.

    Attributes:
        added: to what they may write, without the constant that the layer adds [time, write].
        pre, post: before and after they are rectified [time, d_mlp].
    """

    added: Array
    pre: Array
    post: Array


def mlp(neurons: NeuronArrays, x: Array, edge: EdgeEdit | None = None, touch: AffineEdit | None = None) -> Fired:
    """Run the neurons of one layer over steps, each of which sees `x` [time, read]."""
    pre = matmul(x, neurons.into, "tm,mn->tn") + neurons.bias
    if edge is not None:
        pre += edge.neurons * matmul(edge.delta, neurons.into, "tm,mn->tn")
    post = touched(jax.nn.relu(pre), touch)
    return Fired(matmul(post, neurons.out, "tn,nm->tm"), pre, post)


def touched(value: Array, touch: Any) -> Array:
    """Return values after an intervention, if there is one."""
    return value if touch is None else touch.on(value)
