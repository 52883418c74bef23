"""From recorded arrays to a trace with names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.library import compiled
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.component import ends_of
from handcrafted.model.folded_program import FoldedNetwork
from handcrafted.model.forward import State, initial_state
from handcrafted.model.names import group
from handcrafted.model.run_blocks import Blocks, BlockState, before, outputs_of, ports_of, start
from handcrafted.model.run_folded import FoldedState, begin
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.engine import FOLDED, network_of
from handcrafted.rollout.environment import DISTURBANCE, STATE, PlainFunction
from handcrafted.rollout.interpreted import interpreted_loop
from handcrafted.rollout.loop import ClosedLoop, Runnable, StepRecord, run_steps
from handcrafted.rollout.native import native_loop, run_native
from handcrafted.rollout.recorded import recorded, sent_and_tested
from handcrafted.rollout.setup import RunSetup, given
from handcrafted.rollout.sharded import Shares, run_sharded
from handcrafted.rollout.trace import Signals, Trace, range_violations_of
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.report import progress_bar

KINDS = {"true state": "true", "measured": "measured", "believed": "believed", "done": "done"}
"""The kinds of signals that are watched for leaving their range, and what to call them."""


INSIDE = ("believed", "remembered")
"""The kinds that need not be finite where ports stand between blocks."""


def trace_of(model: Transformer, setup: RunSetup, parts: Sequence[StepRecord], finite: bool = True) -> Trace:
    """Join what was recorded chunk by chunk, and name it.

    Args:
        model: whose loop it is.
        setup: what it was given.
        parts: what was recorded.
        finite: whether everything must be.

    Raises:
        HandcraftedError: if anything is not finite that must be, naming the first signal and step.
    """
    structure, names = model.structure, model.names
    whole = _Whole(setup, parts)
    sent = dict(sent_and_tested(structure))
    believed = {v.signal for c in structure.resolved.controllers.values() for v in c.variables}
    kept = dict(whole.residual(recorded(structure)))
    domains = {**_true_domains(structure), **recorded(structure)}
    for signal in (*names.input_signals, *names.output_signals):
        domains[signal] = names.domain(signal)
    kinds = {
        "true state": dict(whole.states()),
        "measured": dict(whole.ports([p.inputs for p in parts], names.input_signals, domains)),
        "believed": {signal: value for signal, value in kept.items() if signal in believed},
        "remembered": {signal: value for signal, value in kept.items() if signal not in {*believed, *sent}},
        "done": dict(whole.ports([p.outputs for p in parts], names.output_signals, domains))
        | {signal: value for signal, value in kept.items() if signal in sent},
        "disturbance": dict(whole.shocks()),
    }
    named = {kind: Signals(kind, values) for kind, values in kinds.items()}
    faults = dict(whole.faults(model))
    for signals in named.values():
        if finite and not (faults and signals.kind in INSIDE):
            _must_be_finite(signals, setup.runs)
    return Trace(
        structure=structure,
        state=named["true state"],
        measured=named["measured"],
        believed=named["believed"],
        remembered=named["remembered"],
        command=named["done"],
        disturbance=named["disturbance"],
        range_violations=range_violations_of([*named.values()], domains, KINDS),
        domains=domains,
        steps=setup.steps,
        runs=setup.runs,
        faults=faults,
    )


def _true_domains(structure: ControlStructure) -> dict[Signal, Domain]:
    """Return the domain of each true state that some feedback carries."""
    links = (link for link in structure.resolved.links if link.id.sender and not link.sent_by_controller)
    return {Signal(link.id.sender or "", STATE, link.id.name): link.domain for link in links}


class _Whole:
    """The recorded chunks, joined along time; without an axis of runs if none was given."""

    def __init__(self, setup: RunSetup, parts: Sequence[StepRecord]):
        self.setup, self.parts = setup, parts

    def _join(self, arrays: Sequence[Any]) -> np.ndarray:
        """Join [run, time, …], cut off what was run beyond the end, and drop the run axis if there is none."""
        joined = np.concatenate(arrays, axis=1)[:, : self.setup.steps]
        return joined if self.setup.runs else joined[0]

    def states(self) -> Iterator[tuple[Signal, np.ndarray]]:
        for owner, process in self.setup.world.processes.items():
            for name in {**process.initial, **process.observe(process.initial)}:
                source = [p.observed[owner] if name in p.observed[owner] else p.processes[owner] for p in self.parts]
                yield Signal(owner, STATE, name), self._join([part[name] for part in source])

    def ports(
        self, arrays: Sequence[Any], signals: Mapping[Signal, np.ndarray], domains: Mapping[Signal, Domain]
    ) -> Iterator[tuple[Signal, np.ndarray]]:
        joined = self._join(arrays)
        for signal, at in signals.items():
            yield signal, joined[..., at] if domains[signal].discrete else joined[..., at[0]]

    def residual(self, kept: Mapping[Signal, Domain]) -> Iterator[tuple[Signal, np.ndarray]]:
        joined, start = self._join([part.residual for part in self.parts]), 0
        for signal, domain in kept.items():
            value = joined[..., start : start + domain.width]
            start += domain.width
            yield signal, value if domain.discrete or domain.count > 1 else value[..., 0]

    def faults(self, model: Transformer) -> Iterator[tuple[Signal, np.ndarray]]:
        """Give, of each port between blocks, when it caught a value that is not finite."""
        ports = group(ports_of(model.blocks, model.names)) if model.seal else {}
        joined = self._join([part.faults for part in self.parts]) if ports else np.zeros(0)
        for signal, at in ports.items():
            yield signal, np.any(joined[..., at], axis=-1)

    def shocks(self) -> Iterator[tuple[Signal, np.ndarray]]:
        for owner, process in self.setup.world.processes.items():
            signal = Signal(owner, DISTURBANCE, "disturbance")
            values = self.setup.moving[signal]
            if process.disturbance or np.any(values):
                yield signal, values if self.setup.runs else values[0]


def _must_be_finite(kind: Signals, runs: int | None) -> None:
    for signal, values in kind.items():
        if np.isfinite(values).all():
            continue
        bad = ~np.isfinite(values.reshape(*values.shape[: 1 if runs is None else 2], -1)).all(axis=-1)
        step = int(np.argmax(bad if runs is None else bad.any(axis=0)))
        raise HandcraftedError(
            f"Expected a loop that stays finite, got NaN or infinity in {signal.owner}.{signal.name} ({kind.kind}) at "
            f"step {step}. Check the process's parameters, the time step, and the sign of the feedback."
        )


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
    runs: int | None = None,
    mesh: Mesh | None = None,
    progress: bool = False,
    engine: str = FOLDED,
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
        runs: how many, each with disturbances drawn for it; None takes as many as are given of anything.
        mesh: devices over which runs are shared out, of this process or of several that
            `jax.distributed` has joined; each process gives the same arguments, and gets the whole trace.
        progress: whether to show a progress bar.
        engine: `folded` runs what is left of the arrays once zeros and copies are gone (`handcrafted.model.fold`),
            bit for bit what `dense`, the reference, does with all of them. A network that cannot be folded, because
            a head attends by content or a number is not finite, runs dense. `edited` is for a model that runs again
            after each of many edits: folded so that most edits compile nothing anew. Equal numbers are then not shared;
            in bundled loops a run takes 0.9 to 1.05 times as long.

    Raises:
        HandcraftedError: if a name or a shape does not fit, a value lies outside its range, or a process does not stay
            finite, naming the signal, or if the Layer 0 controller was changed, or what was given is no mesh.

    Example:
        >>> model = hc.assemble(hc.load(find("heated room")))
        >>> hc.simulate(model, steps=100, initial={"temperature": 30.0}).command["heat"][0]
        np.float32(0.0)
    """
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    setup = given(model.structure, process, steps, initial, inputs, disturbance, seed, runs)
    shares = None if mesh is None else Shares(mesh, setup.runs or 1)
    model.check_seal()
    names = model.names
    kept = np.concatenate([np.zeros(0, int), *(names.find(signal) for signal in recorded(model.structure))])
    network = network_of(model, kept, engine)
    alone = shares is None and process is None  # a function of a user's is given one run at a time
    read = interpreted_loop(network, setup.world, names) if alone else None
    loop = start_of(network, model.window, setup) if read is None else read.begin(setup)
    length = min(steps, CHUNK)
    parts: list[StepRecord] = []
    native = None
    if shares is not None:
        loop = shares.spread(jax.device_get(loop))
    elif read is None and isinstance(network, FoldedNetwork):
        work = steps * (setup.runs or 1)
        native = native_loop(network, setup.world, names, loop, setup.moving, work)
    with progress_bar(progress) as bar:
        for first in bar.track(range(0, steps, length), description=f"{model.structure.name}: closed loop"):
            if read is not None:
                loop, seen = read.run(loop, setup.moving, first, min(length, steps - first))
            elif native is not None and isinstance(network, FoldedNetwork):
                loop, seen = run_native(native, network, loop, setup.moving, first, min(length, steps - first))
            else:
                now = {signal: stretch(values, first, length) for signal, values in setup.moving.items()}
                if shares is None:
                    loop, seen = run_steps(network, setup.world, names, loop, now, kept, length)
                else:
                    one_chunk = network, setup.world, names, loop, shares.spread(now), kept, length, shares.mesh
                    loop, seen = run_sharded(*one_chunk)
            parts.append(jax.device_get(seen) if shares is None else shares.gathered(seen))
    return trace_of(model, setup, parts)


