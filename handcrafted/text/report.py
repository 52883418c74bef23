"""Reports as text, Markdown, HTML and CSV, and the progress bar of long work."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

MAX_ROWS = 60
"""Rows of a table that a page shows; the others are counted. As text all are there."""


class Report(NamedTuple):
    """What somebody who looks at a thing wants to see of it.

    Attributes:
        rows: cells as text, as many in each row as there are headings.
        below: sentences that follow the table.
    """

    title: str
    heading: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    below: Sequence[str] = ()

    def text(self) -> str:
        """Return it as lines of text, columns below each other."""
        return "\n".join([self.title, *columns([self.heading, *self.rows]), *self.below])

    def html(self) -> str:
        """Return it as HTML; whatever a user named stays text."""
        cells = lambda tag, row: "".join(f'<{tag} style="text-align:left">{escape(cell)}</{tag}>' for cell in row)
        rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in self.rows[:MAX_ROWS])
        table = f"<table><thead><tr>{cells('th', self.heading)}</tr></thead><tbody>{rows}</tbody></table>"
        more = len(self.rows) - MAX_ROWS
        left_out = [f"… and {more} more rows"] if more > 0 else []
        below = "".join(f"<div>{escape(line)}</div>" for line in [*left_out, *self.below])
        return f"<div><strong>{escape(self.title)}</strong></div>{table if self.rows else ''}{below}"


class Reported:
    """Something that shows itself by its report."""

    def report(self) -> Report:
        """Say what it is."""
        raise NotImplementedError  # abstract; ABC cannot say so, for flax has a metaclass of its own

    def __repr__(self) -> str:
        return self.report().text()

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return self.report().html()


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Set rows of cells as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


MARKS = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|$)|[`*|$]|~(?=~)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])|\[(?=\^)|\](?=[(\[:]|$)|^#+|#+$"
)
"""What Markdown would take for more than text, where it would."""

FIRST = re.compile(r"^([-+>]|\d+(?=[.)]))")
"""What at the beginning of a line begins a list or a quotation."""


def plain(text: str) -> str:
    """Escape what Markdown would take for more than text, and set it in one line."""
    return MARKS.sub(lambda found: "".join(f"\\{mark}" for mark in found[0]), " ".join(text.split()))


def markdown_list(items: Iterable[str]) -> str:
    """Write a list of ready-made items; what a user named in them has gone through `plain`."""
    return "\n".join(f"- {FIRST.sub(_behind, ' '.join(item.split()))}" for item in items)


def _behind(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Write a table, the heading first."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *([plain(cell) for cell in line] for line in body)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


FORMULA = ("=", "+", "-", "@", "\t", "\n", "'")
"""What begins a formula in a spreadsheet, or the mark that says it is none."""


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Write a table; a text that a spreadsheet would take for a formula gets an apostrophe in front.

    Line breaks of all kinds become line feeds, for not every reader takes a carriage return for part of a cell.

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
    if not isinstance(value, str):
        return value
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{lines}" if lines.startswith(FORMULA) and not _is_number(lines) else lines


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def progress_bar(shown: bool) -> Progress:
    """Return a bar that is gone once it is full, or none."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, disable=not shown, transient=True)
