"""The base controller, Layer 0 of a drawing: its blocks, the entries that are frozen, and its seal.

    covered                                                        not covered
    its arrays and masks, in its own order; its initial state      layers, places of heads, neurons, coordinates
    which of its circuits run before which, reader after writer    what runs beside them, and how many layers there are
    what each circuit reads and writes, by name                    which other controller sends a request
    input and output ports, their domains and safe values          the others' arrays, masks, states and laws
    what its laws, permits, limits and safe values are declared    texts, responsibilities, budgets
    that nothing else may touch its parts or write to it
    how many steps a head sees

So the fingerprint is the same in every network that the controller stands in, and another for any other controller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from handcrafted.control.resolved import LawInstance, ResolvedController
from handcrafted.model.arrays import elementwise, on_host
from handcrafted.model.blocks import Block, Source, blocks_of
from handcrafted.model.component import END_ARRAYS, HEAD_ARRAYS
from handcrafted.model.entries import EntryBlock, end_entries, entries_of, head_entries, marked, neuron_entries
from handcrafted.model.layout import ATTENTION, PARTS, Placement, runs_before, writers_of
from handcrafted.model.names import Port
from handcrafted.model.network import Network
from handcrafted.model.weights import FIELD_AXES, WRITING, Weights, acting

if TYPE_CHECKING:
    from handcrafted.loading.control_structure import ControlStructure


def base_of(structure: ControlStructure) -> str | None:
    """Name the Layer 0 controller; None where there is none."""
    return next((name for name, component in structure.components.items() if component.layer_0), None)


def base_blocks(structure: ControlStructure, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the blocks of the Layer 0 controller: the protected controller, then its guards."""
    return tuple(block for block in blocks if block.owner == base_of(structure))


