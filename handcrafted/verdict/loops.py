"""Feedback loops: through the network and the processes, or inside the network alone, with their polarity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx

from handcrafted.control.graph import INPUT, Edge, Signal, SignalGraph
from handcrafted.control.instance import ENDING
from handcrafted.control.vocabulary import Role
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.recover import Recovered
from handcrafted.rollout.plant import process_edges

MOST_LOOPS = 64
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
    return f"{signal.owner}'s {what}"


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
    cycles = sorted(map(_turned, itertools.islice(nx.simple_cycles(numbered), MOST_LOOPS)), key=lambda c: (len(c), c))
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
