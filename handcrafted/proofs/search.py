"""Finding cells that a loop never leaves: the whole safe set, for each word that the network carries.

What is found here is nothing to go by before the checker has seen it: `handcrafted.proofs.check`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from handcrafted.proofs import check
from handcrafted.proofs.bounding import bounded_cells
from handcrafted.proofs.hull import MAX_SEEN, GivenUpError
from handcrafted.proofs.pruning import Ends, largest_safe_set
from handcrafted.proofs.statement import Statement

FORMAT = "handcrafted proof certificate 2"

MAX_CELLS = 4096
"""So many combinations of carried words are gone through."""

MAX_WIDENED = 24
"""How often ranges and intervals are widened; each time they double at least."""


@dataclass(frozen=True)
class Unproved:
    """Where the search ended.

    Attributes:
        reason: what is not shown.
        box: the first part of a cell for which it is not, by name; empty where nothing was looked at.
        words: which word of each signal from outside.
    """

    reason: str
    box: dict[str, tuple[float, float]]
    words: tuple[int, ...] = ()


def certificate_for(statement: Statement, thorough: bool = True) -> bytes | Unproved:
    """Look for cells that contain the start, that the loop never leaves, and in which nothing claimed ever happens.

    States may be anything in the range of their sensors that no claim forbids by itself; what the network carries is
    found step by step, word by word, and numbers that are not exact get intervals. Where one state may leave its range
    from somewhere, the largest set that it does not leave is sought; and bounds of one state over a grid of the others.

    Args:
        statement: what is to be proved.
        thorough: whether a grid is tried, too, which may take minutes.
    """
    try:
        loop = check.Loop(json.loads(statement.text), statement.arrays)
    except check.Refused as refused:
        return Unproved(refused.args[0], {})
    try:
        cells = _Search(loop, _ranges(loop, statement)).cells()
    except GivenUpError as error:
        return Unproved(str(error), {})
    except check.Refused as refused:
        if cells := _otherwise(loop, statement, thorough):
            return certificate(statement, loop, cells)
        reason, *where = refused.args
        box, words = where or ([], ())
        named = {name: (_float(low), _float(high)) for name, (low, high) in zip(loop.order, box, strict=False)}
        return Unproved(reason, named, tuple(words))
    return certificate(statement, loop, cells)


def _otherwise(loop: Any, statement: Statement, thorough: bool) -> list[list[Ends]]:
    """Return cells where the whole of the ranges is not safe: the largest safe set, or bounds over a grid."""
    start = [value[:2] for value in (*loop.initial, *loop.network.begin())]
    if len(loop.names) > len(statement.states):  # these ways know states of processes alone
        return []
    try:
        search = _Search(loop, _ranges(loop, statement), leaving=True)
        memories = [tuple(cell[len(loop.names) :]) for cell in search.cells()]
    except (check.Refused, GivenUpError):
        return []
    ways = (
        lambda: largest_safe_set(loop, search.states[0], memories),
        lambda: bounded_cells(loop, search.ranges, memories),
    )
    for way in ways if thorough else ways[:1]:
        with suppress(check.Refused, GivenUpError):
            if check.covered(start, cells := way()):
                return cells
    return []


def certificate(statement: Statement, loop: Any, cells: Sequence[Sequence[Ends]]) -> bytes:
    """Write cells down."""
    places = {pair: k for k, pair in enumerate(dict.fromkeys(tuple(pair) for cell in cells for pair in cell))}
    said = {
        "format": FORMAT,
        "statement": statement.digest,
        "order": loop.order,
        "intervals": [[_text(end) for end in pair] for pair in places],
        "cells": [[places[tuple(pair)] for pair in cell] for cell in cells],
    }
    return json.dumps(said).encode()


def _text(number: int) -> str:
    return str(Fraction(number, check.ONE))


def _float(number: int) -> float:
    return float(Fraction(number, check.ONE))


@dataclass
class _Range:
    """Where a state may be; an end that a claim sets stays."""

    low: int
    high: int
    low_stays: bool = False
    high_stays: bool = False

    def widened(self, low: int, high: int) -> bool:
        """Reach as far as an interval, and as far again; False where an end would have to move that stays."""
        if (low < self.low and self.low_stays) or (high > self.high and self.high_stays):
            return False
        wide = max(high, self.high) - min(low, self.low)
        self.low = self.low if low >= self.low else low - wide
        self.high = self.high if high <= self.high else high + wide
        return True


def _ranges(loop: Any, statement: Statement) -> list[_Range]:
    """Return what states may be: the range of their sensors, or where they begin, less what a claim forbids."""
    found = []
    for i, declared in enumerate(statement.ranges):  # what was before stands behind them
        low, high, _ = loop.initial[i]
        if declared is not None:
            low, high = min(low, _scaled(declared[0])), max(high, _scaled(declared[1]))
        found.append(one := _Range(low, high))
        for way, mark in (_avoided(row, loop.initial[i]) for _, rows in loop.claims for row in rows if _is_of(row, i)):
            if way == "above":
                one.high, one.high_stays = min(one.high, floor(mark)), True
            else:
                one.low, one.low_stays = max(one.low, ceil(mark)), True
        check.need(one.low <= one.high, f"{loop.names[i]} is nowhere where it does not happen")
    return found


def _is_of(row: Sequence[Any], state: int) -> bool:
    """Whether the tests of a row are of one state alone."""
    return all(of == ("state", state) for of, _, _ in row)


def _avoided(row: Sequence[Any], start: Sequence[int]) -> tuple[str, Fraction]:
    """Return which of a row's tests is never to be met, as `above` or `below` and a mark: one that is not at first."""
    tests = [(way, mark) for _, way, mark in row]
    unmet = (test for test in tests if (start[1] <= test[1] if test[0] == "above" else start[0] >= test[1]))
    return next(unmet, tests[0])


