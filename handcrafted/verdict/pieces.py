"""Cells: convex polytopes on which code is to be one affine function, and what a run of it finds out on the way.

Where code would bend inside a cell it asks for the cell to be cut there. Comparisons, which jump, may go either way
inside a band about their threshold: between two points of a grid, where no value falls, or as wide as is allowed where
values have no grid.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, NoReturn

import numpy as np

from handcrafted.readout.tolerances import BAND

EDGE = 2.0**-40
"""A corner this near to a cut, as a share of the terms of the form that cuts, lies on it: float64 rounds by 2^-53."""

FINEST = 10**9
"""Largest denominator of a number that counts as a fraction, such as a step of a grid."""


class Cut(Exception):
    """The code bends inside the cell, where a form is 0."""

    def __init__(self, form: np.ndarray):
        super().__init__("the cell must be cut")
        self.form = form


class Undecided(Exception):
    """The code may go on in so many ways."""

    def __init__(self, ways: int):
        super().__init__("a choice must be made")
        self.ways = ways


class NotPiecewise(Exception):
    """The code does something that is not piecewise linear."""


@dataclass(frozen=True)
class Cell:
    """A convex polytope by its corners.

    Attributes:
        corners: [corner, n].
        tight: which faces each corner lies on [corner, face].
        dimension: how many dimensions it has, of the n around it.
    """

    corners: np.ndarray
    tight: np.ndarray
    dimension: int

    @classmethod
    def box(cls, low: np.ndarray, high: np.ndarray) -> Cell:
        """Return the box between two corners [n]; it is flat where both are the same."""
        free = np.flatnonzero(low != high)
        sides = np.array(list(itertools.product((False, True), repeat=len(free))), bool)
        corners = np.tile(np.asarray(low, float), (len(sides), 1))
        corners[:, free] = np.where(sides, high[free], low[free])
        return cls(corners, np.concatenate([sides, ~sides], axis=1), len(free))

    @cached_property
    def middle(self) -> np.ndarray:
        """A point inside [n]."""
        return self.corners.mean(axis=0)

    def at_corners(self, forms: np.ndarray) -> np.ndarray:
        """Return the values of forms [1 + n, …] at all corners [corner, …]."""
        return forms[0] + _sums(self.corners, forms[1:])

    def at_middle(self, forms: np.ndarray) -> Any:
        """Return the values of forms [1 + n, …] at the middle."""
        return forms[0] + _sums(self.middle, forms[1:])

    def cut(self, form: np.ndarray, edge: float) -> tuple[Cell, Cell]:
        """Return the parts where a form [1 + n] is at most 0, and at least 0; what is within `edge` of 0 is in both."""
        values, wall = self.at_corners(form), self.wall(form, edge)
        if len(wall.corners) < self.dimension:
            raise NotPiecewise("corners of a region lie too near to each other for float64")
        kept = np.hstack([self.tight, np.zeros((len(values), 1), bool)])
        below, above = (
            Cell(
                np.concatenate([self.corners[side], wall.corners]),
                np.concatenate([kept[side], wall.tight]),
                self.dimension,
            )
            for side in (values < -edge, values > edge)
        )
        return below, above

    def wall(self, form: np.ndarray, edge: float) -> Cell:
        """Return the flat part where a form [1 + n] is 0: corners within `edge` of it, and where it crosses an edge."""
        values = self.at_corners(form)
        on = np.abs(values) <= edge
        low, high = np.meshgrid(np.flatnonzero(values < -edge), np.flatnonzero(values > edge), indexing="ij")
        together = self._joined(low.ravel(), high.ravel())
        p, q = low.ravel()[together], high.ravel()[together]
        share = (values[p] / (values[p] - values[q]))[:, None]
        corners = np.concatenate([self.corners[p] + share * (self.corners[q] - self.corners[p]), self.corners[on]])
        tight = np.concatenate([self.tight[p] & self.tight[q], self.tight[on]])
        return Cell(corners, np.hstack([tight, np.ones((len(tight), 1), bool)]), self.dimension - 1)

    def _joined(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Say which pairs of corners an edge joins: no third corner lies on all faces that both lie on."""
        shared = self.tight[p] & self.tight[q]
        enough = np.flatnonzero(shared.sum(axis=1) >= self.dimension - 1)
        also = (shared[enough] @ ~self.tight.T) == 0  # [pair, corner]: lies on all of them
        found = np.zeros(len(p), bool)
        found[enough] = also.sum(axis=1) == 2
        return found


def _sums(points: np.ndarray, slopes: np.ndarray) -> Any:
    """Return the sums of points [..., n] times slopes [n, …]."""
    wide = slopes.reshape(len(slopes), math.prod(slopes.shape[1:]))
    return np.reshape(points @ wide, (*points.shape[:-1], *slopes.shape[1:]))


