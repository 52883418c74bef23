"""From a control structure to its circuits: one head per arriving link, then beliefs, then decisions."""

from __future__ import annotations

from collections.abc import Iterator

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.intended import written_port
from handcrafted.control.resolved import Resolved, ResolvedController, Task
from handcrafted.craft.circuit import Circuit, Site
from handcrafted.craft.laws import result, stages
from handcrafted.craft.linear import copy
from handcrafted.craft.steps_ago import receive


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


def _law(task: Task, targets: list[tuple[Signal, Domain]]) -> Iterator[Circuit]:
    """Build the stages of a law once, and its result for each subspace that carries it."""
    sites = [Site(task.owner, tuple(read.signal for read in stage.reads), stage.signal) for stage in task.stages]
    yield from stages(task, sites)
    for target, domain in targets:
        yield result(task, Site(task.owner, tuple(read.signal for read in task.result), target), domain)
