"""A vehicle on a straight road, solved exactly, standstill included."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jax import Array

from handcrafted.control.dynamics import Vehicle
from handcrafted.control.processes.process import Process, State, driven, number

TINY = np.float32(1e-30)
"""Stands for zero where something is divided by it."""


def vehicle(d: Vehicle, time_step: float) -> Process:
    """Solve v' = drive - drag v exactly over a step; a vehicle that comes to rest within it stays at rest."""
    position = d.position_name
    share = -np.expm1(-d.drag * time_step) / d.drag if d.drag else time_step
    second = (time_step - share) / d.drag if d.drag * time_step > 1e-6 else time_step**2 / 2
    drag = np.float32(d.drag)

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        v, drive = jnp.maximum(state[d.speed], 0.0), driven(d.inputs, inputs, disturbance)
        speed = jnp.maximum(v + np.float32(share) * (drive - drag * v), 0.0)
        way = np.float32(share) * v + np.float32(second) * drive
        stops = (speed == 0) & (drive < 0)
        way = jnp.where(stops, way_to_rest(v, drive, drag), way)
        return {d.speed: speed, position: state[position] + way}

    initial = {d.speed: number(d.initial_speed), position: number(d.initial_position)}
    return Process(initial, advance, disturbance=d.disturbance)


def way_to_rest(v: Array, drive: Array, drag: np.float32) -> Array:
    """Give the way until a vehicle stands still that does not accelerate; without limit if nothing brakes it.

    Formula: (v / drag) (1 - log(1 + x) / x), x = drag v / -drive; by its series where x is small.
    """
    braking = jnp.maximum(-drive, TINY)
    x = jnp.clip(drag * v / braking, TINY, 1 / TINY)
    series = sum((-x) ** n / np.float32(n + 2) for n in range(6))
    exact = (1 - jnp.log1p(x) / x) / jnp.maximum(drag, TINY)
    return v * jnp.where(x < 0.1, v / braking * series, exact)
