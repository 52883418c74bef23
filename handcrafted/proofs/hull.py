"""The hull of what a loop can be in on the near side of a mark, and where in it the network does something else."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from handcrafted.proofs import check
from handcrafted.proofs.grid import DIGITS, hull, inside, widened
from handcrafted.proofs.pruning import Ends, Memory

MAX_BANDS = 4
"""Bands of the bounded state in which the network does one thing, counted from the mark."""

MAX_TRIED = 400
"""Intervals of readings that are tried to find where the network begins to do something else."""

MAX_SEEN = 40_000
"""So many steps from parts of cells are looked at before a search is given up, about a minute."""

MAX_WORKED = 100_000
"""So many steps are worked out for bounds before they are given up; the wheel brakes take 28,000."""

MAX_WIDENED = 32
"""How often the hull of states is widened."""


class GivenUpError(Exception):
    """A search takes too long."""


class LoopHull:
    """The hull of what a loop can be in on the near side of the mark of one of its states.

    Args:
        loop: as the checker has it.
        at: which state is bounded.
        upward: whether it must not pass its mark upward.
        memories: the combinations of what the network carries.
        ranges: where each state may be, at most.

    Attributes:
        box: an interval of each state.
        low, mark: of the bounded state, with its sign turned if it must not fall below its mark.
        axes: the other states, the longest first.
        bands: intervals of the bounded state, from the mark on, in each of which the network does one thing.

    Raises:
        check.Refused: if what the loop can be in grows beyond all bounds.
        GivenUpError: if too many steps would have to be looked at.
    """

    def __init__(self, loop: Any, at: int, upward: bool, memories: Sequence[Memory], ranges: Sequence[Ends]):
        self.loop, self.at, self.upward, self.memories, self.count = loop, at, upward, memories, len(loop.names)
        self.contexts: list[tuple[int, ...]] = loop.contexts
        self.box = [value[:2] for value in loop.initial]
        self.axes, self.seen = [i for i in range(self.count) if i != at], 0
        self.worked = 0
        self.step = {i: step for (i, *_), step in zip(loop.sensors, loop.steps, strict=True) if step}
        self._widen(ranges)
        self.bands = [*self._bands()]
        self.axes.sort(key=lambda i: self.box[i][0] - self.box[i][1])

    def turned(self, ends: Ends) -> Ends:
        """Return an interval of the bounded state with its sign turned, if it must not fall below its mark."""
        return ends if self.upward else (-ends[1], -ends[0])

    def _widen(self, ranges: Sequence[Ends]) -> None:
        """Widen the hull of the states until it is left no more."""
        known = [self.turned(one) if i == self.at else one for i, one in enumerate(ranges)]
        self.low, self.mark = self.turned(self.box[self.at])[0], known[self.at][1]
        self.box[self.at] = self.turned((self.low, self.mark))
        for _ in range(MAX_WIDENED):
            ends = hull([end for memory in self.memories for end in self._ends([*self.box, *memory], ranges)])
            wider = [widened(self.box[i], *ends[i], ranges[i]) for i in range(self.count)]
            low, _ = self.turned(ends[self.at])
            self.low, _ = widened((self.low, self.mark), min(low, self.mark), self.mark, known[self.at])
            wider[self.at] = self.turned((self.low, self.mark))
            if wider == self.box:
                return
            self.box = wider
        raise check.Refused("what the loop can be in grows beyond all bounds")

    def _ends(self, box: Sequence[Ends], ranges: Sequence[Ends]) -> list[Sequence[Ends]]:
        """Return where steps from a box end, split until what is carried is known, and states are about in range."""
        found: list[Sequence[Ends]] = []

        def told(end: Sequence[Ends]) -> str | None:
            self.seen += 1
            if self.seen > MAX_SEEN:
                raise GivenUpError(f"more than {MAX_SEEN:,} steps from parts of cells would have to be looked at")
            if not any(inside(end[self.count :], memory) for memory in self.memories):
                return "what is carried is none of the combinations"
            for i in self.axes:
                slack = (ranges[i][1] - ranges[i][0]) // 16
                low, high = min(ranges[i][0], box[i][0]) - slack, max(ranges[i][1], box[i][1]) + slack
                if slack and not inside([end[i]], [(low, high)]):
                    return "a state leaves its range"
            found.append(end)
            return None

        check.steps_from(self.loop, list(box), told)
        return found

    def probes(self) -> Iterator[tuple[list[Ends], tuple[int, ...]]]:
        """Return points of the other states, at the ends and in the middle, with all memories and words."""
        points = [sorted({low, (low + high) // 2, high}) for low, high in (self.box[i] for i in self.axes)]
        for point in itertools.product(*points):
            for memory in self.memories:
                box = [*self.box, *memory]
                for i, value in zip(self.axes, point, strict=True):
                    box[i] = (value, value)
                yield from ((box, words) for words in self.contexts)

    def _bands(self) -> Iterator[Ends]:
        high = self.mark
        for _ in range(MAX_BANDS):
            low = max(self._same_from(*probe, high) for probe in self.probes())
            yield low, high
            high = low
            if low == self.low:
                return

    def _same_from(self, box: list[Ends], words: tuple[int, ...], high: int) -> int:
        """Return the least value of the bounded state, up to a step of its sensor, from which on nothing changes."""

        done = lambda first: self._done(box, words, (first, high))
        step = self.step.get(self.at, 32 * DIGITS)
        cut = lambda k: (2 * k + 1) * step // 2
        least, most = (self.low - step // 2) // step, (high - step // 2 - 1) // step
        last = done(max(cut(most), self.low))
        if most <= least or done(self.low) == last:
            return self.low
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if done(cut(middle)) == last else (middle, most)
        return cut(most)

    def _done(self, box: Sequence[Ends], words: tuple[int, ...], band: Ends) -> Any:
        """Return what the network puts out and carries."""
        known, end = self.after(box, words, band)
        return {at: value for at, value in known.items() if at[0] == "output"}, end[self.count :]

    def after(self, box: Sequence[Ends], words: tuple[int, ...], band: Ends) -> tuple[Any, list[Ends]]:
        """Return what is known, and where a step ends; what a sensor reads at an end of the box goes with the next.

        Raises:
            GivenUpError: if that has been asked too often.
        """
        self.worked += 1
        if self.worked > MAX_WORKED:
            raise GivenUpError(f"more than {MAX_WORKED:,} steps would have to be worked out")
        part = [*box]
        part[self.at] = self.turned(band)
        within = [(a + 1, b - 1) if a + 2 < b else (a, b) for a, b in part]
        return self.loop.after(part, self.loop.readings(within), words)

    def cuts(self, i: int, bands: Sequence[Ends], memories: Sequence[Memory]) -> list[int]:
        """Return between which readings of a state the network begins to do something else, the others in the middle.

        None of them where that is so at many.
        """
        if (step := self.step.get(i)) is None:
            return []
        found: set[int] = set()
        ends = [round(Fraction(end, step)) for end in self.box[i]]
        middle = [((low + high) // 2,) * 2 for low, high in self.box]
        for memory, band, words in itertools.product(memories, bands, self.contexts):
            waiting, tried = [tuple(ends)], 0
            while waiting and tried < MAX_TRIED:
                first, last = waiting.pop()
                tried += 1
                box = [*middle, *memory]
                sides = [((2 * a - 1) * step // 2, (2 * b + 1) * step // 2) for a, b in ((first, last), (first, first))]
                whole, one = (self._done([*box[:i], side, *box[i + 1 :]], words, band) for side in sides)
                if last - first == 1 and whole != one:
                    found.add((2 * first + 1) * step // 2)
                elif last > first and whole != one:
                    half = (first + last) // 2
                    waiting += [(first, half), (half, half + 1), (half + 1, last)]
            if waiting:
                return []
        return sorted(found)
