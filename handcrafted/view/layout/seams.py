"""Room made in a finished drawing: cut through and pulled open, it stays as it is on either side of the cut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from handcrafted.view.layout.geometry import Line, Point, Rect

EDGE = 0.5
"""Distance from a border or line at which room is made beside it."""


class Seam(NamedTuple):
    """A cut through a whole drawing and how far it is pulled open; not at all where that is negative.

    Attributes:
        place: the cut's x; its y where it is level.
        wide: in points.
        level: whether it runs from left to right.
    """

    place: float
    wide: float
    level: bool = False


class Seams:
    """Cuts that are open; of several at one place the widest counts."""

    def __init__(self, seams: Iterable[Seam]):
        widest: dict[tuple[bool, float], float] = {}
        for seam in seams:
            key = seam.level, round(seam.place, 1)
            widest[key] = max(widest.get(key, 0.0), seam.wide)
        self._cuts = {level: sorted(place for flat, place in widest if flat == level) for level in (False, True)}
        self._shifts = {
            level: [0.0, *accumulate(widest[level, place] for place in places)] for level, places in self._cuts.items()
        }

    def point(self, point: Point) -> Point:
        """Return where a point comes to lie."""
        return self._moved(point[0], False), self._moved(point[1], True)

    def line(self, line: Line) -> list[Point]:
        """Return where a line comes to lie."""
        return [self.point(point) for point in line]

    def rect(self, rect: Rect) -> Rect:
        """Return a rectangle, wider by the cuts that run through it."""
        return Rect(*self.point((rect.left, rect.top)), *self.point((rect.right, rect.bottom)))

    def _moved(self, place: float, level: bool) -> float:
        return place + self._shifts[level][bisect_left(self._cuts[level], place)]


class Drawing(NamedTuple):
    """Boxes, arrows and the texts of some of them, as far as they have their places.

    Attributes:
        boxes: by name.
        lines: by number.
        labels: by number.
        hints: where other labels were to go, by number.
    """

    boxes: Mapping[str, Rect]
    lines: Mapping[int, Line]
    labels: Mapping[int, Rect]
    hints: Mapping[int, Point]

    def opened(self, seams: Sequence[Seam]) -> Drawing:
        """Return the drawing with room in it."""
        cut = Seams(seams)
        return Drawing(
            {name: cut.rect(rect) for name, rect in self.boxes.items()},
            {number: cut.line(line) for number, line in self.lines.items()},
            {number: Rect.around(cut.point(r.center), r.width, r.height) for number, r in self.labels.items()},
            {number: cut.point(point) for number, point in self.hints.items()},
        )
