"""The same picture at every zoom: graphs contracted to what is seen between boxes, whatever runs inside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from handcrafted.control.graph import OUTPUT, Edge, Signal, SignalGraph
from handcrafted.control.instance import next_step
from handcrafted.control.signal_graph import network_input
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom, zooms_of


class Crossing(NamedTuple):
    """A way from one box into another, or out of the network.

    Attributes:
        receiver: a box, or what else is declared to take an output; None where nothing is.
        role: of the signal that crosses, with its name.
        sign: with which it arrives; unknown counts as +1.
        fed: lags and signs of the ways through which an input or the recurrence fills the signal.
        written: whether anything of the sender reaches it.
    """

    sender: str | None
    receiver: str | None
    role: str
    name: str
    lag: int
    sign: int
    fed: frozenset[tuple[int, int]]
    written: bool

    def __str__(self) -> str:
        return f"{self.sender or ''} -> {self.receiver or ''}: {self.name}".strip()


def contracted(graph: SignalGraph, zoom: Zoom) -> frozenset[Crossing]:
    """Contract a graph by what its signals' owners are seen in; edges inside a box vanish.

    Which component takes an output is in no graph: it is looked up among the declared links.
    """
    takers = {
        Signal(link.port.owner, OUTPUT, link.port.name): link.id.receiver
        for link in zoom.structure.resolved.links
        if link.port is not None and link.received is None
    }
    return frozenset(_crossings(graph, zoom, takers))


def differences(structure: ControlStructure, intended: SignalGraph, recovered: SignalGraph) -> dict[str, list[str]]:
    """Name, for each group and each box that holds others, what is not seen alike once it is collapsed."""
    found = {}
    for name in zooms_of(structure):
        zoom = Zoom(structure, [name])
        found[name] = sorted({str(way) for way in contracted(intended, zoom) ^ contracted(recovered, zoom)})
    return found


def _crossings(graph: SignalGraph, zoom: Zoom, takers: dict[Signal, str | None]) -> Iterator[Crossing]:
    for edge in graph.edges:
        source, target = edge.source, edge.target
        sender = zoom.box(source.owner or None)
        receiver = zoom.box(takers.get(target) if target.role == OUTPUT else target.owner or None)
        if sender != receiver or (target.role == OUTPUT and target not in takers):
            filling, written = _filled(graph, source)
            fed = frozenset((way.lag, _sign(way)) for way in filling)
            yield Crossing(sender, receiver, source.role, source.name, edge.lag, _sign(edge), fed, written)


def _filled(graph: SignalGraph, port: Signal) -> tuple[list[Edge], bool]:
    """Give the edges from the port's own input and from its value one step before, and whether a circuit writes it."""
    arriving = graph.arriving(port)
    filling = [edge for edge in arriving if edge.source in (network_input(port), next_step(port))]
    carried = next_step(port) in {edge.source for edge in filling}
    return filling, bool(graph.arriving(next_step(port)) if carried else len(arriving) > len(filling))


def _sign(edge: Edge) -> int:
    return 1 if edge.sign is None else edge.sign
