"""One arrow as a DOT edge, always written from the upper end to the lower, so that heights follow authority."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from handcrafted.view import dot
from handcrafted.view.arrows import Arrow, beside, head, stroke
from handcrafted.view.boxes import PLAIN, Anchors, cell, table
from handcrafted.view.faces import Tie


def line(arrow: Arrow, ties: tuple[Tie, Tie], points_down: bool, weight: int = 1, anchors: Anchors = PLAIN) -> str:
    """Return the edge statement of an arrow between two heights, or from or to a plain text."""
    upper, lower = ties if points_down else ties[::-1]
    open_ended = arrow.sender is None or arrow.receiver is None
    return dot.edge(
        tied(upper),
        tied(lower),
        **stroke(arrow),
        **head(arrow, not points_down),
        ltail=upper.clip or None,
        lhead=lower.clip or None,
        weight=weight,
        arrowsize=1 if ties_to_row(ties) else None,
        label=None if open_ended else dot.html(beside(arrow, anchors)),
        **anchors.of(arrow.part),
    )


def ties_to_row(ties: tuple[Tie, Tie]) -> bool:
    """Whether an arrow ends at one row of a text; there Graphviz leaves room for an arrowhead of full size."""
    return any(tie.port and not tie.face for tie in ties)


def tied(tie: Tie) -> str:
    """Write an end of an edge at its tie."""
    return dot.end(tie.node, tie.port, tie.face)


CLOSE = 4
"""Weight that keeps the turning points near the boxes; not where a box that holds others is drawn around its node."""


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
    anchors: Anchors = PLAIN

    @property
    def _gap(self) -> str:
        """The node between the boxes, which also carries the label."""
        return dot.helper(f"gap {self.number}")

    def nodes(self) -> Iterator[str]:
        """Return the helping nodes: two turning points, and between the boxes the label with a place for the line."""
        for turn, rows in (("upper", self._bar()), ("lower", self._bar()[::-1])):
            yield dot.node(dot.helper(f"{turn} {self.number}"), label=dot.html(table(rows)))
        label = [cell(beside(self.arrow, self.anchors), ROWSPAN=3, CELLPADDING=2)]
        middle, *ends = self._upright("line"), self._upright(), self._upright()
        yield dot.node(self._gap, label=dot.html(table([[ends[0], *label], [middle], [ends[1]]])))

    def _bar(self) -> list[list[str]]:
        """Return a short level piece of line under the place to which the curves on both sides are tied.

        Graphviz ends a curve a point short of its place, sideways and towards the picture's middle; this fills the gap.
        """
        place = [cell(HEIGHT=1), cell(PORT="line", WIDTH=3, HEIGHT=1), cell(HEIGHT=1)]
        return [place, [cell(WIDTH=3, HEIGHT=self._width, BGCOLOR=self.arrow.look.color)] * 3]

    def _upright(self, port: str | None = None) -> str:
        """Return a short upright piece of line, likewise."""
        return cell(PORT=port, WIDTH=self._width, HEIGHT=3, BGCOLOR=self.arrow.look.color)

    @property
    def _width(self) -> int:
        return max(1, round(self.arrow.look.width))

    def order(self, texts: Mapping[tuple[str, str], list[str]]) -> Iterator[str]:
        """Keep the label between the two boxes, on their height, and outside of the `texts` beside them."""
        ends = self.ties if self.left_first else self.ties[::-1]
        yield from dot.same_rank([self._gap, *(tie.node for tie in ends if not tie.clip)])
        left, right = (None if tie.clip else tie.node for tie in ends)
        before = [*texts.get((left, "e"), []), left] if left else []
        after = [*texts.get((right, "w"), []), right] if right else []
        yield from (dot.edge(dot.quoted(node), dot.quoted(self._gap), style="invis") for node in before)
        yield from (dot.edge(dot.quoted(self._gap), dot.quoted(node), style="invis") for node in after)

    def edges(self) -> Iterator[str]:
        """Return the four pieces of the line; only the last carries the arrowhead."""
        tail, head = self.ties
        first, last = ("lower", "upper") if tail.face == "s" else ("upper", "lower")
        sides = ("w", "e") if self.left_first else ("e", "w")
        yield self._piece(first, sides[0], tail, False)
        yield self._piece(first, sides[1], self._through(first), False)
        yield self._piece(last, sides[0], self._through(last), False)
        yield self._piece(last, sides[1], head, True)

    def _through(self, turn: str) -> Tie:
        return Tie(self._gap, "line", "s" if turn == "lower" else "n")

    def _piece(self, turn: str, side: str, tie: Tie, arrowhead: bool) -> str:
        """Return the piece between a turning point and a tie."""
        point = dot.end(dot.helper(f"{turn} {self.number}"), "line", side)
        below = turn == "lower"
        ends = (tied(tie), point) if below else (point, tied(tie))
        tip = head(self.arrow, below) if arrowhead else {"dir": "none"}
        clip = {"ltail" if below else "lhead": tie.clip or None}
        return dot.edge(
            *ends,
            **stroke(self.arrow),
            **tip,
            **clip,
            **self.anchors.of(self.arrow.part),
            weight=1 if tie.clip else CLOSE,
        )
