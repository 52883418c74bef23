"""A picture at the width that a page asks for: of so many pixels and with its dots per inch said in the file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from PIL import Image

TRIES = 4
"""How often a picture is drawn anew: letters have whole pixels, so that its width does not quite follow the scale."""

POINTS = 72
"""Points per inch."""


def at_width(paint: Callable[[float], bytes], form: str, dpi: float, width: float) -> bytes:
    """Draw a picture anew so that it is as wide as asked, everything in it scaled alike.

    Args:
        paint: draws it at so many dots per inch.
        form: `png` or `svg`.
        dpi: dots per inch that the file shall say of itself.
        width: in inches.
    """
    if form == "svg":
        return _svg_at_width(paint(dpi), width)
    wanted, scale = round(width * dpi), dpi
    image = Image.open(io.BytesIO(paint(scale)))
    for _ in range(TRIES):
        scale *= (wanted - 0.5) / image.width
        image = Image.open(io.BytesIO(paint(scale)))
        if wanted - 2 <= image.width <= wanted:
            break
    whole = Image.new("RGB", (wanted, image.height), "white")
    whole.paste(image.convert("RGB"), ((wanted - image.width) // 2, 0))
    out = io.BytesIO()
    whole.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def _svg_at_width(drawn: bytes, width: float) -> bytes:
    """Set width and height of the outermost element; its view box stays."""
    head, start, rest = drawn.partition(b"<svg")
    old = {side: re.search(rf'\b{side}="([\d.]+)'.encode(), rest) for side in ("width", "height")}
    if not all(old.values()):
        return drawn
    numbers = {side: float(found.group(1)) for side, found in old.items() if found}
    height = numbers["height"] * width * POINTS / numbers["width"]
    for side, value in (("width", width * POINTS), ("height", height)):
        rest = re.sub(rf'\b{side}="[^"]*"'.encode(), f'{side}="{value:g}pt"'.encode(), rest, count=1)
    return head + start + rest
