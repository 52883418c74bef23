"""A law's picture, and the staircase of who imports whom."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from handcrafted.components.circuit import Circuit, Head
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.verdict.catalogue import Measured, Response
from handcrafted.view import dot
from handcrafted.view.boxes import bold, lines, small, wrapped
from handcrafted.view.heatmap import MapPanel, draw_panel, short
from handcrafted.view.output import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CELL, LETTER, LINE = 0.27, 0.062, 0.17
"""Inches per cell of a heatmap, per letter of its labels and per line of text."""

WIDTH, LEFT, HEAD, INNER = 10.0, 0.75, 0.95, 0.3
"""Inches of the picture, of its left margin, of its title, and between things."""

COLUMN, WIDE = 56, 135
"""Letters of a line beside the heatmaps, and of one across."""

CURVE, STRIP, DIFFERENCE = 2.4, 0.6, 0.75
"""Inches of the answer, of an input over time, and of the difference."""

FOUND, WANTED, GIVEN = "#b2182b", "#bdbdbd", "#2166ac"


def gallery(measured: Measured, text: str, response: Response, form: str = "png", dpi: float = 100) -> bytes:
    """Draw one law.

    Args:
        measured: its circuits and errors.
        text: what it gives, in a line.
        response: its answer, and the plain law's.
        form: `png`, `svg` or `pdf`.
        dpi: dots per inch of a `png`.
    """
    return drawn(lambda: _Page(measured, text, response).figure, form, dpi)


class _Page:
    """A figure that is filled from top to bottom; all sizes in inches."""

    def __init__(self, measured: Measured, text: str, response: Response):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        rows = [(circuit, _words(circuit), *_panels(circuit, measured.labels)) for circuit in measured.circuits]
        heights = [max(LINE * (len(words) + 1), _height(a), _height(b)) + INNER for _, words, a, b in rows]
        strips = [CURVE] if response.swept else [*[STRIP] * len(response.domains), CURVE / 2]
        title = textwrap.wrap(text, WIDE)
        head = HEAD + LINE * len(title)
        below = sum(strips) + DIFFERENCE + INNER * (len(strips) + 2) + 0.4
        self.height, self.top = head + sum(heights) + below, 0.0
        self.figure = Figure(figsize=(WIDTH, self.height))
        FigureCanvasAgg(self.figure)
        self._write(0.3, 0.3, measured.law, size=14, weight="bold")
        self._write(0.3, 0.65, "\n".join(title), size=9)
        self.top = head
        middle = max(_left(a) for _, _, a, _ in rows) + 4.2
        right = (
            middle + max(CELL * len(a.columns) for _, _, a, _ in rows) + max(_left(b) for _, _, _, b in rows) + INNER
        )
        for (circuit, words, a, b), height in zip(rows, heights, strict=True):
            self._write(0.3, 0, _heading(circuit), size=9, weight="bold")
            self._write(0.3, LINE, "\n".join(words), size=8)
            self._heatmap(middle, a)
            self._heatmap(right, b)
            self.top += height
        self._answers(measured, response, strips)

    def _write(self, x: float, down: float, text: str, size: float, weight: str = "normal") -> None:
        at = x / WIDTH, 1 - (self.top + down) / self.height
        self.figure.text(*at, text, fontsize=size, weight=weight, va="top", linespacing=1.35)

    def _axes(self, x: float, down: float, width: float, height: float, share: Axes | None = None) -> Axes:
        low = 1 - (self.top + down + height) / self.height
        return self.figure.add_axes((x / WIDTH, low, width / WIDTH, height / self.height), sharex=share)

    def _heatmap(self, x: float, panel: MapPanel) -> None:
        rows, columns = panel.array.shape
        axes = self._axes(x, 0.12, CELL * max(columns, 1), CELL * rows)
        draw_panel(axes, panel)

    def _answers(self, measured: Measured, response: Response, strips: list[float]) -> None:
        """Draw what was given, if that was over time, both answers and their difference, below each other."""
        answers, first = response.answers, None
        label, along = _along(response)
        given = [] if response.swept else list(answers.inputs.items())
        for height, (signal, values) in zip(strips, given, strict=False):
            first = axes = self._strip(height, signal.name, first)
            _line(axes, along, values, response.domains[signal], color=GIVEN, linewidth=1.0)
        axes = self._strip(strips[-1], "result", first)
        _line(axes, along, answers.wanted, response.result, color=WANTED, linewidth=4.5, label="plain law")
        _line(axes, along, answers.found, response.result, color=FOUND, linewidth=1.0, label="network")
        axes.legend(fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, ncols=2, borderpad=0.1)
        last = self._strip(DIFFERENCE, "difference", first or axes)
        last.plot(along, answers.off, color=FOUND, linewidth=0.8)
        if answers.worst:
            last.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
            last.yaxis.get_offset_text().set_fontsize(7)
        else:
            last.set_yticks([0.0], ["0"])
        last.set_title(_errors(measured), fontsize=8, loc="right", pad=4)
        last.tick_params(labelbottom=True)
        last.set_xlabel(label, fontsize=8)

    def _strip(self, height: float, name: str, share: Axes | None) -> Axes:
        axes = self._axes(LEFT, INNER, WIDTH - LEFT - 0.3, height, share)
        self.top += height + INNER
        axes.set_ylabel(name, fontsize=8)
        axes.tick_params(labelsize=7, labelbottom=False)
        axes.grid(color="#e5e5e5", linewidth=0.5)
        axes.margins(x=0.01)
        return axes


def _heading(circuit: Circuit) -> str:
    """Name a circuit by what it writes, and by its kind where that says more."""
    kind = circuit.name.rpartition(".")[2]
    return circuit.writes.name + ("" if circuit.writes.name.endswith(kind) else f" ({kind})")


def _words(circuit: Circuit) -> list[str]:
    """Return formula, source and error in lines; of a head also where it looks."""
    parts = [circuit.formula, f"source: {circuit.source}", f"error: {circuit.error}"]
    if isinstance(circuit.body, Head):
        query, key = (", ".join(map(short, bias)) for bias in (circuit.body.query, circuit.body.key))
        parts.insert(1, f"query bias ({query}), key bias ({key})")
    return [line for part in parts for line in textwrap.wrap(part, COLUMN, subsequent_indent="   ")]


def _panels(circuit: Circuit, labels: Mapping[Signal, tuple[str, ...]]) -> tuple[MapPanel, MapPanel]:
    """Return what goes in and what comes out: of neurons W_in above b_in, and W_out; of a head W_V, and W_O."""
    body, written = circuit.body, labels[circuit.writes]
    reads = tuple(label for signal in circuit.reads for label in labels[signal])
    if isinstance(body, Head):
        inner = tuple(f"d{i}" for i in range(body.value.shape[1]))
        return MapPanel("W_V", body.value, reads, inner), MapPanel("W_O", body.output, inner, written)
    inner = tuple(f"N{i}" for i in range(circuit.size))
    into = MapPanel("W_in, b_in", np.vstack([body.into, body.bias]), (*reads, "bias"), inner)
    return into, MapPanel("W_out", body.out, inner, written)


def _left(panel: MapPanel) -> float:
    return LETTER * max(map(len, panel.rows)) + 0.1


def _height(panel: MapPanel) -> float:
    labels = 0.15 if len(panel.columns) == 1 else LETTER * max(map(len, panel.columns))
    return CELL * len(panel.rows) + labels + 0.25


def _along(response: Response) -> tuple[str, np.ndarray]:
    """Return what the answers are drawn over, and its name."""
    if not response.swept:
        return "step", np.arange(len(response.answers.found))
    ((signal, values),) = response.answers.inputs.items()
    return signal.name, values[:, 0]


def _line(axes: Axes, along: np.ndarray, values: np.ndarray, domain: Domain, **style: Any) -> None:
    """Draw one signal; of words the one that is there."""
    if not domain.discrete:
        axes.plot(along, values[:, 0], **style)
        return
    axes.plot(along, np.argmax(values, axis=-1), drawstyle="steps-mid", **style)
    axes.set_yticks(range(len(domain.values)), domain.values)
    axes.set_ylim(-0.3, len(domain.values) - 0.7)


def _errors(measured: Measured) -> str:
    proved = "0 outside the bands" if measured.proved is None else f"{measured.proved:.2g} in one step"
    return f"measured in 400 random steps: {measured.within:.2g}; proved: {proved}"


PACKAGE = "handcrafted"
BARRED = {"readout": "craft, loading, plants, laws or components"}
"""Who must never import what, though it stands above it; `lint-imports` sees to it."""

RED = "#b2182b"


def imports(root: Path) -> dict[str, set[str]]:
    """Say of each part of a package, a folder or a module, which other parts it imports anywhere in its code.

    Args:
        root: the folder of the package.
    """
    parts = [*(path.parent for path in root.glob("*/__init__.py")), *root.glob("[a-z]*.py")]
    return {part.stem: set(_imported(part)) - {part.stem} for part in sorted(parts)}


def _imported(part: Path) -> Iterator[str]:
    """Name the parts of the package that a folder or a module imports."""
    for path in part.rglob("*.py") if part.is_dir() else [part]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name.split(".")[1] for name in names if name.startswith(f"{PACKAGE}."))


def staircase(root: Path) -> str:
    """Return the picture as DOT: arrows go from who imports to what is imported; those that others imply are left out.

    Raises:
        networkx.NetworkXError: if parts import each other in a circle.
    """
    found = imports(root)
    graph = nx.DiGraph({part: sorted(others) for part, others in found.items()})
    shown = nx.transitive_reduction(graph)
    order = list(nx.lexicographical_topological_sort(graph))
    boxes = [dot.node(part, label=_box(part, _purpose(root, part))) for part in order]
    arrows = [dot.edge(dot.end(one), dot.end(two), color="#555555") for one in order for two in sorted(shown[one])]
    return dot.digraph([*boxes, *arrows], rankdir="TB", nodesep=0.35, ranksep=0.3)


def _purpose(root: Path, part: str) -> str:
    path = root / part / "__init__.py" if (root / part).is_dir() else root / f"{part}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0]


def _box(part: str, purpose: str) -> str:
    barred = [small(f"never sees {BARRED[part]}", color=RED)] if part in BARRED else []
    text = [bold(part), *(small(line) for line in wrapped(purpose, 56)), *barred]
    return dot.html(lines(text, align="CENTER", BORDER=1, COLOR="#999999", BGCOLOR="#f2f6fa", CELLPADDING=2))
