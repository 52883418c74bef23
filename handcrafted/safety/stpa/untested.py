"""Rules that nothing was put to the test of, each with the reason: what was not tested is not said to hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handcrafted.control.stpa import BY_CONTEXT, UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.rollout.trace import Trace
from handcrafted.safety.stpa.actions import Action, actions_of
from handcrafted.safety.stpa.issued import Run
from handcrafted.safety.stpa.timing import holds
from handcrafted.safety.stpa.verdicts import StpaVerdicts


@dataclass(frozen=True)
class Untested:
    """A rule that was not put to the test.

    Attributes:
        reason: why not, as half a sentence.
    """

    rule: UnsafeControlAction
    reason: str

    def __str__(self) -> str:
        return f"{self.rule.id} was not put to the test: {self.reason}"


def unstated(structure: ControlStructure, action: Action) -> str:
    """Say what of an action nobody states: its law, or that of a belief that its decision reads; else nothing."""
    if (action.by, action.name) in structure.unstated:
        return f"nobody states by which law {action.by} decides {action.name}"
    for entry in structure.resolved.controllers[action.by].entries:
        if entry.name == action.name:
            for belief in entry.reads:
                if belief.task.law is None and belief.reads and not belief.copies:
                    return f"nobody states by which law {action.by} comes to believe {belief.name}"
    return ""


def untested_contexts(verdicts: StpaVerdicts, run: Run | None, why: str) -> Iterator[Untested]:
    """Return the rules about contexts of which no run says anything.

    Args:
        verdicts: what rules say of the contexts of an action.
        run: what the network does; None where it says nothing about this action.
        why: it does not.
    """
    ended = None if run is None else run.counts()[0] > 0
    for rule, matches in zip(verdicts.rules, verdicts.matches, strict=True):
        if ended is None:
            yield Untested(rule, why)
        elif rule.type in BY_CONTEXT and not np.any(matches & ended):
            yield Untested(rule, "its context never comes up, whatever the network is given")


def untested_otherwise(structure: ControlStructure, trace: Trace | None) -> Iterator[Untested]:
    """Return the rules in words alone, and those about the order of steps of which no trace says anything.

    Of the latter those are left out that are about a law that nobody states.

    Args:
        structure: whose rules.
        trace: of the closed loop; None where no process moves.
    """
    actions = {(action.by, action.name): action for action in actions_of(structure)}
    for rule in structure.unsafe_control_actions:
        action = actions.get((rule.by, rule.action))
        if not rule.formal:
            yield Untested(rule, "it stands in words alone; state its `context` to have it tested")
            continue
        if rule.type in BY_CONTEXT or action is None or unstated(structure, action):
            continue
        if trace is None:
            yield Untested(rule, "no process has dynamics, so that no order of steps comes about")
        elif not action.outputs:
            yield Untested(rule, f"{rule.action} goes to controllers alone, and is on no trace")
        elif not holds(trace, rule.context).any():
            yield Untested(rule, f"its context did not come up in {trace.runs} runs of {trace.steps} steps")
