"""Guards of a model, where they stand and what they promise, and hazards as margins of the true state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from handcrafted.control.domain import Value
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import LawInstance, ResolvedEntry, ResolvedLink
from handcrafted.control.signal_graph import network_output, written_port
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.true_state import TrueState
from handcrafted.model.base import base_of
from handcrafted.model.entries import entries_of, neuron_entries
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.environment import Environment
from handcrafted.text.diagnostics import HandcraftedError, must_be

Observed = Mapping[str, Mapping[str, Array]]
"""What each process is seen to do, by component and name."""

Margin = Callable[[Observed], Array]


def margin_of(structure: ControlStructure, world: Environment) -> Margin:
    """Return the function that says how far the nearest hazard's condition is fulfilled, in the unit of what it tests.

    Formula: a test `above a` gives x - a, `below b` gives b - x, a word its coordinate less 1/2; a row is the least of
        its tests, a condition the largest of its rows, all hazards the largest of theirs.
    Source: robustness of temporal logic formulas (Fainekos & Pappas 2009, section 3), for predicates alone.
    Error: of float32 differences.

    Raises:
        HandcraftedError: if no hazard states a condition over what the processes give.
    """
    rows = tuple(row for hazard in structure.hazards.values() for row in hazard.when or () if row)
    if not rows:
        raise HandcraftedError(
            f"Expected a hazard with `when` in {structure.name}, got none. Say in which true state the hazard is there."
        )
    return margin_of_condition(structure, world, rows)


def margin_of_condition(structure: ControlStructure, world: Environment, condition: Condition) -> Margin:
    """Return the function that says how far a condition over the true state is fulfilled; see `margin_of`.

    Raises:
        HandcraftedError: if it tests what no process gives, or several do.
    """
    state = structure.true_state
    tests = [[_test(world, state, name, test) for name, test in row.items()] for row in condition if row]

    def margin(observed: Observed) -> Array:
        return jnp.stack([jnp.stack([of(observed) for of in row]).min(axis=0) for row in tests]).max(axis=0)

    return margin


def _test(world: Environment, state: TrueState, name: str, test: Bounds | tuple[str, ...]) -> Margin:
    owner, name = variable = state.variable(name)
    process = world.processes.get(owner)
    if process is None or name not in process.observe(process.initial):
        raise HandcraftedError(f"Expected a process that gives {variable}, which a hazard tests, got none. Name it so.")
    domain = state.domains[variable]
    if isinstance(test, Bounds):
        above = [] if test.above is None else [lambda x: x - test.above]
        below = [] if test.below is None else [lambda x: test.below - x]
        return lambda observed: jnp.stack([of(observed[owner][name]) for of in (*above, *below)]).min(axis=0)
    assert domain is not None
    places = [domain.values.index(word) for word in test]
    return lambda observed: observed[owner][name][..., jnp.array(places)].sum(axis=-1) - 0.5


@dataclass(frozen=True)
class PlacedGuard:
    """One action that a guard of Layer 0 gates.

    Attributes:
        entry, link: what the structure declares: the guard's law, and the link that carries the action.
        action: the network's output.
        columns: its columns of `W_U`.
        port, received: the subspaces that hold the request before it is sent and behind its port.
        request: the name of what is gated.
        asker: who requests it.
        safe: what is done under a veto [width].
        said: the same as the file says it.
        low, high: the effective limits of each coordinate, as the weights give them.
        veto: the subspace that is 1 where the action is vetoed; None where everything is permitted.
    """

    entry: ResolvedEntry
    link: ResolvedLink
    action: Signal
    columns: np.ndarray
    port: Signal
    received: Signal
    request: str
    asker: str
    safe: np.ndarray
    said: Value
    low: np.ndarray
    high: np.ndarray
    veto: Signal | None

    @property
    def name(self) -> str:
        """Whose action it is, and which."""
        return f"{self.action.owner}'s {self.action.name}"

    def __str__(self) -> str:
        ends = (
            f"within [{self.low[0]:.9g}, {self.high[0]:.9g}]" if len(self.low) == 1 else "each coordinate within [0, 1]"
        )
        said = self.said if isinstance(self.said, str) else f"{self.said:g}"
        when = f"exactly {said} under a veto" if self.veto else f"{said} where no finite request comes"
        return f"{self.name}: {ends}, {when}; gates {self.request} of {self.asker}"


def must_have_base(model: Transformer) -> str:
    """Name the Layer 0 controller of a model.

    Raises:
        HandcraftedError: if there is none.
    """
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    base = base_of(model.structure)
    if base is None:
        raise HandcraftedError(
            f"Expected a structure with a Layer 0 controller, got {model.structure.name}, which has none. "
            "Say `layer 0: true` of the controller that nothing may override."
        )
    return base


def guards_of(model: Transformer) -> tuple[PlacedGuard, ...]:
    """List the guards of Layer 0."""
    base = base_of(model.structure)
    controller = model.structure.resolved.controllers.get(base or "")
    entries = controller.entries if controller else ()
    return tuple(
        _guard(model, entry, link)
        for entry in entries
        for link in entry.links
        if entry.task.law == "guard" and link.port is not None
    )


def _guard(model: Transformer, entry: ResolvedEntry, link: ResolvedLink) -> PlacedGuard:
    task = entry.task
    asked = next(other for other in model.structure.resolved.links if other.received == task.reads[-1].signal)
    assert link.port and asked.received and asked.port and task.safe is not None
    action = network_output(link.port)
    low, high = _limits(model, task, link)
    veto = task.result[1].signal if len(task.result) > 1 else None
    columns, safe = model.names.output_signals[action], task.domain.encode(task.safe)
    return PlacedGuard(
        entry, link, action, columns, written_port(asked), asked.received, asked.id.name, asked.id.sender or "", safe,
        task.safe, low, high, veto,
    )  # fmt: skip


def _limits(model: Transformer, task: LawInstance, link: ResolvedLink) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest result [width] of the last circuit, with the gap at its ends and no veto."""
    w, names, dims = model.effective_weights.numpy(), model.names, range(model.weights.sizes["d_head"])
    place = next(place for place in model.layout if place.writes == link.port)
    before = next(place for place in model.layout if place.writes == task.result[0].signal)
    (_, width, *_), (_, bias, out, _) = (
        [entry.values(w)[0] for entry in entries_of(one, names, dims)] for one in (before, place)
    )
    reads = names.find(task.result[0].signal)
    width = width[: len(reads)]
    into = neuron_entries(place.layer, place.components, reads, ()).into.values(w)[0]
    ends = [np.maximum(gap @ into + bias, 0).astype(np.float32) @ out for gap in (width, np.zeros_like(width))]
    return ends[0], ends[1]


def unguarded(model: Transformer) -> tuple[Signal, ...]:
    """List the outputs that no guard of Layer 0 gates."""
    gated = {guard.action for guard in guards_of(model)}
    return tuple(signal for signal in model.names.output_signals if signal not in gated)
