"""Readability and behaviour against load, as a picture: method by method, median and spread over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handcrafted.verdict.compression.measures import Measured
from handcrafted.verdict.compression.sweep import SweepRow
from handcrafted.view.figures import drawn

LOOKS = {
    "random": ("#767676", "o", ":"),
    "pca": ("#b25d00", "s", "--"),
    "fitted": ("#00578a", "D", "-"),
    "learned": ("#7a2f8a", "^", "-."),
}
"""Ways to compress, told apart by colour, marker and line."""

ERRORS = (1e-8, 1e2)
"""Errors beyond these are drawn at the border."""

Panel = tuple[str, Callable[[Measured], float]]

PANELS: tuple[Panel, ...] = (
    ("behaviour: error of the outputs", lambda one: float(np.clip(np.nan_to_num(one.error, posinf=1e9), *ERRORS))),
    ("wiring, by components (AUROC)", lambda one: one.components),
    ("wiring, by names of coordinates (AUROC)", lambda one: one.named),
    ("probes of beliefs (R2)", lambda one: one.decoded),
)


def compression(rows: Sequence[SweepRow], form: str = "png", dpi: int = 150) -> bytes:
    """Draw what is left of a loop against how much its stream is squeezed."""
    return drawn(lambda: _figure(rows), form, dpi)


def _figure(rows: Sequence[SweepRow]) -> Figure:
    figure = Figure(figsize=(11.5, 3.5), layout="constrained")
    panels = figure.subplots(1, len(PANELS))
    for axes, (title, value) in zip(panels, PANELS, strict=True):
        for how, (ink, marker, line) in LOOKS.items():
            _curve(axes, [row for row in rows if row.how == how], value, how, ink, marker, line)
        axes.axvline(1.0, color="#999999", linewidth=0.8, linestyle=(0, (2, 2)))
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("load: rank across a causal cut / width", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.set_ylim(-0.03, 1.05)
    panels[0].set_yscale("log")
    panels[0].set_ylim(ERRORS[0] / 3, ERRORS[1] * 3)
    panels[0].set_yticks([1e-8, 1e-6, 1e-4, 1e-2, 1, 100], ["1e-8", "1e-6", "1e-4", "1 %", "100 %", "over 1e4 %"])
    raw = float(np.median([row.measured.raw for row in rows]))
    panels[3].axhline(raw, color="black", linewidth=0.8)
    panels[3].annotate("from the raw inputs", (0.03, 0.9), xycoords="axes fraction", fontsize=7)
    panels[2].axhline(0.5, color="#999999", linewidth=0.8)
    panels[2].annotate("by chance", (0.03, 0.51), xycoords=("axes fraction", "data"), fontsize=7, va="bottom")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(LOOKS), fontsize=8, frameon=False)
    figure.suptitle(f"{rows[0].loop}: median and range over seeds", fontsize=10)
    return figure


def _curve(axes: Axes, rows: Sequence[SweepRow], value: Callable, how: str, ink: str, marker: str, line: str) -> None:
    loads = sorted({row.measured.load for row in rows})
    values = [[value(row.measured) for row in rows if row.measured.load == load] for load in loads]
    middle = [float(np.median(own)) for own in values]
    axes.fill_between(loads, list(map(min, values)), list(map(max, values)), color=ink, alpha=0.15, linewidth=0)
    axes.plot(loads, middle, line, color=ink, marker=marker, markersize=4, linewidth=1.3, label=how)
