"""Interventions by name: zero, noise, patch, swap and hold, on a subspace, a component or a single edge.

A place is a `Signal` (a subspace; or an input or output of the network), a component's short name such as `L0H1`,
or an edge: a pair (writer, reader) of components. A place that does not exist raises; nothing is ever skipped silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.control.numbers import as_numbers, must_have_axes, real, whole
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import contribution
from handcrafted.model.component_ref import CARRY, HEAD, NEURON, ComponentRef, find_component
from handcrafted.model.edit import Edit, no_edit
from handcrafted.model.half_layer import checked_window
from handcrafted.model.names import Names
from handcrafted.model.run import is_small, run
from handcrafted.model.weights import Weights, check_shapes
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.letters import shown

Place = Signal | str | tuple[Signal | str, Signal | str]


@dataclass(frozen=True)
class Zero:
    """Set the place's value to zero."""

    where: Place

    def new(self, value: np.ndarray, other: np.ndarray | None) -> np.ndarray:
        """Return zeros in the shape of the value."""
        return np.zeros_like(value)


@dataclass(frozen=True)
class Noise:
    """Add Gaussian noise of a given standard deviation to the place's value."""

    where: Place
    scale: float = 1.0
    seed: int = 0

    def new(self, value: np.ndarray, other: np.ndarray | None) -> np.ndarray:
        """Return the value with noise on it."""
        noise = np.random.default_rng(self.seed).normal(0.0, self.scale, value.shape)
        return value + noise.astype(np.float32)


@dataclass(frozen=True)
class Patch:
    """Return the place the value that it has on other inputs [batch, time, n_in]."""

    where: Place
    inputs: Any

    def new(self, value: np.ndarray, other: np.ndarray | None) -> np.ndarray:
        """Return the other run's value."""
        assert other is not None
        return other


@dataclass(frozen=True)
class Swap:
    """Exchange the place's value between the runs of a batch: run i gets the value of run order[i]."""

    where: Place
    order: Sequence[int]

    def new(self, value: np.ndarray, other: np.ndarray | None) -> np.ndarray:
        """Return the values in the new order."""
        return value[np.asarray(self.order)]


@dataclass(frozen=True)
class Hold:
    """Hold the place at given values, which broadcast against [batch, time, width]."""

    where: Place
    values: Any

    def new(self, value: np.ndarray, other: np.ndarray | None) -> np.ndarray:
        """Return the values to hold."""
        held = np.asarray(as_numbers("the values to hold", self.values))
        try:
            return np.broadcast_to(held, value.shape)
        except ValueError:
            raise HandcraftedError(
                f"Expected values to hold that spread over [batch, time, width] = {value.shape}, got the shape "
                f"{held.shape}. Give one per coordinate, or as many as there are steps and runs too."
            ) from None


Intervention = Zero | Noise | Patch | Swap | Hold


