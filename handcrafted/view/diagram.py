"""The control diagram as a DOT text: authority from top to bottom, actions down, feedback up, inputs left, outputs right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product

from handcrafted.control.structure import ControlStructure
from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.view import dot
from handcrafted.view.arrows import Arrow, Drawn, arrows_of
from handcrafted.view.boxes import FILL, box, content
from handcrafted.view.faces import Faces, bottom_node, cluster, text_node
from handcrafted.view.labels import beside
from handcrafted.view.lines import line
from handcrafted.view.markup import small
from handcrafted.view.nesting import Nesting


def control_diagram(structure: ControlStructure) -> str:
    """Give the DOT text of a control structure as it was intended."""
    links = [Drawn(link.id, "(next step)" if link.lag and link.counted else "") for link in structure.resolved.links]
    return Diagram(structure, arrows_of(links, structure.components)).text(structure.name)


class Diagram:
    """Boxes, their places and the arrows between them, ready to be written as DOT.

    Attributes:
        algorithm: whether the boxes show their control algorithms.
    """

    def __init__(self, structure: ControlStructure, arrows: Sequence[Arrow], algorithm: bool = True):
        self.structure, self.arrows, self.algorithm = structure, arrows, algorithm
        self.nesting = Nesting(structure)
        self.faces = Faces(self.nesting, arrows)

    def text(self, title: str) -> str:
        """Give the DOT text under a small title."""
        body = [*self._boxes(None), *self._ends(), *self._heights(), *self._loop_order(), *self._lines()]
        return dot.digraph(
            body,
            label=dot.html(small(title)),
            labelloc="t",
            newrank="true",
            compound="true",
            nodesep=0.3,
            ranksep=0.3,
            pad=0.15,
        )

    def _boxes(self, parent: str | None) -> Iterator[str]:
        """Give the boxes inside a box; one that holds others becomes a cluster with its own contents on top."""
        for name in self.nesting.children(parent):
            if self.nesting.children(name):
                yield from dot.subgraph(cluster(name), [*self._outer(name), *self._boxes(name)], margin=10)
            else:
                yield dot.node(name, label=dot.html(self._box(name)))

    def _outer(self, name: str) -> Iterator[str]:
        used_inside = any(name in (tail.node, head.node) for tail, head in self.faces.ties if not (tail.clip or head.clip))
        yield dot.node(name, label=dot.html(self._box(name, border=int(used_inside))))
        inner = self.nesting.descendants(name)
        yield from (dot.edge(dot.quoted(name), dot.quoted(part), style="invis", weight=0) for part in inner)
        places = self.faces.row(bottom_node(name), "s")
        if places:
            yield dot.node(bottom_node(name), label=dot.html(box("", [], places, border=0)))
            below = dot.quoted(bottom_node(name))
            yield from (dot.edge(dot.quoted(part), below, style="invis", weight=0) for part in inner)

    def _box(self, name: str, border: int = 1) -> str:
        inside = content(self.structure, name, self.algorithm)
        fill = FILL.get(self.structure.components[name].kind, "white")
        return box(inside, self.faces.row(name, "n"), self.faces.row(name, "s"), fill, border)

    def _ends(self) -> Iterator[str]:
        """Give the plain texts at arrows that come from nowhere or go nowhere."""
        for number, arrow in enumerate(self.arrows):
            if arrow.sender is None or arrow.receiver is None:
                yield dot.node(text_node(number), label=dot.html(beside(arrow)), margin=None)
                box_name = arrow.receiver if arrow.sender is None else arrow.sender
                if arrow.sideways and box_name is not None:
                    yield from dot.same_rank([text_node(number), box_name])

    def _heights(self) -> Iterator[str]:
        """Set boxes of one level on one height, and each level above the next."""
        levels = self.nesting.levels()
        for names in levels:
            yield from dot.same_rank(names)
        tied = {frozenset((arrow.sender, arrow.receiver)) for arrow in self.arrows if not arrow.sideways}
        for upper, lower in pairwise(levels):
            if not any(frozenset(pair) in tied for pair in product(upper, lower)):
                yield dot.edge(dot.quoted(upper[0]), dot.quoted(lower[0]), style="invis", weight=0)

    def _loop_order(self) -> Iterator[str]:
        """Keep actuators left of sensors on the same height."""
        for names in self.nesting.levels():
            kinds = {name: self.structure.components[name].kind for name in names}
            left = [name for name in names if kinds[name] == ComponentKind.ACTUATOR]
            right = [name for name in names if kinds[name] == ComponentKind.SENSOR]
            for pair in product(left, right):
                yield dot.edge(dot.quoted(pair[0]), dot.quoted(pair[1]), style="invis")

    def _lines(self) -> Iterator[str]:
        for arrow, ties in zip(self.arrows, self.faces.ties, strict=True):
            yield line(arrow, ties, self._points_down(arrow))

    def _points_down(self, arrow: Arrow) -> bool:
        """Whether the arrow's sender is drawn above its receiver, or beside it."""
        if arrow.sender is None or arrow.receiver is None:
            return arrow.sideways or arrow.kind == LinkKind.CONTROL_ACTION
        components = self.structure.components
        sender, receiver = components[arrow.sender].level, components[arrow.receiver].level
        if sender == receiver:
            return self.nesting.holds(arrow.sender, arrow.receiver) or not self.nesting.holds(
                arrow.receiver, arrow.sender
            )
        return sender < receiver
