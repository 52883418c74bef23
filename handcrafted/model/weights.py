"""The dozen arrays of a transformer, under the field's usual names and shapes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from handcrafted.control.numbers import is_numeric, whole
from handcrafted.model.arrays import copied, held, zeros
from handcrafted.model.sparse_array import MAX_VIEW, SparseArray
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import shown

FIELD_AXES: dict[str, tuple[str, ...]] = {
    "W_E": ("n_in", "d_model"),
    "b_E": ("d_model",),
    "W_Q": ("layer", "head", "d_model", "d_head"),
    "W_K": ("layer", "head", "d_model", "d_head"),
    "W_V": ("layer", "head", "d_model", "d_head"),
    "W_O": ("layer", "head", "d_head", "d_model"),
    "b_Q": ("layer", "head", "d_head"),
    "b_K": ("layer", "head", "d_head"),
    "b_V": ("layer", "head", "d_head"),
    "b_O": ("layer", "d_model"),
    "W_in": ("layer", "d_model", "d_mlp"),
    "b_in": ("layer", "d_mlp"),
    "W_out": ("layer", "d_mlp", "d_model"),
    "b_out": ("layer", "d_model"),
    "W_U": ("d_model", "n_out"),
    "b_U": ("n_out",),
    "W_R": ("d_model", "d_model"),
    "r_0": ("d_model",),
}
"""The axes of every array, by name."""

READING = ("W_Q", "W_K", "W_V", "W_in", "W_U")
"""The arrays that read the residual stream; its axis is the first after layer and head."""

WRITING = ("W_E", "b_E", "W_O", "b_O", "W_out", "b_out")
"""The arrays that write to it; its axis is the last. The recurrence does both, and `r_0` is one of its values."""


@dataclass(frozen=True)
class Weights:
    """A transformer's arrays; any pytree operation applies. The axes are those of `FIELD_AXES`.

    Leaves are float32 arrays, or booleans where the object holds masks; those of many entries are sparse, see
    `SparseArray`.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> model.weights.W_in.shape, model.weights.sizes["d_model"]
        ((4, 7, 2), 7)
    """

    W_E: Any
    b_E: Any
    W_Q: Any
    W_K: Any
    W_V: Any
    W_O: Any
    b_Q: Any
    b_K: Any
    b_V: Any
    b_O: Any
    W_in: Any
    b_in: Any
    W_out: Any
    b_out: Any
    W_U: Any
    b_U: Any
    W_R: Any
    r_0: Any

    def __post_init__(self) -> None:
        """Tell JAX, where it is there, that this is a pytree; nothing here waits for it."""
        if "jax" in sys.modules:
            known_to_jax()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Return (name, array) pairs in declared order."""
        return ((field.name, getattr(self, field.name)) for field in fields(self))

    def keys(self) -> Iterator[str]:
        """Return the arrays' names, so that `dict(weights)` works."""
        return (field.name for field in fields(self))

    def __getitem__(self, name: str) -> Any:
        return getattr(self, _known(name))

    def replace(self, **arrays: Any) -> Weights:
        """Return a copy with some arrays replaced.

        Raises:
            HandcraftedError: if there is none of that name.
        """
        return replace(self, **{_known(name): array for name, array in arrays.items()})

    def map(self, function: Callable[..., Any], *others: Weights) -> Weights:
        """Apply a function to each array (and the arrays of the same name of others)."""
        return Weights(**{name: function(array, *(other[name] for other in others)) for name, array in self.items()})

    def numpy(self) -> Weights:
        """Return the arrays as writable numpy copies, all of them dense; raises as `dense` does."""
        return self.dense().map(lambda array: np.array(array))

    def dense(self) -> Weights:
        """Return the arrays with dense views of those that are sparse.

        Raises:
            HandcraftedError: if they would take more than a usual machine's memory.
        """
        count = sum(array.size for _, array in self.items() if isinstance(array, SparseArray))
        if count > MAX_VIEW:
            raise HandcraftedError(
                f"Expected a network of at most {MAX_VIEW:,} entries for what needs all of them, zeros too, got "
                f"{count:,}. Collapse groups, or take a part of the structure."
            )
        return self.map(lambda array: array.dense() if isinstance(array, SparseArray) else array)

    def copy(self) -> Weights:
        """Return writable numpy copies, of sparse arrays sparse ones."""
        return self.map(copied)

    @property
    def sizes(self) -> dict[str, int]:
        """The length of every axis, by name."""
        return {
            axis: size for name, axes in FIELD_AXES.items() for axis, size in zip(axes, self[name].shape, strict=True)
        }

    @classmethod
    def zeros(cls, dtype: Any = np.float32, **sizes: int) -> Weights:
        """Return dense arrays of zeros with the given axis lengths (`layer`, `head`, `d_model`, …).

        Raises:
            HandcraftedError: if a length is missing, or is none.
        """
        for axis in dict.fromkeys(axis for axes in FIELD_AXES.values() for axis in axes):
            whole(f"a whole number as the length of {axis}", sizes.get(axis))
        return cls(**{name: np.zeros([sizes[axis] for axis in axes], dtype) for name, axes in FIELD_AXES.items()})

    @classmethod
    def blank(cls, dtype: Any = np.float32, **sizes: int) -> Weights:
        """Return arrays of zeros as a network is made of them: those of many entries are sparse; see `zeros`."""
        return cls(**{name: zeros([sizes[axis] for axis in axes], dtype) for name, axes in FIELD_AXES.items()})


