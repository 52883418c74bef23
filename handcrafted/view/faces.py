"""Which boxes stand inside which, and at which height each is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from handcrafted.control.vocabulary import ComponentKind, LinkKind
from handcrafted.loading.structure import StructureComponent
from handcrafted.view.arrows import Arrow
from handcrafted.view.boxes import BoxPort
from handcrafted.view.dot import helper

LEFT_TO_RIGHT = {ComponentKind.ACTUATOR: 0, ComponentKind.SENSOR: 2}
"""Actuators stand left, sensors right, all else between."""


class Nesting:
    """The boxes of a picture as a forest, in declared order."""

    def __init__(self, components: Mapping[str, StructureComponent]):
        self.components = components
        self.names: tuple[str, ...] = tuple(components)
        self._place = {name: place for place, name in enumerate(self.names)}
        self._children: dict[str | None, list[str]] = {}
        for name in self.names:
            self._children.setdefault(self.parent(name), []).append(name)

    def children(self, name: str | None) -> list[str]:
        """Name the boxes directly inside a box; inside None stand the outermost ones."""
        return self._children.get(name, [])

    def parent(self, name: str) -> str | None:
        """Name the box around a box."""
        inside = self.components[name].inside
        return inside if inside in self._place else None

    def around(self, name: str) -> list[str]:
        """Name all boxes around a box, the innermost first."""
        outer = self.parent(name)
        return [] if outer is None else [outer, *self.around(outer)]

    def descendants(self, name: str) -> list[str]:
        """Name all boxes inside a box, at any depth."""
        found: list[str] = []
        for child in self.children(name):
            found += [child, *self.descendants(child)]
        return found

    def holds(self, outer: str, inner: str | None) -> bool:
        """Whether `inner` stands somewhere inside `outer`."""
        return inner in self._place and outer in self.around(inner)

    def depth(self, name: str) -> int:
        """Count the boxes around a box."""
        return len(self.around(name))

    def lowest(self, name: str) -> int:
        """Return the lowest authority, the highest level number, in a box and inside it."""
        return max(self.components[part].level for part in [name, *self.descendants(name)])

    def between(self, one: int, other: int) -> int:
        """Count the levels between two levels."""
        low, high = sorted((one, other))
        return len({c.level for c in self.components.values() if low < c.level < high})

    def levels(self) -> list[list[str]]:
        """Group the boxes by level, highest authority first, actuators left and sensors right.

        A box around others that declares its own level among theirs is left out: it stands above what it holds.
        """
        numbers = sorted({component.level for component in self.components.values()})
        groups = [[name for name in self.names if self._at(name, number)] for number in numbers]
        return [self.ordered(group) for group in groups if group]

    def hanging(self) -> list[tuple[str, str]]:
        """Pair boxes that `levels` leaves out with those of the next higher authority beside them, which stand above.

        Without them the top of such a box would rise past its superiors.
        """
        placed = {name: self.components[name].level for names in self.levels() for name in names}
        pairs = []
        for name in (name for name in self.names if name not in placed):
            least = min(self.components[part].level for part in self.descendants(name))
            above = [level for other, level in placed.items() if level < least and not self.holds(other, name)]
            pairs += [
                (other, name)
                for other, level in placed.items()
                if above and level == max(above) and not self.holds(other, name)
            ]
        return pairs

    def _at(self, name: str, level: int) -> bool:
        own = self.components[name].level
        inner = [self.components[part].level for part in self.descendants(name)]
        return own == level and (not inner or own < min(inner))

    def ordered(self, names: Iterable[str | None]) -> list:
        """Put boxes in the order in which they stand from left to right."""
        return sorted(names, key=self.position)

    def position(self, name: str | None) -> tuple[int, int]:
        """Return the sort key of a box from left to right; what is no box comes last."""
        if name is None:
            return 1, len(self.names)
        return LEFT_TO_RIGHT.get(self.components[name].kind, 1), self._place[name]


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
    """Return the box and the face at which an arrow from or to a plain text beside a box ends; None for all others."""
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
        """Return the places on one face of a node, from left to right."""
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
