"""All contexts of a control action: every combination of the cells of the variables that matter for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from handcrafted.components.minimise import Box, fewest
from handcrafted.control.parts import Condition, Conjunction
from handcrafted.loading.true_state import TrueState
from handcrafted.safety.stpa.actions import Action, Axis


@dataclass(frozen=True)
class Contexts:
    """The contexts of an action, or a sample of them.

    Attributes:
        action: which.
        state: the variables of the true state, and how they are called.
        axes: the variables with their cells, under their shortest names.
        rows: the number of each variable's cell [context, axis].
        count: how many contexts there are; more than rows where they are sampled.
        ruled_out: how many of those that were looked at each assumption rules out; they are none of the contexts.
    """

    action: Action
    state: TrueState
    axes: tuple[Axis, ...]
    rows: np.ndarray
    count: int
    ruled_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sampled(self) -> bool:
        """Whether these are not all."""
        return len(self.rows) < self.count

    def matching(self, condition: Condition | None) -> np.ndarray:
        """Say of each context [context] whether it fulfils a condition; all fulfil none."""
        if condition is None:
            return np.ones(len(self.rows), bool)
        return np.any([self._row_matching(row) for row in self.state.plain(condition)], axis=0)

    def _row_matching(self, row: Conjunction) -> np.ndarray:
        found = np.ones(len(self.rows), bool)
        for at, one in enumerate(self.axes):
            found &= one.passing(row.get(one.name))[self.rows[:, at]]
        return found

    def number_of(self, rows: np.ndarray) -> np.ndarray:
        """The number of the context with these cells [row, axis]; -1 for no cell, and for what no sample holds."""
        return self._first(rows, np.ones(len(self.axes), bool))

    def alike(self, told: np.ndarray) -> np.ndarray:
        """The number of the first context [context] that has the same cells on the axes [axis] that are told."""
        return self._first(self.rows, told)

    def first_like(self, rows: np.ndarray, told: np.ndarray) -> np.ndarray:
        """The number of the first context with the cells [row, axis] on the axes [axis] that are told; -1 for none."""
        return self._first(rows, told)

    def _first(self, rows: np.ndarray, told: np.ndarray) -> np.ndarray:
        own, first = np.unique(self._codes(self.rows, told), return_index=True)
        wanted = self._codes(rows, told)
        found = np.minimum(np.searchsorted(own, wanted), len(own) - 1)
        return np.where((own[found] == wanted) & (rows >= 0).all(axis=1), first[found], -1)

    def _codes(self, rows: np.ndarray, told: np.ndarray) -> np.ndarray:
        """Return a number for what rows [row, axis] have on some axes [axis]."""
        many = math.prod(len(one.cells) for one in self.axes) > MANY
        found: np.ndarray = np.zeros(len(rows), object if many else int)
        for at in np.flatnonzero(told):
            found = found * len(self.axes[at].cells) + np.maximum(rows[:, at], 0)
        return found


MANY = 2**62
"""Contexts beyond these have numbers that no array of whole numbers holds."""


def merged(contexts: Contexts, chosen: np.ndarray) -> list[Box]:
    """Return the fewest rows that hold exactly these contexts [context]; sampled contexts stay as they are.

    A row says for each variable in which of its cells it is: words in any number, numbers in one interval.

    Source: prime implicants on many-valued variables, see `handcrafted.components.minimise`.
    """
    single = [tuple(1 << int(cell) for cell in row) for row in contexts.rows[chosen]]
    if contexts.sampled or not single:
        return single
    return ordered(fewest(gathered(single, contexts.axes), contexts.axes))


def box_of(contexts: Contexts, condition: Condition | None) -> list[Box]:
    """Return a condition's rows as boxes; a row that nothing fulfils is left out."""
    found = []
    for row in contexts.state.plain(condition) if condition is not None else ({},):
        passing = (own.passing(row.get(own.name)) for own in contexts.axes)
        box = tuple(sum(1 << int(cell) for cell in np.flatnonzero(passed)) for passed in passing)
        if all(box):
            found.append(box)
    return found


def gathered(boxes: Sequence[Box], axes: Sequence[Axis]) -> list[Box]:
    """Join boxes that differ in one variable alone, variable by variable."""
    for at, own in enumerate(axes):
        together: dict[Box, int] = {}
        for box in boxes:
            rest = (*box[:at], 0, *box[at + 1 :])
            together[rest] = together.get(rest, 0) | box[at]
        boxes = [
            (*rest[:at], part, *rest[at + 1 :]) for rest, cells in together.items() for part in _sayable(cells, own)
        ]
    return list(boxes)


def _sayable(cells: int, own: Axis) -> list[int]:
    """Cut cells into what can be said in one breath."""
    if own.testable(cells):
        return [cells]
    parts = []
    while cells:
        lowest = cells & -cells
        run = cells & ~(cells + lowest)
        parts.append(run)
        cells &= ~run
    return parts


def ordered(boxes: Sequence[Box]) -> list[Box]:
    """Order rows: those that say most of the first variable come last."""
    return sorted(boxes, key=lambda box: tuple((cells.bit_count(), cells) for cells in box))
