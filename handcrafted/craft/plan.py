"""From a control structure to its circuits, their order, and the residual stream that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import networkx as nx
import numpy as np

from handcrafted.components.circuit import Circuit, Head, Neurons, Site
from handcrafted.components.linear import copy
from handcrafted.components.positional import receive
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import LawInstance, Resolved, ResolvedController
from handcrafted.control.signal_graph import written_port
from handcrafted.control.vocabulary import Role
from handcrafted.laws.law import law_of
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.names import Coordinate, Names, Port
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import listed


def circuits_of(resolved: Resolved) -> tuple[Circuit, ...]:
    """List the circuits of a control structure."""
    return tuple(each_circuit(resolved))


LawCircuits = Callable[[LawInstance, tuple[Site, ...], Domain], Sequence[Circuit]]
"""From a law, the sites of its stages and of its result, and what its result may be, to its circuits."""


def circuits_of_law(task: LawInstance, sites: tuple[Site, ...], domain: Domain) -> Sequence[Circuit]:
    """Build the circuits of one law."""
    return law_of(task).circuits(task, list(sites), domain)


def each_circuit(resolved: Resolved, of_law: LawCircuits = circuits_of_law) -> Iterator[Circuit]:
    """Build the circuits of a control structure one by one."""
    return (circuit for controller in resolved.controllers.values() for circuit in _controller(controller, of_law))


def _controller(controller: ResolvedController, of_law: LawCircuits) -> Iterator[Circuit]:
    for link in controller.arrivals:
        assert link.port and link.received
        yield receive(Site(controller.name, (link.port,), link.received), link.domain.width)
    for variable in controller.variables:
        if variable.copies:
            source = variable.task.reads[0].signal
            yield copy(Site(controller.name, (source,), variable.signal), variable.domain.width)
        else:
            yield from _law(variable.task, [(variable.signal, variable.domain)], of_law)
    for entry in controller.entries:
        yield from _law(entry.task, [(written_port(link), link.domain) for link in entry.links], of_law)


def _law(task: LawInstance, targets: list[tuple[Signal, Domain]], of_law: LawCircuits) -> Iterator[Circuit]:
    """Build the stages of a law once, and its result for each subspace that carries it."""
    sites = [Site(task.owner, tuple(read.signal for read in stage.reads), stage.signal) for stage in task.stages]
    reads = tuple(read.signal for read in task.result)
    for number, (target, domain) in enumerate(targets):
        *stages, result = of_law(task, (*sites, Site(task.owner, reads, target)), domain)
        yield from () if number else stages
        yield result


def without_saturation(structure: ControlStructure) -> tuple[Circuit, ...]:
    """Return the circuits of a structure with its guards' saturation taken out, to see what it is for.

    Each rectified unit of the two stages becomes the exact pair r(z) - r(-z), so that nothing is cut off.
    """
    resolved = structure.resolved
    tasks = [task for controller in resolved.controllers.values() for task in controller.tasks if task.law == "guard"]
    cut = {stage.signal for task in tasks for stage in task.stages[-2:]}
    return tuple(replace(c, body=_pair(c.body)) if c.writes in cut else c for c in circuits_of(resolved))


def _pair(body: Head | Neurons) -> Neurons:
    assert isinstance(body, Neurons)
    bias = np.concatenate([body.bias, -body.bias])
    return Neurons(np.hstack([body.into, -body.into]), bias, np.concatenate([body.out, -body.out]))


def dependencies(circuits: Sequence[Circuit]) -> nx.DiGraph:
    """Return the graph of circuits (by position) in which each points to those that read what it writes.

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
    """Return each circuit its half-layer; see `dependencies` for what is refused."""
    graph = dependencies(circuits)
    order = list(nx.lexicographical_topological_sort(graph))
    earliest: dict[int, int] = {}
    for i in order:
        earliest[i] = _at_or_after(1 + max((earliest[j] for j in graph.predecessors(i)), default=-1), circuits[i])
    last = max(earliest.values(), default=0) | 1
    latest: dict[int, int] = {}
    for i in reversed(order):
        latest[i] = _at_or_before(min((latest[j] for j in graph.successors(i)), default=last + 1) - 1, circuits[i])
    load = np.zeros(last + 1, int)
    placed: dict[int, int] = {}
    rank = {i: number for number, i in enumerate(order)}
    for i in sorted(order, key=lambda i: (latest[i], rank[i])):
        first = _at_or_after(1 + max((placed[j] for j in graph.predecessors(i)), default=-1), circuits[i])
        placed[i] = first + 2 * int(np.argmin(load[first : latest[i] + 1 : 2]))
        load[placed[i]] += circuits[i].size
    return [placed[i] for i in range(len(circuits))]


def _at_or_after(slot: int, circuit: Circuit) -> int:
    return slot if slot % 2 == (0 if circuit.attends else 1) else slot + 1


def _at_or_before(slot: int, circuit: Circuit) -> int:
    return slot if slot % 2 == (0 if circuit.attends else 1) else slot - 1


def subspaces(resolved: Resolved, circuits: Sequence[Circuit], owners: Iterable[str]) -> dict[Signal, np.ndarray]:
    """Return every subspace with its value before t = 0 [width], grouped by owner and role."""
    found = {signal: domain.encode(initial) for signal, (domain, initial) in resolved.declared.items()}
    for circuit in circuits:
        found.setdefault(circuit.writes, np.zeros(circuit.width, np.float32))
    rank = {owner: i for i, owner in enumerate(owners)}
    roles = list(Role)
    order = sorted(found, key=lambda signal: (rank.get(signal.owner, -1), roles.index(Role(signal.role))))
    return {signal: found[signal] for signal in order}


def names_of(resolved: Resolved, found: dict[Signal, np.ndarray]) -> Names:
    """Name the coordinates of these subspaces, and the inputs and outputs."""
    residual = tuple(Coordinate(*signal, i) for signal, initial in found.items() for i in range(len(initial)))
    inputs: dict[Signal, Domain] = {}
    outputs: dict[Signal, Domain] = {}
    for link in resolved.links:
        if link.port and not link.sent_by_controller:
            inputs.setdefault(link.port, link.domain)
        elif link.port and not link.received_by_controller:
            outputs[link.port] = link.domain
    return Names(residual, _ports(inputs), _ports(outputs)).declaring(resolved)


def _ports(domains: dict[Signal, Domain]) -> tuple[Port, ...]:
    return tuple(
        Port(signal.owner, signal.name, i, domain) for signal, domain in domains.items() for i in range(domain.width)
    )
