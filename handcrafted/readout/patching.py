"""Exact edge patching: give one reader alone what a subspace would have held on another input, and see what it does.

The effect on the reader's own output needs no run of the whole network: the readers of each subspace answer from the
recorded residual stream; see `handcrafted.readout.readers`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.readout.contrasts import sequences
from handcrafted.readout.downstream import output_effects
from handcrafted.readout.edges import direction, edge
from handcrafted.readout.readers import Along, Answer, Answers, Stream, undisturbed
from handcrafted.readout.registry import register
from handcrafted.readout.subject import FLOOR, Subject

EFFECT_FLOOR = 1e-6
"""Effects below this, or below this share of the largest value that the reader's own signal takes, are rounding."""

LINEAR = 1e-4
"""Share of the largest answer up to which a response counts as linear."""

CONTRASTS = ("sample", "zero", "noise")
RUNS = 64
"""Runs of every experiment; where there are fewer contexts they are repeated."""

OVERFLOW = 1e12
"""A stream that grows beyond this is a recurrence that runs away, not a signal."""


def record(subject: Subject, inputs: np.ndarray) -> Stream:
    """Run the network and record its stream, with a leading batch axis; few contexts are repeated.

    Where the recurrence runs away, every step starts from an empty carry instead: effects are local all the same.
    """
    repeated = np.tile(inputs, (-(-RUNS // len(inputs)), 1, 1))[:RUNS]
    _, seen = subject.run(repeated)
    if not (np.abs(np.asarray(seen["final"])) < OVERFLOW).all():
        still = np.zeros((*repeated.shape[:2], subject.padded.sizes["d_model"]), np.float32)
        _, seen = subject.run(repeated, still)
    late = subject.window - 1
    pre, mid, final = (np.asarray(seen[name]) for name in ("resid_pre", "resid_mid", "final"))
    return Stream(pre, mid[:, late:], final[:, late:])


def changes_of(x: Stream, contrast: str, seed: int) -> Stream:
    """Give by how much the stream differs under a contrast, at the first of the steps that are watched [run, …].

    `sample` takes the values of another run of the batch, `zero` takes them away, `noise` adds Gaussian noise of
    each coordinate's own size, so that what is never written stays unchanged.
    """
    rng = np.random.default_rng(seed)
    runs, steps, d_model = x.final.shape
    order = rng.permutation(runs)
    draws = rng.normal(size=(runs, d_model)).astype(np.float32)

    def change(values: np.ndarray) -> np.ndarray:
        first = values[:, values.shape[1] - steps]
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.sqrt(np.mean(values**2, axis=(0, 1)))
        noise = draws.reshape(runs, *[1] * (values.ndim - 3), d_model)
        return {"sample": first[order] - first, "zero": -first, "noise": size * noise}[contrast]

    return Stream(*(change(np.asarray(values)) for values in x))


@register("patching", sees="used", judges=True)
def patching(subject: Subject) -> SignalGraph:
    """Draw an edge u -> v where changing u, as the readers that write v see it, changes what they write.

    Formula: x_v += u(x') - u(x), with x' another sample, zero, and noise; used if the largest change of the reader's
        own output exceeds 1e-6, and 1e-6 of the largest value that v takes.
    Source: Wang et al. 2022, Interpretability in the Wild (path patching); Conmy et al. 2023 (ACDC).
    Error: exact; blind to what is equal under every contrast, which the evidence then says.
    """
    graph = by_intervention(subject)
    return SignalGraph(graph.nodes, _with_outputs(subject, list(graph.edges)))


def by_intervention(subject: Subject, along: Along = ()) -> SignalGraph:
    """Draw the edges along which readers answer a change, exactly or by slopes; see `patching` and `gradient`."""
    if not subject.spaces:
        return SignalGraph((), ())
    inputs = sequences(subject.names, 2 * subject.window - 1, subject.seed)
    x = record(subject, inputs)
    floors = _floors(subject, x)
    base, seen = undisturbed(subject.padded, x, subject.window), []
    for turn, contrast in enumerate(CONTRASTS):
        change = changes_of(x, contrast, subject.seed + turn)
        seen.append((np.asarray(change.final), Answers(subject, base, change, along)))
    edges = [*input_edges(subject)]
    for row, (source, at) in enumerate(subject.spaces.items()):
        edges += _edges_from(subject, source, at, [(given[:, at], answers.of(row)) for given, answers in seen], floors)
    return SignalGraph(subject.spaces, edges)


def _with_outputs(subject: Subject, edges: list[Edge]) -> list[Edge]:
    """Add to each edge between subspaces what it does to the network's outputs, apart from the verdict."""
    inner = [edge for edge in edges if edge.source in subject.spaces]
    effects = output_effects(subject, [(edge.source, edge.target) for edge in inner])
    added = {edge.key: float(effect) for edge, effect in zip(inner, effects, strict=True)}
    return [replace(e, evidence={**e.evidence, "outputs": added.get(e.key)}) for e in edges]


def _floors(subject: Subject, x: Stream) -> dict[Signal, float]:
    """Give the size from which an effect on a signal is more than rounding."""
    final = np.asarray(x.final).reshape(-1, x.final.shape[-1])
    ends = {signal: final @ subject.padded.W_U[:, at] for signal, at in subject.names.output_signals.items()}
    values = {signal: final[:, at] for signal, at in subject.spaces.items()} | ends
    return {signal: EFFECT_FLOOR * max(1.0, float(np.abs(value).max())) for signal, value in values.items()}


def _edges_from(
    subject: Subject, source: Signal, at: np.ndarray, seen: list[tuple[np.ndarray, Answer]], floors: dict[Signal, float]
) -> list[Edge]:
    """Make the edges from one subspace, from its changes [run, source] and what was answered, for each contrast."""
    found = []
    peak = np.max([answer.peak for _, answer in seen], axis=0)
    for target, to in subject.spaces.items():
        floor = floors[target]
        for lag in map(int, np.flatnonzero(peak[:, to].max(axis=1) > floor)):
            found += _edge(source, target, lag, [(given, answer.stream(lag)[:, to]) for given, answer in seen], floor)
        found += _edge(source, target, 1, [(given, answer.carry[:, to]) for given, answer in seen], floor)
    for target, to in subject.names.output_signals.items():
        found += _edge(source, target, 0, [(given, answer.outputs[:, to]) for given, answer in seen], floors[target])
    return found


def _edge(source: Signal, target: Signal, lag: int, effects: list[tuple], floor: float) -> list[Edge]:
    """Make the edge if any contrast has an effect [run, target]; its matrix is fitted to all contrasts."""
    sizes = {name: float(np.abs(effect).max(initial=0)) for name, (_, effect) in zip(CONTRASTS, effects, strict=True)}
    if max(sizes.values()) <= floor:
        return []
    given = np.concatenate([change for change, _ in effects])
    answer = np.concatenate([effect for _, effect in effects])
    matrix, *_ = np.linalg.lstsq(given, answer, rcond=1e-4)
    linear = np.abs(given @ matrix - answer).max() <= floor + LINEAR * max(sizes.values())
    live = np.abs(given).max(axis=0) > FLOOR
    strength = max(sizes.values()) * EFFECT_FLOOR / floor
    seen = {"effect": sizes, "varies": sizes["sample"] > floor, "strength": strength}
    if linear:
        return [edge(source, target, lag, matrix, live, **seen)]
    change, effect = effects[CONTRASTS.index("sample")]
    return [Edge(source, target, lag, direction(change, effect, floor), evidence=seen)]


def input_edges(subject: Subject) -> list[Edge]:
    """Give the edges from the network's inputs: what each puts on the stream, over all contexts."""
    inputs = sequences(subject.names, 1, subject.seed)[:, 0]
    found = []
    for source, rows in subject.names.input_signals.items():
        for target, to in subject.spaces.items():
            block = subject.weights.W_E[np.ix_(rows, to)]
            effect = inputs[:, rows] @ block
            if np.abs(effect).max(initial=0) > FLOOR:
                varies = bool(np.ptp(effect, axis=0).max() > FLOOR)
                seen = {"effect": float(np.abs(effect).max()), "strength": float(np.abs(block).max())}
                found.append(edge(source, target, 0, block, None, varies=varies, **seen))
    return found