def intervene(
    weights: Weights,
    names: Names,
    inputs: Any,
    *interventions: Intervention,
    window: int = WINDOW,
    carries: Any = None,
    wanted: tuple[str, ...] | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Run a batch under interventions.

    Args:
        weights: effective weights.
        names: the names of the coordinates.
        inputs: [batch, time, n_in].
        interventions: what to change; all act in the same run, each with values from the undisturbed run.
        window: how many steps a head sees.
        carries: what the recurrence gives each step [batch, time, d_model]; None lets it run.
        wanted: which activations are asked for; None asks for all.

    Returns:
        Outputs [batch, time, n_out] and activations.

    Raises:
        HandcraftedError: if a place matches nothing, or an intervention does not fit the batch.
    """
    weights, inputs = check_shapes(weights).numpy(), _runs("the inputs", inputs, weights)
    must_be(names, Names, "names, such as `model.names`")
    for intervention in interventions:
        _check_batch(intervention, inputs, weights)
    if carries is not None:
        sizes = {**weights.sizes, "batch": inputs.shape[0], "time": inputs.shape[1]}
        must_have_axes("carries", as_numbers("carries", carries), sizes, ("batch", "time", "d_model"))
    clean = _Run(weights, names, inputs, window, carries)
    batch, time = inputs.shape[:2]
    parts = _Parts(weights, batch, time)
    for intervention in interventions:
        other = _Run(weights, names, intervention.inputs, window) if isinstance(intervention, Patch) else None
        inputs = _apply(intervention, clean, other, parts, inputs)
    fed = None if carries is None else np.asarray(carries, np.float32)
    return run(weights, inputs, fed, checked_window(window), parts.edit(is_small(weights)), wanted=wanted)


class _Parts:
    """The parts of an edit of a batch of runs, each made where it is first asked for."""

    def __init__(self, weights: Weights, batch: int, time: int):
        self.nothing, self.batch, self.time = no_edit(weights), batch, time
        self.made: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in Edit._fields:
            raise AttributeError(name)
        if name not in self.made:
            one = Edit(**{name: getattr(self.nothing, name)})
            spread = lambda array, axes: np.repeat(np.repeat(array[None], self.batch, 0), self.time, 1)
            self.made[name] = getattr(one.mapped(spread), name)
        return self.made[name]

    def edit(self, sparse: bool) -> Edit:
        """Return the edit, with the parts that change something, or with all: those compile once."""
        return Edit(**self.made) if sparse else Edit(*(getattr(self, name) for name in Edit._fields))


def _runs(what: str, inputs: Any, weights: Weights) -> np.ndarray:
    """Return inputs of a batch of runs [batch, time, n_in]."""
    array = np.asarray(as_numbers(what, inputs))
    must_have_axes(what, array, weights.sizes, ("batch", "time", "n_in"))
    return array


def _check_batch(intervention: Intervention, inputs: np.ndarray, weights: Weights) -> None:
    """Check that what is to be changed fits the batch."""
    must_be(intervention, Intervention, "an intervention: Zero, Noise, Patch, Swap or Hold")
    batch = len(inputs)
    match intervention:
        case Swap(_, order):
            listed = list(order) if isinstance(order, Sequence | np.ndarray) else [order]
            if not all(isinstance(run, int | np.integer) and 0 <= run < batch for run in listed):
                raise HandcraftedError(
                    f"Expected an order of the runs 0 to {batch - 1}, got {shown(order)}. Use these."
                )
            if len(listed) != batch:
                raise HandcraftedError(f"Expected an order of {batch} runs, got {len(listed)}. Give one per run.")
        case Patch(_, other):
            given = _runs("what is patched from", other, weights)
            if len(given) != batch:
                raise HandcraftedError(f"Expected {batch} runs to patch from, got {len(given)}. Give as many.")
            must_have_axes("what is patched from", given, {"time": inputs.shape[1]}, ("batch", "time", "n_in"))
        case Noise(_, scale, seed):
            real("the scale of noise", scale, 0.0)
            whole("a whole number as a seed", seed)
        case Hold(_, values):
            as_numbers("the values to hold", values)
        case _:
            return


class _Run:
    """An undisturbed run, asked for the values of places; where nobody asks, it does not take place."""

    def __init__(self, weights: Weights, names: Names, inputs: Any, window: int, carries: Any = None):
        self.weights, self.names, self.window = weights, names, window
        self.inputs = np.asarray(inputs, np.float32)
        self.carries = None if carries is None else np.asarray(carries, np.float32)

    @cached_property
    def seen(self) -> dict[str, np.ndarray]:
        """The activations."""
        return run(self.weights, self.inputs, self.carries, self.window)[1]

    def value(self, where: Place) -> np.ndarray:
        """Return the value of a place, time on the second axis."""
        if isinstance(where, tuple) and not isinstance(where, Signal):
            writer = find_component(where[0], self.weights, self.names)
            return contribution(writer, self.weights, self.names, self.inputs, self.seen)
        if isinstance(where, Signal) and where.role not in (INPUT, OUTPUT):
            return self.seen["final"][..., self.names.find(where)]
        component = find_component(where, self.weights, self.names)
        if component.kind == INPUT:
            return self.inputs[..., list(self.names.input_signals.values())[component.index]]
        if component.kind == OUTPUT:
            raise HandcraftedError(f"Expected a place that something reads, got the output {where}. Nothing reads it.")
        key = {HEAD: "z", NEURON: "post", CARRY: "carry"}[component.kind]
        return self.seen[key] if key == CARRY else self.seen[key][:, :, component.layer, component.index]


def _apply(change: Intervention, clean: _Run, other: _Run | None, edit: _Parts, inputs: np.ndarray) -> np.ndarray:
    """Write one intervention into the edit's arrays, and give the inputs, changed if they are its place."""
    where = change.where
    if isinstance(change, Hold) and isinstance(where, Signal) and where.role not in (INPUT, OUTPUT):
        value = np.zeros((*inputs.shape[:2], len(clean.names.find(where))), np.float32)  # what is held is not asked for
    else:
        value = clean.value(where)
    new = change.new(value, other.value(where) if other else None)
    if isinstance(where, tuple) and not isinstance(where, Signal):
        edit.edge.delta[:] += new - value
        select_reader(edit, find_component(where[1], clean.weights, clean.names), clean.names)
    elif isinstance(where, Signal) and where.role not in (INPUT, OUTPUT):
        _pin(edit, clean.names.find(where), new)
    else:
        inputs = _set_component(edit, find_component(where, clean.weights, clean.names), new, inputs, clean.names)
    return inputs


def _pin(edit: _Parts, positions: np.ndarray, new: np.ndarray) -> None:
    edit.embed.keep[..., positions] = 0
    edit.embed.add[..., positions] = new
    for touch in (edit.mid, edit.post):
        touch.keep[..., positions] = 0
        touch.add[..., positions] = new[:, :, None]


def _set_component(
    edit: _Parts, component: ComponentRef, new: np.ndarray, inputs: np.ndarray, names: Names
) -> np.ndarray:
    at = (slice(None), slice(None), component.layer, component.index)
    if component.kind == HEAD:
        edit.heads.keep[at], edit.heads.add[at] = 0, new
    elif component.kind == NEURON:
        edit.neurons.keep[at], edit.neurons.add[at] = 0, new
    elif component.kind == INPUT:
        inputs = inputs.copy()
        inputs[..., list(names.input_signals.values())[component.index]] = new
    else:
        raise HandcraftedError(
            "Expected a head, neuron, input, subspace or edge, got the carry. Name the carried subspace."
        )
    return inputs


def select_reader(edit: Edit | _Parts, reader: ComponentRef, names: Names) -> None:
    """Mark in an edit which reader sees the edge's change.

    Raises:
        HandcraftedError: if the component does not read from the residual stream.
    """
    at = (..., reader.layer, reader.index)
    if reader.kind == HEAD:
        edit.edge.heads[at] = 1
    elif reader.kind == NEURON:
        edit.edge.neurons[at] = 1
    elif reader.kind == OUTPUT:
        edit.edge.outputs[..., list(names.output_signals.values())[reader.index]] = 1
    elif reader.kind == CARRY:
        edit.edge.carry[...] = 1
    else:
        raise HandcraftedError(f"Expected a component that reads, got {reader}. An input only writes.")
