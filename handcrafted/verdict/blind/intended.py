"""The intended network's units and parts, as blind recovery should find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handcrafted.components.circuit import Circuit, Head
from handcrafted.control.graph import INPUT, OUTPUT, Signal
from handcrafted.control.signal_graph import network_input, network_output
from handcrafted.control.vocabulary import WINDOW
from handcrafted.craft.plan import circuits_of, names_of, subspaces
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.attention import looks_back
from handcrafted.model.names import Port, group
from handcrafted.readout.blind.blind import Parts
from handcrafted.readout.blind.flow import (
    HEAD,
    Flows,
    Unit,
    UnitPlace,
    flows_of,
    head_sides,
    neuron_unit,
    unit_of_input,
    unit_of_output,
)
from handcrafted.readout.tolerances import LAG_FLOOR
from handcrafted.text.letters import counted


@dataclass(frozen=True)
class Intention:
    """What is intended, in the terms of a blind reading.

    Attributes:
        flows: of the circuits as they are planned; layers, order and masks play no part.
        signals: what each unit writes; of an input or output itself.
    """

    flows: Flows
    signals: tuple[Signal, ...]


def intention(structure: ControlStructure) -> Intention:
    """Draw the units and flows of a structure's circuits, in coordinates of their own, without assembling them."""
    resolved = structure.resolved
    circuits = circuits_of(resolved)
    spaces = subspaces(resolved, circuits, structure.components)
    names = names_of(resolved, spaces)
    where, size = names.subspaces, len(names.residual)
    carry = np.zeros((size, size))
    for edge in structure.signal_graph().edges:
        if edge.lag == 1 and edge.source in where and edge.target in where and edge.gain == 1.0:
            carry[where[edge.source], where[edge.target]] = 1.0
    ports = {
        network_input(link.port): link.port for link in resolved.links if link.port and not link.sent_by_controller
    }
    ports |= {network_output(link.port): link.port for link in resolved.links if link.port and not link.received}
    stream = _Coordinates(where, size, ports)
    found = [*stream.ends(names.inputs, INPUT), *(each for one in circuits for each in stream.units(one))]
    found += stream.ends(names.outputs, OUTPUT)
    return Intention(flows_of([unit for unit, _ in found], carry), tuple(signal for _, signal in found))


class _Coordinates:
    """Circuits in the coordinates of the subspaces that they read and write."""

    def __init__(self, where: Mapping[Signal, np.ndarray], size: int, ports: Mapping[Signal, Signal]):
        self.where, self.size, self.ports = where, size, ports

    def ends(self, ports: Sequence[Port], kind: str) -> Iterable[tuple[Unit, Signal]]:
        """Return the units of inputs or outputs; each number has a coordinate of its own in its port."""
        make = unit_of_input if kind == INPUT else unit_of_output
        for signal, numbers in group([port.node(kind) for port in ports]).items():
            for number, coordinate in zip(numbers, self.where[self.ports[signal]], strict=True):
                yield make(np.eye(self.size)[coordinate], UnitPlace(kind, *ports[number][:3])), signal

    def units(self, circuit: Circuit) -> Iterable[tuple[Unit, Signal]]:
        """Return the units of a circuit."""
        reads = np.concatenate([self.where[signal] for signal in circuit.reads] or [np.zeros(0, int)])
        body = circuit.body
        if isinstance(body, Head):
            sides = head_sides(self._spread(body.value, reads, 0), self._spread(body.output, self._to(circuit), 1))
            if sides:
                lags = tuple(lag for lag, _ in looks_back(body.query, body.key, WINDOW, LAG_FLOOR))
                nothing = np.zeros((self.size, 0))
                yield Unit(HEAD, circuit.name, *sides, nothing, lags=lags), circuit.writes
            return
        into, out = self._spread(body.into, reads, 0).T, self._spread(body.out, self._to(circuit), 1)
        for number, (read, bias, write) in enumerate(zip(into, body.bias, out, strict=True)):
            if unit := neuron_unit(f"{circuit.name} {number}", read, float(bias), write):
                yield unit, circuit.writes

    def _to(self, circuit: Circuit) -> np.ndarray:
        return self.where[circuit.writes]

    def _spread(self, array: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
        shape = list(array.shape)
        shape[axis] = self.size
        wide = np.zeros(shape)
        wide[(slice(None),) * axis + (places,)] = array
        return wide


MAX_PARTS = 10
"""Up to how many parts every grouping is looked at; there are 115,975 of ten."""

Grouping = tuple[tuple[int, ...], ...]
"""Numbers of parts, group by group."""


@dataclass(frozen=True)
class Partitions:
    """The groupings of parts into controllers that nothing speaks against.

    Attributes:
        parts: how many parts there are.
        consistent: groupings in which no controller sends a link to itself; None beyond `MAX_PARTS` parts.
        grammatical: those in which each controller also receives feedback or an order, and acts or reports: it has
            both ends of the chain feedback, modelling, processing, action.
    """

    parts: int
    consistent: tuple[Grouping, ...] | None
    grammatical: tuple[Grouping, ...] | None

    def __str__(self) -> str:
        if self.consistent is None or self.grammatical is None:
            return f"{counted(self.parts, 'part')}, merge not determined; too many to list"
        open_, closed = len(self.consistent), len(self.grammatical)
        return (
            f"{counted(self.parts, 'part')}, merge not determined: {counted(open_, 'grouping')}, {closed} by the roles"
        )


def partitions(found: Parts) -> Partitions:
    """List how parts may be grouped into controllers.

    A link is sent from one controller to another, so its two ends never belong together; else any parts may.
    """
    count = len(found.members)
    if count > MAX_PARTS:
        return Partitions(count, None, None)
    apart = {
        frozenset((link.source, link.target))
        for link in found.links
        if isinstance(link.source, int) and isinstance(link.target, int)
    }
    hears = {link.target for link in found.links if isinstance(link.target, int)}
    acts = {link.source for link in found.links if isinstance(link.source, int)}
    consistent = tuple(_groupings(count, apart))
    whole = lambda group: not hears.isdisjoint(group) and not acts.isdisjoint(group)
    return Partitions(count, consistent, tuple(one for one in consistent if all(map(whole, one))))


def _groupings(count: int, apart: set[frozenset[int]]) -> Iterator[Grouping]:
    """Put one part after the other into each group that it may join, or into a new one."""

    def place(part: int, groups: list[list[int]]) -> Iterator[Grouping]:
        if part == count:
            yield tuple(map(tuple, groups))
            return
        for members in groups:
            if all(frozenset((part, other)) not in apart for other in members):
                members.append(part)
                yield from place(part + 1, groups)
                members.pop()
        yield from place(part + 1, [*groups, [part]])

    yield from place(0, [])
