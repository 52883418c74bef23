"""The bundled processes as functions of their state: exactly discretised where they are linear.

A state is a dictionary of named arrays: a number for a real signal, one truth value per word for a discrete one.
Inputs are held over a step (zero-order hold), as a sampled controller holds its actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import factorial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from scipy.signal import cont2discrete

from handcrafted.control.domain import Domain
from handcrafted.control.dynamics import (
    Dynamics,
    FiniteState,
    FirstOrder,
    Integrator,
    Matrices,
    SecondOrder,
    Tank,
    Vehicle,
)
from handcrafted.control.errors import HandcraftedError

State = Mapping[str, Any]
"""Named arrays: a number for a real signal, one truth value per word for a discrete one."""

Advance = Callable[[State, Mapping[str, Array], Array], State]


@dataclass(frozen=True, eq=False)
class Process:
    """A process as `simulate` runs it.

    Attributes:
        initial: its state at t = 0, by name.
        advance: the next state from the state, the inputs by name and a disturbance, all held over the step.
        observe: the signals that it gives, from its state.
        disturbance: the interval of the disturbance, None where there is none.
    """

    initial: Mapping[str, np.ndarray]
    advance: Advance
    observe: Callable[[State], Mapping[str, Array]] = lambda state: state
    disturbance: tuple[float, float] | None = None


def process_of(dynamics: Dynamics, time_step: float, domains: Mapping[str, Domain]) -> Process:
    """Give the process that a file declares.

    Args:
        dynamics: as declared.
        time_step: in the structure's unit of time.
        domains: of the signals that arrive at it, by name.

    Raises:
        HandcraftedError: if the time step is so long or so short that float32 cannot hold the process.
    """
    match dynamics:
        case FirstOrder():
            return _first_order(dynamics, time_step)
        case Integrator():
            return _integrator(dynamics, time_step)
        case SecondOrder():
            return _second_order(dynamics, time_step)
        case Vehicle():
            return _vehicle(dynamics, time_step)
        case Tank():
            return _tank(dynamics, time_step)
        case FiniteState():
            return _finite_state(dynamics, domains)
        case Matrices():
            return _matrices(dynamics, time_step)


def _number(value: float) -> np.ndarray:
    return np.asarray(value, np.float32)


def _drive(gains: Mapping[str, float], inputs: Mapping[str, Array], disturbance: Array) -> Array:
    """Give the weighted inputs plus the disturbance; a word counts as its place in the list, from 0."""
    return sum((np.float32(gain) * _as_number(inputs[name]) for name, gain in gains.items()), disturbance)


def _as_number(value: Array) -> Array:
    return value if jnp.ndim(value) == 0 else value @ np.arange(value.shape[-1], dtype=np.float32)


def _first_order(d: FirstOrder, time_step: float) -> Process:
    """Move towards rest + drive by the share 1 - exp(-dt / time constant) in each step."""
    share = np.float32(-np.expm1(-time_step / d.time_constant))

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        now = state[d.output]
        target = np.float32(d.rest) + _drive(d.inputs, inputs, disturbance)
        return {d.output: now + share * (target - now)}

    return Process({d.output: _number(d.initial)}, advance, disturbance=d.disturbance)


def _integrator(d: Integrator, time_step: float) -> Process:
    """Add dt times the drive, stopped at the limits."""
    low, high = d.limits or (-np.inf, np.inf)

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        new = state[d.output] + np.float32(time_step) * _drive(d.inputs, inputs, disturbance)
        return {d.output: jnp.clip(new, np.float32(low), np.float32(high))}

    return Process({d.output: _number(d.initial)}, advance, disturbance=d.disturbance)


def _second_order(d: SecondOrder, time_step: float) -> Process:
    """Solve y'' = w^2 (rest + drive - y) - 2 z w y' exactly over a step (matrix exponential)."""
    w, z = d.natural_frequency, d.damping
    a, b = _discrete(np.array([[0, 1], [-w * w, -2 * z * w]]), np.array([[0], [w * w]]), time_step)
    rate = d.rate_name

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        y, v = state[d.output] - np.float32(d.rest), state[rate]
        drive = _drive(d.inputs, inputs, disturbance)
        new = [row[0] * y + row[1] * v + gain[0] * drive for row, gain in zip(a, b, strict=True)]
        return {d.output: new[0] + np.float32(d.rest), rate: new[1]}

    return Process({d.output: _number(d.initial), rate: _number(d.initial_rate)}, advance, disturbance=d.disturbance)


def _vehicle(d: Vehicle, time_step: float) -> Process:
    """Solve v' = drive - drag v exactly over a step; a vehicle that comes to rest within it stays at rest."""
    position = d.position_name
    share = -np.expm1(-d.drag * time_step) / d.drag if d.drag else time_step
    second = (time_step - share) / d.drag if d.drag * time_step > 1e-6 else time_step**2 / 2
    drag = np.float32(d.drag)

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        v, drive = jnp.maximum(state[d.speed], 0.0), _drive(d.inputs, inputs, disturbance)
        speed = jnp.maximum(v + np.float32(share) * (drive - drag * v), 0.0)
        way = np.float32(share) * v + np.float32(second) * drive
        stops = (speed == 0) & (drive < 0)
        way = jnp.where(stops, _way_to_rest(v, drive, drag), way)
        return {d.speed: speed, position: state[position] + way}

    initial = {d.speed: _number(d.initial_speed), position: _number(d.initial_position)}
    return Process(initial, advance, disturbance=d.disturbance)


