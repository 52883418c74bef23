"""The common currency: a signal-flow graph, drawn by intention and recovered by every readout.

This module knows no laws, so a readout may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from handcrafted.text.diagnostics import all_are, must_be

INPUT, OUTPUT = "input", "output"


class Signal(NamedTuple):
    """A node: a subspace of the residual stream, or an input or output of the network.

    Attributes:
        owner: the component that owns it; empty for what comes from outside every component.
        role: one of the four roles, or `input` or `output`.
        name: the signal's name, numbered `#2` and up where one owner has equal ones in one role.

    Example:
        >>> from handcrafted.control.graph import Signal
        >>> print(Signal("thermostat", "control_action", "heat"))
        thermostat / control_action / heat
    """

    owner: str
    role: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner or '(outside)'} / {self.role} / {self.name}"


@dataclass(frozen=True)
class Edge:
    """An arrow between two signals.

    Attributes:
        lag: 0 within a step, 1 through the recurrence, k through a k-steps-ago head.
        sign: +1, -1, or 0 where it depends on the operating point; None where it is not known.
        gain: the slope where the edge is linear, else None.
        evidence: what the readout saw, by its own keys.

    Example:
        >>> from handcrafted.control.graph import Edge, Signal
        >>> one, two = Signal("keeper", "feedback", "level"), Signal("keeper", "feedback_modelling", "level")
        >>> Edge(one, two, lag=0, sign=1).key == (one, two, 0)
        True
    """

    source: Signal
    target: Signal
    lag: int = 0
    sign: int | None = None
    gain: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def __post_init__(self) -> None:
        must_be(self.source, Signal, "a Signal where an edge starts")
        must_be(self.target, Signal, "a Signal where an edge ends")

    @property
    def key(self) -> tuple[Signal, Signal, int]:
        """What identifies the edge."""
        return self.source, self.target, self.lag


WAYS = (lambda s: s.name, lambda s: f"{s.owner}.{s.name}", lambda s: f"{s.owner}.{s.role}.{s.name}", repr)
"""How a signal may be called, the shortest first; the last means no other, whatever dots are in names."""


Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Return items by what a function says of each, in order."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def signals_by_name(signals: Iterable[Signal], short: bool = True, taken: Iterable[str] = ()) -> dict[str, Signal]:
    """Name signals: the name alone where it means no other, else with the owner, and the role if that is not enough.

    Args:
        signals: all there are.
        short: whether each is found by every name that means it alone, or only by the first of them.
        taken: names that mean something else.
    """
    meaning: dict[str, set[Signal]] = {name: set() for name in taken}
    signals = list(signals)
    for signal in signals:
        for way in WAYS:
            meaning.setdefault(way(signal), set()).add(signal)
    for name in taken:
        meaning[name].clear()
    found: dict[str, Signal] = {}
    for signal in signals:
        own = [name for way in WAYS if meaning[name := way(signal)] == {signal}]
        found |= dict.fromkeys(own if short else own[:1], signal)
    return found


class SignalGraph:
    """Signals and the edges between them, in declared order, one edge per source, target and lag.

    Example:
        >>> from handcrafted.control.graph import Edge, Signal, SignalGraph
        >>> a, b = (Signal("keeper", "feedback", name) for name in "ab")
        >>> SignalGraph([a, b], [Edge(a, b)])
        SignalGraph(2 signals, 1 edges)
    """

    def __init__(self, nodes: Iterable[Signal], edges: Iterable[Edge]):
        """Take signals and edges; what edges join is among the signals.

        Raises:
            HandcraftedError: if something is neither.
        """
        nodes, edges = all_are(nodes, Signal, "the signals of a graph"), all_are(edges, Edge, "the edges of a graph")
        self._edges = {edge.key: edge for edge in edges}
        ends = (end for edge in self._edges.values() for end in (edge.source, edge.target))
        self.nodes: tuple[Signal, ...] = tuple(dict.fromkeys([*nodes, *ends]))
        self._leaving = grouped(self._edges.values(), lambda edge: edge.source)
        self._arriving = grouped(self._edges.values(), lambda edge: edge.target)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, in the order in which they were given."""
        return tuple(self._edges.values())

    def edge(self, source: Signal, target: Signal, lag: int = 0) -> Edge | None:
        """Return the edge from source to target with that lag, or None."""
        return self._edges.get((source, target, lag))

    def leaving(self, source: Signal) -> list[Edge]:
        """Return the edges that leave a signal."""
        return list(self._leaving.get(source, ()))

    def arriving(self, target: Signal) -> list[Edge]:
        """Return the edges that arrive at a signal."""
        return list(self._arriving.get(target, ()))

    def renamed(self, mapping: Mapping[Signal, Signal]) -> SignalGraph:
        """Return the same graph with other names for its signals."""
        new = lambda signal: mapping.get(signal, signal)
        edges = (replace(edge, source=new(edge.source), target=new(edge.target)) for edge in self.edges)
        return SignalGraph((new(node) for node in self.nodes), edges)

    def same_wiring(self, other: SignalGraph) -> bool:
        """Whether both have the same edges, signs and gains aside."""
        return self._edges.keys() == other._edges.keys()

    def __len__(self) -> int:
        return len(self._edges)

    def __repr__(self) -> str:
        return f"SignalGraph({len(self.nodes)} signals, {len(self)} edges)"
