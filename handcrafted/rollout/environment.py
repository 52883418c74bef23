"""What lies outside the network: which process gives which measurement, and which action reaches which process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from handcrafted.control.domain import Domain, Value
from handcrafted.control.graph import INPUT, Signal, grouped
from handcrafted.control.library import jax, jnp
from handcrafted.control.numbers import as_numbers
from handcrafted.control.resolved import ResolvedLink
from handcrafted.control.signal_graph import network_input, network_output
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.rules_of_processes import MAX_HANDED
from handcrafted.plants.plant import Array, Plant, Process
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import clipped, listed

STATE, DISTURBANCE = "state", "disturbance"
"""Roles of the true state of a process, and of what disturbs it."""

PlainFunction = Callable[..., Mapping]
"""A process in Python: `(state, actions) -> state` or `(state, actions, disturbance) -> state`, dictionaries of named
arrays; what the state calls by the name of a feedback is what that feedback measures."""


class External(NamedTuple):
    """A signal that no process gives: it is set from outside, and else stays at its initial value."""

    signal: Signal
    domain: Domain
    initial: Value


class InputSource(NamedTuple):
    """Where a signal outside the network comes from: a process, an output of the network, or outside everything."""

    kind: str
    signal: Signal
    discrete: bool = False


PROCESS, ACTION, EXTERNAL = "process", "action", "external"


@dataclass(frozen=True, eq=False)
class Environment:
    """Everything outside the network.

    Attributes:
        processes: by component.
        measurements: for each input of the network, where it comes from.
        actions: for each process, for each of its inputs, all the sources that are added up.
        externals: the signals that are set from outside, in order.
    """

    processes: Mapping[str, Process]
    measurements: Mapping[Signal, InputSource]
    actions: Mapping[str, Mapping[str, tuple[InputSource, ...]]]
    externals: tuple[External, ...]


Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Names and shapes of a state."""


Functions = tuple[tuple[str, PlainFunction, Shapes], ...]
"""For each component that a Python function stands in for: its name, the function, its state."""


def world_of(structure: ControlStructure, functions: Functions = ()) -> Environment:
    """Wire the outside of a structure; what is the same outside gives the same object, which is compiled once.

    Args:
        structure: whose processes, sensors and actuators are meant.
        functions: Python functions that stand in for components.

    Raises:
        HandcraftedError: if components hand a signal round in a ring.
    """
    dynamics = tuple((name, component.dynamics) for name, component in structure.components.items())
    return _world(structure.resolved.links, dynamics, structure.time_step.value, functions)


@lru_cache(maxsize=64)
def _world(
    links: tuple[ResolvedLink, ...],
    dynamics: tuple[tuple[str, Plant | None], ...],
    time_step: float,
    functions: Functions,
) -> Environment:
    return _Wiring(links, dynamics, time_step, functions).world()


