"""What readers answer, compiled: for large networks, and for slopes; see `handcrafted.readout.readers`."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from handcrafted.control.library import compiled
from handcrafted.model.weights import Weights
from handcrafted.readout.readers import Along, Base, ReaderResponse, Readers, Stream, respond


def respond_along(
    weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along
) -> ReaderResponse:
    """Return what the readers answer to a change, exactly, or as the mean of the slopes along it times the change."""
    if not along:
        return respond(weights, base, change, readers, window)
    exact = lambda part: respond(weights, base, part, readers, window)
    slope = lambda k: jax.jvp(exact, (jax.tree.map(lambda a: k * a, change),), (change,))[1]
    zero = jax.tree.map(lambda part: jnp.zeros(part.shape, part.dtype), jax.eval_shape(exact, change))
    total, _ = jax.lax.scan(
        lambda sum, k: (jax.tree.map(jnp.add, sum, slope(k)), None), zero, jnp.array(along, jnp.float32)
    )
    return jax.tree.map(lambda part: part / len(along), total)


@compiled("window", "along")
def _effects(
    weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along = ()
) -> tuple[ReaderResponse, Array]:
    """Return the responses to a change of each subspace in turn, over runs.

    Args:
        weights: effective weights.
        base: what the readers compute undisturbed, with leading axes [run].
        change: by how much the stream differs under a contrast, at its first step [run].
        readers: which coordinates to change and who reads them [subspace].
        window: how many steps a head sees.
        along: where slopes are taken; nowhere asks for the exact answer.

    Returns:
        Responses with leading axes [subspace, run], of the stream at the step of the change alone; and the largest
        response of the stream over all runs [subspace, time, d_model].
    """

    def one(readers: Readers) -> tuple[ReaderResponse, Array]:
        found = jax.vmap(lambda base, delta: respond_along(weights, base, delta, readers, window, along))(base, change)
        return found._replace(stream=found.stream[:, 0]), jnp.abs(found.stream).max(axis=0)

    return jax.lax.map(one, readers)


@compiled("window", "along")
def _over_time(weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along = ()) -> Array:
    """Return the response of the stream to a change of one subspace [run, time, d_model]."""
    one = lambda base, delta: respond_along(weights, base, delta, readers, window, along).stream
    return jax.vmap(one)(base, change)


def effects(
    weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along
) -> Iterator[tuple[ReaderResponse, np.ndarray]]:
    """Return what is answered to a change of each subspace in turn; see `_effects`."""
    found = jax.device_get(_effects(weights, base, change, readers, window, along))
    return (jax.tree.map(lambda part, i=i: part[i], found) for i in range(len(readers.at)))


def over_time(weights: Weights, base: Base, change: Stream, readers: Readers, window: int, along: Along) -> np.ndarray:
    """Return the response of the stream to a change of one subspace [run, time, d_model]."""
    return np.asarray(_over_time(weights, base, change, readers, window, along))
