"""Entries of arrays: which numbers of a block differ from zero, and which coordinates have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal
from handcrafted.control.resolved import LinkId, ResolvedLink
from handcrafted.control.signal_graph import link_edges, written_port
from handcrafted.model.entries import (
    EntryBlock,
    end_entries,
    head_entries,
    neuron_entries,
    places_of,
    recurrence_entries,
)
from handcrafted.model.layout import Placement
from handcrafted.model.network import HoldsNetwork, Network
from handcrafted.model.weights import Weights, must_have_sizes
from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.letters import listed, shown


@dataclass(frozen=True)
class Entry:
    """One number of one array that a link goes through."""

    array: str
    index: tuple[int, ...]
    value: float

    def __str__(self) -> str:
        return f"{self.array}[{', '.join(map(str, self.index))}] = {self.value:g}"


def entries_in(block: EntryBlock, weights: Weights) -> Iterator[Entry]:
    """Return the numbers of a block that differ from zero."""
    values = block.values(weights)
    for place in zip(*np.nonzero(values), strict=True):
        index = tuple(int(axis[k]) for axis, k in zip(block.axes, place, strict=True))
        yield Entry(block.array, index, float(values[place]))


MAX_ENTRIES = 24
"""Entries printed per step before the rest is counted."""


@dataclass(frozen=True)
class PathStep:
    """One step of a link's path.

    Attributes:
        text: what happens.
        circuit: which circuit of the catalogue does it; empty for the embedding, the recurrence and the unembedding.
        formula: of the circuit.
        entries: the numbers that do it.
        missing: what would have to differ from zero and does not, a sentence each.
    """

    text: str
    circuit: str
    formula: str
    entries: tuple[Entry, ...]
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = [f"    {entry}" for entry in self.entries[:MAX_ENTRIES]]
        if len(self.entries) > MAX_ENTRIES:
            shown.append(f"    … and {len(self.entries) - MAX_ENTRIES} more entries")
        by = f"  [{self.circuit}: {self.formula}]" if self.circuit else ""
        return "\n".join([f"  {self.text}{by}", *shown, *(f"    MISSING: {what}" for what in self.missing)])


@dataclass(frozen=True)
class Explanation:
    """All steps of a link, from its writer to its reader."""

    link: LinkId
    steps: tuple[PathStep, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not any(step.missing for step in self.steps)

    def __str__(self) -> str:
        state = "" if self.complete else "  (INCOMPLETE)"
        return "\n".join([f"{self.link.kind} {self.link}{state}", *map(str, self.steps)])


def find_link(model: Network, text: str) -> ResolvedLink:
    """Return the link that a text such as `train -> door controller: train motion` means.

    Raises:
        HandcraftedError: if no link, or more than one, is written so.
    """
    links = model.structure.resolved.links
    matches = _written_so(links, text)
    if len(matches) > 1:
        ways = listed(f"`{link.id.kind} {link.id}`" for link in matches)
        raise HandcraftedError(f"Expected one link, got {len(matches)} written {shown(text)}. Write one of: {ways}.")
    if not matches:
        known = listed((str(link.id) for link in links), separator="\n  ")
        raise HandcraftedError(f"Expected a link of {model.structure.name}, got {shown(text)}. Use one of:\n  {known}")
    if not matches[0].counted:
        raise HandcraftedError(
            f"Expected a link with a controller at one end, got {shown(text)}. It lies outside the network."
        )
    return matches[0]


def _written_so(links: Iterable[ResolvedLink], text: str) -> list[ResolvedLink]:
    """Return the links that a text means: to the letter, else without quotes around odd names, else but for blanks."""
    squeezed = lambda written: " ".join(written.split())
    for read in (str, squeezed):
        for way in (str, lambda id: id.bare):
            meant = {read(text), read(text).strip()}
            found = [link for link in links if {read(way(link.id)), read(f"{link.id.kind} {way(link.id)}")} & meant]
            if found:
                return found
    return []


def explain(model: HoldsNetwork | Network, link: str, weights: Weights | None = None) -> Explanation:
    """Trace a link through the arrays, from its sender's circuit to its receiver's head or output.

    Args:
        model: the model that was made from the structure.
        link: `from -> to: name`, an absent end left empty.
        weights: arrays of the same shapes to look into, such as a damaged copy; default: the effective weights.

    Raises:
        HandcraftedError: if the structure has no such link in the network, or shapes disagree.

    Example:
        >>> explanation = hc.explain(hc.assemble(hc.load(find("heated room"))), "thermostat -> room: heat")
        >>> explanation.complete
        True
    """
    must_be(model, HoldsNetwork | Network, "a model, as `hc.assemble` gives it")
    must_be(link, str, "a link, written `from -> to: name`")
    must_be(weights, Weights | None, "arrays, such as `model.weights`")
    network = model.network if isinstance(model, HoldsNetwork) else model
    found = find_link(network, link)
    own = network.effective_weights
    trace = _Trace(network, must_have_sizes(own if weights is None else weights, own.sizes).numpy())
    steps = [trace.edge(edge) for edge in link_edges(found)]
    if found.sent_by_controller:
        steps.insert(0, trace.written(written_port(found)))
    return Explanation(found.id, tuple(steps))


class _Trace(NamedTuple):
    """Follows a link through one set of arrays."""

    model: Network
    weights: Weights

    def edge(self, edge: Edge) -> PathStep:
        """Trace an edge that carries its signal unchanged: every coordinate of both ends must have an entry."""
        names, source, target = self.model.names, edge.source, edge.target
        if source.role == INPUT:
            text = f"the input {source.name} of {source.owner or 'outside'} enters"
            return self._wire(text, end_entries((), names.find(target), names.input_signals[source], ()).embedding)
        if target.role == OUTPUT:
            text = f"{source.name} leaves as an output"
            return self._wire(text, end_entries(names.find(source), (), (), names.output_signals[target]).unembedding)
        if edge.lag:
            text = f"{target.name} is carried to the next step"
            return self._wire(text, recurrence_entries(names.find(source), names.find(target)))
        return self._received(edge)

    def written(self, port: Signal) -> PathStep:
        """Trace the neurons by which a controller writes a port."""
        text, place = f"{port.owner} writes {port.name}", self._writer(port)
        if place is None:
            return PathStep(text, "", "", (), (f"no circuit writes {port}",))
        neurons, reads = place.components, places_of(place.reads, self.model.names)
        into, bias, out, _ = neuron_entries(place.layer, neurons, reads, self.model.names.find(port))
        missing = [f"{block} is zero" for block in (into, out) if block.axes[1].size and not self._entries(block)]
        which = f"neuron {neurons[0]}" if len(neurons) == 1 else f"neurons {neurons[0]}-{neurons[-1]}"
        text = f"{text} (layer {place.layer}, {which})"
        return PathStep(text, place.circuit, place.formula, self._entries(into, bias, out), tuple(missing))

    def _received(self, edge: Edge) -> PathStep:
        """Trace the head by which a controller receives a link: what it reads, where it looks, what it writes."""
        text, place = f"{edge.target.owner} receives {edge.target.name}", self._writer(edge.target)
        if place is None:
            return PathStep(text, "", "", (), (f"no head writes {edge.target}",))
        names, dims = self.model.names, range(self.weights.sizes["d_head"])
        head = head_entries(place.layer, place.components[:1], names.find(edge.source), dims, names.find(edge.target))
        read, write, looks = head.value, head.output, (head.query_bias, head.key_bias)
        missing = [*self._left_out(read, -2), *self._left_out(write, -1)]
        missing += [f"{look} is zero: the head looks at all steps alike" for look in looks if not self._entries(look)]
        text = f"{text} (layer {place.layer}, head {place.components[0]})"
        return PathStep(text, place.circuit, place.formula, self._entries(read, *looks, write), tuple(missing))

    def _wire(self, text: str, block: EntryBlock) -> PathStep:
        missing = dict.fromkeys((*self._left_out(block, -2), *self._left_out(block, -1)))
        return PathStep(text, "", "", self._entries(block), tuple(missing))

    def _entries(self, *blocks: EntryBlock) -> tuple[Entry, ...]:
        return tuple(entry for block in blocks for entry in entries_in(block, self.weights))

    def _left_out(self, block: EntryBlock, axis: int) -> list[str]:
        """Say of each coordinate without an entry where one should be."""
        values = np.abs(np.moveaxis(block.values(self.weights), axis, 0)).reshape(len(block.axes[axis]), -1)
        empty = block.axes[axis][values.max(axis=1, initial=0) == 0]
        if len(empty) == len(block.axes[axis]):
            return [f"{block} is zero"]
        return [f"{block.at(axis, place)} is zero" for place in empty.tolist()]

    def _writer(self, signal: Signal) -> Placement | None:
        return next((place for place in self.model.layout if place.writes == signal), None)
