"""From a control structure to its circuits: one head per arriving link, then beliefs, then decisions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from handcrafted.control.intended import written_port
from handcrafted.control.laws import LAW_FUNCTIONS, constant_value, default_linear, issue_values, not_built
from handcrafted.control.resolved import Resolved, ResolvedController, ResolvedEntry, ResolvedVariable
from handcrafted.control.vocabulary import Role
from handcrafted.craft.circuit import Circuit
from handcrafted.craft.decision_table import any_row, table_rows
from handcrafted.craft.linear import copy, linear
from handcrafted.craft.steps_ago import receive


def circuits_of(resolved: Resolved) -> tuple[Circuit, ...]:
    """List the circuits of a control structure.

    Raises:
        NotBuiltYetError: if it names a law that this version cannot build.
    """
    return tuple(circuit for controller in resolved.controllers.values() for circuit in _controller(controller))


def _controller(controller: ResolvedController) -> Iterator[Circuit]:
    for link in controller.arrivals:
        assert link.port and link.received
        yield receive(controller.name, link.port, link.received, link.domain.width)
    for variable in controller.variables:
        yield _update(controller.name, variable)
    for entry in controller.entries:
        if entry.law not in LAW_FUNCTIONS:
            raise not_built(entry.law, controller.name, entry.name)
        yield from _decision(entry)


def _update(owner: str, variable: ResolvedVariable) -> Circuit:
    if variable.law is not None:
        raise not_built(variable.law, owner, variable.signal.name)
    received = [link.received for link in variable.reads]
    if variable.copies:
        assert received[0]
        return copy(owner, received[0], variable.signal, variable.domain.width)
    signals = tuple(signal for signal in received if signal)
    width = sum(link.domain.width for link in variable.reads)
    law = default_linear(width, variable.domain.width)
    return linear(owner, Role.FEEDBACK_MODELLING, signals, variable.signal, *law)


def _decision(entry: ResolvedEntry) -> Iterator[Circuit]:
    if entry.law == "decision table":
        yield from _table(entry)
        return
    reads = tuple(variable.signal for variable in entry.reads)
    for link in entry.links:
        port = written_port(link)
        if entry.law == "constant":
            value = link.domain.encode(constant_value(entry, link.domain)).astype(float)
            law = np.zeros((link.domain.width, 0)), value
        else:
            law = default_linear(sum(variable.domain.width for variable in entry.reads), link.domain.width)
        yield linear(entry.owner, Role(port.role), reads, port, *law)


def _table(entry: ResolvedEntry) -> Iterator[Circuit]:
    assert entry.processing and entry.declared and entry.declared.when is not None
    reads = [(variable.signal, variable.domain) for variable in entry.reads]
    rows = table_rows(entry.owner, reads, entry.processing, entry.declared.when)
    yield rows
    for link in entry.links:
        values = issue_values(link.domain, entry.declared.parameters.get("value"))
        yield any_row(entry.owner, entry.processing, rows.width, written_port(link), link.domain, values)