def frozen(blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry that belongs to some blocks, as booleans of the model's shapes."""
    return marked(masks, (entry for block in blocks for entry in block.entries(masks.sizes["d_head"])))


def free(structure: ControlStructure, blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry that may act and does not belong to the Layer 0 controller, as booleans."""
    shut = frozen(base_blocks(structure, blocks), masks)
    return masks.map(lambda mask, no: elementwise(lambda may, shut: may & ~shut, on_host(mask), no), shut)


def parts_of(blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry of the heads, the neurons and the outputs of some blocks, whatever it reads or writes."""
    everything, dims = range(masks.sizes["d_model"]), range(masks.sizes["d_head"])

    def whole() -> Iterator[EntryBlock]:
        for place in (place for block in blocks for place in block.circuits):
            if place.part == ATTENTION:
                yield from head_entries(place.layer, place.components, everything, dims, everything)[:-1]
            else:
                yield from neuron_entries(place.layer, place.components, everything, everything)[:-1]
        yield end_entries(everything, (), (), [i for block in blocks for i in block.outputs]).unembedding

    return marked(masks, whole())


Told = Iterator[str | np.ndarray]


def fingerprint(network: Network) -> str | None:
    """Return the SHA-256 of the Layer 0 controller of a network; None where there is none."""
    if base_of(network.structure) is None:
        return None
    digest = hashlib.sha256()
    for told in _Sealed(network).told():
        if isinstance(told, str):
            digest.update(f"text {len(told)} {told} ".encode())
        else:
            digest.update(f"{told.dtype} {told.shape} ".encode())
            digest.update(np.ascontiguousarray(told).tobytes())
    return digest.hexdigest()


class _Sealed:
    """What is covered, piece by piece."""

    def __init__(self, network: Network):
        self.structure, self.names, self.window = network.structure, network.names, network.window
        self.allowed = network.masks.map(on_host)
        self.arrays = network.weights.map(on_host).map(acting, self.allowed)
        self.base = base_of(network.structure) or ""
        self.blocks = base_blocks(network.structure, blocks_of(network.structure, network.names, network.layout))
        self.writers = writers_of(network.layout)

    def told(self) -> Told:
        """Return it all, in an order that does not depend on the network around."""
        yield f"window {self.window}"
        yield from declared(self.structure.resolved.controllers[self.base], set(self.structure.resolved.controllers))
        for block in self.blocks:
            yield from self._ends(block)
            sources = {source.signal: source for part in block.parts for source in part.sources}
            for place in block.circuits:
                yield from self._circuit(place, sources)
        yield from self._open_to_others()

    def _ends(self, block: Block) -> Told:
        """Return what enters, leaves and goes round."""
        yield f"block {block.name}"
        yield from (_port(self.names.inputs[row]) for row in block.rows)
        yield from (_port(self.names.outputs[column]) for column in block.outputs)
        yield np.array(block.safe, np.float32)
        for entry in _ends_of(block):
            yield entry.values(self.arrays)
            yield entry.values(self.allowed)

    def _circuit(self, place: Placement, sources: dict) -> Told:
        """Return the names and arrays of one circuit; of its head without the dimensions that it does not use."""
        yield f"{place.role} {place.part} {len(place.components)} writes {place.writes}"
        yield from (self._read(place, sources[signal]) for signal in place.reads)
        width = self.arrays.sizes["d_head"]
        dims = _used(self.arrays, place) if place.part == ATTENTION else ()
        query = HEAD_ARRAYS.query, HEAD_ARRAYS.query_bias
        for entry in entries_of(place, self.names, dims):
            scale = np.float32(np.sqrt(width)) if entry.array in query else np.float32(1)
            yield entry.values(self.arrays) / scale
            yield entry.values(self.allowed)

    def _read(self, place: Placement, source: Source) -> str:
        """Say what a circuit reads: which signal, whether it is there by then, and what its port puts as safe."""
        signal = source.signal
        if source.block is None:
            return f"reads {signal}, which enters"
        writer = self.writers.get(signal)
        when = "written before" if writer and runs_before(writer, place) else "too late" if writer else "carried"
        whose = str(signal) if signal.owner == self.base else f"another's {signal.role} {signal.name}"
        return f"reads {whose}, {when}, safe {source.safe}"

    def _open_to_others(self) -> Told:
        """Return every entry by which something else may touch its parts, or write to it; usually none."""
        width = self.arrays.sizes["d_head"]
        own = [entry for block in self.blocks for entry in _ends_of(block)]
        places = [place for block in self.blocks for place in block.circuits]
        own += [entry for place in places for entry in entries_of(place, self.names, range(width))]
        mine = marked(self.allowed, own)
        for name, mask in self.allowed.items():
            at = mask.nonzero()
            theirs = self._touches(name, at) & ~mine[name][at]
            if theirs.any():
                yield f"open to others: {name}"
                yield np.transpose(at)[theirs]

    def _touches(self, name: str, at: tuple[np.ndarray, ...]) -> np.ndarray:
        """Say which entries of an array are of its heads, neurons or outputs, or write to what it holds or reads."""
        axes, found = FIELD_AXES[name], np.zeros(len(at[0]), bool)
        if name in (*WRITING, END_ARRAYS.recurrence):
            found |= np.isin(at[-1], [i for block in self.blocks for i in (*block.own, *block.inputs)])
        if name == END_ARRAYS.unembedding:
            found |= np.isin(at[-1], [i for block in self.blocks for i in block.outputs])
        for part, axis in PARTS.items():
            if axis in axes:
                count, places = self.arrays.sizes[axis], [p for block in self.blocks for p in block.circuits]
                own = [p.layer * count + number for p in places if p.part == part for number in p.components]
                found |= np.isin(at[0] * count + at[axes.index(axis)], own)
        return found


def declared(controller: ResolvedController, controllers: set[str]) -> Iterator[str]:
    """Say what a structure declares of a controller, and of the links to it and from it.

    Args:
        controller: which.
        controllers: the names of all: of a link from another one its name alone counts.
    """
    for link in controller.arrivals:
        own = None if link.id.sender in controllers else (link.id.sender, link.domain, link.initial)
        yield f"arrives {link.id.kind} {link.id.name} {link.lag} {own}"
    for variable in controller.variables:
        may_be = f"{variable.domain} {variable.initial} {variable.quantum}"
        yield f"believes {variable.signal} {may_be} {_law(variable.task)}"
    for entry in controller.entries:
        yield f"decides {entry.name} {_law(entry.task)}"
        for link in entry.links:
            receiver = None if link.id.receiver in controllers else link.id.receiver
            yield f"sends {link.id.kind} {link.id.name} {link.lag} {receiver} {link.domain!r} {link.initial}"


def _law(task: LawInstance) -> str:
    reads = [read.name for read in task.reads]
    parameters = task.parameters.model_dump(mode="json")
    return f"{task.law} {reads} {parameters} {task.when!r} {task.domain!r} {task.memory!r} {task.safe!r}"


def _port(port: Port) -> str:
    return f"port {port.owner} {port.signal} {port.index} {port.domain!r}"


def _ends_of(block: Block) -> Iterator[EntryBlock]:
    """Return the entries of what enters, leaves and goes round, in the order of the seal."""
    ends = block.ends()
    yield from (ends.embedding, ends.constant, ends.initial, block.initial_of_inputs(), ends.recurrence)
    yield from (ends.unembedding, ends.output_bias)


def _used(arrays: Weights, place: Placement) -> np.ndarray:
    """Return the dimensions of heads in which anything stands, at least the two of the rotary plane."""
    everything, width = range(arrays.sizes["d_model"]), arrays.sizes["d_head"]
    entries = head_entries(place.layer, place.components, everything, range(width), everything)
    size = lambda entry: np.abs(entry.values(arrays))
    over = [size(entry).max(axis=(0, 1, 2)) for entry in (entries.query, entries.key, entries.value)]
    over += [size(entry).max(axis=(0, 1)) for entry in (entries.query_bias, entries.key_bias, entries.value_bias)]
    over += [size(entries.output).max(axis=(0, 1, 3))]
    used = np.flatnonzero(np.sum(over, axis=0))
    return np.arange(max([2, *(used + 1)]))
