"""The residual stream of a model: which subspaces there are, how wide, and what stood there before t = 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from handcrafted.components.circuit import Circuit
from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Resolved
from handcrafted.control.vocabulary import Role
from handcrafted.model.names import Coordinate, Names, Port


def subspaces(resolved: Resolved, circuits: Sequence[Circuit], owners: Iterable[str]) -> dict[Signal, np.ndarray]:
    """Give every subspace with its value before t = 0 [width], grouped by owner and role."""
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
