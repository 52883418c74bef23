"""Arithmetic on a cell: numpy code that is piecewise linear runs on affine forms, and says where it bends.

Code that runs on the forms of a cell gives forms again, exactly; anything else raises `NotPiecewise`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from handcrafted.verdict.pieces import NotPiecewise, PieceRun


class Forms(NDArrayOperatorsMixin):
    """An array of affine forms on a cell, for numpy code.

    Args:
        parts: constants and slopes [1 + n, …].
        run: the run that it belongs to.
    """

    handled: ClassVar[dict[Any, Callable[..., Any]]] = {}

    def __init__(self, parts: np.ndarray, run: PieceRun):
        self.parts, self.run = parts, run

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.parts.shape[1:]

    def plus(self, number: float) -> Forms:
        """Return the forms with a number added to each."""
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


def variables(run: PieceRun) -> Forms:
    """Return the variables of a run themselves, as forms [n]."""
    n = len(run.reach)
    return Forms(np.concatenate([np.zeros((1, n)), np.eye(n)]), run)


def joined(arrays: Sequence[Any], run: PieceRun) -> Forms:
    """Join arrays [width], of forms or of plain numbers, to one of forms."""
    return Forms(np.concatenate([_lifted(one, run) for one in arrays], axis=-1), run)


Operand = Any
"""Forms, or an array that is the same on the whole cell."""


def _handles(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def keep(own: Callable[..., Any]) -> Callable[..., Any]:
        Forms.handled.update(dict.fromkeys(functions, own))
        return own

    return keep


def _run_of(operands: Sequence[Operand]) -> PieceRun:
    return next(one.run for one in operands if isinstance(one, Forms))


def _lifted(value: Operand, run: PieceRun) -> np.ndarray:
    """Return the parts of any operand."""
    if isinstance(value, Forms):
        return value.parts
    constant = np.asarray(value, float)
    return np.concatenate([constant[None], np.zeros((len(run.reach), *constant.shape))])


def _aligned(*operands: Operand) -> tuple[PieceRun, list[np.ndarray]]:
    """Return the parts of operands, with axes of length 1 put in so that their arrays broadcast."""
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
    """Return the sign inside the cell; what it is at its edge the code must not depend on."""
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
    """Return the same: what stands on a grid is whole already."""
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
    """Return the place of the least of several costs, of equal ones the first, or of those of which any may be it."""
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
