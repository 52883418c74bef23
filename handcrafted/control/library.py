"""Numpy or JAX: what is written once runs in numpy where only its arrays are given, and in JAX otherwise.

JAX compiles, batches and differentiates; numpy starts at once. Small networks are read in numpy.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import cache, update_wrapper, wraps
from typing import Any

import numpy as np

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.lazy import LazyModule

jax = LazyModule("jax")
jnp = LazyModule("jax.numpy")
"""Imported when something is asked of them."""


_started: set[int] = set()
"""The processes in which JAX was started, by their numbers."""


def must_not_be_forked() -> None:
    """Note that JAX runs in this process; call it before whatever starts JAX.

    Raises:
        HandcraftedError: if the process was forked from one in which JAX ran, whose threads it has not: it would hang.
    """
    if _started and os.getpid() not in _started:
        raise HandcraftedError(
            "Expected a process that was started anew, got one forked from a process in which JAX had run: JAX would "
            'hang in it. Start it by `multiprocessing.get_context("spawn")`.'
        )
    _started.add(os.getpid())


class Compiled:
    """A function compiled by `jax.jit`; shapes are broadcast in it even where the user forbids that to code of theirs.

    Attributes:
        run: the compiled function.
    """

    def __init__(self, function: Callable[..., Any], static: tuple[str, ...]):
        @wraps(function)
        def traced(*args: Any, **kwargs: Any) -> Any:
            with jax.numpy_rank_promotion("allow"):
                return function(*args, **kwargs)

        self.run = jax.jit(traced, static_argnames=static)
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it.

        Raises:
            HandcraftedError: if the process was forked from one in which JAX ran.
        """
        must_not_be_forked()
        return self.run(*args, **kwargs)

    @property
    def compilations(self) -> int:
        """For how many kinds of arguments it was compiled so far."""
        return self.run._cache_size()


def compiled(*static: str) -> Callable[[Callable[..., Any]], Compiled]:
    """Compile a function; see `Compiled`.

    Args:
        static: the names of arguments for each value of which it is compiled anew.
    """
    return lambda function: Compiled(function, static)


def library_of(*arrays: Any) -> Any:
    """Return numpy if all arrays are its own, else `jax.numpy`."""
    for array in arrays:
        if not isinstance(array, NUMPY):
            return jnp
    return np


NUMPY = np.ndarray, np.generic


def repeated(times: int, change: Callable[[Any], Any], value: Any) -> Any:
    """Return a value after a function was applied to it so many times."""
    if library_of(value) is not np:
        return jax.lax.fori_loop(0, times, lambda _, now: change(now), value)
    for _ in range(times):
        value = change(value)
    return value


def matmul(a: Any, b: Any, spec: str) -> Any:
    """Multiply as `spec` says, in full float32 precision; `...` stands for leading axes."""
    if library_of(a, b) is not np:
        return jnp.einsum(spec, a, b, precision="highest")
    order = _kernel_axes(spec)
    if order is None:
        return np.einsum(spec, a, b)
    summed, axes = order
    kernel = b.transpose(axes)
    flat = _flat(a, a.ndim - summed) @ _flat(kernel, summed)
    return flat.reshape(*a.shape[: a.ndim - summed], *kernel.shape[summed:])


def _flat(array: np.ndarray, rows: int) -> np.ndarray:
    """Return an array as a matrix, its first axes as the rows."""
    return array.reshape(math.prod(array.shape[:rows]), math.prod(array.shape[rows:]))


@cache
def _kernel_axes(spec: str) -> tuple[int, tuple[int, ...]] | None:
    """Say how many axes a product with a kernel sums over, and how the kernel's axes are to stand, those first.

    `numpy.einsum` would read the same few texts anew in each call, which takes longer than the product of small arrays.

    Returns:
        None where the second array is no kernel: it has leading axes, or an axis in common with the result's first.
    """
    left, right, out = spec.replace("->", ",").split(",")
    summed, free = left.removeprefix("..."), out.removeprefix("...")
    if "." in right or not set(summed) <= set(right) or sorted(summed + free) != sorted(right):
        return None
    return len(summed), tuple(right.index(letter) for letter in summed + free)


def relu(x: Any) -> Any:
    """Return what is positive, else 0; NaN stays."""
    return np.maximum(x, np.float32(0)) if library_of(x) is np else jax.nn.relu(x)


def softmax(scores: Any) -> Any:
    """Return shares of 1 along the last axis."""
    if library_of(scores) is not np:
        return jax.nn.softmax(scores, axis=-1)
    grown = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)


def flipped(values: Any, bits: Any) -> Any:
    """Return float32 numbers with some of their bits flipped, given as int32."""
    if library_of(values, bits) is np:
        return (values.astype(np.float32).view(np.int32) ^ bits).view(np.float32)
    turned = jax.lax.bitcast_convert_type(values, jnp.int32) ^ bits
    return jax.lax.bitcast_convert_type(turned, jnp.float32)
