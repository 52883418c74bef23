"""The STPA of a loop as one report, its words, and what its terms mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from handcrafted.control.graph import grouped
from handcrafted.control.stpa import BY_CONTEXT, UnsafeControlAction
from handcrafted.safety.stpa.action_analysis import ActionAnalysis
from handcrafted.safety.stpa.analysis import Analysis
from handcrafted.safety.stpa.contexts import merged
from handcrafted.safety.stpa.issued import SETTLE
from handcrafted.safety.stpa.tables import CONTEXT_HEADING, Rows, context_lines, tables
from handcrafted.safety.stpa.traceability import Break
from handcrafted.text.letters import counted
from handcrafted.text.report import markdown_list, markdown_table, plain

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("controller", "a set of heads and neurons that write subspaces of their own"),
    ("process model: what a controller believes", "the subspaces with the role feedback modelling"),
    ("control algorithm", "the circuits that write processing for action and control action"),
    ("control action", "what a control-action subspace holds, and the unembedding hands on"),
    ("feedback", "an input, and the head that copies it into the controller's feedback subspace"),
    ("context: the true state", "a setting of the inputs, or of the process behind them"),
    ("false belief", "a process-model subspace that decodes to something else than the truth"),
    ("unsafe control action", "an output that a rule forbids, or demands, for a set of inputs"),
    ("loss scenario", "an intervention (patch, ablation, edit) whose effect reaches an output"),
    ("authority", "the order of layers, and which weights the access policy leaves open"),
    ("Layer 0", "blocks whose arrays are frozen, and whose ports nothing else can write"),
    ("hazard", "a predicate over the state of the environment"),
)
"""STPA's word, and interpretability's."""


MAX_SHOWN = 64
"""Contexts of one action that stand in the report; the table as CSV has them all."""

PICTURE = "diagram.png"


def as_markdown(analysis: Analysis, picture: bool = True, scenarios: Sequence[str] = ()) -> str:
    """Return the whole report.

    Args:
        analysis: of a structure and its network.
        picture: whether the diagram is to be shown, from `diagram.png` beside the report.
        scenarios: paragraphs of the fourth step.
    """
    words = ["## Words", markdown_table([("safety engineering", "interpretability"), *GLOSSARY])]
    return "\n\n".join([*_parts(analysis, picture), *scenarios, *words]) + "\n"


def _parts(analysis: Analysis, picture: bool) -> Iterator[str]:
    structure, found = analysis.structure, tables(analysis)
    yield f"# STPA of {plain(structure.name)}"
    yield _summary(analysis)
    if picture:
        yield f"![Control structure with unsafe control actions]({PICTURE})"
    yield "## 1. Losses, hazards, constraints"
    yield markdown_list(_item(id, text) for id, text in structure.losses.items())
    yield markdown_list(_hazard(analysis, id) for id in structure.hazards)
    yield markdown_list(_item(id, one.text, one.hazards) for id, one in structure.constraints.items())
    yield "## 2. Responsibilities and traces"
    yield markdown_list(
        _item(id, f"{owner}: {duty.text}", duty.constraints)
        for owner, part in structure.components.items()
        for id, duty in part.responsibilities.items()
    )
    yield markdown_list(f"Broken trace: {plain(text)}" for text in _in_few(analysis.breaks)) or "Every trace leads on."
    yield "## 3. Unsafe control actions"
    if structure.assume:
        yield f"Assumed throughout:\n\n{markdown_list(_assumed(analysis, id) for id in structure.assume)}"
    for one in analysis.actions:
        yield from _action(one)
    if analysis.together:
        yield f"### Demanded together\n\n{markdown_list(plain(f'{one}.') for one in analysis.together)}"
    yield "## The network against its rules"
    if analysis.untested:
        yield f"Not put to the test, and so neither kept nor broken:\n\n{markdown_table(found['untested'])}"
    yield _table_or(found, "arising", _kept(analysis))
    yield (
        f"Each context stood for {SETTLE} steps at the network's inputs, after other inputs had stood there, where it "
        "remembers any; what is no part of the context was varied."
    )
    yield "### Only from a false belief"
    yield _table_or(found, "false_beliefs", "No single stuck feedback makes it do so.")
    yield "### Process models with intact feedback"
    yield _table_or(found, "misread", "Every variable that copies its feedback holds what is true.")
    yield "### In the closed loop"
    looked = f"{analysis.runs} runs of {analysis.steps} steps"
    yield _table_or(found, "closed_loop", f"No rule was broken in {looked}." if analysis.runs else "No process moves.")
    yield "### Rules and simulation"
    tried = any(one.forced for one in analysis.actions)
    untried = "Nothing was tried: it takes `trial`, processes with dynamics, and hazards with `when`."
    yield _table_or(found, "disagreements", "They agree wherever both say something." if tried else untried)
    if len(found["step_4"]) > 1:
        yield "## Controller constraints, loss scenarios and requirements, as written"
        yield markdown_table(found["step_4"])


def _in_few(breaks: Sequence[Break]) -> Iterator[str]:
    """Say breaks that differ by an entry alone in one sentence."""
    for template, same in grouped(breaks, lambda one: one.text.replace(one.at, "…")).items():
        ids = ", ".join(one.at for one in same)
        yield same[0].text if len(same) == 1 else f"{template.rstrip('.')} ({ids})."


def _kept(analysis: Analysis) -> str:
    """Say that nothing was broken, of what was tested."""
    if not analysis.tested:
        return "No rule was put to the test." if analysis.untested else "There is no rule."
    of = f" about {', '.join(rule.id for rule in analysis.tested)}" if analysis.untested else ""
    return plain(f"In no context that came up does the network do what a rule{of} calls unsafe.")


def _summary(analysis: Analysis) -> str:
    contexts = sum(one.contexts.count for one in analysis.actions)
    rules = len(analysis.structure.unsafe_control_actions)
    conflicts = sum(int(one.verdicts.conflicts.sum()) for one in analysis.actions)
    gaps = sum(int(one.verdicts.uncovered(type).sum()) for one in analysis.actions for type in BY_CONTEXT)
    ids = dict.fromkeys(found.rule.id for found in analysis.arising)
    untested = dict.fromkeys(one.rule.id for one in analysis.untested)
    headline = f"**{plain(', '.join(untested))} not put to the test** (see below). " if untested else ""
    return (
        f"{headline}{counted(len(analysis.actions), 'control action')}, {counted(contexts, 'context')}, "
        f"{counted(rules, 'rule')}, {counted(conflicts, 'context')} in conflict, {counted(gaps, 'context')} of which "
        f"no rule says anything. Issued by the network against its rules: {plain(', '.join(ids)) or 'none'}."
    )


def _assumed(analysis: Analysis, id: str) -> str:
    """Say what is assumed, what it rules out, and whether the closed loop kept to it."""
    assumed = analysis.structure.assume[id]
    said = _item(id, assumed.text)
    if assumed.never is None and assumed.then is None:
        return f"{said}: in words alone, and so it rules nothing out."
    ruled_out = sum(one.contexts.ruled_out.get(id, 0) for one in analysis.actions)
    broken = [f" **It does not hold**: {plain(str(one))}." for one in analysis.unfounded if one.assumption == id]
    return f"{said}: rules out {counted(ruled_out, 'context')}.{''.join(broken)}"


def _hazard(analysis: Analysis, id: str) -> str:
    hazard = analysis.structure.hazards[id]
    part = f"(part of {hazard.part_of}) " if hazard.part_of else ""
    return _item(id, f"{part}{hazard.text}", hazard.losses)


def _item(id: str, text: str, serves: Sequence[str] = ()) -> str:
    """Write an entry of a list: its id, what it says, and what it serves."""
    return f"**{plain(id)}** {plain(text)}" + (f" {plain(f'[{serving}]')}" if (serving := ", ".join(serves)) else "")


def _action(one: ActionAnalysis) -> Iterator[str]:
    yield f"### {plain(one.action.name)}, by {plain(one.action.by)}"
    said = {rule.id: (text, duty) for rule, text, duty in one.worded()}
    for stated in (True, False):
        if rules := [rule for rule in one.rules if rule.formal == stated]:
            heading = "Stated formally" if stated else "In words, and so not put to the test"
            yield f"{heading}:\n\n{markdown_list(_rule(rule, said) for rule in rules)}"
    for type in BY_CONTEXT:
        if (hazardous := one.verdicts.hazardous(type)).any():
            few = markdown_list(plain(one.text(box)) for box in one.rows(type)[:MAX_SHOWN])
            yield f"Hazardous if {type}, {counted(int(hazardous.sum()), 'context')} in few rows:\n\n{few}"
    if (found := one.verdicts.conflicts).any():
        yield f"**Conflict**, hazardous either way: {_some(one, found)}."
    for type in BY_CONTEXT:
        says = "states formally" if any(rule.type == type and not rule.formal for rule in one.rules) else "says"
        if (found := one.verdicts.uncovered(type)).any() and not found.all():
            yield f"No rule {says} whether it is hazardous if {type}: {_some(one, found)}."
        elif found.all():
            yield f"No rule {says} anything of it if {type}."
    said_in_words = {rule.type for rule in one.rules}
    if silent := [type for type in one.verdicts.silent if type not in said_in_words]:
        yield f"No rule says anything of: {', '.join(silent)}."
    yield markdown_table([line[2:] for line in (CONTEXT_HEADING, *context_lines(one, MAX_SHOWN))])
    if one.contexts.count > MAX_SHOWN:
        yield f"{min(len(one.contexts), MAX_SHOWN)} of {one.contexts.count:,} contexts; contexts.csv has more."


def _rule(rule: UnsafeControlAction, said: Mapping[str, tuple[str, str]]) -> str:
    """Write a rule: what its analyst wrote, what it says formally, the constraint that inverts it, and the comment."""
    formal, duty = said.get(rule.id, ("", ""))
    parts = [part.strip().rstrip(".") for part in (rule.text, formal) if part]
    serves = () if formal else rule.hazards  # the formal sentence names them
    text = f"{_item(rule.id, '. '.join(parts), serves)}."
    return text + (f" *{plain(duty)}.*" if duty else "") + (f" ({plain(rule.comment)})" if rule.comment else "")


def _some(one: ActionAnalysis, found: np.ndarray) -> str:
    """Say contexts in as few rows as hold them."""
    rows = merged(one.contexts, found)
    said = plain("; ".join(one.text(box) for box in rows[:MAX_SHOWN]))
    return said + (f"; and {len(rows) - MAX_SHOWN} rows more" if len(rows) > MAX_SHOWN else "")


def _table_or(found: Mapping[str, Rows], name: str, nothing: str) -> str:
    rows = found[name]
    return markdown_table(rows) if len(rows) > 1 else nothing