def stretch(values: np.ndarray, first: int, length: int) -> np.ndarray:
    """Return a stretch of time [run, length, …]; beyond the end the last value stays, so that one shape is compiled."""
    return values[:, np.minimum(first + np.arange(length), values.shape[1] - 1)]


def start_of(network: Runnable, window: int, setup: RunSetup) -> ClosedLoop:
    """Return the loop before t = 0, with a leading run axis; the actions then are those that r_0 declares."""
    state, actions = _before(network, window, setup.runs or 1)
    processes = jax.tree.map(jnp.asarray, {owner: dict(state) for owner, state in setup.state.items()})
    return ClosedLoop(state, processes, actions)


@compiled("window", "runs")
def _before(network: Runnable, window: int, runs: int) -> tuple[State | BlockState | FoldedState, Array]:
    """Return the network's state and its outputs before t = 0, each with a leading run axis."""
    if isinstance(network, FoldedNetwork):
        found = begin(network)
    elif isinstance(network, Blocks):
        found = start(network, window), outputs_of(network, before(network))[0]
    else:
        ends = ends_of(network)
        found = initial_state(network, window), ends.initial @ ends.unembedding + ends.output_bias
    return jax.tree.map(lambda part: jnp.broadcast_to(part, (runs, *part.shape)), found)
