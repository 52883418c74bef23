"""Markdown of what a user named: it stays text, as it does in every other file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MARKS = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|$)|[`*|$]|~(?=~)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<!\w)_|_(?!\w)|\[(?=\^)|\](?=[(\[:]|$)|^#+|#+$"
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
