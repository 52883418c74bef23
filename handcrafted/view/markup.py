"""HTML-like labels of Graphviz: every text of the user goes through `words` and can therefore not break a label."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from handcrafted.text.letters import CONTROL

SMALL = 8
"""Point size of marks such as `(next step)`."""

HARD_BLANK = "\u00a0"
"""A blank at which no line breaks."""

GREY = "#555555"
CLEAR = "#ffffff00"
"""Ink that takes its place and is not seen."""


def words(text: str) -> str:
    """Escape a text for an HTML-like label; control characters, which no label may hold, become blanks."""
    return html.escape(CONTROL.sub(" ", text), quote=True)


def bold(text: str) -> str:
    """Set a text in bold type."""
    return f"<B>{words(text)}</B>"


def indented(text: str) -> str:
    """Set a text a little to the right; its own leading blanks and hard blanks stay."""
    blanks = len(text) - len(text.lstrip(" "))
    return "&#160;" * (2 + blanks) + words(text.lstrip(" "))


def small(text: str, color: str = GREY) -> str:
    """Set a text in small italic type."""
    return f'<FONT POINT-SIZE="{SMALL}" COLOR="{color}"><I>{words(text)}</I></FONT>'


def wrapped(text: str, width: int, most: int = 99) -> list[str]:
    """Break a text into lines of at most `width` letters; what does not fit into `most` lines ends in `…`."""
    lines = textwrap.wrap(text, width) or [""]
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], textwrap.shorten(" ".join(lines[most - 1 :]), width, placeholder=" …")]


def cell(content: str = "", **attributes: object) -> str:
    """Give one table cell."""
    return f"<TD{_attributes(attributes)}>{content}</TD>"


def table(rows: Iterable[Sequence[str]], **attributes: object) -> str:
    """Give a table of rows of cells, without lines or gaps unless `attributes` ask for them."""
    plain = {"BORDER": 0, "CELLBORDER": 0, "CELLSPACING": 0, "CELLPADDING": 0}
    body = "".join(f"<TR>{''.join(row)}</TR>" for row in rows)
    return f"<TABLE{_attributes(plain | attributes)}>{body}</TABLE>"


def lines(contents: Iterable[str], align: str = "LEFT", **attributes: object) -> str:
    """Set ready-made contents one per line."""
    return table(([cell(content, ALIGN=align)] for content in contents), **attributes)


class Passage(NamedTuple):
    """Ready-made lines that stay together, and the attributes of the cell that they would have of their own."""

    lines: Sequence[str]
    own: Mapping[str, str] = {}


def framed(passages: Sequence[Passage], least: int = 0) -> str:
    """Give one framed cell of lines that stay together at its top left, however much room there is.

    Passages with attributes of their own, such as anchors, become cells within it; Graphviz would spread these over the
    height of the cell, so they are filled up to the `least` lines that the cell beside it has.
    """
    look = {"ALIGN": "LEFT", "VALIGN": "TOP", "BORDER": 1, "COLOR": "#999999", "CELLPADDING": 4}
    if len(passages) == 1:
        return cell(_paragraph(passages[0].lines), **look, **passages[0].own)
    if not any(passage.own for passage in passages):
        return cell(_paragraph([line for passage in passages for line in passage.lines]), **look)
    spare = max(0, least - sum(len(passage.lines) for passage in passages))
    filled = [*passages, *([Passage(["&#160;"] * spare)] if spare else [])]
    rows = [[cell(_paragraph(passage.lines), ALIGN="LEFT", **passage.own)] for passage in filled]
    return cell(table(rows), **look)


def _paragraph(contents: Iterable[str]) -> str:
    return "".join(f'{content}<BR ALIGN="LEFT"/>' for content in contents)


def _attributes(values: dict[str, object]) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items() if value is not None)
