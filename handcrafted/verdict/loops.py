"""Feedback loops, the chain of command, and the views of a zoom, as a verdict sees them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import networkx as nx

from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal, SignalGraph
from handcrafted.control.resolved import ENDING, Resolved, next_step
from handcrafted.control.signal_graph import network_input
from handcrafted.control.vocabulary import LinkKind, Role
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom, zooms_of
from handcrafted.readout.recover import Recovered
from handcrafted.rollout.plant_edges import process_edges
from handcrafted.text.letters import possessive

MAX_LOOPS = 64
"""Up to how many loops are listed; a dense structure has more than anybody can read."""

BALANCING, REINFORCING, UNDETERMINED = "balancing", "reinforcing", "undetermined"


@dataclass(frozen=True)
class FeedbackLoop:
    """A feedback loop.

    Attributes:
        signals: in order, the first not repeated.
        lag: how many steps it takes round.
        polarity: `balancing` if its signs multiply to -1, `reinforcing` if to +1, `undetermined` where some edge rises
            or falls depending on where it stands, or shows no sign at all.
        closed_by_process: whether it passes through a process, and not only through the network.
        gain: what comes round of a unit, first, where every edge of it is linear; else None.
    """

    signals: tuple[Signal, ...]
    lag: int
    polarity: str
    closed_by_process: bool
    gain: float | None = None

    def __str__(self) -> str:
        after = (*self.signals[1:], self.signals[0])
        pairs = zip(self.signals, after, strict=True)
        shown = [s for s, then in pairs if s.role == INPUT or s.owner != then.owner or _remembered(s)]
        way = " -> ".join(dict.fromkeys(map(_named, shown)))
        where = "through the process" if self.closed_by_process else "inside the network"
        gain = "" if self.gain is None else f", gain {self.gain:.4g}"
        return f"{way}: {self.polarity} loop {where}, {self.lag} step{'s' if self.lag != 1 else ''} round{gain}"


def _remembered(signal: Signal) -> bool:
    """Whether the recurrence carries it inside its controller."""
    return signal.name.endswith(ENDING) and signal.role in (Role.PROCESSING_FOR_ACTION, Role.FEEDBACK_MODELLING)


def _named(signal: Signal) -> str:
    what = f"memory of {signal.name.removesuffix(ENDING)}" if _remembered(signal) else signal.name
    return f"{possessive(signal.owner)} {what}"


def feedback_loops(structure: ControlStructure, recovered: Recovered) -> tuple[FeedbackLoop, ...]:
    """List the loops of what was recovered as used, closed through the structure's processes.

    Formula: polarity is the product of the signs round the loop, its gain that of the gains where all edges are linear.
    Source: Sterman 2000, Business Dynamics, section 5.2 (loop polarity).
    Error: signs of non-linear edges are those seen in the contrasts; at most 64 loops are listed.
    """
    moving = any(component.dynamics for component in structure.components.values())
    return loops_of(recovered.used, process_edges(structure, recovered.subject.names) if moving else ())


def loops_of(graph: SignalGraph, outside: Iterable[Edge] = ()) -> tuple[FeedbackLoop, ...]:
    """List the loops of a graph that the edges `outside` close."""
    whole, around = nx.DiGraph(), tuple(outside)
    for edge in (*graph.edges, *around):
        _join(whole, edge)
    closing = {(edge.source, edge.target) for edge in around}
    numbers = {signal: i for i, signal in enumerate(whole)}
    numbered = nx.relabel_nodes(whole, numbers)  # the order of cycles follows the nodes' hashes
    cycles = sorted(map(_turned, itertools.islice(nx.simple_cycles(numbered), MAX_LOOPS)), key=lambda c: (len(c), c))
    signals = list(whole)
    return tuple(_loop(whole, [signals[i] for i in cycle], closing) for cycle in cycles)


def _turned(cycle: list[int]) -> list[int]:
    """Let a cycle start at its smallest number."""
    start = cycle.index(min(cycle))
    return [*cycle[start:], *cycle[:start]]


def _join(whole: nx.DiGraph, edge: Edge) -> None:
    """Add an edge; two of different lag between the same signals count once, with the smaller lag."""
    if whole.has_edge(edge.source, edge.target):
        known = whole.edges[edge.source, edge.target]
        known["sign"] = known["sign"] if known["sign"] == edge.sign else 0
        known["lag"], known["gain"] = min(known["lag"], edge.lag), None
        return
    whole.add_edge(edge.source, edge.target, sign=edge.sign, lag=edge.lag, gain=edge.gain)


def _loop(whole: nx.DiGraph, cycle: list[Signal], closing: set[tuple[Signal, Signal]]) -> FeedbackLoop:
    start = next((i for i, signal in enumerate(cycle) if signal.role == INPUT), 0)
    signals = [*cycle[start:], *cycle[:start]]
    pairs = list(zip(signals, [*signals[1:], signals[0]], strict=True))
    product = 1
    for pair in pairs:
        product *= whole.edges[pair]["sign"] or 0
    polarity = {-1: BALANCING, 1: REINFORCING, 0: UNDETERMINED}[product]
    lag = sum(whole.edges[pair]["lag"] for pair in pairs)
    gains = [whole.edges[pair]["gain"] for pair in pairs]
    gain = None if any(gain is None for gain in gains) else math.prod(gains)
    return FeedbackLoop(tuple(signals), lag, polarity, any(pair in closing for pair in pairs), gain)


Pair = tuple[str, str]
"""A superior and a subordinate."""


@dataclass(frozen=True)
class ChainOfCommand:
    """What the recovered lag-0 links between controllers, requests aside, say about authority.

    Attributes:
        name: of the structure.
        agreeing: pairs whose link runs from the higher to the lower intended authority.
        against: pairs whose link runs the other way, or between equals.
        undetermined: pairs of different intended authority whose order no such links show, directly or in steps.
    """

    name: str
    agreeing: tuple[Pair, ...]
    against: tuple[Pair, ...]
    undetermined: tuple[Pair, ...]

    @property
    def holds(self) -> bool:
        """Whether no link runs against the intended levels."""
        return not self.against

    def remarks(self) -> list[str]:
        """Say, in a line each, what runs against the levels and what is left open."""
        open = "the order of the two cannot be told from the network: no link within a step leads from one to the other"
        return [
            *(f"{one} commands {other} within a step, AGAINST the intended levels" for one, other in self.against),
            *(f"{one} is to stand above {other}; {open}" for one, other in self.undetermined),
        ]

    def __str__(self) -> str:
        agreeing = [f"{one} commands {other} within a step" for one, other in self.agreeing]
        return "\n".join(f"{self.name}: {line}" for line in (*agreeing, *self.remarks()))


def chain_of_command(structure: ControlStructure, recovered: Recovered) -> ChainOfCommand:
    """Hold the order that the recovered links show against the intended levels.

    Which links are requests is taken from the structure, for no weight says what a signal is called.
    """
    levels = {name: structure.components[name].level for name in structure.resolved.controllers}
    pairs = list(dict.fromkeys(_commands(structure.resolved, recovered)))
    agreeing = [pair for pair in pairs if levels[pair[0]] < levels[pair[1]]]
    graph = nx.DiGraph(pairs)
    graph.add_nodes_from(levels)
    order = {(one, other) for one in levels for other in nx.descendants(graph, one)}
    wanted = [
        (one, other) if levels[one] < levels[other] else (other, one)
        for one, other in combinations(levels, 2)
        if levels[one] != levels[other]
    ]
    return ChainOfCommand(
        structure.name,
        tuple(agreeing),
        tuple(pair for pair in pairs if pair not in agreeing),
        tuple(pair for pair in wanted if pair not in order and pair[::-1] not in order),
    )


def _commands(resolved: Resolved, recovered: Recovered) -> Iterator[Pair]:
    """Return the ends of each recovered link within a step between controllers that is no request."""
    carried = {edge.target for edge in recovered.wired.edges if edge.lag}
    asked = {(link.port, link.received) for link in resolved.links if link.id.kind == LinkKind.REQUEST}
    for edge in recovered.wired.edges:
        one, other = edge.source.owner, edge.target.owner
        between = one != other and one in resolved.controllers and other in resolved.controllers
        if between and edge.lag == 0 and edge.source not in carried and (edge.source, edge.target) not in asked:
            yield one, other


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
    """The edges from the port's own input and from its value one step before, and whether a circuit writes it."""
    arriving = graph.arriving(port)
    filling = [edge for edge in arriving if edge.source in (network_input(port), next_step(port))]
    carried = next_step(port) in {edge.source for edge in filling}
    return filling, bool(graph.arriving(next_step(port)) if carried else len(arriving) > len(filling))


def _sign(edge: Edge) -> int:
    return 1 if edge.sign is None else edge.sign
