"""What a run keeps of the residual stream, besides what enters and leaves."""

from __future__ import annotations

from collections.abc import Iterator

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.control.signal_graph import written_port
from handcrafted.loading.control_structure import ControlStructure


def recorded(structure: ControlStructure) -> dict[Signal, Domain]:
    """Name the subspaces that a trace keeps: what is believed and remembered, and see `sent_and_tested`."""
    found = dict(sent_and_tested(structure))
    for controller in structure.resolved.controllers.values():
        found.update({variable.signal: variable.domain for variable in controller.variables})
        found.update({task.memory.signal: task.memory.domain for task in controller.tasks if task.memory})
    return found


def sent_and_tested(structure: ControlStructure) -> Iterator[tuple[Signal, Domain]]:
    """Return what controllers send each other that the context of a rule tests."""
    rows = [row for rule in structure.unsafe_control_actions for row in rule.context or ()]
    variables = {structure.true_state.variable(name) for row in rows for name in row}
    for link in structure.resolved.links:
        if link.port and link.sent_by_controller and link.received_by_controller and link.carries in variables:
            yield written_port(link), link.domain
