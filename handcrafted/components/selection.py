"""The least, the largest, the middle one: pairs compared, and a unit for what wins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.comparator import ramp_below, ramps


def ranking(site: Site, count: int, grid: float | None, span: float) -> Circuit:
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
    return ramps(site, slopes, [ramp_below(0.0, grid, span)] * len(pairs))


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
