"""Running a folded program: what the arrays do, bit for bit for finite numbers, without what they do not need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from handcrafted.control.library import compiled, library_of, relu
from handcrafted.model.folded_program import ADD, INPUT, NUMBER, PORT, RELU, SHIFT, STATE, SUM, FoldedNetwork, Node

Array = Any
"""Of numpy or of JAX."""

FoldedState = tuple[Array, ...]
"""What a folded program remembers between steps, number by number."""


class FoldedStep(NamedTuple):
    """What one step gives: outputs [n_out], the coordinates that were asked for, and what ports caught [port]."""

    outputs: Array
    residual: Array
    faults: Array | None


def begin(network: FoldedNetwork) -> tuple[FoldedState, Array]:
    """Return the state before the first step, and the outputs before t = 0 [n_out]."""
    program = network.program
    known = worked_out(network, program.begins, (), None)
    state = tuple(_of(known, node) for node in program.first)
    return state, _stacked(known, program.first_outputs)


def advance_folded(network: FoldedNetwork, state: FoldedState, inputs: Array) -> tuple[FoldedState, FoldedStep]:
    """Run one step.

    Args:
        network: the program and its numbers.
        state: what was remembered; begin with `begin`.
        inputs: one number per row of `W_E` [n_in].
    """
    program = network.program
    known = worked_out(network, program.proceeds, state, inputs)
    bad = lambda port: jnp.stack([jnp.bool_(False), *(~jnp.isfinite(known[node]) for node in port)]).any()
    caught = [bad(port) for port in program.faults]
    faults = jnp.stack(caught) if caught else None
    done = FoldedStep(_stacked(known, program.outputs), _stacked(known, program.residual), faults)
    return tuple(_of(known, node) for node in program.next), done


def worked_out(
    network: FoldedNetwork,
    order: Sequence[Node],
    state: Sequence[Array],
    inputs: Array | None,
    opened: Mapping[str, Callable[[int, list[Array]], Array]] = MappingProxyType({}),
) -> dict[Node, Array]:
    """Work values out.

    Args:
        network: the program and its numbers; a number of many runs may be an array of them.
        order: which, each behind those that it is made of.
        state: what was remembered.
        inputs: one number per row of `W_E` [n_in].
        opened: what gives a value of a kind that is open, from its place and the values that it is made of.
    """
    steps, number = network.program.steps, [network.values[i] for i in range(len(network.values))]
    known: dict[Node, Array] = {}
    for node in order:
        kind, values, slots, place = steps[node]
        if kind == SUM:
            total = number[0]  # not the constant 0, which a compiler would take away together with the sign of a zero
            for slot, value in zip(slots, values, strict=True):
                total = total + number[slot] * known[value]
            known[node] = total
        elif kind == RELU:
            known[node] = relu(known[values[0]])
        elif kind == SHIFT:
            known[node] = known[values[0]] + number[slots[0]]
        elif kind == ADD:
            known[node] = known[values[0]] + known[values[1]]
        elif kind == STATE:
            known[node] = state[place]
        elif kind == INPUT:
            assert inputs is not None
            known[node] = inputs[place]
        elif kind == NUMBER:
            known[node] = number[slots[0]]
        elif kind == PORT:
            known[node] = _ported(known[values[0]], number[slots[0]])
        else:
            known[node] = opened[kind](place, [known[value] for value in values])
    return known


def _ported(value: Array, safe: Array) -> Array:
    xp = library_of(value, safe)
    return xp.where(xp.isfinite(value), value, safe)


def _of(known: dict[Node, Array], node: Node | None) -> Any:
    return np.float32(0) if node is None else known[node]


def _stacked(known: dict[Node, Array], nodes: Sequence[Node | None]) -> Array:
    found = [_of(known, node) for node in nodes]
    xp = library_of(*found)
    return xp.stack(xp.broadcast_arrays(*found)) if found else jnp.zeros(0, jnp.float32)


@compiled()
def run_folded(network: FoldedNetwork, inputs: Array) -> FoldedStep:
    """Run a sequence [time, n_in]; every field of the result has a leading time axis."""
    return jax.lax.scan(lambda state, now: advance_folded(network, state, now), begin(network)[0], inputs)[1]


def run_side_by_side(
    network: FoldedNetwork, inputs: Float[np.ndarray, "run time n_in"]
) -> tuple[Float[np.ndarray, "run n_out"], Float[np.ndarray, "run kept"]]:
    """Run sequences in numpy, where nothing is compiled; give outputs and kept coordinates at the end of each."""
    network = FoldedNetwork(network.program, np.asarray(network.values, np.float32))
    state, _ = begin(network)
    done = None
    with np.errstate(all="ignore"):  # what is not finite is for those to say who look at it
        for now in inputs.transpose(1, 2, 0):
            state, done = advance_folded(network, state, now)
    assert done is not None, "at least one step"
    wide = lambda one: np.broadcast_to(one.reshape(len(one), -1), (len(one), len(inputs))).T
    return wide(np.asarray(done.outputs)), wide(np.asarray(done.residual))
