"""Which writing is read later: the pairs that a narrower stream must keep, and how many numbers cross each cut."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import Components
from handcrafted.model.names import Port
from handcrafted.model.weights import Weights
from handcrafted.readout.blind.flow import head_sides, unit_size, units_of

RANK_FLOOR = 1e-5
"""Singular values of products of unit vectors below this are rounding."""


class Causal(NamedTuple):
    """All writers and readers at unit size.

    Attributes:
        write: [writer, d_model], with the half-layer `written` in which each writes.
        read: [d_model, reader], with the last half-layer `seen` that each reads.
    """

    write: np.ndarray
    written: np.ndarray
    read: np.ndarray
    seen: np.ndarray

    @property
    def before(self) -> np.ndarray:
        """Whether a writer writes before a reader reads [writer, reader]."""
        return self.written[:, None] <= self.seen

    @property
    def products(self) -> np.ndarray:
        """What each reader gets of each writer before it [writer, reader]; 0 of later ones."""
        return self.write @ self.read * self.before


def causal(weights: Weights) -> Causal:
    """List the writers and readers of a network; the recurrence reads at the end and writes at the start."""
    sizes, parts = weights.sizes, Components(weights)
    anonymous = lambda count: [Port("", "", i, Domain((), 0.0, 1.0)) for i in range(count)]
    units = units_of(weights, anonymous(sizes["n_in"]), anonymous(sizes["n_out"]), WINDOW)
    rows = [(unit.write, unit.written) for unit in units]
    columns = [(side, unit.seen) for unit in units for side in (unit.read, unit.score)]
    ever = [(0, parts.ends.initial), *parts.constants]
    rows += [(unit_size(constant)[None], when) for when, constant in ever]
    if sides := head_sides(parts.ends.recurrence, np.eye(sizes["d_model"])):
        columns.append((sides[0], parts.last))
        rows.append((sides[1], 0))
    write, read = np.concatenate([row for row, _ in rows]), np.concatenate([one for one, _ in columns], axis=1)
    written = np.repeat([when for _, when in rows], [len(row) for row, _ in rows])
    return Causal(write, written, read, np.repeat([when for _, when in columns], [one.shape[1] for one, _ in columns]))


def cut_rank(weights: Weights) -> int:
    """Return the largest number of independent numbers that cross from earlier writers to later readers.

    Formula: max over half-layers t of rank(W_{written <= t} R_{seen >= t}).
    Source: the rank bounds what any stream must be wide enough to carry at that point.
    """
    pairs = causal(weights)
    ranks = []
    for cut in range(2 * weights.sizes["layer"] + 1):
        crossing = pairs.write[pairs.written <= cut] @ pairs.read[:, pairs.seen >= cut]
        found = np.linalg.svd(crossing, compute_uv=False) if crossing.size else np.zeros(1)
        ranks.append(int(np.sum(found > RANK_FLOOR * max(1.0, found.max(initial=0)))))
    return max(ranks)
