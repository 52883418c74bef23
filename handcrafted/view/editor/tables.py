"""The weights of a part as tables: a column per neuron or head dimension, a row per coordinate read or written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.model.layout import Placement
from handcrafted.model.names import Names
from handcrafted.model.provenance import Provenance, Provenances
from handcrafted.model.transformer import Transformer
from handcrafted.view.editor.parts import Part
from handcrafted.view.weights import coordinate_label, port_label

MOST_ROWS = 60
"""Rows of a table that are shown before the rest is counted."""


class Place(NamedTuple):
    """One array entry."""

    array: str
    index: tuple[int, ...]  # pyright: ignore[reportIncompatibleMethodOverride]  # tuple.index is never meant here


@dataclass(frozen=True)
class Row:
    """One row of a table: what it reads or writes, by which array, and an entry per column; None where none is."""

    label: str
    array: str
    places: tuple[Place | None, ...]


@dataclass(frozen=True)
class Table:
    """The entries of one circuit, or of the wires of a part."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def tables_of(model: Transformer, part: Part) -> list[Table]:
    """Give every array entry that belongs to a part, circuit by circuit, then its wires."""
    names = model.names
    circuits = sorted(
        (place for place in model.layout if place.writes in part.signals), key=lambda p: (p.layer, p.part)
    )
    tables = [_circuit(place, model) for place in circuits]
    wires = _wires(names, part)
    return tables + [table for table in wires if table.rows]


def _circuit(place: Placement, model: Transformer) -> Table:
    labels, layer = _labels(model.names), place.layer
    title = f"layer {layer}, {place}: {place.circuit}: {place.formula}"
    if place.part == "mlp":
        columns = [f"N{number}" for number in place.components]
        rows = [
            *_matrix("W_in", labels, lambda i, n: (layer, i, n), place.components),
            Row("bias", "b_in", tuple(Place("b_in", (layer, n)) for n in place.components)),
            *_matrix("W_out", labels, lambda i, n: (layer, n, i), place.components, "b_out", layer),
        ]
        return Table(title, (*columns, "bias"), tuple(_filled(rows, len(columns) + 1)))
    head, dims = place.components[0], range(model.weights.sizes["d_head"])
    rows = []
    for letter in "QKV":
        rows += _matrix(f"W_{letter}", labels, lambda i, d: (layer, head, i, d), dims)
        rows.append(Row("bias", f"b_{letter}", tuple(Place(f"b_{letter}", (layer, head, d)) for d in dims)))
    rows += _matrix("W_O", labels, lambda i, d: (layer, head, d, i), dims, "b_O", layer)
    return Table(title, (*(f"d{d}" for d in dims), "bias"), tuple(_filled(rows, len(dims) + 1)))


def _matrix(array, labels, index, columns: Iterable[int], bias: str = "", layer: int = 0) -> list[Row]:
    """Give a row per coordinate; with the bias of the whole layer as one more column."""
    return [
        Row(
            label,
            array,
            (*(Place(array, index(i, c)) for c in columns), *((Place(bias, (layer, i)),) if bias else ())),
        )
        for i, label in enumerate(labels)
    ]


def _filled(rows: Sequence[Row], width: int) -> Iterator[Row]:
    for row in rows:
        yield Row(row.label, row.array, (*row.places, *(None,) * (width - len(row.places))))


def _wires(names: Names, part: Part) -> list[Table]:
    """Give the tables of the embedding, the unembedding, the recurrence and the initial residual of a part."""
    labels = _labels(names)
    inputs = [(i, port_label(p)) for i, p in enumerate(names.inputs) if p.node(INPUT) in part.ends]
    outputs = [(i, port_label(p)) for i, p in enumerate(names.outputs) if p.node(OUTPUT) in part.ends]
    own = [i for signal in part.signals if signal in names.subspaces for i in names.subspaces[signal]]
    carried = tuple(Row(labels[i], "W_R", tuple(Place("W_R", (int(i), int(j))) for j in own)) for i in own)
    first = Row("initial", "r_0", tuple(Place("r_0", (int(i),)) for i in own))
    return [
        Table("embedding", tuple(name for _, name in inputs), tuple(
            Row(label, "W_E", tuple(Place("W_E", (i, at)) for i, _ in inputs)) for at, label in enumerate(labels)
        ) if inputs else ()),
        Table("unembedding", tuple(name for _, name in outputs), tuple(
            Row(label, "W_U", tuple(Place("W_U", (at, i)) for i, _ in outputs)) for at, label in enumerate(labels)
        ) if outputs else ()),
        Table("recurrence and initial residual", tuple(labels[i] for i in own), (*carried, first) if own else ()),
    ]  # fmt: skip


def _labels(names: Names) -> tuple[str, ...]:
    wide = {signal for signal, at in names.subspaces.items() if len(at) > 1}
    return tuple(coordinate_label(c, c.subspace in wide) for c in names.residual)


class Looked(NamedTuple):
    """What the cells of a table need to know of a model."""

    look: Provenances
    off: frozenset[tuple[str, tuple[int, ...]]]


def looked(model: Transformer) -> Looked:
    """Look up what every entry of a model is for, and which are off their formula."""
    return Looked(Provenances(model), frozenset((p.array, p.index) for p in model.off_formula))


def shown(table: Table, found: Looked, whole: bool) -> dict:
    """Give a table as plain data: rows of zeros that are locked are left out, and counted, unless it is `whole`."""
    rows = [row for row in table.rows if whole or _alive(row, found.look)]
    cut = rows[:MOST_ROWS]
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [
            {"label": row.label, "array": row.array, "cells": [_cell(place, found) for place in row.places]}
            for row in cut
        ],
        "hidden": len(table.rows) - len(cut),
    }


def _alive(row: Row, look: Provenances) -> bool:
    """Whether anything stands in a row, or may act there."""
    places = [place for place in row.places if place]
    return any(look.weights[p.array][p.index] != 0 or look.masks[p.array][p.index] for p in places)


def _cell(place: Place | None, found: Looked) -> dict | None:
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
