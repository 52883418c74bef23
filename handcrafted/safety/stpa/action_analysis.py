"""What was found of one control action: which rules the network breaks, which only from a false belief, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handcrafted.components.minimise import Box
from handcrafted.control.stpa import BY_CONTEXT, UnsafeControlAction
from handcrafted.safety.stpa.actions import Action
from handcrafted.safety.stpa.contexts import Contexts, box_of, merged
from handcrafted.safety.stpa.forced import Forced
from handcrafted.safety.stpa.issued import Run
from handcrafted.safety.stpa.untested import Untested
from handcrafted.safety.stpa.verdicts import StpaVerdicts, box_text, duty_text, unsafe_text


@dataclass(frozen=True)
class Arising:
    """A rule that the network breaks in a context.

    Attributes:
        always: whether in all runs that end there, or in some.
    """

    rule: UnsafeControlAction
    context: int
    always: bool


@dataclass(frozen=True)
class FalseBelief:
    """A rule that is broken only because something else is believed than what is true.

    Attributes:
        variable: of the true state, whose feedback is stuck.
        reading: which of several readings of it is stuck; empty where there is one.
        believed: the number of the cell that is believed.
        contexts: the true contexts in which the rule is then broken, and is not where the truth is believed.
    """

    rule: UnsafeControlAction
    variable: str
    believed: int
    contexts: tuple[int, ...]
    reading: str = ""


@dataclass(frozen=True)
class Disagreement:
    """A context in which rules and simulation say different things of a hazard.

    Attributes:
        kind: what is so: the rules see a hazard that does not come about, or one comes about that the rules call
            harmless, or of which they say nothing.
    """

    context: int
    type: str
    hazard: str
    kind: str


@dataclass(frozen=True)
class ActionAnalysis:
    """What was found of one control action.

    Attributes:
        forced: what forcing and withholding it did; None where nothing could be tried.
        run: what the network does; None where nobody states what it is to do.
        rules: all rules about it, in words or with a context.
        untested: the rules about contexts that were not put to the test.
    """

    contexts: Contexts
    verdicts: StpaVerdicts
    forced: Forced | None
    run: Run | None
    rules: tuple[UnsafeControlAction, ...] = ()
    untested: tuple[Untested, ...] = ()

    @property
    def action(self) -> Action:
        """The action."""
        return self.contexts.action

    def rows(self, type: str) -> list[Box]:
        """Merge the contexts that rules of a type call hazardous into few rows."""
        return merged(self.contexts, self.verdicts.hazardous(type))

    def text(self, box: Box) -> str:
        """Say a merged row in words."""
        return box_text(self.contexts.axes, box)

    @cached_property
    def arising(self) -> tuple[Arising, ...]:
        """The rules that the network breaks, context by context."""
        return tuple(self._arising())

    def _arising(self) -> Iterator[Arising]:
        for rule, matches in zip(self.verdicts.rules, self.verdicts.matches, strict=True):
            if rule.type in BY_CONTEXT and self.run is not None:
                runs, bad = self.run.bad(rule.type, rule.amount)
                for row in np.flatnonzero(matches & (bad > 0)):
                    yield Arising(rule, int(row), bool(bad[row] == runs[row]))

    @cached_property
    def false_beliefs(self) -> tuple[FalseBelief, ...]:
        """The rules that are broken once one feedback is stuck, in contexts where they are kept when it is not."""
        return tuple(self._false_beliefs())

    def _false_beliefs(self) -> Iterator[FalseBelief]:
        for rule, matches in zip(self.verdicts.rules, self.verdicts.matches, strict=True):
            if rule.type in BY_CONTEXT and self.run is not None:
                bad = self.run.bad(rule.type, rule.amount)[1] > 0
                true = self.run.rows[matches[self.run.rows] & ~bad[self.run.rows]]
                number = {axis.name: at for at, axis in enumerate(self.contexts.axes)}
                several = {one.axis for one in self.run.stuck}
                for one in self.run.stuck:
                    lied = self.run.bad(rule.type, rule.amount, one.values)[1] > 0
                    found = true[lied[true] & (self.contexts.rows[true, number[one.axis]] != one.cell)]
                    if found.size:
                        yield FalseBelief(rule, one.axis, one.cell, tuple(map(int, found)), one.reading)
                for at, axis in enumerate(self.contexts.axes):
                    kept = axis.name not in several and self.run.believed[axis.name]
                    for cell in range(len(axis.cells) if kept else 0):
                        told = self.contexts.rows[true].copy()
                        lies, told[:, at] = told[:, at] != cell, cell
                        seen = self.contexts.number_of(told)
                        found = true[lies & (seen >= 0) & bad[seen]]
                        if found.size:
                            yield FalseBelief(rule, axis.name, cell, tuple(map(int, found)))

    @cached_property
    def misread(self) -> tuple[tuple[int, str, int], ...]:
        """Contexts in which something else is believed than intact feedback says, with the variable and its cell."""
        found: set[tuple[int, str, int]] = set()
        if (done := self.run) is None:
            return ()
        for at, axis in enumerate(self.contexts.axes):
            true = self.contexts.rows[np.maximum(done.context, 0), at]
            for believed in done.believed[axis.name].values():
                for run in np.flatnonzero((done.context >= 0) & (believed != true)):
                    found.add((int(done.context[run]), axis.name, int(believed[run])))
        return tuple(sorted(found))

    @cached_property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Where rules and simulation differ, for hazards that state a condition."""
        return tuple(self._disagreements())

    def _disagreements(self) -> Iterator[Disagreement]:
        if self.forced is None:
            return
        for place, row in enumerate(map(int, self.forced.rows)):
            for type in BY_CONTEXT:
                said = self.verdicts.hazards(type, row)
                for k, hazard in enumerate(self.forced.hazards):
                    came = bool(self.forced.found(type)[place, k])
                    if self.forced.already[place, k] or came == (hazard in said):
                        continue
                    if not came:
                        yield Disagreement(row, type, hazard, "rules see it, simulation does not")
                    else:
                        silent = self.verdicts.uncovered(type)[row]
                        said_so = "no rule says anything" if silent else "rules do not see it"
                        yield Disagreement(row, type, hazard, f"simulation sees it, {said_so}")

    def worded(self) -> Iterator[tuple[UnsafeControlAction, str, str]]:
        """Return each rule whose context is stated with its unsafe control action and its constraint in words."""
        for rule in self.verdicts.rules:
            context = condition_text(self.contexts, rule)
            yield (
                rule,
                unsafe_text(self.action, rule.type, context, rule.hazards, rule.amount),
                duty_text(self.action, rule.type, context, rule.amount),
            )


def condition_text(contexts: Contexts, rule: UnsafeControlAction) -> str:
    """Say the context of a rule in words, row by row."""
    return ", or ".join(box_text(contexts.axes, box) for box in box_of(contexts, rule.context)) or "never"
