"""The parameters of each law, by the names that a file gives them; what is wrong with them is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationError, model_validator

from handcrafted.control.complaint import FilePath, refuse, sentence
from handcrafted.control.parts import EMPTY, NameMap, Number, Part, Scalar, to_key


class Constant(Part):
    """A value that never changes: a word, or a number in the unit of the link."""

    value: Scalar


class Table(Part):
    """A decision table issues the second value of a discrete action, or the one named here."""

    value: Scalar | None = None


class Comparator(Part):
    """Issues while the read is strictly above, or strictly below, a threshold in its unit."""

    above: Number | None = None
    below: Number | None = None
    value: Scalar | None = None

    @model_validator(mode="after")
    def _one(self) -> Comparator:
        if (self.above is None) == (self.below is None):
            raise ValueError("Expected `above` or `below` in a comparator, got both or neither. Give one of them")
        return self


class Hysteresis(Part):
    """Issues from one threshold on until the other is passed; thresholds in the unit of the read, both strict.

    `on below` and `off above` heat, `on above` and `off below` cool.
    """

    on_below: Number | None = None
    off_above: Number | None = None
    on_above: Number | None = None
    off_below: Number | None = None
    value: Scalar | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Hysteresis:
        given = {to_key(name) for name, value in self.__dict__.items() if name != "value" and value is not None}
        if given not in ({"on below", "off above"}, {"on above", "off below"}):
            raise ValueError(
                "Expected `on below` with `off above`, or `on above` with `off below`, got "
                f"{' and '.join(sorted(given)) or 'none of them'}. Give one of the two pairs"
            )
        low, high = self.thresholds
        if low > high:
            names = ("on below", "off above") if self.heats else ("off below", "on above")
            raise ValueError(
                f"Expected `{names[0]}` at or under `{names[1]}`, got {low:g} and {high:g}. Put the thresholds in order"
            )
        return self

    @property
    def heats(self) -> bool:
        """Whether it issues below, and not above."""
        return self.on_below is not None

    @property
    def thresholds(self) -> tuple[float, float]:
        """The lower and the upper threshold."""
        pair = (self.on_below, self.off_above) if self.heats else (self.off_below, self.on_above)
        assert pair[0] is not None and pair[1] is not None
        return pair[0], pair[1]


class Limits(Part):
    """Limits in the unit of the output; those left out are the ends of its range."""

    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"Expected `low` under `high`, got {self.low:g} and {self.high:g}. Swap them")
        return self


class Linear(Limits):
    """The sum of each read times its gain (output unit per unit of the read), plus a constant (output unit).

    Unlimited, unless `low` or `high` is given.
    """

    gains: NameMap[Number]
    constant: Number = 0.0

    @property
    def limited(self) -> bool:
        """Whether a limit is declared."""
        return self.low is not None or self.high is not None


class Pid(Limits):
    """A proportional, integral and derivative controller of an error: the first read minus the second, or the one read.

    `kp` in output units per unit of the error, `ki` that per unit of time, `kd` that times a unit of time (on the
    second read alone, so that a new set point gives no kick). The output stops at the limits. So does the integral;
    where `tracking` is given (per unit of time), it is pulled back instead at that rate by what the limits cut off.
    """

    kp: Number
    ki: Number = 0.0
    kd: Number = 0.0
    tracking: Annotated[Number, Field(gt=0)] | None = None
    steps: Literal[1] = 1

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


class Saturation(Limits):
    """Cuts the read off at the limits."""


class Integrator(Limits):
    """Adds up the reads times `gain` (output unit per unit of time and of the read), stopped at the limits."""

    gain: Number = 1.0


class Delay(Part):
    """Gives what was read so many steps ago."""

    steps: Annotated[StrictInt, Field(ge=1)]


class Difference(Part):
    """The read minus what it was so many steps ago, times `gain` (output unit per unit of the read)."""

    steps: Annotated[StrictInt, Field(ge=1)] = 1
    gain: Number = 1.0


SETTINGS: dict[str, type[Part]] = {
    "comparator": Comparator,
    "constant": Constant,
    "decision table": Table,
    "delay": Delay,
    "difference": Difference,
    "hysteresis": Hysteresis,
    "integrator": Integrator,
    "linear": Linear,
    "pid": Pid,
    "saturation": Saturation,
}
"""The parameters of every law that can be built."""


def settings_of(law: str | None, parameters: Mapping[str, Any] = EMPTY, path: FilePath = ()) -> Part | None:
    """Give a law's parameters, checked; None where it has none, or cannot be built yet.

    Raises:
        HandcraftedError: naming the parameter, what it got and what would be valid.
    """
    if law not in SETTINGS:
        return None
    try:
        return SETTINGS[law].model_validate(dict(parameters))
    except ValidationError as error:
        item = error.errors()[0]
        known = [to_key(name) for name in SETTINGS[law].model_fields]
        at = (*path, *item["loc"][:1])
        refuse(at, sentence(item, at, known))
