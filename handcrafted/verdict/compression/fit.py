"""Choosing P and R: to keep every causal pair, or to keep what the network does."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from handcrafted.model.forward import forward, matmul
from handcrafted.model.weights import Weights
from handcrafted.verdict.compression.causal import causal

FIT_STEPS = 400
"""Steps of the fit."""

LEARN_STEPS = 200
RATE = 3e-3
"""Steps and step size of training, which begins where the fit ended."""

NEAR = 1e-6
"""How much P R is drawn towards the identity where the causal pairs leave it open."""

GOOD = 1e-9
"""Mean squared errors below this share leave nothing to learn."""

LOST = 1e3
"""The error of an output that is not finite."""

READS = ("W_Q", "W_K", "W_V", "W_in", "W_U")
"""Arrays that read the stream; its axis is the first after layer and head."""

WRITES = ("W_E", "b_E", "W_O", "b_O", "W_out", "b_out", "r_0")
"""Arrays that write it; its axis is the last."""


def fitted(weights: Weights, pack: np.ndarray, unpack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit P and R so that every reader gets of every earlier writer what it did.

    Formula: min over P, R of |(W P R V - W V) on causal pairs|^2 / |W V on causal pairs|^2
        + 1e-6 |P R - 1|^2 / d_model, W and V at unit size; the second term settles what the pairs leave open.
    Source: Liu & Nocedal 1989 (L-BFGS).

    Args:
        weights: of a network.
        pack: P to begin with [d_model, width].
        unpack: R to begin with [width, d_model].
    """
    pairs = causal(weights)
    data = tuple(jnp.asarray(part, jnp.float32) for part in (pairs.write, pairs.read, pairs.before, pairs.products))
    start = (jnp.asarray(pack, jnp.float32), jnp.asarray(unpack, jnp.float32))
    if float(_misfit(start, *data)) < GOOD:
        return pack, unpack
    found = _minimised(start, data)
    return np.asarray(found[0], float), np.asarray(found[1], float)


def _misfit(both: tuple, write: Any, read: Any, before: Any, wanted: Any) -> Any:
    got = (write @ both[0]) @ (both[1] @ read) * before
    apart = both[0] @ both[1] - jnp.eye(len(both[0]))
    return jnp.sum((got - wanted) ** 2) / jnp.sum(wanted**2) + NEAR * jnp.mean(jnp.sum(apart**2, axis=1))


@jax.jit
def _minimised(start: tuple, data: tuple) -> tuple:
    solver = optax.lbfgs()
    loss = lambda both: _misfit(both, *data)

    def step(now: tuple, _: None) -> tuple[tuple, None]:
        both, state = now
        value, slope = optax.value_and_grad_from_state(loss)(both, state=state)
        change, state = solver.update(slope, state, both, value=value, grad=slope, value_fn=loss)
        return (optax.apply_updates(both, change), state), None

    (both, _), _ = jax.lax.scan(step, (start, solver.init(start)), None, length=FIT_STEPS)
    return both


def learned(
    weights: Weights, inputs: np.ndarray, pack: np.ndarray, unpack: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Train P and R by gradient descent on what the network gives on sample inputs.

    Formula: min over P, R of the mean squared error of the outputs, as a share of their variance.
    Source: Kingma & Ba 2015 (Adam).

    Args:
        weights: of a network.
        inputs: [run, time, n_in].
        pack: P to begin with [d_model, width].
        unpack: R to begin with [width, d_model].
    """
    arrays, given = weights.map(jnp.asarray), jnp.asarray(inputs)
    wanted = forward(arrays, given)[0]
    start = (jnp.asarray(pack, jnp.float32), jnp.asarray(unpack, jnp.float32))
    if float(_error(start, arrays, given, wanted)) < GOOD:
        return pack, unpack
    found = _trained(start, arrays, given, wanted)
    return np.asarray(found[0], float), np.asarray(found[1], float)


def traced(weights: Weights, pack: Any, unpack: Any) -> Weights:
    """Squeeze arrays of JAX: every writer through P [d_model, width], every reader through R [width, d_model]."""
    w = weights
    arrays = {name: matmul(unpack, w[name], "wd,...dk->...wk") for name in READS}
    arrays |= {name: matmul(w[name], pack, "...d,dw->...w") for name in WRITES}
    return w.replace(**arrays, W_R=matmul(matmul(unpack, w.W_R, "wd,dk->wk"), pack, "wd,dv->wv"))


def _error(both: tuple, weights: Weights, inputs: Any, wanted: Any) -> Any:
    found = forward(traced(weights, *both), inputs)[0]
    missed = jnp.where(jnp.isfinite(found), found - wanted, LOST)
    return jnp.mean(missed**2) / jnp.maximum(jnp.var(wanted), GOOD)


@jax.jit
def _trained(start: tuple, weights: Weights, inputs: Any, wanted: Any) -> tuple:
    """Give the best P and R on the way, for steps may also lead astray."""
    solver = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(RATE))

    def step(now: tuple, _: None) -> tuple[tuple, None]:
        both, state, best, least = now
        value, slope = jax.value_and_grad(_error)(both, weights, inputs, wanted)
        best = jax.tree.map(lambda new, old: jnp.where(value < least, new, old), both, best)
        with jax.numpy_dtype_promotion("standard"):  # optax multiplies floats by whole numbers
            change, state = solver.update(jax.tree.map(jnp.nan_to_num, slope), state)
        return (optax.apply_updates(both, change), state, best, jnp.fmin(value, least)), None

    first = (start, solver.init(start), start, jnp.inf)
    return jax.lax.scan(step, first, None, length=LEARN_STEPS)[0][2]
