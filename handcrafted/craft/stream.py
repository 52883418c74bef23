"""The residual stream of a model: which subspaces there are, how wide, and what stood there before t = 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from handcrafted.control.domain import Domain, Remembered
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Resolved, next_step
from handcrafted.control.vocabulary import Role
from handcrafted.craft.circuit import Circuit
from handcrafted.model.names import Coordinate, Names, Port

Declared = tuple[Domain, Remembered]
"""What a subspace may be, and what it was before t = 0."""


def declared(resolved: Resolved) -> dict[Signal, Declared]:
    """Give every subspace of which a structure says what it may be; stages inside a law are not among them."""
    found: dict[Signal, Declared] = {}
    for link in resolved.links:
        signals = [link.port, link.received, next_step(link.port) if link.lag and link.port else None]
        for signal in filter(None, signals):
            found.setdefault(signal, (link.domain, link.initial))
    for controller in resolved.controllers.values():
        for variable in controller.variables:
            found.setdefault(variable.signal, (variable.domain, variable.initial))
        for memory in (task.memory for task in controller.tasks if task.memory):
            for signal in (memory.signal, memory.next):
                found.setdefault(signal, (memory.domain, memory.initial))
    return found


def subspaces(resolved: Resolved, circuits: Sequence[Circuit], owners: Iterable[str]) -> dict[Signal, np.ndarray]:
    """Give every subspace with its value before t = 0 [width], grouped by owner and role."""
    found = {signal: domain.encode(initial) for signal, (domain, initial) in declared(resolved).items()}
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
    domains = tuple((signal, domain) for signal, (domain, _) in declared(resolved).items() if signal in found)
    return Names(residual, _ports(inputs), _ports(outputs), domains)


def _ports(domains: dict[Signal, Domain]) -> tuple[Port, ...]:
    return tuple(
        Port(signal.owner, signal.name, i, domain) for signal, domain in domains.items() for i in range(domain.width)
    )
