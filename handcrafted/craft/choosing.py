"""Choosing the least of several: every pair compared, and a unit per candidate that beats all the others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from handcrafted.craft.circuit import Circuit, Neurons, Site, circuit
from handcrafted.craft.comparator import ramp_below, ramps


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


def distances(site: Site, slopes: tuple[float, float], offsets: Sequence[float]) -> Circuit:
    """Build the costs of candidates: how far each one's prediction is from the goal.

    Formula: cost_k = r(z_k) + r(-z_k), z_k = a x - goal + b u_k + constant.
    Source: one-step lookahead by the absolute value of this library.
    Error: proved bound that of one float32 dot product, 5 * 2^-24 of its terms; 0 on a common dyadic grid, regression
        bound 0.
    """
    count = len(offsets)
    row = np.tile(np.array(slopes)[:, None], (1, count))
    eye = np.eye(count)
    bias = np.array(offsets)
    body = Neurons(np.hstack([row, -row]), np.concatenate([bias, -bias]), np.concatenate([eye, eye]))
    return circuit(site, "costs", body, "cost_k = |a x + b u_k + constant - goal|", "one-step lookahead", "5 * 2^-24")
