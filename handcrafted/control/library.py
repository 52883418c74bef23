"""Numpy or JAX: what is written once runs in numpy where only its arrays are given, and in JAX otherwise.

JAX compiles, batches and differentiates; numpy starts at once. Small networks are read in numpy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import update_wrapper, wraps
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
    return np if all(isinstance(array, np.ndarray | np.generic) for array in arrays) else jnp


def repeated(times: int, change: Callable[[Any], Any], value: Any) -> Any:
    """Return a value after a function was applied to it so many times."""
    if library_of(value) is not np:
        return jax.lax.fori_loop(0, times, lambda _, now: change(now), value)
    for _ in range(times):
        value = change(value)
    return value


def matmul(a: Any, b: Any, spec: str) -> Any:
    """Multiply as `spec` says, in full float32 precision; `...` stands for leading axes."""
    if library_of(a, b) is np:
        return np.einsum(spec, a, b, optimize=BY_MATMUL)
    return jnp.einsum(spec, a, b, precision="highest")


BY_MATMUL = ["einsum_path", (0, 1)]
"""There is one way to multiply two arrays; numpy need not look for others."""


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
