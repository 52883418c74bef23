"""Which entries of a sparse array are held."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np


class SparsePattern:
    """Which entries of an array are held, permitted zeros among them.

    Attributes:
        shape: of the array.
        at: their positions in the flat array, in order [entry].
    """

    def __init__(self, shape: Sequence[int], at: np.ndarray):
        self.shape, self.at = tuple(int(size) for size in shape), at
        self.at.flags.writeable = False

    @cached_property
    def _key(self) -> tuple[tuple[int, ...], bytes]:
        return self.shape, self.at.tobytes()

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, SparsePattern) and self._key == other._key)

    def __hash__(self) -> int:
        return hash((self.shape, len(self.at)))

    @cached_property
    def axes(self) -> tuple[np.ndarray, ...]:
        """The positions of the entries along each axis [entry]."""
        return np.unravel_index(self.at, self.shape)

    def look_up(self, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where entries are held, and which of them are."""
        found = np.searchsorted(self.at, flat)
        found = np.minimum(found, max(len(self.at) - 1, 0))
        return found, self.at[found] == flat if len(self.at) else np.zeros(np.shape(flat), bool)
