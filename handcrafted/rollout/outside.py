"""What happens outside the network in a step: what is seen of the processes, what is measured, how they proceed.

In numpy or in JAX, for one run, or for many whose axis comes last.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.library import library_of
from handcrafted.model.names import Names
from handcrafted.plants.plant import Array
from handcrafted.rollout.environment import ACTION, DISTURBANCE, PROCESS, Environment, InputSource


def observe(world: Environment, processes: Mapping) -> Mapping[str, Mapping[str, Array]]:
    """Return what each process is seen to do, from its state."""
    return {owner: world.processes[owner].observe(state) for owner, state in processes.items()}


def measure(
    world: Environment,
    names: Names,
    observed: Mapping,
    actions: Array,
    outside: Mapping[Signal, Array],
    exact: bool = False,
) -> Array:
    """Return the network's inputs [n_in], as the sensors round them unless `exact`.

    An action that comes back is that of the step before.
    """
    xp = library_of(actions, *(value for one in observed.values() for value in one.values()))
    found: list[Array] = [np.float32(0)] * len(names.inputs)
    for signal, at in names.input_signals.items():
        value = _value(world.measurements[signal], names, observed, actions, outside)
        value = value if exact else _rounded(value, names.domain(signal))
        for i, row in enumerate(at.tolist()):
            found[row] = value[i] if names.domain(signal).discrete else value
    return xp.stack(found) if found else xp.zeros((0, *actions.shape[1:]), xp.float32)


def proceed(
    world: Environment,
    names: Names,
    processes: Mapping,
    observed: Mapping,
    actions: Array,
    outside: Mapping[Signal, Array],
) -> Mapping[str, Mapping[str, Array]]:
    """Return the processes' states after a step with these actions [n_out]."""
    found = {}
    for owner, state in processes.items():
        value = lambda source: _value(source, names, observed, actions, outside)
        given = {name: sum(map(value, sources), np.float32(0)) for name, sources in world.actions[owner].items()}
        shock = outside[Signal(owner, DISTURBANCE, "disturbance")]
        found[owner] = world.processes[owner].advance(state, given, shock)
    return found


def _rounded(value: Array, domain: Domain) -> Array:
    if domain.resolution is None or domain.discrete:
        return value
    step = np.float32(domain.resolution)
    return library_of(value).rint(value / step) * step


def _value(
    source: InputSource, names: Names, observed: Mapping, actions: Array, outside: Mapping[Signal, Array]
) -> Array:
    """Return a number for a real signal, coordinates [width] for a discrete one."""
    if source.kind == PROCESS:
        return observed[source.signal.owner][source.signal.name]
    if source.kind == ACTION:
        at = names.output_signals[source.signal]
        return actions[at] if names.domain(source.signal).discrete else actions[at[0]]
    value = outside[source.signal]
    return value if source.discrete else value[0]
