"""Small steps in a line taken out by moving its end along the face of its box."""

from __future__ import annotations

from collections.abc import Mapping

from handcrafted.view.layout.geometry import Line, Rect, Segment, crossings, segments, simplified, span

MAX_STEP = 30
"""Points by which an end is moved at most."""

NEAR = 9
"""Least distance between two lines that run alongside each other."""

CORNER = 8
"""Least distance of an arrow from the corner of its box."""


def straightened(lines: Mapping[int, Line], boxes: Mapping[int, tuple[Rect, Rect]]) -> dict[int, Line]:
    """Return the lines with fewer steps, where nothing comes too near and nothing more is crossed.

    Args:
        lines: by number.
        boxes: at the first and the last point of those lines whose ends may move, by number.
    """
    found = dict(lines)
    for number, (first, last) in boxes.items():
        others = [line for other, line in found.items() if other != number]
        found[number] = _moved(_moved(found[number], first, others)[::-1], last, others)[::-1]
    return found


def _moved(line: Line, box: Rect, others: list[Line]) -> Line:
    """Move the first end of a line under its second upright piece, if that is free."""
    if len(line) < 4 or line[0][0] != line[1][0] or line[2][0] != line[3][0]:
        return line
    x, step = line[2][0], abs(line[2][0] - line[0][0])
    moved = simplified([(x, line[0][1]), *line[2:]])
    if step > MAX_STEP or not box.left + CORNER <= x <= box.right - CORNER:
        return line
    piece = (moved[0], moved[1])
    if any(_alongside(piece, other) for way in others for other in segments(way)):
        return line
    before = sum(crossings(line, way) for way in others)
    return moved if sum(crossings(moved, way) for way in others) <= before else line


def _alongside(one: Segment, other: Segment) -> bool:
    a, b = span(one), span(other)
    return b.width < b.height and abs(a.left - b.left) < NEAR and a.top < b.bottom and b.top < a.bottom