@dataclass
class PieceRun:
    """One run of code on a cell.

    Attributes:
        reach: the largest size of each variable [n], by which rounding is judged.
        span: the width of its range [n].
        grid: the step of each variable, 0 where it has none [n].
        choices: what was chosen where the code may go several ways.
        made: how many of the choices were made.
        gaps: what was found out about thresholds, kept for all runs on one domain.
    """

    cell: Cell
    reach: np.ndarray
    span: np.ndarray
    grid: np.ndarray
    choices: tuple[int, ...] = ()
    made: int = 0
    gaps: dict[tuple[bytes, bool], tuple[float, float]] = field(default_factory=dict)

    def edges(self, forms: np.ndarray) -> Any:
        """Return how near to 0 is as good as 0, for forms [1 + n, …]."""
        return EDGE * (np.abs(forms[0]) + _sums(self.reach, np.abs(forms[1:])))

    def above(self, forms: np.ndarray) -> Any:
        """Say where forms [1 + n, …] are at least 0 on the whole cell; elsewhere they are at most 0.

        Raises:
            Cut: if one is neither.
        """
        values, edges = self.cell.at_corners(forms), self.edges(forms)
        mixed = (values.min(axis=0) < -edges) & (values.max(axis=0) > edges)
        if np.any(mixed):
            self.cut(forms[(slice(None), *np.argwhere(mixed)[0])])
        return self.cell.at_middle(forms) >= 0

    def cut(self, form: np.ndarray) -> NoReturn:
        """Ask for the cell to be cut where a form [1 + n] is 0."""
        raise Cut(form)

    def choose(self, ways: int) -> int:
        """Go one of several ways.

        Raises:
            Undecided: if nobody has said which.
        """
        if self.made == len(self.choices):
            raise Undecided(ways)
        self.made += 1
        return self.choices[self.made - 1]

    def below_zero(self, form: np.ndarray, or_equal: bool) -> bool | None:
        """Say whether a form [1 + n] is below 0 wherever a value can fall; None where either answer is right.

        Raises:
            Cut: if it is below 0 in one part of the cell and not in another.
        """
        values = self.cell.at_corners(form)
        low, high = self.gap(form, or_equal)
        edge = float(self.edges(form))
        if values.max() <= low + edge:
            return True
        if values.min() >= high - edge:
            return False
        if values.min() < low - edge:
            self.cut(form - np.eye(len(form))[0] * low)
        if values.max() > high + edge:
            self.cut(form - np.eye(len(form))[0] * high)
        return None

    def gap(self, form: np.ndarray, or_equal: bool) -> tuple[float, float]:
        """The last value of a form that is below 0, and the first that is not; between, either answer is right."""
        key = form.tobytes(), or_equal
        if key not in self.gaps:
            self.gaps[key] = self._gap(form, or_equal)
        return self.gaps[key]

    def _gap(self, form: np.ndarray, or_equal: bool) -> tuple[float, float]:
        slopes = np.abs(form[1:]) > EDGE * float(np.abs(form[1:]).max(initial=0))
        if not slopes.any():
            value = float(form[0])
            below = value < 0 or (or_equal and value == 0)
            return (value, math.inf) if below else (-math.inf, value)
        if np.any(self.grid[slopes] == 0):
            width = BAND * float(np.abs(form[0]) + np.abs(form[1:]) @ np.maximum(self.reach, self.span))
            return -width, width
        step = _common_step(
            [_fraction(c) * _fraction(g) for c, g in zip(form[1:][slopes], self.grid[slopes], strict=True)]
        )
        place = _fraction(float(form[0])) / step
        whole = math.floor(place)
        lowest = float((place - whole) * step)  # the least value that is not negative
        on_it = lowest <= 1e-9 * float(step) or lowest >= (1 - 1e-9) * float(step)
        if on_it:
            return (0.0, float(step)) if or_equal else (-float(step), 0.0)
        return lowest - float(step), lowest

    def whole(self, form: np.ndarray) -> bool:
        """Whether a form [1 + n] is a whole number wherever a value can fall."""
        slopes = form[1:] != 0
        numbers = [form[0], *(form[1:] * self.grid)[slopes]]
        return bool(np.all(self.grid[slopes] > 0) and all(abs(x - round(x)) < 1e-6 for x in numbers))


def _fraction(number: float) -> Fraction:
    return Fraction(number).limit_denominator(FINEST)


def _common_step(steps: Sequence[Fraction]) -> Fraction:
    both = lambda a, b: Fraction(
        math.gcd(a.numerator * b.denominator, b.numerator * a.denominator), a.denominator * b.denominator
    )
    return abs(reduce(both, steps))
