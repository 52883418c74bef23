"""The analysis as tables, each a heading and rows of text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.control.stpa import BY_CONTEXT
from handcrafted.safety.stpa.action_analysis import ActionAnalysis
from handcrafted.safety.stpa.analysis import Analysis
from handcrafted.safety.stpa.traceability import ROW, trace_rows
from handcrafted.safety.stpa.verdicts import cells_text, context_text

MAX_LINES = 100_000
"""Contexts beyond these are left out of the table of contexts."""

Rows = Sequence[Sequence[str]]


def tables(analysis: Analysis) -> dict[str, Rows]:
    """Return every table by name, the heading first."""
    return {
        "traceability": [ROW, *trace_rows(analysis.structure)],
        "contexts": _contexts(analysis),
        "unsafe_control_actions": _unsafe(analysis),
        "unsafe_by_type": _by_type(analysis),
        "step_4": _steps_after(analysis),
        "demanded_together": _together(analysis),
        "untested": _untested(analysis),
        "arising": _arising(analysis),
        "false_beliefs": _false_beliefs(analysis),
        "misread": _misread(analysis),
        "disagreements": _disagreements(analysis),
        "closed_loop": _closed_loop(analysis),
    }


CONTEXT_HEADING = (
    "controller", "action", "context", "hazardous if provided", "hazardous if not provided", "conflict", "not covered",
    "simulated: provided", "simulated: withheld", "the network issues it", "verdict",
)  # fmt: skip


def _contexts(analysis: Analysis) -> Rows:
    rows: list[Sequence[str]] = [CONTEXT_HEADING]
    for one in analysis.actions:
        rows += context_lines(one, MAX_LINES - len(rows))
    return rows


def context_lines(one: ActionAnalysis, most: int) -> list[tuple[str, ...]]:
    """Say all that is known of each context, of so many."""
    lines = _Lines(one)
    return [lines.of(row) for row in range(min(len(one.contexts), most))]


class _Lines:
    """What is known of all contexts of an action, looked up once."""

    def __init__(self, one: ActionAnalysis):
        self.one = one
        nothing = np.zeros(len(one.contexts), int)
        self.runs, self.issued, self.withheld = one.run.counts() if one.run else (nothing, nothing, nothing)
        self.hazardous = {type: one.verdicts.hazardous(type) for type in BY_CONTEXT}
        self.uncovered = {type: one.verdicts.uncovered(type) for type in BY_CONTEXT}
        self.conflicts = one.verdicts.conflicts
        self.broken: dict[int, list[str]] = {}
        for found in one.arising:
            said = found.rule.id if found.always else f"{found.rule.id} sometimes"
            self.broken.setdefault(found.context, []).append(said)
        self.tried = {int(row): place for place, row in enumerate(one.forced.rows)} if one.forced else {}

    def of(self, row: int) -> tuple[str, ...]:
        """Say all that is known of one context."""
        action = self.one.action
        return (
            action.by,
            action.name,
            context_text(self.one.contexts, row),
            *(self._judged(type, row) for type in BY_CONTEXT),
            "conflict" if self.conflicts[row] else "",
            ", ".join(type for type in BY_CONTEXT if self.uncovered[type][row]),
            *(self._simulated(type, row) for type in BY_CONTEXT),
            self._does(row),
            self._verdict(row),
        )

    def _judged(self, type: str, row: int) -> str:
        if self.hazardous[type][row]:
            return " ".join(self.one.verdicts.hazards(type, row)) or "yes"
        return "" if self.uncovered[type][row] else "no"

    def _simulated(self, type: str, row: int) -> str:
        forced = self.one.forced
        if forced is None:
            return ""
        if row not in self.tried:
            return "not tried"
        place, hazards = self.tried[row], np.array(forced.hazards)
        there = [f"{name} already" for name in hazards[forced.already[place]]]
        return " ".join([*hazards[forced.found(type)[place]], *there]) or "no hazard"

    def _does(self, row: int) -> str:
        if self.one.run is None:
            return "not stated"
        if not self.runs[row]:
            return "never comes up"
        return "always" if not self.withheld[row] else "never" if not self.issued[row] else "sometimes"

    def _verdict(self, row: int) -> str:
        if row in self.broken:
            return f"unsafe: {', '.join(self.broken[row])}"
        if not self.runs[row]:
            return ""
        return "no rule" if all(self.uncovered[type][row] for type in BY_CONTEXT) else "keeps its rules"


def _unsafe(analysis: Analysis) -> Rows:
    rows = [("id", "stated", "type", "unsafe control action", "controller constraint", "in words", "comment")]
    formal = {rule.id: (text, duty) for one in analysis.actions for rule, text, duty in one.worded()}
    for rule in analysis.structure.unsafe_control_actions:
        text, duty = formal.get(rule.id, (rule.text or "", ""))
        written = [one.text for one in analysis.structure.controller_constraints.values() if rule.id in one.about]
        stated = "formally" if rule.formal else "in words"
        rows.append((rule.id, stated, rule.type, text, "; ".join(written) or duty, rule.text or "", rule.comment or ""))
    return rows


HANDBOOK = ("not provided", "provided", "too early, too late, out of order", "stopped too soon, applied too long")
"""The columns of the handbook's table."""


