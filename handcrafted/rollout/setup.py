"""What a user gives to a run: initial states, signals from outside and disturbances, checked and spread over runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal, signals_by_name
from handcrafted.control.numbers import finite_numbers, whole
from handcrafted.control.vocabulary import ComponentKind
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.rollout.environment import DISTURBANCE, Environment, PlainFunction, Shapes, fits, world_of
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import listed, shown

MAX_RUNS = 100_000_000
"""Runs of one call; more would not fit a usual machine's memory."""

MAX_STEPS = 10_000_000
"""Steps of a run; more would not fit a usual machine's memory."""

Values = Mapping[str, Any] | None
Functions = Mapping[str, PlainFunction]


@dataclass(frozen=True)
class RunSetup:
    """A run, ready to start.

    Attributes:
        world: what lies outside the network.
        runs: how many; None without an axis of runs.
        steps: how many.
        state: first state of each process by name, [run, …].
        moving: signals from outside [run, time, width] and disturbances [run, time].
    """

    world: Environment
    runs: int | None
    steps: int
    state: Mapping[str, Mapping[str, np.ndarray]]
    moving: Mapping[Signal, np.ndarray]


def given(
    structure: ControlStructure,
    process: PlainFunction | Functions | None,
    steps: int,
    initial: Values,
    inputs: Values,
    disturbance: Any,
    seed: int,
    runs: int | None = None,
) -> RunSetup:
    """Check what a user gives and spread it over runs and steps.

    Args:
        structure: whose loop it is.
        process: Python functions in place of declared dynamics.
        steps: how many.
        initial: states of processes.
        inputs: signals from outside.
        disturbance: of processes.
        seed: of what is drawn.
        runs: how many; None takes as many as there are of what is given.

    Raises:
        HandcraftedError: naming what does not fit.
    """
    steps = whole("a whole number of steps", steps, 1, MAX_STEPS)
    for what, values in (("initial states", initial), ("inputs", inputs)):
        must_be(values, Mapping | None, f"a dictionary of {what} by name")
    functions = _functions(structure, process)
    world, state = _states(structure, functions, dict(initial or {}))
    outside = _outside(world, dict(inputs or {}), steps)
    counts = _Runs()
    if runs is not None:
        counts.runs, counts.by = whole("a whole number of runs", runs, 1, MAX_RUNS), "`runs`"
    for name, array in [(n, a) for part in state.values() for n, a in part.items()]:
        counts.add(name, array)
    for signal, array in outside.items():
        counts.add(signal.name, array)
    shocks = _disturbances(world, disturbance, steps, seed, counts)
    count = counts.runs or 1
    spread = lambda array: np.broadcast_to(array, (count, *array.shape[1:]))
    states = {owner: {name: spread(array) for name, array in part.items()} for owner, part in state.items()}
    return RunSetup(world, counts.runs, steps, states, {s: spread(v) for s, v in {**outside, **shocks}.items()})


class _Runs:
    """Counts the runs: whatever has more than one must have the same number."""

    def __init__(self):
        self.runs: int | None = None
        self.by = ""

    def add(self, name: str, array: np.ndarray) -> None:
        count = len(array)
        if count == 1:
            return
        if self.runs not in (None, count):
            raise HandcraftedError(
                f"Expected one number of runs, got {self.runs} for {self.by} and {count} for {name}. "
                "Give as many to both."
            )
        self.runs, self.by = count, name


def _functions(structure: ControlStructure, process: PlainFunction | Functions | None) -> dict[str, PlainFunction]:
    """Say which component each Python function stands in for."""
    if process is None:
        return {}
    if isinstance(process, Mapping):
        for name in process:
            _known(name, structure.components, "the name of a component")
        return {name: _function(function) for name, function in process.items()}
    processes = [n for n, c in structure.components.items() if c.kind == ComponentKind.PROCESS]
    if len(processes) != 1:
        raise HandcraftedError(
            f"Expected one process for one function, got {listed(processes) or 'none'}. "
            "Pass a dictionary from component to function."
        )
    return {processes[0]: _function(process)}


def _function(process: PlainFunction) -> PlainFunction:
    """Check that a process is a function of state and actions, and perhaps a disturbance."""
    if (
        not isinstance(process, Callable)
        or not isinstance(process, Hashable)
        or not (fits(process, 2) or fits(process, 3))
    ):
        raise HandcraftedError(
            f"Expected a process as a function of (state, actions) or (state, actions, disturbance), got "
            f"{shown(process)}. Write one that gives the next state."
        )
    return process


def _known(name: str, known: Iterable[str], what: str) -> str:
    if not isinstance(name, str) or name not in known:
        raise HandcraftedError(f"Expected {what}, got {shown(name)}.{nearest(str(name), known)}")
    return name