@lru_cache(maxsize=1)
def known_to_jax() -> None:
    """Let JAX take `Weights` for a pytree."""
    import jax

    jax.tree_util.register_dataclass(Weights)


def _known(name: str) -> str:
    must_be(name, str, "the name of an array")
    if name not in FIELD_AXES:
        raise HandcraftedError(f"Expected the name of an array, got {shown(name)}.{nearest(name, FIELD_AXES)}")
    return name


def in_basis(weights: Weights, into: Callable[[Any], Any], out: Callable[[Any], Any]) -> Weights:
    """Return the arrays over another residual stream.

    Args:
        weights: the arrays.
        into: maps what reads the stream [..., d_model, r].
        out: maps what writes to it [..., d_model].
    """
    reads = {name: into(weights[name]) for name in READING}
    writes = {name: out(weights[name]) for name in (*WRITING, "r_0")}
    return weights.replace(**reads, **writes, W_R=out(into(weights["W_R"])))


def acting(raw: Any, mask: Any) -> Any:
    """Put zero where a raw entry may not act; in numpy where nothing is traced, which compiles nothing."""
    if isinstance(raw, SparseArray):
        return raw.masked(mask)
    if isinstance(raw, np.ndarray):
        return np.where(mask, raw, np.float32(0))
    import jax
    import jax.numpy as jnp
    from jax.core import Tracer

    if isinstance(raw, Tracer):
        return jnp.where(mask, raw, 0.0)
    return jax.device_put(np.where(mask, raw, np.float32(0)))


def check_shapes(weights: Weights) -> Weights:
    """Check that axes of the same name have the same length everywhere.

    Raises:
        HandcraftedError: naming the first array that does not fit.
    """
    must_be(weights, Weights, "arrays, such as `model.weights`")
    for name, array in weights.items():
        if not is_numeric(getattr(array, "dtype", object)):
            raise HandcraftedError(f"Expected an array of numbers in {name}, got {shown(array)}. Give it one.")
    sizes_of({name: np.shape(array) for name, array in weights.items()})
    return weights


def sizes_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """Return the length of every axis of arrays of these shapes.

    Raises:
        HandcraftedError: naming the first array that does not fit.
    """
    lengths: dict[str, tuple[int, str]] = {}
    for name, axes in FIELD_AXES.items():
        shape = shapes[name]
        if len(shape) != len(axes):
            raise HandcraftedError(f"Expected {name} with axes {axes}, got shape {shown(shape)}. Give it those axes.")
        for axis, size in zip(axes, shape, strict=True):
            expected, where = lengths.setdefault(axis, (size, name))
            if size != expected:
                raise HandcraftedError(
                    f"Expected {axis} = {expected} in {name} as in {where}, got {size}. Make the two arrays agree."
                )
    if lengths["d_head"][0] < 2:
        raise HandcraftedError("Expected d_head of at least 2 for the rotary plane, got less. Pad the heads.")
    return {axis: size for axis, (size, _) in lengths.items()}


def must_have_sizes(weights: Weights, sizes: Mapping[str, int]) -> Weights:
    """Check that arrays are of the sizes that are asked for.

    Raises:
        HandcraftedError: if they are not.
    """
    if check_shapes(weights).sizes != sizes:
        raise HandcraftedError(
            f"Expected arrays of the model's sizes {dict(sizes)}, got {weights.sizes}. Give a copy of its own arrays."
        )
    return weights


def check_finite(weights: Weights) -> Weights:
    """Check that every number is finite.

    Raises:
        HandcraftedError: naming the first array that holds another.
    """
    for name, array in weights.items():
        if not np.all(np.isfinite(held(array))):
            raise HandcraftedError(f"Expected finite numbers in {name}, got NaN or infinity. Mend the array first.")
    return weights
