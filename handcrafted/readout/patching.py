"""Exact edge patching: give one reader alone what a subspace would have held on another input, and see what it does.

The effect on the reader's own output needs no run of the whole network: every reader of every layer is answered at
once from the recorded residual stream, with the subspaces as data of one compiled, scanned function.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.model.forward import attend, forward, matmul, windows
from handcrafted.model.weights import Weights
from handcrafted.readout.contrasts import sequences
from handcrafted.readout.downstream import output_effects
from handcrafted.readout.edges import direction, edge
from handcrafted.readout.subject import FLOOR, Subject

EFFECT_FLOOR = 1e-6
"""Effects below this, or below this share of the largest value that the reader's own signal takes, are rounding."""

LINEAR = 1e-4
"""Share of the largest answer up to which a response counts as linear."""

CONTRASTS = ("sample", "zero", "noise")
LEAST_RUNS = 32

OVERFLOW = 1e12
"""A stream that grows beyond this is a recurrence that runs away, not a signal."""


class Stream(NamedTuple):
    """The residual stream as its readers see it: before attention, before the MLP, and at the end.

    `pre` starts window - 1 steps earlier than the others, so that every head sees its whole window.
    """

    pre: Float[Array, "seen layer d_model"]
    mid: Float[Array, "time layer d_model"]
    final: Float[Array, "time d_model"]


class Response(NamedTuple):
    """By how much readers answer otherwise: what they write to the stream, the outputs, and the next carry."""

    stream: Float[Array, "time d_model"]
    outputs: Float[Array, "time n_out"]
    carry: Float[Array, "time d_model"]


def respond(weights: Weights, x: Stream, change: Stream, window: int) -> Response:
    """Give what all readers together answer to a change of the stream that they see at the first of `time` steps."""
    x_new = Stream(*(base + delta for base, delta in zip(x, change, strict=True)))
    z = _mixed(weights, x_new.pre, window) - _mixed(weights, x.pre, window)
    post = _activations(weights, x_new.mid) - _activations(weights, x.mid)
    stream = matmul(z, weights.W_O, "tlhd,lhdm->tm") + matmul(post, weights.W_out, "tln,lnm->tm")
    outputs = matmul(change.final, weights.W_U, "tm,mo->to")
    return Response(stream, outputs, matmul(change.final, weights.W_R, "tm,mn->tn"))


def _activations(weights: Weights, mid: Array) -> Array:
    return jax.nn.relu(matmul(mid, weights.W_in, "tlm,lmn->tln") + weights.b_in)


def _mixed(weights: Weights, pre: Array, window: int) -> Array:
    """Give every head's mixed values [time, layer, head, d_head] from the stream that it sees."""
    project = lambda x, kernel, bias: matmul(x, kernel, "tlm,lhmd->tlhd") + bias
    query = project(pre[window - 1 :], weights.W_Q, weights.b_Q)
    keys, values = (
        windows(part[: window - 1], part[window - 1 :])
        for part in (project(pre, weights.W_K, weights.b_K), project(pre, weights.W_V, weights.b_V))
    )
    one_layer = lambda q, k, v: attend(q, k, v)[1]
    return jax.vmap(jax.vmap(one_layer, in_axes=(0, 1, 1)))(query, keys, values)


@partial(jax.jit, static_argnames="window")
def effects(weights: Weights, x: Stream, changes: Stream, subspaces: Array, window: int) -> Response:
    """Give the responses to a change of each subspace in turn, over a batch.

    Args:
        weights: effective weights.
        x: the recorded stream, with leading axes [batch].
        changes: by how much it differs on the other input [batch].
        subspaces: which coordinates to change [subspace, d_model], 0 or 1.
        window: how many steps a head sees.

    Returns:
        Responses with leading axes [subspace, batch].
    """

    def one(mask: Array) -> Response:
        masked = jax.tree.map(lambda delta: delta * mask, changes)
        return jax.vmap(lambda base, delta: respond(weights, base, delta, window))(x, masked)

    return jax.lax.map(one, subspaces)


