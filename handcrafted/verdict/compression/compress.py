"""What a network is run on where its stream or its outputs are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

from handcrafted.control.library import compiled, matmul
from handcrafted.model.forward import forward
from handcrafted.model.names import Names
from handcrafted.model.weights import Weights, check_shapes, in_basis
from handcrafted.readout.edges import sequences
from handcrafted.readout.target import TargetNetwork, subject
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown
from handcrafted.verdict.compression.causal import causal

STEPS = 12
"""Steps of each run."""


def inputs_of(read: TargetNetwork) -> np.ndarray:
    """Return inputs [run, time, n_in] drawn from the domains of the inputs."""
    return sequences(read.names, STEPS, read.seed)


def streams_of(read: TargetNetwork, inputs: np.ndarray) -> list[np.ndarray]:
    """Return what stands on the stream [sample, d_model] before each half-layer and, last, at the end."""
    _, seen = read.run(inputs)
    size, layers = read.weights.sizes["d_model"], range(read.weights.sizes["layer"])
    parts = [np.asarray(seen[name])[:, :, layer] for layer in layers for name in ("resid_pre", "resid_mid")]
    parts.append(np.asarray(seen["final"]))
    return [part[..., :size].reshape(-1, size).astype(float) for part in parts]


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


@compiled()
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
    into = lambda array: matmul(unpack, array, "wd,...dk->...wk")
    return in_basis(weights, into, lambda array: matmul(array, pack, "...d,dw->...w"))


def _error(both: tuple, weights: Weights, inputs: Any, wanted: Any) -> Any:
    found = forward(traced(weights, *both), inputs)[0]
    missed = jnp.where(jnp.isfinite(found), found - wanted, LOST)
    return jnp.mean(missed**2) / jnp.maximum(jnp.var(wanted), GOOD)


@compiled()
def _trained(start: tuple, weights: Weights, inputs: Any, wanted: Any) -> tuple:
    """Return the best P and R on the way, for steps may also lead astray."""
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


ROUNDING = 1e-12
"""Entries of P R below this are zero, which float64 misses."""


@dataclass(frozen=True)
class Compressed:
    """A network in fewer coordinates.

    Attributes:
        weights: the arrays, with `d_model` the new width.
        pack: P [d_model, width], from the old coordinates to the new.
        unpack: R [width, d_model], and back.
        original: the arrays that it was made from.
    """

    weights: Weights
    pack: np.ndarray
    unpack: np.ndarray
    original: Weights

    @cached_property
    def through(self) -> np.ndarray:
        """P R [d_model, d_model]: what is left of each coordinate on its way through the narrow stream."""
        found = self.pack.astype(float) @ self.unpack.astype(float)
        return np.where(np.abs(found) > ROUNDING, found, 0.0)

    @cached_property
    def lifted(self) -> Weights:
        """The same network in the old coordinates, whose names are known: writers go through P R, readers stay.

        It does what `weights` does, and is what a reader sees who knows the dictionary R.
        """
        return _mapped(self.original, self.through, np.eye(len(self.pack)))


def compress(
    weights: Weights, width: int, how: str = "random", names: Names | None = None, seed: int = 0
) -> Compressed:
    """Squeeze a network's stream into fewer coordinates.

    Formula: x -> x P, and every reader W becomes R W. `random`: orthonormal P, R = P^T. `pca`: the largest principal
        directions of what stands on the stream. `fitted`: P and R that change no product of a writer with a later
        reader, in the mean square. `learned`: fitted, then trained on the outputs.
    Source: Elhage et al. 2022, Toy Models of Superposition (features in fewer dimensions).

    Args:
        weights: of any network.
        width: of the new stream, 1 to d_model.
        how: random, pca, fitted or learned.
        names: of inputs with their domains; pca and learned need them.
        seed: of whatever is drawn.

    Raises:
        HandcraftedError: if the width or the way is not one of these, or names are missing.
    """
    weights = check_shapes(weights.numpy())
    size = weights.sizes["d_model"]
    if how not in WAYS:
        raise HandcraftedError(f"Expected a way to compress, got {shown(how)}.{nearest(how, WAYS)}")
    if not 1 <= width <= size:
        raise HandcraftedError(f"Expected a width of 1 to {size}, got {width}. Compress into no more than there is.")
    if names is None and how in ("pca", "learned"):
        raise HandcraftedError(f"Expected names for {how}, got none: it runs the network. Pass names=model.names.")
    pack, unpack = WAYS[how](weights, width, names, seed)
    return squeezed(weights, pack, unpack)


def squeezed(weights: Weights, pack: np.ndarray, unpack: np.ndarray) -> Compressed:
    """Squeeze a network through given matrices P [d_model, width] and R [width, d_model]."""
    return Compressed(_mapped(weights, pack, unpack), pack, unpack, weights)


def _mapped(weights: Weights, pack: np.ndarray, unpack: np.ndarray) -> Weights:
    out = lambda array: (array.astype(float) @ pack).astype(np.float32)
    into = lambda array: (unpack @ array.astype(float)).astype(np.float32)
    return in_basis(weights, into, out)


class _Way(Protocol):
    def __call__(
        self, weights: Weights, width: int, names: Names | None, seed: int
    ) -> tuple[np.ndarray, np.ndarray]: ...


def orthonormal(size: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw P [size, width] with orthonormal columns, and R = P^T."""
    from scipy.stats import ortho_group

    rng = np.random.default_rng(seed)
    pack = ortho_group.rvs(size, random_state=rng)[:, :width] if size > 1 else np.ones((1, 1))
    return pack, pack.T


def _random(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return orthonormal(weights.sizes["d_model"], width, seed)


def _principal(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    assert names is not None
    read = subject(weights, names, seed=seed)
    stream = np.concatenate(streams_of(read, inputs_of(read)))
    _, directions = np.linalg.eigh(stream.T @ stream)
    pack = directions[:, ::-1][:, :width]
    return pack, pack.T


def _fitted(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return fitted(weights, *orthonormal(weights.sizes["d_model"], width, seed))


def _learned(weights: Weights, width: int, names: Names | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    assert names is not None
    read = subject(weights, names, seed=seed)
    return learned(weights, inputs_of(read), *_fitted(weights, width, names, seed))


WAYS: Mapping[str, _Way] = {"random": _random, "pca": _principal, "fitted": _fitted, "learned": _learned}
"""How P and R are chosen, by name."""
