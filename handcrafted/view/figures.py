"""Saving a matplotlib figure so that the same figure gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from handcrafted.view.fonts import FONT
from handcrafted.view.output import checked_path, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(build: Callable[[], Figure], path: str | Path, dpi: int) -> Path:
    """Draw a figure into a PNG or SVG file, without a date and in the bundled font.

    Raises:
        HandcraftedError: if the file cannot be written there.
    """
    import matplotlib

    target = checked_path(path, (".png", ".svg"))
    form = target.suffix.lower()[1:]
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    drawn = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "handcrafted", "font.family": FONT}):
        build().savefig(drawn, format=form, dpi=dpi, metadata=metadata)
    return write(target, drawn.getvalue())