def record(subject: Subject, inputs: np.ndarray) -> Stream:
    """Run the network and record its stream, with a leading batch axis; few contexts are repeated.

    Where the recurrence runs away, every step starts from an empty carry instead: effects are local all the same.
    """
    repeated = np.tile(inputs, (-(-LEAST_RUNS // len(inputs)), 1, 1))
    _, seen = forward(subject.weights, repeated, window=subject.window)
    if not bool(jnp.all(jnp.abs(seen["final"]) < OVERFLOW)):
        still = np.zeros((*repeated.shape[:2], subject.weights.sizes["d_model"]), np.float32)
        _, seen = forward(subject.weights, repeated, still, window=subject.window)
    late = subject.window - 1
    return Stream(seen["resid_pre"], seen["resid_mid"][:, late:], seen["final"][:, late:])


def changes_of(x: Stream, contrast: str, seed: int) -> Stream:
    """Give by how much the stream differs under a contrast, at the first of the steps that are watched only.

    `sample` takes the values of another run of the batch, `zero` takes them away, `noise` adds Gaussian noise of
    each coordinate's own size, so that what is never written stays unchanged.
    """
    rng = np.random.default_rng(seed)
    runs, steps, d_model = x.final.shape
    order = rng.permutation(runs)
    draws = rng.normal(size=(runs, d_model)).astype(np.float32)

    def change(values: Array) -> Array:
        first = values.shape[1] - steps
        size = jnp.sqrt(jnp.mean(values**2, axis=(0, 1), keepdims=True))
        noise = draws.reshape(runs, *[1] * (values.ndim - 2), d_model)
        new = {"sample": values[order], "zero": 0 * values, "noise": values + size * noise}[contrast]
        return jnp.zeros_like(values).at[:, first].set((new - values)[:, first])

    return Stream(*(change(values) for values in x))


def patching(subject: Subject) -> SignalGraph:
    """Draw an edge u -> v where changing u, as the readers that write v see it, changes what they write.

    Formula: x_v += u(x') - u(x), with x' another sample, zero, and noise; used if the largest change of the reader's
        own output exceeds 1e-6, and 1e-6 of the largest value that v takes.
    Source: Wang et al. 2022, Interpretability in the Wild (path patching); Conmy et al. 2023 (ACDC).
    Error: exact; blind to what is equal under every contrast, which the evidence then says.
    """
    if not subject.spaces:
        return SignalGraph((), ())
    inputs = sequences(subject.names, 2 * subject.window - 1, subject.seed)
    x = record(subject, inputs)
    floors = _floors(subject, x)
    responses = []
    for turn, contrast in enumerate(CONTRASTS):
        change = changes_of(x, contrast, subject.seed + turn)
        found = effects(subject.weights, x, change, subject.indicator, subject.window)
        responses.append((change, jax.device_get(found)))
    edges = [*_input_edges(subject)]
    for row, (source, at) in enumerate(subject.spaces.items()):
        rows = [(change, jax.tree.map(lambda part, row=row: part[row], found)) for change, found in responses]
        edges += _edges_from(subject, source, at, rows, floors)
    return SignalGraph(subject.spaces, _with_outputs(subject, edges))


def _with_outputs(subject: Subject, edges: list[Edge]) -> list[Edge]:
    """Add to each edge between subspaces what it does to the network's outputs, apart from the verdict."""
    inner = [edge for edge in edges if edge.source in subject.spaces]
    effects = output_effects(subject, [(edge.source, edge.target) for edge in inner])
    added = {edge.key: float(effect) for edge, effect in zip(inner, effects, strict=True)}
    return [replace(e, evidence={**e.evidence, "outputs": added.get(e.key)}) for e in edges]


def _floors(subject: Subject, x: Stream) -> dict[Signal, float]:
    """Give the size from which an effect on a signal is more than rounding."""
    final = np.asarray(x.final).reshape(-1, x.final.shape[-1])
    ends = {signal: final @ subject.weights.W_U[:, at] for signal, at in subject.names.output_signals.items()}
    values = {signal: final[:, at] for signal, at in subject.spaces.items()} | ends
    return {signal: EFFECT_FLOOR * max(1.0, float(np.abs(value).max())) for signal, value in values.items()}


def _edges_from(
    subject: Subject, source: Signal, at: np.ndarray, seen: list, floors: dict[Signal, float]
) -> list[Edge]:
    found = []
    peak = np.max([np.abs(response.stream).max(axis=0) for _, response in seen], axis=0)
    for target, to in subject.spaces.items():
        floor = floors[target]
        for lag in map(int, np.flatnonzero(peak[:, to].max(axis=1) > floor)):
            found += _edge(source, target, lag, at, [(c, r.stream[:, lag][:, to]) for c, r in seen], floor)
        found += _edge(source, target, 1, at, [(c, r.carry[:, 0][:, to]) for c, r in seen], floor)
    for target, to in subject.names.output_signals.items():
        found += _edge(source, target, 0, at, [(c, r.outputs[:, 0][:, to]) for c, r in seen], floors[target])
    return found


def _edge(source: Signal, target: Signal, lag: int, at: np.ndarray, effects: list, floor: float) -> list[Edge]:
    """Make the edge if any contrast has an effect [batch, target]; its matrix is fitted to all contrasts."""
    sizes = {name: float(np.abs(effect).max(initial=0)) for name, (_, effect) in zip(CONTRASTS, effects, strict=True)}
    if max(sizes.values()) <= floor:
        return []
    given = np.concatenate([np.asarray(change.final)[:, 0][:, at] for change, _ in effects])
    answer = np.concatenate([effect for _, effect in effects])
    matrix, *_ = np.linalg.lstsq(given, answer, rcond=1e-4)
    linear = np.abs(given @ matrix - answer).max() <= floor + LINEAR * max(sizes.values())
    live = np.abs(given).max(axis=0) > FLOOR
    seen = {"effect": sizes, "varies": sizes["sample"] > floor}
    if linear:
        return [edge(source, target, lag, matrix, live, **seen)]
    change, effect = effects[CONTRASTS.index("sample")]
    sign = direction(np.asarray(change.final)[:, 0][:, at], effect, floor)
    return [Edge(source, target, lag, sign, evidence=seen)]


def _input_edges(subject: Subject) -> list[Edge]:
    """Give the edges from the network's inputs: what each puts on the stream, over all contexts."""
    inputs = sequences(subject.names, 1, subject.seed)[:, 0]
    found = []
    for source, rows in subject.names.input_signals.items():
        for target, to in subject.spaces.items():
            block = subject.weights.W_E[np.ix_(rows, to)]
            effect = inputs[:, rows] @ block
            if np.abs(effect).max(initial=0) > FLOOR:
                varies = bool(np.ptp(effect, axis=0).max() > FLOOR)
                found.append(edge(source, target, 0, block, effect=float(np.abs(effect).max()), varies=varies))
    return found
