"""What the readers of a subspace answer when they see it changed, from the recorded residual stream.

Only heads and neurons whose weights touch the subspace can answer; the others are left out, which is exact. Subspaces
with few readers go together, with their readers as data of one compiled, scanned function.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.half_layer import attend, matmul, windows
from handcrafted.model.padding import bucket
from handcrafted.model.weights import Weights
from handcrafted.readout.target import TargetNetwork

CLASSES = ((4, 16), (16, 128))
"""Up to how many heads and neurons read a subspace of each class; the last class takes all."""


class Stream(NamedTuple):
    """The residual stream as its readers see it: before attention, before the MLP, and at the end.

    `pre` starts window - 1 steps earlier than the others, so that every head sees its whole window.
    """

    pre: Float[Array | np.ndarray, "*run seen layer d_model"]
    mid: Float[Array | np.ndarray, "*run time layer d_model"]
    final: Float[Array | np.ndarray, "*run time d_model"]


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
    """What all readers compute undisturbed: queries, keys and values, and neurons at the step of the change."""

    q: Float[Array, "*run time reader d_head"]
    k: Float[Array, "*run seen reader d_head"]
    v: Float[Array, "*run seen reader d_head"]
    pre: Float[Array, "*run neuron"]


class ReaderResponse(NamedTuple):
    """By how much readers answer otherwise: what they write to the stream, the outputs, and the next carry."""

    stream: Float[Array, "*run time d_model"]
    outputs: Float[Array, "*run n_out"]
    carry: Float[Array, "*run d_model"]


@partial(jax.jit, static_argnames="window")
def undisturbed(weights: Weights, x: Stream, window: int) -> Base:
    """Return what the readers compute on the recorded stream, over runs."""

    def one(x: Stream) -> Base:
        def projected(kernel: Array, bias: Array) -> Array:
            found = matmul(x.pre, kernel, "tlm,lhmd->tlhd") + bias
            return found.reshape(len(found), -1, found.shape[-1])

        neurons = neurons_of(weights)
        pre = matmul(x.mid[0], neurons.into, "lm,lmn->ln") + neurons.bias
        q, k, v = (projected(*one) for one in heads_of(weights).projections)
        return Base(q[window - 1 :], k, v, pre.ravel())

    return jax.vmap(one)(x)


def respond(weights: Weights, base: Base, change: Stream, readers: Readers, window: int) -> ReaderResponse:
    """What the readers answer to a change that they see at the first of `time` steps; `change` is of that step."""
    stream = _heads(weights, base, change.pre[:, readers.at] * readers.at_on, readers, window)
    stream = stream.at[0].add(_neurons(weights, base.pre, change.mid[:, readers.at] * readers.at_on, readers))
    final, ends = change.final[readers.at] * readers.at_on, ends_of(weights)
    outputs = matmul(final, ends.unembedding[readers.at], "m,mo->o")
    return ReaderResponse(stream, outputs, matmul(final, ends.recurrence[readers.at], "m,mn->n"))


Along = tuple[float, ...]
"""Where on the way from nothing to the whole change slopes are taken; nowhere asks for the exact answer."""


def respond_along(
    weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along
) -> ReaderResponse:
    """Return what the readers answer to a change, exactly, or as the mean of the slopes along it times the change."""
    if not along:
        return respond(weights, base, change, readers, window)
    exact = lambda part: respond(weights, base, part, readers, window)
    slope = lambda k: jax.jvp(exact, (jax.tree.map(lambda a: k * a, change),), (change,))[1]
    zero = jax.tree.map(lambda part: jnp.zeros(part.shape, part.dtype), jax.eval_shape(exact, change))
    total, _ = jax.lax.scan(lambda sum, k: (jax.tree.map(jnp.add, sum, slope(k)), None), zero, jnp.array(along))
    return jax.tree.map(lambda part: part / len(along), total)


def _heads(weights: Weights, base: Base, change: Array, readers: Readers, window: int) -> Array:
    """Return what the heads write otherwise [time, d_model] for a change [layer, coordinate] of what they see."""
    heads = heads_of(weights)
    layer, head = jnp.divmod(readers.heads, heads.query.shape[1])
    moved = lambda kernel: matmul(change[layer], kernel[layer, head][:, readers.at], "hm,hmd->hd")
    q, k, v = (part[:, readers.heads] for part in base[:3])
    new = (
        q.at[0].add(moved(heads.query)),
        k.at[window - 1].add(moved(heads.key)),
        v.at[window - 1].add(moved(heads.value)),
    )

    def mixed(q: Array, k: Array, v: Array) -> Array:
        seen = (windows(part[: window - 1], part[window - 1 :]) for part in (k, v))
        return jax.vmap(lambda *now: attend(*now)[1])(q, *seen)

    z = (mixed(*new) - mixed(q, k, v)) * readers.head_on[:, None]
    return matmul(z, heads.output[layer, head], "thd,hdm->tm")


def _neurons(weights: Weights, pre: Array, change: Array, readers: Readers) -> Array:
    """Return what the neurons write otherwise [d_model] for a change [layer, coordinate] of what they see."""
    neurons = neurons_of(weights)
    layer, column = jnp.divmod(readers.neurons, neurons.into.shape[2])
    into = neurons.into[layer[:, None], readers.at, column[:, None]]
    base = pre[readers.neurons]
    post = jax.nn.relu(base + matmul(change[layer], into, "nm,nm->n")) - jax.nn.relu(base)
    return matmul(post * readers.neuron_on, neurons.out[layer, column], "n,nm->m")


@partial(jax.jit, static_argnames=("window", "along"))
def effects(
    weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along = ()
) -> tuple[ReaderResponse, Array]:
    """Return the responses to a change of each subspace in turn, over runs.

    Args:
        weights: effective weights.
        base: what the readers compute undisturbed, with leading axes [run].
        change: by how much the stream differs under a contrast, at its first step [run].
        readers: which coordinates to change and who reads them [subspace].
        window: how many steps a head sees.
        along: where slopes are taken; nowhere asks for the exact answer.

    Returns:
        Responses with leading axes [subspace, run], of the stream at the step of the change alone; and the largest
        response of the stream over all runs [subspace, time, d_model].
    """

    def one(readers: Readers) -> tuple[ReaderResponse, Array]:
        found = jax.vmap(lambda base, delta: respond_along(weights, base, delta, readers, window, along))(base, change)
        return found._replace(stream=found.stream[:, 0]), jnp.abs(found.stream).max(axis=0)

    return jax.lax.map(one, readers)


@partial(jax.jit, static_argnames=("window", "along"))
def over_time(weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along = ()) -> Array:
    """Return the response of the stream to a change of one subspace [run, time, d_model]."""
    one = lambda base, delta: respond_along(weights, base, delta, readers, window, along).stream
    return jax.vmap(one)(base, change)


class ReaderAnswers:
    """What all readers answer under one contrast."""

    def __init__(self, subject: TargetNetwork, base: Base, change: Stream, along: Along = ()):
        self.subject, self.base, self.change, self.along = subject, base, change, along
        self.rows: dict[int, tuple[ReaderResponse, np.ndarray]] = {}
        for chosen, readers in by_class(subject):
            found = jax.device_get(effects(subject.padded, base, change, readers, subject.window, along))
            for i, row in enumerate(chosen):
                self.rows[row] = jax.tree.map(lambda part, i=i: part[i], found)

    def of(self, row: int) -> ReaderAnswer:
        """Return what is answered to a change of one subspace, by its number."""
        return ReaderAnswer(self, row)


class ReaderAnswer:
    """What is answered to a change of one subspace.

    Attributes:
        peak: the largest answer on the stream over all runs [time, d_model].
        outputs: [run, n_out].
        carry: of the next step [run, d_model].
    """

    def __init__(self, answers: ReaderAnswers, row: int):
        self.answers, self.row = answers, row
        now, self.peak = answers.rows[row]
        self.now, self.outputs, self.carry = now.stream, now.outputs, now.carry

    def stream(self, lag: int) -> np.ndarray:
        """Return the answer on the stream [run, d_model] so many steps later."""
        return np.asarray(self.now) if lag == 0 else self.later[:, lag]

    @cached_property
    def later(self) -> np.ndarray:
        """The answer on the stream over time [run, time, d_model]."""
        a = self.answers
        readers = jax.tree.map(lambda part: part[0], next(iter(by_class(a.subject, [self.row])))[1])
        return np.asarray(over_time(a.subject.padded, a.base, a.change, readers, a.subject.window, a.along))


def by_class(subject: TargetNetwork, rows: list[int] | None = None) -> Iterator[tuple[list[int], Readers]]:
    """Return the numbers of the subspaces of each class with their readers, filled up to a few lengths."""
    heads, into = heads_of(subject.padded), neurons_of(subject.padded).into
    kernels = np.abs(np.concatenate([kernel for kernel, _ in heads.projections], axis=-1))
    read_by_head = kernels.max(axis=-1).reshape(-1, kernels.shape[2])
    read_by_neuron = np.abs(into).swapaxes(1, 2).reshape(-1, into.shape[1])
    whole = (len(read_by_head), len(read_by_neuron))
    classes: dict[tuple[int, ...], list[tuple[int, np.ndarray, np.ndarray]]] = {}
    for row in range(len(subject.indicator)) if rows is None else rows:
        at = np.flatnonzero(subject.indicator[row])
        heads, neurons = (np.flatnonzero(table[:, at].any(axis=1)) for table in (read_by_head, read_by_neuron))
        fits = (sizes for sizes in CLASSES if len(heads) <= sizes[0] and len(neurons) <= sizes[1])
        most = tuple(map(min, next(fits, whole), whole))
        classes.setdefault(most, []).append((row, heads, neurons))
    for (most_heads, most_neurons), members in classes.items():
        count = len(members) if rows is not None else bucket(len(members), 16)
        spare = [members[-1]] * (count - len(members))
        filled = [*members, *spare]
        heads, head_on = _filled([heads for _, heads, _ in filled], most_heads)
        neurons, neuron_on = _filled([neurons for _, _, neurons in filled], most_neurons)
        places = [np.flatnonzero(subject.indicator[row]) for row, _, _ in filled]
        at, at_on = _filled(places, bucket(max(map(len, places)), 4))
        yield [row for row, _, _ in members], Readers(at, at_on, heads, head_on, neurons, neuron_on)


def _filled(lists: list[np.ndarray], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Fill lists of numbers up to one length; also give 1 where an entry counts, else 0."""
    numbers, on = np.zeros((len(lists), length), np.int32), np.zeros((len(lists), length), np.float32)
    for i, found in enumerate(lists):
        numbers[i, : len(found)], on[i, : len(found)] = found, 1
    return numbers, on
