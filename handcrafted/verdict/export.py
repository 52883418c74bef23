"""A signal-flow graph as a plain list of edges, so that other people's tools can be scored against a known answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from handcrafted.control.graph import Edge, SignalGraph
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.files import write_whole
from handcrafted.text.report import as_csv

COLUMNS: tuple[str, ...] = (
    "source owner", "source role", "source name", "target owner", "target role", "target name", "lag", "sign", "gain",
)  # fmt: skip
"""What is said of each edge; an unknown sign or gain is left empty."""


def edge_rows(graph: SignalGraph | Iterable[Edge]) -> list[dict[str, str | int | float | None]]:
    """Return a row per edge, sorted, with the keys of `COLUMNS`."""
    edges = graph.edges if isinstance(graph, SignalGraph) else graph
    rows = [(*edge.source, *edge.target, edge.lag, edge.sign, edge.gain) for edge in sorted(edges, key=lambda e: e.key)]
    return [dict(zip(COLUMNS, map(_plain, row), strict=True)) for row in rows]


def _plain(value: str | int | float | None) -> str | int | float | None:
    return str(value) if isinstance(value, str) else value


def save_edges(graph: SignalGraph | Iterable[Edge], path: str | Path) -> Path:
    """Write the edges of a graph, such as `structure.signal_graph()`, as a `.csv` or a `.json` file.

    Raises:
        HandcraftedError: if the suffix is another, or the file cannot be written.
    """
    target, rows = Path(path), edge_rows(graph)
    if target.suffix not in (".csv", ".json"):
        raise HandcraftedError(f"Expected a file that ends in .csv or .json, got {target}. Change the suffix.")
    text = json.dumps(rows, indent=2) + "\n" if target.suffix == ".json" else _csv(rows)
    return write_whole(target, text.encode())


def _csv(rows: list[dict[str, str | int | float | None]]) -> str:
    return as_csv([COLUMNS, *(list(row.values()) for row in rows)])
