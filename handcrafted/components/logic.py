"""Truth: connectives and votes by counting, gates by pushing what must not pass below zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.comparator import bits
from handcrafted.components.linear import exact_bias, saturated
from handcrafted.components.rows import issued
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import Read


def truth_slopes(reads: Sequence[Read]) -> np.ndarray:
    """How much each read coordinate [read] says that its signal is true: every word but the first, or a number."""
    return np.concatenate([_of_one(read) for read in reads] or [np.zeros(0)])


def _of_one(read: Read) -> np.ndarray:
    return (np.arange(read.domain.width) > 0).astype(float) if read.domain.discrete else np.ones(1)


def shortfall(site: Site, slopes: np.ndarray, counts: Sequence[int]) -> Circuit:
    """Build the first stage of a vote: by how much the number of true reads falls short of each count.

    Formula: n_k = r(k - sum of truths); the second stage is b_k = r(1 - n_k), both limits nested.
    Source: threshold units, McCulloch & Pitts 1943.
    Error: proved bound 0 on words and whole numbers, else (n + 1) 2^-23 of the sum; regression bound 0 on words.
    """
    into = np.tile(-slopes[:, None], (1, len(counts)))
    body = Neurons(into, np.array(counts, float), np.eye(len(counts)))
    return circuit(site, "short", body, "n_k = r(k - sum of truths)", "McCulloch & Pitts 1943", "0 on words")


def limited(site: Site, domains: Sequence[Domain], shares: np.ndarray) -> Circuit:
    """Build the first stage of gates: each value above its lower limit, and beside it what closes its gate.

    Formula: f_i = r(x_i - low_i), c_i = r(1 - share_i).
    Source: nested rectified units: a value is saturated before it is gated, or a large enough one would pass.
    Error: proved bound one rounding of the width; regression bound 6.6e-7 for widths up to 8.

    Args:
        site: what it reads: the values first, then what decides.
        domains: of the values.
        shares: matrix and constant [decides + 1, gate] of how far each gate is open.
    """
    count = len(domains)
    into = np.zeros((count + len(shares) - 1, 2 * count))
    into[:count, :count] = np.eye(count)
    into[count:, count:] = -shares[:-1]
    bias = np.array([*(-domain.low for domain in domains), *(1.0 - shares[-1])])
    body = Neurons(into, bias, np.eye(2 * count))
    return circuit(site, "floor", body, "f_i = r(x_i - low_i), c_i = r(1 - share_i)", "nested rectified units", "2^-24")


def limits(site: Site, domains: Sequence[Domain]) -> Circuit:
    """Build the second stage of gates: each value below its upper limit; what closes the gates passes.

    Formula: g_i = r(b_i - f_i), b = high - low, rounded as in a saturation.
    Source: nested rectified units.
    Error: proved bound one rounding of the width; regression bound 6.6e-7 for widths up to 8.
    """
    count = len(domains)
    signs = np.array([-1.0] * count + [1.0] * count)
    bias = np.array([*(float(exact_bias(domain.low, domain.high)) for domain in domains), *[0.0] * count])
    body = Neurons(np.diag(signs), bias, np.eye(2 * count))
    return circuit(site, "gap", body, "g_i = r(high_i - low_i - f_i), c_i", "nested rectified units", "one rounding")


def gated(site: Site, domains: Sequence[Domain]) -> Circuit:
    """Build the last stage of gates: the sum of the values whose gates are open.

    Formula: y = sum of r(v_i - M_i c_i) - r(-v_i - M_i c_i), v_i = high_i - g_i, M_i the largest size in the range.
    Source: two rectified units and the complement of the bit; with a bias in its place an open gate would round.
    Error: proved bound 4 * 2^-24 (|low| + |high|) each; exactly 0 through a closed gate; a bit wrong by d costs M d;
        regression bound 6.6e-7 for values up to 4.
    """
    count = len(domains)
    high = np.array([domain.high for domain in domains])
    size = np.array([max(abs(domain.low), abs(domain.high)) for domain in domains])
    into = np.concatenate([np.hstack([-np.eye(count), np.eye(count)]), -np.hstack([np.diag(size), np.diag(size)])])
    out = np.concatenate([np.ones((count, 1)), -np.ones((count, 1))])
    body = Neurons(into, np.concatenate([high, -high]), out)
    formula = "y = sum of r(v - M c) - r(-v - M c), v = high - g"
    return circuit(site, "gate", body, formula, "two rectified units per gate", "4 * 2^-24 (|low| + |high|); closed: 0")


def counting(
    sites: Sequence[Site],
    reads: Sequence[Read],
    counts: Sequence[int],
    domain: Domain,
    chosen: object,
    turns: bool = False,
) -> list[Circuit]:
    """Build a vote: what is true is counted against each threshold, and any of the bits issues the action.

    Args:
        sites: of the shortfall, the bits and the action.
        reads: what is counted.
        counts: the thresholds.
        domain: of the action.
        chosen: the word that issues it; None for the second.
        turns: whether the bits add and subtract in turn, so that an odd number of true reads issues it.
    """
    weights = (-1.0) ** np.arange(len(counts)) if turns else np.ones(len(counts))
    short = shortfall(sites[0], truth_slopes(reads), counts)
    return [short, bits(sites[1], len(counts)), issued(sites[2], domain, chosen, weights)]


def gates(sites: Sequence[Site], reads: Sequence[Read], shares: np.ndarray) -> list[Circuit]:
    """Build gates: what may pass is saturated, then what is open is summed; the last read decides.

    Args:
        sites: of the two saturations and the sum.
        reads: the values, then what decides.
        shares: matrix and constant [decides + 1, gate] of how far each gate is open.
    """
    domains = [read.domain for read in reads[:-1]]
    return [limited(sites[0], domains, shares), limits(sites[1], domains), gated(sites[2], domains)]


def count_stages(sites: Sequence[Site], reads: Sequence[Read], steps: int) -> list[Circuit]:
    """Build a count of steps up to a limit, from 0 where a read is on; its state is read last."""
    slopes = np.array([*(-(steps + 1.0) * truth_slopes(reads)), 1.0])
    return saturated(sites, slopes, -1.0, 0.0, float(steps))
