"""From what a file declares to a process that runs."""

from __future__ import annotations

from collections.abc import Mapping

from handcrafted.control.domain import Domain
from handcrafted.control.dynamics import (
    Dynamics,
    FiniteState,
    FirstOrder,
    Integrator,
    Matrices,
    SecondOrder,
    Tank,
    Vehicle,
)
from handcrafted.control.processes.finite_state import finite_state
from handcrafted.control.processes.linear import first_order, integrator, matrices, second_order
from handcrafted.control.processes.process import Process
from handcrafted.control.processes.tank import tank
from handcrafted.control.processes.vehicle import vehicle


def process_of(dynamics: Dynamics, time_step: float, domains: Mapping[str, Domain]) -> Process:
    """Give the process that a file declares.

    Args:
        dynamics: as declared.
        time_step: in the structure's unit of time.
        domains: of the signals that arrive at it, by name.

    Raises:
        HandcraftedError: if the time step is so long or so short that float32 cannot hold the process.
    """
    match dynamics:
        case FirstOrder():
            return first_order(dynamics, time_step)
        case Integrator():
            return integrator(dynamics, time_step)
        case SecondOrder():
            return second_order(dynamics, time_step)
        case Vehicle():
            return vehicle(dynamics, time_step)
        case Tank():
            return tank(dynamics, time_step)
        case FiniteState():
            return finite_state(dynamics, domains)
        case Matrices():
            return matrices(dynamics, time_step)
