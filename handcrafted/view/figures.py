"""Drawing a matplotlib figure so that the same figure gives the same bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from handcrafted.view.fonts import FONT

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawn(build: Callable[[], Figure], form: str, dpi: float) -> bytes:
    """Draw a figure as `png` or `svg`, without a date and in the bundled font."""
    import matplotlib

    metadata = {"Date": None} if form == "svg" else {"Software": None}
    content = io.BytesIO()
    look: dict[Any, Any] = {
        "svg.hashsalt": "handcrafted",
        "font.family": FONT,
        "text.parse_math": False,
    }  # a $ in a name is a $
    with matplotlib.rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a box stands for it
        build().savefig(content, format=form, dpi=dpi, metadata=metadata, bbox_inches="tight")
    return content.getvalue()
