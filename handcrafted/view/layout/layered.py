"""The places of a diagram's boxes, arrows and labels: levels as rows, upright and level lines, nothing over a box.

The layered layout is graphlay's, which is given every arrow from the upper box to the lower: so feedback, too, goes
with the levels, and the process comes to stand at the bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise, product
from typing import Any, NamedTuple

from handcrafted.view.arrows import Arrow
from handcrafted.view.faces import Nesting
from handcrafted.view.layout.geometry import (
    TOUCH,
    Line,
    Pieces,
    Point,
    Rect,
    borders,
    hull,
    passes,
    segments,
    simplified,
    span,
)
from handcrafted.view.layout.graph import Graph, Sizes, UprightEdge, groups_of, peers_of
from handcrafted.view.layout.labels import Ground, place_labels, seam_for
from handcrafted.view.layout.outside import Outside
from handcrafted.view.layout.seams import EDGE, Drawing, Seam
from handcrafted.view.layout.side_by_side import STACKED, orders
from handcrafted.view.layout.straight import CORNER, straightened

LEAST = 14
"""Least length of an upright piece at the end of a line: an arrowhead and a little more."""

OFF = 8.0
"""Least distance between a line and a border alongside it."""

MAX_TRIALS = 120
"""Orders of peers that are tried, times the number of arrows; with more arrows one way alone is."""

MAX_SEAMS, MAX_ROUNDS = 12, 4000
"""How often room is made for labels that found none: at most, and times the number of arrows."""


class Arrangement(NamedTuple):
    """Where everything stands.

    Attributes:
        boxes: by name, boxes that hold others included.
        tops: where the name of a box that holds others stands.
        lines: the arrows, from sender to receiver.
        labels: of the arrows.
        misses: how many labels lie on something.
        turned: how many arrows between peers turn below them.
    """

    boxes: Mapping[str, Rect]
    tops: Mapping[str, Rect]
    lines: Sequence[Line]
    labels: Sequence[Rect]
    misses: int
    turned: int

    @property
    def cost(self) -> tuple[int, int, int, float]:
        """What is worse is larger: labels on something, peers not side by side, lines that cross, the size."""
        crossed = Pieces(dict(enumerate(self.lines))).crossings()
        whole = hull([*self.boxes.values(), *self.labels])
        return self.misses, self.turned, crossed, whole.width + whole.height


def arrangement(nesting: Nesting, arrows: Sequence[Arrow], sizes: Sizes) -> Arrangement:
    """Place a diagram, as narrow as its labels allow.

    Raises:
        ImportError: if graphlay is missing.
        ValueError: if it refuses the graph.
    """
    best: Arrangement | None = None
    for way in _ways(nesting, arrows):
        found = _Trial(nesting, arrows, sizes, *way).settled()
        best = found if best is None or found.cost < best.cost else best
        if not any(best.cost[:3]):
            break
    assert best is not None
    return best


def _ways(nesting: Nesting, arrows: Sequence[Arrow]) -> Iterator[tuple[list[tuple[str, ...]], bool]]:
    """Return the orders of peers that are tried, each with the peers held together and without."""
    peers = list(peers_of(nesting, arrows))
    names = [name for name in nesting.names if not nesting.children(name)]
    rows = [group for group in groups_of(names, peers) if len(group) > 1]
    ways = [list(orders(row, [peer for peer in peers if peer.sender in row])) for row in rows]
    for order in islice(product(*ways), max(1, MAX_TRIALS // len(arrows)) if arrows else 1):
        yield list(order), True
        if rows and len(arrows) < MAX_TRIALS:
            yield list(order), False


class _Trial:
    """A diagram laid out anew until what it takes for granted holds.

    Attributes:
        within: boxes and sides whose texts stand beside their own box: there is no way to the outside.
        turned: arrows between peers that do not stand next to each other.
        wider: boxes that hold others, too narrow for their names beside the lines.
    """

    def __init__(
        self, nesting: Nesting, arrows: Sequence[Arrow], sizes: Sizes, order: Sequence[Sequence[str]], grouped: bool
    ):
        self.nesting, self.arrows, self.sizes = nesting, arrows, sizes
        self.order, self.grouped = order, grouped
        self.within: set[tuple[str, bool]] = set()
        self.turned: set[int] = set()
        self.wider: set[str] = set()

    def settled(self) -> Arrangement:
        """Return the first layout in which everything holds."""
        while True:
            if found := self._placed():
                return found

    def _placed(self) -> Arrangement | None:
        """Lay out once; None where something that was taken for granted does not hold: it is no longer."""
        graph = Graph(self.nesting, self.arrows, self.sizes, self.within, self.turned, self.order, self.grouped)
        raw = graph.laid_out(self.wider)
        boxes, texts = graph.read(raw)
        rows = graph.rows(boxes)
        near = {frozenset(pair) for row in rows for pair in pairwise(row) if _neighbours(*pair, boxes)}
        far = {peer.number for peer in graph.level.peers if frozenset((peer.sender, peer.receiver)) not in near}
        if far:
            self.turned |= far
            return None
        lines, hints = _lines(graph, raw, boxes)
        seams = [*graph.level.seams(boxes, rows), *_at_tips(lines.values()), *_off_borders(graph, boxes, lines)]
        drawing = Drawing(boxes, lines, texts, hints).opened(seams)
        found, missed = self._labelled(graph, drawing, rows)
        for _ in range(min(MAX_SEAMS, MAX_ROUNDS // max(1, len(lines)))):
            if found is None or not missed:
                break
            drawing = drawing.opened(missed)
            found, missed = self._labelled(graph, drawing, rows)
        return found

    def _labelled(
        self, graph: Graph, drawing: Drawing, rows: Sequence[Sequence[str]]
    ) -> tuple[Arrangement | None, list[Seam]]:
        """Set all labels; return also where room is to be made for those that lie on something."""
        lines, labels = dict(drawing.lines), dict(drawing.labels)
        boxes = {
            name: _trimmed(name, rect, graph, lines) if name in graph.sizes else rect
            for name, rect in drawing.boxes.items()
        }
        for number, line, label in graph.level.placed(boxes, rows):
            lines[number] = line
            if label is not None:
                labels[number] = label
        if blocked := Outside(self.nesting, self.sizes.labels, boxes, lines, labels).add(graph.outside):
            self.within |= blocked
            return None, []
        tops, struck = self._tops(boxes, lines, [*labels.values()])
        if struck - self.wider:
            self.wider |= struck
            return None, []
        solid = [rect for name, rect in boxes.items() if name not in tops]
        rims = [rim for name in tops for rim in borders(boxes[name])]
        ground = Ground([*solid, *tops.values(), *rims, *labels.values()], lines)
        crossed = [number for number in labels if any(passes(lines[k], labels[number]) for k in lines if k != number)]
        free = {number: line for number, line in lines.items() if number not in labels}
        found, missed = place_labels(free, self.sizes.labels, drawing.hints, ground)
        labels |= found
        numbers = range(len(self.arrows))
        every = [lines[k] for k in numbers], [labels[k] for k in numbers]
        whole = Arrangement(boxes, tops, *every, len(missed) + len(struck) + len(crossed), len(self.turned))
        under = [Seam(boxes[name].top + EDGE, self.sizes.boxes[name][1] + STACKED, True) for name in struck]
        return whole, under + [seam_for(number, lines[number], self.sizes.labels[number], ground) for number in missed]

    def _tops(
        self, boxes: Mapping[str, Rect], lines: Mapping[int, Line], labels: list[Rect]
    ) -> tuple[dict[str, Rect], set[str]]:
        """Set the name of each box that holds others along its upper border; return which of them a line strikes."""
        tops: dict[str, Rect] = {}
        struck = set()
        ground = Ground(labels, lines)
        for name in self.nesting.names:
            if self.nesting.children(name):
                width, height = self.sizes.boxes[name]
                box = boxes[name]
                y = box.top + STACKED / 2 + height / 2
                first, last = box.left + STACKED + width / 2, box.right - STACKED - width / 2
                tried = [Rect.around((first + (last - first) * k / 40, y), width, height) for k in range(41)]
                tops[name] = min(tried, key=lambda rect: ground.hits(rect))
                struck |= {name} if ground.hits(tops[name]) else set()
        return tops, struck


def _neighbours(left: str, right: str, boxes: Mapping[str, Rect]) -> bool:
    """Whether nothing stands between two boxes of a row."""
    a, b = boxes[left], boxes[right]
    between = Rect(a.right, min(a.top, b.top), b.left, max(a.bottom, b.bottom))
    return not any(
        between.overlaps(rect) for name, rect in boxes.items() if name not in (left, right) and not rect.holds(a)
    )


def _trimmed(name: str, rect: Rect, graph: Graph, lines: Mapping[int, Line]) -> Rect:
    """Return a box that cuts have pulled wide as narrow as its arrows allow; a side at which one ends stays."""
    if graph.level.beside(name):
        return rect
    ports = [
        x
        for edge in graph.edges
        if name in (edge.upper, edge.lower)
        for x, y in lines[edge.number]
        if y in (rect.top, rect.bottom)
    ]
    room = graph.sizes[name][0]
    left, right = min(ports, default=rect.right) - CORNER, max(ports, default=rect.left) + CORNER
    spare = max(0.0, room - (right - left)) / 2
    left = max(rect.left, min(left - spare, rect.right - room))
    return Rect(left, rect.top, min(rect.right, max(right + spare, left + room)), rect.bottom)


def _at_tips(lines: Iterable[Line]) -> Iterator[Seam]:
    """Say where lines are to be longer before they turn into a box, or after they leave one."""
    for line in lines:
        for (_, end), (_, turn) in (line[:2], line[:-3:-1]) if len(line) > 2 else ():
            if abs(end - turn) < LEAST:
                yield Seam(end + (EDGE if turn > end else -EDGE), LEAST - abs(end - turn), True)


def _off_borders(graph: Graph, boxes: Mapping[str, Rect], lines: Mapping[int, Line]) -> Iterator[Seam]:
    """Say where lines run along the border of a box that holds others, and are to be moved off it."""
    pieces = [span(piece) for line in lines.values() for piece in segments(line)]
    for box in (rect for name, rect in boxes.items() if name not in graph.sizes):
        for rim, level in zip(borders(box), (True, True, False, False), strict=True):
            border = rim.top if level else rim.left
            for piece in pieces:
                place = piece.top if level else piece.left
                alike = (piece.height < piece.width) == level and abs(place - border) < OFF
                if alike and rim.grown(OFF).overlaps(piece.grown(TOUCH)):
                    yield Seam(min(place, border) + EDGE / 4, OFF, level)


def _lines(graph: Graph, raw: Any, boxes: Mapping[str, Rect]) -> tuple[dict[int, Line], dict[int, Point]]:
    """Return the arrows that run upright, from sender to receiver, and where the engine would put their labels."""
    lines: dict[int, Line] = {}
    hints: dict[int, Point] = {}
    for edge, found in zip(graph.edges, raw.edges, strict=True):
        points = graph.ends(edge, found, boxes)
        if edge.number in lines:  # the second half of an arrow that turns
            before = lines[edge.number]
            x = before[-1][0]  # both halves meet in a node too small to be seen
            points = [*before, *((x if abs(a - x) < 2 else a, b) for a, b in points[::-1])]
        elif not edge.down:
            points = points[::-1]
        lines[edge.number] = simplified(points)
        if anchor := found.get("label_anchor"):
            hints[edge.number] = anchor["x"], anchor["y"]
    plain = [edge for edge in graph.edges if edge.upper in boxes and edge.lower in boxes]
    _actions_left(plain, lines)
    inner = [edge for edge in plain if not graph.nesting.holds(edge.upper, edge.lower)]
    first = {edge.number: boxes[edge.upper if edge.down else edge.lower] for edge in inner}
    last = {edge.number: boxes[edge.lower if edge.down else edge.upper] for edge in inner}
    solid = [rect for name, rect in boxes.items() if name in graph.sizes]
    return straightened(lines, {number: (first[number], last[number]) for number in first}, solid), hints


def _actions_left(edges: Sequence[UprightEdge], lines: dict[int, Line]) -> None:
    """Of the lines between the same two boxes let those that go down take the left ones, where they run alike."""
    pairs: dict[tuple[str, str], list[UprightEdge]] = {}
    for edge in edges:
        pairs.setdefault((edge.upper, edge.lower), []).append(edge)
    for same in pairs.values():
        ways = [lines[edge.number] if edge.down else lines[edge.number][::-1] for edge in same]
        by_start, by_end = sorted(ways, key=lambda way: way[0][0]), sorted(ways, key=lambda way: way[-1][0])
        if len(same) > 1 and by_start == by_end:
            for edge, way in zip(sorted(same, key=lambda edge: not edge.down), by_start, strict=True):
                lines[edge.number] = way if edge.down else way[::-1]
