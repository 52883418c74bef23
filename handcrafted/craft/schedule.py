"""When each circuit runs: after everything that it reads, and spread within the slack so that layers stay narrow.

Half-layer 2l is the attention of layer l, half-layer 2l + 1 its MLP. What enters with the embedding or the carry is
there from the start.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from handcrafted.components.circuit import Circuit
from handcrafted.control.graph import Signal
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import listed


def dependencies(circuits: Sequence[Circuit]) -> nx.DiGraph:
    """Give the graph of circuits (by position) in which each points to those that read what it writes.

    Raises:
        HandcraftedError: if two circuits write one subspace, or circuits wait for each other in a ring.
    """
    writer: dict[Signal, int] = {}
    for position, circuit in enumerate(circuits):
        if circuit.writes in writer:
            other = circuits[writer[circuit.writes]].name
            raise HandcraftedError(
                f"Expected one writer of {circuit.writes}, got {other} and {circuit.name}. Let one write elsewhere."
            )
        writer[circuit.writes] = position
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(circuits)))
    for position, circuit in enumerate(circuits):
        graph.add_edges_from((writer[signal], position) for signal in circuit.reads if signal in writer)
    if not nx.is_directed_acyclic_graph(graph):
        ring = listed((circuits[edge[0]].name for edge in nx.find_cycle(graph)), " -> ")
        raise HandcraftedError(
            f"Expected circuits that can run one after the other, got the algebraic loop {ring}. "
            "Send one of these signals through the recurrence (`recurrent: true`)."
        )
    return graph


def schedule(circuits: Sequence[Circuit]) -> list[int]:
    """Give each circuit its half-layer; see `dependencies` for what is refused."""
    graph = dependencies(circuits)
    order = list(nx.lexicographical_topological_sort(graph))
    earliest: dict[int, int] = {}
    for i in order:
        earliest[i] = _at_or_after(1 + max((earliest[j] for j in graph.predecessors(i)), default=-1), circuits[i])
    last = max(earliest.values(), default=0) | 1
    latest: dict[int, int] = {}
    for i in reversed(order):
        latest[i] = _at_or_before(min((latest[j] for j in graph.successors(i)), default=last + 1) - 1, circuits[i])
    load = [0] * (last + 1)
    placed: dict[int, int] = {}
    for i in sorted(order, key=lambda i: (latest[i], order.index(i))):
        first = _at_or_after(1 + max((placed[j] for j in graph.predecessors(i)), default=-1), circuits[i])
        placed[i] = min(range(first, latest[i] + 1, 2), key=lambda slot: (load[slot], slot))
        load[placed[i]] += circuits[i].size
    return [placed[i] for i in range(len(circuits))]


def _at_or_after(slot: int, circuit: Circuit) -> int:
    return slot if slot % 2 == (0 if circuit.attends else 1) else slot + 1


def _at_or_before(slot: int, circuit: Circuit) -> int:
    return slot if slot % 2 == (0 if circuit.attends else 1) else slot - 1
