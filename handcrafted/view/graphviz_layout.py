"""The fall-back layout, left to Graphviz: authority downwards, actions down, feedback up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.view import dot
from handcrafted.view.arrows import Arrow, beside
from handcrafted.view.boxes import box, box_part, cell, table
from handcrafted.view.diagram import Diagram
from handcrafted.view.faces import Faces, bottom_node, cluster, side_of, text_node
from handcrafted.view.peers import PeerRoute, line

NEAREST, PER_ARROW = 0.34, 0.06
"""Inches between two heights, and how much more for each arrow that runs between them on average."""

NEAR = 8
"""Weight of an arrow between neighbouring levels."""


class GraphvizLayout:
    """A diagram whose places Graphviz finds."""

    def __init__(self, diagram: Diagram):
        self.diagram = diagram
        self.zoom, self.arrows, self.anchors = diagram.zoom, diagram.arrows, diagram.anchors
        self.nesting = diagram.nesting
        self.faces = Faces(self.nesting, self.arrows)
        self.peers = {k: self._route(k) for k, arrow in enumerate(self.arrows) if self._between_peers(arrow)}

    def text(self, title: str) -> str:
        """Return the DOT text under a title that is markup."""
        body = [*self._inside(None), *self._heights(), *self._loop_order(), *self._lines()]
        look = {
            "label": dot.html(title),
            "labelloc": "t",
            "nodesep": 0.3,
            "ranksep": round(NEAREST + PER_ARROW * len(self.arrows) / max(1, len(self.nesting.levels())), 2),
            "pad": 0.15,
        }
        return dot.digraph(body, newrank="true", compound="true", **look)

    def _between_peers(self, arrow: Arrow) -> bool:
        """Whether a vertical arrow joins two boxes of one level, neither inside the other."""
        a, b = arrow.sender, arrow.receiver
        if arrow.sideways or a is None or b is None or a == b:
            return False
        apart = not self.nesting.holds(a, b) and not self.nesting.holds(b, a)
        return apart and self.zoom.components[a].level == self.zoom.components[b].level

    def _route(self, number: int) -> PeerRoute:
        arrow = self.arrows[number]
        left_first = self.nesting.position(arrow.sender) < self.nesting.position(arrow.receiver)
        return PeerRoute(number, arrow, self.faces.ties[number], left_first, self.anchors)

    def _inside(self, parent: str | None) -> Iterator[str]:
        """Return the boxes inside a box, and the texts and helping nodes that belong there."""
        for name in self.nesting.children(parent):
            if self.nesting.children(name):
                body = [*self._outer(name), *self._inside(name)]
                yield from dot.subgraph(cluster(name), body, label="", margin=10)
            else:
                yield dot.node(name, label=dot.html(self._box(name)), **self.anchors.of(box_part(name)))
        for number, arrow in enumerate(self.arrows):
            if self._home(arrow) == parent:
                yield from self._helpers(number, arrow)

    def _home(self, arrow: Arrow) -> str | None:
        """Name the box in which an arrow's texts stand: the innermost one around all its ends."""
        ends = [end for end in (arrow.sender, arrow.receiver) if end is not None]
        if arrow.sideways and len(ends) == 1 and self.nesting.children(ends[0]):
            return ends[0]
        around = [outer for outer in self.nesting.names if all(self.nesting.holds(outer, end) for end in ends)]
        return max(around, key=self.nesting.depth, default=None) if ends else None

    def _helpers(self, number: int, arrow: Arrow) -> Iterator[str]:
        if number in self.peers:
            yield from self.peers[number].nodes()
        elif (side := side_of(arrow)) is not None:
            group = {k: other for k, other in enumerate(self.arrows) if side_of(other) == side}
            if number == min(group):
                rows = [
                    [cell(beside(other, self.anchors), PORT=f"r{k}", ALIGN="RIGHT" if side[1] == "w" else "LEFT")]
                    for k, other in group.items()
                ]
                yield dot.node(text_node(number), label=dot.html(table(rows)))
        elif arrow.sender is None or arrow.receiver is None:
            yield dot.node(text_node(number), label=dot.html(beside(arrow, self.anchors)))

    def _outer(self, name: str) -> Iterator[str]:
        """Return the top of a box that holds others, and the places along its lower border."""
        held = (bottom_node(name), self.faces.row(bottom_node(name), "s"))
        inner_arrows = any(self.nesting.holds(name, a.receiver) and a.sender == name for a in self.arrows)
        yield dot.node(
            name, label=dot.html(self._box(name, border=int(inner_arrows))), **self.anchors.of(box_part(name))
        )
        inner = self.nesting.descendants(name)
        yield from (dot.edge(dot.quoted(name), dot.quoted(part), style="invis", weight=0) for part in inner)
        if held[1]:
            yield dot.node(held[0], label=dot.html(box("", [], held[1], border=0)))
            yield from (dot.edge(dot.quoted(part), dot.quoted(held[0]), style="invis", weight=0) for part in inner)

    def _box(self, name: str, border: int = 1) -> str:
        inside, fill = self.diagram.inside(name), self.diagram.fill(name)
        return box(inside, self.faces.row(name, "n"), self.faces.row(name, "s"), fill, border)

    def _heights(self) -> Iterator[str]:
        """Set boxes of one level on one height, and each level above the next."""
        levels = self.nesting.levels()
        for names in levels:
            yield from dot.same_rank(names)
        tied = {frozenset((arrow.sender, arrow.receiver)) for arrow in self.arrows if not arrow.sideways}
        for upper, lower in pairwise(levels):
            if not any(frozenset(pair) in tied for pair in product(upper, lower)):
                yield dot.edge(dot.quoted(upper[0]), dot.quoted(lower[0]), style="invis", weight=0)
        for above, name in self.nesting.hanging():
            yield dot.edge(dot.quoted(above), dot.quoted(name), style="invis", weight=0)

    def _loop_order(self) -> Iterator[str]:
        """Keep actuators left of sensors on the same height."""
        for names in self.nesting.levels():
            kinds = {name: self.zoom.components[name].kind for name in names}
            left = [name for name in names if kinds[name] == ComponentKind.ACTUATOR]
            right = [name for name in names if kinds[name] == ComponentKind.SENSOR]
            for pair in product(left, right):
                yield dot.edge(dot.quoted(pair[0]), dot.quoted(pair[1]), style="invis")

    def _lines(self) -> Iterator[str]:
        texts = self._side_texts()
        for number, (arrow, ties) in enumerate(zip(self.arrows, self.faces.ties, strict=True)):
            if number in self.peers:
                yield from self.peers[number].order(texts)
                yield from self.peers[number].edges()
                continue
            yield line(arrow, ties, self._points_down(arrow), self._weight(arrow), self.anchors)
            if arrow.sideways and None in (arrow.sender, arrow.receiver):
                yield from dot.same_rank(tie.node for tie in ties)

    def _weight(self, arrow: Arrow) -> int:
        """Keep boxes of neighbouring levels close: Graphviz would rather straighten the long arrows."""
        ends = [self.zoom.components[end].level for end in (arrow.sender, arrow.receiver) if end is not None]
        return NEAR if len(ends) == 2 and self.nesting.between(*ends) == 0 else 1

    def _side_texts(self) -> dict[tuple[str, str], list[str]]:
        """Return the plain texts beside each box, by box and face."""
        found: dict[tuple[str, str], list[str]] = {}
        for arrow, ties in zip(self.arrows, self.faces.ties, strict=True):
            if (side := side_of(arrow)) is not None:
                found.setdefault(side, []).append(ties[1 if side[1] == "e" else 0].node)
        return found

    def _points_down(self, arrow: Arrow) -> bool:
        """Whether the arrow's sender is drawn above its receiver, or left of it."""
        if arrow.sender is None or arrow.receiver is None:
            return arrow.sideways or arrow.kind == LinkKind.CONTROL_ACTION
        components = self.zoom.components
        sender, receiver = components[arrow.sender].level, components[arrow.receiver].level
        return sender < receiver or (sender == receiver and not self.nesting.holds(arrow.receiver, arrow.sender))
