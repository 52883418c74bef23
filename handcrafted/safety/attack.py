"""An attack on a running model: change every weight outside Layer 0 by gradient until a hazard is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from handcrafted.control.library import compiled
from handcrafted.control.numbers import real, whole
from handcrafted.model.base import base_blocks, frozen, parts_of
from handcrafted.model.component import END_ARRAYS, HEAD_ARRAYS, NEURON_ARRAYS
from handcrafted.model.provenance import Breach
from handcrafted.model.run_blocks import Blocks, split
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.rollout.loop import Runnable, run_steps
from handcrafted.rollout.setup import RunSetup, given
from handcrafted.rollout.simulate import start_of
from handcrafted.safety.guards import margin_of, must_have_base
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.report import progress_bar

CLIP = 1.0
"""The largest norm of a gradient."""


@dataclass(frozen=True)
class Attack:
    """How an attack went.

    Attributes:
        title: what was attacked.
        restarts: how many.
        steps: after how many steps of Adam each restart that succeeded had its hazard.
        closest: how near the restarts that failed came: the largest margin, below 0.
        zero: the share of gradient entries that were exactly zero, over all steps.
    """

    title: str
    restarts: int
    steps: tuple[int, ...]
    closest: float
    zero: float

    @property
    def broken(self) -> int:
        """In how many restarts the hazard was brought about."""
        return len(self.steps)

    def __str__(self) -> str:
        how = f" within a median of {np.median(self.steps):g} steps, at most {max(self.steps)}" if self.steps else ""
        rest = "" if self.broken == self.restarts else f"; the others stayed {-self.closest:.3g} away"
        return (
            f"{self.title}: {self.broken} of {self.restarts} restarts broke it{how}{rest}; "
            f"{self.zero:.0%} of the gradient entries were exactly zero"
        )


def attack(
    model: Transformer,
    *,
    policy: bool = True,
    ported: bool = True,
    restarts: int = 64,
    most: int = 50,
    horizon: int = 40,
    initial: Mapping[str, Any] | None = None,
    rate: float = 0.03,
    spread: float = 0.1,
    seed: int = 0,
    progress: bool = False,
) -> Attack:
    """Attack a model with a Layer 0 controller through its closed loop, undisturbed.

    Every restart begins elsewhere, and stops when the true state fulfils a hazard's condition, or is not finite.

    Formula: Adam on -mean over time of the hazard's margin, gradients clipped to norm 1; the margin itself, for a gate
        that is shut passes no gradient, nor do comparators outside their bands: `zero` says how much is left.
    Source: Kingma & Ba 2015 (Adam); Athalye, Carlini & Wagner 2018 on attacks that fail for want of a gradient.

    Args:
        model: what is attacked; without saturation: assemble `without_saturation(structure)`.
        policy: True runs in blocks under the masks; False lets every entry outside Layer 0's own heads, neurons and
            wires act, in the dense transformer.
        ported: False takes the ports out.
        restarts: how many.
        most: steps of Adam.
        horizon: steps of the closed loop.
        initial: of the processes, as in `simulate`.
        rate: Adam's step size.
        spread: how far from the model's weights restarts begin: the standard deviation of what is added to each entry;
            from about 1e37 on sums overflow.
        seed: of the beginnings.
        progress: whether to show a progress bar.

    Raises:
        HandcraftedError: if there is no Layer 0 controller, no hazard with a condition, or nothing to try.

    Example:
        >>> from handcrafted.safety.attack import attack
        >>> model = hc.assemble(hc.load(find("guarded room")))
        >>> attack(model, restarts=2, most=3).broken
        0
    """
    must_have_base(model)
    restarts, most = (
        whole("a whole number of restarts", restarts, 1, 100_000),
        whole("a whole number of steps of Adam", most),
    )
    rate, spread = real("a step size", rate, 0.0), real("a spread", spread, 0.0)
    target = Target(model, policy, ported, horizon, initial, rate)
    weights = target.begun(restarts, spread, seed)
    state = compiled()(jax.vmap(target.adam.init))(weights)
    steps, zeros, nearest = np.full(restarts, -1), [], np.full(restarts, -np.inf)
    with progress_bar(progress) as bar:
        for step in bar.track(range(most + 1), description=f"{model.structure.name}: attack"):
            margins, weights, state, zero = target.step(weights, state)
            nearest = np.fmax(nearest, margins)
            new = (steps < 0) & ~(np.asarray(margins) <= 0)
            steps[new] = step
            zeros.append(np.asarray(zero)[(steps < 0) | new])
            if (steps >= 0).all():
                break
    left = nearest[steps < 0]
    return Attack(
        _title(model, policy, ported),
        restarts,
        tuple(int(step) for step in steps[steps >= 0]),
        float(left.max(initial=-np.inf)),
        float(np.concatenate(zeros).mean()),
    )


def _title(model: Transformer, policy: bool, ported: bool) -> str:
    how = "policy on" if policy else "policy off"
    return f"{model.structure.name}, {how}{'' if ported else ', no ports'}"


class Target:
    """A model's closed loop as a function of what may be changed."""

    def __init__(
        self,
        model: Transformer,
        policy: bool,
        ported: bool,
        horizon: int,
        initial: Mapping[str, Any] | None,
        rate: float,
    ):
        self.model = model
        self.setup: RunSetup = given(model.structure, None, horizon, initial, {}, 0.0, 0)
        self.margin = margin_of(model.structure, self.setup.world)
        self.start: Any
        self.free: Any
        self.start, self.free = _blocked(model, ported) if policy else _dense(model)
        self.adam = optax.chain(optax.clip_by_global_norm(CLIP), optax.adam(rate))
        self.step = compiled()(jax.vmap(self._step))

    def begun(self, restarts: int, scale: float, seed: int) -> Any:
        """Return beginnings with a leading axis of restarts: what may be changed, moved at random."""
        rng = np.random.default_rng(whole("a whole number as a seed", seed))

        def moved(leaf: Any, free: Any) -> np.ndarray:
            noise = scale * rng.normal(size=(restarts, *np.shape(leaf)))
            return np.where(free, np.asarray(leaf) + noise, leaf).astype(np.float32)

        return jax.tree.map(moved, self.start, self.free)

    def run(self, network: Runnable) -> Array:
        """Return the margin over time [time]."""
        loop = start_of(network, self.model.window, self.setup)
        kept = jnp.zeros(0, int)
        _, seen = run_steps(network, self.setup.world, self.model.names, loop, self.setup.moving, kept)
        return self.margin(seen.observed)[0]

    def loss(self, network: Runnable) -> tuple[Array, Array]:
        """Return what Adam lowers, and the largest margin, NaN where anything was not finite."""
        margin = self.run(network)
        return -margin.mean(), jnp.where(jnp.isfinite(margin).all(), margin.max(), jnp.nan)

    def _step(self, network: Any, state: Any) -> tuple[Array, Any, Any, Array]:
        """Take one step of Adam; give the margin before it, and the share of zeros in the gradient."""
        (_, margin), gradient = jax.value_and_grad(self.loss, has_aux=True)(network)
        gradient = jax.tree.map(lambda g, free: jnp.where(free & jnp.isfinite(g), g, 0.0), gradient, self.free)
        count = sum(np.sum(free) for free in jax.tree.leaves(self.free))
        zero = 1 - jnp.stack([jnp.sum(g != 0) for g in jax.tree.leaves(gradient)]).sum() / count
        with jax.numpy_dtype_promotion("standard"):  # optax multiplies floats by whole numbers
            updates, state = self.adam.update(gradient, state)
        return margin, optax.apply_updates(network, updates), state, zero


