"""Conditions as they are said: rows of tests, their opposites, and the number that stands for a threshold's band."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Rows = list[list[str]]
"""A condition: one row or another, each of tests that all hold."""

MAX_TESTS = 12
"""Tests up to which two conditions are compared in all their contexts."""

EDGE, SHORTER = 1 / 16, 2
"""By how much of its width a threshold may lie beside a band, and by how many digits one within must be shorter."""


class Predicate(NamedTuple):
    """What is so or not.

    Attributes:
        text, opposite: in words, when it is so and when it is not.
    """

    text: str
    opposite: str


class Logic(NamedTuple):
    """A condition: `and` or `or` of parts, `not` of one, or a `test`."""

    kind: str
    parts: tuple[Logic, ...] = ()
    test: Predicate | None = None

    def rows(self, so: bool = True) -> Rows:
        """Return when it holds, or when it does not, in rows."""
        if self.test is not None:
            return [[self.test.text if so else self.test.opposite]]
        if self.kind == "not":
            return self.parts[0].rows(not so)
        parts = [part.rows(so) for part in self.parts]
        if (self.kind == "or") == so:
            return [row for part in parts for row in part]
        return [[test for row in rows for test in row] for rows in itertools.product(*parts)]

    def tests(self) -> set[Predicate]:
        """Return all that it tests."""
        return {self.test} if self.test is not None else {test for part in self.parts for test in part.tests()}

    def holds(self, given: Mapping[Predicate, bool]) -> bool:
        """Whether it holds where tests are so or not."""
        if self.test is not None:
            return given[self.test]
        if self.kind == "not":
            return not self.parts[0].holds(given)
        return (all if self.kind == "and" else any)(part.holds(given) for part in self.parts)

    def is_opposite_of(self, other: Logic) -> bool:
        """Whether it holds exactly where another does not, in all contexts of their tests, if those are few."""
        tests = sorted(self.tests() | other.tests())
        if len(tests) > MAX_TESTS:
            return False
        contexts = (dict(zip(tests, so, strict=True)) for so in itertools.product((False, True), repeat=len(tests)))
        return all(self.holds(given) != other.holds(given) for given in contexts)


def threshold(low: float, high: float, below: bool) -> str:
    """Return the number that stands for a band, `low` to `high`, outside which something is surely so or not.

    It is the shortest beside the edge at which the condition begins to fail, unless a much shorter one lies in the
    band.
    """
    beside = EDGE * (high - low)
    edge = high if below else low
    one, other = _shortest(edge - beside, edge + beside, edge), _shortest(low, high, edge)
    digits = lambda text: len(text.lstrip("-").replace(".", "").strip("0"))
    return other if digits(other) <= digits(one) - SHORTER else one


def _shortest(low: float, high: float, near: float) -> str:
    for digits in range(1, 10):
        text = np.format_float_positional(float(f"{near:.{digits}g}"), trim="-")
        step = 10.0 ** (np.floor(np.log10(max(abs(near), 1e-30))) - digits + 1)
        tried = [float(text) + step * k for k in (0, -1, 1)]
        fitting = [value for value in tried if low <= value <= high]
        if fitting:
            return np.format_float_positional(float(f"{min(fitting, key=lambda v: abs(v - near)):.12g}"), trim="-")
    return f"{near:.9g}"
