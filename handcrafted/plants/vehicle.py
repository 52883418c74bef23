"""A vehicle on a straight road, solved exactly, standstill included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, final

import numpy as np
from pydantic import Field, model_validator

from handcrafted.control.domain import Domain, Value
from handcrafted.control.library import library_of
from handcrafted.control.parts import Name, NameMap, Number
from handcrafted.plants.plant import Advance, Array, Disturbance, Plant, State, different, driven

TINY = np.float32(1e-30)
"""Stands for zero where something is divided by it."""


@final
class VehiclePlant(Plant):
    """A point mass on a straight road: force per mass, drag proportional to speed, no reverse gear."""

    law: Literal["vehicle"]
    speed: Name
    position: Name | None = None
    inputs: NameMap[Number]
    drag: Annotated[Number, Field(ge=0)] = 0.0
    initial_speed: Annotated[Number, Field(ge=0)] = 0.0
    initial_position: Number = 0.0
    disturbance: Disturbance | None = None

    example: ClassVar = {"law": "vehicle", "speed": "speed", "inputs": {"u": 3}, "drag": 0.1}

    @model_validator(mode="after")
    def _two_names(self) -> VehiclePlant:
        different((self.speed, self.position_name))
        return self

    @property
    def position_name(self) -> str:
        """What the position is called."""
        return self.position or "position"

    @property
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, at t = 0."""
        return {self.speed: self.initial_speed, self.position_name: self.initial_position}

    def constants(self, time_step: float) -> tuple[np.float32, np.float32, np.float32]:
        """Return what a step multiplies by: s and w of speed v + s (u - d v) and way s v + w u, and the drag d."""
        share = -np.expm1(-self.drag * time_step) / self.drag if self.drag else time_step
        second = (time_step - share) / self.drag if self.drag * time_step > 1e-6 else time_step**2 / 2
        return np.float32(share), np.float32(second), np.float32(self.drag)

    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Solve v' = drive - drag v exactly over a step; a vehicle that comes to rest within it stays at rest."""
        position = self.position_name
        share, second, drag = self.constants(time_step)

        def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
            drive = driven(self.inputs, inputs, disturbance)
            xp = library_of(drive, state[self.speed])
            v = xp.maximum(state[self.speed], np.float32(0))
            speed = xp.maximum(v + share * (drive - drag * v), np.float32(0))
            stops = (speed == 0) & (drive < 0)
            way = xp.maximum(xp.where(stops, way_to_rest(v, drive, drag), share * v + second * drive), np.float32(0))
            return {self.speed: speed, position: state[position] + way}

        return advance


def way_to_rest(v: Array, drive: Array, drag: np.float32) -> Array:
    """Return the way until a vehicle stands still that does not accelerate; without limit if nothing brakes it.

    Formula: (v / drag) (1 - log(1 + x) / x), x = drag v / -drive; by its series where x is small.
    """
    xp = library_of(v, drive)
    braking = xp.maximum(-drive, TINY)
    x = xp.clip(drag * v / braking, TINY, 1 / TINY)
    series = sum((-x) ** n / np.float32(n + 2) for n in range(6))
    exact = (1 - xp.log1p(x) / x) / np.maximum(drag, TINY)
    return v * xp.where(x < 0.1, v / braking * series, exact)
