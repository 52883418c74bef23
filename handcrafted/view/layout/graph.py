"""A control diagram as the layout engine sees it: nodes on levels, every arrow from the upper end to the lower."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from handcrafted.control.vocabulary import LinkKind
from handcrafted.view.arrows import Arrow
from handcrafted.view.faces import Nesting
from handcrafted.view.layout.geometry import Point, Rect, squared
from handcrafted.view.layout.side_by_side import STACKED, PeerArrow, SideBySide, SideText, Size

PORT = 18
"""Distance between two arrows on a face."""


class Sizes(NamedTuple):
    """How large the parts of a diagram are, in points: boxes by name, of boxes that hold others the top; labels."""

    boxes: Mapping[str, Size]
    labels: Sequence[Size]


class UprightEdge(NamedTuple):
    """An arrow as the engine sees it: from the upper node to the lower; `down` where it points that way.

    An arrow that turns below its two boxes is two edges of one number.
    """

    upper: str
    lower: str
    number: int
    down: bool


class Graph:
    """Nodes and edges of a diagram.

    Attributes:
        level: what stands level with boxes.
        outside: texts that stand beside the outermost box around their own.
        edges: all other arrows.
        sizes: of the boxes that hold none, as wide and high as what ends at them asks for.
    """

    def __init__(
        self,
        nesting: Nesting,
        arrows: Sequence[Arrow],
        sizes: Sizes,
        within: Collection[tuple[str, bool]] = (),
        turned: Collection[int] = (),
        order: Sequence[Sequence[str]] = (),
        grouped: bool = True,
    ):
        self.nesting, self.arrows, self._sizes = nesting, arrows, sizes
        self._order, self._grouped = order, grouped
        texts = list(_side_texts(arrows))
        peers = [peer for peer in peers_of(nesting, arrows) if peer.number not in turned]
        self.outside = [text for text in texts if self._goes_outside(text, within)]
        self.level = SideBySide(sizes.labels, peers, [text for text in texts if text not in self.outside])
        self._levels = {name: k for k, names in enumerate(nesting.levels()) for name in names}
        beside = {one.number for one in (*texts, *peers)}
        self._upright = [number for number in range(len(arrows)) if number not in beside]
        self.edges = list(self._edges())
        self._faces = Counter(edge.upper for edge in self.edges), Counter(edge.lower for edge in self.edges)
        self.sizes = {name: self._size(name) for name in nesting.names if not nesting.children(name)}

    def laid_out(self, wider: Collection[str]) -> Any:
        """Return the engine's answer; boxes that are to be `wider` have room for lines beside their names.

        Raises:
            ImportError: if graphlay is missing.
            ValueError: if it refuses the graph.
        """
        import graphlay

        graph = graphlay.Graph()
        index: dict[str, int] = {}
        for name, (width, height), outer, more in self._nodes(wider):
            if outer is not None:
                more["parent"] = index[outer]
            index[name] = graph.node(name, width=width, height=height, **more)
        for edge in self.edges:
            more = {}
            if not self.open(edge.number):
                width, height = self._sizes.labels[edge.number]
                more["label_size"] = {"width": width, "height": height}
            graph.edge(edge.upper, edge.lower, **more)
        header = max((self._sizes.boxes[name][1] for name in self._holders()), default=0)
        spacing = {
            "compound_header": header + STACKED if header else 0.0,
            "compound_padding": 16.0 if header else 8.0,
            "layer_gap": 28.0,
            "dummy_gap": 30.0,
            "node_gap": 36.0,
            "port_gap": PORT,
            "edge_label_margin": 10.0,
        }
        routing = {"port_sides": "facing_only", "bundle_parallel": False}
        return graphlay.layout(graph, options={"direction": "topbottom", "spacing": spacing, "routing": routing})

    def open(self, number: int) -> bool:
        """Whether an arrow comes from, or goes to, nothing in the picture."""
        return None in (self.arrows[number].sender, self.arrows[number].receiver)

    def read(self, raw: Any) -> tuple[dict[str, Rect], dict[int, Rect]]:
        """Return where boxes stand, and the texts above and below boxes."""
        boxes, texts = {}, {}
        for name, node in zip(raw.positions(), raw.nodes, strict=True):
            center = node["center"]["x"], node["center"]["y"]
            size = node["size"]["width"], node["size"]["height"]
            if name.startswith(" text"):
                texts[int(name.split()[-1])] = Rect.around(center, *size)
            elif not name.startswith(" "):
                boxes[name] = Rect.around(center, *self.sizes.get(name, size))
        return boxes, texts

    def rows(self, boxes: Mapping[str, Rect]) -> list[list[str]]:
        """Return the boxes that stand next to each other, from left to right; most stand alone."""
        return [sorted(group, key=lambda name: boxes[name].left) for group in self._groups()]

    def ends(self, edge: UprightEdge, found: Any, boxes: Mapping[str, Rect]) -> list[Point]:
        """Return an edge's line, from border to border."""
        points = [(point["x"], point["y"]) for point in found["points"]]
        if edge.upper in self.sizes:
            points[0] = points[0][0], boxes[edge.upper].bottom
        if edge.lower in boxes:
            points[-1] = points[-1][0], boxes[edge.lower].top
        return squared(points)

    def _holders(self) -> list[str]:
        return [name for name in self.nesting.names if self.nesting.children(name)]

    def _goes_outside(self, text: SideText, within: Collection[tuple[str, bool]]) -> bool:
        if self.nesting.children(text.box):
            return True
        return self.nesting.parent(text.box) is not None and (text.box, text.left) not in within

    def _size(self, name: str) -> Size:
        width, height = self._sizes.boxes[name]
        most = max(face[name] for face in self._faces)
        return max(width, PORT * (most + 0.5)), max(height, self.level.height(name))

    def _groups(self) -> list[list[str]]:
        """Return boxes without others in them, peers together, in the order in which they are given to the engine."""
        place = {name: k for row in self._order for k, name in enumerate(row)}
        return [sorted(group, key=lambda name: place.get(name, 0)) for group in groups_of(self.sizes, self.level.peers)]

    def _nodes(self, wider: Collection[str]) -> Iterator[tuple[str, Size, str | None, dict[str, Any]]]:
        """Return name, size, place in another node and height of every node, outer ones first."""
        ranks = self._ranks()
        order = {rank: {"fixed": k} for k, rank in enumerate(sorted(set(ranks.values())))}
        for name in sorted(self._holders(), key=self.nesting.depth):
            width, height = self._sizes.boxes[name]
            least = (3 if name in wider else 1) * (width + 2 * STACKED)
            yield name, (least, height), self.nesting.parent(name), {}
        for names in self._groups():
            outer = self.nesting.parent(names[0])
            if len(names) > 1 and self._grouped:
                yield f" row {names[0]}", (1.0, 1.0), outer, {}
                outer = f" row {names[0]}"
            for name in names:
                yield name, self.sizes[name], outer, {"rank": order[ranks[name]]}
        for name in (name for name in ranks if name.startswith(" ")):
            number = int(name.split()[-1])
            size = self._sizes.labels[number] if name.startswith(" text") else (1.0, 1.0)
            yield name, size, self._home(number), {"rank": order[ranks[name]]}

    def _home(self, number: int) -> str | None:
        """Name the box in which an arrow turns: the innermost one around both ends."""
        ends = [end for end in (self.arrows[number].sender, self.arrows[number].receiver) if end is not None]
        around = [outer for outer in self._holders() if all(self.nesting.holds(outer, end) for end in ends)]
        return max(around, key=self.nesting.depth, default=None) if len(ends) > 1 else None

    def _ranks(self) -> dict[str, float]:
        """Return the height of each box, of each text above or below a box, and of each turn."""
        ranks: dict[str, float] = {name: self._levels[name] for name in self.sizes}
        for number in self._upright:
            arrow = self.arrows[number]
            if self.open(number):
                low, high = self._reach(arrow.receiver or arrow.sender or "")
                ranks[f" text {number}"] = low - 0.5 if _text_above(arrow) else high + 0.5
            elif self._turns(number):
                ends = [self._reach(end)[1] for end in (arrow.sender, arrow.receiver) if end]
                ranks[f" turn {number}"] = max(ends) + 0.5
        return ranks

    def _reach(self, name: str) -> tuple[float, float]:
        """Return the highest and lowest level of a box."""
        parts = [part for part in (name, *self.nesting.descendants(name)) if part in self._levels]
        rows = [self._levels[part] for part in parts]
        return min(rows), max(rows)

    def _turns(self, number: int) -> bool:
        """Whether an arrow joins boxes of one height that do not stand next to each other: it turns below them."""
        a, b = self.arrows[number].sender, self.arrows[number].receiver
        if a is None or b is None or a == b or self.nesting.holds(a, b) or self.nesting.holds(b, a):
            return False
        (top_a, low_a), (top_b, low_b) = self._reach(a), self._reach(b)
        return top_a <= low_b and top_b <= low_a

    def _edges(self) -> Iterator[UprightEdge]:
        for number in self._upright:
            arrow = self.arrows[number]
            a, b = arrow.sender, arrow.receiver
            if self.open(number):
                text, box = f" text {number}", a or b or ""
                above = _text_above(arrow)
                yield UprightEdge(*((text, box) if above else (box, text)), number, above == (a is None))
            elif self._turns(number):
                yield UprightEdge(a or "", f" turn {number}", number, True)
                yield UprightEdge(b or "", f" turn {number}", number, False)
            else:
                down = self._points_down(a or "", b or "")
                yield UprightEdge(*((a or "", b or "") if down else (b or "", a or "")), number, down)

    def _points_down(self, a: str, b: str) -> bool:
        if self.nesting.holds(a, b) or self.nesting.holds(b, a):
            return self.nesting.holds(a, b)
        return self._reach(a)[0] < self._reach(b)[0]


