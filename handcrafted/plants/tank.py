"""A tank with an outflow that grows with the level, solved exactly, empty and full included."""

from __future__ import annotations

from collections.abc import Mapping
from math import factorial
from typing import Annotated, ClassVar, Literal, final

import numpy as np
from pydantic import Field, model_validator

from handcrafted.control.domain import Domain, Value
from handcrafted.control.library import library_of, repeated
from handcrafted.control.parts import Name, NameMap, Number, Positive
from handcrafted.plants.plant import Advance, Array, Disturbance, Limits, Plant, State, driven, within
from handcrafted.plants.vehicle import TINY, way_to_rest

NEWTON_STEPS = 16
"""Newton steps for the level of a tank; they close in from one side, and sooner than this."""


@final
class TankPlant(Plant):
    """A tank with inflows, and an outflow that grows with the level."""

    law: Literal["tank"]
    output: Name
    inputs: NameMap[Number]
    area: Positive = 1.0
    outflow: Annotated[Number, Field(ge=0)] = 0.0
    initial: Annotated[Number, Field(ge=0)] = 0.0
    limits: Limits | None = None
    disturbance: Disturbance | None = None

    example: ClassVar = {
        "law": "tank",
        "output": "level",
        "inputs": {"u": 1},
        "area": 2,
        "outflow": 0.5,
        "limits": [0, 4],
    }

    @model_validator(mode="after")
    def _starts_within(self) -> TankPlant:
        if self.limits:
            within(f"the initial {self.output}", self.initial, *self.limits)
        return self

    @property
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, at t = 0."""
        return {self.output: self.initial}

    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Solve area h' = drive - outflow sqrt(h) over a step, stopped at the limits; never below empty.

        With held inputs the level moves one way, so that stopping it at the end of the step is exact.

        Source: Torricelli's law.
        """
        low, high = self.limits or (0.0, np.inf)
        drag = np.float32(self.outflow / (2 * self.area))

        def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
            drive = driven(self.inputs, inputs, disturbance) / np.float32(2 * self.area)
            xp = library_of(drive, state[self.output])
            full = xp.maximum(state[self.output], np.float32(0))
            level = _level_after(np.float32(time_step), full, drive, drag)
            return {self.output: xp.clip(level, np.float32(max(low, 0.0)), np.float32(high))}

        return advance


def _level_after(time_step: np.float32, level: Array, drive: Array, drag: np.float32) -> Array:
    """Return the level of a tank after a step, for drive and drag per twice the area.

    Measure time by T with dt = r dT, where r is the root of the level: then r' = drive - drag r as a vehicle's speed,
    and the time itself is its way. Newton's method finds the T at which that way is the time step.
    """
    xp = library_of(level, drive)
    root = xp.sqrt(level)
    slope = drive - drag * root
    rising = 2 * time_step / (root + xp.sqrt(xp.maximum(level + 2 * slope * time_step, TINY)))

    def closer(t: Array) -> Array:
        share, second = _shares(t, drag)
        way, speed = root * t + slope * second, root + slope * share
        return t + (time_step - way) / xp.maximum(speed, np.float32(3e-4) * root + TINY)

    t = repeated(NEWTON_STEPS, closer, xp.where(slope > 0, rising, time_step / (root + TINY)))
    gain = slope * _shares(t, drag)[0]
    empties = (drive <= 0) & (way_to_rest(root, drive, drag) <= time_step)
    return xp.where(empties, np.float32(0), xp.maximum(level + gain * (2 * root + gain), np.float32(0)))


def _shares(t: Array, drag: np.float32) -> tuple[Array, Array]:
    """What t adds to the speed, and to the way, per unit of drive: (1 - exp(-drag t)) / drag and its integral."""
    xp = library_of(t)
    x = xp.maximum(drag * t, TINY)
    series = sum((-x) ** n / np.float32(factorial(n + 2)) for n in range(8))
    return t * (-xp.expm1(-x) / x), t * (t * xp.where(x < 0.5, series, (1 + xp.expm1(-x) / x) / x))
