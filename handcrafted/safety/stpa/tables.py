"""The analysis as tables, each a heading and rows of text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from handcrafted.safety.stpa.analysis import ActionAnalysis, Analysis
from handcrafted.safety.stpa.traceability import ROW, trace_rows
from handcrafted.safety.stpa.verdicts import NOT_PROVIDED, PROVIDED
from handcrafted.safety.stpa.wording import cells_text, context_text

MOST_LINES = 100_000
"""Contexts beyond these are left out of the table of contexts."""

Rows = Sequence[Sequence[str]]


def tables(analysis: Analysis) -> dict[str, Rows]:
    """Give every table by name, the heading first."""
    return {
        "traceability": [ROW, *trace_rows(analysis.structure)],
        "contexts": _contexts(analysis),
        "unsafe_control_actions": _unsafe(analysis),
        "arising": _arising(analysis),
        "false_beliefs": _false_beliefs(analysis),
        "disagreements": _disagreements(analysis),
        "closed_loop": _closed_loop(analysis),
    }


def as_csv(rows: Rows) -> str:
    """Write a table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


CONTEXT_HEADING = (
    "controller", "action", "context", "hazardous if provided", "hazardous if not provided", "conflict", "not covered",
    "simulated: provided", "simulated: withheld", "the network issues it", "verdict",
)  # fmt: skip


def _contexts(analysis: Analysis) -> Rows:
    rows: list[Sequence[str]] = [CONTEXT_HEADING]
    for one in analysis.actions:
        for row in range(min(len(one.contexts), MOST_LINES - len(rows))):
            rows.append(context_line(one, row))
    return rows


def context_line(one: ActionAnalysis, row: int) -> tuple[str, ...]:
    """Say all that is known of one context."""
    runs, issued, withheld = (int(counts[row]) for counts in one.run.counts())
    does = "never comes up" if not runs else "always" if not withheld else "never" if not issued else "sometimes"
    broken = {arising.rule.id: arising.always for arising in one.arising if arising.context == row}
    said = ", ".join(f"{id}" if always else f"{id} sometimes" for id, always in broken.items())
    return (
        one.action.by,
        one.action.name,
        context_text(one.contexts, row),
        " ".join(one.verdicts.hazards(PROVIDED, row)) or _judged(one, PROVIDED, row),
        " ".join(one.verdicts.hazards(NOT_PROVIDED, row)) or _judged(one, NOT_PROVIDED, row),
        "conflict" if one.verdicts.conflicts[row] else "",
        ", ".join(type for type in (PROVIDED, NOT_PROVIDED) if one.verdicts.uncovered(type)[row]),
        *(_simulated(one, type, row) for type in (PROVIDED, NOT_PROVIDED)),
        does,
        f"unsafe: {said}" if said else "" if not runs else "keeps its rules" if _ruled(one, row) else "no rule",
    )


def _judged(one: ActionAnalysis, type: str, row: int) -> str:
    if one.verdicts.hazardous(type)[row]:
        return "yes"
    return "no" if one.verdicts.harmless[type][row] else ""


def _ruled(one: ActionAnalysis, row: int) -> bool:
    return any(not one.verdicts.uncovered(type)[row] for type in (PROVIDED, NOT_PROVIDED))


def _simulated(one: ActionAnalysis, type: str, row: int) -> str:
    if one.forced is None:
        return ""
    place = np.flatnonzero(one.forced.rows == row)
    if not place.size:
        return "not tried"
    hazards = np.array(one.forced.hazards)
    there = [f"{name} already" for name in hazards[one.forced.already[place[0]]]]
    came = list(hazards[one.forced.found(type)[place[0]]])
    return " ".join([*came, *there]) or "no hazard"


def _unsafe(analysis: Analysis) -> Rows:
    rows = [("id", "type", "unsafe control action", "controller constraint")]
    for one in analysis.actions:
        rows += [(rule.id, rule.type, text, duty) for rule, text, duty in one.worded()]
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
            contexts = "; ".join(context_text(one.contexts, row) for row in found.contexts)
            rows.append((found.rule.id, one.action.by, believed, contexts))
    return rows


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
