"""Where each arrow is tied: to which face of which box, side by side, so that arrows run next to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from handcrafted.control.vocabulary import LinkKind
from handcrafted.view.arrows import Arrow
from handcrafted.view.boxes import BoxPort
from handcrafted.view.dot import helper
from handcrafted.view.nesting import Nesting

NARROWEST, WIDEST, PER_LETTER = 24, 72, 4
"""Points that an arrow takes on a face, for its label's sake."""

ORDER = (LinkKind.CONTROL_ACTION, LinkKind.REQUEST, LinkKind.FEEDBACK, LinkKind.OTHER_INPUT, LinkKind.OTHER_OUTPUT)


class Tie(NamedTuple):
    """One end of an arrow.

    Attributes:
        node: the DOT node.
        port: the place on its face; empty at the sides and at plain text.
        face: compass letter; empty between a box and a plain text beside it: the line runs straight into the side
            where the text stands, and Graphviz leaves a gap before the arrowhead when told the face.
        clip: the box at whose border the arrow stops although its node lies inside; empty where it does not.
    """

    node: str
    port: str = ""
    face: str = ""
    clip: str = ""


def text_node(number: int) -> str:
    """Name the plain text at the open end of an arrow."""
    return helper(f"end {number}")


def bottom_node(name: str) -> str:
    """Name the row of places along the lower border of a box that holds others."""
    return helper(f"bottom {name}")


def cluster(name: str) -> str:
    """Name the Graphviz cluster of a box that holds others."""
    return f"cluster_{name}"


def side_of(arrow: Arrow) -> tuple[str, str] | None:
    """Give the box and the face at which an arrow from or to a plain text beside a box ends; None for all others."""
    if not arrow.sideways or (arrow.sender is None) == (arrow.receiver is None):
        return None
    return (arrow.receiver, "w") if arrow.receiver is not None else (arrow.sender or "", "e")


class Faces:
    """The ties of all arrows of a picture."""

    def __init__(self, nesting: Nesting, arrows: Sequence[Arrow]):
        self.nesting, self.arrows = nesting, arrows
        self.ties = [(self._tie(arrow, k, True), self._tie(arrow, k, False)) for k, arrow in enumerate(arrows)]
        self._rows: dict[tuple[str, str], list[tuple[tuple, BoxPort]]] = {}
        for arrow, (tail, head) in zip(arrows, self.ties, strict=True):
            self._enter(arrow, tail, arrow.receiver)
            self._enter(arrow, head, arrow.sender)

    def row(self, node: str, face: str) -> list[BoxPort]:
        """Give the places on one face of a node, from left to right."""
        return [port for _, port in sorted(self._rows.get((node, face), []), key=lambda item: item[0])]

    def _enter(self, arrow: Arrow, tie: Tie, other: str | None) -> None:
        if tie.port:
            side, place = self.nesting.position(other)
            key = (side, self._outwards(arrow), place, ORDER.index(arrow.kind), tie.port)
            self._rows.setdefault((tie.node, tie.face), []).append((key, BoxPort(tie.port, _width(arrow))))

    def _outwards(self, arrow: Arrow) -> int:
        """Put what comes from far above or below at the outside: actions left, feedback right.

        Not with boxes in boxes: there an arrow would leave its outer box sideways.
        """
        if arrow.sender is None or arrow.receiver is None:
            return 0
        if self.nesting.depth(arrow.sender) or self.nesting.depth(arrow.receiver):
            return 0
        levels = [self.nesting.components[end].level for end in (arrow.sender, arrow.receiver)]
        skipped = self.nesting.between(*levels)
        return -skipped if arrow.kind == LinkKind.CONTROL_ACTION else skipped

    def _tie(self, arrow: Arrow, number: int, tail: bool) -> Tie:
        own, other = (arrow.sender, arrow.receiver) if tail else (arrow.receiver, arrow.sender)
        face = arrow.faces[0 if tail else 1]
        if arrow.sideways and other is None:
            return Tie(own or "")
        if own is None and arrow.sideways:
            return self._beside(arrow, number)
        if own is None:
            return Tie(text_node(number), "", face)
        port = "" if arrow.sideways else f"p{number:04d}{'t' if tail else 'h'}"
        if not self.nesting.children(own) or self.nesting.holds(own, other):
            return Tie(own, port, face)
        node = bottom_node(own) if face == "s" and self._below(own, other) else own
        return Tie(node, port, face, cluster(own))

    def _beside(self, arrow: Arrow, number: int) -> Tie:
        """Tie an arrow to its plain text beside a box; where several looks need several arrows, each to its row."""
        group = [k for k, other in enumerate(self.arrows) if side_of(other) == side_of(arrow)]
        return Tie(text_node(group[0]), f"r{number}" if len(group) > 1 else "")

    def _below(self, own: str, other: str | None) -> bool:
        """Whether the other end lies below everything inside the box."""
        return other is None or self.nesting.components[other].level > self.nesting.lowest(own)


def _width(arrow: Arrow) -> int:
    letters = max(len(label.text) + len(label.remark) for label in arrow.labels)
    return min(max(NARROWEST, PER_LETTER * letters), WIDEST)
