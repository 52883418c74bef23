"""Piecewise-linear formulas: sums of values, of rectified units and of clipped sums, all exact."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from handcrafted.control.graph import Signal

NEAR = 2e-6
"""Relative difference up to which two coefficients are one: float32 rounds rescaled weights."""


@dataclass(frozen=True)
class Value:
    """One coordinate of a subspace or an input, `lag` steps ago.

    Attributes:
        until: the half-layer up to which it has been written; None for its last value.
        fraction: whether it is known to lie between 0 and 1.
    """

    signal: Signal
    index: int
    lag: int = 0
    until: int | None = None
    fraction: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class HeadTerm:
    """What one dimension of a head gives that attends by content; its formula is not written out."""

    name: str
    dimension: int


@dataclass(frozen=True)
class RectifiedUnit:
    """max(0, inner), scaled so that the largest coefficient of `inner` is 1."""

    inner: Sum


@dataclass(frozen=True)
class Clip:
    """`inner` cut off at 0 and at 1."""

    inner: Sum


Term = Value | HeadTerm | RectifiedUnit | Clip


@dataclass(frozen=True)
class Sum:
    """A constant and weighted terms, in order of first appearance."""

    constant: float = 0.0
    terms: tuple[tuple[Term, float], ...] = ()

    def __add__(self, other: Sum) -> Sum:
        return total([self, other])

    def times(self, factor: float) -> Sum:
        """Give the sum times a number."""
        return Sum(self.constant * factor, tuple((term, weight * factor) for term, weight in self.terms))

    @property
    def alone(self) -> Term | None:
        """The one term that this is and nothing else, or None."""
        one = len(self.terms) == 1 and self.constant == 0 and self.terms[0][1] == 1
        return self.terms[0][0] if one else None

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which numbers it lies, whatever its values are."""
        low = high = self.constant
        for term, weight in self.terms:
            least, most = _bounds(term)
            ends = sorted((_product(weight, least), _product(weight, most)))
            low, high = low + ends[0], high + ends[1]
        return low, high


def _bounds(term: Term) -> tuple[float, float]:
    if isinstance(term, Clip) or (isinstance(term, Value) and term.fraction):
        return 0.0, 1.0
    return (0.0, max(0.0, term.inner.bounds[1])) if isinstance(term, RectifiedUnit) else (-math.inf, math.inf)


def _product(weight: float, end: float) -> float:
    return 0.0 if end == 0 else weight * end


def total(sums: Iterable[Sum]) -> Sum:
    """Add sums up; terms whose weights cancel disappear."""
    constant, weights, sizes = 0.0, {}, {}
    for one in sums:
        constant += one.constant
        for term, weight in one.terms:
            weights[term] = weights.get(term, 0.0) + weight
            sizes[term] = max(sizes.get(term, 0.0), abs(weight))
    kept = ((term, weight) for term, weight in weights.items() if abs(weight) > 1e-12 * sizes[term])
    return Sum(constant, tuple(kept))


def term(one: Term, weight: float = 1.0) -> Sum:
    """Give a sum of one term."""
    return Sum(0.0, ((one, weight),))


def near(one: float, other: float) -> bool:
    """Whether two coefficients are equal up to float32 rounding."""
    return math.isclose(one, other, rel_tol=NEAR, abs_tol=1e-12)


def whole(weight: float) -> float:
    """Give the whole number that a weight is but for float32 rounding, else the weight."""
    return float(round(weight)) if near(weight, float(round(weight))) else weight


def same(one: Sum, other: Sum) -> bool:
    """Whether two sums have the same terms with equal weights, constants aside."""
    left, right = dict(one.terms), dict(other.terms)
    return left.keys() == right.keys() and all(near(weight, right[key]) for key, weight in left.items())


def values_of(formula: Sum) -> set[Value]:
    """Give all values that a formula reads."""
    found: set[Value] = set()
    for one, _ in formula.terms:
        if isinstance(one, Value):
            found.add(one)
        elif isinstance(one, (RectifiedUnit, Clip)):
            found |= values_of(one.inner)
    return found


def heads_of(formula: Sum) -> set[HeadTerm]:
    """Give all terms of heads that attend by content."""
    inner = (heads_of(one.inner) for one, _ in formula.terms if isinstance(one, (RectifiedUnit, Clip)))
    return {one for one, _ in formula.terms if isinstance(one, HeadTerm)}.union(*inner)
