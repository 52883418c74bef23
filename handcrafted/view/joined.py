"""Pictures composed of several: some side by side, the others below."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np

from handcrafted.view.dot import at_resolution
from handcrafted.view.engine import POINTS, render
from handcrafted.view.pdf import assembled, sizes_of

GAP = 24
"""Points between parts."""

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

Place = tuple[float, float]


def places(
    sizes: Sequence[tuple[float, float]], gap: float, beside: int = 2
) -> tuple[list[Place], tuple[float, float]]:
    """Return the upper left corner of each part, and the width and height of the whole; so many are side by side."""
    row = sum(width for width, _ in sizes[:beside]) + gap * (beside - 1)
    width = max(row, *(part for part, _ in sizes[beside:]), 0)
    x, corners = (width - row) / 2, []
    for part, _ in sizes[:beside]:
        corners.append((x, 0.0))
        x += part + gap
    y = max(height for _, height in sizes[:beside]) + gap / 2
    for _, height in sizes[beside:]:
        corners.append((0.0, y))
        y += height
    return corners, (width, y)


def joined(parts: Sequence[str], form: str, dpi: float, beside: int = 2) -> bytes:
    """Draw DOT texts as one `png`, `svg` or `pdf`; so many are side by side, the others below."""
    if form == "png":
        return join_png([render(at_resolution(part, dpi), form) for part in parts], dpi, beside)
    drawn = [render(part, form) for part in parts]
    return join_svg(drawn, beside) if form == "svg" else join_pdf(drawn, beside)


def join_png(parts: Sequence[bytes], dpi: float, beside: int = 2) -> bytes:
    """Join PNGs on a white ground, with a line between those that are side by side."""
    from PIL import Image

    images = [Image.open(io.BytesIO(part)).convert("RGB") for part in parts]
    gap = int(GAP * dpi / POINTS)
    corners, (width, height) = places([image.size for image in images], gap, beside)
    whole = Image.fromarray(np.full((round(height), round(width), 3), 255, np.uint8))
    for image, (x, y) in zip(images, corners, strict=True):
        whole.paste(image, (round(x), round(y)))
    lower = max(image.size[1] for image in images[:beside])
    for x, _ in corners[1:beside]:
        middle = round(x) - gap // 2
        whole.paste((200, 200, 200), (middle, gap // 2, middle + max(1, int(dpi / 100)), lower))
    out = io.BytesIO()
    whole.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def join_svg(parts: Sequence[bytes], beside: int = 2) -> bytes:
    """Join SVGs by nesting them in one; their identifiers are numbered so that none occurs twice."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    roots = [ET.fromstring(part) for part in parts]
    corners, (width, height) = places([_size(root) for root in roots], GAP, beside)
    whole = ET.Element(
        f"{{{SVG}}}svg", {"width": f"{width:g}pt", "height": f"{height:g}pt", "viewBox": f"0 0 {width:g} {height:g}"}
    )
    ET.SubElement(whole, f"{{{SVG}}}rect", {"width": "100%", "height": "100%", "fill": "white"})
    for number, (root, (x, y)) in enumerate(zip(roots, corners, strict=True)):
        part_width, part_height = _size(root)
        root.attrib.update(x=f"{x:g}", y=f"{y:g}", width=f"{part_width:g}", height=f"{part_height:g}")
        for element in root.iter():
            if "id" in element.attrib:
                element.set("id", f"part{number}-{element.get('id')}")
        whole.append(root)
    return ET.tostring(whole, encoding="utf-8", xml_declaration=True)


def _size(root: ET.Element) -> tuple[float, float]:
    numbers = [re.match(r"[\d.]+", root.get(side, "0")) for side in ("width", "height")]
    width, height = (float(number.group()) if number else 0.0 for number in numbers)
    return width, height


def join_pdf(parts: Sequence[bytes], beside: int = 2) -> bytes:
    """Join PDFs of one page each on one page; letters stay letters."""
    return assembled(parts, *places(sizes_of(parts), GAP, beside))