def peers_of(nesting: Nesting, arrows: Sequence[Arrow]) -> Iterator[PeerArrow]:
    """Return the arrows between two boxes of one level that stand in the same box."""
    for number, arrow in enumerate(arrows):
        a, b = arrow.sender, arrow.receiver
        if a is None or b is None or a == b or nesting.children(a) or nesting.children(b):
            continue
        own, other = nesting.components[a], nesting.components[b]
        if own.level == other.level and nesting.parent(a) == nesting.parent(b):
            yield PeerArrow(number, a, b)


def groups_of(names: Iterable[str], peers: Iterable[PeerArrow]) -> list[list[str]]:
    """Return the boxes, those together that arrows between peers join."""
    group = {name: [name] for name in names}
    for peer in peers:
        if group[peer.sender] is not group[peer.receiver]:
            joined = group[peer.sender] + group[peer.receiver]
            group |= dict.fromkeys(joined, joined)
    return list({id(own): own for own in group.values()}.values())


def _side_texts(arrows: Sequence[Arrow]) -> Iterator[SideText]:
    """Return the arrows from or to a plain text beside a box."""
    for number, arrow in enumerate(arrows):
        if arrow.sideways and (arrow.sender is None) != (arrow.receiver is None):
            yield SideText(number, arrow.receiver or arrow.sender or "", arrow.sender is None)


def _text_above(arrow: Arrow) -> bool:
    """Whether the text at an arrow's open end stands above its box."""
    return (arrow.kind == LinkKind.CONTROL_ACTION) == (arrow.sender is None)
