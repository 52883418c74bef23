"""The scoreboard as a table, with how sure each readout may be of its answers."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.text.report import markdown_table
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.row import MARKS, ScoreRow
from handcrafted.verdict.scoreboard.run import CONDITIONS, LAW

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
    """Return the confidence of every edge of every answer, from what the same readout gave for the other loops.

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
    """Return the lower end of Wilson's interval for a share; 0 of none."""
    if not given:
        return 0.0
    share, z = right / given, WILSON
    middle = share + z * z / (2 * given)
    spread = z * math.sqrt(share * (1 - share) / given + z * z / (4 * given * given))
    return max(0.0, (middle - spread) / (1 + z * z / given))


def reliability(judged: Sequence[Judged], parts: int = 10) -> list[tuple[float, int, float]]:
    """Return (mean confidence, how many, share right) for each interval of confidence that has answers."""
    confidence, right, given = (np.array([getattr(one, name) for one in judged]) for name in COUNTED)
    part = np.minimum((confidence * parts).astype(int), parts - 1)
    chosen = (part == k for k in range(parts))
    mean = lambda values, own: float(np.sum(values[own]) / given[own].sum())
    return [
        (mean(confidence * given, own), int(given[own].sum()), mean(right, own)) for own in chosen if given[own].any()
    ]


def confident(judged: Sequence[Judged]) -> tuple[int, float | None]:
    """Return how many answers are given with confidence above 0.9, and which share of them is right."""
    sure = [one for one in judged if one.confidence > CONFIDENT]
    count = sum(one.given for one in sure)
    return count, sum(one.right for one in sure) / count if count else None


SMALL_PRINT = """Means over all conditions with a known answer: what is wired for wiring, subspace and equations, what
is used for all others. Refused: the readout says that and why it cannot read the network; it gives no edges then.
Sure: confidence above 0.9, learnt from the other loops."""

OVERALL = (
    "readout", "precision", "recall", "AUROC", "sign", "lag", "refused", "sure edges", "of them right",
)  # fmt: skip

NOTHING = "-"


def as_markdown(rows: Sequence[ScoreRow], judged: Sequence[Judged]) -> str:
    """Return the summary: undistorted and distorted, faults caught, calibration; means over loops."""
    names = list(dict.fromkeys(row.readout for row in rows))
    graphs = [name for name in names if name != LAW]
    loops = {row.loop for row in rows}
    parts = [
        "# Scoreboard",
        f"{len(loops)} loops, {len(graphs)} readouts, {len(rows)} answers. A dash: nothing to be said.",
        "## As it was made, and distorted",
        markdown_table([["readout", *_conditions(rows, False)], *(_distorted(rows, name) for name in graphs)]),
        "Share of loops whose graph is exactly right / mean F1 / mean AUROC.",
        "## Planted faults caught",
        markdown_table([["readout", *_conditions(rows, True)], *(_caught(rows, name) for name in names)]),
        "Caught: the readout says something else than of the network as it was made.",
        "## How sure, and how right",
        markdown_table([OVERALL, *(_overall(rows, judged, name) for name in graphs)]),
        SMALL_PRINT,
    ]
    return "\n\n".join(parts) + "\n"


def _conditions(rows: Sequence[ScoreRow], faults: bool) -> list[str]:
    seen = {row.condition for row in rows}
    return [name for name in CONDITIONS if name in seen and (name in FAULTS) == faults]


def _of(rows: Sequence[ScoreRow], readout: str, condition: str | None = None) -> list[ScoreRow]:
    return [row for row in rows if row.readout == readout and condition in (None, row.condition)]


def f1(row: ScoreRow) -> float | None:
    """Return the harmonic mean of precision and recall; 0 where either is."""
    precision, recall = row.marks.precision or 0.0, row.marks.recall
    if recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def mean(values: Iterable[float | bool | None]) -> float | None:
    """Return the mean of what can be said; None of nothing."""
    known = [float(value) for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _distorted(rows: Sequence[ScoreRow], name: str) -> list[str]:
    cells = []
    for condition in _conditions(rows, False):
        own = _of(rows, name, condition)
        figures = (mean(r.marks.exact for r in own), mean(map(f1, own)), mean(r.marks.auroc for r in own))
        cells.append(" / ".join(NOTHING if value is None else f"{value:.2f}" for value in figures))
    return [name, *cells]


def _caught(rows: Sequence[ScoreRow], name: str) -> list[str]:
    cells = []
    for condition in _conditions(rows, True):
        own = _of(rows, name, condition)
        cells.append(f"{sum(row.caught for row in own)} of {len(own)}" if own else NOTHING)
    return [name, *cells]


def _overall(rows: Sequence[ScoreRow], judged: Sequence[Judged], name: str) -> list[str]:
    own = _of(rows, name)
    figures = [mean(getattr(row.marks, column) for row in own) for column in MARKS]
    count, share = confident([one for one in judged if one.row.readout == name])
    shown = [NOTHING if value is None else f"{value:.3f}" for value in (*figures, share)]
    return [name, *shown[:-1], str(sum(row.refused for row in own)), str(count), shown[-1]]
