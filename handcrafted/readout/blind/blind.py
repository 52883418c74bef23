"""Blind recovery: the control structure of a network of which only the inputs and outputs are named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import networkx as nx

from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal, SignalGraph
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import ends_of
from handcrafted.model.names import Port
from handcrafted.model.network import HoldsNetwork
from handcrafted.model.weights import Weights, check_finite, check_shapes
from handcrafted.readout.blind.flow import Flows, flows_of, units_of
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import counted

Name = tuple[str, str]
"""Owner and signal of an input or output of the network."""


class PartLink(NamedTuple):
    """A link between parts, known by what it carries.

    Attributes:
        source: number of the sending part, or the input that it comes from; None where nothing feeds it.
        target: number of the receiving part, or the output that it goes to.
        lag: 1 where it passes the recurrence.
        width: how many numbers it carries.
    """

    source: int | Name | None
    target: int | Name
    lag: int
    width: int


@dataclass(frozen=True)
class Parts:
    """Internally connected parts and the links between them.

    Attributes:
        members: the numbers of the units (or the signals) of each part.
        links: one per receiving head, and one per output signal that a part writes.
    """

    members: tuple[tuple, ...]
    links: tuple[PartLink, ...]


def parts_of(flows: Flows) -> Parts:
    """Group heads and neurons that hang together once every link is cut where it is received.

    What one head receives comes from one sender, and so does what one output shows: their writers belong together.
    """
    units = flows.units
    inner = [i for i, unit in enumerate(units) if unit.kind not in (INPUT, OUTPUT)]
    together: list[tuple] = [(i,) for i in inner]
    arriving: dict[object, set[int]] = {}
    lags: dict[object, set[int]] = {}
    for arrow in flows.arrows:
        if arrow.kind == "moves":
            continue
        ends = units[arrow.source], units[arrow.target]
        if ends[1].boundary or ends[1].kind == OUTPUT:
            port = arrow.target if ends[1].boundary else ends[1].place and ends[1].place[1:3]
            arriving.setdefault(port, set()).add(arrow.source)
            lags.setdefault(port, set()).add(arrow.lag)
        elif ends[0].kind != INPUT:
            together.append((arrow.source, arrow.target))
    for writers in arriving.values():
        together.append(tuple(i for i in writers if units[i].kind != INPUT))
    members = _components(together)
    part = {i: number for number, group in enumerate(members) for i in group}

    def sender(port: object) -> int | Name | None:
        for i in sorted(arriving.get(port, ())):
            place = units[i].place
            return place[1:3] if place else part[i]
        return None

    links = [
        PartLink(sender(i), part[i], max(lags.get(i, {0})), unit.width) for i, unit in enumerate(units) if unit.boundary
    ]
    shown: dict[Name, int] = {}
    for unit in units:
        if unit.kind == OUTPUT and unit.place:
            shown[unit.place[1:3]] = shown.get(unit.place[1:3], 0) + 1
    links += [PartLink(sender(name), name, max(lags.get(name, {0})), width) for name, width in shown.items()]
    return Parts(tuple(members), tuple(links))


def _components(together: Iterable[Sequence]) -> list[tuple]:
    graph = nx.Graph()
    for group in together:
        graph.add_nodes_from(group)
        nx.add_path(graph, group)
    return sorted(tuple(sorted(found)) for found in nx.connected_components(graph))


@dataclass(frozen=True)
class Blind:
    """What can be read without names.

    Attributes:
        flows: all heads, neurons, inputs and outputs, with what flows from one to another.
        parts: those that hang together inside, with the links between them. Which parts make up one controller is
            not in the weights.
    """

    flows: Flows
    parts: Parts

    @cached_property
    def graph(self) -> SignalGraph:
        """The signal-flow graph of the units, under names that say what and where they are."""
        part = {i: number for number, group in enumerate(self.parts.members) for i in group}

        def signal(i: int) -> Signal:
            unit = self.flows.units[i]
            return Signal(*unit.place[1:2], unit.kind, unit.name) if unit.place else Signal(
                f"part {part[i] + 1}", unit.kind, unit.name
            )  # fmt: skip

        edges = []
        for arrow in self.flows.arrows:
            if arrow.kind != "moves":
                looks = self.flows.units[arrow.target].lags or (0,)
                edges += [Edge(signal(arrow.source), signal(arrow.target), arrow.lag + lag) for lag in looks]
        return SignalGraph(map(signal, range(len(self.flows.units))), edges)

    def __repr__(self) -> str:
        units, parts = self.flows.units, self.parts
        inner = sum(unit.kind not in (INPUT, OUTPUT) for unit in units)
        pieces = f"{counted(len(parts.members), 'part')}, {counted(len(parts.links), 'link')}"
        return f"Blind({inner} heads and neurons, {pieces})"


def blind(
    model_or_weights: HoldsNetwork | Weights,
    inputs: Sequence[Port] | None = None,
    outputs: Sequence[Port] | None = None,
    window: int = WINDOW,
) -> Blind:
    """Read a network without the names of its coordinates; nothing that a disguise changes is looked at.

    Formula: compositions of writers and readers at unit size, see `flows_of`; parts are what hangs together once
        the heads that look at the current step alone are cut, see `parts_of`.
    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (compositions);
        McKay & Piperno 2014, Practical graph isomorphism II (how its answer is matched).
    Error: none above the floor of 2^-17 of unit size; a reading or writing smaller than that is not seen.

    Args:
        model_or_weights: a model or any arrays, disguised or not.
        inputs: one name per row of `W_E`; those of the model by default.
        outputs: one name per column of `W_U`.
        window: how many steps a head sees.

    Raises:
        HandcraftedError: if names are missing, shapes disagree, or a number is not finite.
    """
    if isinstance(model_or_weights, HoldsNetwork):
        network = model_or_weights.network
        weights, window = network.effective_weights, network.window
        inputs, outputs = inputs or network.names.inputs, outputs or network.names.outputs
    else:
        weights = model_or_weights
    if inputs is None or outputs is None:
        raise HandcraftedError(
            "Expected the names of inputs and outputs beside bare weights, got none. Pass inputs=model.names.inputs "
            "and outputs=model.names.outputs."
        )
    weights = check_finite(check_shapes(weights.numpy()))
    for axis, given in (("n_in", inputs), ("n_out", outputs)):
        if weights.sizes[axis] != len(given):
            raise HandcraftedError(
                f"Expected {weights.sizes[axis]} names for the axis {axis}, got {len(given)}. Give this network's."
            )
    flows = flows_of(units_of(weights, inputs, outputs, window), ends_of(weights).recurrence)
    return Blind(flows, parts_of(flows))
