"""What is done alike with dense and with sparse arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from handcrafted.control.library import jnp
from handcrafted.model.sparse_array import SparseArray
from handcrafted.model.sparse_pattern import SparsePattern

MAX_DENSE = 2**22
"""Arrays of more entries are held sparse: 16 MB of float32."""

Array = np.ndarray | SparseArray
"""What holds a network's numbers in numpy."""


def zeros(shape: Sequence[int], dtype: Any = np.float32) -> Any:
    """Return zeros of a shape: sparse where they are many; vectors are always dense."""
    return SparseArray.zeros(shape, dtype) if _is_sparse(shape) else np.zeros(shape, dtype)


def _is_sparse(shape: Sequence[int]) -> bool:
    """Whether an array of a shape is held sparse: where its entries are many, and it is no vector."""
    return len(shape) > 1 and math.prod(shape) > MAX_DENSE


def formed(array: Any) -> Any:
    """Return an array in the form that one of its shape has, dense or sparse."""
    if isinstance(array, SparseArray):
        return array if _is_sparse(array.shape) else np.asarray(array)
    if not _is_sparse(np.shape(array)):
        return array
    dense = np.asarray(array)
    held = dense if dense.dtype == bool else (dense != 0) | np.signbit(dense)  # the sign of a 0 is part of a seal
    at = np.flatnonzero(held).astype(np.int64)
    return SparseArray(SparsePattern(dense.shape, at), dense.ravel()[at])


def on_host(array: Any) -> Any:
    """Return an array in numpy, a sparse one as it is."""
    return array.map(np.asarray) if isinstance(array, SparseArray) else np.asarray(array)


def in_jax(array: Any, dtype: Any = None) -> Any:
    """Return an array as one of JAX, a sparse one as one that cannot be written to either."""
    return array.frozen(dtype or array.dtype) if isinstance(array, SparseArray) else jnp.asarray(array, dtype)


def copied(array: Any) -> Any:
    """Return a copy in numpy that can be written to, of a sparse array a sparse one."""
    return array.copy() if isinstance(array, SparseArray) else np.array(array)


def held(array: Any) -> Any:
    """Return what is held of an array: all of a dense one."""
    return array.values if isinstance(array, SparseArray) else array


def elementwise(function: Callable[..., Any], *arrays: Any) -> Any:
    """Apply a function to arrays of one shape entry by entry; see `SparseArray.combined`."""
    return SparseArray.combined(function, *arrays) if any(map(_sparse, arrays)) else function(*arrays)


def _sparse(array: Any) -> bool:
    return isinstance(array, SparseArray)


def nonzeros(array: Array) -> tuple[np.ndarray, ...]:
    """Return the places along each axis, and the numbers, of the entries that are not 0, in order [entry]."""
    if not isinstance(array, SparseArray):
        at = array.nonzero()
        return *at, array[at]
    values = np.asarray(array.values)
    live = np.flatnonzero(values)
    return *(axis[live] for axis in array.pattern.axes), values[live]


def by_column(matrix: Array) -> dict[int, list[tuple[int, np.float32]]]:
    """Return of each column in which anything is not 0 its rows and numbers, in order."""
    found: dict[int, list[tuple[int, np.float32]]] = {}
    rows, columns, values = nonzeros(matrix)
    for row, column, value in zip(rows.tolist(), columns.tolist(), values, strict=True):
        found.setdefault(column, []).append((row, value))
    return found


def block(array: Array, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return some rows and columns of a matrix [row, column], dense, in float64."""
    return array[np.ix_(rows, columns)].astype(float)


def same(one: Any, other: Any) -> bool:
    """Whether two arrays have the same shape and the same entries, whatever pattern holds them."""
    if not isinstance(one, SparseArray) or not isinstance(other, SparseArray):
        return np.array_equal(one, other)
    if one.shape != other.shape:
        return False
    at = np.union1d(one.pattern.at, other.pattern.at)
    return bool(np.array_equal(one.at(at), other.at(at)))
