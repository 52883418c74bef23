"""A title, a table and a few lines below it: how things show themselves, as text and in a notebook as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

MOST_ROWS = 60
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
        """Give it as lines of text, columns below each other."""
        return "\n".join([self.title, *columns([self.heading, *self.rows]), *self.below])

    def html(self) -> str:
        """Give it as HTML; whatever a user named stays text."""
        cells = lambda tag, row: "".join(f'<{tag} style="text-align:left">{escape(cell)}</{tag}>' for cell in row)
        rows = "".join(f"<tr>{cells('td', row)}</tr>" for row in self.rows[:MOST_ROWS])
        table = f"<table><thead><tr>{cells('th', self.heading)}</tr></thead><tbody>{rows}</tbody></table>"
        more = len(self.rows) - MOST_ROWS
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
