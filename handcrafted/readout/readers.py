"""What the readers of a subspace answer when they see it changed, from the recorded residual stream.

Only heads and neurons whose weights touch the subspace can answer; the others are left out, which is exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from handcrafted.control.library import library_of, matmul, relu
from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.half_layer import Array, attend, layer_of, pattern_by_position, project, windows
from handcrafted.model.weights import Weights


class Stream(NamedTuple):
    """The residual stream as its readers see it: before attention, before the MLP, and at the end.

    `pre` starts window - 1 steps earlier than the others, so that every head sees its whole window.
    """

    pre: Float[Array, "*run seen layer d_model"]
    mid: Float[Array, "*run time layer d_model"]
    final: Float[Array, "*run time d_model"]


class Readers(NamedTuple):
    """One subspace: its coordinates, and the heads and neurons that read it, numbered through all layers.

    Lists are filled up to one length; what `…_on` says is 1 where an entry counts.
    """

    at: Any
    at_on: Any
    heads: Any
    head_on: Any
    neurons: Any
    neuron_on: Any


class Base(NamedTuple):
    """What all readers compute undisturbed: queries, keys and values, and neurons at the step of the change.

    In numpy, where all heads look by position alone, it is enough to know where they look at each lag (`pattern`).
    """

    q: Float[Array, "*run time reader d_head"] | None
    k: Float[Array, "*run seen reader d_head"] | None
    v: Float[Array, "*run seen reader d_head"] | None
    pre: Float[Array, "*run neuron"]
    pattern: Float[np.ndarray, "reader window"] | None = None


class ReaderResponse(NamedTuple):
    """By how much readers answer otherwise: what they write to the stream, the outputs, and the next carry."""

    stream: Float[Array, "*run time d_model"]
    outputs: Float[Array, "*run n_out"]
    carry: Float[Array, "*run d_model"]


@np.errstate(all="ignore")  # what overflows is an effect of which nobody can say more
def undisturbed(weights: Weights, x: Stream, window: int, by_position: bool = False) -> Base:
    """Return what the readers compute on the recorded stream, over runs.

    Args:
        weights: effective weights.
        x: the stream.
        window: how many steps a head sees.
        by_position: whether it will do to say where heads look, if they all look by position alone.
    """
    heads, neurons = heads_of(weights), neurons_of(weights)
    xp, layers = library_of(*x), range(weights.sizes["layer"])

    def projected(kernels: Array, biases: Array) -> Array:
        each = [project(kernels[i], biases[i], x.pre[..., i, :]) for i in layers]
        return xp.concatenate(each, axis=-2)

    fed = [matmul(x.mid[..., 0, i, :], neurons.into[i], "...m,mn->...n") + neurons.bias[i] for i in layers]
    found = [pattern_by_position(layer_of(heads, i), window) for i in layers] if by_position else []
    patterns = [pattern for pattern in found if pattern is not None]
    if len(patterns) == len(layers):
        return Base(None, None, None, xp.concatenate(fed, axis=-1), np.concatenate(patterns))
    q, k, v = (projected(*one) for one in heads.projections)
    return Base(q[..., window - 1 :, :, :], k, v, xp.concatenate(fed, axis=-1))


@np.errstate(all="ignore")
def respond(weights: Weights, base: Base, change: Stream, readers: Readers, window: int) -> ReaderResponse:
    """What the readers answer to a change that they see at the first of `time` steps; `change` is of that step.

    Leading axes, such as those of runs, are kept. Where heads look by position alone, the last steps at which nobody
    answers are left out.
    """
    seen = Stream(*(part[..., readers.at] * readers.at_on for part in change))
    stream = _heads(weights, base, seen.pre, readers, window)
    fired = _neurons(weights, base.pre, seen.mid, readers)
    xp, ends = library_of(stream, fired), ends_of(weights)
    first = stream[..., :1, :] + fired[..., None, :]
    outputs = matmul(seen.final, ends.unembedding[readers.at], "...m,mo->...o")
    carry = matmul(seen.final, ends.recurrence[readers.at], "...m,mn->...n")
    return ReaderResponse(xp.concatenate([first, stream[..., 1:, :]], axis=-2), outputs, carry)


Along = tuple[float, ...]
"""Where on the way from nothing to the whole change slopes are taken; nowhere asks for the exact answer."""


def _heads(weights: Weights, base: Base, change: Array, readers: Readers, window: int) -> Array:
    """Return what heads write otherwise [*run, time, d_model] for a change of what they see [*run, layer, at]."""
    heads = heads_of(weights)
    layer, head = readers.heads // heads.query.shape[1], readers.heads % heads.query.shape[1]
    moved = lambda kernel: matmul(change[..., layer, :], kernel[layer, head][:, readers.at], "...hm,hmd->...hd")
    if base.pattern is not None:
        pattern = base.pattern[readers.heads] * readers.head_on[:, None]
        lags = np.flatnonzero(np.any(pattern, axis=0)).tolist()
        found = np.zeros((*change.shape[:-2], 1 + max(lags, default=0), heads.output.shape[-1]), np.float32)
        value = moved(heads.value) if lags else None
        for lag in lags:
            found[..., lag, :] = matmul(pattern[:, lag, None] * value, heads.output[layer, head], "...hd,hdm->...m")
        return found
    assert base.q is not None and base.k is not None and base.v is not None
    q, k, v = (part[..., readers.heads, :] for part in (base.q, base.k, base.v))
    new = (
        _raised(q, 0, moved(heads.query)),
        _raised(k, window - 1, moved(heads.key)),
        _raised(v, window - 1, moved(heads.value)),
    )

    def mixed(q: Array, k: Array, v: Array) -> Array:
        seen = (windows(part[..., : window - 1, :, :], part[..., window - 1 :, :, :]) for part in (k, v))
        return attend(q, *seen)[1]

    z = (mixed(*new) - mixed(q, k, v)) * readers.head_on[:, None]
    return matmul(z, heads.output[layer, head], "...hd,hdm->...m")


def _raised(steps: Array, at: int, by: Array) -> Array:
    """Return values [*run, time, head, d_head] with something added at one step."""
    xp = library_of(steps, by)
    steps = xp.broadcast_to(steps, (*np.broadcast_shapes(steps.shape[:-3], by.shape[:-2]), *steps.shape[-3:]))
    changed = steps[..., at : at + 1, :, :] + by[..., None, :, :]
    return xp.concatenate([steps[..., :at, :, :], changed, steps[..., at + 1 :, :, :]], axis=-3)


def _neurons(weights: Weights, pre: Array, change: Array, readers: Readers) -> Array:
    """Return what neurons write otherwise [*run, d_model] for a change of what they see [*run, layer, at]."""
    neurons = neurons_of(weights)
    layer, column = readers.neurons // neurons.into.shape[2], readers.neurons % neurons.into.shape[2]
    into = neurons.into[layer[:, None], readers.at, column[:, None]]
    base = pre[..., readers.neurons]
    post = relu(base + matmul(change[..., layer, :], into, "...nm,nm->...n")) - relu(base)
    return matmul(post * readers.neuron_on, neurons.out[layer, column], "...n,nm->...m")
