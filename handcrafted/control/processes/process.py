"""What a process is: named arrays that advance by a step, and what is seen of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

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


def number(value: float) -> np.ndarray:
    """Give a state as float32."""
    return np.asarray(value, np.float32)


def driven(gains: Mapping[str, float], inputs: Mapping[str, Array], disturbance: Array) -> Array:
    """Give the weighted inputs plus the disturbance; a word counts as its place in the list, from 0."""
    return sum((np.float32(gain) * as_number(inputs[name]) for name, gain in gains.items()), disturbance)


def as_number(value: Array) -> Array:
    """Give the place of a word in its list, from 0, or a number as it is."""
    return value if jnp.ndim(value) == 0 else value @ np.arange(value.shape[-1], dtype=np.float32)
