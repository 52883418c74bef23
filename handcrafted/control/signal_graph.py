"""The intended signal-flow graph of a resolved structure: what must be wired to what, with which lag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal, SignalGraph
from handcrafted.control.resolved import LawInstance, Resolved, ResolvedController, ResolvedLink, Stage, next_step


def intended_graph(resolved: Resolved) -> SignalGraph:
    """Draw the graph: inputs, ports, received copies, beliefs, decisions, outputs."""
    edges = [edge for link in resolved.links for edge in link_edges(link)]
    edges += [edge for controller in resolved.controllers.values() for edge in _inside(controller)]
    return SignalGraph((), edges)


def link_edges(link: ResolvedLink) -> list[Edge]:
    """Return the chain of edges that a link is made of; all of them carry the signal unchanged.

    A link from outside enters through an input, a link to outside leaves through an output, a link with lag 1
    passes the recurrence from `x next` to `x`, and a link to a controller ends in its received copy.
    """
    if link.port is None:
        return []
    pairs = []
    if not link.sent_by_controller:
        pairs.append((network_input(link.port), link.port, 0))
    if link.lag:
        pairs.append((next_step(link.port), link.port, link.lag))
    if link.received:
        pairs.append((link.port, link.received, 0))
    else:
        pairs.append((link.port, network_output(link.port), 0))
    return [Edge(source, target, lag, sign=1, gain=1.0) for source, target, lag in pairs]


def network_input(port: Signal) -> Signal:
    """Name the network's input that fills a port."""
    return Signal(port.owner, INPUT, port.name)


def network_output(port: Signal) -> Signal:
    """Name the network's output that reads a port."""
    return Signal(port.owner, OUTPUT, port.name)


def written_port(link: ResolvedLink) -> Signal:
    """Name the subspace that a sending controller's circuit writes."""
    assert link.port is not None
    return next_step(link.port) if link.lag else link.port


def _inside(controller: ResolvedController) -> Iterator[Edge]:
    for variable in controller.variables:
        yield from _task(variable.task, [variable.signal])
    for entry in controller.entries:
        yield from _task(entry.task, [written_port(link) for link in entry.links])


def _task(task: LawInstance, results: Sequence[Signal]) -> Iterator[Edge]:
    """Return the edges of one law: stage by stage, the recurrence of its state, and the result."""
    if task.memory:
        yield Edge(task.memory.next, task.memory.signal, 1, sign=1, gain=1.0)
    for stage in (*task.stages, *(Stage(signal, task.result) for signal in results)):
        yield from (Edge(read.signal, stage.signal, read.lag) for read in stage.reads)
