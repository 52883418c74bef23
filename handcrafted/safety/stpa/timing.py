"""Unsafe control actions on traces: contexts and actions step by step, with the semantics stated here.

With c the context of a rule over the true state and a the action, both per step, a rule is kept where

- provided: G(c -> not a)
- not provided: G(c -> a)
- too early: G((not c and X c) -> not a)
- too late: (c -> a) at first, and G(not c -> X(c -> a))
- out of order: G((a and not Y a) -> O c), where Y is the step before and O any step until now
- stopped too soon: G((c and a) -> X(not a -> not c))
- applied too long: G((c and a) -> X(not c -> not a))

Source: linear temporal logic over steps (Pnueli 1977), one formula per guide word of STPA. Out of order is ours: the
context is what must have come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.signal_graph import network_input, network_output, written_port
from handcrafted.control.stpa import UnsafeControlAction
from handcrafted.control.true_variable import TrueVariable
from handcrafted.rollout.trace import Trace
from handcrafted.safety.stpa.actions import Test, actions_of
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown


def broken(type: str, context: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Say at which steps [..., time] a rule of a type is broken.

    Args:
        type: of unsafe control action.
        context: whether its context holds [..., time].
        action: whether the action is issued [..., time].
    """
    c, a = np.asarray(context, bool), np.asarray(action, bool)
    before = lambda x: np.concatenate([np.zeros_like(x[..., :1]), x[..., :-1]], axis=-1)
    after = lambda x: np.concatenate([x[..., 1:], np.zeros_like(x[..., :1])], axis=-1)
    was = before(c & a)
    match type:
        case "provided":
            return c & a
        case "not provided":
            return c & ~a
        case "too early":
            return ~c & after(c) & a
        case "too late":
            return c & ~a & ~before(c)
        case "out of order":
            return a & ~before(a) & ~np.logical_or.accumulate(c, axis=-1)
        case "stopped too soon":
            return was & ~a & c
        case "applied too long":
            return was & a & ~c
    raise HandcraftedError(
        f"Expected a type of unsafe control action, got {shown(type)}. Use one that the schema lists."
    )


@dataclass(frozen=True)
class Broken:
    """A rule that was broken on a trace.

    Attributes:
        runs, steps: in how many runs, and in how many steps of all runs.
        run, step: of the first time.
    """

    rule: UnsafeControlAction
    runs: int
    steps: int
    run: int
    step: int

    def __str__(self) -> str:
        return (
            f"{self.rule.id} ({self.rule.by}: {self.rule.action} {self.rule.type}): {self.steps} steps in {self.runs} "
            f"runs, first at step {self.step} of run {self.run}"
        )


def broken_rules(trace: Trace) -> tuple[Broken, ...]:
    """List the rules on unsafe control actions that a trace breaks.

    The context is that of the true state at the step at which the action is decided; the action is what left the
    network then. Actions that go to controllers alone are not on the trace and are left out.

    Raises:
        HandcraftedError: if a rule tests what is on no trace.
    """
    found = []
    for rule, bad in broken_steps(trace):
        bad = bad.reshape(-1, bad.shape[-1])
        if bad.any():
            run, step = np.argwhere(bad)[0]
            found.append(Broken(rule, int(bad.any(axis=1).sum()), int(bad.sum()), int(run), int(step)))
    return tuple(found)


def broken_steps(trace: Trace) -> Iterator[tuple[UnsafeControlAction, np.ndarray]]:
    """Return each rule with the steps [(run,) time] at which it is broken; see `broken_rules`."""
    for action in actions_of(trace.structure):
        for rule in trace.structure.unsafe_control_actions:
            if (rule.by, rule.action) == (action.by, action.name) and action.outputs and rule.formal:
                values = trace.command[action.outputs[0]]
                values = values if action.domain.discrete else values[..., None]
                missed = rule.type in ("not provided", "too late", "stopped too soon")
                done = ~action.withholds(values, rule.amount) if missed else action.provides(values, rule.amount)
                yield rule, broken(rule.type, holds(trace, rule.context), done)


def holds(trace: Trace, condition: Condition | None) -> np.ndarray:
    """Say at which steps [(run,) time] a condition over the true state holds."""
    shape = (trace.runs, trace.steps) if trace.runs else (trace.steps,)
    if condition is None:
        return np.ones(shape, bool)
    rows = [np.all([_passes(trace, name, test) for name, test in row.items()], axis=0) for row in condition]
    return np.broadcast_to(np.any(rows, axis=0), shape)


def _passes(trace: Trace, name: str, test: Test) -> np.ndarray:
    variable = trace.structure.true_state.variable(name)
    found = true_values(trace, variable)
    if found is None:
        raise HandcraftedError(
            f"Expected {variable}, which a rule tests, on the trace, got none. Give it to a process, or measure it."
        )
    values, domain = found
    if isinstance(test, Bounds):
        above = -np.inf if test.above is None else test.above
        below = np.inf if test.below is None else test.below
        return (values > above) & (values < below)
    assert domain is not None
    return np.isin(np.argmax(values, axis=-1), [domain.values.index(word) for word in test])


def true_values(trace: Trace, variable: TrueVariable) -> tuple[np.ndarray, Domain | None] | None:
    """Return what is true of a variable: the process's state, else what was measured, else what was sent or believed.

    Returns:
        Values [(run,) time, …], and the domain of words; None where nothing of it is on the trace.
    """
    links = [link for link in trace.structure.resolved.links if link.carries == variable and link.port]
    carrying = [port for link in links for port in (link.port, written_port(link)) if port]
    for kind in (trace.state, trace.measured, trace.command, trace.believed):
        for signal in kind:
            if (signal.owner, signal.name) == variable or _carried(signal, carrying):
                return kind[signal], _domain(trace, variable)
    return None


def _carried(signal: Signal, ports: Sequence[Signal]) -> bool:
    return any(signal in (port, network_input(port), network_output(port)) for port in ports)


def _domain(trace: Trace, variable: TrueVariable) -> Domain | None:
    """Return the domain of a variable of words."""
    domain = trace.structure.true_state.domains[variable]
    own = (link.domain for link in trace.structure.resolved.links if link.carries == variable)
    return next((one for one in (domain, *own) if one and one.discrete), None)