def _scaled(number: float) -> int:
    return int(Fraction(number) * check.ONE)


class _Search:
    """Goes through what the network carries, step by step, with states anywhere in their ranges.

    What is held of the step before, for a claim, is gone through with it.

    Args:
        loop: as the checker has it.
        ranges: of its states.
        leaving: whether states may leave them, for it is what is carried that is sought.
    """

    def __init__(self, loop: Any, ranges: list[_Range], leaving: bool = False):
        self.loop, self.ranges, self.leaving = loop, ranges, leaving
        self.loose: dict[int, _Range] = {}
        self.first = [value[:2] for value in (*loop.initial[len(ranges) :], *loop.network.begin())]
        ringed, carried = loop.network.ringed, len(self.first) - len(loop.network.ringed)
        place = {at: carried + i for i, at in enumerate(ringed)}
        self.moves_on = {i: place[*at[:2], at[2] - 1, at[3]] for at, i in place.items() if at[2]}
        self.widened, self.seen = 0, 0

    @property
    def states(self) -> list[Ends]:
        """The ranges of the states."""
        return [(one.low, one.high) for one in self.ranges]

    def cells(self) -> list[list[Ends]]:
        """Return the cells.

        Raises:
            check.Refused: if there are too many, or the states leave their ranges.
        """
        start = self.first
        looks_back = len(start) - len(self.loop.network.ringed)  # heads remember numbers that were measured, no words
        self.loose |= {i: _Range(*ends) for i, ends in enumerate(start) if i >= looks_back or ends[0] < ends[1]}
        while (found := self._gone_through(start)) is None:
            self.widened += 1
        return found

    def _gone_through(self, start: list[Ends]) -> list[list[Ends]] | None:
        """Return the cells; None where something had to be widened."""
        known: dict[tuple[Ends, ...], None] = {self._tight(start): None}
        waiting = [*known]
        while waiting:
            memory = waiting.pop()
            new: dict[tuple[Ends, ...], None] = {}
            try:
                check.steps_from(self.loop, [*self.states, *memory], lambda end, new=new: self._seen(end, new))
            except check.Refused as refused:
                if self.widened < MAX_WIDENED and len(refused.args) > 1 and self._widened(*refused.args[1:]):
                    return None
                raise
            fresh = [one for one in new if one not in known]
            known |= dict.fromkeys(fresh)
            waiting += fresh
            check.need(len(known) <= MAX_CELLS, f"the network carries more than {MAX_CELLS} combinations of words")
        return [[*self.states, *memory] for memory in known]

    def _tight(self, memory: Sequence[Ends]) -> tuple[Ends, ...]:
        loose = self.loose
        return tuple((loose[i].low, loose[i].high) if i in loose else (a, b) for i, (a, b) in enumerate(memory))

    def _outside(self, end: Sequence[Ends]) -> list[int]:
        """Return which states leave their ranges, and what of memory is no single number, nor in its interval."""
        count = len(self.ranges)
        states = end[:count] if self.leaving else self.states
        known = [*states, *self._tight([(low, low) for low, _ in end[count:]])]
        return [i for i, ((a, b), (c, d)) in enumerate(zip(end, known, strict=True)) if a < c or b > d]

    def _seen(self, end: Sequence[Ends], new: dict[tuple[Ends, ...], None]) -> str | None:
        """Remember what is carried; say what is wrong where a state leaves its range, or nothing can be told yet."""
        self.seen += 1
        if self.seen > MAX_SEEN:
            raise GivenUpError(f"more than {MAX_SEEN:,} steps from parts of cells would have to be looked at")
        if outside := self._outside(end):
            low, high = end[outside[0]]
            return f"{self.loop.order[outside[0]]} may be anything in [{_float(low):g}, {_float(high):g}] after a step"
        new[self._tight(end[len(self.ranges) :])] = None
        return None

    def _widened(self, box: list[Ends], words: Sequence[int]) -> bool:
        """Widen a range, or what is carried and is no single number; False where that is not what fails."""
        try:
            known, end = self.loop.after(box, self.loop.readings(box), words)
        except check.Refused:
            return False
        if self.loop.broken(known):
            return False
        for i in (outside := self._outside(end)):
            memory = i - len(self.ranges)
            one = self.ranges[i] if memory < 0 else self.loose.setdefault(memory, _Range(*end[i]))
            before = self.loose.get(self.moves_on.get(memory, -1))
            if before is not None and before.low <= end[i][0] and end[i][1] <= before.high:
                one.low, one.high = min(one.low, before.low), max(one.high, before.high)
            elif not one.widened(*end[i]):
                return False
        return bool(outside)
