"""The parameters of each law, by the names that a file gives them; what is wrong with them is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from handcrafted.control.complaint import FilePath, refuse, sentence
from handcrafted.control.parts import EMPTY, to_key
from handcrafted.control.settings.choosing import Argmin, FiniteState, Lookahead, Lookup
from handcrafted.control.settings.logic import Connective, Gate, Guard, KOfN, Multiplexer, Veto
from handcrafted.control.settings.moving import (
    Delay,
    Difference,
    Integrator,
    Latch,
    MovingAverage,
    Pid,
    RateLimiter,
    Timer,
    Watchdog,
)
from handcrafted.control.settings.observing import Observer
from handcrafted.control.settings.shape import Settings
from handcrafted.control.settings.switching import Comparator, Hysteresis, Relay, Table
from handcrafted.control.settings.weighing import (
    AbsoluteValue,
    Constant,
    DeadBand,
    Extremum,
    Linear,
    Median,
    Saturation,
)

SETTINGS: dict[str, type[Settings]] = {
    "absolute value": AbsoluteValue,
    "and": Connective,
    "argmin": Argmin,
    "comparator": Comparator,
    "constant": Constant,
    "dead band": DeadBand,
    "decision table": Table,
    "delay": Delay,
    "difference": Difference,
    "finite state": FiniteState,
    "gate": Gate,
    "guard": Guard,
    "hysteresis": Hysteresis,
    "integrator": Integrator,
    "k of n": KOfN,
    "latch": Latch,
    "linear": Linear,
    "lookahead": Lookahead,
    "lookup": Lookup,
    "maximum": Extremum,
    "median": Median,
    "minimum": Extremum,
    "moving average": MovingAverage,
    "multiplexer": Multiplexer,
    "observer": Observer,
    "or": Connective,
    "pid": Pid,
    "rate limiter": RateLimiter,
    "relay": Relay,
    "saturation": Saturation,
    "timer": Timer,
    "veto": Veto,
    "watchdog": Watchdog,
    "xor": Connective,
}
"""The parameters of every law that a file may name."""


def settings_of(law: str | None, parameters: Mapping[str, Any] = EMPTY, path: FilePath = ()) -> Settings | None:
    """Give a law's parameters, checked; None for no law.

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


def gives(law: str) -> str:
    """Say in one line what a law gives."""
    return (SETTINGS[law].__doc__ or "").split("\n")[0]
