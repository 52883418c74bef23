"""From arrays to terms: what each controller computes, and curves between points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.arrays import Array
from handcrafted.model.component import Component
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
from handcrafted.readout.target import TargetNetwork
from handcrafted.readout.tolerances import LAG_FLOOR

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
        self.subject, self.parts = subject, subject.parts
        self.initial = self.parts.ends.initial
        at = {place: (signal, i) for signal, places in subject.spaces.items() for i, place in enumerate(places)}
        self.at: list[tuple[Signal, int]] = [at[place] for place in range(len(at))]
        self.place = {coordinate: place for place, coordinate in enumerate(self.at)}
        self.written: list[Written] = [[] for _ in self.at]
        self._embedding()
        writers = {time: list(group) for time, group in groupby(self.parts.writers, key=lambda one: one.written)}
        for time, constant in self.parts.constants[1:]:
            self._half(time, writers.get(time, []), constant)

    def formulas(self) -> dict[Value, Sum]:
        """Return the last value of every coordinate, what is read before it is complete, and the outputs."""
        found = {Value(*self.at[place]): self._sum(place, None) for place in range(len(self.at))}
        for signal, columns in self.subject.names.output_signals.items():
            for i, column in enumerate(columns):
                output = self.parts.outputs[column]
                found[Value(signal, i)] = self._read(output.into[:, 0], None) + Sum(float(output.bias[0]))
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
            return term(Value(*self.at[place], lag)) if written or (lag and self.initial[place]) else Sum()
        times = [time for time, _ in written if time <= seen]
        if not times and not (lag and self.initial[place]):
            return Sum()
        return term(Value(*self.at[place], lag, times[-1] if times else NOTHING))

    def _read(self, column: Array, seen: int | None, lag: int = 0) -> Sum:
        """Return the weighted sum of the coordinates that a column reads."""
        return total(self._value(int(p), seen, lag).times(float(column[p])) for p in np.flatnonzero(column))

    def _embedding(self) -> None:
        ends, ports = self.parts.ends, self.subject.names.input_signals
        for place in range(len(self.at)):
            inputs = (
                term(Value(signal, i), float(ends.embedding[row, place]))
                for signal, rows in ports.items()
                for i, row in enumerate(rows)
                if ends.embedding[row, place]
            )
            column = ends.recurrence[:, place]
            carried = (term(Value(*self.at[p], 1), float(column[p])) for p in np.flatnonzero(column))
            self._add(place, 0, total([Sum(float(ends.constant[place])), *inputs, *carried]))

    def _half(self, written: int, writers: list[Component], constant: Array) -> None:
        """Add what the heads, or the neurons, of a layer write, and what the layer adds besides."""
        parts = [part for one in writers for part in (self._head(one) if one.attention else self._neuron(one))]
        parts += [(int(p), Sum(float(constant[p]))) for p in np.flatnonzero(constant)]
        for place, part in parts:
            self._add(place, written, part)

    def _head(self, head: Component) -> Iterator[tuple[int, Sum]]:
        into, out_of = np.asarray(head.into, float), np.asarray(head.out)
        given = head.bias @ out_of
        lags = head.lags(self.subject.window, LAG_FLOOR)
        carried = into @ out_of
        for place in head.writes.tolist():
            if not lags:
                out = out_of[:, place]
                parts = [term(HeadTerm(str(head), int(d)), float(out[d])) for d in np.flatnonzero(out)]
                yield place, total(parts)
                continue
            ways = (self._read(carried[:, place], head.seen, lag).times(weight) for lag, weight in lags)
            yield place, total([Sum(float(given[place])), *ways])

    def _neuron(self, neuron: Component) -> Iterator[tuple[int, Sum]]:
        unit = rectified(self._read(neuron.into[:, 0], neuron.seen) + Sum(float(neuron.bias[0])))
        yield from ((place, unit.times(float(neuron.out[0, place]))) for place in neuron.writes.tolist())


def _at_last(read: Value, last: Mapping[tuple[Signal, int], int]) -> Value:
    """Return a value that is read when all of it is written as its last value."""
    return replace(read, until=None) if read.until == last.get((read.signal, read.index)) else read
