"""What is true of a network's signal-flow graph, and how an answer is marked against it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

import networkx as nx
import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal, SignalGraph

Key = tuple[Signal, Signal, int]

Tally = tuple[int, int, int]
"""Decade of the strength, as a share of the strongest; how many edges of it are true, and how many there are."""

LEAST_DECADE = -9


@dataclass(frozen=True)
class Truth:
    """The edges that a network has.

    Attributes:
        signs: of the edges whose sign is known.
        unsure: edges that count neither for nor against an answer.
    """

    edges: Set[Key]
    signs: Mapping[Key, int] = field(default_factory=dict)
    unsure: Set[Key] = frozenset()

    @classmethod
    def of(cls, keys: Iterable[Key]) -> Truth:
        """Make a truth of edges alone."""
        return cls(frozenset(keys))

    @classmethod
    def intended(cls, graph: SignalGraph) -> Truth:
        """Take an intended graph for true."""
        signs = {edge.key: edge.sign for edge in graph.edges if edge.sign}
        return cls(frozenset(edge.key for edge in graph.edges), signs)

    def with_edges(self, *keys: Key) -> Truth:
        """Add edges."""
        return replace(self, edges=self.edges | set(keys))

    def without(self, *keys: Key) -> Truth:
        """Take edges away."""
        signs = {key: sign for key, sign in self.signs.items() if key not in keys}
        return replace(self, edges=self.edges - set(keys), signs=signs)

    def unsure_after(self, signal: Signal) -> Truth:
        """Leave open what a signal that is fed no more still does inside its owner."""
        graph = nx.DiGraph([(u, v) for u, v, _ in self.edges if u.owner == v.owner == signal.owner])
        after = {signal} | (nx.descendants(graph, signal) if signal in graph else set())
        return replace(self, unsure=self.unsure | {key for key in self.edges if key[0] in after})

    def joined(self, source: Signal, target: Signal) -> bool:
        """Whether there is an edge of any lag."""
        return any(key[:2] == (source, target) for key in self.edges)


@dataclass(frozen=True)
class Marks:
    """How good an answer is; None where it cannot be said.

    Attributes:
        exact: whether it has the true edges and no others.
        precision, recall: share of its edges that are true, share of the true edges that it has.
        auroc: how surely a true edge is stronger than one that is not: 1 always, 0.5 as by chance.
        sign: share of the true edges found, of those with a known sign and a sign given, that have the right one.
        lag: share of the joined pairs found that are found at their true lags and no others.
        answers: how many of the edges given are true, for each decade of strength.
    """

    exact: bool | None = None
    precision: float | None = None
    recall: float | None = None
    auroc: float | None = None
    sign: float | None = None
    lag: float | None = None
    answers: tuple[Tally, ...] = ()


def mark(answer: SignalGraph, truth: Truth | None, nodes: Iterable[Signal]) -> Marks:
    """Mark an answer against the truth; None where nobody knows the truth gives no marks.

    Formula: area under the receiver operating characteristic as in Mann & Whitney 1947, ties counting half, over all
        pairs of signals at all lags that are true or given; what is not given has strength 0.
    """
    if truth is None:
        return Marks()
    given = {edge.key: edge for edge in answer.edges if edge.key not in truth.unsure}
    true = {key for key in truth.edges if key not in truth.unsure}
    right = given.keys() & true
    return Marks(
        exact=given.keys() == true,
        precision=len(right) / len(given) if given else None,
        recall=len(right) / len(true) if true else None,
        auroc=_auroc(given, true, list(nodes)),
        sign=_signs(given, right, truth),
        lag=_lags(given.keys(), true),
        answers=by_decade([(strength(edge), key in true) for key, edge in given.items()]),
    )


def by_decade(answers: Iterable[tuple[float, bool]]) -> tuple[Tally, ...]:
    """Count edges, given as strengths and whether they are true, by decades below the strongest."""
    answers = [(float(size), true) for size, true in answers]
    strongest = max((size for size, _ in answers), default=0.0)

    def decade(size: float) -> int:
        share = size / strongest if strongest > 0 else 0.0
        return LEAST_DECADE if not share > 0 else max(LEAST_DECADE, math.floor(math.log10(share)))

    given = Counter(decade(size) for size, _ in answers)
    right = Counter(decade(size) for size, true in answers if true)
    return tuple((part, right[part], given[part]) for part in sorted(given, reverse=True))


def strength(edge: Edge) -> float:
    """Return how strong a readout says an edge is; 1 where it does not say."""
    return float(edge.evidence.get("strength", 1.0))


def _auroc(given: Mapping[Key, Edge], true: Set[Key], nodes: list[Signal]) -> float | None:
    from scipy.stats import rankdata

    sources = sum(node.role != OUTPUT for node in nodes)
    targets = sum(node.role != INPUT for node in nodes)
    inner = sum(node.role not in (INPUT, OUTPUT) for node in nodes)
    lags = {key[2] for key in (*given, *true)} | {0}
    everything = len(lags) * sources * targets - inner
    silent = everything - len(given.keys() | true)
    if not true or silent < 0 or everything == len(true):
        return None
    hits = np.array([strength(given[key]) if key in given else 0.0 for key in true])
    misses = np.array([strength(edge) for key, edge in given.items() if key not in true] + [0.0] * silent)
    ranks = rankdata(np.concatenate([hits, misses]))
    above = ranks[: len(hits)].sum() - len(hits) * (len(hits) + 1) / 2
    return float(above / (len(hits) * len(misses)))


def _signs(given: Mapping[Key, Edge], right: Set[Key], truth: Truth) -> float | None:
    said = [given[key].sign == truth.signs[key] for key in right if key in truth.signs and given[key].sign is not None]
    return float(np.mean(said)) if said else None


def _lags(given: Set[Key], true: Set[Key]) -> float | None:
    def by_pair(keys: Iterable[Key]) -> dict[tuple[Signal, Signal], set[int]]:
        found: dict[tuple[Signal, Signal], set[int]] = {}
        for source, target, lag in keys:
            found.setdefault((source, target), set()).add(lag)
        return found

    seen, wanted = by_pair(given), by_pair(true)
    both = seen.keys() & wanted.keys()
    return float(np.mean([seen[pair] == wanted[pair] for pair in both])) if both else None
