"""The texts beside arrows: one name per line."""

from __future__ import annotations

from handcrafted.control.vocabulary import LinkKind
from handcrafted.view.arrows import Arrow, Label
from handcrafted.view.markup import cell, lines, small, table, words, wrapped

LETTERS = 26
"""Letters per line of a label."""


def beside(arrow: Arrow) -> str:
    """Give an arrow's label; requests, which go up like feedback, say so."""
    head = [small("request", arrow.look.text)] if arrow.kind == LinkKind.REQUEST else []
    rows = head + [row for label in arrow.labels for row in _rows(label, arrow)]
    if arrow.sender is None or arrow.receiver is None:
        return lines(rows, CELLPADDING=1)
    return table([[cell(WIDTH=4), cell(lines(rows, CELLPADDING=1))]])


def _rows(label: Label, arrow: Arrow) -> list[str]:
    first, *rest = wrapped(label.text, LETTERS)
    rows = [_ink(first, arrow), *(_ink(f"  {part}", arrow) for part in rest)]
    remarks = [small(part, arrow.look.text_remark) for part in wrapped(label.remark, LETTERS + 6, most=3)]
    if label.remark and len(remarks) == 1 and not rest and len(label.text + label.remark) <= LETTERS + 4:
        return [f"{rows[0]} {remarks[0]}"]
    return rows + (remarks if label.remark else [])


def _ink(text: str, arrow: Arrow) -> str:
    escaped = words(text).replace("  ", "&#160;&#160;")
    return f'<FONT COLOR="{arrow.look.text}">{escaped}</FONT>'