def _states(
    structure: ControlStructure, functions: Functions, initial: dict[str, Any]
) -> tuple[Environment, dict[str, dict[str, np.ndarray]]]:
    """Return the first state of every process [run, …]: what is given, else what is declared."""
    declared = world_of(structure)
    own = {name: {} for name in functions}
    bundled = {name: process for name, process in declared.processes.items() if name not in functions}
    state = {name: {key: value[None] for key, value in process.initial.items()} for name, process in bundled.items()}
    for key, value in initial.items():
        owner, name = _owner_of(str(key), state, own)
        domain = _domain_of(structure, owner, name)
        array = _first_values(key, value, domain)
        if owner in state and array.shape[1:] != state[owner][name].shape[1:]:
            raise HandcraftedError(
                f"Expected the initial {key} of shape {state[owner][name].shape[1:]} per run, got {array.shape[1:]}. "
                "Give a number, or one per run."
            )
        (own if owner in own else state)[owner][name] = array
    for name, values in own.items():
        if not values:
            raise HandcraftedError(
                f"Expected the initial state of {name}, whose process is a Python function, got none. "
                "Pass initial={name: value, …}."
            )
    shapes: dict[str, Shapes] = {o: tuple((n, a.shape[1:]) for n, a in part.items()) for o, part in own.items()}
    world = world_of(structure, tuple((name, f, shapes[name]) for name, f in functions.items()))
    return world, {**state, **own}


def _owner_of(key: str, state: Mapping, own: Mapping) -> tuple[str, str]:
    """Return the process and the name in its state that `name` or `owner.name` means."""
    places = [(owner, name) for owner, part in state.items() for name in part]
    full = [place for place in places if ".".join(place) == key]
    full += [(owner, key[len(owner) + 1 :]) for owner in own if key.startswith(f"{owner}.")]
    short = [place for place in places if place[1] == key]
    if len(full) == 1 or (not full and len(short) == 1 and not own):
        return (full or short)[0]
    if len(own) == 1 and not full and not short:
        return next(iter(own)), key
    names = [*map(".".join, places), *(f"{owner}.{key}" for owner in own)]
    raise HandcraftedError(f"Expected the name of one state of a process, got {shown(key)}.{nearest(key, names)}")


def _domain_of(structure: ControlStructure, owner: str, name: str) -> Domain | None:
    """Return the domain of the feedback that carries a state."""
    links = (link for link in structure.resolved.links if (link.id.sender, link.id.name) == (owner, name))
    return next((link.domain for link in links), None)


def _first_values(key: str, value: Any, domain: Domain | None) -> np.ndarray:
    """Return the first values [run, …] of a state, checked against the range of its feedback."""
    if domain is not None and domain.discrete:
        return np.stack([domain.encode(str(word)) for word in np.atleast_1d(value)])
    array = _numbers(f"the initial {key}", value)
    array = array[None] if array.ndim == 0 else array
    if domain is not None and ((array < domain.low) | (array > domain.high)).any():
        worst = array[(array < domain.low) | (array > domain.high)][0]
        raise HandcraftedError(f"Expected the initial {key} within {domain}, got {worst:g}. Start inside the range.")
    return array


def _numbers(what: str, value: Any) -> np.ndarray:
    """Return finite numbers, one at least."""
    array = finite_numbers(what, value)
    if array.size == 0:
        raise HandcraftedError(f"Expected numbers for {what}, got an array of the shape {array.shape}. Give some.")
    return array


def _outside(world: Environment, inputs: dict[str, Any], steps: int) -> dict[Signal, np.ndarray]:
    """Return the signals from outside [run, time, width]: what is given, else their initial value."""
    of = {external.signal: external for external in world.externals}
    names = {name: of[signal] for name, signal in signals_by_name(of).items()}
    found = {}
    for key, value in inputs.items():
        external = names[_known(key, names, "a signal from outside that no process gives")]
        found[external.signal] = _coordinates(key, value, external.domain, steps)
    for external in world.externals:
        if external.signal not in found:
            found[external.signal] = _coordinates("", external.initial, external.domain, steps)
    return found


def _coordinates(key: str, value: Any, domain: Domain, steps: int) -> np.ndarray:
    if domain.discrete:
        words = np.asarray(value, dtype=str)
        array = np.stack([domain.encode(str(word)) for word in words.ravel()]).reshape(*words.shape, domain.width)
    else:
        array = _numbers(key, value)[..., None]
    return _over_time(key, array, 1, steps)


def _over_time(key: str, array: np.ndarray, inner: int, steps: int) -> np.ndarray:
    """Spread [], [time] or [run, time or 1] with `inner` more axes to [run, time, …]."""
    while array.ndim < 2 + inner:
        array = array[None]
    if array.ndim > 2 + inner or array.shape[1] not in (1, steps):
        raise HandcraftedError(
            f"Expected {key} as a number, [time], [run, 1] or [run, time] with {steps} steps, got the shape "
            f"{array.shape[: array.ndim - inner]}. Give one value per step."
        )
    return np.broadcast_to(array, (len(array), steps, *array.shape[2:]))


def _disturbances(world: Environment, given: Any, steps: int, seed: int, counts: _Runs) -> dict[Signal, np.ndarray]:
    """Return what disturbs each process [run, time]: as given, else drawn from the declared interval."""
    chosen = dict(given) if isinstance(given, Mapping) else {name: given for name in world.processes}
    for name in chosen:
        _known(name, world.processes, "the name of a process")
    found = {}
    for name, value in chosen.items():
        if value is not None:
            what = f"the disturbance of {name}"
            found[name] = _over_time(what, _numbers(what, value), 0, steps)
            counts.add(what, found[name])
    rng = np.random.default_rng(whole("a whole number as a seed", seed))
    for name, process in world.processes.items():
        low, high = process.disturbance or (0.0, 0.0)
        drawn = rng.uniform(low, high, (counts.runs or 1, steps)).astype(np.float32) if high > low else None
        still = np.full((1, steps), low, np.float32)
        found.setdefault(name, still if drawn is None else drawn)
    return {Signal(name, DISTURBANCE, "disturbance"): found[name] for name in world.processes}
