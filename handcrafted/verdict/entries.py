"""Entries of arrays: which numbers of a block differ from zero, and which coordinates have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.model.weights import Weights


@dataclass(frozen=True)
class Entry:
    """One number of one array that a link goes through."""

    array: str
    index: tuple[int, ...]
    value: float

    def __str__(self) -> str:
        return f"{self.array}[{', '.join(map(str, self.index))}] = {self.value:g}"


class EntryBlock(NamedTuple):
    """A block of one array.

    Attributes:
        at: the leading indices, such as layer and head.
        axes: the positions along each remaining axis.
    """

    array: str
    at: tuple[int, ...]
    axes: tuple[np.ndarray, ...]

    def __str__(self) -> str:
        places = [*map(str, self.at), *(_positions(axis) for axis in self.axes)]
        return f"{self.array}[{', '.join(places)}]"

    def entries(self, weights: Weights) -> tuple[Entry, ...]:
        """Give the numbers that differ from zero."""
        return tuple(self._entries(weights))

    def empty(self, weights: Weights, axis: int) -> list[int]:
        """Give the positions along an axis that have no number other than zero."""
        others = tuple(k for k in range(len(self.axes)) if k != axis)
        most = np.abs(self._values(weights)).max(axis=others, initial=0)
        return [int(at) for at in self.axes[axis][most == 0]]

    def _values(self, weights: Weights) -> np.ndarray:
        return np.asarray(weights[self.array])[self.at][np.ix_(*self.axes)]

    def _entries(self, weights: Weights) -> Iterator[Entry]:
        values = self._values(weights)
        for place in zip(*np.nonzero(values), strict=True):
            index = (*self.at, *(int(axis[k]) for axis, k in zip(self.axes, place, strict=True)))
            yield Entry(self.array, index, float(values[place]))


def _positions(axis: Sequence[int] | np.ndarray) -> str:
    """Write positions as `3`, `3-5` or `3, 7`."""
    numbers = [int(number) for number in axis]
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return str(numbers[0]) if len(numbers) == 1 else f"({', '.join(map(str, numbers))})"
