"""From units without names to the signals of a structure: by an isomorphism, or as nearly as can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from handcrafted.control.graph import INPUT, Edge, Signal, SignalGraph
from handcrafted.control.resolved import next_step
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.blind.blind import Blind, Parts, parts_of
from handcrafted.readout.blind.flow import Flow, Flows
from handcrafted.text.letters import counted
from handcrafted.verdict.blind.intended import Intention, intention
from handcrafted.verdict.blind.isomorphism import Coloured, Parting, automorphisms, isomorphism, nearest

Key = tuple[Signal, Signal, int]

MOST = 3
"""A network with more than so many times the intended arrows is not mapped: nothing about it is alike."""


@dataclass(frozen=True)
class Match:
    """How a blind reading lies on a structure.

    Attributes:
        same_parts: whether parts and links are those of the intended circuits.
        isomorphic: whether units and flows are those of the intended circuits, signs included.
        names: the signal that each unit writes; None where it is like nothing intended.
        graph: the signal-flow graph under these names.
        differences: one sentence for each edge that is missing, extra or turned round.
        ways: in how many ways the parts and links can be laid on themselves, and which is meant is not in the weights.
        unit_ways: the same for heads and neurons.
    """

    same_parts: bool
    isomorphic: bool
    names: tuple[Signal | None, ...]
    graph: SignalGraph
    differences: tuple[str, ...]
    ways: int
    unit_ways: int

    @property
    def exact(self) -> bool:
        """Whether everything is as intended."""
        return self.same_parts and self.isomorphic and not self.differences

    def __str__(self) -> str:
        if self.exact:
            return (
                f"as intended, in {counted(self.ways, 'way')} to lay its parts and {self.unit_ways:,} to lay its units"
            )
        return "not as intended: " + ("; ".join(self.differences) or "parts, units or flows differ")


def match(structure: ControlStructure, found: Blind) -> Match:
    """Lay a blind reading on a structure, anchored at inputs and outputs.

    Heads and neurons are held against the circuits that the structure's laws call for, before any is placed; the names
    that they get give a signal-flow graph, and that is held against the drawing, which knows no circuits.
    """
    wanted = intention(structure)
    parts = _of_parts(parts_of(wanted.flows))
    units, circuits = _of_flows(found.flows), _of_flows(wanted.flows)
    mapping = isomorphism(units, circuits)
    same = not isinstance(mapping, Parting)
    if not same:
        strange = len(found.flows.arrows) > MOST * len(wanted.flows.arrows) + MOST
        mapping = [-1] * len(units.nodes) if strange else nearest(found.flows, wanted.flows)
    assert not isinstance(mapping, Parting)
    names = tuple(wanted.signals[i] if i >= 0 else None for i in mapping)
    graph, differences = _named(structure.signal_graph(), found.flows, wanted, mapping, names)
    return Match(
        not isinstance(isomorphism(_of_parts(found.parts), parts), Parting), same, names, graph, differences,
        automorphisms(parts), automorphisms(circuits),
    )  # fmt: skip


def _of_flows(flows: Flows) -> Coloured:
    return Coloured(flows.colours, tuple((a.source, a.target, a.colour) for a in flows.arrows))


def _of_parts(parts: Parts) -> Coloured:
    """Make a graph of parts, named ends, and a node for each link."""
    ends = sorted({end for link in parts.links for end in link[:2] if isinstance(end, tuple)})
    place: dict[object, int] = {end: len(parts.members) + i for i, end in enumerate(ends)}
    nodes: list = [("part",)] * len(parts.members) + [("end", *end) for end in ends]
    arrows = []
    for link in parts.links:
        number = len(nodes)
        nodes.append(("link", link.lag, link.width))
        for end, way in ((link.source, "sends"), (link.target, "receives")):
            if end is not None:
                at = end if isinstance(end, int) else place[end]
                arrows.append((at, number, way) if way == "sends" else (number, at, way))
    return Coloured(tuple(nodes), tuple(arrows))


def _named(
    intended: SignalGraph, found: Flows, wanted: Intention, mapping: list[int], names: tuple[Signal | None, ...]
) -> tuple[SignalGraph, tuple[str, ...]]:
    """Return the graph under the signals' names, and in what it differs from the intended one."""
    chains = _chains(intended)
    filled = _filled(intended)
    seen = _seen(found, names)
    turned = _turned(found, wanted.flows, mapping, names)
    last = {key: chain[-1] for key, chain in chains.items()}
    edges = {edge.key: edge for edge in intended.edges if edge.target in filled}
    for key in seen & last.keys():
        edge = last[key]
        edges[edge.key] = replace(edge, sign=-1, gain=None) if key in turned else edge
    extra = [_from_port(Edge(*key), intended, filled) for key in sorted(seen - last.keys())]
    said = [
        *(f"missing: {_arrow(*key)}" for key in chains if key not in seen),
        *(f"extra: {_arrow(*edge.key)}" for edge in extra),
        *(f"sign turned round: {_arrow(*key)}" for key in turned),
    ]
    return SignalGraph(intended.nodes, [*edges.values(), *extra]), tuple(said)


