"""Weights as heatmaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.output import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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

ABREAST = 3
"""Panels in one row of the figure."""

BELOW, ZERO, ABOVE = "#2166ac", "#ffffff", "#b2182b"


@dataclass(frozen=True)
class MapPanel:
    """One array [rows, columns] with the names of its rows and columns.

    Attributes:
        rows: what the entries of a column act on or come from, one name per row.
        columns: one name per column.
    """

    title: str
    array: np.ndarray
    rows: tuple[str, ...]
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        expected, got = (len(self.rows), len(self.columns)), np.shape(self.array)
        if got != expected:
            raise HandcraftedError(
                f"Expected {self.title} of shape {expected} as its names say, got {got}. Name every row."
            )

    def without_zeros(self) -> MapPanel:
        """Leave out rows and columns that are zero throughout, and say in the title how many."""
        array = np.asarray(self.array)
        rows, columns = (np.flatnonzero((array != 0).any(axis=axis)) for axis in (1, 0))
        gone = len(self.rows) - len(rows), len(self.columns) - len(columns)
        counted = [f"{n} {what}{'s' if n > 1 else ''}" for n, what in zip(gone, ("row", "column"), strict=True) if n]
        note = f"\n(without {' and '.join(counted)} of zeros)" if counted else ""
        named = tuple(self.rows[i] for i in rows), tuple(self.columns[i] for i in columns)
        return MapPanel(self.title + note, array[np.ix_(rows, columns)], *named)


def heatmap(array: Any, rows: Sequence[str], columns: Sequence[str], title: str, drop_zero: bool = True) -> Figure:
    """Draw one array with named rows and columns.

    Raises:
        HandcraftedError: if the names are not as many as the rows and columns.
    """
    return figure_of([MapPanel(title, np.asarray(array), tuple(rows), tuple(columns))], drop_zero)


def figure_of(panels: Sequence[MapPanel], drop_zero: bool = True) -> Figure:
    """Draw panels up to three abreast, each at the size that its names need.

    Raises:
        HandcraftedError: if there is no panel.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not panels:
        raise HandcraftedError("Expected at least one panel to draw, got none. Give one per array.")
    shown = [panel.without_zeros() if drop_zero else panel for panel in panels]
    rows = [shown[i : i + ABREAST] for i in range(0, len(shown), ABREAST)]
    widths = [max(_size(panel)[0] for panel in shown[i::ABREAST]) for i in range(min(ABREAST, len(shown)))]
    heights = [max(_size(panel)[1] for panel in row) for row in rows]
    figure = Figure(figsize=(sum(widths), sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    ratios = {"height_ratios": heights, "width_ratios": widths}
    grid = figure.subplots(len(rows), len(widths), squeeze=False, gridspec_kw=ratios).ravel()
    for axes, panel in zip(grid, shown, strict=False):
        image = draw_panel(axes, panel)
        if image is not None:
            figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02).ax.tick_params(labelsize=7)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    return figure


def _size(panel: MapPanel) -> tuple[float, float]:
    """Return the width and height in inches that a panel needs."""
    lines = 1 + max((label.count(SEPARATOR) for label in (*panel.rows, *panel.columns)), default=0)
    cell = max(CELL, LINE * lines)
    left, under = _longest(panel.rows) * LETTER, _longest(panel.columns) * LETTER
    title = max(map(len, panel.title.split("\n"))) * LETTER
    width = max(len(panel.columns) * cell + 1.0, title + 0.3)
    height = max(len(panel.rows) * cell, 0.6) + 0.7
    return left + width, height + (LINE * lines if len(panel.columns) == 1 else under)


def _longest(labels: Sequence[str]) -> int:
    """Count the letters of the longest line of any label."""
    return max((len(line) for label in labels for line in label.split(SEPARATOR)), default=0)


def _wrapped(labels: Sequence[str]) -> list[str]:
    """Break labels into lines: owner, role, signal."""
    return [label.replace(SEPARATOR, "\n") for label in labels]


def _printed(panel: MapPanel) -> bool:
    return max(panel.array.shape, default=0) <= PRINTED


def draw_panel(axes: Axes, panel: MapPanel) -> AxesImage | None:
    """Draw one panel with its names and, where it is small, its values; None where all is zero."""
    from matplotlib.colors import LinearSegmentedColormap

    axes.set_title(panel.title, fontsize=8)
    if panel.array.size == 0:
        axes.text(0.5, 0.5, "all zero", ha="center", va="center", transform=axes.transAxes, fontsize=8)
        axes.set_axis_off()
        return None
    colors = LinearSegmentedColormap.from_list("about zero", [BELOW, ZERO, ABOVE])
    limit = float(np.abs(panel.array).max()) or 1.0
    image = axes.imshow(panel.array, cmap=colors, vmin=-limit, vmax=limit, aspect="equal", interpolation="nearest")
    turned = 0 if len(panel.columns) == 1 else 90
    axes.set_xticks(range(len(panel.columns)), _wrapped(panel.columns), rotation=turned, fontsize=7)
    axes.set_yticks(range(len(panel.rows)), _wrapped(panel.rows), fontsize=7)
    axes.set_xticks(np.arange(len(panel.columns) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(panel.rows) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="both", length=0)
    if _printed(panel):
        _print_values(axes, panel.array, limit)
    return image


def _print_values(axes: Axes, array: np.ndarray, limit: float) -> None:
    for (row, column), value in np.ndenumerate(array):
        if value:
            color = "white" if abs(value) > 0.6 * limit else "black"
            axes.text(column, row, short(value), ha="center", va="center", fontsize=6, color=color)


def short(value: float) -> str:
    """Write a number in at most five signs or so: two digits, or whole from a hundred to a hundred thousand."""
    return f"{value:.0f}" if 100 <= abs(value) < 1e5 else f"{value:.2g}"


def heatmaps(panels: Sequence[MapPanel], form: str = "png", dpi: float = 200, drop_zero: bool = True) -> bytes:
    """Draw panels as `png` or `svg`.

    Raises:
        HandcraftedError: if there is no panel.
    """
    return drawn(lambda: figure_of(panels, drop_zero), form, dpi)


def panels_of_model(model: Any) -> list[MapPanel]:
    """Return a model's effective weights as panels.

    The embedding, per head the product W_V W_O, per layer W_in and W_out, the unembedding and the recurrence.
    """
    weights, names = model.effective_weights.numpy(), model.names
    ends = ends_of(weights)
    wide = {signal for signal, at in names.subspaces.items() if len(at) > 1}
    residual = tuple(coordinate_label(c, c.subspace in wide) for c in names.residual)
    inputs, outputs = (tuple(port_label(port) for port in ports) for ports in (names.inputs, names.outputs))
    return [
        MapPanel("W_E (input to residual stream)", ends.embedding, inputs, residual),
        *_layers(weights, residual),
        MapPanel("W_U (residual stream to output)", ends.unembedding, residual, outputs),
        MapPanel("W_R (residual stream to next step)", ends.recurrence, residual, residual),
    ]


def _layers(weights: Weights, residual: tuple[str, ...]) -> Iterator[MapPanel]:
    """Return the panels of each layer: its heads, then its neurons; heads that are zero are left out."""
    heads, mlp = heads_of(weights), neurons_of(weights)
    for layer, into in enumerate(mlp.into):
        products = heads.value[layer] @ heads.output[layer]
        for head, product in enumerate(products):
            if product.any():
                yield MapPanel(
                    f"layer {layer}, head {head}: W_V W_O (residual stream to itself)", product, residual, residual
                )
        neurons = tuple(f"N{number}" for number in range(into.shape[1]))
        if neurons:
            yield MapPanel(f"layer {layer}: W_in (residual stream to neurons)", into, residual, neurons)
            yield MapPanel(f"layer {layer}: W_out (neurons to residual stream)", mlp.out[layer], neurons, residual)


def coordinate_label(coordinate: Any, numbered: bool = True) -> str:
    """Name a coordinate of the residual stream: owner, role, signal, and its number where a signal has several."""
    owner, role, signal, index = coordinate
    return f"{owner or '(outside)'} / {role.replace('_', ' ')} / {signal}" + (f" [{index}]" if numbered else "")


def port_label(port: Any) -> str:
    """Name a number that enters or leaves the network, by its value where it is one of a list."""
    which = f" = {port.domain.values[port.index]}" if port.domain.values else ""
    return f"{port.owner or '(outside)'} / {port.signal}{which}"
