"""What notices that something is wrong: ports, Layer 0's vetoes, watchdogs, and signals that a fault list names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.names import Names
from handcrafted.rollout.trace import Trace
from handcrafted.safety.stpa.actions import SAID
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import possessive, shown

WATCHDOG, GUARD = "watchdog", "guard"


class Alarms:
    """The detectors of a structure.

    Attributes:
        signals: subspaces that speak where they are issued, by what they are called.
        positions: their coordinates of the residual stream, one after the other.
    """

    def __init__(self, structure: ControlStructure, names: Names, declared: Sequence[str] = ()):
        """List them.

        Raises:
            HandcraftedError: if a declared one is no signal of the network.
        """
        self.signals: dict[str, tuple[Signal, Domain]] = {}
        for controller in structure.resolved.controllers.values():
            for part in (*controller.variables, *controller.entries):
                task = part.task
                if task.law == GUARD and len(task.result) > 1:
                    self.signals[f"veto of {possessive(task.owner)} {task.name}"] = (
                        task.result[1].signal,
                        Domain(low=0, high=1),
                    )
                if task.law == WATCHDOG:
                    self.signals[f"{possessive(task.owner)} {task.name}"] = _issued(part), task.domain
        ports = {link.port: link for link in structure.resolved.links if link.port and link.sent_by_controller}
        known = {name: port for port in ports for name in (port.name, f"{port.owner}.{port.name}")}
        for name in declared:
            if name not in known:
                raise HandcraftedError(
                    f"Expected detectors that controllers issue, got {shown(name)}.{nearest(name, known)}"
                )
            port = known[name]
            self.signals[f"{possessive(port.owner)} {port.name}"] = port, ports[port].domain
        self.positions = np.concatenate(
            [np.zeros(0, int), *(names.find(signal) for signal, _ in self.signals.values())]
        )

    def of(self, trace: Trace, loose: np.ndarray) -> Mapping[str, np.ndarray]:
        """Say where each speaks [run, time].

        Args:
            trace: for the ports' faults.
            loose: the coordinates at `positions` [run, time, coordinate].
        """
        found, start = {}, 0
        for name, (_, domain) in self.signals.items():
            values = loose[..., start : start + domain.width]
            start += domain.width
            found[name] = _speaks(values, domain)
        ports = {f"port of {signal.owner} for {signal.name}": caught for signal, caught in trace.faults.items()}
        return {**found, **ports}


def _issued(part) -> Signal:
    """Return the subspace in which a variable or a decision stands."""
    return part.signal if hasattr(part, "signal") else next(link.port for link in part.links if link.port)


def _speaks(values: np.ndarray, domain: Domain) -> np.ndarray:
    if domain.discrete:
        return np.any(values[..., 1:] > SAID, axis=-1)
    return values[..., 0] > (domain.low + domain.high) / 2
