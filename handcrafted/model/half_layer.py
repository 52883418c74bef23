"""What the heads and the neurons of one layer add to the residual stream: the sums that every run of a network does.

A dense run gives the whole stream and the arrays of a layer; a run in blocks what one block may read, and its own
arrays. Both go through here, in numpy as in JAX; leading axes, such as those of runs, are kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from handcrafted.control.library import library_of, matmul, relu, softmax
from handcrafted.control.numbers import whole
from handcrafted.model.component import EndArrays, HeadArrays, NeuronArrays
from handcrafted.model.edit import AffineEdit, EdgeEdit, Edit

Array = Any
"""Of numpy or of JAX."""

MAX_WINDOW = 1_000
"""Each step of a window is a key and a value of every head."""


def checked_window(window: int) -> int:
    """Check how many steps a head is to see.

    Raises:
        HandcraftedError: if that is no such number.
    """
    return whole("a whole number of steps that a head sees", window, 1, MAX_WINDOW)


def rotate(query: Float[Array, "*run head d_head"], window: int) -> Float[Array, "*run window head d_head"]:
    """Turn the first two dimensions of a query by 1 rad per step of lag.

    Formula: (R(t) q) . (R(s) k) = (R(t - s) q) . k, so that only the lag matters and no large angle is ever formed.
    Source: Su et al. 2021, RoFormer, section 3.2.
    """
    xp = library_of(query)
    lag = xp.arange(window, dtype=xp.float32)[:, None]
    x, y = query[..., None, :, 0], query[..., None, :, 1]
    turned = [xp.cos(lag) * x - xp.sin(lag) * y, xp.sin(lag) * x + xp.cos(lag) * y]
    rest = xp.broadcast_to(query[..., None, :, 2:], (*turned[0].shape, query.shape[-1] - 2))
    return xp.concatenate([xp.stack(turned, axis=-1), rest], axis=-1)


def attend(
    query: Float[Array, "*run head d_head"],
    keys: Float[Array, "*run window head d_head"],
    values: Float[Array, "*run window head d_head"],
) -> tuple[Float[Array, "*run head window"], Float[Array, "*run head d_head"]]:
    """Return the attention pattern over the lags 0, 1, … of the window, and the mixed values."""
    xp = library_of(query, keys, values)
    root = xp.sqrt(xp.float32(query.shape[-1]))
    scores = matmul(rotate(query, keys.shape[-3]), keys, "...thd,...thd->...ht") / root
    pattern = softmax(scores)
    return pattern, matmul(pattern, values, "...ht,...thd->...hd")


def windows(past: Array, now: Array) -> Array:
    """Return what each step of `now` sees of itself and of `past`, itself first [*run, time, lag, head, d_head].

    Args:
        past: [*run, past, head, d_head].
        now: [*run, time, head, d_head].
    """
    xp = library_of(past, now)
    time, window = now.shape[-3], past.shape[-3] + 1
    at = np.arange(time)[:, None] + (window - 1) - np.arange(window)[None]
    return xp.concatenate([past, now], axis=-3)[..., at, :, :]


def layer_of(heads: HeadArrays, layer: int) -> HeadArrays:
    """Return the heads of one layer, of those of all layers."""
    return HeadArrays(*(array[layer] for array in heads))


def pattern_by_position(heads: HeadArrays, window: int) -> Float[np.ndarray, "head window"] | None:
    """Return where heads look that look by position alone; None where one of them looks by content, or JAX traces.

    Before t = 0 as after it queries and keys are then their biases, so that the pattern is one for all steps.
    """
    kernels, biases = (heads.query, heads.key), (heads.query_bias, heads.key_bias)
    if library_of(*kernels, *biases) is not np or any(np.any(kernel) for kernel in kernels):
        return None
    keys = np.broadcast_to(heads.key_bias, (window, *heads.key_bias.shape))
    return attend(heads.query_bias, keys, keys)[0]


def mixed_by_position(pattern: Array, past: Array, now: Array) -> Array:
    """Return what heads mix of what each step sees [*run, time, head, d_head]; see `windows`."""
    seen, time = np.concatenate([past, now], axis=-3), now.shape[-3]
    first = seen.shape[-3] - time
    lags = np.flatnonzero(np.any(pattern != 0, axis=0)).tolist()
    parts = (pattern[:, k, None] * seen[..., first - k : first - k + time, :, :] for k in lags)
    return sum(parts, np.zeros(now.shape, now.dtype))


class Attended(NamedTuple):
    """What heads do over steps.

    Attributes:
        added: to what they may write, without the constant that the layer adds [*run, time, write].
        past: keys and values that the next step sees, oldest first.
        pattern: where they look [*run, time, head, window].
        z: what they mix [*run, time, head, d_head].
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
    by_position: Array | None = None,
) -> Attended:
    """Run the heads of one layer over steps.

    Args:
        heads: their arrays, without an axis of layers.
        x: what they see of the stream [*run, time, read].
        past: earlier keys and values [*run, past, head, d_head].
        edge: what single heads see otherwise.
        touch: what is done to what they mix.
        by_position: where they look, if that is known, as `pattern_by_position` gives it; they remember no keys then.
    """
    if by_position is not None and not len(by_position):  # nothing to run
        none = lambda wide: np.zeros((*x.shape[:-1], 0, wide), np.float32)
        return Attended(np.float32(0), past, none(by_position.shape[1]), none(heads.value.shape[-1]))
    if by_position is not None:
        v = project(heads.value, heads.value_bias, x, edge)
        z = touched(mixed_by_position(by_position, past[1], v), touch)
        kept = past[0], np.concatenate([past[1], v], axis=-3)[..., x.shape[-2] :, :, :]
        pattern = np.broadcast_to(by_position, (*z.shape[:-2], *by_position.shape))
        return Attended(matmul(z, heads.output, "...hd,hdm->...m"), kept, pattern, z)
    q, k, v = (project(kernel, bias, x, edge) for kernel, bias in heads.projections)
    pattern, z = attend(q, windows(past[0], k), windows(past[1], v))
    z = touched(z, touch)
    xp, time = library_of(past[0], k), x.shape[-2]
    kept = tuple(xp.concatenate(pair, axis=-3)[..., time:, :, :] for pair in ((past[0], k), (past[1], v)))
    return Attended(matmul(z, heads.output, "...hd,hdm->...m"), kept, pattern, z)


