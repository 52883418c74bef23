"""One arrow as a DOT edge, always written from the upper end to the lower, so that heights follow authority."""

from __future__ import annotations

from handcrafted.control.vocabulary import LinkKind
from handcrafted.view import dot
from handcrafted.view.anchors import PLAIN, Anchors
from handcrafted.view.arrows import Arrow
from handcrafted.view.faces import Tie
from handcrafted.view.labels import beside


def line(arrow: Arrow, ties: tuple[Tie, Tie], points_down: bool, weight: int = 1, anchors: Anchors = PLAIN) -> str:
    """Give the edge statement of an arrow between two heights, or from or to a plain text."""
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


def stroke(arrow: Arrow) -> dict[str, str]:
    """Give a line's colour, style and width; requests are dashed where the style says nothing else."""
    look = arrow.look
    plain = look.style == "solid" and look.width == 1.0
    dashed = plain and arrow.kind == LinkKind.REQUEST
    return {"color": look.color, "style": "dashed" if dashed else look.style, "penwidth": f"{look.width:g}"}


def head(arrow: Arrow, at_tail: bool) -> dict[str, str]:
    """Give the arrowhead, hollow for requests, at the end that DOT calls head or at the one that it calls tail."""
    shape = "empty" if arrow.kind == LinkKind.REQUEST else "normal"
    return {"dir": "back", "arrowtail": shape} if at_tail else {"arrowhead": shape}
