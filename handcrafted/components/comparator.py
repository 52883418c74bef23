"""Comparing a real signal with a threshold: a steep ramp, and a unit that cuts it off at 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.control.resolved import Read

BAND_BITS = 14
"""Off the grid a ramp is 2^-14 of the scale wide, or down to half of that."""

GRID_BITS = 22
"""Up to 2^22 steps of the grid in the scale, float32 holds every point and every ramp exactly."""

MARGIN = 2.0**-5
"""Share of a ramp kept free on both sides off the grid; float32 rounding of its terms stays below 2^-7."""

NEAR = 1e-9


def shared_quantum(reads: Sequence[Read]) -> float | None:
    """Return the step of the grid on which sums and differences of the reads lie; None where one of them has none.

    It is the smallest step, if all others are whole multiples of it.
    """
    steps = [read.grid for read in reads]
    if not steps or any(step is None for step in steps):
        return None
    least = min(step for step in steps if step is not None)
    whole = all(abs(step / least - round(step / least)) < NEAR for step in steps if step is not None)
    return least if whole else None


def span_of(reads: Sequence[Read]) -> float:
    """Return the width of the range of what is compared."""
    return sum(read.domain.high - read.domain.low for read in reads)


def signs_of(reads: Sequence[Read]) -> np.ndarray:
    """Return the sign of each read of a comparison [read]: the first against the second."""
    return np.array([1.0, -1.0])[: len(reads)]


class Ramp(NamedTuple):
    """A straight line gain (start - x), at most 0 where x is not below the threshold, at least 1 where it is.

    Between lies the band of width 1 / gain, in which the answer is a fraction.
    """

    gain: float
    start: float


def ramp_below(threshold: float, grid: float | None, span: float) -> Ramp:
    """Return the ramp for `x < threshold`, strictly.

    On a grid of step q the ramp lies between the last point that satisfies it and the first that does not, so that
    no point of the grid falls inside; off the grid the whole band lies below the threshold, which itself answers 0.

    Formula: gain = the least power of two of at least 1 / q; off the grid of at least 2^14 / scale, the larger of span
        and |threshold|, for float32 holds no finer differences there.
    Error: wrong only inside the band, (threshold - (1 + 2^-4) / gain, threshold) off the grid.

    Args:
        threshold: in the unit of what is compared.
        grid: the step q of the values, None where nothing rounds them.
        span: the width of their range.
    """
    scale = max(span, abs(threshold))
    if grid is None or scale / grid > 2.0**GRID_BITS:
        gain = 2.0 ** np.ceil(BAND_BITS - np.log2(scale))
        return Ramp(float(gain), threshold - MARGIN / gain)
    steps = threshold / grid
    first_false = grid * (np.rint(steps) if abs(steps - np.rint(steps)) < NEAR else np.ceil(steps))
    gain = 2.0 ** np.ceil(-np.log2(grid))
    return Ramp(float(gain), float(first_false - (grid - 1 / gain) / 2))


def ramp_above(threshold: float, grid: float | None, span: float) -> Ramp:
    """Return the ramp for `x > threshold`, as a ramp over -x."""
    return ramp_below(-threshold, grid, span)


def ramps(site: Site, slopes: np.ndarray, found: list[Ramp]) -> Circuit:
    """Build the first stage of comparators: one neuron each, 0 where the test holds and at least 1 where it fails.

    Formula: n_j = r(1 - gain_j (start_j - s_j x)), s_j the signs with which comparison j reads x.
    Source: Glorot, Bordes & Bengio 2011 (rectified units); the band as in `ramp_below`.
    Error: proved bound 0 on the grid and outside the band, regression bound 0.

    Args:
        site: where the circuit stands.
        slopes: [read, comparison], +1 or -1 where a comparison reads.
        found: the ramp of each comparison.
    """
    gains, starts = np.array([r.gain for r in found]), np.array([r.start for r in found])
    body = Neurons(slopes * gains, 1.0 - gains * starts, np.eye(len(found)))
    formula = "n_j = r(1 - gain_j (start_j - s_j x))"
    return circuit(site, "ramp", body, formula, "Glorot, Bordes & Bengio 2011", "0 outside the band of width 1 / gain")


def bits(site: Site, count: int) -> Circuit:
    """Build the second stage of comparators: 1 where the test holds, 0 where it fails.

    Formula: b = r(1 - n), so that with the ramp b = min(1, max(0, gain (start - s x))).
    Source: nested rectified units, as in a saturation.
    Error: proved bound 0, regression bound 0.
    """
    body = Neurons(-np.eye(count), np.ones(count), np.eye(count))
    return circuit(site, "bit", body, "b = r(1 - n)", "nested rectified units", "0")
