"""The weights of a part as tables: a column per neuron or head dimension, a row per coordinate read or written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.model.layout import Placement
from handcrafted.model.names import Names
from handcrafted.model.provenance import Provenance, Provenances
from handcrafted.model.transformer import Transformer
from handcrafted.view.editor.parts import EditorPart
from handcrafted.view.heatmap import coordinate_label, port_label

MAX_ROWS = 60
"""Rows of a table that are shown before the rest is counted."""


class TablePlace(NamedTuple):
    """One array entry."""

    array: str
    index: tuple[int, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here


@dataclass(frozen=True)
class TableRow:
    """One row of a table: what it reads or writes, by which array, and an entry per column; None where none is."""

    label: str
    array: str
    places: tuple[TablePlace | None, ...]


@dataclass(frozen=True)
class Table:
    """The entries of one circuit, or of the wires of a part."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[TableRow]


def tables_of(model: Transformer, part: EditorPart) -> list[Table]:
    """Return every array entry that belongs to a part, circuit by circuit, then its wires."""
    circuits = sorted(
        (place for place in model.layout if place.writes in part.signals), key=lambda p: (p.layer, p.part)
    )
    return [*(_circuit(place, model) for place in circuits), *_wires(model.names, part)]


def _circuit(place: Placement, model: Transformer) -> Table:
    labels, layer = _labels(model.names), place.layer
    title = f"layer {layer}, {place}: {place.circuit}: {place.formula}"
    if place.part == "mlp":
        own = place.components
        rows = _matrix("W_in", labels, lambda i, n: (layer, i, n), own)
        rows.append(TableRow("bias", "b_in", tuple(TablePlace("b_in", (layer, n)) for n in own)))
        rows += _matrix("W_out", labels, lambda i, n: (layer, n, i), own, "b_out", (layer,))
        return Table(title, (*(f"N{n}" for n in own), "bias"), list(_filled(rows, len(own) + 1)))
    head, dims, rows = place.components[0], range(model.weights.sizes["d_head"]), []
    for letter in "QKV":
        rows += _matrix(f"W_{letter}", labels, lambda i, d: (layer, head, i, d), dims)
        rows.append(TableRow("bias", f"b_{letter}", tuple(TablePlace(f"b_{letter}", (layer, head, d)) for d in dims)))
    rows += _matrix("W_O", labels, lambda i, d: (layer, head, d, i), dims, "b_O", (layer,))
    return Table(title, (*(f"d{d}" for d in dims), "bias"), list(_filled(rows, len(dims) + 1)))


def _matrix(
    array: str,
    labels: Sequence[str],
    index: Callable[[int, int], tuple[int, ...]],
    columns: Iterable[int],
    bias: str = "",
    at: tuple[int, ...] = (),
) -> list[TableRow]:
    """Return a row per coordinate; where there is one, with the bias of that coordinate as one more column."""
    rows = []
    for i, label in enumerate(labels):
        places = [TablePlace(array, index(i, column)) for column in columns]
        rows.append(TableRow(label, array, (*places, *([TablePlace(bias, (*at, i))] if bias else []))))
    return rows


def _filled(rows: Sequence[TableRow], width: int) -> Iterator[TableRow]:
    for row in rows:
        yield TableRow(row.label, row.array, (*row.places, *(None,) * (width - len(row.places))))


def _wires(names: Names, part: EditorPart) -> list[Table]:
    """Return the tables of the embedding, the unembedding, the recurrence and the initial residual of a part."""
    labels = _labels(names)
    inputs = [i for i, port in enumerate(names.inputs) if port.node(INPUT) in part.ends]
    outputs = [i for i, port in enumerate(names.outputs) if port.node(OUTPUT) in part.ends]
    own = [int(i) for signal in part.signals if signal in names.subspaces for i in names.subspaces[signal]]
    enters = _matrix("W_E", labels, lambda at, i: (i, at), inputs, "b_E")
    leaves = _matrix("W_U", labels, lambda at, i: (at, i), outputs)
    leaves.append(TableRow("bias", "b_U", tuple(TablePlace("b_U", (i,)) for i in outputs)))
    carried = [TableRow(labels[i], "W_R", tuple(TablePlace("W_R", (i, j)) for j in own)) for i in own]
    carried.append(TableRow("initial", "r_0", tuple(TablePlace("r_0", (i,)) for i in own)))
    return [
        *([Table("embedding", (*(port_label(names.inputs[i]) for i in inputs), "bias"), enters)] if inputs else []),
        *([Table("unembedding", tuple(port_label(names.outputs[i]) for i in outputs), leaves)] if outputs else []),
        *([Table("recurrence and initial residual", tuple(labels[i] for i in own), carried)] if own else []),
    ]


def _labels(names: Names) -> tuple[str, ...]:
    wide = {signal for signal, at in names.subspaces.items() if len(at) > 1}
    return tuple(coordinate_label(c, c.subspace in wide) for c in names.residual)


class Looked(NamedTuple):
    """What the cells of a table need to know of a model."""

    look: Provenances
    off: frozenset[tuple[str, tuple[int, ...]]]


def looked(model: Transformer) -> Looked:
    """Look up what every entry of a model is for, and which are off their formula."""
    return Looked(Provenances(model.network), frozenset((p.array, p.index) for p in model.drifted))


def shown(table: Table, found: Looked, whole: bool) -> dict:
    """Return a table as plain data: rows of zeros that are locked are left out, and counted, unless it is `whole`."""
    rows = [row for row in table.rows if whole or _alive(row, found.look)]
    cut = rows[:MAX_ROWS]
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [
            {"label": row.label, "array": row.array, "cells": [_cell(place, found) for place in row.places]}
            for row in cut
        ],
        "hidden": len(table.rows) - len(cut),
    }


def _alive(row: TableRow, look: Provenances) -> bool:
    """Whether anything stands in a row, or may act there."""
    places = [place for place in row.places if place]
    return any(look.weights[p.array][p.index] != 0 or look.masks[p.array][p.index] for p in places)


def _cell(place: TablePlace | None, found: Looked) -> dict | None:
    if place is None:
        return None
    said: Provenance = found.look.of(place.array, place.index)
    value = np.float32(said.value)
    return {
        "entry": said.entry,
        "value": float(value) if np.isfinite(value) else str(value),
        "text": f"{value + 0:.6g}",  # no minus before a zero
        "about": str(said),
        "locked": said.locked,
        "frozen": said.frozen,
        "off": (place.array, place.index) in found.off,
    }
