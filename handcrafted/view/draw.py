"""The one way in: draw a control structure, a comparison or a model's weights into a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from handcrafted.control.errors import HandcraftedError
from handcrafted.control.structure import ControlStructure
from handcrafted.rollout.trace import Trace
from handcrafted.verdict.comparison import Comparison
from handcrafted.view.diagram import control_diagram
from handcrafted.view.dot import at_resolution
from handcrafted.view.engine import render
from handcrafted.view.figures import save_figure
from handcrafted.view.output import checked_path, write
from handcrafted.view.response import response
from handcrafted.view.sidebyside import comparison_picture
from handcrafted.view.weights import heatmaps, panels_of_model


def draw(thing: Any, path: str | Path, **options: Any) -> Path:
    """Draw a control structure, a comparison, the weights of a model or a closed loop over time.

    Args:
        thing: a `ControlStructure`, a `Comparison`, a `Trace`, or a model with `effective_weights` and `names`.
        path: where to; `.png` or `.svg`, for a control structure also `.dot`.
        **options: `dpi` (of PNGs, default 200); for weights also `drop_zero` (leave out rows and columns of zeros,
            default True).

    Raises:
        HandcraftedError: if the thing, the suffix or an option is not known, the folder is missing, or Graphviz is.
    """
    drawer, suffixes, known = _drawer(thing)
    if unknown := sorted(set(options) - set(known)):
        raise HandcraftedError(f"Expected options out of {', '.join(known)}, got {unknown[0]}. Leave it out.")
    target = checked_path(path, suffixes)
    return drawer(thing, target, **options)


def _drawer(thing: Any) -> tuple[Callable[..., Path], tuple[str, ...], tuple[str, ...]]:
    """Give the function that draws such a thing, its suffixes and its options."""
    if isinstance(thing, ControlStructure):
        return _draw_structure, (".png", ".svg", ".dot"), ("dpi",)
    if isinstance(thing, Comparison):
        return _draw_comparison, (".png", ".svg"), ("dpi",)
    if isinstance(thing, Trace):
        return _draw_trace, (".png", ".svg"), ("dpi",)
    if hasattr(thing, "effective_weights") and hasattr(thing, "names"):
        return _draw_weights, (".png", ".svg"), ("dpi", "drop_zero")
    raise HandcraftedError(
        f"Expected a ControlStructure, a Comparison, a Trace or a model, got {type(thing).__name__}. "
        "Load a structure or compare one with what was recovered, and draw that."
    )


def _draw_structure(structure: ControlStructure, path: Path, dpi: int = 200) -> Path:
    text = control_diagram(structure)
    form = path.suffix.lower()[1:]
    if form == "dot":
        return write(path, text.encode())
    return write(path, render(at_resolution(text, dpi) if form == "png" else text, form))


def _draw_comparison(comparison: Comparison, path: Path, dpi: int = 200) -> Path:
    return write(path, comparison_picture(comparison, path.suffix.lower()[1:], dpi))


def _draw_trace(trace: Trace, path: Path, dpi: int = 150) -> Path:
    return save_figure(lambda: response(trace), path, dpi)


def _draw_weights(model: Any, path: Path, dpi: int = 200, drop_zero: bool = True) -> Path:
    return heatmaps(panels_of_model(model), path, dpi=dpi, drop_zero=drop_zero)
