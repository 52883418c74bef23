"""Which boxes stand inside which, and at which height each is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.structure import StructureComponent

LEFT_TO_RIGHT = {ComponentKind.ACTUATOR: 0, ComponentKind.SENSOR: 2}
"""Actuators stand left, sensors right, all else between."""


class Nesting:
    """The boxes of a picture as a forest, in declared order."""

    def __init__(self, components: Mapping[str, StructureComponent]):
        self.components = components
        self.names: tuple[str, ...] = tuple(components)
        self._place = {name: place for place, name in enumerate(self.names)}

    def children(self, name: str | None) -> list[str]:
        """Name the boxes directly inside a box; inside None stand the outermost ones."""
        return [child for child in self.names if self._parent(child) == name]

    def _parent(self, name: str) -> str | None:
        inside = self.components[name].inside
        return inside if inside in self._place else None

    def descendants(self, name: str) -> list[str]:
        """Name all boxes inside a box, at any depth."""
        found: list[str] = []
        for child in self.children(name):
            found += [child, *self.descendants(child)]
        return found

    def holds(self, outer: str, inner: str | None) -> bool:
        """Whether `inner` stands somewhere inside `outer`."""
        return inner is not None and inner in self.descendants(outer)

    def depth(self, name: str) -> int:
        """Count the boxes around a box."""
        return sum(self.holds(outer, name) for outer in self.names)

    def lowest(self, name: str) -> int:
        """Give the lowest authority, the highest level number, in a box and inside it."""
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
        """Give the sort key of a box from left to right; what is no box comes last."""
        if name is None:
            return 1, len(self.names)
        return LEFT_TO_RIGHT.get(self.components[name].kind, 1), self._place[name]
