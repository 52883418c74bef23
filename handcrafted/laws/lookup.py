"""Lookup: a number from a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, final

import numpy as np
from pydantic import model_validator

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.linear import linear, saturated
from handcrafted.control.domain import Domain
from handcrafted.control.parts import EMPTY, Condition, NameMap, Number
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import SATURATED, Signature
from handcrafted.text.letters import listed


@final
class Lookup(Law):
    """The number in a table: `values` by word, or `points` [x, y] joined by straight lines, flat beyond them."""

    values: NameMap[Number] = EMPTY
    points: tuple[tuple[Number, Number], ...] = ()

    law: ClassVar = "lookup"
    units: ClassVar = {"values": "output", "points": ("read", "output")}
    shape: ClassVar = Signature(counts=(1, 1), writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"points": [[-2, 1], [0, 3], [1, -1], [3, 0]]})

    @model_validator(mode="after")
    def _one_table(self) -> Lookup:
        if bool(self.values) == bool(self.points):
            raise ValueError("Expected `values` or `points`, got both or neither. Give one table")
        xs = [x for x, _ in self.points]
        if self.points and (len(xs) < 2 or any(a >= b for a, b in pairwise(xs))):
            raise ValueError(f"Expected two or more points with rising x, got {xs}. Sort them and drop equal ones")
        return self

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature: points need the read within them first."""
        return self.shape._replace(stages=SATURATED, result=("gap",), real=True) if self.points else self.shape

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a number for each word."""
        words = reads[0].domain.values
        if self.points or set(words) == set(self.values):
            return ""
        if not words:
            return "Expected a read with values beside `values`, got a range. Give `points`."
        return f"Expected a number for each of {listed(words)}, got {listed(self.values)}."

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the table's number for a word, or the straight line between its points."""
        if self.points:
            xs, ys = np.array(self.points).T
            return LawOutput(np.interp(given.now[0], xs, ys))
        numbers = np.array([self.values[word] for word in task.reads[0].domain.values])
        return LawOutput((given.now[0] @ numbers)[..., None])

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Bring the read between the first and the last point, and join the points; or weigh the words."""
        if not self.points:
            weights = np.array([[self.values[word] for word in task.reads[0].domain.values]])
            return [linear(sites[0], weights, np.zeros(1))]
        first, last = self.points[0][0], self.points[-1][0]
        return [*saturated(sites[:2], np.ones(1), first, first, last), between(sites[2], self.points)]


def between(site: Site, points: Sequence[tuple[float, float]]) -> Circuit:
    """Build the last stage of a table of points: straight lines between them, flat beyond; its read is saturated.

    Formula: y = y_1 + sum of (s_i - s_(i-1)) r(v - x_i), v = x_n - g, s_i the slope after point i, s_0 = 0.
    Source: piecewise linear interpolation by rectified units.
    Error: proved bound (n + 4) 2^-23 (|y_1| + sum of |s_i - s_(i-1)| (x_n - x_1)) for n points; regression
        bound 9.6e-7 for values up to 4.
    """
    xs, ys = np.array(points, float).T
    turns = np.diff(np.diff(ys) / np.diff(xs), prepend=0.0)
    into = np.array([[*[-1.0] * len(turns), 0.0]])
    bias = np.array([*(xs[-1] - xs[:-1]), abs(ys[0])])
    body = Neurons(into, bias, np.array([*turns, np.sign(ys[0])])[:, None])
    formula = f"y = {ys[0]:g} + sum of turns r(v - x_i), {len(xs)} points"
    return circuit(site, "lookup", body, formula, "piecewise linear interpolation", "(n + 4) 2^-23 of the terms")
