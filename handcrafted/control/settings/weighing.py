"""Parameters of laws that weigh and cut off: constant, linear, saturation; and limits, which several laws have."""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from handcrafted.control.domain import Domain
from handcrafted.control.parts import Condition, NameMap, Number, Part, Scalar
from handcrafted.control.settings.shape import SATURATED, LawForm, Settings


class Constant(Settings):
    """A value that never changes: a word, or a number in the unit of the link."""

    value: Scalar

    shape: ClassVar[LawForm] = LawForm(result=(), counts=(0, 0))


class Limits(Settings):
    """Limits in the unit of the output; those left out are the ends of its range."""

    low: Number | None = None
    high: Number | None = None

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
