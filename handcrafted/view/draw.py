"""The one way in: draw a control structure, a comparison, weights or a closed loop, into a file or a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown
from handcrafted.view.dot import at_resolution
from handcrafted.view.drawing import control_diagram
from handcrafted.view.engine import at_width, render
from handcrafted.view.output import checked_path, drawn, write

if TYPE_CHECKING:
    from handcrafted.model.cache import ActivationCache
    from handcrafted.proofs.proof import Proof
    from handcrafted.rollout.trace import Trace
    from handcrafted.safety.faults.campaign import Campaign
    from handcrafted.safety.stpa.analysis import Analysis
    from handcrafted.verdict.comparison import Comparison
    from handcrafted.view.array_view import ArrayView

PAPER = 300
"""Dots per inch of a picture whose width is given."""

SIZES = {"dpi": (10, 2400), "width": (0.5, 60)}
"""Dots per inch, and inches, that can be asked for."""


class Picture:
    """A drawing in memory, which a notebook shows.

    Attributes:
        png: its bytes as a PNG file.
    """

    def __init__(self, png: bytes):
        self.png = png

    def __repr__(self) -> str:
        return "Picture (its PNG is in .png)"

    def _repr_png_(self) -> bytes:
        return self.png


def draw(thing: Any, path: str | Path, **options: Any) -> Path:
    """Draw a control structure, a comparison, an analysis, a campaign, a model's weights or a closed loop over time.

    Args:
        thing: a `ControlStructure`, a `Comparison`, a `Trace`, an `Analysis`, a `Campaign`, a `Proof`, a model with
            `effective_weights` and `names`, or the `ActivationCache` of a run.
        path: where to; `.png`, `.svg` or `.pdf`, for a control structure also `.dot`.
        **options: `dpi` (of PNGs) and `width` (in inches, everything scaled alike); for a control structure or a
            comparison also `collapse` (groups, and boxes that hold others, to draw as one box each); for weights also
            `drop_zero` (leave out rows and columns of zeros, default True); for a campaign also `kind`, `heatmap` or
            `criticality`; for a cache also `kind`, `activations` or `attention`, and `run`, its number in the batch.

    Raises:
        HandcraftedError: if the thing, the suffix or an option is not known, the folder is missing, or Graphviz is.

    Example:
        >>> hc.draw(hc.load(find("train door")), folder / "door.png", width=3.35).name
        'door.png'
    """
    drawer = _drawer(thing, options)
    target = checked_path(path, drawer.suffixes)
    return write(target, _drawn(drawer, thing, target.suffix.lower()[1:], **options))


def _drawn(drawer: _Drawer, thing: Any, form: str, width: float | None = None, **options: Any) -> bytes:
    """Draw a thing, at the width of a page where one is asked for."""
    if width is None or form == "dot":
        return drawer.draw(thing, form, **options)
    dpi = options.pop("dpi", PAPER)
    return at_width(lambda scale: drawer.draw(thing, form, dpi=scale, **options), form, dpi, width)


@overload
def show(thing: Any, array: None = None, **options: Any) -> Picture: ...


@overload
def show(thing: Any, array: str) -> ArrayView: ...


def show(thing: Any, array: str | None = None, **options: Any) -> Picture | ArrayView:
    """Draw something for a notebook; things and options as in `draw`.

    Args:
        thing: what.
        array: of a model or an `ActivationCache` the name of one array, to look at it entry by entry, with the names of
            its axes and of what stands along them.
        **options: as in `draw`.

    Raises:
        HandcraftedError: if the thing, the array or an option is not known, or Graphviz is missing.

    Example:
        >>> hc.show(hc.load(find("train door")))
        Picture (its PNG is in .png)
        >>> hc.show(hc.assemble(hc.load(find("train door"))), array="W_U")
        W_U [d_model 22, n_out 2]: 2 of 44 entries are not 0
    """
    if array is not None:
        from handcrafted.view.array_view import array_view

        if options:
            raise HandcraftedError(f"Expected no options beside `array`, got {next(iter(options))}. Leave it out.")
        return array_view(thing, array)
    return Picture(_drawn(_drawer(thing, options), thing, "png", **{"dpi": 80, **options}))


class _Drawer(NamedTuple):
    """How to draw one kind of thing: the function from thing and form to bytes, its suffixes and its options."""

    draw: Callable[..., bytes]
    suffixes: tuple[str, ...] = (".png", ".svg", ".pdf")
    options: tuple[str, ...] = ()


def _drawer(thing: Any, options: Mapping[str, Any]) -> _Drawer:
    drawer = _drawer_of(thing)
    known = ("dpi", "width", *drawer.options)
    if unknown := sorted(set(options) - set(known)):
        raise HandcraftedError(f"Expected options out of {', '.join(known)}, got {unknown[0]}. Leave it out.")
    for name, (low, high) in SIZES.items():
        given = options.get(name, low)
        if isinstance(given, bool) or not isinstance(given, int | float) or not low <= given <= high:
            raise HandcraftedError(f"Expected {name} from {low:g} to {high:g}, got {shown(given)}. Choose another.")
    return drawer


def _drawer_of(thing: Any) -> _Drawer:
    if isinstance(thing, ControlStructure):
        return _Drawer(_structure, (".png", ".svg", ".pdf", ".dot"), ("collapse",))
    for place, drawer in DRAWERS.items():
        module, name = place.rsplit(".", 1)
        if (known := sys.modules.get(f"handcrafted.{module}")) and isinstance(thing, getattr(known, name)):
            return drawer
    if hasattr(thing, "effective_weights") and hasattr(thing, "names"):
        return _Drawer(_weights, options=("drop_zero",))
    raise HandcraftedError(
        "Expected a ControlStructure, a Comparison, a Trace, an Analysis, a Campaign, a Proof, an ActivationCache or a "
        f"model, got {type(thing).__name__}. Load a structure or compare one with what was recovered, and draw that."
    )


def _structure(structure: ControlStructure, form: str, dpi: float = 200, collapse: Sequence[str] = ()) -> bytes:
    text = control_diagram(Zoom(structure, collapse))
    if form == "dot":
        return text.encode()
    return render(at_resolution(text, dpi) if form == "png" else text, form)


def _comparison(comparison: Comparison, form: str, dpi: float = 200, collapse: Sequence[str] = ()) -> bytes:
    from handcrafted.view.agreement import comparison_picture

    return comparison_picture(comparison, Zoom(comparison.structure, collapse), form, dpi)


def _trace(trace: Trace, form: str, dpi: float = 150) -> bytes:
    from handcrafted.view.response import response

    return drawn(lambda: response(trace), form, dpi)


def _weights(model: Any, form: str, dpi: float = 200, drop_zero: bool = True) -> bytes:
    from handcrafted.view.heatmap import heatmaps
    from handcrafted.view.model_panels import panels_of_model

    return heatmaps(panels_of_model(model), form, dpi, drop_zero)


def _cache(cache: ActivationCache, form: str, **options: Any) -> bytes:
    from handcrafted.view.activations import cache_picture

    return cache_picture(cache, form, **options)


def _unsafe(analysis: Analysis, form: str, **options: Any) -> bytes:
    from handcrafted.view.hazards import unsafe_picture

    return unsafe_picture(analysis, form, **options)


def _campaign(campaign: Campaign, form: str, **options: Any) -> bytes:
    from handcrafted.view.hazards import campaign_picture

    return campaign_picture(campaign, form, **options)


def _proof(proof: Proof, form: str, dpi: float = 150) -> bytes:
    from handcrafted.view.invariant import invariant_picture

    return invariant_picture(proof, form, dpi)


DRAWERS = {
    "verdict.comparison.Comparison": _Drawer(_comparison, options=("collapse",)),
    "rollout.trace.Trace": _Drawer(_trace),
    "model.cache.ActivationCache": _Drawer(_cache, options=("kind", "run")),
    "safety.stpa.analysis.Analysis": _Drawer(_unsafe),
    "proofs.proof.Proof": _Drawer(_proof),
    "safety.faults.campaign.Campaign": _Drawer(_campaign, options=("kind",)),
}
"""What draws things by where their class stands: a picture of a structure waits for none of these modules."""
