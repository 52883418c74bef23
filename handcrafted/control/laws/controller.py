"""A whole controller by its laws: what it believes, what it decides, what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.intended import written_port
from handcrafted.control.laws import choosing, linear, logic, moving, switching, tables
from handcrafted.control.laws.given import Answer, Given, LawFunction
from handcrafted.control.resolved import ResolvedController, ResolvedEntry, ResolvedVariable, Task

Values = Mapping[Signal, np.ndarray]
"""Signals' coordinates, each [..., width]."""

LAW_FUNCTIONS: dict[str | None, LawFunction] = {
    None: linear.linear,
    "absolute value": linear.absolute_value,
    "and": logic.conjunction,
    "argmin": choosing.argmin,
    "comparator": switching.comparator,
    "constant": linear.constant,
    "dead band": linear.dead_band,
    "decision table": tables.decision_table,
    "delay": moving.delay,
    "difference": moving.difference,
    "finite state": choosing.finite_state,
    "gate": logic.gate,
    "guard": logic.guard,
    "hysteresis": switching.hysteresis,
    "integrator": moving.integrator,
    "k of n": logic.k_of_n,
    "latch": moving.latch,
    "linear": linear.linear,
    "lookahead": choosing.lookahead,
    "lookup": choosing.lookup,
    "maximum": linear.maximum,
    "median": linear.median,
    "minimum": linear.minimum,
    "moving average": moving.moving_average,
    "multiplexer": logic.multiplexer,
    "observer": moving.observer,
    "or": logic.disjunction,
    "pid": moving.pid,
    "rate limiter": moving.rate_limiter,
    "relay": switching.relay,
    "saturation": moving.saturation,
    "timer": moving.timer,
    "veto": logic.veto,
    "watchdog": moving.watchdog,
    "xor": logic.exclusive,
}
"""Every law."""


def answer(task: Task, domain: Domain, now: Values, ago: Callable[[int], Values]) -> Answer:
    """Work out one law from the values of signals now and some steps ago."""
    at = lambda values: _together(tuple(values[read.signal] for read in task.reads))
    state = now[task.memory.signal] if task.memory else None
    return LAW_FUNCTIONS[task.law](task, Given(at(now), lambda steps: at(ago(steps)), state), domain)


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
    """Give one variable and its state after the step."""
    if variable.copies:
        return {variable.signal: now[variable.task.reads[0].signal]}
    result, state = answer(variable.task, variable.domain, now, ago)
    return {variable.signal: result, **_remembered(variable.task, state)}


def decide(entry: ResolvedEntry, now: Values, ago: Callable[[int], Values]) -> dict[Signal, np.ndarray]:
    """Give what a decision writes to the port of each of its links [..., width], and its state after the step."""
    found = {}
    for link in entry.links:
        result, state = answer(entry.task, link.domain, now, ago)
        found.update({written_port(link): result, **_remembered(entry.task, state)})
    return found


def _remembered(task: Task, state: np.ndarray | None) -> dict[Signal, np.ndarray]:
    return {task.memory.next: state} if task.memory and state is not None else {}
