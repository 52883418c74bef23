"""Decision tables in two stages: a neuron per row, then the action that any matching row issues.

Rows that test real variables have comparators before them. As few rows are built as match in the same contexts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.comparator import Ramp, bits, ramp_above, ramp_below, ramps
from handcrafted.components.minimise import minimised
from handcrafted.control.domain import Domain, Value, issue_values
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import LawInstance, Read


class ThresholdTest(NamedTuple):
    """One test of a real variable against one bound; `sign` is +1 for below, -1 for above."""

    name: str
    sign: int
    threshold: float


_minimised = lru_cache(maxsize=256)(minimised)


def rows_of(task: LawInstance) -> Condition:
    """Return the rows of a table as they are built: as few as match in the same contexts."""
    assert task.when is not None
    return _minimised(task.when, tuple((read.name, read.domain.values) for read in task.tested))


def comparisons(condition: Condition) -> list[ThresholdTest]:
    """List the different comparisons of a condition, in order of first appearance."""
    found = [c for row in condition for name, test in row.items() for c in _of_test(name, test)]
    return list(dict.fromkeys(found))


def _of_test(name: str, test: Bounds | tuple[str, ...]) -> list[ThresholdTest]:
    if not isinstance(test, Bounds):
        return []
    below = [] if test.below is None else [ThresholdTest(name, 1, test.below)]
    return below + ([] if test.above is None else [ThresholdTest(name, -1, test.above)])


def table_ramps(site: Site, reads: Sequence[Read], condition: Condition) -> Circuit:
    """Build the comparators' first stage for the real variables of a table; see `comparator.ramps`.

    Formula: n_j = r(1 - gain_j (start_j - s_j x)).
    Source: see `comparator.ramps`.
    Error: proved bound 0 on the grid and outside the bands, regression bound 0.
    """
    tests = comparisons(condition)
    slopes, found = np.zeros((len(reads), len(tests))), []
    for j, test in enumerate(tests):
        i = next(i for i, read in enumerate(reads) if read.name == test.name)
        slopes[i, j] = test.sign
        found.append(_ramp(test, reads[i]))
    return ramps(site, slopes, found)


def _ramp(test: ThresholdTest, read: Read) -> Ramp:
    build = ramp_below if test.sign > 0 else ramp_above
    return build(test.threshold, read.quantum, read.domain.high - read.domain.low)


def table_rows(site: Site, words: Sequence[tuple[str, Domain]], condition: Condition) -> Circuit:
    """Build a neuron per row, 1 where the row matches and 0 elsewhere.

    Formula: row_j = r(sum of the bits of its comparisons and of its allowed words - (n - 1)), n tests in the row.
    Source: threshold units for conjunctions, McCulloch & Pitts 1943.
    Error: proved bound 0 on bits and one-hot words, regression bound 0.

    Args:
        site: what it reads: the bits of the comparisons first, if there are any, then the words.
        words: name and domain of the discrete variables that it reads.
        condition: the rows.
    """
    tests = comparisons(condition)
    offsets = len(tests) + np.cumsum([0, *(domain.width for _, domain in words)])
    at = {name: (start, domain) for (name, domain), start in zip(words, offsets[:-1], strict=True)}
    into, bias = np.zeros((offsets[-1], len(condition))), np.ones(len(condition))
    for j, row in enumerate(condition):
        for name, test in row.items():
            own = [tests.index(comparison) for comparison in _of_test(name, test)]
            into[own, j] = 1.0
            bias[j] -= max(1, len(own))
            if not isinstance(test, Bounds):
                start, domain = at[name]
                into[[start + domain.values.index(word) for word in test], j] = 1.0
    formula = "row_j = r(sum of bits and allowed words - (n - 1))"
    return circuit(site, "rows", Neurons(into, bias, np.eye(len(condition))), formula, "McCulloch & Pitts 1943", "0")


def any_row(site: Site, weights: np.ndarray, domain: Domain, values: tuple[Value, Value]) -> Circuit:
    """Build the second stage: issue the action if any row matches.

    Formula: with s = weighted sum of rows (weights 1): y = issued (r(s) - r(s - 1)) + withheld r(1 - s).
    Source: threshold units for disjunctions, McCulloch & Pitts 1943.
    Error: proved bound 0 on words, regression bound 0.
    """
    withheld, issued = (domain.encode(value).astype(float) for value in values)
    into = weights[:, None] * np.array([1.0, 1.0, -1.0])
    out = np.stack([issued, -issued, withheld])
    alive = np.any(out != 0, axis=1)
    body = Neurons(into[:, alive], np.array([0.0, -1.0, 1.0])[alive], out[alive])
    formula = "y = issued (r(s) - r(s - 1)) + withheld r(1 - s), s = sum of rows"
    return circuit(site, "any", body, formula, "McCulloch & Pitts 1943", "0")


def issued(site: Site, domain: Domain, chosen: object = None, weights: np.ndarray | None = None) -> Circuit:
    """Build what issues an action by a bit, or by any of several; see `any_row`.

    Formula: y = issued (r(s) - r(s - 1)) + withheld r(1 - s), s the weighted sum of bits.
    Source: threshold units for disjunctions, McCulloch & Pitts 1943.
    Error: proved bound 0 on words, regression bound 0.

    Args:
        site: where it stands.
        domain: of the action.
        chosen: the word that issues it; None for the second.
        weights: of the bits that it reads [bit]; None for one bit.
    """
    return any_row(site, np.ones(1) if weights is None else weights, domain, issue_values(domain, chosen))


def compared_rows(task: LawInstance, sites: Sequence[Site]) -> list[Circuit]:
    """Build the rows of a law's condition, and before them the comparisons of the real signals that it tests."""
    when = rows_of(task)
    words = [(read.name, read.domain) for read in task.tested if read.domain.discrete]
    real = [read for read in task.tested if not read.domain.discrete]
    rows = table_rows(sites[-1], words, when)
    if len(sites) == 1:
        return [rows]
    return [table_ramps(sites[0], real, when), bits(sites[1], len(comparisons(when))), rows]
