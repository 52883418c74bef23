"""Linear processes, exactly discretised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from handcrafted.control.dynamics import FirstOrder, Integrator, Matrices, SecondOrder
from handcrafted.control.processes.process import Process, State, as_number, driven, number
from handcrafted.text.diagnostics import HandcraftedError


def first_order(d: FirstOrder, time_step: float) -> Process:
    """Move towards rest + drive by the share 1 - exp(-dt / time constant) in each step."""
    share = np.float32(-np.expm1(-time_step / d.time_constant))

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        now = state[d.output]
        target = np.float32(d.rest) + driven(d.inputs, inputs, disturbance)
        return {d.output: now + share * (target - now)}

    return Process({d.output: number(d.initial)}, advance, disturbance=d.disturbance)


def integrator(d: Integrator, time_step: float) -> Process:
    """Add dt times the drive, stopped at the limits."""
    low, high = d.limits or (-np.inf, np.inf)

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        new = state[d.output] + np.float32(time_step) * driven(d.inputs, inputs, disturbance)
        return {d.output: jnp.clip(new, np.float32(low), np.float32(high))}

    return Process({d.output: number(d.initial)}, advance, disturbance=d.disturbance)


def second_order(d: SecondOrder, time_step: float) -> Process:
    """Solve y'' = w^2 (rest + drive - y) - 2 z w y' exactly over a step (matrix exponential)."""
    w, z = d.natural_frequency, d.damping
    a, b = discrete(np.array([[0, 1], [-w * w, -2 * z * w]]), np.array([[0], [w * w]]), time_step)
    rate = d.rate_name

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        y, v = state[d.output] - np.float32(d.rest), state[rate]
        drive = driven(d.inputs, inputs, disturbance)
        new = [row[0] * y + row[1] * v + gain[0] * drive for row, gain in zip(a, b, strict=True)]
        return {d.output: new[0] + np.float32(d.rest), rate: new[1]}

    return Process({d.output: number(d.initial), rate: number(d.initial_rate)}, advance, disturbance=d.disturbance)


def matrices(d: Matrices, time_step: float) -> Process:
    """Run x' = A x + B u, y = C x + D u; the disturbance is added to every input.

    In a sampled loop the outputs are measured before the actions of the same step are known, so D acts on the inputs
    of the step before.
    """
    a, b = np.array(d.A), np.array(d.B)
    a, b = discrete(a, b, time_step) if d.continuous else (a.astype(np.float32), b.astype(np.float32))
    c, through = np.array(d.C, np.float32), np.array(d.D if d.D else np.zeros((len(d.C), b.shape[1])), np.float32)
    state_name, input_name = "x", "u before"

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        arrived = [as_number(inputs[name]) + disturbance for name in d.inputs]
        u = jnp.stack(arrived) if arrived else jnp.zeros(0, jnp.float32)
        return {state_name: a @ state[state_name] + b @ u, input_name: u}

    def observe(state: State) -> Mapping[str, Array]:
        y = c @ state[state_name] + through @ state[input_name]
        return {name: y[i] for i, name in enumerate(d.outputs)}

    first = np.array(d.initial or np.zeros(len(a)), np.float32)
    initial = {state_name: first, input_name: np.zeros(b.shape[1], np.float32)}
    return Process(initial, advance, observe, d.disturbance)


def discrete(a: np.ndarray, b: np.ndarray, time_step: float) -> tuple[np.ndarray, np.ndarray]:
    """Discretise x' = A x + B u with held inputs; float32 matrices.

    Raises:
        HandcraftedError: if they overflow.
    """
    from scipy.signal import cont2discrete

    with np.errstate(all="ignore"):
        found: Any = cont2discrete((a, b, np.eye(len(a)), np.zeros(b.shape)), time_step, method="zoh")
        a, b = np.asarray(found[0], np.float32), np.asarray(found[1], np.float32)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise HandcraftedError(
            f"Expected a time step that float32 can hold, got {time_step:g}, over which the process grows without "
            "bound. Shorten the time step, or correct the process."
        )
    return a, b
