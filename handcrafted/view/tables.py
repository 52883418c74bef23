"""Tables for the terminal: what a run did, and how comparisons came out."""

from __future__ import annotations

import os

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from handcrafted.control.graph import Signal
from handcrafted.rollout.trace import Signals, Trace
from handcrafted.verdict.comparison import Comparison, LinkVerdict


def print_trace(trace: Trace) -> None:
    """Print each signal's least, greatest and last value; below it, what left its range."""
    console = Console(width=None if os.isatty(1) else 120, highlight=False)
    table = Table(title=f"{trace.structure.name}: {trace.steps} steps", title_justify="left")
    for heading in ("signal", "kind", "least", "greatest", "last"):
        table.add_column(heading, justify="left" if heading in ("signal", "kind") else "right")
    for kind in trace.kinds:
        for signal in kind:
            if row := _range(trace, kind, signal):
                table.add_row(escape(f"{signal.owner}.{signal.name}".strip(".")), kind.kind, *row)
    console.print(table)
    for excursion in trace.excursions:
        console.print(f"{trace.structure.name}: {excursion}", markup=False, soft_wrap=True)


def _range(trace: Trace, kind: Signals, signal: Signal) -> tuple[str, str, str] | None:
    """Give least, greatest and last value as text; None for a vector, which has none."""
    values = kind[signal]
    if signal in trace.domains and trace.domains[signal].discrete:
        words = trace.words(kind, signal)
        return "", escape(", ".join(dict.fromkeys(words.tolist()))), escape(str(words[-1]))
    if values.ndim > 1:
        return None
    return f"{values.min():g}", f"{values.max():g}", f"{values[-1]:g}"


def print_comparisons(comparisons: list[Comparison]) -> None:
    """Print loop, links, links found by each readout, and the verdict; below it, what differs and what was found."""
    console = Console(width=None if os.isatty(1) else 120, highlight=False)
    readouts = list(comparisons[0].readouts) if comparisons else []
    table = Table()
    for heading in ("loop", "links", *readouts, "zooms", "verdict"):
        table.add_column(heading, justify="left" if heading in ("loop", "verdict") else "right")
    for comparison in comparisons:
        total = len(comparison.found) + len(comparison.missing) + len(comparison.wrong)
        found = [str(len(comparison.readouts[name].found)) for name in readouts]
        verdict = "reproduced" if comparison.reproduced else "NOT reproduced"
        table.add_row(comparison.structure.name, str(total), *found, _zooms(comparison), verdict)
    console.print(table)
    for comparison in comparisons:
        for verdict in (*comparison.missing, *comparison.wrong, *comparison.extra):
            console.print(_sentence(comparison, verdict), markup=False, soft_wrap=True)
        for zoom, ways in comparison.zooms.items():
            if ways:
                text = f"{comparison.structure.name}: {zoom} collapsed: not alike: {', '.join(ways)}"
                console.print(text, markup=False, soft_wrap=True)
        for finding in comparison.findings:
            console.print(f"{comparison.structure.name}: finding: {finding.text}", markup=False, soft_wrap=True)


def _zooms(comparison: Comparison) -> str:
    """Count the zoom levels at which both sides are alike, of all."""
    return f"{sum(not ways for ways in comparison.zooms.values())} of {len(comparison.zooms)}"


def _sentence(comparison: Comparison, verdict: LinkVerdict) -> str:
    return f"{comparison.structure.name}: {verdict}"