TINY = np.float32(1e-30)
"""Stands for zero where something is divided by it."""


def _way_to_rest(v: Array, drive: Array, drag: np.float32) -> Array:
    """Give the way until a vehicle stands still that does not accelerate; without limit if nothing brakes it.

    Formula: (v / drag) (1 - log(1 + x) / x), x = drag v / -drive; by its series where x is small.
    """
    braking = jnp.maximum(-drive, TINY)
    x = jnp.clip(drag * v / braking, TINY, 1 / TINY)
    series = sum((-x) ** n / np.float32(n + 2) for n in range(6))
    exact = (1 - jnp.log1p(x) / x) / jnp.maximum(drag, TINY)
    return v * jnp.where(x < 0.1, v / braking * series, exact)


def _tank(d: Tank, time_step: float) -> Process:
    """Solve area h' = drive - outflow sqrt(h) over a step, stopped at the limits; never below empty.

    With held inputs the level moves one way, so that stopping it at the end of the step is exact.

    Source: Torricelli's law.
    """
    low, high = d.limits or (0.0, np.inf)
    drag = np.float32(d.outflow / (2 * d.area))

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        drive = _drive(d.inputs, inputs, disturbance) / np.float32(2 * d.area)
        level = _level_after(np.float32(time_step), jnp.maximum(state[d.output], 0.0), drive, drag)
        return {d.output: jnp.clip(level, np.float32(max(low, 0.0)), np.float32(high))}

    return Process({d.output: _number(d.initial)}, advance, disturbance=d.disturbance)


NEWTON_STEPS = 16
"""Newton steps for the level of a tank; they close in from one side, and sooner than this."""


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
    empties = (drive <= 0) & (_way_to_rest(root, drive, drag) <= time_step)
    return jnp.where(empties, 0.0, jnp.maximum(level + gain * (2 * root + gain), 0.0))


def _shares(t: Array, drag: np.float32) -> tuple[Array, Array]:
    """Give what t adds to the speed, and to the way, per unit of drive: (1 - exp(-drag t)) / drag and its integral."""
    x = jnp.maximum(drag * t, TINY)
    series = sum((-x) ** n / np.float32(factorial(n + 2)) for n in range(8))
    return t * (-jnp.expm1(-x) / x), t * (t * jnp.where(x < 0.5, series, (1 + jnp.expm1(-x) / x) / x))


def _finite_state(d: FiniteState, domains: Mapping[str, Domain]) -> Process:
    """Take the first transition whose state and words match; a word counts from one half on."""
    eye = np.eye(len(d.states), dtype=np.float32)
    start = d.states.index(d.initial) if d.initial is not None else 0

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        now = state[d.output]
        new, open_ = now, jnp.bool_(True)
        for transition in d.transitions:
            holds = open_ & (now[d.states.index(transition.state)] > 0.5)
            for name, word in transition.when.items():
                holds &= inputs[name][domains[name].values.index(word)] > 0.5
            new = jnp.where(holds, eye[d.states.index(transition.next)], new)
            open_ &= ~holds
        return {d.output: new}

    return Process({d.output: eye[start]}, advance)


def _matrices(d: Matrices, time_step: float) -> Process:
    """Run x' = A x + B u, y = C x + D u; the disturbance is added to every input.

    In a sampled loop the outputs are measured before the actions of the same step are known, so D acts on the inputs
    of the step before.
    """
    a, b = np.array(d.A), np.array(d.B)
    a, b = _discrete(a, b, time_step) if d.continuous else (a.astype(np.float32), b.astype(np.float32))
    c, through = np.array(d.C, np.float32), np.array(d.D if d.D else np.zeros((len(d.C), b.shape[1])), np.float32)
    state_name, input_name = "x", "u before"

    def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
        arrived = [_as_number(inputs[name]) + disturbance for name in d.inputs]
        u = jnp.stack(arrived) if arrived else jnp.zeros(0, jnp.float32)
        return {state_name: a @ state[state_name] + b @ u, input_name: u}

    def observe(state: State) -> Mapping[str, Array]:
        y = c @ state[state_name] + through @ state[input_name]
        return {name: y[i] for i, name in enumerate(d.outputs)}

    first = np.array(d.initial or np.zeros(len(a)), np.float32)
    initial = {state_name: first, input_name: np.zeros(b.shape[1], np.float32)}
    return Process(initial, advance, observe, d.disturbance)


def _discrete(a: np.ndarray, b: np.ndarray, time_step: float) -> tuple[np.ndarray, np.ndarray]:
    """Discretise x' = A x + B u with held inputs; float32 matrices.

    Raises:
        HandcraftedError: if they overflow.
    """
    with np.errstate(all="ignore"):
        found: Any = cont2discrete((a, b, np.eye(len(a)), np.zeros(b.shape)), time_step, method="zoh")
        a, b = np.asarray(found[0], np.float32), np.asarray(found[1], np.float32)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise HandcraftedError(
            f"Expected a time step that float32 can hold, got {time_step:g}, over which the process grows without "
            "bound. Shorten the time step, or correct the process."
        )
    return a, b
