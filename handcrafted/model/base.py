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
from handcrafted.model.blocks import Block, Source, blocks_of
from handcrafted.model.layout import Placement, runs_before, writers_of
from handcrafted.model.names import Names, Port
from handcrafted.model.network import Network
from handcrafted.model.weights import Weights

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
    found = masks.map(lambda mask: np.zeros(np.shape(mask), bool))
    for block in blocks:
        for _, name, at in block.pieces(masks.sizes["d_head"]):
            found[name][at] = True
    return found


def free(structure: ControlStructure, blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry that may act and does not belong to the Layer 0 controller, as booleans."""
    shut = frozen(base_blocks(structure, blocks), masks)
    return masks.map(lambda mask, no: np.asarray(mask) & ~no, shut)


def parts_of(blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry of the heads, the neurons and the outputs of some blocks, whatever it reads or writes."""
    found = masks.map(lambda mask: np.zeros(np.shape(mask), bool))
    for place in (place for block in blocks for place in block.circuits):
        numbers = np.array(place.components)
        names = ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V") if place.part == "attention" else ("W_out", "b_in")
        for name in names:
            found[name][place.layer, numbers] = True
        if place.part == "mlp":
            found.W_in[place.layer][:, numbers] = True
    for column in (i for block in blocks for i in block.outputs):
        found.W_U[:, column] = True
    return found


def writing_to(blocks: tuple[Block, ...], masks: Weights) -> Weights:
    """Mark every entry that writes to the coordinates of some blocks, or to those of the inputs that they read."""
    found = masks.map(lambda mask: np.zeros(np.shape(mask), bool))
    own = np.array([i for block in blocks for i in (*block.own, *block.inputs)], int)
    for name in ("W_E", "b_E", "W_O", "b_O", "W_out", "b_out", "W_R"):
        found[name][..., own] = True
    return found


Index = tuple[np.ndarray, ...]
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
        self.allowed = network.masks.map(np.asarray)
        self.arrays = network.weights.map(lambda raw, may: np.where(may, raw, np.float32(0)), self.allowed)
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
        for name, at in _ends_of(block, self.arrays.sizes["d_head"]):
            yield self.arrays[name][at]
            yield self.allowed[name][at]

    def _circuit(self, place: Placement, sources: dict) -> Told:
        """Return the names and arrays of one circuit; of its head without the dimensions that it does not use."""
        yield f"{place.role} {place.part} {len(place.components)} writes {place.writes}"
        yield from (self._read(place, sources[signal]) for signal in place.reads)
        width = self.arrays.sizes["d_head"]
        dims = _used(self.arrays, place) if place.part == "attention" else np.arange(0)
        for name, at in _entries(place, self.names, dims):
            scale = np.float32(np.sqrt(width)) if name in ("W_Q", "b_Q") else np.float32(1)
            yield self.arrays[name][at] / scale
            yield self.allowed[name][at]

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
        reserved = parts_of(self.blocks, self.allowed).map(np.logical_or, writing_to(self.blocks, self.allowed))
        width = self.arrays.sizes["d_head"]
        for block in self.blocks:
            mine = [entry for place in block.circuits for entry in _entries(place, self.names, np.arange(width))]
            for name, at in (*_ends_of(block, width), *mine):
                reserved[name][at] = False
        for name, mask in self.allowed.items():
            if (mask & reserved[name]).any():
                yield f"open to others: {name}"
                yield np.argwhere(mask & reserved[name])


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
        yield f"believes {variable.signal} {variable.domain} {variable.initial} {variable.grid} {_law(variable.task)}"
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


def _ends_of(block: Block, width: int) -> Iterator[tuple[str, Index]]:
    """Return the entries of what enters, leaves and goes round."""
    pieces = block.pieces(width)
    return ((name, at) for key, name, at in pieces if not key[-1].isdigit() or key == "r_0")


def _entries(place: Placement, names: Names, dims: np.ndarray) -> Iterator[tuple[str, Index]]:
    """Return the entries of one circuit: of its neurons, or of some dimensions of its head."""
    reads = np.concatenate([names.find(signal) for signal in place.reads] or [np.zeros(0, int)])
    layer, numbers, writes = np.array([place.layer]), np.array(place.components), names.find(place.writes)
    if place.part == "mlp":
        yield "W_in", np.ix_(layer, reads, numbers)
        yield "b_in", np.ix_(layer, numbers)
        yield "W_out", np.ix_(layer, numbers, writes)
        yield "b_out", np.ix_(layer, writes)
        return
    yield from ((name, np.ix_(layer, numbers, reads, dims)) for name in ("W_Q", "W_K", "W_V"))
    yield from ((name, np.ix_(layer, numbers, dims)) for name in ("b_Q", "b_K", "b_V"))
    yield "W_O", np.ix_(layer, numbers, dims, writes)
    yield "b_O", np.ix_(layer, writes)


def _used(arrays: Weights, place: Placement) -> np.ndarray:
    """Return the dimensions of heads in which anything stands, at least the two of the rotary plane."""
    layer, heads = place.layer, np.array(place.components)
    over = [np.abs(arrays[name][layer, heads]).max(axis=(0, 1)) for name in ("W_Q", "W_K", "W_V")]
    over += [np.abs(arrays[name][layer, heads]).max(axis=0) for name in ("b_Q", "b_K", "b_V")]
    over += [np.abs(arrays.W_O[layer, heads]).max(axis=(0, 2))]
    used = np.flatnonzero(np.sum(over, axis=0))
    return np.arange(max([2, *(used + 1)]))
