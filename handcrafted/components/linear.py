"""Linear maps by exact pairs of neurons, and sums within limits, nested so that a limit holds for any value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.control.domain import Domain
from handcrafted.control.parts import MOST


def affine(matrix: np.ndarray, constant: np.ndarray) -> Neurons:
    """Return the neurons of y = matrix x + constant.

    Formula: y_k = r(a_k x + c_k) - r(-a_k x - c_k), r(x) = max(x, 0).
    Error: proved bound that of one float32 dot product, see `linear`; 0 for a copy.
    """
    into = np.concatenate([matrix.T, -matrix.T], axis=1)
    eye = np.eye(len(matrix))
    return Neurons(into, np.concatenate([constant, -constant]), np.concatenate([eye, -eye]))


def copy(site: Site, width: int) -> Circuit:
    """Build the update of a variable that takes over what arrived, or the result that is a law's state.

    Formula: y = r(x) - r(-x), coordinate by coordinate.
    Source: exact pairs of rectified units.
    Error: proved bound 0, regression bound 0.
    """
    body = affine(np.eye(width), np.zeros(width))
    return circuit(site, "copy", body, f"{site.write.name} = {site.reads[0].name}", "exact pairs", "0")


def linear(site: Site, matrix: np.ndarray, constant: np.ndarray) -> Circuit:
    """Build a linear law, a constant included (a matrix without columns).

    Formula: y = A x + c.
    Source: exact pairs of rectified units.
    Error: proved bound (n + 2) 2^-23 (|A||x| + |c|) for n read coordinates; regression bound 1.3e-6 on
        sums up to 11.
    """
    error = f"{matrix.shape[1] + 2} * 2^-23 * (|A||x| + |c|)"
    formula = f"{site.write.name} = A x + c, A {matrix.shape[0]}x{matrix.shape[1]}"
    return circuit(site, "linear", affine(matrix, constant), formula, "exact pairs", error)


def limits(low: float | None, high: float | None, domain: Domain) -> tuple[float, float]:
    """Return two limits; those left out are the ends of the range."""
    return domain.low if low is None else low, domain.high if high is None else high


def exact_bias(low: float, high: float) -> np.float32:
    """Return the float32 number b nearest to high - low with fl(high - b) >= low, so that no value falls below `low`.

    Source: measured for random limits: fl(high - fl(high - low)) falls below `low` in a fifth of all pairs.
    """
    if high - low > MOST:
        return np.float32(np.inf)  # refused where the circuit is made
    low32, high32 = np.float32(low), np.float32(high)
    bias = high32 - low32
    while high32 - bias < low32:
        bias = np.nextafter(bias, np.float32(0))
    return bias


def floor(site: Site, slopes: np.ndarray, low: float) -> Circuit:
    """Build the first stage of a saturation of weighted sums: how far each is above the lower limit, at least 0.

    Formula: f = r(a x - low).
    Source: rectified units.
    Error: proved bound that of one float32 dot product of n terms, (n + 1) 2^-23 (|a||x| + |low|); regression bound
        3e-7 for one read and limits up to 2.

    Args:
        site: where it stands.
        slopes: of the reads, [read] or [read, sum].
        low: the lower limit.
    """
    count = slopes.size // len(slopes)
    body = Neurons(slopes.reshape(len(slopes), count), np.full(count, -low), np.eye(count))
    return circuit(site, "floor", body, f"f = r(a x {-low:+g})", "rectified units", "(n + 1) 2^-23 (|a||x| + |low|)")


def gap(site: Site, low: float, high: float, count: int = 1) -> Circuit:
    """Build the second stage: how far each of `count` sums is below its upper limit, from 0 to the width of the range.

    Formula: g = r(b - f), b = high - low, rounded so that fl(high - b) >= low.
    Source: nested rectified units; nested, because the parallel form r(x - low) - r(x - high) cancels: it is off by 2
        at |x| = 3e8.
    Error: proved bound one rounding of the width; regression bound 3e-7 for limits up to 2.
    """
    body = Neurons(-np.eye(count), np.full(count, float(exact_bias(low, high))), np.eye(count))
    return circuit(site, "gap", body, "g = r(high - low - f)", "nested rectified units", "one rounding")


def ceiling(site: Site, high: float) -> Circuit:
    """Build the last stage: the value itself, within its limits.

    Formula: y = high - g, written as the exact pair r(high - g) - r(g - high).
    Source: nested rectified units.
    Error: proved bound 4 * 2^-24 (|low| + |high|) beyond that of the sum; in [fl(high - b), high] for any finite sum;
        regression bound 3e-7 for limits up to 2.
    """
    body = affine(-np.eye(1), np.array([high]))
    error = "limits exact; 4 * 2^-24 (|low| + |high|) between them"
    return circuit(site, "ceiling", body, f"y = {high:g} - g", "nested rectified units", error)


def saturated(sites: Sequence[Site], slopes: np.ndarray, start: float, low: float, high: float) -> list[Circuit]:
    """Build a weighted sum within limits: `floor`, `gap`, and with a third site `ceiling`.

    Args:
        sites: of the two or three stages.
        slopes: of the reads [read].
        start: the weighted sum at the lower limit, without what is added to it.
        low: the lower limit.
        high: the upper limit.
    """
    first, second, *last = sites
    return [floor(first, slopes, start), gap(second, low, high), *(ceiling(site, high) for site in last)]
