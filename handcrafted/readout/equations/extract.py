"""From arrays to terms: what each controller computes, and curves between points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.readout.equations.terms import (
    Clip,
    HeadTerm,
    RectifiedUnit,
    Sum,
    Term,
    Value,
    merged,
    rectified,
    substituted,
    term,
    total,
    values_of,
)
from handcrafted.readout.paths import lags_of
from handcrafted.readout.target import TargetNetwork

FEWEST = 3
"""Points from which a formula is told by them."""

Points = list[tuple[float, float]]


def curve(formula: Sum) -> tuple[Value, Points] | None:
    """Return the one value that a formula reads and its corners; None where it reads others, or goes on beyond them."""
    reads = values_of(formula)
    if len(reads) != 1 or not any(isinstance(one, (RectifiedUnit, Clip)) for one, _ in formula.terms):
        return None
    corners = sorted(_corners(formula))
    kept: list[float] = []
    for x in corners:
        if not kept or x - kept[-1] > 1e-9 * max(1.0, abs(x)):
            kept.append(x)
    if len(kept) < FEWEST:
        return None
    ends = (kept[0] - 1, kept[0]), (kept[-1], kept[-1] + 1)
    size = max(1.0, *(abs(_at(formula, x)) for x in kept))
    if any(abs(_at(formula, one) - _at(formula, other)) > 1e-6 * size for one, other in ends):
        return None
    return next(iter(reads)), [(x, _at(formula, x)) for x in kept]


def _at(formula: Sum, x: float) -> float:
    """Return the number that a formula is where its value is x."""
    result = formula.constant
    for one, weight in formula.terms:
        result += weight * _of_term(one, x)
    return result


def _of_term(one: Term, x: float) -> float:
    if isinstance(one, RectifiedUnit):
        return max(0.0, _at(one.inner, x))
    return min(max(_at(one.inner, x), 0.0), 1.0) if isinstance(one, Clip) else x


def _corners(formula: Sum) -> set[float]:
    """Return where a formula turns, or might."""
    found: set[float] = set()
    for one, _ in formula.terms:
        if isinstance(one, (RectifiedUnit, Clip)):
            inner = sorted(_corners(one.inner))
            levels = (0.0,) if isinstance(one, RectifiedUnit) else (0.0, 1.0)
            found |= {*inner, *(x for level in levels for x in _crossings(one.inner, inner, level))}
    return found


def _crossings(formula: Sum, corners: list[float], level: float) -> list[float]:
    """Return where a formula that is straight between its corners has a value."""
    bounds = [*([corners[0] - 1.0] if corners else [0.0]), *corners, *([corners[-1] + 1.0] if corners else [1.0])]
    found = []
    for i, (one, other) in enumerate(pairwise(bounds)):
        low, high = _at(formula, one) - level, _at(formula, other) - level
        if low == high:
            continue
        x = one - low * (other - one) / (high - low)
        first, last = i == 0, i == len(bounds) - 2
        if (first or x >= one) and (last or x <= other):
            found.append(x)
    return found


Written = list[tuple[int, Sum]]
"""What is added to a coordinate, with the half-layer in which it is: 0 for the embedding and the recurrence."""


NOTHING = -1
"""The half-layer up to which nothing is written."""


class Extractor:
    """Reads a network's arrays; a formula says what is added to each coordinate, and when."""

    def __init__(self, subject: TargetNetwork):
        self.subject, self.w = subject, subject.weights
        at = {place: (signal, i) for signal, places in subject.spaces.items() for i, place in enumerate(places)}
        self.at: list[tuple[Signal, int]] = [at[place] for place in range(len(at))]
        self.place = {coordinate: place for place, coordinate in enumerate(self.at)}
        self.written: list[Written] = [[] for _ in self.at]
        self._embedding()
        for layer in range(self.w.sizes["layer"]):
            self._attention(layer)
            self._neurons(layer)

    def formulas(self) -> dict[Value, Sum]:
        """Return the last value of every coordinate, what is read before it is complete, and the outputs."""
        found = {Value(*self.at[place]): self._sum(place, None) for place in range(len(self.at))}
        for signal, columns in self.subject.names.output_signals.items():
            for i, column in enumerate(columns):
                found[Value(signal, i)] = self._read(self.w.W_U[:, column], None) + Sum(float(self.w.b_U[column]))
        last = {self.at[place]: written[-1][0] for place, written in enumerate(self.written) if written}
        done: dict[Value, Sum] = {}
        waiting = list(found)
        while waiting:
            value = waiting.pop(0)
            done[value] = substituted(found[value], lambda read: term(_at_last(read, last)))
            for read in sorted(values_of(done[value]), key=lambda v: (*v.signal, v.index, v.lag, v.until or 0)):
                now = replace(read, lag=0)
                if read.until is not None and now not in found:
                    found[now] = self._sum(self.place[read.signal, read.index], read.until)
                    waiting.append(now)
        return done

    def _sum(self, place: int, until: int | None) -> Sum:
        parts = (part for time, part in self.written[place] if until is None or time <= until)
        return merged(total(parts))

    def _add(self, place: int, time: int, part: Sum) -> None:
        if not part.terms and part.constant == 0:
            return
        written = self.written[place]
        if written and written[-1][0] == time:
            part = total([written.pop()[1], part])
        written.append((time, part))

    def _value(self, place: int, seen: int | None, lag: int = 0) -> Sum:
        """Return the value of a coordinate as seen after half-layer `seen`; 0 where nothing is written by then."""
        written = self.written[place]
        if seen is None:
            return term(Value(*self.at[place], lag)) if written or (lag and self.w.r_0[place]) else Sum()
        times = [time for time, _ in written if time <= seen]
        if not times and not (lag and self.w.r_0[place]):
            return Sum()
        return term(Value(*self.at[place], lag, times[-1] if times else NOTHING))

    def _read(self, column: np.ndarray, seen: int | None, lag: int = 0) -> Sum:
        """Return the weighted sum of the coordinates that a column reads."""
        return total(self._value(int(p), seen, lag).times(float(column[p])) for p in np.flatnonzero(column))

    def _embedding(self) -> None:
        w, ports = self.w, self.subject.names.input_signals
        for place in range(len(self.at)):
            inputs = (
                term(Value(signal, i), float(w.W_E[row, place]))
                for signal, rows in ports.items()
                for i, row in enumerate(rows)
                if w.W_E[row, place]
            )
            carried = (term(Value(*self.at[p], 1), float(w.W_R[p, place])) for p in np.flatnonzero(w.W_R[:, place]))
            self._add(place, 0, total([Sum(float(w.b_E[place])), *inputs, *carried]))

    def _attention(self, layer: int) -> None:
        w, seen = self.w, 2 * layer
        parts: list[tuple[int, Sum]] = []
        for head in range(w.sizes["head"]):
            if np.any(w.W_O[layer, head]):
                parts += self._head(layer, head, seen)
        parts += [(int(p), Sum(float(w.b_O[layer, p]))) for p in np.flatnonzero(w.b_O[layer])]
        for place, part in parts:
            self._add(place, seen + 1, part)

    def _head(self, layer: int, head: int, seen: int) -> Iterator[tuple[int, Sum]]:
        w = self.w
        given = w.b_V[layer, head] @ w.W_O[layer, head]
        by_content = np.any(w.W_Q[layer, head]) or np.any(w.W_K[layer, head])
        lags = () if by_content else lags_of(w, layer, head, self.subject.window)
        carried = w.W_V[layer, head].astype(float) @ w.W_O[layer, head]
        for place in np.flatnonzero(np.any(w.W_O[layer, head] != 0, axis=0)):
            if by_content:
                out = w.W_O[layer, head, :, place]
                name = f"L{layer}H{head}"
                parts = [term(HeadTerm(name, int(d)), float(out[d])) for d in np.flatnonzero(out)]
                yield int(place), total(parts)
                continue
            ways = (self._read(carried[:, place], seen, lag).times(weight) for lag, weight in lags)
            yield int(place), total([Sum(float(given[place])), *ways])

    def _neurons(self, layer: int) -> None:
        w, seen = self.w, 2 * layer + 1
        parts: list[tuple[int, Sum]] = []
        for neuron in np.flatnonzero(np.any(w.W_out[layer] != 0, axis=1)):
            inner = self._read(w.W_in[layer, :, neuron], seen) + Sum(float(w.b_in[layer, neuron]))
            unit = rectified(inner)
            out = w.W_out[layer, neuron]
            parts += [(int(place), unit.times(float(out[place]))) for place in np.flatnonzero(out)]
        parts += [(int(p), Sum(float(w.b_out[layer, p]))) for p in np.flatnonzero(w.b_out[layer])]
        for place, part in parts:
            self._add(place, seen + 1, part)


def _at_last(read: Value, last: Mapping[tuple[Signal, int], int]) -> Value:
    """Return a value that is read when all of it is written as its last value."""
    return replace(read, until=None) if read.until == last.get((read.signal, read.index)) else read
