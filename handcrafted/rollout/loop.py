"""One step of the closed loop, and its scan over steps and runs, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import jax

from handcrafted.control.graph import Signal
from handcrafted.control.library import compiled, library_of
from handcrafted.model.edit import Edit
from handcrafted.model.folded_program import FoldedNetwork
from handcrafted.model.forward import State, advance
from handcrafted.model.names import Names
from handcrafted.model.run_blocks import Blocks, BlockState, advance_blocks, dense_residual
from handcrafted.model.run_folded import FoldedState, advance_folded
from handcrafted.model.weights import Weights
from handcrafted.plants.plant import Array
from handcrafted.rollout.environment import Environment
from handcrafted.rollout.outside import measure, observe, proceed

BATCH = 128
"""Runs that go through the network side by side; more would fall out of a processor's cache."""


FORCED_INPUTS, FORCED_ACTIONS = Signal("", "forced", "inputs"), Signal("", "forced", "actions")
"""Among what moves: what stands in place of all inputs or outputs of the network, whatever the sensors measure or the
controllers decide; NaN where nothing does."""


class ClosedLoop(NamedTuple):
    """What the closed loop remembers between steps: the network's state, the processes' and the last actions.

    The state of a folded program that is read value by value is one array [state, run].
    """

    network: State | BlockState | FoldedState | Array
    processes: Mapping[str, Mapping[str, Array]]
    actions: Array


class StepRecord(NamedTuple):
    """What is recorded of each step."""

    processes: Mapping[str, Mapping[str, Array]]
    observed: Mapping[str, Mapping[str, Array]]
    inputs: Array
    residual: Array
    outputs: Array
    faults: Array | None


Runnable = Weights | Blocks | FoldedNetwork
"""Effective weights, dense, cut into blocks, or folded."""


@compiled("world", "names", "steps")
def run_steps(
    network: Runnable,
    world: Environment,
    names: Names,
    loop: ClosedLoop,
    moving: Mapping[Signal, Array],
    kept: Array,
    steps: int | None = None,
) -> tuple[ClosedLoop, StepRecord]:
    """Run steps of the closed loop.

    Args:
        network: the controllers.
        world: what lies outside the network.
        names: of the network's coordinates.
        loop: where to start, with a leading run axis.
        moving: signals from outside and disturbances [run, time, …].
        kept: positions of the residual stream to record; a folded network knows its own.
        steps: how many, where nothing moves that would say so.

    Returns:
        Where it ended, and what was seen, with leading axes [run, time].
    """

    def one_run(start: tuple[ClosedLoop, Mapping[Signal, Array]]) -> tuple[ClosedLoop, StepRecord]:
        def one_step(now: ClosedLoop, outside: Mapping[Signal, Array]) -> tuple[ClosedLoop, StepRecord]:
            return step(Healthy(network, names, world, kept), world, names, now, outside)

        return jax.lax.scan(one_step, *start, length=steps)

    return jax.lax.map(one_run, (loop, moving), batch_size=BATCH)


class Touches(Protocol):
    """What happens to a closed loop within one step: nothing, or a fault."""

    def sensed(self, inputs: Array) -> Array:
        """Return what the network is given in place of its true inputs [n_in]."""
        ...

    def advance(self, state: Any, inputs: Array) -> tuple[Any, Array, Array, Array | None]:
        """Run the network one step; return its state, outputs, what is recorded of it and the ports' faults."""
        ...

    def acted(self, outputs: Array) -> Array:
        """Return what actuators do in place of what they are told [n_out]."""
        ...

    def proceed(self, now: Mapping, observed: Mapping, actions: Array, outside: Mapping[Signal, Array]) -> Mapping:
        """Return the processes' states after the step."""
        ...


class Healthy(NamedTuple):
    """A closed loop in which nothing fails."""

    network: Runnable
    names: Names
    world: Environment
    kept: Array

    def sensed(self, inputs: Array) -> Array:
        """Return the inputs as they are."""
        return inputs

    def advance(self, state: Any, inputs: Array) -> tuple[Any, Array, Array, Array | None]:
        """Run the network one step."""
        if isinstance(self.network, FoldedNetwork):
            new, done = advance_folded(self.network, state, inputs)
            return new, done.outputs, done.residual, done.faults
        new, outputs, residual, faults = advance_network(self.network, self.names, state, inputs)
        return new, outputs, residual[self.kept], faults

    def acted(self, outputs: Array) -> Array:
        """Return what is told."""
        return outputs

    def proceed(self, now: Mapping, observed: Mapping, actions: Array, outside: Mapping[Signal, Array]) -> Mapping:
        """Return the processes' states after the step."""
        return proceed(self.world, self.names, now, observed, actions, outside)


def step(
    touches: Touches,
    world: Environment,
    names: Names,
    now: ClosedLoop,
    outside: Mapping[Signal, Array],
) -> tuple[ClosedLoop, StepRecord]:
    """Run one step of the closed loop: measure, decide, act, proceed; there is no other in the project.

    Args:
        touches: what happens to it within the step.
        world: what lies outside the network, as its sensors see it.
        names: of the network's coordinates.
        now: where the loop stands.
        outside: signals from outside and disturbances of this step.
    """
    observed = observe(world, now.processes)
    true = _forced(measure(world, names, observed, now.actions, outside), outside, FORCED_INPUTS)
    state, told, residual, faults = touches.advance(now.network, touches.sensed(true))
    told = _forced(told, outside, FORCED_ACTIONS)
    actions = touches.acted(told)
    processes = touches.proceed(now.processes, observed, actions, outside)
    record = StepRecord(now.processes, observed, true, residual, told, faults)
    return ClosedLoop(state, processes, actions), record


def advance_network(
    network: Weights | Blocks, names: Names, state: Any, inputs: Array, edit: Edit | None = None
) -> tuple[State | BlockState, Array, Array, Array | None]:
    """Run the network one step, whole or in blocks, under an edit of one step if there is one.

    Returns:
        Its state, outputs [n_out], residual [d_model], and the ports' faults [port], None where there are no ports.
    """
    if isinstance(network, Weights):
        timed = None if edit is None else jax.tree.map(lambda part: part[None], edit)
        state, outputs, seen = advance(network, state, inputs, timed)
        return state, outputs, seen["final"], None
    state, done = advance_blocks(network, state, inputs, edit)
    residual = dense_residual(network, done.residual, inputs, len(names.residual))
    return state, done.outputs, residual, done.faults if done.faults.size else None


def _forced(values: Array, outside: Mapping[Signal, Array], by: Signal) -> Array:
    """Put what is forced in place of values; NaN forces nothing."""
    if by not in outside:
        return values
    xp = library_of(values, outside[by])
    return xp.where(xp.isnan(outside[by]), values, outside[by])
