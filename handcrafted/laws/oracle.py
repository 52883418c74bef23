"""The whole structure by its plain laws, one step after the other: what the network's outputs are held against."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import (
    LawInstance,
    Resolved,
    ResolvedController,
    ResolvedEntry,
    ResolvedLink,
    ResolvedVariable,
    next_step,
)
from handcrafted.control.signal_graph import network_input, network_output, written_port
from handcrafted.laws.law import LawInput, LawOutput, law_of

Values = Mapping[Signal, np.ndarray]
"""Signals' coordinates, each [..., width]."""


def answer(task: LawInstance, domain: Domain, now: Values, ago: Callable[[int], Values]) -> LawOutput:
    """Work out one law from the values of signals now and some steps ago."""
    at = lambda values: _together(tuple(values[read.signal] for read in task.reads))
    state = now[task.memory.signal] if task.memory else None
    given = LawInput(at(now), lambda steps: at(ago(steps)), state)
    return law_of(task).evaluate(task, given, domain)


def _together(values: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Spread what is the same in all runs, such as a constant, over the runs of the others."""
    runs = np.broadcast_shapes(*(value.shape[:-1] for value in values))
    return tuple(np.broadcast_to(value, (*runs, value.shape[-1])) for value in values)


def believe(controller: ResolvedController, now: Values, ago: Callable[[int], Values]) -> dict[Signal, np.ndarray]:
    """Update the process model: give each variable [..., width], and each state after the step, from what arrived."""
    found = {}
    for variable in controller.variables:
        found.update(update(variable, now, ago))
    return found


def update(variable: ResolvedVariable, now: Values, ago: Callable[[int], Values]) -> dict[Signal, np.ndarray]:
    """Return one variable and its state after the step."""
    if variable.copies:
        return {variable.signal: now[variable.task.reads[0].signal]}
    result, state = answer(variable.task, variable.domain, now, ago)
    return {variable.signal: result, **_remembered(variable.task, state)}


def decide(entry: ResolvedEntry, now: Values, ago: Callable[[int], Values]) -> dict[Signal, np.ndarray]:
    """Return what a decision writes to the port of each of its links [..., width], and its state after the step."""
    found = {}
    for link in entry.links:
        result, state = answer(entry.task, link.domain, now, ago)
        found.update({written_port(link): result, **_remembered(entry.task, state)})
    return found


def _remembered(task: LawInstance, state: np.ndarray | None) -> dict[Signal, np.ndarray]:
    return {task.memory.next: state} if task.memory and state is not None else {}


HISTORY = 256
"""How many past steps are kept for laws that look back."""

Rule = Callable[["LazySignals"], Mapping[Signal, np.ndarray]]


class LazySignals(dict[Signal, np.ndarray]):
    """The signals of one step; each is worked out when it is first asked for."""

    def __init__(self, rules: Mapping[Signal, Rule], given: Mapping[Signal, np.ndarray]):
        super().__init__(given)
        self.rules = rules

    def __missing__(self, signal: Signal) -> np.ndarray:
        self.update(self.rules[signal](self))
        return self[signal]


class Interpreter:
    """Runs a structure by its laws, without a network.

    Attributes:
        past: the signals of past steps, the newest first; before t = 0 every signal held its initial value.
    """

    def __init__(self, resolved: Resolved):
        self.rules: dict[Signal, Rule] = {}
        self.initial: dict[Signal, np.ndarray] = {}
        self.carried: dict[Signal, Signal] = {}
        self.outputs: list[Signal] = []
        for controller in resolved.controllers.values():
            for variable in controller.variables:
                self.initial[variable.signal] = variable.domain.encode(variable.initial).astype(float)
                rule = lambda now, variable=variable: update(variable, now, self.ago)
                self._set(rule, variable.task, [variable.signal])
            for entry in controller.entries:
                rule = lambda now, entry=entry: decide(entry, now, self.ago)
                self._set(rule, entry.task, [written_port(link) for link in entry.links])
        for link in resolved.links:
            if link.port is not None:
                self._link(link, link.port)
        self.past: deque[Mapping[Signal, np.ndarray]] = deque(maxlen=HISTORY)

    def _link(self, link: ResolvedLink, port: Signal) -> None:
        """Say how a link's port is filled and who copies it."""
        initial = link.domain.encode(link.initial).astype(float)
        self.initial[port] = initial
        if not link.sent_by_controller:
            self.rules[port] = lambda now: {port: now[network_input(port)]}
        elif link.lag:
            self.carried[port] = next_step(port)
            self.initial[next_step(port)] = initial
        if link.received is None:
            self.outputs.append(port)
            return
        received = link.received
        self.initial[received] = initial
        self.rules[received] = lambda now: {received: now[port]}

    def _set(self, rule: Rule, task: LawInstance, results: list[Signal]) -> None:
        """Say how the results of a law, and its state, are worked out."""
        self.rules.update(dict.fromkeys(results, rule))
        if task.memory:
            self.rules[task.memory.next] = rule
            self.carried[task.memory.signal] = task.memory.next
            self.initial[task.memory.next] = task.memory.domain.encode(task.memory.initial).astype(float)

    def ago(self, steps: int) -> Mapping[Signal, np.ndarray]:
        """Return the signals of so many steps ago, as seen from the step that is being worked out."""
        return self.past[steps - 1] if steps <= len(self.past) else self.initial

    def step(self, inputs: Mapping[Signal, np.ndarray]) -> dict[Signal, np.ndarray]:
        """Work out one step.

        Args:
            inputs: the coordinates [..., width] of every network input, by `owner / input / name`.

        Returns:
            The coordinates of every network output.
        """
        before = self.ago(1)
        given = {now: before[next] for now, next in self.carried.items()}
        now = LazySignals(self.rules, {**inputs, **given})
        for signal in self.rules:
            now[signal]
        self.past.appendleft(now)
        return {network_output(port): now[port] for port in self.outputs}
