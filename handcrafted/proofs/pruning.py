"""The largest set that a loop never leaves, among what one sensor tells apart and each word that the network carries.

Formula: the greatest fixed point: of all cells (a reading, a combination of carried numbers) those go, again and again,
    that may end outside what is left, or in which what is claimed may be broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from handcrafted.proofs import check

Ends = tuple[int, int]
"""An interval in multiples of 2^-SCALE."""

Memory = tuple[Ends, ...]
"""What a network carries: an interval of each number."""

MAX_STEPS = 8_000
"""Steps that are worked out at most: readings, times combinations of carried numbers, times words from outside."""


def largest_safe_set(loop: Any, state: Ends, memories: Sequence[tuple[Ends, ...]]) -> list[list[Ends]]:
    """Return the largest safe set as few cells; none where nothing is left.

    Args:
        loop: of one state, which one sensor rounds.
        state: the interval that it is sought in.
        memories: the combinations of what the network carries.

    Raises:
        check.Refused: if there are too many cells, or more than one state.
    """
    rounding = [(i, step) for (i, *_), step in zip(loop.sensors, loop.steps, strict=True) if step is not None]
    check.need(len(loop.names) == 1 and len(rounding) == 1, "pruning takes one state, which one sensor rounds")
    step = rounding[0][1]
    first, last = (round_to(end, step) for end in state)
    steps = (last - first + 1) * len(memories) * prod(map(len, loop.words))
    check.need(steps <= MAX_STEPS, f"there are more than {MAX_STEPS} steps to be worked out")
    span = lambda k: (max(state[0], (2 * k - 1) * step // 2), min(state[1], (2 * k + 1) * step // 2))
    number = {memory: n for n, memory in enumerate(memories)}
    left: dict[tuple[int, int], list[tuple[int, Ends]]] = {}
    for memory, n in number.items():
        for k in range(first, last + 1):
            ends = _ends(loop, [span(k), *memory], number)
            if ends is not None:
                left[n, k] = ends

    def fits(n: int, low: int, high: int) -> bool:
        reached = range(round_to(low, step), round_to(high, step) + 1)
        return state[0] <= low and high <= state[1] and all((n, k) in left for k in reached)

    while gone := [cell for cell, ends in left.items() if not all(fits(n, *pair) for n, pair in ends)]:
        for cell in gone:
            del left[cell]
    found = []
    for memory, n in number.items():
        for low, high in _joined(k for m, k in left if m == n):
            found.append([(span(low)[0], span(high)[1]), *memory])
    return found


def round_to(number: int, step: int) -> int:
    """Return a number in steps, rounded to the nearest; half a step goes up, into the cell that begins there."""
    return (2 * number + step) // (2 * step)


def _ends(loop: Any, cell: list[Ends], number: dict[tuple[Ends, ...], int]) -> list[tuple[int, Ends]] | None:
    """Return where a cell's steps end: in which combination, and in which interval; None where that is not known."""
    found: list[tuple[int, Ends]] = []

    def told(end: Sequence[Ends]) -> str | None:
        if (memory := number.get(tuple(end[1:]))) is None:
            return "what is carried is none of the combinations"
        found.append((memory, end[0]))
        return None

    try:
        check.steps_from(loop, cell, told)
    except check.Refused:
        return None
    return found


def _joined(numbers: Any) -> list[tuple[int, int]]:
    """Join numbers that follow each other to (first, last)."""
    found: list[tuple[int, int]] = []
    for k in sorted(numbers):
        if found and found[-1][1] == k - 1:
            found[-1] = found[-1][0], k
        else:
            found.append((k, k))
    return found
