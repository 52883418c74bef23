"""Weights as heatmaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.output import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

PRINTED = 12
"""Up to so many rows and columns the values stand in the cells."""

CELL, LETTER = 0.3, 0.065
"""Inches per cell, and per letter of a label."""

LINE = 0.13
"""Inches per line of a label."""

SEPARATOR = " / "
"""Where a label may be broken into lines."""

SHELF = 14.0
"""Inches of a row of panels, unless one alone is wider."""

BAR, FOOT = 3.0, 0.7
"""Inches of the colour bar, and of the room below the panels."""

WIDE, DEEP = 100.0, 1e4
"""Magnitudes that span more are drawn logarithmically, down to this part of the largest."""

BELOW, ZERO, ABOVE = "#2166ac", "#ffffff", "#b2182b"


@dataclass(frozen=True)
class MapPanel:
    """One array [rows, columns] with the names of its rows and columns.

    Attributes:
        rows: what the entries of a column act on or come from, one name per row.
        columns: one name per column.
        axes: what the rows are together, and what the columns are.
    """

    title: str
    array: np.ndarray
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    axes: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        expected, got = (len(self.rows), len(self.columns)), np.shape(self.array)
        if got != expected:
            raise HandcraftedError(
                f"Expected {self.title} of shape {expected} as its names say, got {got}. Name every row."
            )

    @property
    def heading(self) -> str:
        """The title, and what rows and columns are."""
        return f"{self.title}\n{self.axes[0]} (rows), {self.axes[1]} (columns)" if any(self.axes) else self.title

    def without_zeros(self) -> MapPanel:
        """Leave out rows and columns that are zero throughout, and say in the title how many."""
        array = np.asarray(self.array)
        rows, columns = (np.flatnonzero((array != 0).any(axis=axis)) for axis in (1, 0))
        gone = len(self.rows) - len(rows), len(self.columns) - len(columns)
        counted = [f"{n} {what}{'s' if n > 1 else ''}" for n, what in zip(gone, ("row", "column"), strict=True) if n]
        note = f" (without {' and '.join(counted)} of zeros)" if counted else ""
        named = tuple(self.rows[i] for i in rows), tuple(self.columns[i] for i in columns)
        return MapPanel(self.title + note, array[np.ix_(rows, columns)], *named, self.axes)


def heatmap(array: Any, rows: Sequence[str], columns: Sequence[str], title: str, drop_zero: bool = True) -> Figure:
    """Draw one array with named rows and columns.

    Raises:
        HandcraftedError: if the names are not as many as the rows and columns.
    """
    return figure_of([MapPanel(title, np.asarray(array), tuple(rows), tuple(columns))], drop_zero)


def figure_of(panels: Sequence[MapPanel], drop_zero: bool = True) -> Figure:
    """Draw panels in rows, cells of one size, one scale of colours for all.

    Raises:
        HandcraftedError: if there is no panel.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not panels:
        raise HandcraftedError("Expected at least one panel to draw, got none. Give one per array.")
    shown = [panel.without_zeros() if drop_zero else panel for panel in panels]
    frames = [_frame(panel) for panel in shown]
    rows = _shelves([frame.width for frame in frames])
    width = max(BAR + 1, *(sum(frames[k].width for k in row) for row in rows))
    height = sum(max(frames[k].height for k in row) for row in rows) + FOOT
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    norm, top = scale_of([panel.array for panel in shown]), 0.0
    for row in rows:
        x = 0.0
        for k in row:
            frame = frames[k]
            left, under = x + frame.left, height - top - frame.above - frame.map[1]
            axes = figure.add_axes((left / width, under / height, frame.map[0] / width, frame.map[1] / height))
            draw_panel(axes, shown[k], norm)
            x += frame.width
        top += max(frames[k].height for k in row)
    _colour_bar(figure, norm, width, height)
    return figure


def _shelves(widths: Sequence[float]) -> list[list[int]]:
    """Set things side by side, in order, as many in a row as fit."""
    rows: list[list[int]] = []
    for k, width in enumerate(widths):
        if rows and sum(widths[i] for i in rows[-1]) + width <= SHELF:
            rows[-1].append(k)
        else:
            rows.append([k])
    return rows


def scale_of(arrays: Sequence[np.ndarray]) -> Normalize:
    """Return one scale of colours about zero for all; logarithmic where the magnitudes span more than a hundredfold."""
    from matplotlib.colors import Normalize, SymLogNorm

    found = np.concatenate([np.abs(np.asarray(array, float)).ravel() for array in arrays])
    found = found[(found > 0) & np.isfinite(found)]
    most = float(found.max()) if found.size else 1.0
    least = float(found.min()) if found.size else 1.0
    if most <= WIDE * least:
        return Normalize(-most, most)
    return SymLogNorm(max(least, most / DEEP), vmin=-most, vmax=most)


