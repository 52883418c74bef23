"""Finding cells that a loop never leaves: the whole safe set, for each word that the network carries.

What is found here is nothing to go by before the checker has seen it: `handcrafted.proofs.check`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from handcrafted.proofs import check
from handcrafted.proofs.statement import Statement

FORMAT = "handcrafted proof certificate 1"

Ends = tuple[int, int]
"""An interval in multiples of 2^-SCALE."""

MAX_CELLS = 4096
"""So many combinations of carried words are gone through."""

MAX_WIDENED = 24
"""How often what a carried number may be is widened; each time it doubles."""


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


def certificate_for(statement: Statement) -> bytes | Unproved:
    """Look for cells that contain the start, that the loop never leaves, and in which nothing claimed ever happens.

    States may be anything in the range of their sensors that no claim forbids by itself; what the network carries is
    found step by step, word by word, and numbers that are not exact get intervals.
    """
    loop = check.Loop(json.loads(statement.text), statement.arrays)
    try:
        cells = _Search(loop, _ranges(loop, statement)).cells()
    except check.Failure as failure:
        box = {name: (_float(low), _float(high)) for name, (low, high) in zip(loop.order, failure.box, strict=True)}
        return Unproved(str(failure), box, tuple(failure.words))
    except check.Refused as refused:
        return Unproved(str(refused), {})
    return certificate(statement, loop, cells)


def certificate(statement: Statement, loop: Any, cells: Sequence[Sequence[Ends]]) -> bytes:
    """Write cells down."""
    rows = [[[_text(end) for end in pair] for pair in cell] for cell in cells]
    said = {"format": FORMAT, "statement": statement.digest, "order": loop.order, "cells": rows}
    return json.dumps(said, indent=1).encode()


def _text(number: int) -> str:
    return str(Fraction(number, check.ONE))


def _float(number: int) -> float:
    return float(Fraction(number, check.ONE))


def _ranges(loop: Any, statement: Statement) -> list[Ends]:
    """Return what states may be: the range of their sensors, or where they begin, less what a claim forbids."""
    found = []
    for i, declared in enumerate(statement.ranges):
        low, high, _ = loop.initial[i]
        if declared is not None:
            low, high = min(low, _scaled(declared[0])), max(high, _scaled(declared[1]))
        for _, rows in loop.claims:
            for (of, at, way, mark), *others in rows:
                if (of, at) == ("state", i) and not others:
                    low, high = (low, min(high, int(mark))) if way == "above" else (max(low, -int(-mark)), high)
        found.append((low, high))
    return found


def _scaled(number: float) -> int:
    return int(Fraction(number) * check.ONE)


class _Search:
    """Goes through what the network carries, step by step, with states anywhere in their ranges."""

    def __init__(self, loop: Any, ranges: list[Ends]):
        self.loop, self.ranges = loop, ranges
        self.loose: dict[int, Ends] = {}
        self.widened = 0

    def cells(self) -> list[list[Ends]]:
        """Return the cells.

        Raises:
            check.Refused: if there are too many, or the states leave their ranges.
        """
        start = [value[:2] for value in self.loop.network.begin()]
        for i, (low, high) in enumerate(start):
            if low < high:
                self.loose[i] = (low, high)
        while (found := self._gone_through(start)) is None:
            pass
        return found

    def _gone_through(self, start: list[Ends]) -> list[list[Ends]] | None:
        """Return the cells; None where something had to be widened."""
        known: dict[tuple[Ends, ...], None] = {self._tight(start): None}
        waiting = [*known]
        while waiting:
            memory = waiting.pop()
            new: dict[tuple[Ends, ...], None] = {}
            try:
                check.steps_from(self.loop, [*self.ranges, *memory], lambda end, new=new: self._seen(end, new))
            except check.Failure as failure:
                if self._loosened(failure):
                    return None
                raise
            fresh = [one for one in new if one not in known]
            known |= dict.fromkeys(fresh)
            waiting += fresh
            check.need(len(known) <= MAX_CELLS, f"the network carries more than {MAX_CELLS} combinations of words")
        return [[*self.ranges, *memory] for memory in known]

    def _tight(self, memory: Sequence[Ends]) -> tuple[Ends, ...]:
        return tuple(self.loose.get(i, pair) for i, pair in enumerate(memory))

    def _seen(self, end: Sequence[Ends], new: dict[tuple[Ends, ...], None]) -> str | None:
        """Remember what is carried; say what is wrong where a state leaves its range, or nothing can be told yet."""
        count = len(self.ranges)
        for (low, high), (bottom, top), name in zip(end[:count], self.ranges, self.loop.order, strict=False):
            if low < bottom or high > top:
                return f"{name} may leave [{_float(bottom):g}, {_float(top):g}]"
        for i, (low, high) in enumerate(end[count:]):
            bottom, top = self.loose.get(i, (low, low))
            if low < bottom or high > top:
                return f"{self.loop.order[count + i]} may be anything in [{_float(low):g}, {_float(high):g}]"
        new[self._tight(end[count:])] = None
        return None

    def _loosened(self, failure: Any) -> bool:
        """Widen what is carried and is no single number; False where that is not what fails."""
        box, count = failure.box, len(self.ranges)
        try:
            _, end = self.loop.after(box, self.loop.readings(box), failure.words)
        except check.Refused:
            return False
        states = zip(end[:count], self.ranges, strict=True)
        if any(low < bottom or high > top for (low, high), (bottom, top) in states):
            return False
        for i, (low, high) in enumerate(end[count:]):
            bottom, top = self.loose.get(i, (low, low))
            if low < bottom or high > top:
                check.need(self.widened < MAX_WIDENED, str(failure))
                self.widened += 1
                bottom, top = self.loose.get(i, (low, high))
                reach = max(high, top) - min(low, bottom)
                self.loose[i] = (min(low, bottom) - reach * (low < bottom), max(high, top) + reach * (high > top))
                return True
        return False
