"""The texts beside arrows: one name per line."""

from __future__ import annotations

from handcrafted.control.vocabulary import LinkKind
from handcrafted.view.anchors import PLAIN, Anchors
from handcrafted.view.arrows import Arrow, Label
from handcrafted.view.markup import cell, small, table, words, wrapped

LETTERS = 26
"""Letters per line of a label."""


def beside(arrow: Arrow, anchors: Anchors = PLAIN) -> str:
    """Give an arrow's label; requests, which go up like feedback, say so."""
    head = [small("request", arrow.look.text)] if arrow.kind == LinkKind.REQUEST else []
    rows = [[cell(row, ALIGN="LEFT")] for row in head]
    rows += [
        [cell(row, ALIGN="LEFT", **anchors.of(label.part))] for label in arrow.labels for row in _rows(label, arrow)
    ]
    text = table(rows, CELLPADDING=1)
    if arrow.sender is None or arrow.receiver is None:
        return text
    return table([[cell(WIDTH=4), cell(text)]])


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
