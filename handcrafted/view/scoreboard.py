"""Pictures of measurements: the scoreboard, and networks under compression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handcrafted.verdict.compression.measures import CompressionMeasured
from handcrafted.verdict.compression.sweep import SweepRow
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.report import Judged, f1, mean, reliability
from handcrafted.verdict.scoreboard.row import ScoreRow
from handcrafted.verdict.scoreboard.run import CONDITIONS, LAW
from handcrafted.view.output import drawn

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


LOOKS = {
    "random": ("#767676", "o", ":"),
    "pca": ("#b25d00", "s", "--"),
    "fitted": ("#00578a", "D", "-"),
    "learned": ("#7a2f8a", "^", "-."),
}
"""Ways to compress, told apart by colour, marker and line."""

ERRORS = (1e-8, 1e2)
"""Errors beyond these are drawn at the border."""

CHANCE = 0.5
"""Area under the curve of a readout that knows nothing."""


class CurvePanel(NamedTuple):
    """One figure of a squeezed network against load."""

    title: str
    value: Callable[[CompressionMeasured], float | None]
    chance: bool = False


def _error(one: CompressionMeasured) -> float:
    return float(np.clip(np.nan_to_num(one.error, posinf=ERRORS[1]), *ERRORS))


def _diverged(one: CompressionMeasured) -> float | None:
    return None if one.diverged is None else float(one.diverged)


BEHAVIOUR = CurvePanel("behaviour: error of the outputs", _error)
AWAY = CurvePanel("behaviour: closed loops that run away (share)", _diverged)
PROBES = CurvePanel("probes of beliefs (R2)", lambda one: one.decoded)
PANELS: tuple[CurvePanel, ...] = (
    BEHAVIOUR,
    AWAY,
    CurvePanel("interference (cut off at 1)", lambda one: one.interference),
    PROBES,
    CurvePanel("wiring, by components (AUROC)", lambda one: one.components, chance=True),
    CurvePanel("wiring, by names (AUROC)", lambda one: one.wiring, chance=True),
    CurvePanel("patching, by names (AUROC)", lambda one: one.patching, chance=True),
    CurvePanel("gradient, by names (AUROC)", lambda one: one.gradient, chance=True),
)
NOTE = ("axes fraction", "data")
"""Where notes stand: by the axes along, by the data up."""

ACROSS = 4
"""Panels in a row."""


def compression(rows: Sequence[SweepRow], form: str = "png", dpi: float = 150) -> bytes:
    """Draw what is left of a loop against how much its stream is squeezed."""
    return drawn(lambda: _compressed_figure(rows), form, dpi)


def _compressed_figure(rows: Sequence[SweepRow]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 6.2), layout="constrained")
    panels = figure.subplots(len(PANELS) // ACROSS, ACROSS).ravel()
    for axes, panel in zip(panels, PANELS, strict=True):
        _draw(axes, panel, rows)
    for axes in panels[-ACROSS:]:
        axes.set_xlabel("load: rank across a causal cut / width", fontsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(LOOKS), fontsize=8, frameon=False)
    seeds = len({row.seed for row in rows})
    figure.suptitle(f"{rows[0].loop}: median and range over {seeds} seeds", fontsize=10)
    return figure


def _draw(axes: Axes, panel: CurvePanel, rows: Sequence[SweepRow]) -> None:
    axes.set_title(panel.title, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.axvline(1.0, color="#999999", linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_ylim(-0.03, 1.05)
    if all(panel.value(row.measured) is None for row in rows):
        axes.annotate("this loop has no dynamics", (0.5, 0.5), xycoords="axes fraction", fontsize=8, ha="center")
        return
    for how, (ink, marker, line) in LOOKS.items():
        _curve(axes, [row for row in rows if row.how == how], panel, how, ink, marker, line)
    if panel is BEHAVIOUR:
        axes.set_yscale("log")
        axes.set_ylim(ERRORS[0] / 3, ERRORS[1] * 3)
        axes.set_yticks([1e-8, 1e-6, 1e-4, 1e-2, 1, 100], ["1e-8", "1e-6", "1e-4", "1 %", "100 %", "over 1e4 %"])
    if panel is PROBES:
        raw = float(np.median([row.measured.raw for row in rows]))
        axes.axhline(raw, color="black", linewidth=0.8)
        axes.annotate(
            "from the raw inputs", (0.03, raw - 0.02), xycoords=("axes fraction", "data"), fontsize=7, va="top"
        )
    if panel.chance:
        axes.axhline(CHANCE, color="#999999", linewidth=0.8)
        axes.annotate("by chance", (0.03, CHANCE - 0.02), xycoords=NOTE, fontsize=7, va="top")


def _curve(axes: Axes, rows: Sequence[SweepRow], panel: CurvePanel, how: str, ink: str, marker: str, line: str) -> None:
    loads = sorted({row.measured.load for row in rows})
    values = [[float(panel.value(row.measured) or 0.0) for row in rows if row.measured.load == load] for load in loads]
    middle = [float(np.mean(own) if panel is AWAY else np.median(own)) for own in values]
    if panel is not AWAY:
        axes.fill_between(loads, list(map(min, values)), list(map(max, values)), color=ink, alpha=0.15, linewidth=0)
    axes.plot(loads, middle, line, color=ink, marker=marker, markersize=4, linewidth=1.3, label=how)
