"""The values of a variable cut where it matters: words, and intervals between the thresholds of all conditions."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from handcrafted.control.domain import Domain, Value
from handcrafted.control.parts import Bounds

Test = Bounds | tuple[str, ...]

EDGE = 1e-3
"""How far inside an open end the value next to it is taken where no sensor rounds, as a share of the cell."""


@dataclass(frozen=True)
class ContextCell:
    """Values that no condition tells apart: a word, or the numbers between two ends.

    Attributes:
        word: of a discrete variable; empty for numbers.
        low, high: ends of an interval.
        holds_low, holds_high: whether the ends belong to it.
    """

    word: str = ""
    low: float = 0.0
    high: float = 0.0
    holds_low: bool = True
    holds_high: bool = True

    def passes(self, test: Test) -> bool:
        """Whether all its values pass a test; cells are cut so that either all or none do."""
        if not isinstance(test, Bounds):
            return self.word in test
        above = test.above is None or self.low > test.above or (self.low == test.above and not self.holds_low)
        below = test.below is None or self.high < test.below or (self.high == test.below and not self.holds_high)
        return above and below


@dataclass(frozen=True)
class Axis:
    """A variable of contexts with its cells.

    Attributes:
        name: of the true state.
        domain: its values, or its range.
    """

    name: str
    domain: Domain
    cells: tuple[ContextCell, ...]

    @property
    def full(self) -> int:
        """All its cells, as bits of a number."""
        return (1 << len(self.cells)) - 1

    def testable(self, cells: int) -> bool:
        """Whether some of its cells can be said in one breath: words in any number, or one interval."""
        lowest = cells & -cells
        return self.domain.discrete or (cells + lowest) & cells == 0

    def passing(self, test: Test | None) -> np.ndarray:
        """Say of each cell [cell] whether it passes a test."""
        return np.array([test is None or cell.passes(test) for cell in self.cells])

    def stands_for(self, cell: ContextCell) -> tuple[Value, ...]:
        """Give values that stand for a cell: the middle, and for an interval the values next to its ends."""
        if cell.word:
            return (cell.word,)
        low, high = _ends(cell, self.domain.resolution)
        middle = self.domain.rounded(np.array([(low + high) / 2]))[0]
        return tuple(dict.fromkeys(float(np.float32(value)) for value in (middle, low, high)))

    def cell_of(self, values: np.ndarray) -> np.ndarray:
        """Give the number of the cell of each value: words one-hot [..., word], or numbers [...]; -1 for none."""
        if self.domain.discrete:
            return np.argmax(values, axis=-1)
        found = np.full(np.shape(values), -1)
        for number, cell in enumerate(self.cells):
            above = values > cell.low if not cell.holds_low else values >= cell.low
            below = values < cell.high if not cell.holds_high else values <= cell.high
            # beyond the declared range the outermost cell goes on
            above |= number == 0
            below |= number == len(self.cells) - 1
            found = np.where((found < 0) & above & below, number, found)
        return found


def axis(name: str, domain: Domain, tests: Iterable[Test]) -> Axis:
    """Cut a variable where a test tells values apart; an end that no test tells from its neighbours is no cell."""
    if domain.discrete:
        return Axis(name, domain, tuple(ContextCell(word) for word in domain.values))
    bounds = [test for test in tests if isinstance(test, Bounds)]
    above = {test.above for test in bounds if test.above is not None}
    below = {test.below for test in bounds if test.below is not None}
    cells = [ContextCell(low=domain.low, high=domain.high)]
    for limit in sorted(above | below):
        last = cells[-1]
        if not last.low <= limit <= last.high:
            continue
        cells.pop()
        cells.append(replace(last, high=limit, holds_high=limit not in below))
        if limit in above and limit in below:
            cells.append(ContextCell(low=limit, high=limit))
        cells.append(replace(last, low=limit, holds_low=limit not in above))
    kept = [cell for cell in cells if operator.le(*_ends(cell, domain.resolution))]
    return Axis(name, domain, tuple(kept))


def _ends(cell: ContextCell, grid: float | None) -> tuple[float, float]:
    """Give the least and the largest value of an interval that are taken for it; the first is larger if it has none."""
    if grid is None:
        inside = EDGE * (cell.high - cell.low)
        empty = cell.low == cell.high and not (cell.holds_low and cell.holds_high)
        return (1.0, 0.0) if empty else (
            cell.low + inside * (not cell.holds_low), cell.high - inside * (not cell.holds_high)
        )  # fmt: skip
    low, high = math.ceil(cell.low / grid), math.floor(cell.high / grid)
    low += low * grid == cell.low and not cell.holds_low
    high -= high * grid == cell.high and not cell.holds_high
    return low * grid, high * grid
