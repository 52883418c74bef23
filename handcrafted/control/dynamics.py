"""The bundled processes, as a file declares them: one class per kind, with its parameters and their units."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from handcrafted.control.domain import Value
from handcrafted.control.parts import EMPTY, MOST_ROWS, MOST_WORDS, Name, NameMap, Number, Part, Positive
from handcrafted.text.letters import listed

Pair = tuple[Number, Number]


def _ordered(pair: Pair) -> Pair:
    if pair[0] > pair[1]:
        raise ValueError(
            f"Expected [low, high] with low <= high, got [{pair[0]:g}, {pair[1]:g}]. Put the lower end first"
        )
    return pair


def _apart(pair: Pair) -> Pair:
    if pair[0] >= pair[1]:
        raise ValueError(
            f"Expected limits [low, high] with low < high, got [{pair[0]:g}, {pair[1]:g}]. Put the lower one first"
        )
    return pair


def _within(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(
            f"Expected {what} within its limits {low:g} … {high:g}, got {value:g}. State an initial value inside"
        )


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError(f"Expected different names, got {listed(names)}. Rename or drop the repeated one")
    return names


Disturbance = Annotated[Pair, AfterValidator(_ordered)]
"""The interval of a disturbance; equal ends make it constant."""

Limits = Annotated[Pair, AfterValidator(_apart)]
"""Where a process stops."""

Names = Annotated[tuple[Name, ...], AfterValidator(_different)]
"""Names, each once."""

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
    disturbance: Disturbance | None = None


class Integrator(Part):
    """Adds up the weighted inputs; `inputs` are rates in output units per unit of time and of input."""

    law: Literal["integrator"]
    output: Name
    inputs: NameMap[Number]
    initial: Number = 0.0
    limits: Limits | None = None
    disturbance: Disturbance | None = None

    @model_validator(mode="after")
    def _starts_within(self) -> Integrator:
        if self.limits:
            _within(f"the initial {self.output}", self.initial, *self.limits)
        return self


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
    disturbance: Disturbance | None = None

    @model_validator(mode="after")
    def _two_names(self) -> SecondOrder:
        _different((self.output, self.rate_name))
        return self

    @property
    def rate_name(self) -> str:
        """What the rate of change is called."""
        return self.rate or f"{self.output} rate"


class Vehicle(Part):
    """A point mass on a straight road: force per mass, drag proportional to speed, no reverse gear."""

    law: Literal["vehicle"]
    speed: Name
    position: Name | None = None
    inputs: NameMap[Number]
    drag: Annotated[Number, Field(ge=0)] = 0.0
    initial_speed: Annotated[Number, Field(ge=0)] = 0.0
    initial_position: Number = 0.0
    disturbance: Disturbance | None = None

    @model_validator(mode="after")
    def _two_names(self) -> Vehicle:
        _different((self.speed, self.position_name))
        return self

    @property
    def position_name(self) -> str:
        """What the position is called."""
        return self.position or "position"


class Tank(Part):
    """A tank with inflows, and an outflow that grows with the level."""

    law: Literal["tank"]
    output: Name
    inputs: NameMap[Number]
    area: Positive = 1.0
    outflow: Annotated[Number, Field(ge=0)] = 0.0
    initial: Annotated[Number, Field(ge=0)] = 0.0
    limits: Limits | None = None
    disturbance: Disturbance | None = None

    @model_validator(mode="after")
    def _starts_within(self) -> Tank:
        if self.limits:
            _within(f"the initial {self.output}", self.initial, *self.limits)
        return self


class FiniteStateTransition(Part):
    """One transition of a finite-state process: in `state`, when every input has its value, go to `next`."""

    state: Name
    when: NameMap[Name] = EMPTY
    next: Name


class FiniteState(Part):
    """A process with finitely many states; the first transition that matches is taken, else the state stays."""

    law: Literal["finite state"]
    output: Name
    states: Annotated[Names, Field(min_length=1, max_length=MOST_WORDS)]
    transitions: Annotated[tuple[FiniteStateTransition, ...], Field(max_length=MOST_ROWS)] = ()
    initial: Name | None = None


class Matrices(Part):
    """A linear process x' = A x + B u, y = C x + D u, discrete in time unless `continuous`.

    A must not make the state grow by itself, unless `unstable` says that a controller is to hold it.
    """

    law: Literal["matrices"]
    continuous: bool = False
    unstable: bool = False
    inputs: Names
    outputs: Annotated[Names, Field(min_length=1)]
    A: Annotated[Matrix, Field(min_length=1)]
    B: Matrix
    C: Matrix
    D: Matrix | None = None
    initial: tuple[Number, ...] | None = None
    disturbance: Disturbance | None = None

    @field_validator("A")
    @classmethod
    def _square_and_bounded(cls, A: Matrix, info: ValidationInfo) -> Matrix:
        _must_have_shape("A", A, (len(A), "row of A"), (len(A), "row of A"))
        if not info.data.get("unstable"):
            _must_not_grow(np.array(A), bool(info.data.get("continuous")))
        return A

    @field_validator("B", "C", "D")
    @classmethod
    def _fits(cls, matrix: Matrix | None, info: ValidationInfo) -> Matrix | None:
        kinds = {"A": "row of A", "inputs": "input", "outputs": "output"}
        rows, columns = {"B": ("A", "inputs"), "C": ("outputs", "A"), "D": ("outputs", "inputs")}[info.field_name or ""]
        if matrix is not None and rows in info.data and columns in info.data:
            lengths = [(len(info.data[key]), kinds[key]) for key in (rows, columns)]
            _must_have_shape(info.field_name or "", matrix, *lengths)
        return matrix

    @field_validator("initial")
    @classmethod
    def _one_per_state(cls, initial: tuple[float, ...] | None, info: ValidationInfo) -> tuple[float, ...] | None:
        if initial is not None and "A" in info.data and len(initial) != len(info.data["A"]):
            raise ValueError(
                f"Expected {len(info.data['A'])} initial values, one per row of A, got {len(initial)}. "
                "Give one per state, not per output"
            )
        return initial


def _must_have_shape(name: str, matrix: Matrix, rows: tuple[int, str], columns: tuple[int, str]) -> None:
    """Refuse a matrix with other rows or columns than those counted, each with what it is counted by."""
    lengths = sorted({len(row) for row in matrix})
    if len(matrix) != rows[0]:
        got = f"{len(matrix)} row(s)"
    elif matrix and lengths != [columns[0]]:
        got = f"row(s) of {' and '.join(str(length) for length in lengths)}"
    else:
        return
    raise ValueError(
        f"Expected {name} with {rows[0]} row(s), one per {rows[1]}, of {columns[0]} number(s), one per {columns[1]}, "
        f"got {got}. Write it as a list of rows"
    )


def _must_not_grow(A: np.ndarray, continuous: bool) -> None:
    """Refuse a matrix with an eigenvalue outside the unit circle, or right of the imaginary axis if continuous."""
    values = np.linalg.eigvals(A)
    sizes, most, what = (values.real, 0, "real parts") if continuous else (np.abs(values), 1, "absolute values")
    if sizes.max() <= most + 1e-9:
        return
    worst = values[sizes.argmax()]
    text = f"{worst.real:.10g}" if worst.imag == 0 else f"{worst.real:.10g} ± {abs(worst.imag):.10g}i"
    raise ValueError(
        f"Expected A with eigenvalues whose {what} are at most {most}, got {text}, so that the state grows without "
        f"bound. Correct A, or set `unstable: true` for a process that a controller is to hold"
    )


Dynamics = Annotated[
    FirstOrder | Integrator | SecondOrder | Vehicle | Tank | FiniteState | Matrices, Field(discriminator="law")
]
"""How a process answers its inputs."""


def first_outputs(dynamics: Dynamics) -> dict[str, Value]:
    """Give the signals of a process, which feedback may carry, by name: a word or a number, at t = 0."""
    match dynamics:
        case FirstOrder() | Integrator() | Tank():
            return {dynamics.output: dynamics.initial}
        case SecondOrder():
            return {dynamics.output: dynamics.initial, dynamics.rate_name: dynamics.initial_rate}
        case Vehicle():
            return {dynamics.speed: dynamics.initial_speed, dynamics.position_name: dynamics.initial_position}
        case FiniteState():
            return {dynamics.output: dynamics.states[0] if dynamics.initial is None else dynamics.initial}
        case Matrices():
            first = dynamics.initial or (0.0,) * len(dynamics.A)
            return {
                output: sum((gain * x for gain, x in zip(row, first, strict=True)), 0.0)
                for output, row in zip(dynamics.outputs, dynamics.C, strict=True)
            }
