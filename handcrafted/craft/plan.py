"""From a control structure to its circuits: one head per arriving link, then beliefs, then decisions."""

from __future__ import annotations

from collections.abc import Iterator

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import copy
from handcrafted.components.positional import receive
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.instance import LawInstance
from handcrafted.control.resolved import Resolved, ResolvedController
from handcrafted.control.signal_graph import written_port
from handcrafted.laws.law import law_of


def circuits_of(resolved: Resolved) -> tuple[Circuit, ...]:
    """List the circuits of a control structure."""
    return tuple(each_circuit(resolved))


def each_circuit(resolved: Resolved) -> Iterator[Circuit]:
    """Build the circuits of a control structure one by one."""
    return (circuit for controller in resolved.controllers.values() for circuit in _controller(controller))


def _controller(controller: ResolvedController) -> Iterator[Circuit]:
    for link in controller.arrivals:
        assert link.port and link.received
        yield receive(Site(controller.name, (link.port,), link.received), link.domain.width)
    for variable in controller.variables:
        if variable.copies:
            source = variable.task.reads[0].signal
            yield copy(Site(controller.name, (source,), variable.signal), variable.domain.width)
        else:
            yield from _law(variable.task, [(variable.signal, variable.domain)])
    for entry in controller.entries:
        yield from _law(entry.task, [(written_port(link), link.domain) for link in entry.links])


def _law(task: LawInstance, targets: list[tuple[Signal, Domain]]) -> Iterator[Circuit]:
    """Build the stages of a law once, and its result for each subspace that carries it."""
    sites = [Site(task.owner, tuple(read.signal for read in stage.reads), stage.signal) for stage in task.stages]
    reads = tuple(read.signal for read in task.result)
    for number, (target, domain) in enumerate(targets):
        *stages, result = law_of(task).circuits(task, [*sites, Site(task.owner, reads, target)], domain)
        yield from () if number else stages
        yield result
