"""Decision tables in few rows: the smallest set of prime rows that matches in the same contexts.

A row is a box: for each variable the set of its cells, as bits of a number. The cells of a word are its values, those
of a number the thresholds of the table and the intervals between them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from immutabledict import immutabledict

from handcrafted.control.parts import Bounds, Condition, Conjunction

Box = tuple[int, ...]

MOST = 200
"""So many candidate rows are looked at; beyond that the result may be larger than the smallest, but is as exact."""

SECONDS = 10.0
"""How long the search for the smallest set may take; if it takes longer, all prime rows are taken."""


@runtime_checkable
class Cells(Protocol):
    """A variable whose values are cut into cells."""

    @property
    def full(self) -> int:
        """All its cells, as bits of a number."""
        ...

    def testable(self, cells: int) -> bool:
        """Whether one test can allow these cells."""
        ...


class TableVariable(NamedTuple):
    """A variable of a table: the words that it can be, or the thresholds that the table knows, in order."""

    name: str
    words: tuple[str, ...]
    thresholds: tuple[float, ...]

    @property
    def full(self) -> int:
        """All its cells."""
        return (1 << (len(self.words) or 2 * len(self.thresholds) + 1)) - 1

    def cells(self, row: Conjunction) -> int:
        """Return the cells that a row allows."""
        test = row.get(self.name)
        if test is None:
            return self.full
        if not isinstance(test, Bounds):
            return sum(1 << self.words.index(word) for word in test)
        first = 0 if test.above is None else 2 * self.thresholds.index(test.above) + 2
        end = self.full.bit_length() if test.below is None else 2 * self.thresholds.index(test.below) + 1
        return (1 << end) - (1 << first) if end > first else 0

    def test(self, cells: int) -> Bounds | tuple[str, ...]:
        """Return the test that allows these cells."""
        if self.words:
            return tuple(word for i, word in enumerate(self.words) if cells >> i & 1)
        first, end = (cells & -cells).bit_length() - 1, cells.bit_length()
        return Bounds(
            above=self.thresholds[first // 2 - 1] if first else None,
            below=self.thresholds[end // 2] if end < self.full.bit_length() else None,
        )

    def testable(self, cells: int) -> bool:
        """Whether one test can allow these cells: words in any number, or one interval."""
        lowest = cells & -cells
        return bool(self.words) or (cells + lowest) & cells == 0


def minimised(condition: Condition, words: tuple[tuple[str, tuple[str, ...]], ...]) -> Condition:
    """Return a table that matches in exactly the same contexts, with as few rows as possible and then as few tests.

    A table in which some variable would no longer be tested is left as it is written, so that what the structure
    says is read stays wired.

    Source: prime implicants by iterated consensus, Quine 1955, on many-valued variables as in Rudell &
        Sangiovanni-Vincentelli 1987; the smallest cover by integer programming (HiGHS), with counterexamples as rows.

    Args:
        condition: the rows.
        words: the discrete variables and their words.
    """
    variables = [_variable(name, dict(words).get(name, ()), condition) for row in condition for name in row]
    variables = list(dict.fromkeys(variables))
    rows = [box for row in condition if all(box := tuple(v.cells(row) for v in variables))]
    chosen = fewest(rows, variables)
    found = tuple(
        immutabledict({v.name: v.test(cells) for v, cells in zip(variables, box, strict=True) if cells != v.full})
        for box in chosen
    )
    tested = {name for row in found for name in row}
    return found if found and tested == {v.name for v in variables} and len(found) < len(condition) else condition


def fewest(rows: Sequence[Box], variables: Sequence[Cells]) -> list[Box]:
    """Return the fewest boxes that hold the same contexts as some rows; of those the ones with the fewest tests."""
    return _smallest(rows, primes(rows, variables), variables)


def _variable(name: str, words: tuple[str, ...], condition: Condition) -> TableVariable:
    tests = [row[name] for row in condition if name in row]
    bounds = [bound for test in tests if isinstance(test, Bounds) for bound in (test.above, test.below)]
    return TableVariable(name, words, tuple(sorted({bound for bound in bounds if bound is not None})))


def primes(rows: Sequence[Box], variables: Sequence[Cells]) -> list[Box]:
    """Return the largest boxes inside the union of the rows, at most `MOST`; each row lies in one of them."""
    found = _without_smaller(rows)
    places = range(len(variables))
    fresh = True
    while fresh and len(found) <= MOST:
        joined = {box for a, b in combinations(found, 2) for at in places if (box := _join(a, b, at, variables))}
        fresh = {box for box in joined if not any(_inside(box, other) for other in found)}
        found = _without_smaller([*found, *sorted(fresh, key=_size)[-MOST:]])
    return found


def _join(a: Box, b: Box, at: int, variables: Sequence[Cells]) -> Box | None:
    """Return the box where two rows agree but for one variable, in which it may be as in either."""
    both = tuple(x | y if k == at else x & y for k, (x, y) in enumerate(zip(a, b, strict=True)))
    return both if all(both) and variables[at].testable(both[at]) else None


def _size(box: Box) -> tuple[int, Box]:
    return sum(cells.bit_count() for cells in box), box


def _inside(box: Box, other: Box) -> bool:
    return all(x & ~y == 0 for x, y in zip(box, other, strict=True))


def _without_smaller(boxes: Sequence[Box]) -> list[Box]:
    """Drop every box that lies inside another."""
    kept: list[Box] = []
    for box in sorted(set(boxes), key=_size, reverse=True):
        if not any(_inside(box, other) for other in kept):
            kept.append(box)
    return kept


def _smallest(rows: Sequence[Box], candidates: Sequence[Box], variables: Sequence[Cells]) -> list[Box]:
    """Choose the fewest candidates that cover the rows: cover some contexts, look for one left out, and try again."""
    from scipy.optimize import Bounds as Within
    from scipy.optimize import LinearConstraint, milp

    contexts = [tuple(cells & -cells for cells in row) for row in rows]
    tests = [sum(cells != v.full for cells, v in zip(box, variables, strict=True)) for box in candidates]
    cost = 1 + np.array(tests) / (1 + sum(tests))
    end = time.monotonic() + SECONDS
    while contexts:
        covers = np.array([[_inside(context, box) for box in candidates] for context in contexts], float)
        result = milp(
            cost, integrality=np.ones(len(cost)), bounds=Within(0, 1),
            constraints=LinearConstraint(covers, lb=1.0), options={"time_limit": SECONDS},
        )  # fmt: skip
        if result.x is None or time.monotonic() > end:
            return list(candidates)
        chosen = [box for box, taken in zip(candidates, result.x, strict=True) if taken > 0.5]
        left = [context for row in rows if (context := left_out(row, chosen))]
        if not left:
            return chosen
        contexts += left
    return []


def left_out(row: Box, boxes: Sequence[Box]) -> Box | None:
    """A context of a row that lies in none of the boxes, or None if they cover it: what is left is cut in two."""
    near = [box for box in boxes if all(x & y for x, y in zip(row, box, strict=True))]
    if not near:
        return tuple(cells & -cells for cells in row)
    for at, (cells, other) in enumerate(zip(row, near[0], strict=True)):
        rest = cells & ~other
        if rest and (found := left_out((*row[:at], rest, *row[at + 1 :]), near[1:])):
            return found
        row = (*row[:at], cells & other, *row[at + 1 :])
    return None
