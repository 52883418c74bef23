"""The actions of a loop, and the cells that a context is made of."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from handcrafted.control.domain import Domain, Value, issue_values
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds
from handcrafted.control.resolved import ResolvedLink
from handcrafted.control.signal_graph import network_output
from handcrafted.control.vocabulary import LinkKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.rules_of_stpa import ISSUED

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
        """Return values that stand for a cell: the middle, and for an interval the values next to its ends."""
        if cell.word:
            return (cell.word,)
        low, high = _ends(cell, self.domain.resolution)
        middle = self.domain.rounded(np.array([(low + high) / 2]))[0]
        return tuple(dict.fromkeys(float(np.float32(value)) for value in (middle, low, high)))

    def cell_of(self, values: np.ndarray) -> np.ndarray:
        """Return the number of the cell of each value: words one-hot [..., word], or numbers [...]; -1 for none."""
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


def _ends(cell: ContextCell, quantum: float | None) -> tuple[float, float]:
    """The least and the largest value of an interval that are taken for it; the first is larger if it has none."""
    if quantum is None:
        inside = EDGE * (cell.high - cell.low)
        empty = cell.low == cell.high and not (cell.holds_low and cell.holds_high)
        return (1.0, 0.0) if empty else (
            cell.low + inside * (not cell.holds_low), cell.high - inside * (not cell.holds_high)
        )  # fmt: skip
    low, high = math.ceil(cell.low / quantum), math.floor(cell.high / quantum)
    low += low * quantum == cell.low and not cell.holds_low
    high -= high * quantum == cell.high and not cell.holds_high
    return low * quantum, high * quantum


COMMANDS = (LinkKind.CONTROL_ACTION, LinkKind.REQUEST)

SAID = 0.5
"""A word is said where its coordinate is above this."""


@dataclass(frozen=True)
class Action:
    """What a controller issues under one name.

    Attributes:
        by: the controller.
        links: to each receiver.
    """

    by: str
    name: str
    links: tuple[ResolvedLink, ...]

    @property
    def domain(self) -> Domain:
        """Its values or range."""
        return self.links[0].domain

    @property
    def port(self) -> Signal:
        """The subspace in which it stands."""
        port = self.links[0].port
        assert port is not None
        return port

    @property
    def outputs(self) -> tuple[Signal, ...]:
        """The network's outputs that carry it; none where it goes to controllers alone."""
        return tuple(network_output(link.port) for link in self.links if link.port and not link.received)

    @property
    def whole(self) -> tuple[Value, Value]:
        """Its value when it is withheld, and when it is issued."""
        return issue_values(self.domain)

    def provides(self, values: np.ndarray, amount: Test | None = None) -> np.ndarray:
        """Say where it may be taken for issued: not the first word, or a number above half its range.

        What cannot be read, no word or two at once, or NaN, may be taken for either; see `withholds`.

        Args:
            values: coordinates [..., width], as they stand on the stream, or leave it.
            amount: what counts as issued instead: words, or bounds.
        """
        chosen, other = self._said(values, amount)
        return chosen | ~other

    def withholds(self, values: np.ndarray, amount: Test | None = None) -> np.ndarray:
        """Say where it may be taken for withheld; arguments as in `provides`."""
        chosen, other = self._said(values, amount)
        return other | ~chosen

    def _said(self, values: np.ndarray, amount: Test | None) -> tuple[np.ndarray, np.ndarray]:
        """Say where one of the values that count as issued stands, and where one of the others does."""
        values = np.asarray(values)
        if self.domain.discrete:
            words = amount if isinstance(amount, tuple) else self.domain.values[1:]
            counted = np.isin(self.domain.values, words)
            return np.any(values[..., counted] > SAID, axis=-1), np.any(values[..., ~counted] > SAID, axis=-1)
        number = values[..., 0]
        if isinstance(amount, Bounds):
            above = -np.inf if amount.above is None else amount.above
            below = np.inf if amount.below is None else amount.below
            return (number > above) & (number < below), (number <= above) | (number >= below)
        half = (self.domain.low + self.domain.high) / 2
        return number > half, number <= half

    def __str__(self) -> str:
        return f"{self.by}'s {self.name}"


def actions_of(structure: ControlStructure) -> tuple[Action, ...]:
    """List the control actions and requests that controllers issue, and other outputs that a rule names."""
    ruled = {(rule.by, rule.action) for rule in structure.unsafe_control_actions}
    found: dict[tuple[str, str], list[ResolvedLink]] = {}
    for link in structure.resolved.links:
        key = (link.id.sender or "", link.id.name)
        if link.sent_by_controller and (link.id.kind in COMMANDS or (link.id.kind in ISSUED and key in ruled)):
            found.setdefault(key, []).append(link)
    return tuple(Action(by, name, tuple(links)) for (by, name), links in found.items())
