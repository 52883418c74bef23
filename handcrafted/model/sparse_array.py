"""An array of which only the entries are held that may be other than 0; large networks are made of them.

A network's circuits touch few of all coordinates: its arrays grow with the square of their number, its circuits do
not. Such an array is read and written by numpy's own spelling (`array[index]`, `.shape`, `.nonzero()`, `.T`), as far as
the project asks; whoever needs the dense array calls `np.asarray`, which refuses what no memory holds.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from handcrafted.control.library import library_of
from handcrafted.model.sparse_pattern import SparsePattern
from handcrafted.text.diagnostics import HandcraftedError

MAX_VIEW = 2**30
"""Arrays of more entries have no dense view: 4 GB of float32."""


class SparseArray(NDArrayOperatorsMixin):
    """An array of numbers or booleans of which the entries of a pattern are held; all others are 0.

    What is written goes into the pattern, also a 0.

    Example:
        >>> array = SparseArray.zeros((1_000_000, 1_000_000))
        >>> array[3, 5] = 2.0
        >>> array[3, 5], array[5, 3], array.nbytes
        (np.float32(2.0), np.float32(0.0), 12)
    """

    def __init__(self, pattern: SparsePattern, values: Any, frozen: bool = False):
        """Make an array of its entries.

        Args:
            pattern: which entries are held.
            values: what stands there [entry], of numpy or of JAX.
            frozen: whether nobody may write to it.
        """
        self._pattern, self._values, self._frozen = pattern, values, frozen
        self._written: list[tuple[np.ndarray, np.ndarray]] = []
        self._turned: dict[tuple[int, ...], SparseArray] = {}
        if "jax" in sys.modules:
            _known_to_jax()

    @classmethod
    def zeros(cls, shape: Sequence[int], dtype: Any = np.float32) -> SparseArray:
        """Return an array that holds nothing yet."""
        return cls(SparsePattern(shape, np.zeros(0, np.int64)), np.zeros(0, dtype))

    @property
    def pattern(self) -> SparsePattern:
        """Which entries are held."""
        self._take_in()
        return self._pattern

    @property
    def values(self) -> Any:
        """What stands there [entry]."""
        self._take_in()
        return self._values

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every axis."""
        return self._pattern.shape

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many entries there are, held or not."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        """The type of an entry."""
        return self._values.dtype

    @property
    def nbytes(self) -> int:
        """The memory that is taken, in bytes."""
        return self.values.nbytes + self.pattern.at.nbytes

    def __iter__(self) -> Iterator[SparseArray]:
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"SparseArray(shape={self.shape}, dtype={self.dtype}, {len(self.pattern.at):,} entries held)"

    def _take_in(self) -> None:
        """Let what was written since become part of the pattern; of one entry written twice the last counts."""
        if not self._written:
            return
        at = np.concatenate([self._pattern.at, *(flat for flat, _ in self._written)])
        values = np.concatenate([np.asarray(self._values), *(new for _, new in self._written)])
        order = np.argsort(at, kind="stable")
        last = np.append(np.diff(at[order]) != 0, True)[: len(order)]
        self._pattern, self._values = SparsePattern(self.shape, at[order][last]), values[order][last]
        self._written, self._turned = [], {}

    def _flat(self, index: tuple) -> np.ndarray:
        """Return the flat positions that whole numbers and arrays of them mean, one for each axis."""
        return np.asarray(np.ravel_multi_index(np.broadcast_arrays(*index), self.shape), np.int64)

    def __setitem__(self, index: Any, values: Any) -> None:
        index = index if isinstance(index, tuple) else (index,)
        if len(index) < self.ndim or any(isinstance(one, slice) for one in index):
            raise HandcraftedError(
                f"Expected some entries of a sparse array of shape {self.shape} to be written, got all. Name them."
            )
        self._note(self._flat(index), values)

    def write(self, axes: Sequence[np.ndarray], values: Any) -> None:
        """Write the block at some positions along each axis, or one number there."""
        flat = axes[0]
        for size, places in zip(self.shape[1:], axes[1:], strict=True):
            flat = flat[..., None] * size + places
        self._note(flat, values)

    def _note(self, flat: np.ndarray, values: Any) -> None:
        if self._frozen:
            raise HandcraftedError(
                "Expected a sparse array that may be written to, got that of a model, which is read. Use `edit`, or "
                "write to a copy and give that to `set_weights`."
            )
        new = np.empty(flat.shape, self.dtype)
        new[...] = values
        self._written.append((flat.ravel(), new.ravel()))

    def __getitem__(self, index: Any) -> Any:
        """Return single entries as numpy, or as a sparse array what whole numbers leave of axes taken in full.

        Raises:
            HandcraftedError: for any other way to index.
        """
        index = index if isinstance(index, tuple) else (index,)
        if len(index) == 1 and index[0] is Ellipsis:
            return self
        index += (slice(None),) * (self.ndim - len(index))
        whole = [axis for axis, one in enumerate(index) if isinstance(one, slice)]
        if not whole:
            return self.at(self._flat(index))
        single = [axis for axis in range(self.ndim) if axis not in whole]
        if any(index[axis] != slice(None) for axis in whole) or any(np.ndim(index[axis]) for axis in single):
            raise HandcraftedError(
                f"Expected entries of a sparse array, or whole numbers and full slices, got {index}. "
                "Take its dense view."
            )
        return self.transpose(*single, *whole)._following([index[axis] for axis in single])

    def at(self, flat: np.ndarray) -> Any:
        """Return the entries at positions in the flat array, in numpy."""
        where, held = self.pattern.look_up(flat.ravel())
        found = np.zeros(flat.size, self.dtype)
        found[held] = np.asarray(self.values)[where[held]]
        return found.reshape(flat.shape)[()]

    def _following(self, index: Sequence[Any]) -> SparseArray:
        """Return what follows whole numbers along the first axes."""
        axes, inner = self.shape[: len(index)], self.shape[len(index) :]
        number = int(np.ravel_multi_index(tuple(index), axes)) if axes else 0
        start = number * math.prod(inner)
        first, last = np.searchsorted(self.pattern.at, (start, start + math.prod(inner)))
        return SparseArray(SparsePattern(inner, self.pattern.at[first:last] - start), self.values[first:last])

    def nonzero(self) -> tuple[np.ndarray, ...]:
        """Return the positions along each axis of the entries that are not 0, in order."""
        live = np.flatnonzero(np.asarray(self.values))
        return tuple(axis[live] for axis in self.pattern.axes)

    def __array_ufunc__(self, function: Any, method: str, *arrays: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        return self.combined(function, *arrays)

    @classmethod
    def combined(cls, function: Callable[..., Any], *arrays: Any) -> SparseArray:
        """Apply a function to sparse arrays of one shape and single numbers, where any array holds an entry.

        Raises:
            HandcraftedError: if dense arrays are among them, or 0 would become something.
        """
        sparse = [array for array in arrays if isinstance(array, SparseArray)]
        if any(np.ndim(array) for array in arrays if not isinstance(array, SparseArray)):
            raise HandcraftedError("Expected sparse arrays or single numbers beside a sparse array, got a dense one.")
        at = reduce(np.union1d, (array.pattern.at for array in sparse))
        given = lambda read: (read(array) if isinstance(array, SparseArray) else array for array in arrays)
        nothing = function(*given(lambda array: np.zeros(1, array.dtype)))
        if nothing.any():
            raise HandcraftedError(f"Expected 0 to stay 0 in a sparse array, got {nothing[0]}. Take dense views.")
        return cls(SparsePattern(sparse[0].shape, at), function(*given(lambda array: array.at(at))))

    def any(self, axis: None = None, out: None = None) -> bool:
        """Say whether any entry is not 0."""
        return bool(np.any(np.asarray(self.values)))

    def sum(self) -> Any:
        """Return the sum of all entries."""
        return np.asarray(self.values).sum()

    @property
    def T(self) -> SparseArray:
        """The array with its axes in the opposite order."""
        return self.transpose(*reversed(range(self.ndim)))

    def transpose(self, *order: int) -> SparseArray:
        """Return the array with its axes in another order; it is kept, so that a second time costs nothing."""
        if order == tuple(range(self.ndim)):
            return self
        pattern, values = self.pattern, self.values
        if order not in self._turned:
            shape = [self.shape[axis] for axis in order]
            flat = np.ravel_multi_index([pattern.axes[axis] for axis in order], shape).astype(np.int64)
            rank = np.argsort(flat, kind="stable")
            self._turned[order] = SparseArray(SparsePattern(shape, flat[rank]), values[rank])
        return self._turned[order]

    def reshape(self, *shape: int) -> SparseArray:
        """Return the same entries under another shape of the same size; -1 stands for what is left."""
        shape = tuple(size if size >= 0 else -self.size // math.prod(shape) for size in shape)
        return SparseArray(SparsePattern(shape, self.pattern.at), self.values)

    def map(self, function: Callable[[Any], Any]) -> SparseArray:
        """Return the array with its held entries [entry] as a function makes them."""
        return SparseArray(self.pattern, function(self.values))

    def masked(self, mask: SparseArray) -> SparseArray:
        """Return the array with 0 wherever a mask is not set; the pattern stays."""
        acts, zero = mask.at(self.pattern.at), self.dtype.type(0)
        return self.map(lambda values: library_of(values).where(acts, values, zero))

    def frozen(self, dtype: Any) -> SparseArray:
        """Return a copy that nobody can write to, as JAX's arrays are."""
        values = self.values.astype(dtype)
        if isinstance(values, np.ndarray):
            values.flags.writeable = False
        return SparseArray(self.pattern, values, frozen=True)

    def copy(self) -> SparseArray:
        """Return a copy in numpy that can be written to."""
        return self.map(np.array)

    def dense(self) -> Any:
        """Return the dense view, of what JAX traces one that it traces; raises as `np.asarray` does."""
        values = self.values
        xp = library_of(values)
        if xp is np:
            return np.asarray(self)
        return xp.zeros(self.size, self.dtype).at[self.pattern.at].set(values).reshape(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the dense view.

        Raises:
            HandcraftedError: if no memory would hold it.
        """
        if self.size > MAX_VIEW:
            raise HandcraftedError(
                f"Expected an array of at most {MAX_VIEW:,} entries for what needs all of them, zeros too, got "
                f"{self.size:,} of shape {self.shape}. Collapse groups, or take a part of the structure."
            )
        found = np.zeros(self.size, self.dtype if dtype is None else dtype)
        found[self.pattern.at] = np.asarray(self.values)
        return found.reshape(self.shape)


@lru_cache(maxsize=1)
def _known_to_jax() -> None:
    """Let JAX take a sparse array for a pytree: its held entries are numbers, its pattern is part of its type."""
    import jax

    split = lambda array: ((array.values,), array.pattern)
    joined = lambda pattern, values: SparseArray(pattern, *values, frozen=True)
    jax.tree_util.register_pytree_node(SparseArray, split, joined)
