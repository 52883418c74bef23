"""The subspace readout: which named subspaces each component reads and writes, from its rows and columns alone."""

from __future__ import annotations

from handcrafted.control.graph import Edge, SignalGraph
from handcrafted.readout.edges import wires
from handcrafted.readout.paths import joins, paths_of
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork


@register("subspace", kind="structural", required=True)
def subspace(subject: TargetNetwork) -> SignalGraph:
    """Draw an edge from every subspace that a component reads to every one that it writes.

    Formula: u -> v if some component can carry more from u to v than rounding, see `joins`.
    Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits (reads and writes of subspaces).
    Error: sees neither whether anything writes u, nor whether it does so in time; a hidden basis fools it.
    """
    edges = [Edge(source, target, lag) for source, target, lag, _ in wires(subject)]
    for path in paths_of(subject):
        for source, _, target, _ in joins(path, subject):
            edges += [Edge(source, target, lag, evidence={"component": path.name}) for lag, _ in path.lags]
    return SignalGraph(subject.spaces, edges)
