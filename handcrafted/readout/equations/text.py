"""From a formula to a line that a person reads, and that gives the same number when it is worked out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from handcrafted.readout.equations.extract import curve
from handcrafted.readout.equations.terms import Clip, HeadTerm, RectifiedUnit, Sum, Term, Value, near, total, whole
from handcrafted.readout.equations.wording import Wording

STEEP = 1.0
"""A ramp from 0 to 1 of this slope or more is called a comparison, any other one a limit."""


class Writer:
    """Writes formulas in the words of one network."""

    def __init__(self, wording: Wording):
        self.wording = wording

    def text(self, formula: Sum, owner: str) -> str:
        """Write a formula as it stands in the section of an owner."""
        if mean := self._mean(formula, owner):
            return mean
        limits = [(one, weight) for one, weight in formula.terms if isinstance(one, Clip) and not self._truth(one)]
        if len(formula.terms) == len(limits) == 1:
            return self._limited(formula.constant, *limits[0], owner)
        complement = formula.constant == 1 and len(formula.terms) == 1 and formula.terms[0][1] == -1
        if complement and self._true(formula.terms[0][0]):
            return f"no({self._term(formula.terms[0][0], owner)})"
        if shape := curve(formula):
            value, points = shape
            least = [1e-12 * max(map(abs, numbers)) for numbers in zip(*points, strict=True)]
            pairs = ", ".join(f"({threshold(x, least[0])}, {threshold(y, least[1])})" for x, y in points)
            return f"points({self.value(value, owner)}, {pairs})"
        return self._sum(formula, owner)

    def value(self, value: Value, owner: str) -> str:
        """Write a value: under its owner's name where that is another one."""
        known = self.wording.known(value)
        prefix = "" if known.signal.owner == owner else f"{self.wording.owner(known.signal)}."
        until = "" if known.until is None else f"_until_{known.until}"
        name = f"{prefix}{self.wording.name(known.signal)}{until}{self.wording.index(known)}"
        if not known.lag:
            return name
        start = self.wording.folded.starts.get((known.signal, known.index), 0.0)
        return f"ago({name}, {known.lag}, {number(start)})"

    def _sum(self, formula: Sum, owner: str) -> str:
        pieces = [(self._term(one, owner), weight) for one, weight in _with_pairs(formula)]
        constant = [(number(abs(formula.constant)), math.copysign(1.0, formula.constant))] if formula.constant else []
        positive_first = sorted([*constant, *pieces], key=lambda piece: piece[1] < 0)
        if not positive_first:
            return "0"
        text = ""
        for word, weight in positive_first:
            sign = ("-" if weight < 0 else "") if not text else (" - " if weight < 0 else " + ")
            text += sign + (word if abs(weight) == 1 else f"{number(abs(weight))} * {word}")
        return text

    def _term(self, one: Shown, owner: str) -> str:
        if isinstance(one, _Extremum):
            return f"{one.name}({', '.join(self.value(value, owner) for value in one.values)})"
        if isinstance(one, _Size):
            return f"abs({self._sum(one.inner, owner)})"
        if isinstance(one, Value):
            return self.value(one, owner)
        if isinstance(one, HeadTerm):
            return f"{one.name}[{one.dimension}]"
        if isinstance(one, RectifiedUnit):
            return self._logic(one.inner, owner) or f"relu({self.text(one.inner, owner)})"
        return self._clip(one.inner, owner)

    def _clip(self, inner: Sum, owner: str) -> str:
        return self._comparison(inner, owner) or self._votes(inner, owner) or f"limit({self._sum(inner, owner)}, 0, 1)"

    def _votes(self, inner: Sum, owner: str) -> str | None:
        """Write a clipped sum of truths as a disjunction, a conjunction or their opposite; None where it is neither."""
        parts = [one for one, _ in inner.terms]
        made = len(parts) > 1 or (bool(parts) and not isinstance(parts[0], Value))
        if not made or not all(abs(weight) == 1 and self._true(one) for one, weight in inner.terms):
            return None
        holds, fails = self._sides(inner)
        if inner.constant == 0 and not fails:
            return f"any({', '.join(self._groups(holds, owner))})"
        if every := self._all(holds, fails, inner.constant, owner):
            return f"any({every})"
        if inner.constant == 1 and not holds:
            return f"none({', '.join(self._groups(fails, owner))})"
        every = self._all(fails, holds, 1 - inner.constant, owner)
        return f"none({every})" if every else None

    def _comparison(self, inner: Sum, owner: str) -> str | None:
        """Write a steep ramp as a comparison; with a state beside it, which moves the threshold, as a hysteresis."""
        states = [(one, weight) for one, weight in inner.terms if isinstance(one, Value) and one.fraction and one.lag]
        compared = [pair for pair in inner.terms if pair not in states]
        numbers = [one for one, _ in compared if not self._true(one)]
        slope = compared[0][1] if numbers else 0.0
        if len(states) > 1 or abs(slope) < STEEP or (slope, inner.constant) in ((1.0, 0.0), (-1.0, 1.0)):
            return None
        text = self._sum(Sum(0.0, tuple((one, whole(weight / slope)) for one, weight in compared)), owner)
        ends = lambda shift: ((1 - inner.constant - shift) / slope, -(inner.constant + shift) / slope)
        if not states:
            one, zero = map(threshold, ends(0.0))
            return f"below({text}, {one}, {zero})" if slope < 0 else f"above({text}, {zero}, {one})"
        ((state, weight),) = states
        pairs = ", ".join(f"({threshold(one)}, {threshold(zero)})" for one, zero in (ends(0.0), ends(weight)))
        return f"hysteresis({self._term(state, owner)}, {text}, {pairs})"

    def _limited(self, constant: float, one: Clip, weight: float, owner: str) -> str:
        """Write constant + weight clip(z) as a comparison, or as z within limits."""
        if constant == 0 and weight == 1:
            return self._clip(one.inner, owner)
        if near(constant, -weight) and constant == 1:
            return self._clip(Sum(1.0) + one.inner.times(-1.0), owner)
        inside = total([Sum(constant), one.inner.times(weight)])
        low, high = sorted((constant, constant + weight))
        return f"limit({self._sum(_rounded(inside), owner)}, {number(low)}, {number(high)})"

    def _logic(self, inner: Sum, owner: str) -> str | None:
        """Write a unit over truths as a conjunction, or as a disjunction's opposite; None where it is neither."""
        if not inner.terms or not all(abs(weight) == 1 and self._true(one) for one, weight in inner.terms):
            return None
        holds, fails = self._sides(inner)
        if not holds and inner.constant == 1 and inner.bounds[1] <= 1 and not any(map(self._negative, fails)):
            return f"none({', '.join(self._groups(fails, owner))})"
        return self._all(holds, fails, inner.constant, owner)

    def _sides(self, inner: Sum) -> tuple[list[Term], list[Term]]:
        return [one for one, weight in inner.terms if weight > 0], [one for one, weight in inner.terms if weight < 0]

    def _all(self, holds: list[Term], fails: list[Term], constant: float, owner: str) -> str | None:
        """Write the conjunction of truths and of the opposites of others; None where the constant is not of one."""
        opposites = [
            self._clip(Sum(1.0) + one.inner.times(-1.0), owner)
            if isinstance(one, Clip)
            else f"no({self._term(one, owner)})"
            for one in fails
        ]
        for together in (True, False):
            groups = self._groups(holds, owner, together)
            if constant == 1 - len(groups) and len(groups) + len(opposites) > 1:
                return f"all({', '.join([*groups, *opposites])})"
        return None

    def _negative(self, one: Term) -> bool:
        """Whether a truth is better told by its opposite."""
        if not isinstance(one, Clip) or self._comparison(one.inner, ""):
            return False
        return one.inner.constant >= 1 and all(weight == -1 for _, weight in one.inner.terms)

    def _groups(self, truths: list[Term], owner: str, together: bool | None = None) -> list[str]:
        """Write truths; words of one signal go `together`, for one of them holds; None asks for known words alone."""
        groups: dict[object, list[str]] = {}
        for place, one in enumerate(truths):
            key: object = place
            if isinstance(one, Value) and (one.signal in self.wording.words if together is None else together):
                key = (one.signal, one.lag)
            groups.setdefault(key, []).append(self._term(one, owner))
        return [" + ".join(texts) for texts in groups.values()]

    def _true(self, one: Term) -> bool:
        """Whether a term stands for a truth: a word, a bit, or what is made of them."""
        if isinstance(one, Value):
            return one.fraction or one.signal in self.wording.truths
        return isinstance(one, Clip) or (isinstance(one, RectifiedUnit) and self._truth(one))

    def _truth(self, one: Clip | RectifiedUnit) -> bool:
        return all(self._true(part) for part, _ in one.inner.terms)

    def _mean(self, formula: Sum, owner: str) -> str | None:
        """Write equal shares of the last steps of one value as their mean."""
        values = [(one, weight) for one, weight in formula.terms if isinstance(one, Value)]
        count = len(values)
        if count < 2 or count != len(formula.terms) or formula.constant:
            return None
        ordered = sorted(values, key=lambda pair: pair[0].lag)
        first = ordered[0][0]
        alike = all(
            one == Value(first.signal, first.index, k, first.until) and near(weight, ordered[0][1])
            for k, (one, weight) in enumerate(ordered)
        )
        if not alike:
            return None
        start = number(self.wording.folded.starts.get((first.signal, first.index), 0.0))
        share = ordered[0][1] * count
        factor = "" if near(share, 1.0) else f"{number(share)} * "
        return f"{factor}mean({self.value(first, owner)}, {count}, {start})"


