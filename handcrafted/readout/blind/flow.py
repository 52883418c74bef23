"""What flows from unit to unit: a directed graph with typed edges that is the same under any disguise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse

from handcrafted.readout.blind.units import HEAD, Unit
from handcrafted.readout.tolerances import COMPOSITION_FLOOR

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
        """Give [row of a writer, column of a reader] straight and through the recurrence, and whose the columns are."""
        reader = np.repeat(np.arange(len(sides)), [side.shape[1] for side in sides])
        columns = np.concatenate(sides, axis=1)
        before = self.written[self.writer][:, None] <= self.seen[reader]
        products = [self.write @ columns * before, self.carried @ columns]
        return [sparse.csr_array(np.where(np.abs(m) > COMPOSITION_FLOOR, m, 0)) for m in products], reader

    def between(self, kind: str) -> Iterator[Flow]:
        """Give the arrows from each unit to those that read it, or look at it to choose where they look."""
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
