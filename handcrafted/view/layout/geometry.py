"""Points, rectangles and lines of a drawing, in points, y downwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

Point = tuple[float, float]
Line = Sequence[Point]
Segment = tuple[Point, Point]

TOUCH = 0.01
"""Points within which two places are one."""


class Rect(NamedTuple):
    """An upright rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, center: Point, width: float, height: float) -> Rect:
        """Return the rectangle of that size around a point."""
        x, y = center
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def center(self) -> Point:
        """Its middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def moved(self, x: float, y: float) -> Rect:
        """Return it shifted."""
        return Rect(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def grown(self, by: float) -> Rect:
        """Return it with a margin on each side; less where it is negative."""
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def overlaps(self, other: Rect) -> bool:
        """Whether the two share more than a border."""
        return (
            self.left < other.right - TOUCH
            and other.left < self.right - TOUCH
            and self.top < other.bottom - TOUCH
            and other.top < self.bottom - TOUCH
        )

    def holds(self, other: Rect) -> bool:
        """Whether another rectangle lies inside it."""
        return (
            self.left <= other.left
            and self.right >= other.right
            and self.top <= other.top
            and self.bottom >= other.bottom
        )


def hull(rects: Iterable[Rect]) -> Rect:
    """Return the smallest rectangle around all."""
    lefts, tops, rights, bottoms = zip(*rects, strict=True)
    return Rect(min(lefts), min(tops), max(rights), max(bottoms))


def borders(rect: Rect) -> list[Rect]:
    """Return the four sides of a rectangle, as thin rectangles."""
    left, top, right, bottom = rect
    upper, lower = Rect(left, top, right, top), Rect(left, bottom, right, bottom)
    return [upper, lower, Rect(left, top, left, bottom), Rect(right, top, right, bottom)]


def segments(line: Line) -> Iterator[Segment]:
    """Return the straight pieces of a line."""
    yield from pairwise(line)


def span(segment: Segment) -> Rect:
    """Return the rectangle, thin for an upright or level piece, that a piece of a line fills."""
    (x0, y0), (x1, y1) = segment
    return Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def passes(line: Line, rect: Rect) -> bool:
    """Whether a line of upright and level pieces runs through the inside of a rectangle."""
    return any(span(piece).grown(TOUCH).overlaps(rect.grown(-2 * TOUCH)) for piece in segments(line))


class Pieces:
    """The straight pieces of many lines, as arrays."""

    def __init__(self, lines: Mapping[int, Line]):
        found = [(number, span(piece)) for number, line in lines.items() for piece in segments(line)]
        self.numbers = np.array([number for number, _ in found], int)
        self.rects = np.array([rect for _, rect in found], float).reshape(-1, 4)

    @property
    def upright(self) -> np.ndarray:
        """Which pieces run upright."""
        left, top, right, bottom = self.rects.T
        return right - left < bottom - top

    def crossings(self) -> int:
        """Count where a level piece of one line meets an upright piece of another, ends left out."""
        return int(_cross(self, self).sum())

    def crossed_by(self, number: int, line: Line) -> int:
        """Count where a line would cross the others if it were the one of that number."""
        own = Pieces({number: line})
        return int(_cross(own, self).sum() + _cross(self, own).sum())

    def meet(self, rect: Rect, own: int | None = None) -> np.ndarray:
        """Say which pieces of lines other than its `own` touch a rectangle."""
        touched = meeting(self.rects, rect)
        return touched if own is None else touched & (self.numbers != own)


def meeting(rects: np.ndarray, rect: Rect) -> np.ndarray:
    """Say which of many rectangles touch one."""
    left, top, right, bottom = rects.T
    return (left < rect.right) & (rect.left < right + 1e-9) & (top < rect.bottom) & (rect.top < bottom + 1e-9)


def _cross(level: Pieces, upright: Pieces) -> np.ndarray:
    """Say which pieces, taken as level ones, are crossed by which, taken as upright ones."""
    left, top, right, bottom = level.rects.T[:, :, None]
    x, high, wide, low = upright.rects.T[:, None, :]
    flat, tall = bottom - top < TOUCH, wide - x < TOUCH
    inside = (left + TOUCH < x) & (x < right - TOUCH) & (high + TOUCH < top) & (top < low - TOUCH)
    return flat & tall & inside & (level.numbers[:, None] != upright.numbers[None, :])


def squared(line: Line) -> list[Point]:
    """Return a line whose slanted pieces are steps: the engine leaves a few where it straightens others."""
    corners = [line[0]]
    for (x0, y0), (x1, y1) in segments(line):
        if abs(x0 - x1) > TOUCH < abs(y0 - y1):
            middle = (y0 + y1) / 2
            corners += [(x0, middle), (x1, middle)]
        corners.append((x1, y1))
    return corners


def simplified(line: Line) -> list[Point]:
    """Return a line without points at which it does not turn."""
    kept: list[Point] = []
    for point in line:
        if kept and abs(kept[-1][0] - point[0]) < TOUCH and abs(kept[-1][1] - point[1]) < TOUCH:
            continue
        if len(kept) > 1 and any(abs(kept[-2][k] - kept[-1][k]) < TOUCH > abs(kept[-1][k] - point[k]) for k in (0, 1)):
            kept.pop()
        kept.append(point)
    return kept