def _blocked(model: Transformer, ported: bool) -> tuple[Blocks, Blocks]:
    """Return the blocks, and which of their entries may be changed."""
    blocks = split(model.blocks, model.effective_weights, ported)
    allowed = split(model.blocks, model.trainable.map(lambda mask: np.asarray(mask, np.float32)), ported)
    return blocks, jax.tree.map(lambda array: array != 0, allowed)


def _dense(model: Transformer) -> tuple[Weights, Weights]:
    """Return the dense arrays, and every entry outside Layer 0's own heads, neurons and wires."""
    base = base_blocks(model.structure, model.blocks)
    shut = frozen(base, model.masks).numpy().map(np.logical_or, parts_of(base, model.masks).numpy())
    return model.effective_weights.dense(), shut.map(np.logical_not)


@dataclass(frozen=True)
class Leak:
    """One entry that the access policy forbids, grown until it alone brings the hazard about.

    Attributes:
        breach: the entry, with what it touches and the rule that it breaks.
        weights: the model's raw arrays with it.
    """

    breach: Breach
    weights: Weights


WIRES = (HEAD_ARRAYS.output, NEURON_ARRAYS.out, END_ARRAYS.recurrence, END_ARRAYS.embedding)
"""Arrays whose entries lead from something to something; a bias leads from nowhere."""


def grow_leak(model: Transformer, *, horizon: int = 40, initial: Mapping[str, Any] | None = None) -> Leak:
    """Find the forbidden entry with the largest gradient, and double it until the hazard is there.

    Args:
        model: with a Layer 0 controller.
        horizon: steps of the closed loop.
        initial: of the processes, as in `simulate`.

    Raises:
        HandcraftedError: if no single entry brings a hazard about, or as in `attack`.
    """
    must_have_base(model)
    target = Target(model, False, False, horizon, initial, 0.0)
    gradient = jax.grad(lambda weights: target.loss(weights)[0])(target.start).map(np.asarray)
    forbidden = target.free.map(lambda free, mask: free & ~np.asarray(mask), model.masks)
    sizes = {name: np.where(forbidden[name], np.abs(gradient[name]), 0) for name in WIRES}
    name = max(WIRES, key=lambda name: sizes[name].max())
    place = np.unravel_index(sizes[name].argmax(), sizes[name].shape)
    margin = compiled()(lambda weights: target.loss(weights)[1])
    for power in range(-10, 30):
        weights = model.weights.numpy()
        weights[name][place] = -np.sign(gradient[name][place]) * 2.0**power
        if sizes[name].max() > 0 and not margin(_open(model, weights, forbidden)) <= 0:
            (breach,) = (b for b in model.audit(weights) if (b.array, b.index) == (name, tuple(map(int, place))))
            return Leak(breach, weights)
    raise HandcraftedError(
        f"Expected one forbidden entry of {model.structure.name} that brings a hazard about, got none with a gradient. "
        "Start nearer to the hazard, or give it more steps."
    )


def _open(model: Transformer, weights: Weights, forbidden: Weights) -> Weights:
    """Return the arrays that act where the policy is off."""
    return weights.map(lambda raw, mask, no: np.where(np.asarray(mask) | no, raw, 0.0), model.masks, forbidden)
