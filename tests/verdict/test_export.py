"""The known answer as a plain list: whoever reads it back has the same edges."""

import csv
import json

import pytest

import handcrafted as hc
from handcrafted.control.graph import Edge, Signal, SignalGraph
from handcrafted.verdict.export import COLUMNS, edge_rows, save_edges
from handcrafted.zoo import bundled


def back(rows):
    ends = lambda row, end: Signal(row[f"{end} owner"], row[f"{end} role"], row[f"{end} name"])
    return {(ends(row, "source"), ends(row, "target"), int(row["lag"])) for row in rows}


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_what_is_written_is_what_is_intended(path, suffix, tmp_path):
    graph = hc.load(path).signal_graph()
    file = save_edges(graph, tmp_path / f"edges.{suffix}")
    with file.open() as text:
        rows = json.load(text) if suffix == "json" else list(csv.DictReader(text))
    assert back(rows) == {edge.key for edge in graph.edges} and len(rows) == len(graph)
    assert all(tuple(row) == COLUMNS for row in rows)
    assert [row["lag"] for row in rows] == [type(rows[0]["lag"])(row["lag"]) for row in edge_rows(graph)]


def test_signs_and_gains_are_kept_and_unknown_ones_stay_empty(tmp_path):
    a, b = Signal("x", "feedback", "a"), Signal("x", "feedback", "b, quoted")
    graph = SignalGraph((), [Edge(a, b, 3, -1, -0.5), Edge(b, a)])
    (one, other) = edge_rows(graph)
    assert (one["sign"], one["gain"], other["sign"], other["gain"]) == (-1, -0.5, None, None)
    assert save_edges(graph, tmp_path / "x.csv").read_text().splitlines()[2].endswith(",0,,")


def test_bad_input(tmp_path):
    graph = hc.load(bundled()[0]).signal_graph()
    with pytest.raises(hc.HandcraftedError, match=r"ends in .csv or .json"):
        save_edges(graph, tmp_path / "x.txt")
    with pytest.raises(hc.HandcraftedError, match="a place to write to"):
        save_edges(graph, tmp_path / "none" / "x.csv")
