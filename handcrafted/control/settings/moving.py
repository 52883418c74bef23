"""Parameters of laws over time: delay, difference, integrator, PID."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StrictInt, model_validator

from handcrafted.control.domain import Domain, Value
from handcrafted.control.parts import Condition, Number
from handcrafted.control.settings.shape import NEXT, READS, STATE, LawForm, Settings, StageForm
from handcrafted.control.settings.weighing import Limits, limits_of


class Delay(Settings):
    """Gives what was read so many steps ago."""

    steps: Annotated[StrictInt, Field(ge=1)]

    shape: ClassVar[LawForm] = LawForm(counts=(1, 1))

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: one head that looks so far back."""
        return self.shape._replace(result=(self.steps,))


class Difference(Settings):
    """The read minus what it was so many steps ago, times `gain` (output unit per unit of the read)."""

    steps: Annotated[StrictInt, Field(ge=1)] = 1
    gain: Number = 1.0

    shape: ClassVar[LawForm] = LawForm(result=(READS, "before"), counts=(1, 1), real=True, writes="real")

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: a head that looks so far back, and the difference."""
        return self.shape._replace(stages=(StageForm("before", (self.steps,)),))


class Accumulator(Limits):
    """Something that adds up within its limits."""

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Value]:
        """Remember the sum, within the limits from the start."""
        low, high = limits_of(self, domain)
        return Domain((), low, high, unit=domain.unit), min(max(float(initial), low), high)


class Integrator(Accumulator):
    """Adds up the reads times `gain` (output unit per unit of time and of the read), stopped at the limits."""

    gain: Number = 1.0

    shape: ClassVar[LawForm] = LawForm(
        (StageForm("floor", (READS, STATE)), StageForm("gap", ("floor",)), StageForm(NEXT, ("gap",))),
        (NEXT,),
        real=True,
        writes="real",
    )


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

    shape: ClassVar[LawForm] = LawForm(result=("gap",), counts=(1, 2), real=True, writes="real")

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

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the stages of a controller with a proportional part and perhaps others.

        The integral stops at the limits of the output, or, where it tracks, is pulled back by what the limits cut
        off, which may take back all that the error itself would add.
        """
        past = ("before",) if self.kd else ()
        state = (STATE,) if self.ki else ()
        stages = [StageForm("before", (1,))] if self.kd else []
        stages += [StageForm("floor", (READS, *past, *state)), StageForm("gap", ("floor",))]
        if self.ki and self.tracking is not None:
            stages.append(StageForm(NEXT, (*(() if self.cancels else (READS,)), *past, STATE, "gap")))
        elif self.ki:
            stages += [StageForm("sum floor", (READS, STATE)), StageForm("sum gap", ("sum floor",))]
            stages += [StageForm(NEXT, ("sum gap",))]
        return self.shape._replace(stages=tuple(stages))
