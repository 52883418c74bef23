"""The comparison picture: intended left, recovered right, legend and remarks below."""

from __future__ import annotations

from handcrafted.loading.zoom import Zoom
from handcrafted.verdict.comparison import Comparison
from handcrafted.view.agreement import deviating, intended_arrows, legend, loops, recovered_arrows, remarks
from handcrafted.view.compose import join_png, join_svg
from handcrafted.view.diagram import Diagram
from handcrafted.view.dot import at_resolution
from handcrafted.view.engine import render
from handcrafted.view.lawbox import beside

LEFT, RIGHT = "intended", "recovered from the weights"


def comparison_diagrams(comparison: Comparison, zoom: Zoom) -> tuple[str, str]:
    """Give the DOT texts of both sides, laid out alike: same boxes, same arrows, other looks."""
    laws = beside(zoom, comparison.recovered.equations, deviating(comparison)) if comparison.recovered else ({}, {})
    left = Diagram(zoom, intended_arrows(comparison, zoom), laws[0])
    right = Diagram(zoom, recovered_arrows(comparison, zoom), laws[1])
    return left.text(LEFT, prominent=True), right.text(RIGHT, prominent=True)


def comparison_picture(comparison: Comparison, zoom: Zoom, form: str, dpi: float) -> bytes:
    """Draw both sides with legend and remarks as `png` or `svg`."""
    below = [legend(comparison, zoom), *filter(None, [loops(comparison), remarks(comparison, zoom)])]
    parts = [*comparison_diagrams(comparison, zoom), *below]
    if form == "svg":
        return join_svg([render(part, "svg") for part in parts])
    return join_png([render(at_resolution(part, dpi), "png") for part in parts], dpi)
