"""A formula of one value alone, as the points between which it is straight."""

from __future__ import annotations

from itertools import pairwise

from handcrafted.readout.equations.terms import Clip, RectifiedUnit, Sum, Term, Value, values_of

FEWEST = 3
"""Points from which a formula is told by them."""

Points = list[tuple[float, float]]


def curve(formula: Sum) -> tuple[Value, Points] | None:
    """Give the one value that a formula reads and its corners; None where it reads others, or goes on beyond them."""
    reads = values_of(formula)
    if len(reads) != 1 or not any(isinstance(one, (RectifiedUnit, Clip)) for one, _ in formula.terms):
        return None
    corners = sorted(_corners(formula))
    kept: list[float] = []
    for x in corners:
        if not kept or x - kept[-1] > 1e-9 * max(1.0, abs(x)):
            kept.append(x)
    if len(kept) < FEWEST:
        return None
    ends = (kept[0] - 1, kept[0]), (kept[-1], kept[-1] + 1)
    size = max(1.0, *(abs(_at(formula, x)) for x in kept))
    if any(abs(_at(formula, one) - _at(formula, other)) > 1e-6 * size for one, other in ends):
        return None
    return next(iter(reads)), [(x, _at(formula, x)) for x in kept]


def _at(formula: Sum, x: float) -> float:
    """Give the number that a formula is where its value is x."""
    result = formula.constant
    for one, weight in formula.terms:
        result += weight * _of_term(one, x)
    return result


def _of_term(one: Term, x: float) -> float:
    if isinstance(one, RectifiedUnit):
        return max(0.0, _at(one.inner, x))
    return min(max(_at(one.inner, x), 0.0), 1.0) if isinstance(one, Clip) else x


def _corners(formula: Sum) -> set[float]:
    """Give where a formula turns, or might."""
    found: set[float] = set()
    for one, _ in formula.terms:
        if isinstance(one, (RectifiedUnit, Clip)):
            inner = sorted(_corners(one.inner))
            levels = (0.0,) if isinstance(one, RectifiedUnit) else (0.0, 1.0)
            found |= {*inner, *(x for level in levels for x in _crossings(one.inner, inner, level))}
    return found


def _crossings(formula: Sum, corners: list[float], level: float) -> list[float]:
    """Give where a formula that is straight between its corners has a value."""
    bounds = [*([corners[0] - 1.0] if corners else [0.0]), *corners, *([corners[-1] + 1.0] if corners else [1.0])]
    found = []
    for i, (one, other) in enumerate(pairwise(bounds)):
        low, high = _at(formula, one) - level, _at(formula, other) - level
        if low == high:
            continue
        x = one - low * (other - one) / (high - low)
        first, last = i == 0, i == len(bounds) - 2
        if (first or x >= one) and (last or x <= other):
            found.append(x)
    return found
