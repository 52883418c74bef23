"""Observer: a model of a linear process that runs beside it, corrected by what is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, NamedTuple, final

import numpy as np
from pydantic import Field, model_validator

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import linear
from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.parts import EMPTY, Number, Positive, ReferenceMap
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import NEXT, READS, STATE, Signature, StageSignature
from handcrafted.text.letters import listed

Row = Annotated[tuple[Number, ...], Field(min_length=1, max_length=32)]
Vector = Number | Row
Matrix = Number | Annotated[tuple[Row, ...], Field(min_length=1, max_length=32)]

NOISE = ("process_noise", "measurement_noise")


class Observed(NamedTuple):
    """An observer x' = A x + sum of b u + gain (y - c x), y = out x.

    Attributes:
        a: [state, state].
        b: [state] of each input.
        c: [state].
        gain: [state].
        out: [state].
    """

    a: np.ndarray
    b: Mapping[str, np.ndarray]
    c: np.ndarray
    gain: np.ndarray
    out: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """How the error of the estimate goes on [state, state]: A - gain c."""
        return self.a - np.outer(self.gain, self.c)


@final
class Observer(Law):
    """Estimates the state of a linear system: x' = A x + sum of b u + gain (y - c x), with y the first read.

    The other reads are the inputs u, each with its own entry in `b`. With a state of one number all are numbers; with
    more, `a` is a matrix and the others are lists. The result is `output` times the estimate, or its first number. In
    place of `gain`, the variances `process noise` and `measurement noise` ask for that of the stationary Kalman
    filter. The estimate must forget: all eigenvalues of A - gain c within the unit circle.
    """

    a: Matrix
    gain: Vector | None = None
    c: Vector = 1.0
    b: ReferenceMap[Vector] = EMPTY
    output: Row | None = None
    start: Row | None = None
    process_noise: Matrix | None = None
    measurement_noise: Positive | None = None

    law: ClassVar = "observer"
    units: ClassVar = {"start": "output"}
    shape: ClassVar = Signature((StageSignature(NEXT, (READS, STATE)),), (NEXT,), (1, 16), real=True, writes="real")
    example: ClassVar = Example(
        {"x": REAL_SIGNAL, "u": REAL_SIGNAL}, REAL_SIGNAL, {"a": 0.75, "gain": 0.5, "b": {"u": 0.25}}
    )

    @model_validator(mode="after")
    def _fits(self) -> Observer:
        noise = [getattr(self, name) is not None for name in NOISE]
        if any(noise) != all(noise) or all(noise) == (self.gain is not None):
            raise ValueError("Expected `gain`, or `process noise` with `measurement noise`, got other. Give one way")
        n = len(_square("a", self.a, None))
        if self.process_noise is not None:
            _square("process noise", self.process_noise, n)
        lists = {"gain": self.gain, "c": self.c, "output": self.output, "start": self.start}
        for name, value in (*lists.items(), *((f"b: {name}", value) for name, value in self.b.items())):
            if value is not None and np.size(value) != n:
                raise ValueError(f"Expected as many numbers in `{name}` as the state has, {n}, got {np.size(value)}")
        largest = float(np.abs(np.linalg.eigvals(self.observed.kept)).max())
        if not largest < 1:
            raise ValueError(
                f"Expected a stable observer, eigenvalues of A - gain c within the unit circle, got one of size "
                f"{largest:g}. {self._advice()}"
            )
        return self

    def _advice(self) -> str:
        """Say which gains would do, where that is an interval."""
        a, c = np.atleast_2d(self.a), np.atleast_1d(self.c)
        if len(a) > 1 or c[0] == 0:
            return "Choose another gain; `process noise` and `measurement noise` find one"
        low, high = sorted([(a[0, 0] - 1) / c[0], (a[0, 0] + 1) / c[0]])
        return f"Choose `gain` between {low:g} and {high:g}"

    @cached_property
    def observed(self) -> Observed:
        """The matrices, with the gain worked out where noise is given.

        Source: Kalman 1960, A new approach to linear filtering and prediction problems; the stationary covariance P
            solves the discrete algebraic Riccati equation, gain = A P c / (c P c + measurement noise).

        Raises:
            ValueError: if there is no such gain.
        """
        a, c = np.atleast_2d(np.array(self.a, float)), np.atleast_1d(np.array(self.c, float))
        gain = self._kalman(a, c) if self.gain is None else np.atleast_1d(np.array(self.gain, float))
        b = {name: np.atleast_1d(np.array(value, float)) for name, value in self.b.items()}
        out = np.eye(len(a))[0] if self.output is None else np.array(self.output, float)
        return Observed(a, b, c, gain, out)

    def _kalman(self, a: np.ndarray, c: np.ndarray) -> np.ndarray:
        from scipy.linalg import LinAlgError, solve_discrete_are

        noise, error = np.atleast_2d(np.array(self.process_noise, float)), np.atleast_2d(self.measurement_noise or 0.0)
        try:
            p = solve_discrete_are(a.T, c[:, None], noise, error)
        except (LinAlgError, ValueError) as wrong:
            raise ValueError(
                f"Expected a system with a stationary Kalman filter, got none ({wrong}). "
                "Check that what is measured tells about every state that does not die out"
            ) from None
        return a @ p @ c / (c @ p @ c + error[0, 0])

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the estimate."""
        count = len(self.observed.a)
        start = initial if count == 1 else (0.0,) * count
        return Domain((), domain.low, domain.high, unit=domain.unit, count=count), self.start or start

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for an entry of `b` for each input."""
        names = [read.name for read in reads[1:]]
        if set(names) == set(self.b):
            return ""
        wanted, got = listed(names) or "none", listed(self.b) or "none"
        return f"Expected in `b` an entry for each read but the first ({wanted}), got {got}."

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Predict one step and correct by what was measured.

        Formula: x' = A x + sum of b u + gain (y - c x), result out x'.
        Source: Luenberger 1964, Observing the state of a linear system.
        """
        k = self.observed
        assert given.state is not None
        measured, *inputs = given.now
        driven = sum((u * k.b[r.name] for r, u in zip(task.reads[1:], inputs, strict=True)), np.zeros(()))
        state = given.state @ k.a.T + driven + (measured - given.state @ k.c[:, None]) * k.gain
        return LawOutput(state @ k.out[:, None], state)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Predict and correct the estimate, and read it out."""
        k = self.observed
        inputs = [k.b[read.name] for read in task.reads[1:]]
        estimate = np.column_stack([k.gain, *inputs, k.a - np.outer(k.gain, k.c)])
        return [linear(sites[0], estimate, np.zeros(len(k.a))), linear(sites[1], k.out[None], np.zeros(1))]


def _square(name: str, value: Any, size: int | None) -> np.ndarray:
    """Return a matrix, if its rows are as long as there are rows."""
    rows = [value] if isinstance(value, float) else value
    lengths = {np.size(row) for row in rows}
    if lengths != {size or len(rows)} or (size or len(rows)) != len(rows):
        raise ValueError(f"Expected in `{name}` {size or len(rows)} rows as long, got lengths {sorted(lengths)}")
    return np.atleast_2d(np.array(value, float))
