"""A bound of one state for each cell of a grid over the others, where from some value on it comes to a stop.

Formula: y is the state that must not exceed a mark, y0 the value from which on outputs no longer depend on it, and g(c)
    by how much y grows at most in a step from cell c. The bound of a cell is what y may be on entering it or in it:
    f(c) = max(y0 + max g, max of f(b) + g(b) over all cells b that step into c), a longest path. What is claimed to
    hold what the loop can be in: y <= y0 with anything, and y0 <= y <= f(c) in each cell c.
Source: a ranking function, as programs are proved to end (Floyd, "Assigning Meanings to Programs", 1967), over cells.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from handcrafted.proofs import check
from handcrafted.proofs.pruning import Ends

WIDTHS = (64, 128, 256)
"""Cells along the first axis, from grid to grid; along the others an eighth."""

SLAB = 8
"""Cells along the first axis that go together below the start."""

MAX_STEPS = 100_000
"""Steps from the cells of a grid, one for each combination of words from outside."""

MAX_AXES = 4
"""Other states than the bounded one."""

MAX_SEEN = 40_000
"""So many steps from parts of cells are looked at before a search is given up, about a minute."""

MAX_BOUND = 1 << 60
"""The largest mark, in DIGITS."""

MAX_RAISED = 1000
"""How often the bound of a cell is raised, on average: a ring that adds next to nothing would go on for ever."""

MAX_WIDENED = 32
"""How often the hull of states is widened."""

DIGITS = 1 << (check.SCALE - 12)
"""Bounds are multiples of 2^-12."""


class GivenUpError(Exception):
    """A search takes too long."""


def bounded_cells(loop: Any, ranges: Sequence[Any], memories: Sequence[tuple[Ends, ...]]) -> list[list[Ends]]:
    """Return cells that bound a state; none where no claim is about one alone, or no grid does it.

    Args:
        loop: as the checker has it.
        ranges: where each state may be, at most.
        memories: the combinations of what the network carries.

    Raises:
        check.Refused: if what the loop can be in grows beyond all bounds.
        GivenUpError: if too many steps would have to be looked at.
    """
    tests = [row for _, rows in loop.claims for row in rows]
    ((of, at), way, _) = tests[0][0]
    if of != "state" or way != "above" or any(row != tests[0][:1] for row in tests):
        return []
    if not 2 <= len(loop.names) <= 1 + MAX_AXES or abs(ranges[at].high) // DIGITS > MAX_BOUND:
        return []
    found = _Bounding(loop, at, memories)
    found.widen(ranges)
    for places in WIDTHS:
        if (cells := found.cells(places)) is not None:
            return cells
    return []


class _Bounding:
    """The hull of what a loop can be in below the mark, and grids over it.

    Attributes:
        box: an interval of each state, and of all that is carried.
        at: which state is bounded.
        start: from which value of it on outputs do not depend on it.
    """

    def __init__(self, loop: Any, at: int, memories: Sequence[tuple[Ends, ...]]):
        self.loop, self.at, self.memories, self.count = loop, at, memories, len(loop.names)
        self.box = [value[:2] for value in loop.initial]
        self.axes, self.seen = [i for i in range(self.count) if i != at], 0

    def widen(self, ranges: Sequence[Any]) -> None:
        """Widen the hull of the states until it is left no more, and find where the bound begins."""
        self.box[self.at] = (self.box[self.at][0], ranges[self.at].high)
        for _ in range(MAX_WIDENED):
            ends = [end for memory in self.memories for end in self._ends([*self.box, *memory], ranges)]
            wider = list(self.box)
            for i in self.axes:
                low, high = min(end[i][0] for end in ends), max(end[i][1] for end in ends)
                wider[i] = _widened(self.box[i], low, high, ranges[i])
            if wider == self.box:
                self.start = max(self._same_from(*probe) for probe in self._probes())
                self.settled = self._settled()
                self.axes.sort(key=lambda i: self.box[i][0] - self.box[i][1])  # the longest first
                return
            self.box = wider
        raise check.Refused("what the loop can be in grows beyond all bounds")

    def _ends(self, box: Sequence[Ends], ranges: Sequence[Any]) -> list[Sequence[Ends]]:
        """Return where steps from a box end, split until what is carried is known, and states are about in range."""
        found: list[Sequence[Ends]] = []

        def told(end: Sequence[Ends]) -> str | None:
            self.seen += 1
            if self.seen > MAX_SEEN:
                raise GivenUpError(f"more than {MAX_SEEN:,} steps from parts of cells would have to be looked at")
            if not any(_inside(end[self.count :], memory) for memory in self.memories):
                return "what is carried is none of the combinations"
            for i in self.axes:
                slack = (ranges[i].high - ranges[i].low) // 16
                low, high = min(ranges[i].low, box[i][0]) - slack, max(ranges[i].high, box[i][1]) + slack
                if slack and not _inside([end[i]], [(low, high)]):
                    return "a state leaves its range"
            found.append(end)
            return None

        check.steps_from(self.loop, list(box), told)
        return found

    def _probes(self) -> Iterator[tuple[list[Ends], tuple[int, ...]]]:
        """Return points of the other states, at the ends and in the middle, with all memories and words."""
        points = [sorted({low, (low + high) // 2, high}) for low, high in (self.box[i] for i in self.axes)]
        for point in itertools.product(*points):
            for memory in self.memories:
                box = [*self.box, *memory]
                for i, value in zip(self.axes, point, strict=True):
                    box[i] = (value, value)
                yield from ((box, words) for words in self.loop.contexts)

    def _same_from(self, box: list[Ends], words: tuple[int, ...]) -> int:
        """Return about the least value of the bounded state from which on a probe's outputs stay as they are."""
        low, high = box[self.at]

        def outputs(first: int) -> dict[Any, Any]:
            known, _ = self._after(box, words, first)
            return {at: value for at, value in known.items() if at[0] == "output"}

        last, least, most = outputs(high), low, high
        while most - least > 16 * DIGITS:
            middle = (least + most) // 2 // DIGITS * DIGITS
            least, most = (least, middle) if outputs(middle) == last else (middle, most)
        return most if outputs(low) != last else low

    def _settled(self) -> list[tuple[Ends, ...]]:
        """Return what may be carried after a step from above the start."""
        found = [self._after(box, words, self.start)[1][self.count :] for box, words in self._probes()]
        return [memory for memory in self.memories if any(_inside(end, memory) for end in found)]

    def _after(self, box: Sequence[Ends], words: tuple[int, ...], first: int) -> tuple[Any, list[Ends]]:
        part = [*box]
        part[self.at] = (first, box[self.at][1])
        return self.loop.after(part, self.loop.readings(part), words)

    def cells(self, places: int) -> list[list[Ends]] | None:
        """Return cells over a grid; None where bounds reach the mark, or there would be too many."""
        wide = [places, *[max(places // 8, 4)] * (len(self.axes) - 1)]
        edges = [_edges(self.box[i], count) for i, count in zip(self.axes, wide, strict=True)]
        shape = tuple(len(one) - 1 for one in edges)
        if prod(shape) * len(self.loop.contexts) > MAX_STEPS or not self.settled:
            return None
        low, mark = self.box[self.at]
        memory = [(min(a for a, _ in some), max(b for _, b in some)) for some in zip(*self.settled, strict=True)]
        grown, spans = np.zeros(shape, int), np.zeros((*shape, len(self.axes), 2), int)
        boxes = {
            place: [(edge[k], edge[k + 1]) for edge, k in zip(edges, place, strict=True)] for place in np.ndindex(shape)
        }
        for place, box in boxes.items():
            ends = self._steps(self._cell(box, self.start, mark, memory))
            if not _inside(ends[self.count :], memory) or not all(_inside([ends[i]], [self.box[i]]) for i in self.axes):
                return None
            if ends[self.at][1] > 2 * mark - low:  # it is there in one step
                return None
            grown[place] = max(-((mark - ends[self.at][1]) // DIGITS), 0)
            spans[place] = [_touched(edge, *ends[i]) for edge, i in zip(edges, self.axes, strict=True)]
        step = (int(grown.max()) + 64) * DIGITS  # a little more than that, for roundings
        early, late = max(self.start - step, low), self.start + step  # by then what is carried has settled, too
        bounds = _longest(grown, spans, -(-(late + step) // DIGITS), mark // DIGITS)
        if bounds is None:
            return None
        whole, found = [(edge[0], edge[-1]) for edge in edges], []
        for one in self.memories:
            found.append(self._cell(whole, low, early, one))
            high = self.start if one in self.settled else late
            for k in range(0, shape[0], SLAB):
                slab = (edges[0][k], edges[0][min(k + SLAB, shape[0])])
                found.append(self._cell([slab, *whole[1:]], early, high, one))
        return found + [self._cell(box, self.start, int(bounds[at]) * DIGITS, memory) for at, box in boxes.items()]

    def _cell(self, spans: Sequence[Ends], low: int, high: int, memory: Sequence[Ends]) -> list[Ends]:
        """Return a cell: an interval of each other state, of the bounded one, and of all that is carried."""
        box = dict(zip(self.axes, spans, strict=True)) | {self.at: (low, high)}
        return [*(box[i] for i in range(self.count)), *memory]

    def _steps(self, box: list[Ends]) -> list[Ends]:
        """Return the hull of where steps from a box end."""
        ends = [self._after(box, words, box[self.at][0])[1] for words in self.loop.contexts]
        return [(min(low for low, _ in some), max(high for _, high in some)) for some in zip(*ends, strict=True)]


def _inside(ends: Sequence[Ends], others: Sequence[Ends]) -> bool:
    return all(a <= c and d <= b for (a, b), (c, d) in zip(others, ends, strict=True))


def _widened(now: Ends, low: int, high: int, known: Any) -> Ends:
    """Return an interval that holds another one, too: to the end of a known range, to 0, or a sixteenth beyond."""
    wide = (max(high, now[1]) - min(low, now[0])) // 16
    if low < now[0]:
        low = next((end for end in (known.low, 0) if end <= low), (low - wide) // DIGITS * DIGITS)
    if high > now[1]:
        high = next((end for end in (known.high, 0) if end >= high), -(-(high + wide) // DIGITS) * DIGITS)
    return min(low, now[0]), max(high, now[1])


def _edges(ends: Ends, places: int) -> list[int]:
    """Return the edges of cells of one width, a power of 2; 0, where it is the lower end, is a cell of its own."""
    low, high = ends
    wide = 1 << max(((high - low) // places).bit_length() - 1, 0)
    inner = range((low // wide + 1) * wide, high, wide)
    return [*([low] if low == 0 else []), low, *inner, high]


def _touched(edges: Sequence[int], low: int, high: int) -> tuple[int, int]:
    """Return the first and the last cell along an axis that an interval needs to be covered."""
    last = max(bisect_left(edges, high) - 1, 0)
    return min(bisect_right(edges, low) - 1, last), last


def _longest(grown: np.ndarray, spans: np.ndarray, first: float, mark: float) -> np.ndarray | None:
    """Return the greatest that can be gathered up to each place; None where it passes the mark, or would go on long.

    Args:
        grown: what is gathered in a step from each place [place].
        spans: the first and the last place along each axis that it may lead to [place, axis, end].
        first: what may be there from the beginning.
        mark: what must not be passed.
    """
    bounds, waiting = np.full(grown.shape, first), {*np.ndindex(grown.shape)}
    for _ in range(MAX_RAISED * bounds.size):
        if not waiting:
            return bounds
        place = waiting.pop()
        reached = bounds[place] + grown[place]
        if reached > mark:
            return None
        part = tuple(slice(a, b + 1) for a, b in spans[place])
        lower = np.argwhere(bounds[part] < reached)
        if len(lower):
            np.maximum(bounds[part], reached, out=bounds[part])
            waiting |= set(map(tuple, (lower + spans[place][:, 0]).tolist()))
    return None
