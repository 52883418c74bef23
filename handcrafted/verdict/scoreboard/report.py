"""The scoreboard's summary for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from handcrafted.text.report import markdown_table
from handcrafted.verdict.scoreboard.calibrate import Judged, confident
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.row import MARKS, ScoreRow
from handcrafted.verdict.scoreboard.run import CONDITIONS, LAW

SMALL_PRINT = """Means over all conditions with a known answer: what is wired for wiring, subspace and equations, what
is used for all others. Refused: the readout says that and why it cannot read the network; it gives no edges then.
Sure: confidence above 0.9, learnt from the other loops. Seconds: the median."""

OVERALL = (
    "readout", "precision", "recall", "AUROC", "sign", "lag", "refused", "sure edges", "of them right", "seconds"
)  # fmt: skip

NOTHING = "-"


def as_markdown(rows: Sequence[ScoreRow], judged: Sequence[Judged]) -> str:
    """Give the summary: undistorted and distorted, faults caught, calibration; means over loops."""
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
    """Give the harmonic mean of precision and recall; 0 where either is."""
    precision, recall = row.marks.precision or 0.0, row.marks.recall
    if recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def mean(values: Iterable[float | bool | None]) -> float | None:
    """Give the mean of what can be said; None of nothing."""
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
    seconds = float(np.median([row.seconds for row in own]))
    shown = [NOTHING if value is None else f"{value:.3f}" for value in (*figures, share)]
    return [name, *shown[:-1], str(sum(row.refused for row in own)), str(count), shown[-1], f"{seconds:.2f}"]
