"""The closed loop with faults: many runs side by side, each with a fault of its own, compiled once for all of a shape.

What happens in a step is `handcrafted.rollout.loop.step`, with the fault as its touches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree

from handcrafted.control.graph import Signal
from handcrafted.control.library import compiled
from handcrafted.model.blocks import Block
from handcrafted.model.edit import AffineEdit
from handcrafted.model.forward import State, initial_state
from handcrafted.model.names import Names
from handcrafted.model.run_blocks import Blocks, BlockState, cut_state, split, start
from handcrafted.model.weights import Weights
from handcrafted.rollout.environment import Environment
from handcrafted.rollout.injection import (
    UNTRIGGERED,
    Injection,
    PortChange,
    StateParts,
    moved,
    shocked,
    touches_now,
)
from handcrafted.rollout.loop import ClosedLoop, StepRecord, advance_network, step
from handcrafted.rollout.outside import measure, observe, proceed

Trigger = Callable[[Mapping], Array]
"""A condition over what the processes are seen to do: above 0 where it holds."""

Cut = tuple[Block, ...]


class Setting(NamedTuple):
    """What all runs have in common and is compiled in.

    Attributes:
        worlds: what lies outside the network, the usual one first.
        blocks: how the network is cut where there is a Layer 0 controller; empty where it runs whole.
        triggers: conditions over the true state, above 0 where they hold.
        depth: how many past steps of inputs and outputs are kept for what comes late.
        window: how many steps a head sees.
    """

    worlds: tuple[Environment, ...]
    names: Names
    blocks: Cut
    triggers: tuple[Trigger, ...]
    depth: int
    window: int


class _Kept(NamedTuple):
    """What a fault needs to remember: since when it acts (-1: not yet), and what ports gave before."""

    since: Array
    inputs: Array
    outputs: Array


@compiled("setting")
def run_faulted(
    setting: Setting,
    weights: Weights,
    loop: ClosedLoop,
    moving: Mapping[Signal, Array],
    kept: Array,
    injections: Injection,
) -> tuple[StepRecord, Array]:
    """Run one closed loop per fault, all from the same state and disturbed alike.

    Args:
        setting: what is compiled in.
        weights: effective weights.
        loop: where to start, without an axis of runs.
        moving: signals from outside and disturbances [time, …].
        kept: positions of the residual stream to record.
        injections: the faults, with a leading axis.

    Returns:
        What was seen [run, time, …], inputs as they truly are, before sensors fail, and outputs as they are commanded,
        before actuators fail; and what actuators do [run, time, n_out].
    """
    return jax.vmap(lambda fault: _run(setting, weights, loop, moving, kept, fault))(injections)


def _run(
    setting: Setting, weights: Weights, loop: ClosedLoop, moving: Mapping[Signal, Array], kept: Array, fault: Injection
) -> tuple[StepRecord, Array]:
    healthy = _cut(setting, weights)
    faulty = _cut(setting, _changed(weights, fault)) if fault.weights is not None else None
    if faulty is not None:
        always = (fault.onset <= 0) & (fault.trigger == UNTRIGGERED)
        loop = loop._replace(network=_chosen(always, _begun(setting, faulty), loop.network))
    first = measure(
        setting.worlds[0], setting.names, observe(setting.worlds[0], loop.processes), loop.actions,
        {signal: values[0] for signal, values in moving.items()},
    )  # fmt: skip
    past = lambda value: jnp.broadcast_to(value, (setting.depth, *value.shape))
    memory = _Kept(jnp.int32(-1), past(first), past(loop.actions))

    def one_step(
        carry: tuple[ClosedLoop, _Kept], now: tuple
    ) -> tuple[tuple[ClosedLoop, _Kept], tuple[StepRecord, Array]]:
        time, draw, outside = now
        return _step(setting, (healthy, faulty), *carry, outside, kept, fault, time, draw)

    steps = jnp.arange(len(fault.draws), dtype=jnp.int32)
    return jax.lax.scan(one_step, (loop, memory), (steps, fault.draws, moving))[1]


def _step(
    setting: Setting,
    networks: tuple[Weights | Blocks, Weights | Blocks | None],
    now: ClosedLoop,
    memory: _Kept,
    outside: Mapping[Signal, Array],
    kept: Array,
    fault: Injection,
    time: Array,
    draw: Array,
) -> tuple[tuple[ClosedLoop, _Kept], tuple[StepRecord, Array]]:
    observed = observe(setting.worlds[0], now.processes)
    since = jnp.where(memory.since >= 0, memory.since, jnp.where(_begins(setting, fault, observed, time), time, -1))
    active = (since >= 0) & (time - since < fault.steps)
    touches = _Faulty(setting, networks, kept, memory, fault, active, time - since, draw)
    after, seen = step(touches, setting.worlds[0], setting.names, now, outside)
    past = _Kept(
        since,
        _pushed(memory.inputs, seen.inputs, fault.inputs, active),
        _pushed(memory.outputs, seen.outputs, fault.outputs, active),
    )
    return (after, past), (seen, after.actions)


class _Faulty(NamedTuple):
    """A closed loop in one step of one fault, which acts or does not."""

    setting: Setting
    networks: tuple[Weights | Blocks, Weights | Blocks | None]
    kept: Array
    memory: _Kept
    fault: Injection
    active: Array
    age: Array
    draw: Array

    def sensed(self, inputs: Array) -> Array:
        """Return what the sensors report."""
        return self._through(self.fault.inputs, inputs, self.memory.inputs)

    def advance(self, state: Any, inputs: Array) -> tuple[Any, Array, Array, Array | None]:
        """Run the network one step, with the fault in its entries, its activations and its memory."""
        fault, active, blocks = self.fault, self.active, self.setting.blocks
        healthy, faulty = self.networks
        network = healthy if faulty is None else _chosen(active, faulty, healthy)
        edit = touches_now(fault.edit, active, self.draw)
        old = _remembered(state, fault, active, self.draw, blocks)
        new, outputs, residual, caught = advance_network(network, self.setting.names, old, inputs, edit)
        return _stale(old, new, fault, active, blocks), outputs, residual[self.kept], caught

    def acted(self, outputs: Array) -> Array:
        """Return what the actuators do."""
        return self._through(self.fault.outputs, outputs, self.memory.outputs)

    def _through(self, change: PortChange | None, value: Array, past: Array) -> Array:
        return value if change is None else change.on(value, past, self.active, self.age, self.draw)

    def proceed(self, now: Mapping, observed: Mapping, actions: Array, outside: Mapping[Signal, Array]) -> Mapping:
        """Return the processes' states after the step."""
        return _proceed(self.setting, now, observed, actions, outside, self.fault, self.active, self.draw)


