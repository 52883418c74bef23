"""A network as a program: what any coordinate is, by rectified units, of the signals at which one stops asking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.text.diagnostics import HandcraftedError


class Free(NamedTuple):
    """A coordinate at which one stops asking.

    Attributes:
        signal: an input of the network, or a subspace.
        index: which of its coordinates.
        lag: so many steps ago.
    """

    signal: Signal
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here
    lag: int


Atom = Free | int
"""What a row adds up: coordinates, and units by their number; -1 is the constant 1."""

ONE = -1

Row = dict[Atom, float]
"""A weighted sum."""

Part = tuple[Row, float]
"""A row, and the weight with which it is added."""

MAX_TERMS = 10**6
"""Up to how many terms are added up for one network; where everything reads everything there are more."""


class NotPiecewiseLinear(HandcraftedError):
    """A head on the way attends by content."""


class TooManyTerms(HandcraftedError):
    """Too much of the network is wired to what was asked about."""


class KeepsState(HandcraftedError):
    """A coordinate that was not to be asked about is handed from step to step."""


@dataclass(frozen=True)
class Program:
    """Some coordinates as functions of others.

    Attributes:
        reads: the coordinates that they depend on, in order.
        units: the rectified units in order; each row adds up 1, what is read, and earlier units.
        results: a row per coordinate that is worked out.
    """

    reads: tuple[Free, ...]
    units: np.ndarray
    results: np.ndarray

    @cached_property
    def levels(self) -> tuple[slice, ...]:
        """Units that can be worked out at once, as ranges of their numbers."""
        first = 1 + len(self.reads)
        found, start = [], 0
        for number, row in enumerate(self.units):
            if np.any(row[first + start :]):
                found.append(slice(start, number))
                start = number
        return (*found, slice(start, len(self.units))) if len(self.units) else ()

    def at(self, reads: Any) -> Any:
        """Return the results [..., result] for what is read [..., read], in float64.

        It is written so that forms on a cell may stand for numbers, see `handcrafted.verdict.forms`.
        """
        return self._known(reads) @ self.results.T

    def inside(self, reads: Any) -> Any:
        """Return what each unit rectifies [..., unit]."""
        return self._known(reads) @ self.units.T

    def _known(self, reads: Any) -> Any:
        """Return 1, what is read, and all units, one after the other."""
        known = np.concatenate([np.ones((*reads.shape[:-1], 1)), reads], axis=-1)
        first = 1 + len(self.reads)
        for level in self.levels:
            rows = self.units[level, : first + level.start]
            known = np.concatenate([known, np.maximum(known @ rows.T, 0.0)], axis=-1)
        return known
