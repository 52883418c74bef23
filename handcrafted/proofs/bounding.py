"""A bound of one state for each cell of a grid over the others, where from some value on it comes to a stop.

Formula: y is the state that must not pass a mark, y0 a value at which what the network does changes, and g(c, b) by how
    much y grows at most in a step from cell c with y in a band b above y0. The bound of a cell is what y may be on
    entering it or in it: f(c) = max(y0 + 2 max g, y at first or after the first step where that leads there, max of
    min(f(d), top of b) + g(d, b) over all cells d that step into c), a longest path. What is claimed to hold what the
    loop can be in: y <= y0 with anything, and y0 <= y <= f(c) in each cell c, which is of the other states and what is
    carried. A state that must not fall below a mark is taken with its sign turned.
Source: a ranking function, as programs are proved to end (Floyd, "Assigning Meanings to Programs", 1967), over cells.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from handcrafted.proofs import check
from handcrafted.proofs.grid import DIGITS, edges, hull, inside, longest, meet, touched
from handcrafted.proofs.hull import LoopHull
from handcrafted.proofs.pruning import Ends, Memory

WIDTHS = (64, 128, 256)
"""Cells along the first axis, from grid to grid; along the others an eighth."""

SLAB = 8
"""Cells along the first axis that go together below the start."""

MAX_STEPS = 100_000
"""Steps from the cells of a grid, one for each band and combination of words from outside."""

MAX_AXES = 4
"""Other states than the bounded one."""

MAX_BOUND = 1 << 60
"""The largest mark, in DIGITS."""


def bounded_cells(loop: Any, ranges: Sequence[Any], memories: Sequence[Memory]) -> list[list[Ends]]:
    """Return cells that bound a state; none where no claim is about one in every case, or no grid does it.

    Args:
        loop: as the checker has it.
        ranges: where each state may be, at most.
        memories: the combinations of what the network carries.

    Raises:
        check.Refused: if what the loop can be in grows beyond all bounds.
        GivenUpError: if too many steps would have to be looked at.
    """
    rows = [row for _, rows in loop.claims for row in rows]
    for (of, at), way, _ in rows[0]:
        stays = of == "state" and (ranges[at].high_stays if way == "above" else ranges[at].low_stays)
        if stays and all(any(test[:2] == ((of, at), way) for test in row) for row in rows):
            break
    else:
        return []
    mark = ranges[at].high if way == "above" else ranges[at].low
    if not 2 <= len(loop.names) <= 1 + MAX_AXES or abs(mark) // DIGITS > MAX_BOUND:
        return []
    known = LoopHull(loop, at, way == "above", memories, [(one.low, one.high) for one in ranges])
    simplest, *others = _ways(known)
    for ways, places in itertools.product(([simplest], others), WIDTHS):
        for bands, some, cut in ways:
            if (cells := _Bounding(known, bands, some, cut).cells(places)) is not None:
                return cells
    return []


def _ways(known: LoopHull) -> Iterator[tuple[list[Ends], list[Memory], bool]]:
    """Return bands that bounds may begin below, and what may be carried there: at once, or one by one on a cut grid."""
    for count in range(1, len(known.bands) + 1):
        bands = known.bands[:count]
        found = [known.after(*probe, band)[1][known.count :] for probe in known.probes() for band in bands]
        settled = [memory for memory in known.memories if any(inside(end, memory) for end in found)]
        yield bands, [tuple(hull(settled or known.memories))], False
        yield bands, settled or [*known.memories], True


class _Bounding:
    """Bounds over grids, that begin below some bands, with what may be carried there."""

    def __init__(self, known: LoopHull, bands: list[Ends], memories: list[Memory], cut: bool):
        self.known, self.bands, self.memories = known, bands, memories
        self.start = bands[-1][0] + DIGITS  # at the very edge of a band a sensor may read what is below
        self.cuts = {i: known.cuts(i, bands, memories) if cut else [] for i in known.axes}

    def cells(self, places: int) -> list[list[Ends]] | None:
        """Return cells over a grid; None where bounds reach the mark, or there would be too many."""
        known, start = self.known, self.start
        wide = [places, *[max(places // 8, 4)] * (len(known.axes) - 1)]
        along = [edges(known.box[i], count, self.cuts[i]) for i, count in zip(known.axes, wide, strict=True)]
        shape = (len(self.memories), *(len(one) - 1 for one in along))
        if prod(shape) * len(self.bands) * len(known.contexts) > MAX_STEPS:
            return None
        boxes = {
            (m, *at): [(edge[k], edge[k + 1]) for edge, k in zip(along, at, strict=True)]
            for m, *at in np.ndindex(shape)
        }
        grown = np.zeros((*shape, len(self.bands)), int)
        spans = np.zeros((*grown.shape, len(shape), 2), int)
        for (place, box), (n, band) in itertools.product(boxes.items(), enumerate(self.bands)):
            if (end := self._end(box, band, self.memories[place[0]])) is None:
                return None
            rounded = max(abs(band[0]) - abs(band[1]), 0) >> 20  # a number is rounded the more the larger it is
            grown[*place, n] = -((band[1] - known.turned(end[known.at])[1] - rounded) // DIGITS)
            spans[*place, n] = self._touched(along, end)
        below = [known.turned(known.after(*one, (known.low, start))[1][known.at])[1] for one in known.probes()]
        step = max(int(grown.max()) * DIGITS, max(below) - start) + 64 * DIGITS  # a little more, for roundings
        late, begins = start + step, self._beginning()  # by then what is carried has settled, too
        if begins is None:
            return None
        first = np.full(shape, -(-(late + step) // DIGITS))
        for end in begins:
            part = tuple(slice(a, b + 1) for a, b in self._touched(along, end))
            np.maximum(first[part], -(-known.turned(end[known.at])[1] // DIGITS), out=first[part])
        steps = [(low // DIGITS, -(-high // DIGITS)) for low, high in self.bands]
        bounds = longest(grown, spans, steps, first, known.mark // DIGITS)
        if bounds is None:
            return None
        found = [] if self._fitting(self._begin) else [self._begin]
        found += self._below(along, max(start - step, known.low), late)
        tops = ((box, self.memories[at[0]], int(bounds[at]) * DIGITS) for at, box in boxes.items())
        return found + [self._cell(box, (start, top), memory) for box, memory, top in tops]

    def _end(self, box: Sequence[Ends], band: Ends, memory: Memory) -> list[Ends] | None:
        """Return the hull of where steps from a place of the grid end; None where that is not within the grid."""
        known, ends = self.known, []
        parts = [list(box)]
        for n, i in enumerate(known.axes):
            parts += [[*box[:n], (edge, edge), *box[n + 1 :]] for edge in box[n] if edge in self.cuts[i]]
        for part, words in itertools.product(parts, known.contexts):
            ends.append(known.after(self._cell(part, band, memory), words, band)[1])
            if not self._fitting(ends[-1]):
                return None
        whole = hull(ends)
        stays = all(inside([whole[i]], [known.box[i]]) for i in known.axes)
        far = known.turned(whole[known.at])[1] - band[1] > known.mark - known.low  # it is there in one step
        return whole if stays and not far else None

    def _fitting(self, end: Sequence[Ends]) -> list[int]:
        """Return which of the combinations what is carried at the end of a step is one of."""
        carried = end[self.known.count :]
        return [n for n, memory in enumerate(self.memories) if inside(carried, memory)]

    def _below(self, along: Sequence[Sequence[int]], early: int, late: int) -> Iterator[list[Ends]]:
        """Return cells of what is below the start, and a step beyond it with what is carried there at first."""
        whole, (first, *_) = [(edge[0], edge[-1]) for edge in along], along
        for one in self.known.memories:
            yield self._cell(whole, (self.known.low, early), one)
            settled = any(inside(one, memory) for memory in self.memories)
            for k in range(0, len(first) - 1, SLAB):
                slab = (first[k], first[min(k + SLAB, len(first) - 1)])
                yield self._cell([slab, *whole[1:]], (early, self.start if settled else late), one)

    @property
    def _begin(self) -> list[Ends]:
        loop = self.known.loop
        return [value[:2] for value in (*loop.initial, *loop.network.begin())]

    def _beginning(self) -> list[list[Ends]] | None:
        """Return where the loop starts, or where its first step ends if what is carried at first is none of some.

        None where what is carried then is none of them, either.
        """
        if self._fitting(self._begin):
            return [self._begin]
        found: list[list[Ends]] = []

        def told(end: list[Ends]) -> str | None:
            if not self._fitting(end):
                return "what is carried is none of the combinations"
            found.append(end)
            return None

        try:
            check.steps_from(self.known.loop, self._begin, told)
        except check.Refused:
            return None
        return found

    def _touched(self, along: Sequence[Sequence[int]], end: Sequence[Ends]) -> np.ndarray:
        """Return the first and the last place of the grid that the hull of some ends needs [axis, end]."""
        carried = end[self.known.count :]
        met = [n for n, memory in enumerate(self.memories) if meet(carried, memory)]
        places = (touched(edge, *end[i]) for edge, i in zip(along, self.known.axes, strict=True))
        return np.array([(met[0], met[-1]), *places])

    def _cell(self, spans: Sequence[Ends], band: Ends, memory: Sequence[Ends]) -> list[Ends]:
        """Return a cell: an interval of each other state, of the bounded one, and of all that is carried."""
        known = self.known
        box = dict(zip(known.axes, spans, strict=True)) | {known.at: known.turned(band)}
        return [*(box[i] for i in range(known.count)), *memory]
