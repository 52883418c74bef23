"""How far float32 may take circuits from what their formulas say: a bound proved from the arrays, not measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import networkx as nx
import numpy as np

from handcrafted.components.circuit import Circuit, Head, Neurons
from handcrafted.control.graph import Signal
from handcrafted.craft.plan import dependencies

UNIT = 2.0**-24
"""Unit roundoff of float32."""


class Span(NamedTuple):
    """What a subspace may hold.

    Attributes:
        low, high: ends of each coordinate's range [width].
        error: how far its float32 value may be from the exact one [width].
    """

    low: np.ndarray
    high: np.ndarray
    error: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """The largest absolute value of each coordinate [width]."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


def exactly(low: float | np.ndarray, high: float | np.ndarray) -> Span:
    """Return the span of values that are float32 numbers themselves."""
    low, high = np.atleast_1d(np.asarray(low, float)), np.atleast_1d(np.asarray(high, float))
    return Span(low, high, np.zeros(low.shape))


def bounds(circuits: Sequence[Circuit], given: Mapping[Signal, Span]) -> dict[Signal, Span]:
    """Follow ranges and rounding errors through circuits, in the order in which they run.

    Formula: a sum of n inexact terms errs by at most g_n = n u / (1 - n u) of the sum of absolute terms, u = 2^-24;
        errors of what is read are multiplied by the absolute weights; a rectified unit enlarges no error. Terms that
        are never both other than zero (exact pairs) count once, products with powers of two not at all.
    Source: Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1.
    Error: the bound itself is worked out in float64 and ignores denormals.

    Args:
        circuits: in any order.
        given: the spans of what no circuit writes.

    Raises:
        KeyError: if a circuit reads what is neither given nor written.
    """
    spans = dict(given)
    for position in nx.lexicographical_topological_sort(dependencies(circuits)):
        circuit = circuits[position]
        read = _joined(spans[signal] for signal in circuit.reads)
        body = circuit.body
        spans[circuit.writes] = _head(body, read) if isinstance(body, Head) else _neurons(body, read)
    return spans


def _joined(spans: Iterable[Span]) -> Span:
    parts = list(spans)
    return Span(*(np.concatenate([np.zeros(0), *(part[k] for part in parts)]) for k in range(3)))


def _head(body: Head, read: Span) -> Span:
    """A hard head looks at one step alone; its values pass two matrices."""
    middle = _sum(body.value, np.zeros(body.value.shape[1]), read, np.arange(body.value.shape[1]))
    return _sum(body.output, np.zeros(body.output.shape[1]), middle, np.arange(body.output.shape[0]))


def _neurons(body: Neurons, read: Span) -> Span:
    before = _sum(body.into, body.bias, read, np.arange(len(body.into)))
    after = Span(np.maximum(before.low, 0), np.maximum(before.high, 0), before.error)
    return _sum(body.out, np.zeros(body.out.shape[1]), after, _pairs(body))


def _pairs(body: Neurons) -> np.ndarray:
    """Number the neurons so that two of which at most one is other than zero bear one number."""
    columns = np.vstack([body.into, body.bias])
    found: dict[bytes, int] = {}
    for k, column in enumerate(columns.T):
        found.setdefault((column + 0.0).tobytes(), found.get((0.0 - column).tobytes(), k))
    return np.array([found[(column + 0.0).tobytes()] for column in columns.T], int)


def _sum(matrix: np.ndarray, constant: np.ndarray, read: Span, groups: np.ndarray) -> Span:
    """Return the span of x matrix + constant; at most one row of each group is other than zero, and off."""
    largest = lambda terms: sum((terms[groups == g].max(axis=0) for g in set(groups)), np.zeros(matrix.shape[1]))
    sizes = largest(np.abs(matrix) * read.size[:, None]) + np.abs(constant)
    rounded = np.zeros(matrix.shape[1])
    for column in range(matrix.shape[1]):
        used = np.flatnonzero(matrix[:, column])
        inexact = np.any(_inexact(matrix[used, column])) or _inexact(constant[column : column + 1]).any()
        count = len(set(groups[used])) + (constant[column] != 0) - 1 + 2 * bool(inexact)
        rounded[column] = max(count, 0) * UNIT / (1 - max(count, 0) * UNIT)
    up, down = np.maximum(matrix, 0), np.minimum(matrix, 0)
    low = read.low @ up + read.high @ down + constant
    high = read.high @ up + read.low @ down + constant
    return Span(low, high, largest(np.abs(matrix) * read.error[:, None]) + rounded * sizes)


def _inexact(numbers: np.ndarray) -> np.ndarray:
    """Whether numbers are neither 0 nor a power of two, so that products with them, or they themselves, are rounded."""
    return (numbers != 0) & (np.frexp(numbers)[0] % 0.5 != 0)
