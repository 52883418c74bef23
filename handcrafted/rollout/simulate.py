"""Run a transformer in closed loop with its processes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from handcrafted.model.forward import State, initial_state
from handcrafted.model.run_blocks import Blocks, BlockState, before, outputs_of, split, start
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.given import RunSetup, given
from handcrafted.rollout.loop import ClosedLoop, Network, Seen, run_steps
from handcrafted.rollout.recorded import recorded, trace_of
from handcrafted.rollout.trace import Trace
from handcrafted.rollout.world import PlainFunction
from handcrafted.text.diagnostics import must_be
from handcrafted.text.report import progress_bar

CHUNK = 4096
"""Steps per compiled call; between calls the trace moves out of the way and the progress bar moves on."""


def simulate(
    model: Transformer,
    process: PlainFunction | Mapping[str, PlainFunction] | None = None,
    *,
    steps: int = 1000,
    initial: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    disturbance: Any = None,
    seed: int = 0,
    progress: bool = False,
) -> Trace:
    """Run the closed loop: measure, run the network one step, let the processes advance, and again.

    A model with a Layer 0 controller runs block by block, so that what its guards promise holds whatever the other
    weights are; `Trace.faults` says where a port caught a value that is not finite.

    Without `process`, the dynamics of the structure run. Signals that nobody makes stay at their initial values
    unless `inputs` sets them.

    Args:
        model: the controllers.
        process: a Python function `(state, actions)` or `(state, actions, disturbance)` that gives the next state, all
            dictionaries of named arrays, for the one process; or one per component. Its state starts from `initial`,
            and what it calls by the name of a feedback is what that feedback measures.
        steps: how many.
        initial: initial states of processes by name: a number or word, or one per run.
        inputs: signals from outside, and feedback that no process gives, by name: a number or word, one per step
            [time], one per run [run, 1], or both [run, time].
        disturbance: of all processes, or by component, shaped like inputs; None draws it anew in each step,
            uniformly from the declared interval.
        seed: of the disturbances.
        progress: whether to show a progress bar.

    Raises:
        HandcraftedError: if a name or a shape does not fit, a value lies outside its range, or a process does not stay
            finite, naming the signal, or if the Layer 0 controller was changed.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> hc.simulate(model, steps=100, initial={"temperature": 30.0}).done["heat"][0]
        np.float32(0.0)
    """
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    setup = given(model.structure, process, steps, initial, inputs, disturbance, seed)
    model.check_seal()
    network, names = network_of(model), model.names
    kept = np.concatenate([np.zeros(0, int), *(names.find(signal) for signal in recorded(model.structure))])
    loop = start_of(network, model.window, setup)
    length = min(steps, CHUNK)
    parts: list[Seen] = []
    with progress_bar(progress) as bar:
        for first in bar.track(range(0, steps, length), description=f"{model.structure.name}: closed loop"):
            now = {signal: stretch(values, first, length) for signal, values in setup.moving.items()}
            loop, seen = run_steps(network, setup.world, names, loop, now, kept)
            parts.append(jax.device_get(seen))
    return trace_of(model, setup, parts)


def stretch(values: np.ndarray, first: int, length: int) -> np.ndarray:
    """Give a stretch of time [run, length, …]; beyond the end the last value stays, so that one shape is compiled."""
    return values[:, np.minimum(first + np.arange(length), values.shape[1] - 1)]


def network_of(model: Transformer) -> Network:
    """Give the arrays that run: cut into blocks where there is a Layer 0 controller to protect, else as they are."""
    if model.seal is None:
        return model.effective_weights
    return split(model.blocks, model.effective_weights)


def start_of(network: Network, window: int, setup: RunSetup) -> ClosedLoop:
    """Give the loop before t = 0, with a leading run axis; the actions then are those that r_0 declares."""
    state, actions = _before(network, window, setup.runs or 1)
    processes = jax.tree.map(jnp.asarray, {owner: dict(state) for owner, state in setup.state.items()})
    return ClosedLoop(state, processes, actions)


@partial(jax.jit, static_argnames=("window", "runs"))
def _before(network: Network, window: int, runs: int) -> tuple[State | BlockState, Array]:
    """Give the network's state and its outputs before t = 0, each with a leading run axis."""
    if isinstance(network, Blocks):
        found = start(network, window), outputs_of(network, before(network))[0]
    else:
        found = initial_state(network, window), network.r_0 @ network.W_U + network.b_U
    return jax.tree.map(lambda part: jnp.broadcast_to(part, (runs, *part.shape)), found)