def _by_type(analysis: Analysis) -> Rows:
    """Return the table of the STPA Handbook: a row per control action, a column per way of going wrong."""
    rows: list[tuple[str, ...]] = [("controller", "control action", *HANDBOOK)]
    said = {id: text for id, _, _, text, *_ in _unsafe(analysis)[1:]}
    columns = {type: column for column in HANDBOOK for type in column.split(", ")}
    for one in analysis.actions:
        cells: dict[str, list[str]] = {column: [] for column in HANDBOOK}
        for rule in one.rules:
            hazards = f" [{', '.join(rule.hazards)}]" if rule.hazards and not rule.formal else ""
            cells[columns[rule.type]].append(f"{rule.id}: {said[rule.id]}{hazards}")
        rows.append((one.action.by, one.action.name, *("; ".join(cells[column]) for column in HANDBOOK)))
    return rows


def _steps_after(analysis: Analysis) -> Rows:
    """Return the controller constraints, loss scenarios and requirements of an analyst, each with what it is about."""
    structure = analysis.structure
    rows = [("id", "kind", "text", "for", "hazards", "class", "factor")]
    for id, one in structure.controller_constraints.items():
        rows.append((id, "controller constraint", one.text, ", ".join(one.about), "", "", ""))
    for id, one in structure.loss_scenarios.items():
        hazards, factor = ", ".join(one.hazards), str(one.factor or "")
        rows.append((id, "loss scenario", one.text, ", ".join(one.about), hazards, str(one.kind), factor))
    for id, one in structure.requirements.items():
        rows.append((id, "requirement", one.text, ", ".join(one.about), "", "", ""))
    return rows


def _together(analysis: Analysis) -> Rows:
    rows = [("controller", "actions", "rules", "demanded together in")]
    for one in analysis.together:
        rows.append((one.by, " and ".join(one.actions), ", ".join(one.rules), "; ".join(one.contexts)))
    return rows


def _untested(analysis: Analysis) -> Rows:
    rows = [("id", "controller", "action", "type", "why it was not put to the test")]
    for one in analysis.untested:
        rows.append((one.rule.id, one.rule.by, one.rule.action, one.rule.type, one.reason))
    return rows


def _arising(analysis: Analysis) -> Rows:
    rows = [("id", "controller", "action", "context", "how often")]
    for one in analysis.actions:
        for found in one.arising:
            context = context_text(one.contexts, found.context)
            rows.append(
                (found.rule.id, one.action.by, one.action.name, context, "always" if found.always else "sometimes")
            )
    return rows


def _false_beliefs(analysis: Analysis) -> Rows:
    rows = [("id", "controller", "believed", "contexts in which it is not so")]
    for one in analysis.actions:
        axes = {axis.name: axis for axis in one.contexts.axes}
        for found in one.false_beliefs:
            believed = cells_text(axes[found.variable], 1 << found.believed)
            believed += f", as {found.reading} says" if found.reading else ""
            contexts = "; ".join(context_text(one.contexts, row) for row in found.contexts)
            rows.append((found.rule.id, one.action.by, believed, contexts))
    return rows


def _misread(analysis: Analysis) -> Rows:
    rows = [("controller", "true", "believed, with intact feedback")]
    for one in analysis.actions:
        for context, name, cell in one.misread:
            at, axis = next((at, axis) for at, axis in enumerate(one.contexts.axes) if axis.name == name)
            true = cells_text(axis, 1 << int(one.contexts.rows[context, at]))
            rows.append((one.action.by, true, cells_text(axis, 1 << cell) if cell >= 0 else "nothing"))
    return list(dict.fromkeys(rows))


def _disagreements(analysis: Analysis) -> Rows:
    rows = [("controller", "action", "type", "hazard", "context", "what differs")]
    for one in analysis.actions:
        for found in one.disagreements:
            context = context_text(one.contexts, found.context)
            rows.append((one.action.by, one.action.name, found.type, found.hazard, context, found.kind))
    return rows


def _closed_loop(analysis: Analysis) -> Rows:
    rows = [("id", "type", "runs", "steps", "first run", "first step")]
    return rows + [
        (one.rule.id, one.rule.type, str(one.runs), str(one.steps), str(one.run), str(one.step))
        for one in analysis.broken
    ]
