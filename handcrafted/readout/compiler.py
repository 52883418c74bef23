"""From a network's arrays to a program: what any coordinate is, followed back to where one stops asking.

Heads that look back by position are linear, and so are the embedding, the recurrence and the biases; what is left are
units. Everything is read off the arrays, in float64: no entry is too small to count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.component import Component
from handcrafted.model.component_ref import ComponentRef
from handcrafted.readout.program import (
    MAX_TERMS,
    ONE,
    Atom,
    Free,
    KeepsState,
    NotPiecewiseLinear,
    Part,
    Program,
    Row,
    TooManyTerms,
)
from handcrafted.readout.target import TargetNetwork

SAME = 1e-12
"""Relative difference up to which two weights of a unit are one: what float64 does to a product of float32."""

SILENT = 1e-38
"""Attention below this is 0 in float32."""


class Reader:
    """Reads programs off a network's arrays.

    Args:
        subject: the network.
        known: the subspaces at which one stops asking; inputs of the network are such anyway.

    Attributes:
        past: coordinates, other than those, whose past was asked for: before t = 0 they are what the array `r_0` says.
    """

    def __init__(self, subject: TargetNetwork, known: Collection[Signal]):
        self.subject, self.known, self.parts = subject, frozenset(known), subject.parts
        self.at: list[tuple[Signal, int]] = [(Signal("", "", ""), 0)] * len(subject.names.residual)
        for signal, places in subject.spaces.items():
            for i, place in enumerate(places):
                self.at[place] = signal, i
        self.inputs = {
            row: (signal, i)
            for signal, rows in subject.names.input_signals.items()
            for i, row in enumerate(rows.tolist())
        }
        self.rows: dict[tuple[int, int, int], Row] = {}
        self.units: list[Row] = []
        self.numbers: dict[frozenset[Atom], list[int]] = {}
        self.asked: list[tuple[int, int]] = []
        self.past: set[int] = set()
        self.neurons: dict[tuple[ComponentRef, int], Row] = {}
        self.terms = 0

    def program(self, *signals: Signal) -> Program:
        """Return the program of all coordinates of some subspaces or outputs, at the end of a step.

        Raises:
            NotPiecewiseLinear: if a head on the way attends by content.
            TooManyTerms: if there are more than a million.
            KeepsState: if what is asked about depends on a state that is handed on by another coordinate.
        """
        outputs = self.subject.names.output_signals
        rows = []
        for signal in signals:
            if signal in outputs:
                rows += [self._output(column) for column in outputs[signal].tolist()]
            else:
                rows += [self._written(place, self.parts.last, 0) for place in self.subject.names.find(signal).tolist()]
        return self._compiled(rows)

    def _output(self, column: int) -> Row:
        return self._inside(self.parts.outputs[column], 0)

    def _inside(self, one: Component, lag: int) -> Row:
        """Return what a neuron or an output adds up."""
        return self._total([({ONE: 1.0}, float(one.bias[0])), *self._of(one.into[:, 0], one.seen, lag)])

    def _of(self, weights: np.ndarray, until: int, lag: int) -> list[Part]:
        """What a reader with weights [d_model] adds up, as it stands after half-layer `until`, `lag` steps ago."""
        return [(self._value(p, until, lag), float(weights[p])) for p in _live(weights)]

    def _value(self, place: int, until: int, lag: int) -> Row:
        """Return a coordinate as somebody reads it: itself if one stops asking there, else what it is made of."""
        signal, index = self.at[place]
        if signal in self.known and not self._written_after(place, until):
            return {Free(signal, index, lag): 1.0}
        if lag:
            self.past.add(place)
        return self._written(place, until, lag)

    def _written(self, place: int, until: int, lag: int) -> Row:
        """Return what is written to a coordinate up to a half-layer, by everything that writes."""
        key = place, until, lag
        if key not in self.rows:
            self._must_end(place, lag)
            self.asked.append((place, lag))
            try:
                self.rows[key] = self._total([(self._embedded(place, lag), 1.0), *self._added(place, until, lag)])
            finally:
                self.asked.pop()
        return self.rows[key]

    def _must_end(self, place: int, lag: int) -> None:
        """Stop where a coordinate's past is asked for in order to know the coordinate."""
        if any(place == other and lag > earlier for other, earlier in self.asked):
            signal, _ = self.at[place]
            raise KeepsState(f"it keeps a state in {signal}, where none is declared: the recurrence hands it on")

    def _embedded(self, place: int, lag: int) -> Row:
        """Return what stands in a coordinate at the start of a step: inputs, bias, and what the recurrence hands on."""
        ends = self.parts.ends
        column = ends.embedding[:, place]
        inputs: list[Part] = [({Free(*self.inputs[row], lag): 1.0}, float(column[row])) for row in _live(column)]
        carried = self._of(ends.recurrence[:, place], self.parts.last, lag + 1)
        return self._total([({ONE: 1.0}, float(ends.constant[place])), *inputs, *carried])

    def _written_after(self, place: int, until: int) -> bool:
        """Whether anything writes to a coordinate after a half-layer; then it is no longer what it is at the end."""
        return any(time > until for time, _ in self.writers[place])

    def _added(self, place: int, until: int, lag: int) -> list[Part]:
        """Return what heads and neurons write to a coordinate up to a half-layer."""
        found = []
        for time, writer in self.writers[place]:
            if time > until:
                continue
            if not isinstance(writer, Component):
                found.append(({ONE: 1.0}, float(writer)))
            elif writer.attention:
                found.append((self._head(writer, place, lag), 1.0))
            else:
                key = writer.ref, lag
                if key not in self.neurons:
                    self.neurons[key] = self._unit(writer, lag)
                found.append((self.neurons[key], float(writer.out[0, place])))
        return found

    @cached_property
    def writers(self) -> list[list[tuple[int, Component | np.float32]]]:
        """What writes each coordinate within a step: half-layer, and a head, a neuron or a constant; heads first."""
        parts, found = self.parts, [[] for _ in self.at]
        for one in (*parts.heads, *parts.neurons):
            for place in one.writes.tolist():
                found[place].append((one.written, one))
        for half in (1, 0):
            for written, constant in (pair for pair in parts.constants if pair[0] and pair[0] % 2 == half):
                for place in _live(np.asarray(constant)):
                    found[place].append((written, constant[place]))
        return found

    def _head(self, head: Component, place: int, lag: int) -> Row:
        out = np.asarray(head.out[:, place], float)
        given = float(head.bias @ out)
        through = np.asarray(head.into, float) @ out
        lags = head.lags(self.subject.window, SILENT)
        if not lags:
            raise NotPiecewiseLinear(f"{head} attends by content: what it gives is no piecewise linear function.")
        ways: list[Part] = [({ONE: 1.0}, given)]
        for back, weight in lags:
            ways += [(row, weight * part) for row, part in self._of(through, head.seen, lag + back)]
        return self._total(ways)

    def _unit(self, neuron: Component, lag: int) -> Row:
        """Return a neuron's activation: a unit of the program, or what is left of it.

        Formula: r(k x) = k r(x) for k > 0, and r(-x) = r(x) - x, so that exact pairs are linear.
        """
        inner = self._inside(neuron, lag)
        if not inner.keys() - {ONE}:
            return self._total([({ONE: 1.0}, max(inner.get(ONE, 0.0), 0.0))])
        first = min(inner.keys() - {ONE}, key=_order)
        scale = max(abs(weight) for atom, weight in inner.items() if atom != ONE)
        sign = np.sign(inner[first])
        row: Row = {self._number({atom: sign * weight / scale for atom, weight in inner.items()}): scale}
        return row if sign > 0 else self._total([(row, 1.0), (inner, 1.0)])

    def _total(self, parts: Iterable[Part]) -> Row:
        """Add weighted rows up; what cancels exactly disappears."""
        found: Row = {}
        for row, factor in parts:
            self.terms += len(row)
            for atom, weight in row.items():
                found[atom] = found.get(atom, 0.0) + factor * weight
        if self.terms > MAX_TERMS:
            raise TooManyTerms(f"Expected at most {MAX_TERMS:,} terms in the program of a network, got more.")
        return {atom: weight for atom, weight in found.items() if weight != 0}

    def _number(self, inner: Row) -> int:
        """Return the number of the unit with that inside, a new one where there is none yet."""
        alike = self.numbers.setdefault(frozenset(inner), [])
        for number in alike:
            other = self.units[number]
            if all(abs(other[atom] - weight) <= SAME * abs(weight) for atom, weight in inner.items()):
                return number
        self.units.append(inner)
        alike.append(len(self.units) - 1)
        return alike[-1]

    def _compiled(self, rows: list[Row]) -> Program:
        """Lay rows, and the units that they need, out as arrays."""
        needed: set[int] = set()
        waiting = [atom for row in rows for atom in row if isinstance(atom, int) and atom != ONE]
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed.add(number)
                waiting += [atom for atom in self.units[number] if isinstance(atom, int) and atom != ONE]
        order = sorted(needed)
        inside = [self.units[number] for number in order]
        reads = sorted({atom for row in (*rows, *inside) for atom in row if isinstance(atom, Free)}, key=_order)
        place: dict[Atom, int] = {ONE: 0, **{read: 1 + i for i, read in enumerate(reads)}}
        place |= {number: 1 + len(reads) + i for i, number in enumerate(order)}
        return Program(tuple(reads), _laid_out(inside, place), _laid_out(rows, place))


def _laid_out(rows: list[Row], place: Mapping[Atom, int]) -> np.ndarray:
    found = np.zeros((len(rows), len(place)))
    for number, row in enumerate(rows):
        for atom, weight in row.items():
            found[number, place[atom]] = weight
    return found


def _order(atom: Atom) -> tuple:
    """Units by their numbers, then coordinates by their names."""
    return (0, atom) if isinstance(atom, int) else (1, *atom.signal, atom.index, atom.lag)


def _live(column: np.ndarray) -> list[int]:
    return np.flatnonzero(column).tolist()
