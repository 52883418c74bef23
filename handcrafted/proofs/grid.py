"""Cells of a grid, and the longest path through them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from handcrafted.proofs import check
from handcrafted.proofs.pruning import Ends

MAX_RAISED = 1000
"""How often the bound of a cell is raised, on average: a ring that adds next to nothing would go on for ever."""

DIGITS = 1 << (check.SCALE - 12)
"""Bounds are multiples of 2^-12."""


def inside(ends: Sequence[Ends], others: Sequence[Ends]) -> bool:
    """Say whether each of some intervals lies in another one."""
    return all(a <= c and d <= b for (a, b), (c, d) in zip(others, ends, strict=True))


def meet(ends: Sequence[Ends], others: Sequence[Ends]) -> bool:
    """Say whether each of some intervals meets another one."""
    return all(a <= d and c <= b for (a, b), (c, d) in zip(others, ends, strict=True))


def hull(boxes: Sequence[Sequence[Ends]]) -> list[Ends]:
    """Return the least box that holds some others."""
    return [(min(low for low, _ in some), max(high for _, high in some)) for some in zip(*boxes, strict=True)]


def widened(now: Ends, low: int, high: int, known: Ends) -> Ends:
    """Return an interval that holds another one, too: to the end of a known range, to 0, or a sixteenth beyond."""
    wide = (max(high, now[1]) - min(low, now[0])) // 16
    if low < now[0]:
        low = next((end for end in (known[0], 0) if end <= low), (low - wide) // DIGITS * DIGITS)
    if high > now[1]:
        high = next((end for end in (known[1], 0) if end >= high), -(-(high + wide) // DIGITS) * DIGITS)
    return min(low, now[0]), max(high, now[1])


def edges(ends: Ends, places: int, cuts: Sequence[int] = ()) -> list[int]:
    """Return the edges of cells of one width, a power of 2, cut further where that is asked for.

    0, where it is the lower end, is a cell of its own.
    """
    low, high = ends
    wide = 1 << max(((high - low) // places).bit_length() - 1, 0)
    inner = {*range((low // wide + 1) * wide, high, wide), *(cut for cut in cuts if low < cut < high)}
    return [*([low] if low == 0 else []), low, *sorted(inner), high]


def touched(edges: Sequence[int], low: int, high: int) -> tuple[int, int]:
    """Return the first and the last cell along an axis that an interval needs to be covered."""
    last = max(bisect_left(edges, high) - 1, 0)
    return min(bisect_right(edges, low) - 1, last), last


def longest(
    grown: np.ndarray, spans: np.ndarray, bands: Sequence[Ends], first: np.ndarray, mark: int
) -> np.ndarray | None:
    """Return the greatest that can be gathered up to each place; None where it passes the mark, or would go on long.

    Args:
        grown: what is gathered in a step from each place, by the band that it begins in [place, band].
        spans: the first and the last place along each axis that it may lead to [place, band, axis, end].
        bands: intervals of what is gathered so far.
        first: what may be there from the beginning [place].
        mark: what must not be passed.
    """
    bounds, waiting = first.copy(), {*np.ndindex(first.shape)}
    for _ in range(MAX_RAISED * bounds.size):
        if not waiting:
            return bounds if bounds.max() <= mark else None
        place = waiting.pop()
        for (low, high), more, span in zip(bands, grown[place], spans[place], strict=True):
            reached = min(bounds[place], high) + more
            if bounds[place] < low:
                continue
            if reached > mark:
                return None
            part = tuple(slice(first, last + 1) for first, last in span)
            lower = np.argwhere(bounds[part] < reached)
            if len(lower):
                np.maximum(bounds[part], reached, out=bounds[part])
                waiting |= set(map(tuple, (lower + span[:, 0]).tolist()))
    return None
