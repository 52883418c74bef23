"""The signal-flow graph that the formulas draw: an edge from everything that a formula reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.readout.edges import edge
from handcrafted.readout.equations.extract import Extractor
from handcrafted.readout.equations.terms import Clip, HeadTerm, RectifiedUnit, Sum, Value, heads_of
from handcrafted.readout.paths import joins, paths_of_head
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork
from handcrafted.readout.tolerances import FLOOR

Key = tuple[Signal, Signal, int]


@register("equations", kind="structural")
def by_equations(subject: TargetNetwork) -> SignalGraph:
    """Draw an edge u -> v where the formula of v reads u, after identities that hold for all values.

    Formula: see `equations`; units that can never be on, and weights that cancel, drop out.
    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (paths through the residual stream).
    Error: none; says nothing about which inputs come up.
    """
    linear: dict[Key, list[tuple[int, int, float]]] = defaultdict(list)
    bent: dict[Key, float] = {}
    for value, formula in Extractor(subject).formulas().items():
        for one, weight in formula.terms:
            if isinstance(one, Value) and _counts(subject, one, value, weight):
                linear[one.signal, value.signal, one.lag].append((one.index, value.index, weight))
        for read, slope in _inside(formula):
            key = read.signal, value.signal, read.lag
            bent[key] = max(bent.get(key, 0.0), slope)
        for head in heads_of(formula):
            for key, strength in _by_content(subject, head, value.signal):
                bent[key] = max(bent.get(key, 0.0), strength)
    widths = {s: len(at) for s, at in {**subject.names.input_signals, **subject.names.output_signals}.items()}
    widths |= {s: len(at) for s, at in subject.spaces.items()}
    edges = [Edge(*key, evidence={"strength": strength}) for key, strength in bent.items()]
    for key, entries in linear.items():
        if key not in bent:
            matrix = np.zeros((widths[key[0]], widths[key[1]]))
            for i, j, weight in entries:
                matrix[i, j] = weight
            edges.append(edge(*key, matrix, strength=float(np.abs(matrix).max())))
    return SignalGraph(subject.spaces, (one for one in edges if (one.source, one.lag) != (one.target, 0)))


def _counts(subject: TargetNetwork, read: Value, given: Value, weight: float) -> bool:
    """Whether what is read, at its largest, gives more than rounding."""
    most = float(subject.reach(read.signal)[read.index])
    return abs(weight) * most > FLOOR * float(subject.size(given.signal)[given.index])


def _inside(formula: Sum, slope: float = 1.0, inside: bool = False) -> Iterator[tuple[Value, float]]:
    """Return the values that are read inside units and clips, with the steepest slope along each way."""
    for one, weight in formula.terms:
        if isinstance(one, (RectifiedUnit, Clip)):
            yield from _inside(one.inner, slope * abs(weight), inside=True)
        elif inside and isinstance(one, Value):
            yield one, slope * abs(weight)


def _by_content(subject: TargetNetwork, head: HeadTerm, target: Signal) -> Iterator[tuple[Key, float]]:
    """What a head reads that attends by content, and how strongly: through values at its lags, through scores."""
    for path in paths_of_head(subject, subject.parts.head(*map(int, head.name[1:].split("H")))):
        for source, at, written, to in joins(path, subject):
            if written == target:
                read, write = path.reading(at), path.writing(to)
                score = path.name.endswith("score")
                strength = np.linalg.norm(read) * np.linalg.norm(write) if score else np.linalg.norm(read @ write)
                yield from (((source, target, lag), weight * float(strength)) for lag, weight in path.lags)
