"""Cutting at the heads that receive links: what hangs together is part of one controller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx

from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.readout.blind.flow import Flows

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
