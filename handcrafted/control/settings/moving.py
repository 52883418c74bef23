"""Parameters of laws over time: looking back, adding up, limiting a rate, counting, observing."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StrictInt, model_validator

from handcrafted.control.domain import Domain, Remembered, Value, issue_values
from handcrafted.control.parts import MOST_WHOLE, Condition, Number, Positive, Scalar
from handcrafted.control.settings.shape import NEXT, READS, STATE, LawForm, Settings, StageForm
from handcrafted.control.settings.weighing import Limits, limits_of


class Delay(Settings):
    """Gives what was read so many steps ago."""

    steps: Annotated[StrictInt, Field(ge=1, le=MOST_WHOLE)]
    units: ClassVar = {"steps": "steps"}

    shape: ClassVar[LawForm] = LawForm(counts=(1, 1))

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: one head that looks so far back."""
        return self.shape._replace(result=(self.steps,))


class Difference(Settings):
    """The read minus what it was so many steps ago, times `gain` (output unit per unit of the read)."""

    steps: Annotated[StrictInt, Field(ge=1, le=MOST_WHOLE)] = 1
    gain: Number = 1.0
    units: ClassVar = {"steps": "steps", "gain": "output / read"}

    shape: ClassVar[LawForm] = LawForm(result=(READS, "before"), counts=(1, 1), real=True, writes="real")

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: a head that looks so far back, and the difference."""
        return self.shape._replace(stages=(StageForm("before", (self.steps,)),))


class Accumulator(Limits):
    """Something that adds up within its limits."""

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the sum, within the limits from the start."""
        low, high = limits_of(self, domain)
        return Domain((), low, high, unit=domain.unit), min(max(float(initial), low), high)


class Integrator(Accumulator):
    """Adds up the reads times `gain` (output unit per unit of time and of the read), stopped at the limits."""

    gain: Number = 1.0
    units: ClassVar = {**Limits.units, "gain": "output / read / time"}

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
    units: ClassVar = {
        **Limits.units, "kp": "output / read", "ki": "output / read / time", "kd": "output * time / read",
        "tracking": "/ time",
    }  # fmt: skip

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


class MovingAverage(Settings):
    """The mean of the read over so many steps, the present one included (at most 16: the window of a head)."""

    steps: Annotated[StrictInt, Field(ge=2, le=16)]
    units: ClassVar = {"steps": "steps"}
    shape: ClassVar[LawForm] = LawForm(counts=(1, 1), real=True, writes="real")

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: a head per step before the present one."""
        past = tuple(StageForm(f"{k} ago", (k,)) for k in range(1, self.steps))
        return self.shape._replace(stages=past, result=(READS, *(stage.name for stage in past)))


class RateLimiter(Settings):
    """Follows the read, rising by at most `rise` and falling by at most `fall` (output unit per unit of time)."""

    rise: Positive
    fall: Positive | None = None
    units: ClassVar = {"rise": "output / time", "fall": "output / time"}
    shape: ClassVar[LawForm] = LawForm(
        (StageForm("floor", (READS, STATE)), StageForm("gap", ("floor",)), StageForm(NEXT, (STATE, "gap"))),
        (NEXT,),
        (1, 1),
        real=True,
        writes="real",
    )

    @property
    def rates(self) -> tuple[float, float]:
        """How fast it may rise and fall."""
        return self.rise, self.rise if self.fall is None else self.fall

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the last result."""
        return Domain((), domain.low, domain.high, unit=domain.unit), initial


class Counting(Settings):
    """Something that counts steps up to `steps`, and from 0 again where its read, if it has one, is on."""

    steps: Annotated[StrictInt, Field(ge=1, le=2**20)]
    units: ClassVar = {"steps": "steps"}

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the count, from 0."""
        return Domain((), 0.0, float(self.steps), resolution=1.0), 0.0


COUNT = (StageForm("floor", (READS, STATE)), StageForm("gap", ("floor",)), StageForm(NEXT, ("gap",)))
"""The stages of a count with limits."""


class Timer(Counting):
    """Gives how many steps have passed since its read was last on, at most `steps`."""

    shape: ClassVar[LawForm] = LawForm(COUNT, (NEXT,), (0, 1), writes="real")


class Watchdog(Counting):
    """Issues once its read, a sign of life, has not been on for `steps` steps."""

    value: Scalar | None = None
    shape: ClassVar[LawForm] = LawForm((*COUNT, StageForm("late", (NEXT,))), ("late",), (1, 1), writes="switch")


class Latch(Settings):
    """Issues from when the first read, `set`, is on until the second, `reset`, is; with both on it stays."""

    value: Scalar | None = None
    shape: ClassVar[LawForm] = LawForm(COUNT, (NEXT,), (2, 2), writes="switch")

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember whether it issues."""
        return Domain((), 0.0, 1.0, resolution=1.0), float(initial == issue_values(domain, self.value)[1])
