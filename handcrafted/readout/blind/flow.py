"""All heads, neurons, inputs and outputs of a network as units, with what flows from one to another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse

from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.model.component import Component, Components
from handcrafted.model.component_ref import HEAD, NEURON
from handcrafted.model.names import Port
from handcrafted.model.weights import Weights
from handcrafted.readout.tolerances import COMPOSITION_FLOOR, FLOOR, LAG_FLOOR, RANK_FLOOR

EARLY, LATE = 0, 2**30


class UnitPlace(NamedTuple):
    """What an input or output is known by: whose it is, its signal and which of the signal's numbers it is."""

    kind: str
    owner: str
    signal: str
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here


@dataclass(frozen=True)
class Unit:
    """What reads the stream at one point and writes it at a later one, at unit size.

    Attributes:
        kind: `input`, `neuron`, `head` or `output`.
        name: `L0N3`, `L1H0`, or where the input or output is.
        read: [d_model, r]; of a neuron and an output one column of norm 1, of a head orthonormal columns.
        write: [r, d_model]; of a neuron and an input one row of norm 1, of a head rows of at most norm 1.
        score: [d_model, s], what a head looks at to choose where it looks.
        seen: the last half-layer whose writing it can read.
        written: the half-layer in which it writes.
        lags: how many steps ago a head looks, if position alone decides.
        bias: sign of a neuron's bias.
        place: of an input or output.
    """

    kind: str
    name: str
    read: np.ndarray
    write: np.ndarray
    score: np.ndarray
    seen: int = LATE
    written: int = EARLY
    lags: tuple[int, ...] = (0,)
    bias: int = 0
    place: UnitPlace | None = None

    @property
    def boundary(self) -> bool:
        """Whether it is a head that looks at the current step alone: the receiving end of a link."""
        return self.kind == HEAD and self.lags == (0,) and not self.score.shape[1]

    @property
    def width(self) -> int:
        """How many numbers pass."""
        return max(self.read.shape[1], self.write.shape[0])


def units_of(weights: Weights, inputs: Sequence[Port], outputs: Sequence[Port], window: int) -> list[Unit]:
    """List what reads and writes: inputs, heads and neurons that do both or are constant, outputs."""
    parts = Components(weights)
    found = [unit_of_input(one.out[0], _place(port, INPUT)) for one, port in zip(parts.inputs, inputs, strict=True)]
    made = (_head(one, window) if one.attention else _neuron(one) for one in parts.writers)
    return [
        *found,
        *filter(None, made),
        *(unit_of_output(one.into[:, 0], _place(port, OUTPUT), one.seen)
          for one, port in zip(parts.outputs, outputs, strict=True)),
    ]  # fmt: skip


def _place(port: Port, kind: str) -> UnitPlace:
    return UnitPlace(kind, port.owner, port.signal, port.index)


def unit_of_input(row: np.ndarray, place: UnitPlace) -> Unit:
    """Make the unit of an input that writes a row."""
    return Unit(INPUT, "/".join(map(str, place[1:])), _none(row), unit_size(row)[None], _none(row), place=place)


def unit_of_output(column: np.ndarray, place: UnitPlace, seen: int = LATE) -> Unit:
    """Make the unit of an output that reads a column."""
    name = "/".join(map(str, place[1:]))
    return Unit(OUTPUT, name, unit_size(column)[:, None], _none(column).T, _none(column), seen, place=place)


def _none(like: np.ndarray) -> np.ndarray:
    return np.zeros((len(like), 0))


def unit_size(vector: np.ndarray) -> np.ndarray:
    """Bring a vector to norm 1; what is 0 stays."""
    long = vector.astype(float)
    return long / max(float(np.linalg.norm(long)), np.finfo(float).tiny)


