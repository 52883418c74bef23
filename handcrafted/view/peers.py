"""Arrows between boxes of one level: they too leave and enter by their kind's faces, so they swing under and over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from handcrafted.view import dot
from handcrafted.view.arrows import Arrow
from handcrafted.view.boxes import bare
from handcrafted.view.faces import Tie
from handcrafted.view.labels import beside
from handcrafted.view.lines import head_style, stroke
from handcrafted.view.markup import cell, table


class PeerRoute(NamedTuple):
    """The way of one arrow between peers: down or up, through the gap between the two boxes, and on.

    Attributes:
        number: tells the arrow's helping nodes apart.
        left_first: whether the sender stands left of the receiver.
    """

    number: int
    arrow: Arrow
    ties: tuple[Tie, Tie]
    left_first: bool

    @property
    def gap(self) -> str:
        """The node between the boxes, which also carries the label."""
        return f"gap > {self.number}"

    def nodes(self) -> Iterator[str]:
        """Give the helping nodes: two turning points and the label between the boxes."""
        for turn in ("upper", "lower"):
            yield dot.node(f"{turn} > {self.number}", shape="point", width=0, height=0, style="invis", label="")
        yield dot.node(self.gap, label=dot.html(self._label()))

    def _label(self) -> str:
        look = self.arrow.look
        shown = "invis" not in look.style
        line = cell(PORT="line", WIDTH=1, BORDER=look.width if shown else 0, SIDES="L", COLOR=look.color)
        return table([[line, cell(beside(self.arrow) if shown else bare(beside(self.arrow)))]])

    def order(self) -> Iterator[str]:
        """Keep the label between the two boxes, on their height."""
        tail, head = (tie.node for tie in self.ties)
        left, right = (tail, head) if self.left_first else (head, tail)
        if not any(tie.clip for tie in self.ties):
            yield from dot.same_rank([left, self.gap, right])
            yield dot.edge(dot.quoted(left), dot.quoted(self.gap), style="invis")
            yield dot.edge(dot.quoted(self.gap), dot.quoted(right), style="invis")

    def edges(self) -> Iterator[str]:
        """Give the four pieces of the line; only the last carries the arrowhead."""
        tail, head = self.ties
        first, last = ("lower", "upper") if tail.face == "s" else ("upper", "lower")
        towards, away = ("w", "e") if self.left_first else ("e", "w")
        line_end = {"lower": "s", "upper": "n"}
        yield self._piece(first, towards, dot.end(*tail[:3]), ltail=tail.clip)
        yield self._piece(first, away, dot.end(self.gap, "line", line_end[first]))
        yield self._piece(last, towards, dot.end(self.gap, "line", line_end[last]))
        yield self._piece(last, away, dot.end(*head[:3]), clip=head.clip, arrow=True)
