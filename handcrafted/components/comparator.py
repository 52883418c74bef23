"""Comparing signals with thresholds, by steep ramps, and with each other: the least, the largest, the middle one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
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
    steps = [read.quantum for read in reads]
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


def ramp_below(threshold: float, quantum: float | None, span: float) -> Ramp:
    """Return the ramp for `x < threshold`, strictly.

    On a grid of step q the ramp lies between the last point that satisfies it and the first that does not, so that
    no point of the grid falls inside; off the grid the whole band lies below the threshold, which itself answers 0.

    Formula: gain = the least power of two of at least 1 / q; off the grid of at least 2^14 / scale, the larger of span
        and |threshold|, for float32 holds no finer differences there.
    Error: wrong only inside the band, (threshold - (1 + 2^-4) / gain, threshold) off the grid.

    Args:
        threshold: in the unit of what is compared.
        quantum: the step q of the values, None where nothing rounds them.
        span: the width of their range.
    """
    scale = max(span, abs(threshold))
    if quantum is None or scale / quantum > 2.0**GRID_BITS:
        gain = 2.0 ** np.ceil(BAND_BITS - np.log2(scale))
        return Ramp(float(gain), threshold - MARGIN / gain)
    steps = threshold / quantum
    first_false = quantum * (np.rint(steps) if abs(steps - np.rint(steps)) < NEAR else np.ceil(steps))
    gain = 2.0 ** np.ceil(-np.log2(quantum))
    return Ramp(float(gain), float(first_false - (quantum - 1 / gain) / 2))


def ramp_above(threshold: float, quantum: float | None, span: float) -> Ramp:
    """Return the ramp for `x > threshold`, as a ramp over -x."""
    return ramp_below(-threshold, quantum, span)


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


def ranking(site: Site, count: int, quantum: float | None, span: float) -> Circuit:
    """Build the first stage: for each pair i < j, 0 where the later one is strictly less, at least 1 where it is not.

    Formula: n_ij = r(1 - gain (start - (c_j - c_i))).
    Source: the comparator of this library; no softmax, which would give the mean of candidates that tie.
    Error: proved bound 0 on the grid and where no two costs lie within the band, 2^-13 of the span;
        regression bound 0.
    """
    pairs = list(combinations(range(count), 2))
    slopes = np.zeros((count, len(pairs)))
    for at, (one, two) in enumerate(pairs):
        slopes[[one, two], at] = -1.0, 1.0
    return ramps(site, slopes, [ramp_below(0.0, quantum, span)] * len(pairs))


def least(site: Site, values: np.ndarray) -> Circuit:
    """Build the last stage: the value of the candidate that no other beats; of equal ones the first.

    Formula: y = sum of value_i r(1 - sum over j > i of p_ij - sum over j < i of (1 - p_ji)), p_ij: j is less than i.
    Source: an all-pairs tournament, ties by index.
    Error: proved bound 0 on bits, regression bound 0.

    Args:
        site: where it stands.
        values: what to write for each candidate [candidate, write].
    """
    count = len(values)
    pairs = list(combinations(range(count), 2))
    into, bias = np.zeros((len(pairs), count)), 1.0 - np.arange(count)
    for at, (one, two) in enumerate(pairs):
        into[at, [one, two]] = -1.0, 1.0
    formula = "y_i = r(1 - sum over j > i of p_ij - sum over j < i of (1 - p_ji))"
    return circuit(site, "least", Neurons(into, bias, values), formula, "all-pairs tournament", "0 on bits")


def tournament(site: Site, count: int, sign: int) -> Circuit:
    """Build one round: of each two neighbours the larger (sign 1) or the smaller (sign -1); an odd one passes.

    Formula: max = a + r(b - a), min = a - r(a - b), a written as r(a) - r(-a).
    Source: a rectified unit per pair.
    Error: proved bound 2^-22 (|a| + |b|) per round, regression bound 4.8e-7 for values up to 4; 0 on a
        common dyadic grid.
    """
    pairs, winners = count // 2, (count + 1) // 2
    into = np.zeros((count, 2 * winners + pairs))
    out = np.zeros((2 * winners + pairs, winners))
    for k in range(winners):
        into[2 * k, [2 * k, 2 * k + 1]] = 1.0, -1.0
        out[[2 * k, 2 * k + 1], k] = 1.0, -1.0
    for k in range(pairs):
        into[[2 * k, 2 * k + 1], 2 * winners + k] = -sign, sign
        out[2 * winners + k, k] = sign
    name = "max = a + r(b - a)" if sign > 0 else "min = a - r(a - b)"
    return circuit(site, "round", Neurons(into, np.zeros(into.shape[1]), out), name, "a unit per pair", "2^-22")


def ordered_pair(site: Site) -> Circuit:
    """Build the first stage of a median of three: the first two in order.

    Formula: d = r(a - b), low = a - d, high = b + d.
    Source: a two-out-of-three voter by three comparisons.
    Error: proved bound 2^-23 (|a| + |b|), regression bound 8.4e-7 for values up to 4; 0 on a common dyadic grid.
    """
    into = np.array([[1.0, -1, 0, 0, 1], [0, 0, 1, -1, -1]])
    out = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1], [-1, 1]])
    formula = "low = a - r(a - b), high = b + r(a - b)"
    return circuit(
        site, "pair", Neurons(into, np.zeros(5), out), formula, "two-out-of-three voter", "2^-23 (|a| + |b|)"
    )


def below_the_larger(site: Site) -> Circuit:
    """Build the second stage of a median of three: the lower one of the pair, and the smaller of the higher and c.

    Formula: low, m = high - r(high - c).
    Source: as the first stage.
    Error: proved bound 2^-23 of the terms, regression bound 8.4e-7 for values up to 4.
    """
    into = np.array([[0.0, 0, 0, 0, -1], [1, -1, 0, 0, 0], [0, 0, 1, -1, 1]])  # reads c, low, high
    out = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1], [0, -1]])
    return circuit(site, "middle", Neurons(into, np.zeros(5), out), "m = high - r(high - c)", "voter", "2^-23")


def rounds(sites: Sequence[Site], reads: int, sign: int) -> list[Circuit]:
    """Build a tournament of so many reads: the larger of each pair goes on (sign 1), or the smaller (sign -1)."""
    found = []
    for site in sites:
        found.append(tournament(site, reads, sign))
        reads = (reads + 1) // 2
    return found
