"""Every law that a file may name: one line each, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from handcrafted.control.parts import EMPTY, to_key
from handcrafted.laws.absolute_value import AbsoluteValue as AbsoluteValue
from handcrafted.laws.argmin import Argmin as Argmin
from handcrafted.laws.comparator import Comparator as Comparator
from handcrafted.laws.conjunction import And as And
from handcrafted.laws.constant import Constant as Constant
from handcrafted.laws.dead_band import DeadBand as DeadBand
from handcrafted.laws.decision_table import DecisionTable as DecisionTable
from handcrafted.laws.default import DefaultLinear
from handcrafted.laws.delay import Delay as Delay
from handcrafted.laws.difference import BackwardDifference as BackwardDifference
from handcrafted.laws.disjunction import Or as Or
from handcrafted.laws.exclusive import Xor as Xor
from handcrafted.laws.finite_state import FiniteState as FiniteState
from handcrafted.laws.gate import Gate as Gate
from handcrafted.laws.guard import Guard as Guard
from handcrafted.laws.hysteresis import Hysteresis as Hysteresis
from handcrafted.laws.integrator import Integrator as Integrator
from handcrafted.laws.k_of_n import KOfN as KOfN
from handcrafted.laws.latch import Latch as Latch
from handcrafted.laws.law import Law
from handcrafted.laws.linear import Linear as Linear
from handcrafted.laws.lookahead import OneStepMpc as OneStepMpc
from handcrafted.laws.lookup import Lookup as Lookup
from handcrafted.laws.maximum import Maximum as Maximum
from handcrafted.laws.median import Median as Median
from handcrafted.laws.minimum import Minimum as Minimum
from handcrafted.laws.moving_average import MovingAverage as MovingAverage
from handcrafted.laws.multiplexer import Multiplexer as Multiplexer
from handcrafted.laws.observer import Observer as Observer
from handcrafted.laws.pid import Pid as Pid
from handcrafted.laws.rate_limiter import RateLimiter as RateLimiter
from handcrafted.laws.relay import Relay as Relay
from handcrafted.laws.saturation import Saturation as Saturation
from handcrafted.laws.timer import Timer as Timer
from handcrafted.laws.veto import Veto as Veto
from handcrafted.laws.watchdog import Watchdog as Watchdog
from handcrafted.text.diagnostics import FilePath, refuse, sentence

_IMPORTED = [kind for kind in tuple(vars().values()) if isinstance(kind, type) and issubclass(kind, Law)]

LAWS: dict[str, type[Law]] = {
    kind.law: kind for kind in sorted(set(_IMPORTED) - {Law, DefaultLinear}, key=lambda kind: kind.law)
}
"""All laws imported here, by what a file calls them, in alphabetical order."""


def law_named(name: str | None, parameters: Mapping[str, Any] = EMPTY, path: FilePath = ()) -> Law:
    """Return a law with its parameters, checked; the default one for no name, and for one that is unknown.

    Raises:
        HandcraftedError: naming the parameter, what it got and what would be valid.
    """
    kind = LAWS.get(name or "", DefaultLinear)
    try:
        return kind.model_validate(dict(parameters) if kind is not DefaultLinear else {})
    except ValidationError as error:
        item = error.errors()[0]
        at = (*path, *item["loc"][:1])
        refuse(at, sentence(item, at, [to_key(field) for field in kind.model_fields]))


def gives(law: str) -> str:
    """Return in one line what a law gives."""
    return (LAWS[law].__doc__ or "").split("\n")[0]
