"""How sure a readout may be of each edge that it gives: as sure as it was right on other loops."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.verdict.scoreboard.run import Row

CONFIDENT = 0.9
"""Answers that are surer than this are counted."""

WILSON = 1.645
"""Standard deviations of a one-sided interval at 95 %."""

LEAST_DECADE = -9

Bin = tuple[str, int, int]
"""Readout, decade of the strength as a share of the strongest, and how dense the graph is, in powers of two."""


@dataclass(frozen=True)
class Judged:
    """One edge that a readout gave, with its confidence and whether it is true."""

    row: Row
    confidence: float
    right: bool


def confidences(rows: Sequence[Row]) -> list[Judged]:
    """Give the confidence of every edge of every answer, from what the same readout gave for the other loops.

    Formula: the lower end of Wilson's interval (1927) of the share of true edges among those of about the same
        strength, relative to the strongest, in graphs of about the same density; 0 where there were none.
    """
    right: dict[str, Counter[Bin]] = defaultdict(Counter)
    given: dict[str, Counter[Bin]] = defaultdict(Counter)
    for row in rows:
        for bin, true in _binned(row):
            given[row.loop][bin] += 1
            right[row.loop][bin] += true
    total_right, total_given = _summed(right.values()), _summed(given.values())
    return [
        Judged(row, lower_bound(total_right[bin] - right[row.loop][bin], total_given[bin] - given[row.loop][bin]), true)
        for row in rows
        for bin, true in _binned(row)
    ]


def _summed(counters: Iterable[Counter[Bin]]) -> Counter[Bin]:
    total: Counter[Bin] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _binned(row: Row) -> list[tuple[Bin, bool]]:
    strongest = max((strength for strength, _ in row.marks.answers), default=0.0)
    density = math.floor(math.log2(max(row.edges, 1) / max(row.signals, 1)))

    def decade(strength: float) -> int:
        share = strength / strongest if strongest > 0 else 0.0
        return LEAST_DECADE if share <= 0 else max(LEAST_DECADE, math.floor(math.log10(share)))

    return [((row.readout, decade(strength), density), true) for strength, true in row.marks.answers]


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
    confidence = np.array([one.confidence for one in judged])
    right = np.array([one.right for one in judged])
    part = np.minimum((confidence * parts).astype(int), parts - 1)
    chosen = (part == k for k in range(parts))
    return [(float(confidence[own].mean()), int(own.sum()), float(right[own].mean())) for own in chosen if np.any(own)]


def confident(judged: Sequence[Judged]) -> tuple[int, float | None]:
    """Give how many answers are given with confidence above 0.9, and which share of them is right."""
    sure = [one.right for one in judged if one.confidence > CONFIDENT]
    return len(sure), float(np.mean(sure)) if sure else None
