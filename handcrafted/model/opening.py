"""What of a network may be otherwise from run to run: entries of its arrays, and values on their way.

A folded network leaves out what is 0 and what merely copies. What is open is kept: an entry stands among the arrays as
a NaN that carries its number, so that nothing can take it for 0 or for 1, and ends as a number of its own beside the
program.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from handcrafted.model.weights import Weights

QUIET, LARGEST = np.uint32(0x7FC00000), 2**22
"""The bits of a NaN that computing leaves as it is, and how many different ones there are."""

CARRY = "carry"
"""The site of what the recurrence carries, as it is read."""


class OpenSite(NamedTuple):
    """A value on its way.

    Attributes:
        part: a field of `handcrafted.model.edit.Edit`, or `CARRY`.
        at: which of the part's values.
    """

    part: str
    at: tuple[int, ...]


class Opening(NamedTuple):
    """What is open.

    Attributes:
        entries: places in the arrays, flattened and put behind each other in declared order.
        sites: values that may be changed on their way.
    """

    entries: tuple[int, ...] = ()
    sites: tuple[OpenSite, ...] = ()


SHUT = Opening()
"""Nothing is open."""


def all_entries(weights: Weights) -> np.ndarray:
    """Return all entries of arrays behind each other, flattened, in declared order; a copy."""
    return np.concatenate([np.ravel(array) for _, array in weights.items()]).astype(np.float32)


def opened(weights: Weights, entries: Iterable[int]) -> Weights:
    """Return arrays in which some entries are marked as open, by their place among the entries given."""
    flat = all_entries(weights)
    places = np.fromiter(entries, np.int64)
    assert len(places) < LARGEST
    flat[places] = (np.arange(len(places), dtype=np.uint32) | QUIET).view(np.float32)
    starts = np.cumsum([0, *(np.size(array) for _, array in weights.items())])
    parts = {
        name: flat[first:last].reshape(np.shape(array))
        for (name, array), first, last in zip(weights.items(), starts[:-1], starts[1:], strict=True)
    }
    return Weights(**parts)


def mark_of(number: np.float32) -> int | None:
    """Return which of the open entries a number marks; None of a number that is one."""
    return int(np.float32(number).view(np.uint32) & ~QUIET) if np.isnan(number) else None
