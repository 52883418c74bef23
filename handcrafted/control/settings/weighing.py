"""Parameters of laws that weigh, cut off and compare sizes; and limits, which several laws have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import model_validator

from handcrafted.control.domain import Domain
from handcrafted.control.letters import shown
from handcrafted.control.parts import Condition, NameMap, Number, Part, Positive, Scalar
from handcrafted.control.settings.shape import READS, SATURATED, LawForm, Settings, Some, StageForm

if TYPE_CHECKING:
    from handcrafted.control.resolved import Read


class Constant(Settings):
    """A value that never changes: a word, or a number in the unit of the link."""

    value: Scalar

    units: ClassVar = {"value": "output"}
    shape: ClassVar[LawForm] = LawForm(result=(), counts=(0, 0))

    @property
    def said(self) -> Scalar:
        """The value as a domain has it: truths are the words `true` and `false`."""
        return str(self.value).lower() if isinstance(self.value, bool) else self.value

    def complaint(self, reads: Sequence[Read], domain: Domain) -> str:
        """Say so if the value is not in the domain."""
        fits = self.said in domain.values if domain.discrete else isinstance(self.said, int | float)
        return "" if fits else f"Expected parameters: {{value: …}} in {domain}, got {shown(self.value)}. Set it"


class Limits(Settings):
    """Limits in the unit of the output; those left out are the ends of its range."""

    low: Number | None = None
    high: Number | None = None
    units: ClassVar = {"low": "output", "high": "output"}

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"Expected `low` under `high`, got {self.low:g} and {self.high:g}. Swap them")
        return self


def limits_of(settings: Part | None, domain: Domain) -> tuple[float, float]:
    """Give the limits that a law declares, or else the ends of its result's range."""
    low, high = getattr(settings, "low", None), getattr(settings, "high", None)
    return domain.low if low is None else low, domain.high if high is None else high


class Linear(Limits):
    """The sum of each read times its gain (output unit per unit of the read), plus a constant (output unit).

    Unlimited, unless `low` or `high` is given.
    """

    gains: NameMap[Number]
    constant: Number = 0.0
    units: ClassVar = {**Limits.units, "gains": "output / read", "constant": "output"}
    shape: ClassVar[LawForm] = LawForm(real=True, writes="real")

    @property
    def limited(self) -> bool:
        """Whether a limit is declared."""
        return self.low is not None or self.high is not None

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape; limits take two more circuits."""
        return LawForm(SATURATED, ("gap",), real=True, writes="real") if self.limited else self.shape


class Saturation(Limits):
    """Cuts the read off at the limits."""

    shape: ClassVar[LawForm] = LawForm(SATURATED, ("gap",), (1, 1), real=True, writes="real")


class AbsoluteValue(Settings):
    """The size of the read, without its sign."""

    shape: ClassVar[LawForm] = LawForm(counts=(1, 1), real=True, writes="real")


class DeadBand(Settings):
    """How far the read lies outside the band from -width to width (unit of the read); 0 inside."""

    width: Positive
    units: ClassVar = {"width": "read"}
    shape: ClassVar[LawForm] = LawForm(counts=(1, 1), real=True, writes="real")


class Extremum(Settings):
    """The largest, or the smallest, of two or more reads."""

    shape: ClassVar[LawForm] = LawForm(counts=(2, 64), real=True, writes="real")

    def form(self, reads: int, when: Condition | None) -> LawForm:
        """Give the shape: a tournament, each round with half as many."""
        rounds, left = [], reads
        while left > 2:
            rounds.append(StageForm(f"round {len(rounds) + 1}", (rounds[-1].name if rounds else READS,)))
            left = (left + 1) // 2
        return self.shape._replace(stages=tuple(rounds), result=(rounds[-1].name if rounds else READS,))


class Median(Settings):
    """The middle one of three reads: what two out of three sensors agree on."""

    shape: ClassVar[LawForm] = LawForm(
        (StageForm("pair", (Some(0, 2),)), StageForm("middle", (Some(2, 3), "pair"))), ("middle",), (3, 3), True, "real"
    )
