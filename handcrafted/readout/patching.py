"""Exact edge patching: give one reader alone what a subspace would have held on another input, and see what it does.

The effect on the reader's own output needs no run of the whole network: the readers of each subspace answer from the
recorded residual stream; see `handcrafted.readout.readers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.padding import LEAST, bucket
from handcrafted.readout.edges import declared_values, direction, edge, output_effects, sequences, usual, within
from handcrafted.readout.reader_answers import ReaderAnswer, ReaderAnswers
from handcrafted.readout.readers import Along, Stream, undisturbed
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork, finite
from handcrafted.readout.tolerances import EFFECT_FLOOR, FLOOR, LINEAR, RANK, RUNAWAY

CONTRASTS = ("sample", "zero", "noise", "domain")
"""What a subspace holds instead: what it holds in another run, nothing, noise on top, or any value that it may have.

The last one needs a declared domain, and alone moves what is 0 in every run.
"""

RUNS = 64
"""Runs of every experiment; where there are fewer contexts they are repeated."""


def record(subject: TargetNetwork, inputs: np.ndarray) -> Stream:
    """Run the network and record its stream, with a leading batch axis; few contexts are repeated.

    Where the recurrence runs away, every step starts from an empty carry instead: effects are local all the same.
    """
    repeated = np.tile(inputs, (-(-RUNS // len(inputs)), 1, 1))[:RUNS]
    parts = ("resid_pre", "resid_mid", "final")
    _, seen = subject.run(repeated, wanted=parts)
    if not (np.abs(np.asarray(seen["final"])) < RUNAWAY).all():
        still = np.zeros((*repeated.shape[:2], subject.running.sizes["d_model"]), np.float32)
        _, seen = subject.run(repeated, still, parts)
    late = subject.window - 1
    pre, mid, final = (finite(seen[name], "its stream") for name in parts)
    return Stream(pre, mid[:, late:], final[:, late:])


def changes_of(subject: TargetNetwork, x: Stream, contrast: str, seed: int) -> Stream:
    """Return by how much the stream differs under a contrast, at the first of the steps that are watched [run, …].

    `sample` takes the values of another run of the batch, `zero` takes them away, `noise` adds Gaussian noise of
    each coordinate's own size, so that what is never written stays unchanged; `domain` puts any value in place that is
    declared, and changes nothing where none is.
    """
    rng = np.random.default_rng(seed)
    runs, steps, d_model = x.final.shape
    order = rng.permutation(runs)
    draws = rng.normal(size=(runs, bucket(d_model, LEAST["d_model"])))[:, :d_model]  # padded or not, the same noise
    values, known = declared_values(subject, runs, d_model, rng)

    def change(half: int, given: np.ndarray) -> np.ndarray:
        first = given[:, given.shape[1] - steps].astype(float)
        spread = lambda part: part.reshape(runs, *[1] * (given.ndim - 3), d_model)
        other = {
            "sample": lambda: first[order] - first,
            "zero": lambda: -first,
            "noise": lambda: usual(given) * spread(draws),
            "domain": lambda: (spread(values) - first) * (known & _written(subject, half)),
        }[contrast]()
        return within(other)

    return Stream(*(change(half, np.asarray(part)) for half, part in enumerate(x)))


def _written(subject: TargetNetwork, half: int) -> np.ndarray:
    """Say which subspaces anything writes to before attention (0) or the MLP (1) of each layer, or at the end (2).

    Returns:
        [layer, d_model], at the end [d_model].
    """
    ends, heads, neurons = ends_of(subject.running), heads_of(subject.running), neurons_of(subject.running)
    start = np.any(ends.embedding, axis=0) | np.any(ends.recurrence, axis=0) | (ends.constant != 0)
    by_heads = np.any(heads.output, axis=(1, 2)) | (heads.constant != 0)
    by_neurons = np.any(neurons.out, axis=1) | (neurons.constant != 0)
    after = np.logical_or.accumulate(np.concatenate([start[None], by_heads | by_neurons]))
    found = after[-1] if half == 2 else after[:-1] | by_heads if half == 1 else after[:-1]
    whole = found.copy()
    for at in subject.spaces.values():
        whole[..., at] = found[..., at].any(axis=-1, keepdims=True)
    return whole


@register("patching", kind="causal", required=True)
def patching(subject: TargetNetwork) -> SignalGraph:
    """Draw an edge u -> v where changing u, as the readers that write v see it, changes what they write.

    Formula: x_v += u(x') - u(x), with x' another sample, zero, noise, and any declared value; used if the largest
        change of the reader's own output exceeds 2^-20 of the size of v, declared or seen.
    Source: Wang et al. 2022, Interpretability in the Wild (path patching); Conmy et al. 2023 (ACDC).
    Error: exact; blind to what is equal under every contrast. The evidence says which ones had an effect (`contrasts`),
        and whether anything varies as the network runs by itself (`varies`).
    """
    graph = by_intervention(subject)
    return SignalGraph(graph.nodes, _with_outputs(subject, list(graph.edges)))


def by_intervention(subject: TargetNetwork, along: Along = ()) -> SignalGraph:
    """Draw the edges along which readers answer a change, exactly or by slopes; see `patching` and `gradient`."""
    if not subject.spaces:
        return SignalGraph((), ())
    subject = subject.compiling() if along else subject
    inputs = sequences(subject.names, 2 * subject.window - 1, subject.seed)
    x = record(subject, inputs)
    sizes = _sizes(subject, x)
    base = undisturbed(subject.running, x, subject.window, by_position=not subject.compiled)
    changes = {name: changes_of(subject, x, name, subject.seed + turn) for turn, name in enumerate(CONTRASTS)}
    answers = ReaderAnswers(subject, base, changes, along)
    ends = {name: np.asarray(change.final, float) for name, change in changes.items()}
    edges = [*input_edges(subject)]
    for row, (source, at) in enumerate(subject.spaces.items()):
        tried = {name: Tried(end[:, at] / sizes[source], answers.of(name, row)) for name, end in ends.items()}
        edges += _edges_from(subject, source, tried, sizes)
    return SignalGraph(subject.spaces, edges)


class Tried(NamedTuple):
    """One contrast of one subspace: by what share of its size it changed [run, source], and what was answered."""

    change: np.ndarray
    answer: ReaderAnswer


def _with_outputs(subject: TargetNetwork, edges: list[Edge]) -> list[Edge]:
    """Add to each edge between subspaces what it does to the network's outputs, apart from the verdict."""
    inner = [edge for edge in edges if edge.source in subject.spaces]
    effects = output_effects(subject, [(edge.source, edge.target) for edge in inner])
    added = {edge.key: float(effect) for edge, effect in zip(inner, effects, strict=True)}
    return [replace(e, evidence={**e.evidence, "outputs": added.get(e.key)}) for e in edges]


def _sizes(subject: TargetNetwork, x: Stream) -> dict[Signal, float]:
    """Return the size of each signal: the declared one, or the largest that was seen where that is more."""
    final = np.asarray(x.final, float).reshape(-1, x.final.shape[-1])
    unembedding = ends_of(subject.running).unembedding.astype(float)
    outputs = {signal: final @ unembedding[:, at] for signal, at in subject.names.output_signals.items()}
    values = {signal: final[:, at] for signal, at in subject.spaces.items()} | outputs
    size = lambda signal, value: max(float(np.abs(value).max()), float(subject.size(signal).max()))
    return {signal: size(signal, value) for signal, value in values.items()}


def _edges_from(
    subject: TargetNetwork, source: Signal, tried: Mapping[str, Tried], sizes: dict[Signal, float]
) -> list[Edge]:
    """Make the edges from one subspace."""
    found, spaces = [], list(subject.spaces.items())
    order, starts = np.concatenate([at for _, at in spaces]), np.cumsum([0, *(len(at) for _, at in spaces[:-1])])
    floors = EFFECT_FLOOR * np.array([sizes[target] for target, _ in spaces])
    peak = np.max([one.answer.peak for one in tried.values()], axis=0)
    handed = np.abs([one.answer.carry for one in tried.values()]).max(axis=(0, 1))
    each = lambda part: {name: np.asarray(part(one.answer)) for name, one in tried.items()}
    moved = np.maximum.reduceat(np.vstack([peak, handed])[:, order], starts, axis=1)
    for number in np.flatnonzero(np.any(~(moved <= floors), axis=0)).tolist():
        target, to = spaces[number]
        *lags, carried = (~(moved[:, number] <= floors[number])).tolist()
        for lag in np.flatnonzero(lags).tolist():
            found += _edge(source, target, lag, tried, each(lambda a, t=to, k=lag: a.stream(k)[:, t]), sizes)
        if carried:
            found += _edge(source, target, 1, tried, each(lambda a, t=to: a.carry[:, t]), sizes)
    for target, to in subject.names.output_signals.items():
        found += _edge(source, target, 0, tried, each(lambda a, t=to: a.outputs[:, t]), sizes)
    return found


def _edge(
    source: Signal,
    target: Signal,
    lag: int,
    tried: Mapping[str, Tried],
    answers: Mapping[str, np.ndarray],
    sizes: Mapping[Signal, float],
) -> list[Edge]:
    """Make the edge if any contrast has an effect [run, target]; its matrix is fitted to all contrasts.

    Effects that are no finite number are effects, of which nobody can say more.
    """
    effects = {name: np.asarray(answer, float) / sizes[target] for name, answer in answers.items()}
    peaks = {name: float(np.abs(effect).max(initial=0)) for name, effect in effects.items()}
    moved = tuple(name for name, peak in peaks.items() if not peak <= EFFECT_FLOOR)
    if not moved:
        return []
    strength, size = float(np.max(list(peaks.values()))), sizes[target]
    seen = {
        "effect": {name: peak * size for name, peak in peaks.items()},
        "contrasts": moved,
        "varies": "sample" in moved,
        "strength": strength,
    }
    if not np.isfinite(strength):
        return [Edge(source, target, lag, 0, evidence=seen)]
    given = np.concatenate([one.change for one in tried.values()])
    answer = np.concatenate(list(effects.values()))
    if (matrix := linear_fit(given, answer)) is not None:
        live = np.abs(given).max(axis=0) > FLOOR
        return [edge(source, target, lag, matrix * (size / sizes[source]), live, **seen)]
    return [Edge(source, target, lag, _direction(tried, effects), evidence=seen)]


def linear_fit(change: np.ndarray, answer: np.ndarray) -> np.ndarray | None:
    """Return the matrix [source, target] by which answers [run, target] follow from changes [run, source]; else None.

    Both are shares of sizes, so that squares stay finite. Where the change does not move, nothing follows from it.
    """
    matrix, *_ = np.linalg.lstsq(change, answer, rcond=RANK)
    off, most = np.abs(change @ matrix - answer).max(), float(np.abs(answer).max())
    return matrix if off <= EFFECT_FLOOR + LINEAR * most else None


def _direction(tried: Mapping[str, Tried], effects: Mapping[str, np.ndarray]) -> int | None:
    """Return the sign of a response that is not linear: as seen in other runs, or else over all that is declared."""
    for name in ("sample", "domain"):
        sign = direction(tried[name].change, effects[name], EFFECT_FLOOR)
        if sign is not None:
            return sign
    return None


def input_edges(subject: TargetNetwork) -> list[Edge]:
    """Return the edges from the network's inputs: what each puts on the stream, over all contexts."""
    inputs = sequences(subject.names, 1, subject.seed)[:, 0]
    found = []
    for source, rows in subject.names.input_signals.items():
        for target, to in subject.spaces.items():
            block = subject.parts.ends.embedding[np.ix_(rows, to)].astype(float)
            effect = inputs[:, rows] @ block / float(subject.size(target).max())
            if np.abs(effect).max(initial=0) > FLOOR:
                varies = bool(np.ptp(effect, axis=0).max() > FLOOR)
                seen = {"effect": float(np.abs(effect).max()), "strength": float(np.abs(block).max())}
                found.append(edge(source, target, 0, block, None, varies=varies, **seen))
    return found
