"""Parameters of laws that switch at a threshold or by a table: comparator, relay, hysteresis, decision table."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from handcrafted.control.domain import Domain, Remembered, Value, issue_values
from handcrafted.control.parts import Bounds, Condition, Number, Positive, Scalar, to_key
from handcrafted.control.settings.shape import NEXT, READS, REAL, STATE, WORDS, LawForm, Settings, StageForm


class Table(Settings):
    """A decision table issues the second value of a discrete action, or the one named here."""

    value: Scalar | None = None

    shape: ClassVar[LawForm] = LawForm((StageForm("rows", (READS,)),), ("rows",))

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape; a table that tests real variables compares them first."""
        if not any(isinstance(test, Bounds) for row in when or () for test in row.values()):
            return self.shape
        rows = StageForm("rows", ("bits", WORDS))
        return LawForm((StageForm("ramps", (REAL,)), StageForm("bits", ("ramps",)), rows), ("rows",))


class Comparator(Settings):
    """Issues while the read is strictly above, or strictly below, a threshold in its unit."""

    above: Number | None = None
    below: Number | None = None
    value: Scalar | None = None
    units: ClassVar = {"above": "read", "below": "read"}

    shape: ClassVar[LawForm] = LawForm(
        (StageForm("ramp", (READS,)), StageForm("bit", ("ramp",))), ("bit",), (1, 2), real=True, writes="switch"
    )

    @model_validator(mode="after")
    def _one(self) -> Comparator:
        if (self.above is None) == (self.below is None):
            raise ValueError("Expected `above` or `below` in a comparator, got both or neither. Give one of them")
        return self


class Relay(Settings):
    """Gives plus `amplitude` (output unit) strictly above a threshold (unit of the read), minus it elsewhere."""

    above: Number = 0.0
    amplitude: Positive = 1.0
    units: ClassVar = {"above": "read", "amplitude": "output"}

    shape: ClassVar[LawForm] = LawForm(
        (StageForm("ramp", (READS,)), StageForm("bit", ("ramp",))), ("bit",), (1, 2), real=True, writes="real"
    )


class Hysteresis(Settings):
    """Issues from one threshold on until the other is passed; thresholds in the unit of the read, both strict.

    `on below` and `off above` heat, `on above` and `off below` cool.
    """

    on_below: Number | None = None
    off_above: Number | None = None
    on_above: Number | None = None
    off_below: Number | None = None
    value: Scalar | None = None
    units: ClassVar = dict.fromkeys(("on_below", "off_above", "on_above", "off_below"), "read")

    shape: ClassVar[LawForm] = LawForm(
        (StageForm("band", (READS, STATE)), StageForm(NEXT, ("band",))), (NEXT,), (1, 2), real=True, writes="switch"
    )

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

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember whether it issues."""
        return Domain((), 0.0, 1.0, resolution=1.0), float(initial == issue_values(domain, self.value)[1])