def project(kernel: Array, bias: Array, x: Array, edge: EdgeEdit | None = None) -> Array:
    """Return queries, keys or values [*run, time, head, d_head]; an edited edge changes what its reader alone sees."""
    found = matmul(x, kernel, "...m,hmd->...hd") + bias
    return found if edge is None else found + edge.heads[..., None] * matmul(edge.delta, kernel, "...m,hmd->...hd")


class Fired(NamedTuple):
    """What neurons do over steps.

    Attributes:
        added: to what they may write, without the constant that the layer adds [*run, time, write].
        pre, post: before and after they are rectified [*run, time, d_mlp].
    """

    added: Array
    pre: Array
    post: Array


def mlp(neurons: NeuronArrays, x: Array, edge: EdgeEdit | None = None, touch: AffineEdit | None = None) -> Fired:
    """Run the neurons of one layer over steps, each of which sees `x` [*run, time, read]."""
    pre = matmul(x, neurons.into, "...m,mn->...n") + neurons.bias
    if edge is not None:
        pre = pre + edge.neurons * matmul(edge.delta, neurons.into, "...m,mn->...n")
    post = touched(relu(pre), touch)
    return Fired(matmul(post, neurons.out, "...n,nm->...m"), pre, post)


def layer(
    heads: HeadArrays,
    neurons: NeuronArrays,
    x: Array,
    past: tuple[Array, Array],
    edit: Edit | None,
    by_position: Array | None = None,
) -> tuple[Array, tuple[Array, Array], dict[str, Array]]:
    """Run one layer over steps [*run, time, d_model]: attention, then MLP.

    Args:
        heads: of the layer.
        neurons: of the layer.
        x: the stream before it.
        past: earlier keys and values.
        edit: an intervention on this layer.
        by_position: where its heads look, if that is known; see `attention`.

    Returns:
        The stream after it, the keys and values that the next step sees, and its activations.
    """
    edge, touch = edit and edit.edge, edit or Edit()
    looked = attention(heads, x, past, edge, touch.heads, by_position)
    mid = touched(x + looked.added + heads.constant, touch.mid)
    fired = mlp(neurons, mid, edge, touch.neurons)
    out = touched(mid + fired.added + neurons.constant, touch.post)
    seen = dict(resid_pre=x, pattern=looked.pattern, z=looked.z, resid_mid=mid, pre=fired.pre, post=fired.post)
    return out, looked.past, {**seen, "resid_post": out}


def embedded(ends: EndArrays, inputs: Array) -> Array:
    """Return what inputs [*run, time, n_in] put into the stream [*run, time, d_model]."""
    return matmul(inputs, ends.embedding, "...i,im->...m") + ends.constant


def ended(ends: EndArrays, x: Array, edge: EdgeEdit | None = None) -> tuple[Array, Array]:
    """Return what the end of the stream [*run, time, d_model] hands to the next step, and the outputs."""
    read = x if edge is None else x + edge.carry[..., None] * edge.delta
    outputs = matmul(x, ends.unembedding, "...m,mo->...o") + ends.output_bias
    if edge is not None:
        outputs = outputs + edge.outputs * matmul(edge.delta, ends.unembedding, "...m,mo->...o")
    return matmul(read, ends.recurrence, "...m,mn->...n"), outputs


def touched(value: Array, touch: Any) -> Array:
    """Return values after an intervention, if there is one."""
    return value if touch is None else touch.on(value)
