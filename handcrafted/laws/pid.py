"""PID control with limits: a saturated sum, and an integral that does not wind up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field, model_validator

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import ceiling, limits, linear, saturated
from handcrafted.components.positional import steps_ago
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Condition, Number
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import clipped
from handcrafted.laws.law import REAL_SIGNAL, Accumulator, Example, LawInput, LawOutput
from handcrafted.laws.signature import NEXT, READS, STATE, Signature, StageSignature


@final
class Pid(Accumulator):
    """A proportional, integral and derivative controller of an error: the first read minus the second, or the one read.

    `kp` in output units per unit of the error, `ki` that per unit of time, `kd` that times a unit of time (on the
    second read alone, so that a new set point gives no kick). The output stops at the limits. So does the integral;
    where `tracking` is given (per unit of time), it is pulled back instead at that rate by what the limits cut off.
    """

    kp: Number
    ki: Number = 0.0
    kd: Number = 0.0
    tracking: Annotated[Number, Field(gt=0)] | None = None

    law: ClassVar = "pid"
    units: ClassVar = {
        **Accumulator.units, "kp": "output / read", "ki": "output / read / time", "kd": "output * time / read",
        "tracking": "/ time",
    }  # fmt: skip
    shape: ClassVar = Signature(result=("gap",), counts=(1, 2), real=True, writes="real")
    example: ClassVar = Example({"goal": REAL_SIGNAL, "x": REAL_SIGNAL}, REAL_SIGNAL, {"kp": 1, "ki": 0.25, "kd": 0.5})

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Pid:
        if self.tracking is not None and self.ki == 0:
            raise ValueError("Expected `ki` beside `tracking`, got none. Drop `tracking`, or add the integral")
        if self.kp == 0:
            raise ValueError("Expected `kp` other than 0, got 0. Use law `integrator` for an integral alone")
        return self

    @property
    def cancels(self) -> bool:
        """Whether tracking takes back all that the error adds to the integral, so that only the output moves it."""
        return self.tracking is not None and self.ki == self.tracking * self.kp

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the stages of a controller with a proportional part and perhaps others.

        The integral stops at the limits of the output, or, where it tracks, is pulled back by what the limits cut
        off, which may take back all that the error itself would add.
        """
        past = ("before",) if self.kd else ()
        state = (STATE,) if self.ki else ()
        stages = [StageSignature("before", (1,))] if self.kd else []
        stages += [StageSignature("floor", (READS, *past, *state)), StageSignature("gap", ("floor",))]
        if self.ki and self.tracking is not None:
            stages.append(StageSignature(NEXT, (*(() if self.cancels else (READS,)), *past, STATE, "gap")))
        elif self.ki:
            stages += [StageSignature("sum floor", (READS, STATE)), StageSignature("sum gap", ("sum floor",))]
            stages += [StageSignature(NEXT, ("sum gap",))]
        return self.shape._replace(stages=tuple(stages))

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Control an error by its size, its sum over time and its rate of change, within limits.

        Formula: u = clip(kp e + I - kd (y - y') / dt, low, high), e = r - y, y' the measurement before; I' = clip(I +
            ki dt e, low, high), or with tracking I' = I + ki dt e + kt dt (u - its value before the limits).
        Source: Astrom & Hagglund 2006, Advanced PID Control, sections 3.5 (windup), 13.4 (discretisation).
        """
        dt = task.time_step
        first, *second = given.now
        error, sign = (first - second[0], -1.0) if second else (first, 1.0)
        free = self.kp * error
        if self.kd:
            (*_, now), (*_, before) = given.now, given.ago(1)
            free = free + sign * self.kd / dt * (now - before)
        if given.state is None:
            return LawOutput(clipped(free, self.low, self.high, domain))
        free = free + given.state
        out, rise = clipped(free, self.low, self.high, domain), self.ki * dt * error
        if self.tracking is None:
            return LawOutput(out, clipped(given.state + rise, self.low, self.high, task.domain))
        return LawOutput(out, given.state + rise + self.tracking * dt * (out - free))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build perhaps the measurement before, the saturated sum, perhaps the new integral, and the output.

        Formula: with e = r - y and v = kp e + I - kd (y - y') / dt: f = r(v - low), g = r(b - f), the result is high -
            g, I' = clip(I + ki dt e, low, high), or with tracking I' = I + ki dt e + kt dt (high - g - v).
        Source: Astrom & Hagglund 2006, Advanced PID Control, sections 3.5 (windup), 13.4 (discretisation).
        Error: proved bound that of the two float32 sums, (n + 1) 2^-23 of their absolute terms per step, regression
            bound 4.4e-6 over 400 steps of values up to 4; the output's limits are exact.
        """
        low, high = limits(self.low, self.high, task.domain)
        reads, dt = len(task.reads), task.time_step
        error = np.array([1.0, -1.0])[:reads]
        rate = (1.0 if reads == 1 else -1.0) * self.kd / dt
        free = self.kp * error
        free[-1] += rate
        before = [steps_ago(sites[0], 1, 1)] if self.kd else []
        sum_of = np.array([*free, *([-rate] if self.kd else []), *([1.0] if self.ki else [])])
        at = sites[len(before) :]
        found = [*before, *saturated(at[:2], sum_of, low, low, high)]
        rise = self.ki * dt * error
        if self.tracking is not None:
            pulled = self.tracking * dt
            own = np.array([*rise, *([0.0] if self.kd else []), 1.0])
            row = np.array([*(own - pulled * sum_of), -pulled])[reads if self.cancels else 0 :]
            found.append(linear(at[2], row[None], np.array([pulled * high])))
        elif self.ki:
            found += saturated(at[2:5], np.array([*rise, 1.0]), low, low, high)
        return [*found, ceiling(sites[-1], high)]