def neuron_unit(
    name: str, read: np.ndarray, bias: float, write: np.ndarray, seen: int = LATE, written: int = EARLY
) -> Unit | None:
    """Make the unit of a neuron from what it reads and writes [d_model]; None where it writes nothing.

    A neuron that grows by a factor inside and shrinks by it at its output is the same neuron, so only the product of
    the norms counts; one that reads nothing is a constant and is kept.
    """
    into, out = (float(np.linalg.norm(side.astype(float))) for side in (read, write))
    if (into * out if into else out) <= FLOOR:
        return None
    sign = int(np.sign(bias)) if abs(bias) > FLOOR * into else 0
    return Unit(NEURON, name, unit_size(read)[:, None], unit_size(write)[None], _none(read), seen, written, bias=sign)


def _neuron(one: Component) -> Unit | None:
    return neuron_unit(str(one), one.into[:, 0], float(one.bias[0]), one.out[0], one.seen, one.written)


def head_sides(value: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Split V O [d_model, d_model] into what a head reads and what it writes, whatever basis it has inside.

    Formula: V O = A S B^T with orthonormal A and B; read A, write (S / S_max) B^T.

    Returns:
        read [d_model, r], write [r, d_model]; None where nothing passes.
    """
    (a, left), (b, right) = np.linalg.qr(value.astype(float)), np.linalg.qr(output.astype(float).T)
    u, gain, v = np.linalg.svd(left @ right.T)
    if gain.max(initial=0) <= FLOOR:
        return None
    kept = gain > RANK_FLOOR * gain[0]
    return a @ u[:, kept], (gain[kept] / gain[0])[:, None] * (v[kept] @ b.T)


def _head(one: Component, window: int) -> Unit | None:
    sides, looks = head_sides(np.asarray(one.into), np.asarray(one.out)), one.attention
    if sides is None or looks is None:
        return None
    score = np.concatenate([looks.query, looks.key], axis=1).astype(float)
    norms = np.linalg.norm(score, axis=0)
    score = score[:, norms > FLOOR] / norms[norms > FLOOR]
    lags = () if score.shape[1] else tuple(lag for lag, _ in looks.lags(window, LAG_FLOOR))
    return Unit(HEAD, str(one), *sides, score, one.seen, one.written, lags)


LONGEST = 3
"""Up to how many heads follow each other without a neuron between them."""

Colour = tuple


class Flow(NamedTuple):
    """One typed arrow.

    Attributes:
        kind: `reads` between neighbours on the stream, `looks at` for what steers a head's attention, `moves` from
            neuron to neuron however many heads lie between.
        lag: through the recurrence 1, through heads what they look back; of `reads` and `looks at` without the
            heads' own lags.
        sign: of `moves`; 0 of the others, since only the whole way from neuron to neuron has one.
    """

    source: int
    target: int
    kind: str
    lag: int
    sign: int = 0

    @property
    def colour(self) -> Colour:
        """What two arrows share that may stand for each other."""
        return self.kind, self.lag, self.sign


@dataclass(frozen=True)
class Flows:
    """Units and the arrows between them, by number."""

    units: tuple[Unit, ...]
    arrows: tuple[Flow, ...]

    @cached_property
    def colours(self) -> tuple[Colour, ...]:
        """What each unit is by itself: an input or output its name, a head where it looks, a neuron its bias's sign."""
        looks = lambda unit: (unit.width, bool(unit.score.shape[1]), unit.lags) if unit.kind == HEAD else (unit.bias,)
        return tuple((unit.kind, *(unit.place or looks(unit))) for unit in self.units)


def flows_of(units: Sequence[Unit], carry: np.ndarray) -> Flows:
    """Find every arrow between units.

    Formula: u -> v where |W_u R_v| > 2^-17 for W and R at unit size, u before v; through the recurrence where
        |W_u W_R R_v| > 2^-17 |W_R|. All are products of a writer's and a reader's side, which rotating the stream,
        changing a head's basis and rescaling neurons leave as they are.
    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (composition scores).
    Error: none above the floor; float32 leaves about 1e-7 where there is nothing.

    Args:
        units: of a network, or of an intention.
        carry: `W_R` [d_model, d_model].
    """
    if not units:
        return Flows((), ())
    stream = _Stream(units, carry)
    arrows = [*stream.between("reads"), *stream.between("looks at"), *stream.moves()]
    return Flows(tuple(units), tuple(sorted(arrows)))


class _Stream:
    """The sides of all units stacked, and all products of a writer with a later reader, straight and carried."""

    def __init__(self, units: Sequence[Unit], carry: np.ndarray):
        self.units = units
        self.write = np.concatenate([unit.write for unit in units])
        self.writer = np.repeat(np.arange(len(units)), [len(unit.write) for unit in units])
        unit_carry = carry.astype(float) / max(float(np.linalg.norm(carry, 2)), np.finfo(float).tiny)
        self.carried = self.write @ unit_carry
        self.written = np.array([unit.written for unit in units])
        self.seen = np.array([unit.seen for unit in units])
        self.reads, self.reader = self._products([unit.read for unit in units])

    def _products(self, sides: Sequence[np.ndarray]) -> tuple[list[sparse.csr_array], np.ndarray]:
        """[row of a writer, column of a reader], straight and through the recurrence, and whose the columns are."""
        reader = np.repeat(np.arange(len(sides)), [side.shape[1] for side in sides])
        columns = np.concatenate(sides, axis=1)
        before = self.written[self.writer][:, None] <= self.seen[reader]
        products = [self.write @ columns * before, self.carried @ columns]
        return [sparse.csr_array(np.where(np.abs(m) > COMPOSITION_FLOOR, m, 0)) for m in products], reader

    def between(self, kind: str) -> Iterator[Flow]:
        """Return the arrows from each unit to those that read it, or look at it to choose where they look."""
        found, reader = (self.reads, self.reader) if kind == "reads" else self._products([u.score for u in self.units])
        for lag, products in enumerate(found):
            rows, columns = products.nonzero()
            pairs = set(zip(self.writer[rows].tolist(), reader[columns].tolist(), strict=True))
            yield from (Flow(u, v, kind, lag) for u, v in pairs)

    def moves(self) -> Iterator[Flow]:
        """Follow what one neuron or input gives through heads and the recurrence to the next neuron or output."""
        heads = np.array([unit.kind == HEAD for unit in self.units])
        rows, columns = ~heads[self.writer], ~heads[self.reader]
        passes = {steps: self._looking_back(steps) for steps in {lag for unit in self.units for lag in unit.lags}}
        ways = {lag: products[rows] for lag, products in enumerate(self.reads)}
        total: dict[int, sparse.csr_array] = {}
        for _ in range(LONGEST + 1):
            for lag, way in ways.items():
                total[lag] = total[lag] + way if lag in total else way
            further: dict[int, sparse.csr_array] = {}
            for (lag, way), (back, through) in itertools.product(ways.items(), passes.items()):
                for more, products in enumerate(self.reads):
                    found = way @ through @ products
                    if found.nnz:
                        later = lag + back + more
                        further[later] = further[later] + found if later in further else found
            ways = further
        sources, targets = self.writer[rows], self.reader[columns]
        for lag, matrix in total.items():
            found = matrix[:, columns].tocoo()
            for row, column, value in zip(found.row, found.col, found.data, strict=True):
                if abs(value) > COMPOSITION_FLOOR:
                    yield Flow(int(sources[row]), int(targets[column]), "moves", lag, int(np.sign(value)))

    def _looking_back(self, steps: int) -> sparse.csr_array:
        """Join each number that a head reads to where it writes it, of the heads that look so far back."""
        on = np.array([unit.kind == HEAD and steps in unit.lags for unit in self.units])
        into, out = (np.flatnonzero(on[whose]) for whose in (self.reader, self.writer))
        return sparse.csr_array((np.ones(len(into)), (into, out)), shape=(len(self.reader), len(self.writer)))
