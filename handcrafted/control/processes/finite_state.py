"""A process with finitely many states."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jax import Array

from handcrafted.control.domain import Domain
from handcrafted.control.dynamics import FiniteState
from handcrafted.control.processes.process import Process, State


def finite_state(d: FiniteState, domains: Mapping[str, Domain]) -> Process:
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
