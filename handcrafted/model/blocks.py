"""A model cut into blocks: a controller each, its guards apart, and nothing between them but ports.

Each block holds its own arrays, its own carry and its own ring of keys and values, and gathers what it may read. What
comes from another block passes a port, which puts a safe value in place of anything that is not finite: multiplying
by a mask would not do, for 0 times infinity is not 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from handcrafted.control.graph import Signal
from handcrafted.control.resolved import ResolvedController, next_step
from handcrafted.control.signal_graph import network_input, network_output
from handcrafted.model.component import EndArrays, HeadArrays, NeuronArrays
from handcrafted.model.entries import EntryBlock, end_entries, head_entries, neuron_entries
from handcrafted.model.layout import Placement, half_of
from handcrafted.model.names import Names
from handcrafted.text.diagnostics import HandcraftedError

if TYPE_CHECKING:
    from handcrafted.loading.control_structure import ControlStructure

Positions = tuple[int, ...]


class Source(NamedTuple):
    """Where one subspace that a part reads comes from.

    Attributes:
        block: the block that writes it; None for an input, which the reader fills for itself.
        at: the positions in that block, or among the reader's own inputs.
        safe: what a port puts for values that are not finite; empty within the block, where there is no port.
    """

    signal: Signal
    block: str | None
    at: Positions
    safe: tuple[float, ...] = ()


@dataclass(frozen=True)
class BlockPart:
    """The heads or the neurons of one block in one layer.

    Attributes:
        half: the half-layer, 2 l for the heads of layer l and 2 l + 1 for its neurons.
        components: their numbers in the whole network.
        sources: what they read.
        reads: the same as coordinates of the whole residual stream.
        writes: positions in the block that they may write.
    """

    half: int
    components: Positions
    sources: tuple[Source, ...]
    reads: Positions
    writes: Positions

    @property
    def layer(self) -> int:
        """Its layer."""
        return self.half // 2

    @property
    def attends(self) -> bool:
        """Whether it is heads and not neurons."""
        return self.half % 2 == 0


@dataclass(frozen=True)
class Block:
    """One controller without its guards, or all that depends on one request that a guard gates.

    Attributes:
        request: the received copy of the request; None for the controller itself.
        own: its coordinates of the residual stream.
        inputs, rows: coordinates of the input ports that it reads, and their rows of `W_E`.
        outputs: the columns of `W_U` that read it.
        safe: what the port of each output gives for a value that is not finite.
        circuits: its places in the layout, in the order of the plan.
    """

    name: str
    owner: str
    request: Signal | None
    own: Positions
    inputs: Positions
    rows: Positions
    outputs: Positions
    safe: tuple[float, ...]
    parts: tuple[BlockPart, ...]
    circuits: tuple[Placement, ...]

    def ends(self) -> EndArrays:
        """Return the entries of what enters, leaves and goes round, as `EntryBlock`s."""
        return end_entries(self.own, self.inputs, self.rows, self.outputs)

    def initial_of_inputs(self) -> EntryBlock:
        """Return the entries of what stood in its inputs before t = 0."""
        return end_entries(self.inputs, (), (), ()).initial

    def halves(self, d_head: int) -> dict[str, HeadArrays | NeuronArrays]:
        """Return the entries of its heads and neurons by half-layer, as `EntryBlock`s."""
        return {str(part.half): self._half(part, d_head) for part in self.parts}

    def _half(self, part: BlockPart, d_head: int) -> HeadArrays | NeuronArrays:
        writes = np.array(self.own, int)[list(part.writes)]
        if part.attends:
            return head_entries(part.layer, part.components, part.reads, range(d_head), writes)
        return neuron_entries(part.layer, part.components, part.reads, writes)

    def entries(self, d_head: int) -> Iterator[EntryBlock]:
        """Return every entry of the block."""
        yield from self.ends()
        yield self.initial_of_inputs()
        for half in self.halves(d_head).values():
            yield from half


def blocks_of(structure: ControlStructure, names: Names, layout: tuple[Placement, ...]) -> tuple[Block, ...]:
    """Cut a model into blocks, in declared order of the controllers, each before its guards."""
    return _Cutter(structure, names, layout).blocks()


class _Cutter:
    """Finds out which block writes what, and then what each reads."""

    def __init__(self, structure: ControlStructure, names: Names, layout: tuple[Placement, ...]):
        self.resolved, self.names, self.layout = structure.resolved, names, layout
        self.carried: dict[Signal, Signal] = {}
        self.safe: dict[Signal, np.ndarray] = {}
        self.filled: set[Signal] = set()
        for link in self.resolved.links:
            if link.port is None:
                continue
            self.safe[link.port] = link.domain.encode(link.initial)
            if not link.sent_by_controller:
                self.filled.add(link.port)
            if link.lag:
                self.carried[next_step(link.port)] = link.port
        for controller in self.resolved.controllers.values():
            self._of_tasks(controller)

    def _of_tasks(self, controller: ResolvedController) -> None:
        """Learn which states the recurrence fills, and what stands for a veto or a request that is not finite."""
        ports = {link.received: link.port for link in controller.arrivals}
        for task in controller.tasks:
            if task.memory:
                self.carried[task.memory.next] = task.memory.signal
            if task.law == "guard" and task.safe is not None:
                asked, safe = ports[task.reads[-1].signal], task.domain.encode(task.safe)
                self.safe |= {signal: safe for signal in (asked, *self._issued(controller, task.name)) if signal}
                self.safe |= {read.signal: np.ones(1, np.float32) for read in task.result[1:]}

    def _issued(self, controller: ResolvedController, name: str) -> list[Signal]:
        return [link.port for e in controller.entries if e.name == name for link in e.links if link.port]

    def blocks(self) -> tuple[Block, ...]:
        members: dict[tuple[str, Signal | None], list[Placement]] = {}
        placed: dict[str, list[Placement]] = {}
        for place in self.layout:
            placed.setdefault(place.owner, []).append(place)
        for controller in self.resolved.controllers.values():
            left = placed.get(controller.name, [])
            guards = {}
            for task in controller.tasks:
                if task.law == "guard" and task.reads[-1].signal not in guards:
                    guards[task.reads[-1].signal] = own = self._following(task.reads[-1].signal, left)
                    left = [place for place in left if place not in own]
            members[controller.name, None] = left
            members |= {(controller.name, request): own for request, own in guards.items()}
        self.home: dict[Signal, tuple[str, int]] = {}
        owns = {key: self._own(key, places) for key, places in members.items()}
        return tuple(self._block(key, places, owns[key]) for key, places in members.items())

    def _following(self, request: Signal, places: list[Placement]) -> list[Placement]:
        """The circuits that depend on a request: that which receives it, and what reads of it, step after step."""
        reached, found = {request}, []
        while new := [p for p in places if p not in found and (p.writes in reached or reached & {*p.reads})]:
            found += new
            reached |= {place.writes for place in new} | {
                self.carried[place.writes] for place in new if place.writes in self.carried
            }
        return [place for place in places if place in found]

    def _own(self, key: tuple[str, Signal | None], places: list[Placement]) -> Positions:
        """Return the coordinates of a block, and remember where each subspace begins in it."""
        found: list[int] = []
        for signal in (s for place in places for s in (self.carried.get(place.writes), place.writes) if s):
            self.home[signal] = (_name(key), len(found))
            found += self.names.find(signal).tolist()
        return tuple(found)

    def _block(self, key: tuple[str, Signal | None], places: list[Placement], own: Positions) -> Block:
        inputs: dict[Signal, int] = {}
        rows: list[int] = []
        coordinates: list[int] = []
        for signal in (s for place in places for s in place.reads if s in self.filled):
            if signal not in inputs:
                inputs[signal] = len(coordinates)
                coordinates += self.names.find(signal).tolist()
                rows += self.names.input_signals[network_input(signal)].tolist()
        halves = sorted({half_of(place) for place in places})
        parts = tuple(self._part(key, [p for p in places if half_of(p) == half], inputs) for half in halves)
        outputs, safe = [], []
        for port in {link.port for link in self.resolved.leaving.get(key[0], ()) if link.port}:
            columns = self.names.output_signals.get(network_output(port))
            if columns is not None and self._home(port)[0] == _name(key):
                outputs += columns.tolist()
                safe += self.safe[port].tolist()
        order = np.argsort(outputs)
        return Block(
            _name(key), *key, own, tuple(coordinates), tuple(rows),
            tuple(outputs[i] for i in order), tuple(safe[i] for i in order), parts, tuple(places),
        )  # fmt: skip

    def _part(self, key: tuple[str, Signal | None], places: list[Placement], inputs: dict[Signal, int]) -> BlockPart:
        sources = tuple(self._source(key, s, inputs) for s in dict.fromkeys(s for p in places for s in p.reads))
        writes = [i for place in places for i in self._at(place.writes)]
        components = sorted(number for place in places for number in place.components)
        reads = [i for source in sources for i in self.names.find(source.signal).tolist()]
        return BlockPart(half_of(places[0]), tuple(components), sources, tuple(reads), tuple(writes))

    def _source(self, key: tuple[str, Signal | None], signal: Signal, inputs: dict[Signal, int]) -> Source:
        if signal in inputs:
            return Source(signal, None, tuple(inputs[signal] + i for i in range(len(self.names.find(signal)))))
        block = self._home(signal)[0]
        safe = self.safe.get(signal, np.zeros(len(self.names.find(signal)), np.float32))
        return Source(signal, block, self._at(signal), () if block == _name(key) else tuple(safe.tolist()))

    def _home(self, signal: Signal) -> tuple[str, int]:
        """Return the block that holds a subspace, and where it begins there."""
        if signal not in self.home:
            raise HandcraftedError(f"Expected a circuit that writes {signal}, got none in the layout. Place one.")
        return self.home[signal]

    def _at(self, signal: Signal) -> Positions:
        start = self._home(signal)[1]
        return tuple(range(start, start + len(self.names.find(signal))))


def _name(key: tuple[str, Signal | None]) -> str:
    owner, request = key
    return f"guard of {request.name} in {owner}" if request else owner
