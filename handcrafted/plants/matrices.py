"""A linear process of any order, exactly discretised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, final

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from handcrafted.control.domain import Domain, Value
from handcrafted.control.library import library_of
from handcrafted.control.parts import Name, Number
from handcrafted.plants.plant import Advance, Array, Disturbance, Plant, State, as_number, different
from handcrafted.text.diagnostics import HandcraftedError

Matrix = tuple[tuple[Number, ...], ...]

STATE, BEFORE = "x", "u before"
"""What its state is called, and what remembers the inputs of the step before."""


@final
class MatricesPlant(Plant):
    """A linear process x' = A x + B u, y = C x + D u, discrete in time unless `continuous`.

    A must not make the state grow by itself, unless `unstable` says that a controller is to hold it.
    """

    law: Literal["matrices"]
    continuous: bool = False
    unstable: bool = False
    inputs: Annotated[tuple[Name, ...], AfterValidator(different)]
    outputs: Annotated[tuple[Name, ...], AfterValidator(different), Field(min_length=1)]
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

    example: ClassVar = {
        "law": "matrices", "inputs": ["u"], "outputs": ["y"],
        "A": [[0.9, 0.1], [0, 0.8]], "B": [[0], [0.2]], "C": [[1, 0]],
    }  # fmt: skip

    @property
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, at t = 0."""
        first = self.initial or (0.0,) * len(self.A)
        return {
            output: sum((gain * x for gain, x in zip(row, first, strict=True)), 0.0)
            for output, row in zip(self.outputs, self.C, strict=True)
        }

    def start(self) -> dict[str, np.ndarray]:
        """Return the state, and the inputs of the step before."""
        count = len(self.inputs)
        return {STATE: np.array(self.initial or np.zeros(len(self.A)), np.float32), BEFORE: np.zeros(count, np.float32)}

    def over_step(self, time_step: float) -> tuple[np.ndarray, np.ndarray]:
        """Return A and B for a step of time, float32."""
        a, b = np.array(self.A), np.array(self.B)
        return discrete(a, b, time_step) if self.continuous else (a.astype(np.float32), b.astype(np.float32))

    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Run x' = A x + B u; the disturbance is added to every input."""
        a, b = self.over_step(time_step)

        def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
            arrived = [as_number(inputs[name], disturbance) + disturbance for name in self.inputs]
            u = library_of(disturbance, *arrived).stack(arrived) if arrived else state[BEFORE]
            return {STATE: a @ state[STATE] + b @ u, BEFORE: u}

        return advance

    def observe(self, state: State) -> Mapping[str, Array]:
        """Return y = C x + D u.

        In a sampled loop the outputs are measured before the actions of the same step are known, so D acts on the
        inputs of the step before.
        """
        c, none = np.array(self.C, np.float32), np.zeros((len(self.C), len(self.inputs)))
        y = c @ state[STATE] + np.array(self.D if self.D else none, np.float32) @ state[BEFORE]
        return {name: y[i] for i, name in enumerate(self.outputs)}


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


def discrete(a: np.ndarray, b: np.ndarray, time_step: float) -> tuple[np.ndarray, np.ndarray]:
    """Discretise x' = A x + B u with held inputs; float32 matrices.

    Raises:
        HandcraftedError: if they overflow.
    """
    from scipy.signal import cont2discrete

    with np.errstate(all="ignore"):
        found: Any = cont2discrete((a, b, np.eye(len(a)), np.zeros(b.shape)), time_step, method="zoh")
        a, b = np.asarray(found[0], np.float32), np.asarray(found[1], np.float32)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise HandcraftedError(
            f"Expected a time step that float32 can hold, got {time_step:g}, over which the process grows without "
            "bound. Shorten the time step, or correct the process."
        )
    return a, b
