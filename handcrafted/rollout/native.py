"""The closed loop in C: a traced step written down, compiled once where a C compiler is found, and kept.

One function runs all steps of all runs: tiles of runs, time within the tile, and within a step the numbers of the
program one after the other. Products go into sums by `fmaf`, as XLA has it on a processor, so that numbers come out the
same.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.model.folded_program import FoldedNetwork
from handcrafted.model.names import Names
from handcrafted.rollout.c_text import c_text
from handcrafted.rollout.compile_c import compiled_c
from handcrafted.rollout.environment import Environment
from handcrafted.rollout.loop import ClosedLoop, Healthy, StepRecord, step
from handcrafted.rollout.scalars import NotScalarError, traced
from handcrafted.text.cache import compiler

PAGE, LINE = 1024, 80
"""Numbers of a page, and of a little more than a line of the cache."""

MAX_OPERATIONS, MANY, LONG = 20_000, 400, 100_000
"""A loop of more operations is left to XLA; so is a network folded into more than `MANY` values, unless `LONG` steps or
more are to be run: a C compiler takes some 4 ms for each."""


class NativeLoop(NamedTuple):
    """A closed loop that is compiled.

    Attributes:
        function: the compiled function.
        loop: the shapes of what it remembers, as a tree.
        record: the shapes of what is recorded in each step, as a tree.
        rows: where each number of a record is kept; what is recorded twice is kept once.
    """

    function: Any
    loop: ClosedLoop
    record: StepRecord
    rows: tuple[int, ...]


def native_loop(
    network: FoldedNetwork,
    world: Environment,
    names: Names,
    loop: ClosedLoop,
    moving: Mapping[Signal, np.ndarray],
    steps: int = LONG,
) -> NativeLoop | None:
    """Return the compiled loop; None where there is no compiler, it is no plain arithmetic, or it is not worth while.

    Args:
        network: the folded controllers.
        world: what lies outside them.
        names: of the network's coordinates.
        loop: where it starts, with a leading axis of runs.
        moving: signals from outside and disturbances [run, time, …].
        steps: how many are to be run, over all runs.
    """
    if compiler() is None or (len(network.program.steps) > MANY and steps < LONG):
        return None
    shape = lambda array, lead: jax.ShapeDtypeStruct(np.shape(array)[lead:], np.float32)
    arguments = (
        jax.tree.map(lambda one: shape(one, 0), network),
        jax.tree.map(lambda one: shape(one, 1), loop),
        {signal: shape(values, 2) for signal, values in moving.items()},
    )
    leaves, tree = jax.tree.flatten(arguments)
    return _built(world, names, tree, tuple(leaf.shape for leaf in leaves))


@lru_cache(maxsize=64)
def _built(world: Environment, names: Names, tree: Any, shapes: tuple[tuple[int, ...], ...]) -> NativeLoop | None:
    arguments = jax.tree.unflatten(tree, [np.zeros(one, np.float32) for one in shapes])
    network, loop, moving = arguments

    def one_step(network: FoldedNetwork, loop: ClosedLoop, moving: Mapping[Signal, Any]) -> Any:
        return step(Healthy(network, names, world, jnp.zeros(0, int)), world, names, loop, moving)

    return compiled_loop(one_step, network, loop, moving)


def compiled_loop(one_step: Callable[..., Any], network: Any, loop: ClosedLoop, moving: Mapping) -> NativeLoop | None:
    """Compile a step of a closed loop; None where it does something that is no plain arithmetic.

    Args:
        one_step: from network, loop and what moves to the loop after it and what is recorded.
        network: any tree of numbers.
        loop: where it starts, without an axis of runs.
        moving: signals from outside and disturbances of a step.
    """
    try:
        program, shape = traced(one_step, network, loop, moving)
    except NotScalarError:
        return None
    if len(program.operations) > MAX_OPERATIONS:
        return None
    after, record = shape
    numbers, states = _size(network), _size(loop)
    results = [number for array in program.results for number in array.ravel().tolist()]
    seen = list(dict.fromkeys(results[states:]))
    function = compiled_c(c_text(program, [*results[:states], *seen], numbers, states, _size(moving)), 5, 3)
    if function is None:
        return None
    row = {number: i for i, number in enumerate(seen)}
    return NativeLoop(function, after, record, tuple(row[number] for number in results[states:]))


def _size(tree: Any) -> int:
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))


def run_native(
    native: NativeLoop,
    network: FoldedNetwork,
    loop: ClosedLoop,
    moving: Mapping[Signal, np.ndarray],
    first: int,
    steps: int,
) -> tuple[ClosedLoop, StepRecord]:
    """Run some steps.

    Args:
        native: the compiled loop.
        network: the controllers, for their numbers.
        loop: where it starts, with a leading axis of runs.
        moving: signals from outside and disturbances [run, time, …], as long as all steps.
        first: the step that is the first.
        steps: how many.

    Returns:
        Where it ended, and what was seen [run, time, …].
    """
    runs = len(jax.tree.leaves(loop)[0]) if jax.tree.leaves(loop) else 1
    flat = lambda one: np.asarray(one, np.float32).reshape(runs, -1).T
    state = np.ascontiguousarray(np.concatenate([np.zeros((0, runs), np.float32), *map(flat, jax.tree.leaves(loop))]))
    channels = [c for values in jax.tree.leaves(dict(moving)) for c in _channels(values[:, first : first + steps])]
    pointers = (ctypes.c_void_p * max(len(channels), 1))(*(one.ctypes.data for one in channels))
    strides = np.array([[s // 4 for s in one.strides] for one in channels], np.int64).reshape(-1, 2)
    pitch = -(-steps * runs // PAGE) * PAGE + LINE  # rows a page apart would share one place in the cache
    seen = np.empty((len(set(native.rows)), pitch), np.float32)
    values = np.ascontiguousarray(network.values, np.float32)
    native.function(_at(values), _at(state), pointers, _at(strides), _at(seen), steps, runs, pitch)
    leaves, start = [], 0
    for leaf in jax.tree.leaves(native.record):
        size = int(np.prod(leaf.shape))
        rows = np.array(native.rows[start : start + size], int)
        together = size and np.array_equal(rows, rows[0] + np.arange(size))
        kept = seen[rows[0] : rows[0] + size] if together else seen[rows]
        part = kept[:, : steps * runs].reshape(size, steps, runs).transpose(2, 1, 0).reshape(runs, steps, *leaf.shape)
        leaves.append(part.astype(bool) if leaf.dtype == bool else part)
        start += size
    ended, start = [], 0
    for leaf in jax.tree.leaves(native.loop):
        size = int(np.prod(leaf.shape))
        ended.append(state[start : start + size].T.reshape(runs, *leaf.shape))
        start += size
    unflatten = lambda tree, parts: jax.tree.unflatten(jax.tree.structure(tree), parts)
    return unflatten(native.loop, ended), unflatten(native.record, leaves)


def _channels(values: np.ndarray) -> list[np.ndarray]:
    """Return the single numbers of a signal [run, time], as views where they are float32 already."""
    flat = values.astype(np.float32, copy=False).reshape(*values.shape[:2], int(np.prod(values.shape[2:])))
    return [flat[..., i] for i in range(flat.shape[2])]


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
