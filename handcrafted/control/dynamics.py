"""The bundled processes, as a file declares them: one class per kind, with its parameters and their units."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from handcrafted.control.parts import EMPTY, Name, NameMap, Number, Part, Positive

Interval = tuple[Number, Number]
Matrix = tuple[tuple[Number, ...], ...]


class FirstOrder(Part):
    """Heads for `rest` plus the weighted inputs, with one time constant.

    `inputs` are gains in output units per unit of input, `time_constant` is in units of the time step.
    """

    law: Literal["first order"]
    output: Name
    inputs: NameMap[Number]
    time_constant: Positive
    rest: Number = 0.0
    initial: Number = 0.0
    disturbance: Interval | None = None


class Integrator(Part):
    """Adds up the weighted inputs; `inputs` are rates in output units per unit of time and of input."""

    law: Literal["integrator"]
    output: Name
    inputs: NameMap[Number]
    initial: Number = 0.0
    limits: Interval | None = None
    disturbance: Interval | None = None


class SecondOrder(Part):
    """A damped oscillator about `rest` plus the weighted inputs."""

    law: Literal["second order"]
    output: Name
    inputs: NameMap[Number]
    natural_frequency: Positive
    damping: Annotated[Number, Field(ge=0)] = 1.0
    rest: Number = 0.0
    initial: Number = 0.0
    initial_rate: Number = 0.0
    rate: Name | None = None
    disturbance: Interval | None = None


class Vehicle(Part):
    """A point mass on a straight road: force per mass, drag proportional to speed, no reverse gear."""

    law: Literal["vehicle"]
    speed: Name
    position: Name | None = None
    inputs: NameMap[Number]
    drag: Annotated[Number, Field(ge=0)] = 0.0
    initial_speed: Number = 0.0
    initial_position: Number = 0.0
    disturbance: Interval | None = None


class Tank(Part):
    """A tank with inflows, and an outflow that grows with the level."""

    law: Literal["tank"]
    output: Name
    inputs: NameMap[Number]
    area: Positive = 1.0
    outflow: Annotated[Number, Field(ge=0)] = 0.0
    initial: Number = 0.0
    limits: Interval | None = None
    disturbance: Interval | None = None


class FiniteStateTransition(Part):
    """One transition of a finite-state process: in `state`, when every input has its value, go to `next`."""

    state: Name
    when: NameMap[Name] = EMPTY
    next: Name


class FiniteState(Part):
    """A process with finitely many states; the first transition that matches is taken, else the state stays."""

    law: Literal["finite state"]
    output: Name
    states: Annotated[tuple[Name, ...], Field(min_length=1)]
    transitions: tuple[FiniteStateTransition, ...] = ()
    initial: Name | None = None


class Matrices(Part):
    """A linear process x' = A x + B u, y = C x + D u, discrete in time unless `continuous`."""

    law: Literal["matrices"]
    inputs: tuple[Name, ...]
    outputs: tuple[Name, ...]
    A: Matrix
    B: Matrix
    C: Matrix
    D: Matrix | None = None
    continuous: bool = False
    initial: tuple[Number, ...] | None = None
    disturbance: Interval | None = None


Dynamics = Annotated[
    FirstOrder | Integrator | SecondOrder | Vehicle | Tank | FiniteState | Matrices, Field(discriminator="law")
]
"""How a process answers its inputs."""


def outputs_of(dynamics: Dynamics) -> tuple[str, ...]:
    """Name the signals that a process gives, as feedback links may carry them."""
    match dynamics:
        case Matrices():
            return dynamics.outputs
        case Vehicle():
            return (dynamics.speed,) + ((dynamics.position,) if dynamics.position else ())
        case SecondOrder():
            return (dynamics.output,) + ((dynamics.rate,) if dynamics.rate else ())
        case _:
            return (dynamics.output,)
