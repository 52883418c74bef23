"""How sure a readout may be of each edge that it gives: as sure as it was right on other loops."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.verdict.scoreboard.row import ScoreRow

CONFIDENT = 0.9
"""Answers that are surer than this are counted."""

COUNTED = ("confidence", "right", "given")

WILSON = 1.645
"""Standard deviations of a one-sided interval at 95 %."""

Bin = tuple[str, int, int]
"""Readout, decade of the strength as a share of the strongest, and how dense the graph is, in powers of two."""


@dataclass(frozen=True)
class Judged:
    """Edges that a readout gave in one answer with the same confidence: how many, and how many of them are true."""

    row: ScoreRow
    confidence: float
    right: int
    given: int


def confidences(rows: Sequence[ScoreRow]) -> list[Judged]:
    """Give the confidence of every edge of every answer, from what the same readout gave for the other loops.

    Formula: the lower end of Wilson's interval (1927) of the share of true edges among those of about the same
        strength, relative to the strongest, in graphs of about the same density; 0 where there were none.
    """
    right: dict[str, Counter[Bin]] = defaultdict(Counter)
    given: dict[str, Counter[Bin]] = defaultdict(Counter)
    for row in rows:
        for bin, true, count in _binned(row):
            given[row.loop][bin] += count
            right[row.loop][bin] += true
    total_right, total_given = _summed(right.values()), _summed(given.values())

    def confidence(row: ScoreRow, bin: Bin) -> float:
        return lower_bound(total_right[bin] - right[row.loop][bin], total_given[bin] - given[row.loop][bin])

    return [Judged(row, confidence(row, bin), true, count) for row in rows for bin, true, count in _binned(row)]


def _summed(counters: Iterable[Counter[Bin]]) -> Counter[Bin]:
    total: Counter[Bin] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _binned(row: ScoreRow) -> list[tuple[Bin, int, int]]:
    density = math.floor(math.log2(max(row.edges, 1) / max(row.signals, 1)))
    return [((row.readout, decade, density), right, given) for decade, right, given in row.marks.answers]


def lower_bound(right: int, given: int) -> float:
    """Give the lower end of Wilson's interval for a share; 0 of none."""
    if not given:
        return 0.0
    share, z = right / given, WILSON
    middle = share + z * z / (2 * given)
    spread = z * math.sqrt(share * (1 - share) / given + z * z / (4 * given * given))
    return max(0.0, (middle - spread) / (1 + z * z / given))


def reliability(judged: Sequence[Judged], parts: int = 10) -> list[tuple[float, int, float]]:
    """Give (mean confidence, how many, share right) for each interval of confidence that has answers."""
    confidence, right, given = (np.array([getattr(one, name) for one in judged]) for name in COUNTED)
    part = np.minimum((confidence * parts).astype(int), parts - 1)
    chosen = (part == k for k in range(parts))
    mean = lambda values, own: float(np.sum(values[own]) / given[own].sum())
    return [
        (mean(confidence * given, own), int(given[own].sum()), mean(right, own)) for own in chosen if given[own].any()
    ]


def confident(judged: Sequence[Judged]) -> tuple[int, float | None]:
    """Give how many answers are given with confidence above 0.9, and which share of them is right."""
    sure = [one for one in judged if one.confidence > CONFIDENT]
    count = sum(one.given for one in sure)
    return count, sum(one.right for one in sure) / count if count else None
