"""Where the labels of arrows go: on their own line, clear of everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from handcrafted.view.layout.geometry import Line, Pieces, Point, Rect, Segment, meeting, segments, span
from handcrafted.view.layout.seams import EDGE, Seam

CLEAR, APART = 3, 7
"""Points between a label and a box or another label, and between it and another line: its own is nearer."""

TAIL, TIP = 5, 13
"""What must be seen of a line before the label on it, and after it where the arrowhead is."""

SHARES = (0.5, 0.35, 0.65, 0.2, 0.8, 0.1, 0.9)
"""Where along a straight piece a label is tried."""

Size = tuple[float, float]


class Ground:
    """What labels must not lie on: rectangles and lines, each line with its number."""

    def __init__(self, rects: Iterable[Rect], lines: Mapping[int, Line]):
        self._pieces = Pieces(lines)
        self._rects = np.array(list(rects), float).reshape(-1, 4)

    def add(self, rect: Rect) -> None:
        """Keep another rectangle clear."""
        self._rects = np.vstack([self._rects, rect])

    def hits(self, rect: Rect, own: int | None = None) -> int:
        """Count the rectangles, and the pieces of lines other than its own, that a label would lie on."""
        lines = self._pieces.meet(rect.grown(APART), own)
        return int(meeting(self._rects, rect.grown(CLEAR)).sum() + lines.sum())

    def stretch(self, upright: Rect, own: int) -> tuple[float, float]:
        """Return top and bottom of the longest stretch of an upright piece that no other line crosses."""
        crossing = self._pieces.rects[self._pieces.meet(upright, own)]
        levels = sorted([upright.top, *crossing[:, 1], upright.bottom])
        return max(pairwise(levels), key=lambda pair: pair[1] - pair[0])


def place_labels(
    lines: Mapping[int, Line], sizes: Sequence[Size], wanted: Mapping[int, Point], ground: Ground
) -> tuple[dict[int, Rect], list[int]]:
    """Find each line's label a place; return the places by number, and the numbers of those that lie on something.

    Args:
        lines: from sender to receiver, by number.
        sizes: of the labels.
        wanted: where a label was to go, by number: the nearest free place is taken.
        ground: what is to be kept clear; the labels join it.
    """
    placed, missed = {}, []
    for number in sorted(lines, key=lambda number: (_length(lines[number]), number)):
        tried = sorted(_candidates(lines[number], sizes[number], wanted.get(number)), key=lambda one: one[0])
        best: tuple[int, Rect] | None = None
        for _, rect in tried:
            hits = ground.hits(rect, number)
            if best is None or hits < best[0]:
                best = hits, rect
            if not hits:
                break
        assert best is not None
        placed[number] = best[1]
        if best[0]:
            missed.append(number)
            continue  # it must not push others aside
        ground.add(best[1])
    return placed, missed


def seam_for(number: int, line: Line, size: Size, ground: Ground) -> Seam:
    """Return the cut that makes room for a label beside the longest stretch of its line that nothing crosses.

    Where all stretches are too short, the cut makes one longer.
    """
    width, height = size
    pieces = [span(piece) for piece in segments(line)]
    tall = [(ground.stretch(rect, number), rect) for rect in pieces if rect.height > rect.width]
    if not tall:
        longest = max(pieces, key=lambda rect: rect.width)
        return Seam(longest.left + EDGE, width + TAIL + TIP)
    (top, bottom), rect = max(tall, key=lambda one: one[0][1] - one[0][0])
    if (missing := height + 2 * APART - bottom + top) > 0:
        return Seam(top + EDGE, missing + 1, True)
    return Seam(rect.right + EDGE, width + CLEAR + APART + 1)


def _length(line: Line) -> float:
    return sum(span(piece).width + span(piece).height for piece in segments(line))


def _candidates(line: Line, size: Size, wanted: Point | None) -> Iterator[tuple[float, Rect]]:
    """Return places with what each costs: on the line before beside it, near the wanted point before far from it."""
    pieces = list(segments(line))
    for k, piece in enumerate(pieces):
        before = TAIL if k == 0 else CLEAR
        after = TIP if k == len(pieces) - 1 else CLEAR
        for share in SHARES:
            yield from _on(piece, share, size, before, after, wanted)


def _on(
    piece: Segment, share: float, size: Size, before: float, after: float, wanted: Point | None
) -> Iterator[tuple[float, Rect]]:
    (x0, y0), (x1, y1) = piece
    level = abs(y1 - y0) < abs(x1 - x0)
    width, height = size
    length, along = (abs(x1 - x0), width) if level else (abs(y1 - y0), height)
    free = length - before - after - along
    if free >= 0:
        at = (before + along / 2 + free * share) / length
        middle = x0 + at * (x1 - x0), y0 + at * (y1 - y0)
        yield _away(middle, wanted), Rect.around(middle, width, height)
    at = share
    middle = x0 + at * (x1 - x0), y0 + at * (y1 - y0)
    aside = (0.0, height / 2 + CLEAR) if level else (width / 2 + CLEAR, 0.0)
    for sign in (1, -1):
        center = middle[0] + sign * aside[0], middle[1] + sign * aside[1]
        yield 1000 + _away(center, wanted), Rect.around(center, width, height)


def _away(point: Point, wanted: Point | None) -> float:
    return abs(point[0] - wanted[0]) + abs(point[1] - wanted[1]) if wanted else 0.0
