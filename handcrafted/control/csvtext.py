"""Tables as CSV: what a user named stays text, in a spreadsheet too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA = ("=", "+", "-", "@", "'")
"""What begins a formula in a spreadsheet, or the mark that says it is none."""


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Write a table; a text that a spreadsheet would take for a formula gets an apostrophe in front.

    Source: OWASP, CSV Injection.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def from_csv(text: str) -> list[dict[str, str]]:
    """Read what `as_csv` wrote, a dictionary per row, apostrophes taken away again."""
    head, *rows = [[cell.removeprefix("'") for cell in row] for row in csv.reader(io.StringIO(text))]
    return [dict(zip(head, row, strict=True)) for row in rows]


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
