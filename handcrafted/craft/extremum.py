"""The largest, the smallest, the middle one: pairs of reads compared by one rectified unit each."""

from __future__ import annotations

import numpy as np

from handcrafted.craft.circuit import Circuit, Neurons, Site, circuit


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
