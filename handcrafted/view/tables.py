"""Tables for the terminal: what a run did, how comparisons came out, what laws are made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from handcrafted.verdict.comparison import Comparison, LinkVerdict

if TYPE_CHECKING:
    from handcrafted.rollout.trace import Trace
    from handcrafted.verdict.catalogue import Measured


def print_trace(trace: Trace) -> None:
    """Print each signal's least, greatest and last value; below it, what left its range."""
    console, report = _console(), trace.report()
    table = Table(title=Text(report.title), title_justify="left")
    for heading in report.heading:
        table.add_column(heading, justify="left" if heading in ("signal", "kind") else "right")
    for row in report.rows:
        table.add_row(*map(Text, row))
    console.print(table)
    for line in report.below:
        console.print(f"{trace.structure.name}: {line}", markup=False, soft_wrap=True)


def print_comparisons(comparisons: list[Comparison]) -> None:
    """Print loop, links, links found by each readout, and the verdict; below it, what differs and what was found."""
    console = _console()
    readouts = list(comparisons[0].readouts) if comparisons else []
    table = Table()
    for heading in ("loop", "links", *readouts, "zooms", "verdict"):
        table.add_column(Text(heading), justify="left" if heading in ("loop", "verdict") else "right")
    for comparison in comparisons:
        total = len(comparison.found) + len(comparison.missing) + len(comparison.wrong)
        found = [str(len(comparison.readouts[name].found)) for name in readouts]
        verdict = f"reproduced; laws {comparison.how}" if comparison.reproduced else "NOT reproduced"
        table.add_row(Text(comparison.structure.name), str(total), *found, _zooms(comparison), verdict)
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


def print_catalogue(rows: list[Measured], regression: Mapping[str, float]) -> None:
    """Print each law with what it is made of, and its errors."""
    console = _console()
    table = Table(title="The laws and their circuits", title_justify="left")
    table.add_column("law", no_wrap=True)
    for heading in ("circuits", "neurons", "heads", "layers", "measured", "beyond", "regression", "proved"):
        table.add_column(heading, justify="right")
    for measured in rows:
        counts = (len(measured.circuits), measured.neurons, measured.heads, measured.depth)
        table.add_row(measured.law, *(str(count) for count in counts), *_errors(measured, regression))
    console.print(table)
    console.print(ERRORS, markup=False)


def print_circuits(measured: Measured, text: str, regression: Mapping[str, float]) -> None:
    """Print one law: what it gives, each circuit's formula, source, error and arrays, and its errors."""
    console = _console()
    console.print(f"{measured.law}: {text}\n", markup=False)
    for circuit in measured.circuits:
        console.print(f"{circuit.name} ({circuit.role})", markup=False)
        for heading in ("formula", "source", "error"):
            console.print(f"  {heading}: {getattr(circuit, heading)}", markup=False)
        for name, array in vars(circuit.body).items():
            rows = np.array2string(np.asarray(array, float), precision=6, suppress_small=True).split("\n")
            console.print("\n".join([f"  {name} {np.shape(array)}:", *(f"    {row}" for row in rows)]), markup=False)
    table = Table()
    for heading in ("measured", "beyond", "regression", "proved"):
        table.add_column(heading, justify="right")
    table.add_row(*_errors(measured, regression))
    console.print(table)
    console.print(ERRORS, markup=False)


ERRORS = (
    "measured: largest deviation from the plain law in 400 random steps within the declared ranges; beyond: in four "
    "times the ranges; regression: what a test allows, twice what was measured; proved: most that float32 can add in "
    "one step, from the arrays; where a threshold switches, nothing outside the band beside it."
)


def _errors(measured: Measured, regression: Mapping[str, float]) -> tuple[str, ...]:
    proved = "0 off bands" if measured.proved is None else f"{measured.proved:.2g}"
    return f"{measured.within:.2g}", f"{measured.beyond:.2g}", f"{regression.get(measured.law, 0.0):.2g}", proved


def _console() -> Console:
    return Console(width=None if os.isatty(1) else 120, highlight=False, emoji=False)
