"""Small steps in a line taken out by moving its end along the face of its box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handcrafted.view.layout.geometry import Line, Pieces, Rect, passes, simplified, span

MAX_STEP = 120
"""Points by which an end is moved at most."""

NEAR = 9
"""Least distance between two lines that run alongside each other."""

CORNER = 8
"""Least distance of an arrow from the corner of its box."""


def straightened(
    lines: Mapping[int, Line], boxes: Mapping[int, tuple[Rect, Rect]], solid: Sequence[Rect]
) -> dict[int, Line]:
    """Return the lines with fewer steps, where nothing comes too near and nothing more is crossed.

    Args:
        lines: by number.
        boxes: at the first and the last point of those lines whose ends may move, by number.
        solid: what no line runs over.
    """
    found = dict(lines)
    pieces = Pieces(found)
    for number, (first, last) in boxes.items():
        moved = _moved(number, found[number], first, pieces)
        moved = _moved(number, moved[::-1], last, pieces)[::-1]
        if moved != found[number] and not any(passes(moved, rect) for rect in solid):
            found[number] = moved
            pieces = Pieces(found)
    return found


def _moved(number: int, line: Line, box: Rect, pieces: Pieces) -> Line:
    """Move the first end of a line under its second upright piece, if that is free."""
    if len(line) < 4 or line[0][0] != line[1][0] or line[2][0] != line[3][0]:
        return line
    x, step = line[2][0], abs(line[2][0] - line[0][0])
    moved = simplified([(x, line[0][1]), *line[2:]])
    if step > MAX_STEP or not box.left + CORNER <= x <= box.right - CORNER:
        return line
    beside = span((moved[0], moved[1]))
    wide = Rect(beside.left - NEAR, beside.top, beside.right + NEAR, beside.bottom)
    if (pieces.meet(wide, number) & pieces.upright).any():
        return line
    return moved if pieces.crossed_by(number, moved) <= pieces.crossed_by(number, line) else line
