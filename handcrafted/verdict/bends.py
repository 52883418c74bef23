"""Contexts from which to set out where there are too many regions: random ones, and those that drive single units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from handcrafted.control.resolved import Lagged
from handcrafted.readout.program import Program
from handcrafted.verdict.regions import InputDomain

RANDOM = 16
"""How many random contexts there are."""

MAX_UNITS = 128
"""How many units are driven up and down."""

POINTS = 17
"""How many values of each number are tried."""

TURNS = 3
"""How often each variable in turn is put where it drives a unit farthest."""


class Context(NamedTuple):
    """What is read.

    Attributes:
        words: words and bits [width], by what reads them.
        point: the numbers [n].
    """

    words: dict[Lagged, np.ndarray]
    point: np.ndarray


def contexts_of(
    program: Program,
    words: Mapping[Lagged, np.ndarray],
    numbers: Mapping[Lagged, slice],
    domain: InputDomain,
    rng: np.random.Generator,
) -> Iterator[Context]:
    """Return random contexts, and for each unit the context that drives it farthest up, and farthest down.

    A unit that answers to one pattern alone is found so, however rare the pattern is.

    Formula: each variable in turn takes the value at which what the unit rectifies is largest (or smallest), the others
        held; three turns.
    Source: coordinate ascent.
    Error: a unit behind several others may have a larger value elsewhere.

    Args:
        program: what reads them.
        words: all values of each word or bit [point, width].
        numbers: the place of each number among the variables.
        domain: of the numbers.
        rng: what is drawn from.
    """
    drawn = _Drawn(program, words, numbers, domain, rng)
    yield from (drawn.context() for _ in range(RANDOM))
    for unit in range(min(len(program.units), MAX_UNITS)):
        for sign in (1.0, -1.0):
            yield drawn.driven(unit, sign)


class _Drawn:
    """Draws contexts, and moves them."""

    def __init__(
        self,
        program: Program,
        words: Mapping[Lagged, np.ndarray],
        numbers: Mapping[Lagged, slice],
        domain: InputDomain,
        rng: np.random.Generator,
    ):
        self.program, self.words, self.numbers, self.domain, self.rng = program, words, numbers, domain, rng
        self.columns: dict[Lagged, list[int]] = {}
        for column, free in enumerate(program.reads):
            self.columns.setdefault(Lagged(free.signal, free.lag), []).append(column)

    def context(self) -> Context:
        """Draw one."""
        words = {read: points[self.rng.integers(len(points))] for read, points in self.words.items()}
        return Context(words, self._on_grid(self.rng.uniform(self.domain.low, self.domain.high)))

    def _on_grid(self, values: np.ndarray) -> np.ndarray:
        step = np.where(self.domain.grid > 0, self.domain.grid, 1.0)
        return np.where(self.domain.grid > 0, np.rint(values / step) * step, values)

    def driven(self, unit: int, sign: float) -> Context:
        """Drive what a unit rectifies up (+1) or down (-1) from a context that is drawn."""
        words, point = self.context()
        ends = self._on_grid(np.linspace(self.domain.low, self.domain.high, POINTS))
        for _ in range(TURNS):
            for read, points in self.words.items():
                if read in self.columns:
                    words[read] = points[
                        self._best([Context({**words, read: one}, point) for one in points], unit, sign)
                    ]
            for place in range(len(point)):
                tried = [Context(words, np.where(np.arange(len(point)) == place, row, point)) for row in ends]
                point = tried[self._best(tried, unit, sign)].point
        return Context(words, point)

    def _best(self, tried: list[Context], unit: int, sign: float) -> int:
        inside = self.program.inside(np.stack([self._read(context) for context in tried]))[:, unit]
        return int((sign * inside).argmax())

    def _read(self, context: Context) -> np.ndarray:
        """Return what the program reads in a context."""
        found = np.zeros(len(self.program.reads))
        for read, columns in self.columns.items():
            value = context.words[read] if read in context.words else context.point[self.numbers[read]]
            found[columns] = [value[self.program.reads[column].index] for column in columns]
        return found
