"""Picture of a measurement: what structures of many controllers cost, and how it grows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handcrafted.view.output import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS = {
    "chain": ("#767676", "o", ":"),
    "star": ("#b25d00", "s", "--"),
    "tree": ("#00578a", "D", "-"),
    "hub": ("#7a2f8a", "^", "-."),
}
"""Shapes of structures, told apart by colour, marker and line."""


class CostPanel(NamedTuple):
    """One kind of cost: its column, its title, its unit, and how many of it are one of the column's."""

    column: str
    title: str
    unit: str
    times: float = 1


PANELS = (
    CostPanel("validation", "validation", "CPU s"),
    CostPanel("assembly", "assembly", "CPU s"),
    CostPanel("wiring", "wiring readout", "CPU s"),
    CostPanel("folding", "folding", "CPU s"),
    CostPanel("step", "one step of the network", "CPU ms", 1000),
    CostPanel("memory", "memory of the process", "GB", 0.001),
)

FROM = 300
"""Growth is fitted from so many controllers on: below, arrays are dense."""


def scaling(text: str, form: str = "png", dpi: float = 150) -> bytes:
    """Draw each cost against the number of controllers, both logarithmic, with the exponent by which it grows.

    Args:
        text: a CSV with a row per shape and size: `shape`, `controllers`, and a column per panel.
        form: `png`, `svg` or `pdf`.
        dpi: dots per inch of a `png`.
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    return drawn(lambda: _figure(rows), form, dpi)


def _figure(rows: Sequence[dict[str, str]]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 6.2), layout="constrained")
    for axes, panel in zip(figure.subplots(2, 3).ravel(), PANELS, strict=True):
        _panel(axes, panel, rows)
    return figure


def _panel(axes: Axes, panel: CostPanel, rows: Sequence[dict[str, str]]) -> None:
    from matplotlib.ticker import NullFormatter

    axes.set_title(panel.title, fontsize=9)
    for shape, (colour, marker, line) in LOOKS.items():
        own = [
            (float(row["controllers"]), panel.times * float(row[panel.column])) for row in rows if row["shape"] == shape
        ]
        if not own:
            continue
        counts, costs = np.array(own).T
        large = counts >= FROM
        grown = f"  n^{np.polyfit(np.log(counts[large]), np.log(costs[large]), 1)[0]:.2f}" if large.sum() > 1 else ""
        axes.plot(counts, costs, color=colour, marker=marker, linestyle=line, markersize=4, label=f"{shape}{grown}")
    axes.set_xscale("log")
    if panel.column == "memory":  # most of it is Python and its libraries
        axes.set_ylim(bottom=0)
    else:
        axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("controllers", fontsize=8)
    axes.set_ylabel(panel.unit, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.legend(fontsize=7, frameon=False)
