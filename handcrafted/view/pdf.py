"""PDFs of one page: the same bytes for the same drawing, at a page's width, several on one page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypdf import PageObject, PdfWriter

Place = tuple[float, float]


def undated(drawn: bytes) -> bytes:
    """Return a PDF without the moment at which it was written."""
    page = _page(drawn)
    return assembled([drawn], [(0.0, 0.0)], size_of(page))


def resized(drawn: bytes, width: float) -> bytes:
    """Return a PDF of that width, in points, everything in it scaled alike."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    page = writer.add_page(_page(drawn))
    page.scale_by(width / size_of(page)[0])
    return _written(writer)


def assembled(parts: Sequence[bytes], corners: Sequence[Place], size: Place) -> bytes:
    """Set PDFs on one page of that size, each with its upper left corner at a place; y goes down, in points."""
    from pypdf import PdfWriter, Transformation

    writer = PdfWriter()
    whole = writer.add_blank_page(*size)
    for part, (x, y) in zip(parts, corners, strict=True):
        page = _page(part)
        whole.merge_transformed_page(page, Transformation().translate(x, size[1] - y - size_of(page)[1]))
    return _written(writer)


def sizes_of(parts: Sequence[bytes]) -> list[Place]:
    """Return width and height of each PDF, in points."""
    return [size_of(_page(part)) for part in parts]


def size_of(page: PageObject) -> Place:
    """Return width and height of a page, in points."""
    return float(page.mediabox.width), float(page.mediabox.height)


def _page(drawn: bytes) -> PageObject:
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(drawn)).pages[0]


def _written(writer: PdfWriter) -> bytes:
    writer.metadata = None
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
