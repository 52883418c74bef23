"""STPA's third step on a structure and its network: tables, conflicts, gaps, and what the network does about them."""

from __future__ import annotations

from dataclasses import dataclass

from handcrafted.control.stpa import UnsafeControlAction
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.transformer import Transformer
from handcrafted.safety.stpa.action_analysis import ActionAnalysis, Arising
from handcrafted.safety.stpa.actions import Action, actions_of
from handcrafted.safety.stpa.assumptions import Unfounded, unfounded
from handcrafted.safety.stpa.closed_loop import closed_loop
from handcrafted.safety.stpa.enumeration import contexts_of
from handcrafted.safety.stpa.forced import forced
from handcrafted.safety.stpa.free import freed
from handcrafted.safety.stpa.issued import run_contexts
from handcrafted.safety.stpa.timing import Broken, broken_rules
from handcrafted.safety.stpa.together import Together, demanded_together
from handcrafted.safety.stpa.traceability import Break, breaks_of
from handcrafted.safety.stpa.untested import Untested, unstated, untested_contexts, untested_otherwise
from handcrafted.safety.stpa.verdicts import verdicts_of
from handcrafted.text.diagnostics import HandcraftedError, must_be, nearest
from handcrafted.text.letters import shown
from handcrafted.text.report import progress_bar


@dataclass(frozen=True, repr=False)
class Analysis:
    """STPA's steps 1 to 3 of a structure and its network.

    Attributes:
        breaks: of traceability.
        actions: one by one.
        broken: rules that closed-loop runs broke, of all types; empty where no process moves.
        runs, steps: how many were looked at.
        untested: the rules that were not put to the test, of all types, with the reasons.
        together: actions of one controller that rules demand in one context.
        unfounded: assumptions that did not hold in closed-loop runs.
    """

    structure: ControlStructure
    breaks: tuple[Break, ...]
    actions: tuple[ActionAnalysis, ...]
    broken: tuple[Broken, ...]
    runs: int
    steps: int
    untested: tuple[Untested, ...] = ()
    together: tuple[Together, ...] = ()
    unfounded: tuple[Unfounded, ...] = ()

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
    untested = [*(one for action in actions for one in action.untested), *untested_otherwise(structure, trace)]
    ran = (trace.runs or 1, trace.steps) if trace else (0, 0)
    return Analysis(
        structure, breaks_of(structure), actions, broken, *ran, _in_order(structure, untested),
        demanded_together(structure), () if trace is None else tuple(unfounded(trace)),
    )  # fmt: skip


def _of_action(model: Transformer, free: Transformer, action: Action, sample: int | None, seed: int) -> ActionAnalysis:
    """Analyse an action of a model, with every other decision that nobody states free."""
    structure, key = model.structure, (action.by, action.name)
    about = tuple(rule for rule in structure.unsafe_control_actions if (rule.by, rule.action) == key)
    if why := unstated(structure, action):
        contexts = contexts_of(structure, action, sample, seed)
        verdicts, alone = verdicts_of(structure, contexts), structure.unstated <= {(action.by, action.name)}
        tried = forced(model, contexts, seed) if alone else None  # what it would decide itself plays no part
        return ActionAnalysis(contexts, verdicts, tried, None, about, tuple(untested_contexts(verdicts, None, why)))
    same = next(one for one in actions_of(free.structure) if (one.by, one.name) == (action.by, action.name))
    contexts = contexts_of(free.structure, same, sample, seed)
    verdicts, run = verdicts_of(free.structure, contexts), run_contexts(free, contexts, seed)
    untested = tuple(untested_contexts(verdicts, run, ""))
    return ActionAnalysis(contexts, verdicts, forced(free, contexts, seed), run, about, untested)


def _in_order(structure: ControlStructure, untested: list[Untested]) -> tuple[Untested, ...]:
    """Return what was not tested in the order in which the file has the rules."""
    order = {rule.id: place for place, rule in enumerate(structure.unsafe_control_actions)}
    return tuple(sorted(untested, key=lambda one: order[one.rule.id]))
