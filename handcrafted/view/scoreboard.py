"""The scoreboard as a picture: where each readout is right, what it catches, and whether it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from handcrafted.verdict.scoreboard.calibrate import Judged, reliability
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.report import f1, mean
from handcrafted.verdict.scoreboard.row import ScoreRow
from handcrafted.verdict.scoreboard.run import CONDITIONS, LAW
from handcrafted.view.figures import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL = 0.52
"""Inches per cell."""

DARK = 0.55
"""Values below which figures in a cell are written in white."""


def scoreboard(rows: Sequence[ScoreRow], judged: Sequence[Judged], form: str = "png", dpi: float = 150) -> bytes:
    """Draw F1 by readout and distortion, faults caught by readout and fault, and the reliability diagram."""
    return drawn(lambda: _figure(rows, judged), form, dpi)


def _figure(rows: Sequence[ScoreRow], judged: Sequence[Judged]) -> Figure:
    from matplotlib.figure import Figure

    seen = {row.condition for row in rows}
    names = list(dict.fromkeys(row.readout for row in rows))
    graphs = [name for name in names if name != LAW]
    distorted = [name for name in CONDITIONS if name in seen and name not in FAULTS]
    faults = [name for name in CONDITIONS if name in seen and name in FAULTS]
    widths = [max(1, len(distorted)), max(1, len(faults)), 6]
    figure = Figure(figsize=(CELL * sum(widths) + 6.0, CELL * len(names) + 2.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=widths)
    f1_of = lambda name, condition: mean(f1(row) for row in _of(rows, name, condition))
    caught_of = lambda name, condition: mean(row.caught for row in _of(rows, name, condition))
    _heat(left, "right edges under distortion (F1)", graphs, distorted, f1_of)
    _heat(middle, "share of planted faults caught", names, faults, caught_of)
    _reliability(right, judged)
    return figure


def _of(rows: Sequence[ScoreRow], name: str, condition: str) -> list[ScoreRow]:
    return [row for row in rows if row.readout == name and row.condition == condition]


def _heat(axes: Axes, title: str, names: Sequence[str], conditions: Sequence[str], value) -> None:
    """Draw a table of shares; a cell without a value stays empty."""
    known = lambda share: np.nan if share is None else share
    shares = np.array([[known(value(name, condition)) for condition in conditions] for name in names], float)
    axes.set_title(title, fontsize=9)
    axes.set_xticks(range(len(conditions)), conditions, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.tick_params(length=0)
    if not shares.size:
        return
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(shares):
        if not np.isnan(share):
            ink = "white" if share < DARK else "black"
            axes.text(j, i, f"{share:.2f}", ha="center", va="center", fontsize=7, color=ink)


def _reliability(axes: Axes, judged: Sequence[Judged]) -> None:
    """Draw how often answers of each confidence are right; the area of a point grows with their number."""
    axes.set_title("are sure answers right?", fontsize=9)
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle="--")
    found = reliability(judged)
    if found:
        confidence, count, right = map(np.array, zip(*found, strict=True))
        area = 8 + 12 * np.log10(np.maximum(count, 1)) ** 2  # square points
        axes.scatter(confidence, right, s=area, color="#00578a", zorder=3)
        for x, y, n, radius in zip(confidence, right, count, np.sqrt(area) / 2, strict=True):
            shift, beside = ((0, -radius - 3), "top") if y > DARK else ((0, radius + 3), "bottom")
            axes.annotate(f"{n:,}", (x, y), shift, textcoords="offset points", ha="center", va=beside, fontsize=6)
    axes.set_xlim(-0.1, 1.1)
    axes.set_ylim(-0.05, 1.1)
    axes.set_xlabel("confidence, learnt from the other loops", fontsize=8)
    axes.set_ylabel("share that is right", fontsize=8)
    axes.tick_params(labelsize=7)
