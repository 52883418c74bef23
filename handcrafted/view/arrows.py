"""Arrows of a diagram, their labels, and the legend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from handcrafted.control.resolved import LinkId
from handcrafted.control.vocabulary import LinkKind
from handcrafted.view import dot
from handcrafted.view.boxes import PLAIN, Anchors, cell, lines, link_part, small, table, words, wrapped

UPWARD = (LinkKind.FEEDBACK, LinkKind.REQUEST)
SIDEWAYS = (LinkKind.OTHER_INPUT, LinkKind.OTHER_OUTPUT)


class Label(NamedTuple):
    """One line beside an arrow: the name, in small type what else is to be said of it, and which part that is."""

    text: str
    remark: str = ""
    part: str = ""


@dataclass(frozen=True)
class Look:
    """How a line is drawn: DOT's words for line style and colours.

    Attributes:
        text: colour of the label.
        text_remark: colour of the remarks in it.
    """

    color: str = "black"
    style: str = "solid"
    width: float = 1.0
    text: str = "black"
    text_remark: str = "#555555"


@dataclass(frozen=True)
class Arrow:
    """One line of the picture with its labels; an end that is no box of the picture is None."""

    kind: LinkKind
    sender: str | None
    receiver: str | None
    labels: tuple[Label, ...]
    look: Look = field(default=Look())

    @property
    def part(self) -> str:
        """Name the first link that it carries."""
        return self.labels[0].part

    @property
    def sideways(self) -> bool:
        """Whether it leaves a right face and enters a left one."""
        return self.kind in SIDEWAYS

    @property
    def faces(self) -> tuple[str, str]:
        """The face that it leaves and the face that it enters, as compass letters."""
        if self.sideways:
            return "e", "w"
        return ("n", "s") if self.kind in UPWARD else ("s", "n")


class Drawn(NamedTuple):
    """A link as it is to be drawn."""

    id: LinkId
    remark: str = ""
    look: Look = Look()


def arrows_of(links: Iterable[Drawn], boxes: Iterable[str]) -> list[Arrow]:
    """Bundle links into arrows, in order of first appearance; links of different looks do not share an arrow."""
    known = set(boxes)
    bundles: dict[tuple, list[Label]] = {}
    for id, remark, look in links:
        kind, sender, receiver, name = id
        ends = [end if end in known else None for end in (sender, receiver)]
        outsider = (
            sender if sender and sender not in known else receiver if receiver and receiver not in known else None
        )
        labels = bundles.setdefault((kind, *ends, look), [])
        labels.append(Label(name, remark or (f"({outsider})" if outsider else ""), link_part(id)))
    return [
        Arrow(kind, sender, receiver, tuple(labels), look) for (kind, sender, receiver, look), labels in bundles.items()
    ]


LETTERS = 26
"""Letters per line of a label."""


def beside(arrow: Arrow, anchors: Anchors = PLAIN) -> str:
    """Return an arrow's label with a little room before it."""
    text = label_of(arrow, anchors)
    if arrow.sender is None or arrow.receiver is None:
        return text
    return table([[cell(WIDTH=4), cell(text)]])


def label_of(arrow: Arrow, anchors: Anchors = PLAIN, align: str = "LEFT") -> str:
    """Return an arrow's label; requests, which go up like feedback, say so."""
    head = [small("request", arrow.look.text)] if arrow.kind == LinkKind.REQUEST else []
    rows = [[cell(row, ALIGN=align)] for row in head]
    rows += [
        [cell(row, ALIGN=align, **anchors.of(label.part))] for label in arrow.labels for row in _rows(label, arrow)
    ]
    return table(rows, CELLPADDING=1)


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


HEADS = {LinkKind.REQUEST: "empty", LinkKind.FEEDBACK: "vee"}
"""Graphviz's arrowheads; of all else the head is filled."""


def stroke(arrow: Arrow) -> dict[str, str]:
    """Return a line's colour, style and width; requests are dashed where the style says nothing else."""
    look = arrow.look
    plain = look.style == "solid" and look.width == 1.0
    dashed = plain and arrow.kind == LinkKind.REQUEST
    return {"color": look.color, "style": "dashed" if dashed else look.style, "penwidth": f"{look.width:g}"}


def head(arrow: Arrow, at_tail: bool) -> dict[str, str]:
    """Return the arrowhead, hollow for requests, at the end that DOT calls head or at the one that it calls tail."""
    shape = HEADS.get(arrow.kind, "normal")
    return {"dir": "back", "arrowtail": shape} if at_tail else {"arrowhead": shape}


def legend_of(entries: Iterable[tuple[Look, str]]) -> str:
    """Return the DOT text of a legend, in one row."""
    body = []
    for number, (look, meaning) in enumerate(entries):
        text = f'<FONT COLOR="{look.text}">{words(meaning)}</FONT>'
        body.append(dot.node(f"from {number}", shape="point", width=0.01, style="invis"))
        body.append(dot.node(f"to {number}", label=dot.html(lines([text], CELLPADDING=3))))
        sample = {"color": look.color, "style": look.style, "penwidth": f"{look.width:g}"}
        body.append(dot.edge(dot.end(f"from {number}"), dot.end(f"to {number}"), **sample, minlen=2))
        if number:
            body.append(dot.edge(dot.end(f"to {number - 1}"), dot.end(f"from {number}"), style="invis"))
    return dot.digraph(body, rankdir="LR", nodesep=0.1, ranksep=0.2, pad=0.1)
