"""The weights of a part as tables: a column per neuron or head dimension, a row per coordinate read or written."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.model.entries import EntryBlock, end_entries, head_entries, neuron_entries, recurrence_entries
from handcrafted.model.layout import MLP, Placement
from handcrafted.model.names import Names
from handcrafted.model.provenance import Provenance, Provenances
from handcrafted.model.transformer import Transformer
from handcrafted.view.editor.parts import EditorPart
from handcrafted.view.model_panels import coordinate_label, port_label

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
    every = range(len(labels))
    if place.part == MLP:
        own = neuron_entries(layer, place.components, every, every)
        rows = [*_reading(own.into, labels), _bias(own.bias), *_writing(own.out, labels, own.constant)]
        return Table(title, (*(f"N{n}" for n in place.components), "bias"), list(_filled(rows)))
    dims = range(model.weights.sizes["d_head"])
    own, rows = head_entries(layer, place.components[:1], every, dims, every), []
    for kernel, bias in own.projections:
        rows += [*_reading(kernel, labels), _bias(bias)]
    rows += _writing(own.output, labels, own.constant)
    return Table(title, (*(f"d{d}" for d in dims), "bias"), list(_filled(rows)))


def _reading(block: EntryBlock, labels: Sequence[str]) -> list[TableRow]:
    """Return a row per coordinate that a block [..., d_model, column] reads."""
    rows = zip(labels, block.axes[-2].tolist(), strict=True)
    return [TableRow(label, block.array, _places(block.at(-2, i))) for label, i in rows]


def _writing(block: EntryBlock, labels: Sequence[str], bias: EntryBlock) -> list[TableRow]:
    """Return a row per coordinate that a block [..., column, d_model] writes, its bias as one more column."""
    rows = ((label, (*_places(block.at(-1, i)), *_places(bias.at(-1, i)))) for i, label in enumerate(labels))
    return [TableRow(label, block.array, places) for label, places in rows]


def _bias(block: EntryBlock, label: str = "bias") -> TableRow:
    return TableRow(label, block.array, _places(block))


def _places(block: EntryBlock) -> tuple[TablePlace, ...]:
    return tuple(TablePlace(block.array, index) for index in itertools.product(*(a.tolist() for a in block.axes)))


def _filled(rows: Sequence[TableRow]) -> Iterator[TableRow]:
    width = max(len(row.places) for row in rows)
    for row in rows:
        yield TableRow(row.label, row.array, (*row.places, *(None,) * (width - len(row.places))))


def _wires(names: Names, part: EditorPart) -> list[Table]:
    """Return the tables of the embedding, the unembedding, the recurrence and the initial residual of a part."""
    labels = _labels(names)
    inputs = [i for i, port in enumerate(names.inputs) if port.node(INPUT) in part.ends]
    outputs = [i for i, port in enumerate(names.outputs) if port.node(OUTPUT) in part.ends]
    own = [int(i) for signal in part.signals if signal in names.subspaces for i in names.subspaces[signal]]
    every = range(len(labels))
    ends, round_trip = end_entries(every, every, inputs, outputs), recurrence_entries(own, own)
    enters = _writing(ends.embedding, labels, ends.constant)
    leaves = [*_reading(ends.unembedding, labels), _bias(ends.output_bias)]
    carried = _reading(round_trip, [labels[i] for i in own])
    carried.append(_bias(end_entries(own, (), (), ()).initial, "initial"))
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
