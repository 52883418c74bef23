"""Functions of one signal made of straight pieces: absolute value, dead band, lookup between points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.craft.circuit import Circuit, Neurons, Site, circuit


def absolute(site: Site) -> Circuit:
    """Build the absolute value.

    Formula: y = r(x) + r(-x).
    Source: two rectified units.
    Error: proved bound 0, regression bound 0.
    """
    body = Neurons(np.array([[1.0, -1.0]]), np.zeros(2), np.ones((2, 1)))
    return circuit(site, "absolute", body, "y = r(x) + r(-x)", "two rectified units", "0")


def dead_band(site: Site, width: float) -> Circuit:
    """Build a dead band.

    Formula: y = r(x - d) - r(-x - d).
    Source: two rectified units.
    Error: proved bound 2^-24 (|x| + d), that of one float32 sum, regression bound 0; 0 on a common dyadic grid.
    """
    body = Neurons(np.array([[1.0, -1.0]]), np.full(2, -width), np.array([[1.0], [-1.0]]))
    return circuit(site, "dead band", body, f"y = r(x - {width:g}) - r(-x - {width:g})", "two rectified units", "2^-24")


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