def _colour_bar(figure: Figure, norm: Normalize, width: float, height: float) -> None:
    """Draw the one colour bar, below the panels."""
    from matplotlib.cm import ScalarMappable

    place = figure.add_axes(((width - BAR) / 2 / width, 0.4 / height, BAR / width, 0.1 / height))
    bar = figure.colorbar(ScalarMappable(norm, about_zero()), cax=place, orientation="horizontal")
    least, most = getattr(norm, "linthresh", None), norm.vmax or 1.0
    if least is not None:
        above = [mark for mark in _decades(most) if mark >= least]
        marks = [*(-mark for mark in above), 0.0, *above[::-1]]
        bar.set_ticks(marks, labels=[f"{mark:g}" for mark in marks])
    bar.ax.tick_params(labelsize=7)
    bar.ax.minorticks_off()
    said = "" if least is None else f", linear up to {short(least)}, logarithmic beyond"
    bar.set_label(f"entry, zero white{said}", fontsize=7)


def _decades(most: float) -> list[float]:
    """Return every second power of ten up to a magnitude, the largest first."""
    return [10.0**k for k in range(int(np.floor(np.log10(most))), -9, -2)]


class Frame(NamedTuple):
    """The room of one panel in inches: around its map, and the map's own width and height."""

    left: float
    above: float
    map: tuple[float, float]
    right: float
    below: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.left + self.map[0] + self.right

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.above + self.map[1] + self.below


def _frame(panel: MapPanel) -> Frame:
    lines = 1 + max((label.count(SEPARATOR) for label in (*panel.rows, *panel.columns)), default=0)
    cell = max(CELL, LINE * lines)
    left = _longest(panel.rows) * LETTER + 0.2
    title = max(map(len, panel.heading.split("\n"))) * LETTER
    width = max(len(panel.columns), 1) * cell
    below = LINE * lines if len(panel.columns) == 1 else _longest(panel.columns) * LETTER
    above = 0.25 + LINE * panel.heading.count("\n")
    over = max(0.0, (title - width) / 2)
    return Frame(max(left, over), above, (width, max(len(panel.rows), 1) * cell), max(0.3, over), below + 0.3)


def _longest(labels: Sequence[str]) -> int:
    """Count the letters of the longest line of any label."""
    return max((len(line) for label in labels for line in label.split(SEPARATOR)), default=0)


def _wrapped(labels: Sequence[str]) -> list[str]:
    """Break labels into lines: owner, role, signal."""
    return [label.replace(SEPARATOR, "\n") for label in labels]


def _printed(panel: MapPanel) -> bool:
    return max(panel.array.shape, default=0) <= PRINTED


def draw_panel(axes: Axes, panel: MapPanel, norm: Normalize | None = None) -> AxesImage | None:
    """Draw one panel with its names and, where it is small, its values; None where all is zero.

    Without a scale of colours it gets one of its own.
    """

    axes.set_title(panel.heading, fontsize=8)
    if panel.array.size == 0:
        axes.text(0.5, 0.5, "all zero", ha="center", va="center", transform=axes.transAxes, fontsize=8)
        axes.set_axis_off()
        return None
    norm = norm or scale_of([panel.array])
    image = axes.imshow(panel.array, cmap=about_zero(), norm=norm, aspect="equal", interpolation="nearest")
    turned = 0 if len(panel.columns) == 1 else 90
    axes.set_xticks(range(len(panel.columns)), _wrapped(panel.columns), rotation=turned, fontsize=7)
    axes.set_yticks(range(len(panel.rows)), _wrapped(panel.rows), fontsize=7)
    axes.set_xticks(np.arange(len(panel.columns) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(panel.rows) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="both", length=0)
    if _printed(panel):
        _print_values(axes, panel.array, norm)
    return image


def about_zero() -> Colormap:
    """Return blue below zero, white at it, red above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("about zero", [BELOW, ZERO, ABOVE])


def _print_values(axes: Axes, array: np.ndarray, norm: Normalize) -> None:
    for (row, column), value in np.ndenumerate(array):
        if value:
            color = "white" if abs(2 * float(norm(value)) - 1) > 0.6 else "black"
            axes.text(column, row, short(value), ha="center", va="center", fontsize=6, color=color)


def short(value: float) -> str:
    """Write a number in at most five signs or so: two digits, or whole from a hundred to a hundred thousand."""
    return f"{value:.0f}" if 100 <= abs(value) < 1e5 else f"{value:.2g}"


def heatmaps(panels: Sequence[MapPanel], form: str = "png", dpi: float = 200, drop_zero: bool = True) -> bytes:
    """Draw panels as `png`, `svg` or `pdf`.

    Raises:
        HandcraftedError: if there is no panel.
    """
    return drawn(lambda: figure_of(panels, drop_zero), form, dpi)
