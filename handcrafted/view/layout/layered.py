"""The places of a diagram's boxes, arrows and labels: levels as rows, upright and level lines, nothing over a box.

The layered layout is graphlay's, which is given every arrow from the upper box to the lower: so feedback, too, goes
with the levels, and the process comes to stand at the bottom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice, pairwise, product
from typing import NamedTuple

from handcrafted.view.arrows import Arrow
from handcrafted.view.faces import Nesting
from handcrafted.view.layout.geometry import Line, Point, Rect, borders, crossings, hull, passes, simplified
from handcrafted.view.layout.graph import Edge, Graph, Sizes, groups_of, peers_of
from handcrafted.view.layout.labels import Ground, place_labels, seam_for
from handcrafted.view.layout.level import STACKED, STUB, orders
from handcrafted.view.layout.seams import Drawing, Seam
from handcrafted.view.layout.straight import straightened

MAX_TRIALS = 8
"""Orders of peers that are tried."""

MAX_SEAMS = 6
"""How often room is made for labels that found none."""

SHARES = (0.5, 0.3, 0.7, 0.15, 0.85)
"""Where along its side a text is tried beside a box that holds others."""


class Placement(NamedTuple):
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
        crossed = sum(crossings(a, b) for a, b in combinations(self.lines, 2))
        whole = hull([*self.boxes.values(), *self.labels])
        return self.misses, self.turned, crossed, whole.width + whole.height


def placement(nesting: Nesting, arrows: Sequence[Arrow], sizes: Sizes) -> Placement:
    """Place a diagram, as narrow as its labels allow.

    Raises:
        ImportError: if graphlay is missing.
        ValueError: if it refuses the graph.
    """
    trials = [_Trial(nesting, arrows, sizes, *way) for way in _ways(nesting, arrows)]
    return min((trial.settled() for trial in trials), key=lambda one: one.cost)


def _ways(nesting: Nesting, arrows: Sequence[Arrow]) -> Iterator[tuple[list[tuple[str, ...]], bool]]:
    """Return the orders of peers that are tried, each with the peers held together and without."""
    peers = list(peers_of(nesting, arrows))
    names = [name for name in nesting.names if not nesting.children(name)]
    rows = [group for group in groups_of(names, peers) if len(group) > 1]
    ways = [list(orders(row, [peer for peer in peers if peer.sender in row])) for row in rows]
    for order in islice(product(*ways), MAX_TRIALS):
        yield from ((list(order), grouped) for grouped in ((True, False) if rows else (True,)))


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

    def settled(self) -> Placement:
        """Return the first layout in which everything holds."""
        while True:
            if found := self._placed():
                return found

    def _placed(self) -> Placement | None:
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
        drawing = Drawing(boxes, lines, texts, hints)
        drawing = drawing.opened(list(graph.level.seams(boxes, rows)))
        for _ in range(MAX_SEAMS):
            found, missed = self._labelled(graph, drawing, rows)
            if found is None or not missed:
                return found
            drawing = drawing.opened(missed)
        return found

    def _labelled(
        self, graph: Graph, drawing: Drawing, rows: Sequence[Sequence[str]]
    ) -> tuple[Placement | None, list[Seam]]:
        """Set all labels; return also where room is to be made for those that lie on something."""
        boxes, lines, labels = drawing.boxes, dict(drawing.lines), dict(drawing.labels)
        for number, line, label in graph.level.placed(boxes, rows):
            lines[number], labels[number] = line, label
        if blocked := self._outside(graph, boxes, lines, labels):
            self.within |= blocked
            return None, []
        tops, struck = self._tops(boxes, lines, [*labels.values()])
        if struck - self.wider:
            self.wider |= struck
            return None, []
        solid = [rect for name, rect in boxes.items() if name not in tops]
        rims = [rim for name in tops for rim in borders(boxes[name])]
        ground = Ground([*solid, *tops.values(), *rims, *labels.values()], lines)
        level = [number for number in labels if _struck(labels[number], number, lines)]
        free = {number: line for number, line in lines.items() if number not in labels}
        found, missed = place_labels(free, self.sizes.labels, drawing.hints, ground)
        labels |= found
        numbers = range(len(self.arrows))
        whole = Placement(
            boxes,
            tops,
            [lines[k] for k in numbers],
            [labels[k] for k in numbers],
            len(missed) + len(struck),
            len(self.turned),
        )
        return whole, [seam_for(lines[number], self.sizes.labels[number]) for number in missed]

    def _outside(
        self, graph: Graph, boxes: Mapping[str, Rect], lines: dict[int, Line], labels: dict[int, Rect]
    ) -> set[tuple[str, bool]]:
        """Set the texts of inner boxes beside the outermost box around them; return what finds no way there."""
        groups: dict[tuple[str, bool], list[int]] = {}
        for text in graph.outside:
            groups.setdefault((text.box, text.left), []).append(text.number)
        blocked = set()
        for (name, left), numbers in groups.items():
            block = self._free_block(name, left, numbers, boxes, lines, labels)
            if block is None:
                blocked.add((name, left))
                continue
            y, box = block.top, boxes[name]
            near = block.right if left else block.left
            for number in numbers:
                width, height = self.sizes.labels[number]
                level = y + height / 2
                y += height + STACKED
                labels[number] = Rect.around((near - width / 2 if left else near + width / 2, level), width, height)
                lines[number] = [(near, level), (box.left, level)] if left else [(box.right, level), (near, level)]
        return blocked

    def _free_block(
        self,
        name: str,
        left: bool,
        numbers: Sequence[int],
        boxes: Mapping[str, Rect],
        lines: Mapping[int, Line],
        labels: Mapping[int, Rect],
    ) -> Rect | None:
        """Return where the texts of one side of a box can stand outside, level with it and with nothing in between."""
        box = boxes[name]
        around = [outer for outer in self.nesting.names if self.nesting.holds(outer, name)]
        sizes = [self.sizes.labels[number] for number in numbers]
        wide, tall = max(width for width, _ in sizes), sum(height + STACKED for _, height in sizes) - STACKED
        holder = bool(self.nesting.children(name))
        border, end = hull([box, *(boxes[outer] for outer in around)]), hull([*boxes.values(), *labels.values()])
        solid = [rect for other, rect in boxes.items() if other not in (name, *around)]
        tried = []
        for side in (border, end):
            x = side.left - STUB - wide / 2 if left else side.right + STUB + wide / 2
            tried += [
                Rect.around((x, box.top + share * box.height), wide, tall) for share in (SHARES if holder else (0.5,))
            ]
        for block in tried:
            reach = (min(block.left, box.right), max(block.right, box.left)) if left else (box.right, block.right)
            way = (
                Rect(block.left, block.top, box.left, block.bottom)
                if left
                else Rect(box.right, block.top, reach[1], block.bottom)
            )
            free = not any(way.overlaps(rect) for rect in (*solid, *labels.values()))
            if free and not any(passes(line, block.grown(4)) for line in lines.values()) and tall <= box.height:
                return block
        return tried[-1] if holder else None

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


def _struck(label: Rect, own: int, lines: Mapping[int, Line]) -> bool:
    """Whether an arrow runs through another's label."""
    return any(passes(line, label) for number, line in lines.items() if number != own)


