"""A tank with an outflow that grows with the level, solved exactly, empty and full included."""

from __future__ import annotations

from collections.abc import Mapping
from math import factorial

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from handcrafted.control.dynamics import Tank
from handcrafted.control.processes.process import Process, State, driven, number
from handcrafted.control.processes.vehicle import TINY, way_to_rest

NEWTON_STEPS = 16
"""Newton steps for the level of a tank; they close in from one side, and sooner than this."""


def tank(d: Tank, time_step: float) -> Process:
    """Solve area h' = drive - outflow sqrt(h) over a step, stopped at the limits; never below empty.

    With held inputs the level moves one way, so that stopping it at the end of the step is exact.

    Source: Torricelli's law.
    """
    low, high = d.limits or (0.0, np.inf)
    drag = np.float32(d.outflow / (2 * d.area))

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        drive = driven(d.inputs, inputs, disturbance) / np.float32(2 * d.area)
        level = _level_after(np.float32(time_step), jnp.maximum(state[d.output], 0.0), drive, drag)
        return {d.output: jnp.clip(level, np.float32(max(low, 0.0)), np.float32(high))}

    return Process({d.output: number(d.initial)}, advance, disturbance=d.disturbance)


def _level_after(time_step: np.float32, level: Array, drive: Array, drag: np.float32) -> Array:
    """Give the level of a tank after a step, for drive and drag per twice the area.

    Measure time by T with dt = r dT, where r is the root of the level: then r' = drive - drag r as a vehicle's speed,
    and the time itself is its way. Newton's method finds the T at which that way is the time step.
    """
    root = jnp.sqrt(level)
    slope = drive - drag * root
    rising = 2 * time_step / (root + jnp.sqrt(jnp.maximum(level + 2 * slope * time_step, TINY)))

    def closer(_: int, t: Array) -> Array:
        share, second = _shares(t, drag)
        way, speed = root * t + slope * second, root + slope * share
        return t + (time_step - way) / jnp.maximum(speed, np.float32(3e-4) * root + TINY)

    t = lax.fori_loop(0, NEWTON_STEPS, closer, jnp.where(slope > 0, rising, time_step / (root + TINY)))
    gain = slope * _shares(t, drag)[0]
    empties = (drive <= 0) & (way_to_rest(root, drive, drag) <= time_step)
    return jnp.where(empties, 0.0, jnp.maximum(level + gain * (2 * root + gain), 0.0))


def _shares(t: Array, drag: np.float32) -> tuple[Array, Array]:
    """Give what t adds to the speed, and to the way, per unit of drive: (1 - exp(-drag t)) / drag and its integral."""
    x = jnp.maximum(drag * t, TINY)
    series = sum((-x) ** n / np.float32(factorial(n + 2)) for n in range(8))
    return t * (-jnp.expm1(-x) / x), t * (t * jnp.where(x < 0.5, series, (1 + jnp.expm1(-x) / x) / x))
