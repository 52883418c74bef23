"""Arithmetic on a cell: numpy code that is piecewise linear runs on affine forms, and says where it bends.

A cell is a convex polytope. Code that runs on its forms gives forms again; where it would bend inside the cell it
asks for the cell to be cut there, so that on what is left it is one affine function, exactly. Comparisons, which jump,
may go either way inside a band about their threshold: between two points of a grid, where no value falls, or as wide
as is allowed where values have no grid.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

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
        """Give the box between two corners [n]; it is flat where both are the same."""
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
        """Give the values of forms [1 + n, …] at all corners [corner, …]."""
        return forms[0] + _sums(self.corners, forms[1:])

    def at_middle(self, forms: np.ndarray) -> Any:
        """Give the values of forms [1 + n, …] at the middle."""
        return forms[0] + _sums(self.middle, forms[1:])

    def cut(self, form: np.ndarray, edge: float) -> tuple[Cell, Cell]:
        """Give the parts where a form [1 + n] is at most 0, and at least 0; what is within `edge` of 0 is in both."""
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
        """Give the flat part where a form [1 + n] is 0: corners within `edge` of it, and where it crosses an edge."""
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
    """Give the sums of points [..., n] times slopes [n, …]."""
    wide = slopes.reshape(len(slopes), math.prod(slopes.shape[1:]))
    return np.reshape(points @ wide, (*points.shape[:-1], *slopes.shape[1:]))


@dataclass
class Run:
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

    def variables(self) -> Forms:
        """Give the variables themselves, as forms [n]."""
        n = len(self.reach)
        return Forms(np.concatenate([np.zeros((1, n)), np.eye(n)]), self)

    def edges(self, forms: np.ndarray) -> Any:
        """Give how near to 0 is as good as 0, for forms [1 + n, …]."""
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
        """Give the last value of a form that is below 0, and the first that is not; between, either answer is right."""
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


class Forms(NDArrayOperatorsMixin):
    """An array of affine forms on a cell, for numpy code.

    Args:
        parts: constants and slopes [1 + n, …].
        run: the run that it belongs to.
    """

    handled: ClassVar[dict[Any, Callable[..., Any]]] = {}

    def __init__(self, parts: np.ndarray, run: Run):
        self.parts, self.run = parts, run

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.parts.shape[1:]

    def plus(self, number: float) -> Forms:
        """Give the forms with a number added to each."""
        parts = self.parts.copy()
        parts[0] += number
        return Forms(parts, self.run)

    def __getitem__(self, index: Any) -> Forms:
        places = index if isinstance(index, tuple) else (index,)
        return Forms(self.parts[(slice(None), *places)], self.run)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options or ufunc not in self.handled:
            raise NotPiecewise(f"{ufunc.__name__} is not piecewise linear")
        return self.handled[ufunc](*inputs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, options: Any) -> Any:
        if function not in self.handled:
            raise NotPiecewise(f"{function.__name__} is not piecewise linear")
        return self.handled[function](*args, **options)


def joined(arrays: Sequence[Any], run: Run) -> Forms:
    """Join arrays [width], of forms or of plain numbers, to one of forms."""
    return Forms(np.concatenate([_lifted(one, run) for one in arrays], axis=-1), run)


Operand = Any
"""Forms, or an array that is the same on the whole cell."""


def _handles(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def keep(own: Callable[..., Any]) -> Callable[..., Any]:
        Forms.handled.update(dict.fromkeys(functions, own))
        return own

    return keep


def _run_of(operands: Sequence[Operand]) -> Run:
    return next(one.run for one in operands if isinstance(one, Forms))


def _lifted(value: Operand, run: Run) -> np.ndarray:
    """Give the parts of any operand."""
    if isinstance(value, Forms):
        return value.parts
    constant = np.asarray(value, float)
    return np.concatenate([constant[None], np.zeros((len(run.reach), *constant.shape))])


def _aligned(*operands: Operand) -> tuple[Run, list[np.ndarray]]:
    """Give the parts of operands, with axes of length 1 put in so that their arrays broadcast."""
    run = _run_of(operands)
    parts = [_lifted(one, run) for one in operands]
    deepest = max(part.ndim for part in parts)
    return run, [part.reshape(len(part), *[1] * (deepest - part.ndim), *part.shape[1:]) for part in parts]


@_handles(np.add)
def _add(a: Operand, b: Operand) -> Forms:
    if isinstance(a, Forms) and not isinstance(b, Forms) and np.ndim(b) == 0:
        return a.plus(float(b))
    run, (left, right) = _aligned(a, b)
    return Forms(left + right, run)


@_handles(np.subtract)
def _subtract(a: Operand, b: Operand) -> Forms:
    if isinstance(a, Forms) and not isinstance(b, Forms) and np.ndim(b) == 0:
        return a.plus(-float(b))
    run, (left, right) = _aligned(a, b)
    return Forms(left - right, run)


@_handles(np.negative)
def _negative(a: Forms) -> Forms:
    return Forms(-a.parts, a.run)


@_handles(np.multiply)
def _multiply(a: Operand, b: Operand) -> Forms:
    if not isinstance(a, Forms) and np.ndim(a) == 0:
        return Forms(b.parts * float(a), b.run)
    if not isinstance(b, Forms) and np.ndim(b) == 0:
        return Forms(a.parts * float(b), a.run)
    run, (left, right) = _aligned(a, b)
    if np.any(np.any(left[1:], axis=0) & np.any(right[1:], axis=0)):
        raise NotPiecewise("a product of two signals is not piecewise linear")
    found = left[:1] * right + right[:1] * left
    found[0] = left[0] * right[0]
    return Forms(found, run)


@_handles(np.true_divide)
def _divide(a: Operand, b: Operand) -> Forms:
    if isinstance(b, Forms):
        raise NotPiecewise("a quotient is not piecewise linear")
    return _multiply(a, 1.0 / np.asarray(b, float))


@_handles(np.matmul)
def _matmul(a: Operand, b: Operand) -> Forms:
    if isinstance(b, Forms):
        raise NotPiecewise("a product of two signals is not piecewise linear")
    if a.parts.ndim == 2 and np.ndim(b) == 2:
        return Forms(a.parts @ np.asarray(b, float), a.run)
    return Forms(np.matmul(a.parts[..., None, :], np.asarray(b, float))[..., 0, :], a.run)


@_handles(np.maximum)
def _maximum(a: Operand, b: Operand) -> Forms:
    run, (left, right) = _aligned(a, b)
    difference = left - right
    return Forms(np.where(run.above(difference), left, right), run)


@_handles(np.minimum)
def _minimum(a: Operand, b: Operand) -> Forms:
    return -_maximum(-1.0 * a, -1.0 * b)


@_handles(np.clip)
def _clip(a: Operand, low: Operand, high: Operand) -> Forms:
    return _minimum(_maximum(a, low), high)


@_handles(np.absolute)
def _absolute(a: Forms) -> Forms:
    return Forms(np.where(a.run.above(a.parts), a.parts, -a.parts), a.run)


@_handles(np.sign)
def _sign(a: Forms) -> Any:
    """Give the sign inside the cell; what it is at its edge the code must not depend on."""
    return np.where(a.run.above(a.parts), 1.0, -1.0)


@_handles(np.less)
def _less(a: Operand, b: Operand, or_equal: bool = False) -> np.ndarray:
    run, (left, right) = _aligned(a, b)
    difference = left - right
    found = np.zeros(difference.shape[1:], bool)
    for place in np.ndindex(found.shape):
        answer = run.below_zero(difference[(slice(None), *place)], or_equal)
        found[place] = bool(run.choose(2)) if answer is None else answer
    return found


@_handles(np.less_equal)
def _less_equal(a: Operand, b: Operand) -> np.ndarray:
    return _less(a, b, or_equal=True)


@_handles(np.greater)
def _greater(a: Operand, b: Operand) -> np.ndarray:
    return _less(b, a)


@_handles(np.greater_equal)
def _greater_equal(a: Operand, b: Operand) -> np.ndarray:
    return _less(b, a, or_equal=True)


@_handles(np.rint)
def _rint(a: Forms) -> Forms:
    """Give the same: what stands on a grid is whole already."""
    for place in np.ndindex(a.shape):
        if not a.run.whole(a.parts[(slice(None), *place)]):
            raise NotPiecewise("rounding off a grid is not piecewise linear")
    return a


@_handles(np.remainder)
def _remainder(a: Forms, b: float) -> Forms:
    turns = np.floor(a.run.cell.at_middle(a.parts) / b)
    for ends in (turns, turns + 1):
        _ = a.run.above((a - ends * b).parts)
    return a - turns * b


@_handles(np.where)
def _where(condition: np.ndarray, a: Operand, b: Operand) -> Forms:
    run, (left, right) = _aligned(a, b)
    return Forms(np.where(condition, left, right), run)


@_handles(np.concatenate)
def _concatenate(arrays: Sequence[Operand], axis: int = 0) -> Forms:
    run = _run_of(arrays)
    return Forms(np.concatenate([_lifted(one, run) for one in arrays], axis if axis < 0 else axis + 1), run)


@_handles(np.stack)
def _stack(arrays: Sequence[Operand], axis: int = 0) -> Forms:
    run = _run_of(arrays)
    return Forms(np.stack([_lifted(one, run) for one in arrays], axis if axis < 0 else axis + 1), run)


@_handles(np.broadcast_to)
def _broadcast_to(a: Forms, shape: tuple[int, ...]) -> Forms:
    parts = a.parts.reshape(len(a.parts), *[1] * (len(shape) - len(a.shape)), *a.shape)
    return Forms(np.broadcast_to(parts, (len(parts), *shape)), a.run)


@_handles(np.sum)
def _sum(a: Forms, axis: int) -> Forms:
    return Forms(a.parts.sum(axis=axis if axis < 0 else axis + 1), a.run)


def _rows(a: Forms, axis: int) -> list[Forms]:
    moved = np.moveaxis(a.parts, axis if axis < 0 else axis + 1, 1)
    return [Forms(moved[:, i], a.run) for i in range(moved.shape[1])]


@_handles(np.max)
def _max(a: Forms, axis: int) -> Forms:
    return reduce(_maximum, _rows(a, axis))


@_handles(np.min)
def _min(a: Forms, axis: int) -> Forms:
    return reduce(_minimum, _rows(a, axis))


@_handles(np.median)
def _median(a: Forms, axis: int) -> Forms:
    one, other, third = _rows(a, axis)
    return _maximum(_minimum(one, other), _minimum(_maximum(one, other), third))


@_handles(np.interp)
def _interp(x: Forms, xs: np.ndarray, ys: np.ndarray) -> Forms:
    right = [x.run.above((x - end).parts) for end in xs]
    slopes = np.concatenate([[0.0], np.diff(ys) / np.diff(xs), [0.0]])
    piece = sum(side.astype(int) for side in right)
    start = np.maximum(piece - 1, 0)
    return (x - np.asarray(xs)[start]) * slopes[piece] + np.asarray(ys)[start]


@_handles(np.argmin)
def _argmin(costs: Forms, axis: int = -1) -> Any:
    """Give the place of the least of several costs, of equal ones the first, or of those of which any may be it."""
    if len(costs.shape) != 1:
        raise NotPiecewise("one row of costs at a time")
    count = costs.shape[0]
    possible = [True] * count
    for i, j in itertools.combinations(range(count), 2):
        before = costs.run.below_zero(costs.parts[:, i] - costs.parts[:, j], or_equal=True)
        possible[j] &= before is not True
        possible[i] &= before is not False
    left = np.flatnonzero(possible)
    return left[0] if len(left) == 1 else left[costs.run.choose(len(left))]