def _lines(graph: Graph, raw: object, boxes: Mapping[str, Rect]) -> tuple[dict[int, Line], dict[int, Point]]:
    """Return the arrows that run upright, from sender to receiver, and where the engine would put their labels."""
    lines: dict[int, Line] = {}
    hints: dict[int, Point] = {}
    for edge, found in zip(graph.edges, raw.edges, strict=True):
        points = graph.ends(edge, found, boxes)
        if edge.number in lines:  # the second half of an arrow that turns
            before = lines[edge.number]
            points = [*before[:-1], (before[-1][0], points[-1][1]), *points[::-1]]
        elif not edge.down:
            points = points[::-1]
        lines[edge.number] = simplified(points)
        if anchor := found.get("label_anchor"):
            hints[edge.number] = anchor["x"], anchor["y"]
    plain = [edge for edge in graph.edges if edge.upper in boxes and edge.lower in boxes]
    _actions_left(plain, lines)
    inner = [edge for edge in plain if not graph.nesting.holds(edge.upper, edge.lower)]
    ends = {edge.number: (boxes[edge.upper], boxes[edge.lower])[:: 1 if edge.down else -1] for edge in inner}
    return straightened(lines, ends), hints


def _actions_left(edges: Sequence[Edge], lines: dict[int, Line]) -> None:
    """Of the lines between the same two boxes let those that go down take the left ones, where they run alike."""
    pairs: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        pairs.setdefault((edge.upper, edge.lower), []).append(edge)
    for same in pairs.values():
        ways = [lines[edge.number] if edge.down else lines[edge.number][::-1] for edge in same]
        by_start, by_end = sorted(ways, key=lambda way: way[0][0]), sorted(ways, key=lambda way: way[-1][0])
        if len(same) > 1 and by_start == by_end:
            for edge, way in zip(sorted(same, key=lambda edge: not edge.down), by_start, strict=True):
                lines[edge.number] = way if edge.down else way[::-1]
