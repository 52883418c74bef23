"""Which array entries make a link: the path from its writer to its reader, entry by entry, or what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from handcrafted.control.errors import HandcraftedError
from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal
from handcrafted.control.intended import link_edges, written_port
from handcrafted.control.resolved import LinkId, ResolvedLink
from handcrafted.model.transformer import Placement, Transformer
from handcrafted.readout.subject import FLOOR

MOST_ENTRIES = 24
"""Entries printed per step before the rest is counted."""


@dataclass(frozen=True)
class Entry:
    """One number of one array that a link goes through."""

    array: str
    index: tuple[int, ...]
    value: float

    def __str__(self) -> str:
        return f"{self.array}[{', '.join(map(str, self.index))}] = {self.value:g}"


@dataclass(frozen=True)
class PathStep:
    """One step of a link's path: what happens, by which circuit and formula, in which entries (none if missing)."""

    text: str
    circuit: str
    formula: str
    entries: tuple[Entry, ...]

    def __str__(self) -> str:
        shown = [f"    {entry}" for entry in self.entries[:MOST_ENTRIES]]
        if len(self.entries) > MOST_ENTRIES:
            shown.append(f"    … and {len(self.entries) - MOST_ENTRIES} more entries")
        by = f"  [{self.circuit}: {self.formula}]" if self.circuit else ""
        return "\n".join([f"  {self.text}{by}", *(shown or ["    MISSING: no entry of this step differs from zero"])])


@dataclass(frozen=True)
class Explanation:
    """All steps of a link, from its writer to its reader."""

    link: LinkId
    steps: tuple[PathStep, ...]

    @property
    def complete(self) -> bool:
        """Whether every step has entries."""
        return all(step.entries for step in self.steps)

    def __str__(self) -> str:
        state = "" if self.complete else "  (INCOMPLETE)"
        return "\n".join([f"{self.link.kind} {self.link}{state}", *map(str, self.steps)])


def find_link(model: Transformer, text: str) -> ResolvedLink:
    """Give the link that a text such as `train -> door controller: train motion` means.

    Raises:
        HandcraftedError: if no link, or more than one, is written so.
    """
    links = model.structure.resolved.links
    wanted = " ".join(text.split())
    matches = [link for link in links if wanted in (str(link.id), f"{link.id.kind} {link.id}")]
    if len(matches) > 1:
        kinds = ", ".join(f"`{link.id.kind} {link.id}`" for link in matches)
        raise HandcraftedError(
            f"Expected one link, got {len(matches)} written {wanted!r}. Put its kind in front: {kinds}."
        )
    if not matches:
        known = "\n".join(f"  {link.id}" for link in links)
        raise HandcraftedError(f"Expected a link of {model.structure.name}, got {wanted!r}. Use one of:\n{known}")
    if not matches[0].counted:
        raise HandcraftedError(
            f"Expected a link with a controller at one end, got {wanted!r}. It lies outside the network."
        )
    return matches[0]


def explain(model: Transformer, link: str) -> Explanation:
    """Trace a link through the effective arrays, from its sender's circuit to its receiver's head or output.

    Args:
        model: the model whose effective weights are read.
        link: `from -> to: name`, an absent end left empty.

    Raises:
        HandcraftedError: if the structure has no such link in the network.
    """
    found = find_link(model, link)
    chain = link_edges(found)
    steps = [_step(model, edge) for edge in chain]
    if found.sent_by_controller:
        steps.insert(0, _written(model, written_port(found)))
    return Explanation(found.id, tuple(steps))


def _entries(array: str, values: np.ndarray, prefix: tuple[int, ...], *at: np.ndarray) -> Iterator[Entry]:
    block = values[np.ix_(*at)]
    for position in zip(*np.nonzero(np.abs(block) > FLOOR), strict=True):
        index = (*prefix, *(int(axis[i]) for axis, i in zip(at, position, strict=True)))
        yield Entry(array, index, float(block[position]))


def _step(model: Transformer, edge: Edge) -> PathStep:
    weights, names = model.effective_weights.numpy(), model.names
    if edge.source.role == INPUT:
        rows, columns = names.input_signals[edge.source], names.find(edge.target)
        entries = tuple(_entries("W_E", weights.W_E, (), rows, columns))
        return PathStep(f"the input {edge.source.name} of {edge.source.owner or 'outside'} enters", "", "", entries)
    if edge.target.role == OUTPUT:
        entries = tuple(_entries("W_U", weights.W_U, (), names.find(edge.source), names.output_signals[edge.target]))
        return PathStep(f"{edge.source.name} leaves as an output", "", "", entries)
    if edge.lag:
        entries = tuple(_entries("W_R", weights.W_R, (), names.find(edge.source), names.find(edge.target)))
        return PathStep(f"{edge.target.name} is carried to the next step", "", "", entries)
    return _received(model, edge)


def _received(model: Transformer, edge: Edge) -> PathStep:
    text = f"{edge.target.owner} receives {edge.target.name}"
    place = _writer(model, edge.target)
    if place is None:
        return PathStep(text, "", "", ())
    weights, names = model.effective_weights.numpy(), model.names
    layer, head = place.layer, place.components[0]
    dims = np.arange(weights.sizes["d_head"])
    read = tuple(_entries("W_V", weights.W_V[layer, head], (layer, head), names.find(edge.source), dims))
    write = tuple(_entries("W_O", weights.W_O[layer, head], (layer, head), dims, names.find(edge.target)))
    look = tuple(
        Entry(name, (layer, head, int(d)), float(weights[name][layer, head, d]))
        for name in ("b_Q", "b_K")
        for d in np.flatnonzero(np.abs(weights[name][layer, head]) > FLOOR)
    )
    complete = read + write + look if read and write and look else ()
    return PathStep(f"{text} (layer {layer}, head {head})", place.circuit, place.formula, complete)


def _written(model: Transformer, port: Signal) -> PathStep:
    text = f"{port.owner} writes {port.name}"
    place = _writer(model, port)
    if place is None:
        return PathStep(text, "", "", ())
    weights, layer = model.effective_weights.numpy(), place.layer
    neurons = np.array(place.components)
    reads = np.concatenate([model.names.find(signal) for signal in place.reads] or [np.zeros(0, int)])
    entries = (
        *_entries("W_in", weights.W_in[layer], (layer,), reads, neurons),
        *_entries("b_in", weights.b_in[layer], (layer,), neurons),
        *(written := tuple(_entries("W_out", weights.W_out[layer], (layer,), neurons, model.names.find(port)))),
    )
    where = f"{text} (layer {layer}, neurons {neurons[0]}-{neurons[-1]})"
    return PathStep(where, place.circuit, place.formula, entries if written else ())


def _writer(model: Transformer, signal: Signal) -> Placement | None:
    return next((place for place in model.layout if place.writes == signal), None)