def _begins(setting: Setting, fault: Injection, observed: Mapping, step: Array) -> Array:
    """Say whether the fault begins now, if it has not begun."""
    holds = [jnp.bool_(True), *(margin(observed) > 0 for margin in setting.triggers)]
    return (step >= fault.onset) & jnp.stack(holds)[fault.trigger - UNTRIGGERED]


def _pushed(past: Array, value: Array, change: PortChange | None, active: Array) -> Array:
    """Remember a step's numbers, the newest first; what is held stays as it was."""
    newest = value if change is None else change.held_back(value, past, active)
    return jnp.concatenate([newest[None], past])[:-1]


def _changed(weights: Weights, fault: Injection) -> Weights:
    """Return the arrays with the fault's entries."""
    assert fault.weights is not None
    flat, back = ravel_pytree(weights)
    return back(flat.at[fault.weights.places].set(fault.weights.values, mode="drop"))


def _cut(setting: Setting, weights: Weights) -> Weights | Blocks:
    return split(setting.blocks, weights) if setting.blocks else weights


def _begun(setting: Setting, network: Weights | Blocks) -> State | BlockState:
    return start(network, setting.window) if isinstance(network, Blocks) else initial_state(network, setting.window)


def _chosen(condition: Array, one: Any, other: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), one, other)


def _remembered(state: State | BlockState, fault: Injection, active: Array, draw: Array, blocks: Cut) -> Any:
    """Return what the network remembers, as the fault leaves it."""
    if fault.state is None:
        return state
    touches = touches_now(fault.state, active, draw)
    parts = [StateParts(*(touch[i] for touch in touches)) for i in range(3)]
    return jax.tree.map(
        lambda value, *of: AffineEdit(*of).on(value), state, *(_like(state, part, blocks) for part in parts)
    )


def _stale(old: State | BlockState, new: Any, fault: Injection, active: Array, blocks: Cut) -> Any:
    """Return what the network remembers next: where the fault holds it, what it was."""
    if fault.stale is None:
        return new
    held = _like(old, fault.stale, blocks)
    return jax.tree.map(lambda a, b, still: jnp.where(active & still, a, b), old, new, held)


def _like(state: State | BlockState, parts: StateParts, blocks: Cut) -> Any:
    """Lay numbers out like a state."""
    return State(*parts) if isinstance(state, State) else cut_state(blocks, *parts)


def _proceed(
    setting: Setting,
    now: Mapping,
    observed: Mapping,
    actions: Array,
    outside: Mapping[Signal, Array],
    fault: Injection,
    active: Array,
    draw: Array,
) -> Mapping[str, Mapping[str, Array]]:
    """Return the processes' states after a step."""
    if fault.shocks is not None:
        outside = shocked(outside, setting.worlds[0].processes, fault.shocks.now(active, draw))
    ways = [
        lambda world=world: proceed(world, setting.names, now, observed, actions, outside) for world in setting.worlds
    ]
    number = 0 if fault.variant is None else jnp.where(active, fault.variant, 0)
    after = ways[0]() if fault.variant is None else jax.lax.switch(number, ways)
    if fault.rates is None:
        return after
    touches = touches_now(fault.rates, active, draw)
    return {
        owner: {name: moved(now[owner][name], new, touches[owner][name]) for name, new in part.items()}
        for owner, part in after.items()
    }
