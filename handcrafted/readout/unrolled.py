"""A signal-flow graph over time: every signal once per step, every edge as long as its lag."""

from __future__ import annotations

import networkx as nx

from handcrafted.control.graph import Signal, SignalGraph

Moment = tuple[Signal, int]
"""A signal at a step."""


def unrolled(graph: SignalGraph, steps: int) -> nx.DiGraph:
    """Unroll a graph over `steps` steps: (u, t) -> (v, t + lag) for every edge (u, v, lag)."""
    over_time = nx.DiGraph()
    over_time.add_nodes_from((signal, t) for signal in graph.nodes for t in range(steps))
    for edge in graph.edges:
        pairs = (((edge.source, t), (edge.target, t + edge.lag)) for t in range(steps - edge.lag))
        over_time.add_edges_from(pairs, sign=edge.sign)
    return over_time


def folded(over_time: nx.DiGraph) -> set[tuple[Signal, Signal, int]]:
    """Fold an unrolled graph back to edges (u, v, lag)."""
    return {(u, v, later - now) for (u, now), (v, later) in over_time.edges}


def delays(graph: SignalGraph, source: Signal, steps: int) -> dict[Signal, int]:
    """Return the first step at which each signal can feel what `source` does at step 0; without those that never do."""
    reached = nx.single_source_shortest_path_length(unrolled(graph, steps), (source, 0))
    found: dict[Signal, int] = {}
    for signal, t in reached:
        found[signal] = min(t, found.get(signal, steps))
    return found