def _from_port(edge: Edge, intended: SignalGraph, filled: Set[Signal]) -> Edge:
    """Let an edge begin where it is read: at the port that an input fills, or the state that the recurrence does."""
    for before in intended.leaving(edge.source):
        if before.target in filled and before.lag <= edge.lag:
            return Edge(before.target, edge.target, edge.lag - before.lag)
    return edge


def _arrow(source: Signal, target: Signal, lag: int) -> str:
    return f"{source} -> {target}" + (f", {lag} later" if lag else "")


def _filled(intended: SignalGraph) -> Set[Signal]:
    """Return the ports and states that arrays fill and no unit writes; a blind reading sees only what passes them."""
    return {edge.target for edge in intended.edges if edge.source.role == INPUT or _carries(edge)}


def _chains(intended: SignalGraph) -> Mapping[Key, list[Edge]]:
    """Return the edges that each arrow between two units stands for."""
    filled = _filled(intended)
    chains: dict[Key, list[Edge]] = {}
    for edge in intended.edges:
        if edge.source in filled:
            for before in intended.arriving(edge.source):
                chains[before.source, edge.target, before.lag + edge.lag] = [before, edge]
        elif edge.target not in filled:
            chains[edge.key] = [edge]
    return chains


def _carries(edge: Edge) -> bool:
    return edge.lag == 1 and edge.source == next_step(edge.target)


def _seen(found: Flows, names: tuple[Signal | None, ...]) -> set[Key]:
    seen = set()
    for arrow in found.arrows:
        source, target = names[arrow.source], names[arrow.target]
        if arrow.kind != "moves" and source and target:
            seen |= {(source, target, arrow.lag + lag) for lag in found.units[arrow.target].lags or (0,)}
    return seen


def _turned(found: Flows, wanted: Flows, mapping: list[int], names: tuple[Signal | None, ...]) -> list[Key]:
    """Return the arrows between signals on which every flow has the other sign than intended; if none, where some have.

    What flows through a head belongs to the head: it carries the sign if all that it carries is turned round.
    """
    signs = {(a.source, a.target, a.lag): a.sign for a in wanted.arrows if a.kind == "moves"}
    ways: dict[Key, list[bool]] = defaultdict(list)
    through = _through(found)
    for arrow in found.arrows:
        key = (mapping[arrow.source], mapping[arrow.target], arrow.lag)
        if arrow.kind == "moves" and key in signs:
            for step in through.get((arrow.source, arrow.target), [arrow]):
                source, target = names[step.source], names[step.target]
                if source and target:
                    lag = step.lag + (found.units[step.target].lags or (0,))[0]
                    ways[source, target, lag].append(signs[key] != arrow.sign)
    return [key for key, turned in ways.items() if all(turned)] or [key for key, turned in ways.items() if any(turned)]


def _through(found: Flows) -> dict[tuple[int, int], list[Flow]]:
    """Give, for each pair that a head lies between, what enters that head."""
    entering, leaving = defaultdict(list), defaultdict(list)
    for arrow in found.arrows:
        if arrow.kind == "reads" and found.units[arrow.target].kind == "head":
            entering[arrow.target].append(arrow)
        if arrow.kind == "reads" and found.units[arrow.source].kind == "head":
            leaving[arrow.source].append(arrow.target)
    ways: dict[tuple[int, int], list[Flow]] = defaultdict(list)
    for head, arrows in entering.items():
        for arrow in arrows:
            for target in leaving[head]:
                ways[arrow.source, target].append(arrow)
    return ways
