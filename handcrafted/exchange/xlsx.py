"""Tables as a workbook, a sheet each; whatever stands in a cell is text and no formula."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

MAX_TITLE, MAX_CELL, MAX_ROWS = 31, 32_767, 1_048_576
"""Letters of a sheet's title and of a cell, and rows of a sheet, that the format holds."""

NARROW, WIDE = 12, 60
"""Widths of columns, in letters."""


def as_xlsx(tables: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """Return tables, the heading first in each, as the bytes of an XLSX file; empty ones are left out."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in tables.items():
        if len(rows) < 2 and book.worksheets:
            continue
        sheet = book.create_sheet(name.replace("_", " ")[:MAX_TITLE])
        for i, row in enumerate(rows[:MAX_ROWS], 1):
            for j, text in enumerate(row, 1):
                cell = sheet.cell(i, j, str(text)[:MAX_CELL])
                cell.data_type = "s"  # what begins with `=` is a text too
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                cell.font = Font(bold=i == 1)
        for column in sheet.columns:
            longest = max(len(str(cell.value or "")) for cell in column)
            sheet.column_dimensions[column[0].column_letter].width = min(max(longest, NARROW), WIDE)
        sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return _undated(out)


def _undated(book: BytesIO) -> bytes:
    """Return a workbook without the moment at which it was written, so that the same tables are the same bytes."""
    found = BytesIO()
    with ZipFile(book) as given, ZipFile(found, "w", ZIP_DEFLATED) as new:
        for name in given.namelist():
            text = given.read(name)
            if name == "docProps/core.xml":
                text = re.sub(
                    rb">[\dTZ:.-]+</dcterms:(created|modified)>", rb">2000-01-01T00:00:00Z</dcterms:\1>", text
                )
            new.writestr(ZipInfo(name), text, ZIP_DEFLATED)
    return found.getvalue()
