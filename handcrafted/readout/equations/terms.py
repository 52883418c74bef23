"""Sums of rectified units as terms, and the shorter terms that they equal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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
        """Return the sum times a number."""
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
    """Return a sum of one term."""
    return Sum(0.0, ((one, weight),))


def near(one: float, other: float) -> bool:
    """Whether two coefficients are equal up to float32 rounding."""
    return math.isclose(one, other, rel_tol=NEAR, abs_tol=1e-12)


def whole(weight: float) -> float:
    """Return the whole number that a weight is but for float32 rounding, else the weight."""
    return float(round(weight)) if near(weight, float(round(weight))) else weight


def same(one: Sum, other: Sum) -> bool:
    """Whether two sums have the same terms with equal weights, constants aside."""
    left, right = dict(one.terms), dict(other.terms)
    return left.keys() == right.keys() and all(near(weight, right[key]) for key, weight in left.items())


def values_of(formula: Sum) -> set[Value]:
    """Return all values that a formula reads."""
    found: set[Value] = set()
    for one, _ in formula.terms:
        if isinstance(one, Value):
            found.add(one)
        elif isinstance(one, (RectifiedUnit, Clip)):
            found |= values_of(one.inner)
    return found


def heads_of(formula: Sum) -> set[HeadTerm]:
    """Return all terms of heads that attend by content."""
    inner = (heads_of(one.inner) for one, _ in formula.terms if isinstance(one, (RectifiedUnit, Clip)))
    return {one for one, _ in formula.terms if isinstance(one, HeadTerm)}.union(*inner)


def rectified(inner: Sum) -> Sum:
    """Return max(0, inner): a unit, or what it comes to.

    Formula: r(k z) = k r(z) for k > 0; r(z) = z where z >= 0 always, 0 where z <= 0 always;
        r(c - a r(z)) = c clip(1 - a z / c).
    """
    low, high = inner.bounds
    if high <= 0:
        return Sum()
    if low >= 0:
        return inner
    one = inner.terms[0][0] if len(inner.terms) == 1 else None
    weight = inner.terms[0][1]
    if isinstance(one, RectifiedUnit) and weight < 0 < inner.constant:
        return clipped(Sum(1.0) + one.inner.times(weight / inner.constant)).times(inner.constant)
    scale = max(abs(weight) for _, weight in inner.terms)
    return term(RectifiedUnit(_snapped(inner.times(1 / scale))), scale)


def clipped(inner: Sum) -> Sum:
    """Return the sum cut off at 0 and 1, or what it comes to."""
    low, high = inner.bounds
    if low >= 1 or high <= 0:
        return Sum(1.0 if low >= 1 else 0.0)
    if low >= 0 and high <= 1:
        return inner
    one, weight = inner.terms[0]
    if len(inner.terms) == 1 and inner.constant == 0 and isinstance(one, RectifiedUnit) and len(one.inner.terms) == 1:
        return clipped(one.inner.times(weight)) if weight > 0 else Sum()
    if low >= 0 and not any(isinstance(one, Clip) for one, _ in inner.terms):
        return term(Clip(inner))
    if high <= 1:
        return rectified(inner)
    return term(Clip(inner))


def _snapped(inner: Sum) -> Sum:
    """Round weights to whole numbers where float32 rounding is all that parts them."""
    return Sum(inner.constant, tuple((one, whole(weight)) for one, weight in inner.terms))


def merged(formula: Sum) -> Sum:
    """Join pairs of units of one direction into a clip, or into a straight line.

    Formula: a r(z) - a r(z - c) = a c clip(z / c); a r(z) - a r(-z) = a z.
    """
    units = [(one, weight) for one, weight in formula.terms if isinstance(one, RectifiedUnit)]
    for i, (one, weight) in enumerate(units):
        for other, against in units[i + 1 :]:
            if not near(weight, -against):
                continue
            joined = _joined(one, other, weight)
            if joined is not None:
                rest = tuple((t, w) for t, w in formula.terms if t not in (one, other))
                return merged(total([Sum(formula.constant, rest), joined]))
    return formula


def _joined(one: RectifiedUnit, other: RectifiedUnit, weight: float) -> Sum | None:
    """Return weight (r(one) - r(other)) as a clip or a straight line; None where it is neither."""
    apart = one.inner.constant - other.inner.constant
    if same(one.inner, other.inner) and apart != 0:
        first, factor = (one, weight) if apart > 0 else (other, -weight)
        return clipped(first.inner.times(1 / abs(apart))).times(factor * abs(apart))
    if same(one.inner, other.inner.times(-1.0)) and near(one.inner.constant, -other.inner.constant):
        return one.inner.times(weight)
    return None


def substituted(formula: Sum, new: Callable[[Value], Sum]) -> Sum:
    """Replace every value by a formula, and simplify."""

    def replaced(one: Term) -> Sum:
        if isinstance(one, Value):
            return new(one)
        if isinstance(one, HeadTerm):
            return term(one)
        inner = substituted(one.inner, new)
        return rectified(inner) if isinstance(one, RectifiedUnit) else clipped(inner)

    return merged(total([Sum(formula.constant), *(replaced(one).times(weight) for one, weight in formula.terms)]))