class _Size:
    """The absolute value of a sum: two units of opposite direction."""

    def __init__(self, inner: Sum):
        self.inner = inner


class _Extremum:
    """The least or greatest of two values: x - r(x - y), or y + r(x - y)."""

    def __init__(self, name: str, values: tuple[Value, Value]):
        self.name, self.values = name, values


Shown = Term | _Size | _Extremum


def _with_pairs(formula: Sum) -> list[tuple[Shown, float]]:
    """Join pairs of terms that are an absolute value, or the least or greatest of two."""
    found: list[tuple[Shown, float]] = []
    left = dict(formula.terms)
    for one, weight in formula.terms:
        if one not in left or not isinstance(one, RectifiedUnit):
            continue
        opposite, values = RectifiedUnit(one.inner.times(-1.0)), _difference(one.inner)
        if left.get(opposite) == weight:
            del left[one], left[opposite]
            found.append((_Size(one.inner), weight))
        elif values and left.get(values[0]) == -weight:
            del left[one], left[values[0]]
            found.append((_Extremum("min", values), -weight))
        elif values and left.get(values[1]) == weight:
            del left[one], left[values[1]]
            found.append((_Extremum("max", values), weight))
    return [*found, *left.items()]


def _difference(inner: Sum) -> tuple[Value, Value] | None:
    """Return x and y where a sum is x - y."""
    weights = {weight: one for one, weight in inner.terms if isinstance(one, Value)}
    if len(inner.terms) == 2 and inner.constant == 0 and weights.keys() == {1.0, -1.0}:
        return weights[1.0], weights[-1.0]
    return None


def number(value: float) -> str:
    """Write a weight in as few digits as tell it from its neighbours in float32."""
    with np.errstate(over="ignore"):  # a product of weights may be larger than float32 holds
        single = np.float32(value)
    if math.isclose(float(single), value, rel_tol=1e-7, abs_tol=0.0):
        return str(single).removesuffix(".0")
    return f"{value:.12g}"


def threshold(value: float, least: float = 0.0) -> str:
    """Write a threshold exactly enough to tell the ends of a narrow ramp apart; up to `least` it is 0."""
    return f"{value:.12g}" if abs(value) > least else "0"


def _rounded(formula: Sum) -> Sum:
    """Round what is 0 or a whole number but for float64's rounding."""
    terms: Sequence[tuple[Term, float]] = [(one, whole(weight)) for one, weight in formula.terms]
    size = max([abs(weight) for _, weight in terms], default=1.0)
    constant = 0.0 if abs(formula.constant) < 1e-9 * size else whole(formula.constant)
    return Sum(constant, tuple(terms))
