"""The diagram of the panel: as intended, with what was recovered drawn over it, and every part an anchor."""

from __future__ import annotations

from collections.abc import Iterable

from handcrafted.loading.zoom import Zoom
from handcrafted.model.provenance import Provenance
from handcrafted.verdict.comparison import Comparison
from handcrafted.view.agreement import LOOKS, MEANING, deviating, judged, recovered_arrows
from handcrafted.view.anchors import Anchors
from handcrafted.view.diagram import Diagram
from handcrafted.view.engine import render
from handcrafted.view.lawbox import beside

OFF = "#fff1cc"
"""Fill of a box in which some circuit is off its formula."""


def overlay(comparison: Comparison, off: Iterable[Provenance]) -> str:
    """Draw the recovered diagram over the intended one, as SVG text; boxes hold the recovered equations."""
    zoom = Zoom(comparison.structure, ())
    laws = beside(zoom, comparison.recovered.equations, deviating(comparison))[1] if comparison.recovered else {}
    fills = {entry.owner: OFF for entry in off}
    arrows = recovered_arrows(comparison, zoom)
    svg = render(Diagram(zoom, arrows, laws, fills, Anchors(on=True)).text(comparison.structure.name), "svg").decode()
    return svg[svg.index("<svg") :]


def legend(comparison: Comparison) -> list[dict]:
    """Give the looks of links that occur, with how many there are, as plain data."""
    found = [status for _, status, _ in judged(comparison, Zoom(comparison.structure, ()))]
    return [
        {"text": f"{MEANING[status]} ({found.count(status)})", "color": look.color, "style": look.style}
        for status, look in LOOKS.items()
        if status in found
    ]
