"""Rules that make a piecewise-linear formula shorter and leave its value as it is, whatever its values are."""

from __future__ import annotations

from collections.abc import Callable

from handcrafted.readout.equations.terms import (
    Clip,
    HeadTerm,
    RectifiedUnit,
    Sum,
    Term,
    Value,
    near,
    same,
    term,
    total,
    whole,
)


def rectified(inner: Sum) -> Sum:
    """Give max(0, inner): a unit, or what it comes to.

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
    """Give the sum cut off at 0 and 1, or what it comes to."""
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
    """Give weight (r(one) - r(other)) as a clip or a straight line; None where it is neither."""
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
