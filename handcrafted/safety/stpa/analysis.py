"""STPA's third step on a structure and its network: tables, conflicts, gaps, and what the network does about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handcrafted.components.minimise import Box
from handcrafted.control.entries import UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.transformer import Transformer
from handcrafted.safety.stpa.actions import Action, actions_of
from handcrafted.safety.stpa.closed_loop import closed_loop
from handcrafted.safety.stpa.contexts import Contexts, box_of, contexts_of, merged
from handcrafted.safety.stpa.forced import Forced, forced
from handcrafted.safety.stpa.free import freed
from handcrafted.safety.stpa.issued import Run, run_contexts
from handcrafted.safety.stpa.timing import Broken, broken_rules
from handcrafted.safety.stpa.traceability import Break, breaks_of
from handcrafted.safety.stpa.untested import Untested, unstated, untested_contexts, untested_timing
from handcrafted.safety.stpa.verdicts import BY_CONTEXT, StpaVerdicts, box_text, duty_text, unsafe_text, verdicts_of
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import shown
from handcrafted.text.report import progress_bar


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
        variable: whose feedback is stuck.
        believed: the number of the cell that is believed.
        contexts: the true contexts in which the rule is then broken, and is not where the truth is believed.
    """

    rule: UnsafeControlAction
    variable: str
    believed: int
    contexts: tuple[int, ...]


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
        untested: the rules about contexts that were not put to the test.
    """

    contexts: Contexts
    verdicts: StpaVerdicts
    forced: Forced | None
    run: Run | None
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
                for at, axis in enumerate(self.contexts.axes):
                    for cell in range(len(axis.cells) if axis.name in self.run.believed else 0):
                        told = self.contexts.rows[true].copy()
                        lies, told[:, at] = told[:, at] != cell, cell
                        seen = self.contexts.number_of(told)
                        found = true[lies & (seen >= 0) & bad[seen]]
                        if found.size:
                            yield FalseBelief(rule, axis.name, cell, tuple(map(int, found)))

    @cached_property
    def misread(self) -> tuple[tuple[int, str, int], ...]:
        """Contexts in which something else is believed than intact feedback says, with the variable and its cell."""
        found = set()
        for at, axis in enumerate(self.contexts.axes):
            if self.run is not None and (believed := self.run.believed.get(axis.name)) is not None:
                ended = self.run.context >= 0
                true = self.contexts.rows[np.maximum(self.run.context, 0), at]
                for run in np.flatnonzero(ended & (believed != true)):
                    found.add((int(self.run.context[run]), axis.name, int(believed[run])))
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
        """Return each rule with its unsafe control action and its controller constraint in words."""
        for rule in self.verdicts.rules:
            context = condition_text(self.contexts, rule)
            yield (
                rule,
                unsafe_text(self.action, rule.type, context, rule.hazards, rule.amount),
                duty_text(self.action, rule.type, context, rule.amount),
            )


def condition_text(contexts: Contexts, rule: UnsafeControlAction) -> str:
    """Say the context of a rule in words, row by row."""
    return ", or ".join(box_text(contexts.axes, box) for box in box_of(contexts.axes, rule.context)) or "never"


@dataclass(frozen=True, repr=False)
class Analysis:
    """STPA's steps 1 to 3 of a structure and its network.

    Attributes:
        breaks: of traceability.
        actions: one by one.
        broken: rules that closed-loop runs broke, of all types; empty where no process moves.
        runs, steps: how many were looked at.
        untested: the rules that were not put to the test, of all types, with the reasons.
    """

    structure: ControlStructure
    breaks: tuple[Break, ...]
    actions: tuple[ActionAnalysis, ...]
    broken: tuple[Broken, ...]
    runs: int
    steps: int
    untested: tuple[Untested, ...] = ()

    @property
    def tested(self) -> tuple[UnsafeControlAction, ...]:
        """The rules that were put to the test."""
        missing = {one.rule.id for one in self.untested}
        return tuple(rule for rule in self.structure.unsafe_control_actions if rule.id not in missing)

    @property
    def arising(self) -> tuple[Arising, ...]:
        """The rules that the network breaks, of all actions."""
        return tuple(one for action in self.actions for one in action.arising)

    def __repr__(self) -> str:
        rules = len(self.structure.unsafe_control_actions)
        said = f"{len(self.actions)} actions, {rules} rules, {len(self.arising)} broken in some context"
        left = f"; {len(self.untested)} not put to the test" if self.untested else ""
        return f"{self.structure.name}: {said}, {len(self.broken)} in {self.runs} runs of {self.steps} steps{left}"

    def __getitem__(self, name: str) -> ActionAnalysis:
        """Return what was found of the action of that name.

        Raises:
            HandcraftedError: if there is none.
        """
        for one in self.actions:
            if one.action.name == name:
                return one
        names = [one.action.name for one in self.actions]
        raise HandcraftedError(f"Expected the name of an action, got {shown(name)}.{nearest(name, names)}")


def analyse(model: Transformer, *, sample: int | None = None, seed: int = 0, progress: bool = False) -> Analysis:
    """Analyse a structure by its own rules, and its network, as it is in its weights, against them.

    A decision that nobody states is free: it may issue any value of its domain at any step, and rules about it are not
    put to the test, nor are those whose context never comes up; see `Analysis.untested`.

    Source: STPA Handbook (Leveson & Thomas 2018), steps 1 to 3; Thomas 2013, chapter 4.

    Args:
        model: whose weights are run.
        sample: of contexts, where there are more.
        seed: of samples, disturbances and beginnings.
        progress: whether to show a progress bar.

    Raises:
        HandcraftedError: if rules contradict each other, there are more than 10^7 contexts and no sample is asked for,
            or a hazard tests what no process gives.

    Example:
        >>> hc.analyse(hc.assemble(hc.load("heated room")))
        heated room: 1 actions, 4 rules, 0 broken in some context, 0 in 32 runs of 60 steps
    """
    must_be(model, Transformer, "a model, as `hc.assemble` gives it")
    structure, free = model.structure, freed(model)
    with progress_bar(progress) as bar:
        listed = bar.track(actions_of(structure), description=f"{structure.name}: contexts")
        actions = tuple(_of_action(model, free, action, sample, seed) for action in listed)
    trace = closed_loop(free, seed) if structure.unsafe_control_actions else None
    broken = () if trace is None else broken_rules(trace)
    untested = [*(one for action in actions for one in action.untested), *untested_timing(structure, trace)]
    ran = (trace.runs or 1, trace.steps) if trace else (0, 0)
    return Analysis(structure, breaks_of(structure), actions, broken, *ran, _in_order(structure, untested))


def _of_action(model: Transformer, free: Transformer, action: Action, sample: int | None, seed: int) -> ActionAnalysis:
    """Analyse an action of a model, with every other decision that nobody states free."""
    structure = model.structure
    if why := unstated(structure, action):
        contexts = contexts_of(structure, action, sample, seed)
        verdicts, alone = verdicts_of(structure, contexts), structure.unstated <= {(action.by, action.name)}
        tried = forced(model, contexts, seed) if alone else None  # what it would decide itself plays no part
        return ActionAnalysis(contexts, verdicts, tried, None, tuple(untested_contexts(verdicts, None, why)))
    same = next(one for one in actions_of(free.structure) if (one.by, one.name) == (action.by, action.name))
    contexts = contexts_of(free.structure, same, sample, seed)
    verdicts, run = verdicts_of(free.structure, contexts), run_contexts(free, contexts, seed)
    untested = tuple(untested_contexts(verdicts, run, ""))
    return ActionAnalysis(contexts, verdicts, forced(free, contexts, seed), run, untested)


def _in_order(structure: ControlStructure, untested: list[Untested]) -> tuple[Untested, ...]:
    """Return what was not tested in the order in which the file has the rules."""
    order = {rule.id: place for place, rule in enumerate(structure.unsafe_control_actions)}
    return tuple(sorted(untested, key=lambda one: order[one.rule.id]))