class _Wiring:
    """Follows the arrows outside the network from where a signal is needed to where it is made."""

    def __init__(
        self,
        links: tuple[ResolvedLink, ...],
        dynamics: tuple[tuple[str, Plant | None], ...],
        time_step: float,
        functions: Functions,
    ):
        self.links = links
        self.arriving = grouped(links, lambda link: link.id.receiver)
        self.processes: dict[str, Process] = {}
        plain = {name: _from_function(function, state) for name, function, state in functions}
        for name, own in dynamics:
            if name in plain:
                self.processes[name] = plain[name]
            elif own is not None:
                domains = {link.id.name: link.domain for link in self._arriving(name)}
                self.processes[name] = own.process(time_step, domains)
        self.externals: dict[Signal, External] = {}
        self.gives = {name: set(process.observe(process.initial)) for name, process in self.processes.items()}

    def world(self) -> Environment:
        measured: dict[Signal, InputSource] = {}
        for link in self.links:
            if link.received_by_controller and not link.sent_by_controller and link.port:
                measured.setdefault(network_input(link.port), self._source(link, ()))
        actions = {name: self._inputs(name) for name in self.processes}
        return Environment(self.processes, measured, actions, tuple(self.externals.values()))

    def _arriving(self, name: str) -> list[ResolvedLink]:
        return self.arriving.get(name, [])

    def _inputs(self, name: str) -> dict[str, tuple[InputSource, ...]]:
        found: dict[str, tuple[InputSource, ...]] = {}
        for link in self._arriving(name):
            found[link.id.name] = (*found.get(link.id.name, ()), self._source(link, ()))
        return found

    def _source(self, link: ResolvedLink, seen: tuple[str, ...]) -> InputSource:
        """Return where a link's signal is made; components without dynamics pass on what they get of the same name."""
        sender, name = link.id.sender, link.id.name
        if link.sent_by_controller and link.port:
            return InputSource(ACTION, network_output(link.port))
        if link.declared:
            return self._of(link)
        if sender in self.processes and name in self.gives[sender]:
            return InputSource(PROCESS, Signal(sender, STATE, name))
        if sender in seen:
            ring = listed([*seen[seen.index(sender) :], sender], " -> ")
            raise HandcraftedError(
                f"Expected a process somewhere in the ring {ring}, which hands {name} round without anybody making it. "
                "Give one of these components dynamics."
            )
        if len(seen) > MAX_HANDED:
            raise HandcraftedError(
                f"Expected {name} to be handed on at most {MAX_HANDED} times before {seen[0]}, got more. Shorten it."
            )
        same = [other for other in self._arriving(sender) if other.id.name == name] if sender else []
        if sender and sender not in self.processes and len(same) == 1:
            return self._source(same[0], (*seen, sender))
        return self._outside(Signal(sender or "", INPUT, name), link)

    def _of(self, link: ResolvedLink) -> InputSource:
        """Return where the variable is made of which a sensor is declared to be a reading."""
        owner, name = link.carries
        if owner in self.processes and name in self.gives[owner]:
            return InputSource(PROCESS, Signal(owner, STATE, name))
        return self._outside(Signal(owner, INPUT, name), link)

    def _outside(self, signal: Signal, link: ResolvedLink) -> InputSource:
        self.externals.setdefault(signal, External(signal, link.domain, link.initial))
        return InputSource(EXTERNAL, signal, link.domain.discrete)


def _from_function(function: PlainFunction, state: tuple[tuple[str, tuple[int, ...]], ...]) -> Process:
    """Wrap a Python function; its state is known by name and shape, its values are given to each run."""
    disturbed = fits(function, 3)

    def advance(now: Mapping, inputs: Mapping, disturbance: Array) -> Mapping:
        new = _called(function, dict(now), dict(inputs), *((disturbance,) if disturbed else ()))
        if not isinstance(new, Mapping) or set(new) != set(now):
            got = (listed(map(str, new)) or "nothing") if isinstance(new, Mapping) else type(new).__name__
            raise HandcraftedError(
                f"Expected {_name(function)} to give the state {listed(now)}, got {got}. "
                "Return a dictionary with the same names."
            )
        return {name: _state(function, name, new[name], np.shape(now[name])) for name in now}

    return Process({name: np.zeros(shape, np.float32) for name, shape in state}, advance)


def fits(function: PlainFunction, count: int) -> bool:
    """Whether a function can be called with so many arguments."""
    try:
        signature(function).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _called(function: PlainFunction, now: Mapping, inputs: Mapping, *disturbance: Array) -> Any:
    """Call a user's function while it is traced.

    Raises:
        HandcraftedError: if it cannot be traced, or fails.
    """
    try:
        return function(now, inputs, *disturbance)
    except HandcraftedError:
        raise
    except jax.errors.JAXTypeError as error:
        raise HandcraftedError(
            f"Expected {_name(function)} to be written with `jax.numpy`, for its values are traced, got "
            f"{type(error).__name__}: it decides or converts by their numbers. Use `jnp.where` in place of `if`, and "
            "no `float` or `numpy` on them."
        ) from error
    except Exception as error:
        raise HandcraftedError(
            f"Expected {_name(function)} to give the next state from the states {listed(now)} and the actions "
            f"{listed(inputs) or 'none'}, got {type(error).__name__}: {clipped(str(error))}. Mend it."
        ) from error


def _state(function: PlainFunction, name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Check one state that a function gives."""
    array = jnp.asarray(as_numbers(f"the state {name} that {_name(function)} gives", value))
    if array.shape != shape:
        raise HandcraftedError(
            f"Expected {_name(function)} to give {name} of the shape {shape} that it starts with, got {array.shape}. "
            "Keep the shape, or start with another."
        )
    return array


def _name(function: PlainFunction) -> str:
    return clipped(getattr(function, "__name__", type(function).__name__))
