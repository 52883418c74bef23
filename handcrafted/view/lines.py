"""One arrow as a DOT edge, always written from the upper end to the lower, so that heights follow authority."""

from __future__ import annotations

from handcrafted.control.vocabulary import LinkKind
from handcrafted.view import dot
from handcrafted.view.arrows import Arrow
from handcrafted.view.faces import Tie
from handcrafted.view.labels import beside


def line(arrow: Arrow, ties: tuple[Tie, Tie], points_down: bool) -> str:
    """Give the edge statement of an arrow."""
    upper, lower = ties if points_down else ties[::-1]
    open_ended = arrow.sender is None or arrow.receiver is None
    request = arrow.kind == LinkKind.REQUEST
    plain = arrow.look.style == "solid" and arrow.look.color == "black"
    return dot.edge(
        dot.end(upper.node, upper.port, upper.face),
        dot.end(lower.node, lower.port, lower.face),
        dir=None if points_down else "back",
        ltail=upper.clip or None,
        lhead=lower.clip or None,
        label=None if open_ended else dot.html(beside(arrow)),
        color=arrow.look.color,
        style="dashed" if request and plain else arrow.look.style,
        penwidth=f"{arrow.look.width:g}",
        arrowhead="empty" if request and points_down else None,
        arrowtail="empty" if request and not points_down else None,
    )
