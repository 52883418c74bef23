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
from handcrafted.model.network import Network
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
    """The entries of one circuit, or of the wires of a part; `hidden` counts the rows that are left out."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[TableRow]
    hidden: int = 0


def tables_of(network: Network, part: EditorPart, whole: bool = True) -> list[Table]:
    """Return the array entries that belong to a part, circuit by circuit, then its wires.

    Args:
        network: as it stands.
        part: of its diagram.
        whole: whether rows of zeros that are locked are listed too, and not only counted.
    """
    circuits = sorted(
        (place for place in network.layout if place.writes in part.signals), key=lambda p: (p.layer, p.part)
    )
    rows = _Rows(network, whole)
    return [*(_circuit(place, rows) for place in circuits), *_wires(rows, part)]


class _Rows:
    """Makes rows of blocks of entries."""

    def __init__(self, network: Network, whole: bool):
        self.names, self.sizes, self.whole = network.names, network.weights.sizes, whole
        self.labels = _labels(network.names)
        self.weights, self.masks = network.weights.numpy(), network.masks.numpy()

    def reading(self, block: EntryBlock, labels: Sequence[str] | None = None) -> list[TableRow]:
        """Return a row per coordinate that a block [..., d_model, column] reads."""
        labels, places = self.labels if labels is None else labels, block.axes[-2]
        shown = self._shown(block, -2)
        return [TableRow(labels[i], block.array, _places(block.at(-2, int(places[i])))) for i in shown]

    def writing(self, block: EntryBlock, bias: EntryBlock) -> list[TableRow]:
        """Return a row per coordinate that a block [..., column, d_model] writes, its bias as one more column."""
        shown = sorted({*self._shown(block, -1), *self._shown(bias, -1)})
        places = {i: (*_places(block.at(-1, i)), *_places(bias.at(-1, i))) for i in shown}
        return [TableRow(self.labels[i], block.array, places[i]) for i in shown]

    def _shown(self, block: EntryBlock, axis: int) -> list[int]:
        """Say at which positions along an axis anything stands, or may act."""
        alive = (block.values(self.weights) != 0) | block.values(self.masks) | self.whole
        rows = np.moveaxis(alive, axis, 0)
        return np.flatnonzero(rows.any(axis=tuple(range(1, rows.ndim)))).tolist()

    def table(self, title: str, columns: tuple[str, ...], rows: list[TableRow], all_rows: int) -> Table:
        """Return a table of rows of which there are so many in all."""
        return Table(title, columns, list(_filled(rows)), all_rows - len(rows))


def _circuit(place: Placement, make: _Rows) -> Table:
    layer, count = place.layer, len(make.labels)
    title = f"layer {layer}, {place}: {place.circuit}: {place.formula}"
    every = range(count)
    if place.part == MLP:
        own = neuron_entries(layer, place.components, every, every)
        rows = [*make.reading(own.into), _bias(own.bias), *make.writing(own.out, own.constant)]
        return make.table(title, (*(f"N{n}" for n in place.components), "bias"), rows, 2 * count + 1)
    dims = range(make.sizes["d_head"])
    own, rows = head_entries(layer, place.components[:1], every, dims, every), []
    for kernel, bias in own.projections:
        rows += [*make.reading(kernel), _bias(bias)]
    rows += make.writing(own.output, own.constant)
    return make.table(title, (*(f"d{d}" for d in dims), "bias"), rows, 4 * count + 3)


def _bias(block: EntryBlock, label: str = "bias") -> TableRow:
    return TableRow(label, block.array, _places(block))


def _places(block: EntryBlock) -> tuple[TablePlace, ...]:
    return tuple(TablePlace(block.array, index) for index in itertools.product(*(a.tolist() for a in block.axes)))


def _filled(rows: Sequence[TableRow]) -> Iterator[TableRow]:
    width = max((len(row.places) for row in rows), default=0)
    for row in rows:
        yield TableRow(row.label, row.array, (*row.places, *(None,) * (width - len(row.places))))


def _wires(make: _Rows, part: EditorPart) -> list[Table]:
    """Return the tables of the embedding, the unembedding, the recurrence and the initial residual of a part."""
    names, labels = make.names, make.labels
    inputs = [i for i, port in enumerate(names.inputs) if port.node(INPUT) in part.ends]
    outputs = [i for i, port in enumerate(names.outputs) if port.node(OUTPUT) in part.ends]
    own = [int(i) for signal in part.signals if signal in names.subspaces for i in names.subspaces[signal]]
    every = range(len(labels))
    ends, round_trip = end_entries(every, every, inputs, outputs), recurrence_entries(own, own)
    columns, count = lambda ports, which: tuple(port_label(ports[i]) for i in which), len(labels)
    found = []
    if inputs:
        rows = make.writing(ends.embedding, ends.constant)
        found.append(make.table("embedding", (*columns(names.inputs, inputs), "bias"), rows, count))
    if outputs:
        rows = [*make.reading(ends.unembedding), _bias(ends.output_bias)]
        found.append(make.table("unembedding", columns(names.outputs, outputs), rows, count + 1))
    if own:
        rows = make.reading(round_trip, [labels[i] for i in own])
        rows.append(_bias(end_entries(own, (), (), ()).initial, "initial"))
        title = "recurrence and initial residual"
        found.append(make.table(title, tuple(labels[i] for i in own), rows, len(own) + 1))
    return found


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


def shown(table: Table, found: Looked) -> dict:
    """Return a table as plain data; of many rows the first."""
    cut = table.rows[:MAX_ROWS]
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [
            {"label": row.label, "array": row.array, "cells": [_cell(place, found) for place in row.places]}
            for row in cut
        ],
        "hidden": table.hidden + len(table.rows) - len(cut),
    }


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
