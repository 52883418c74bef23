"""Integrator: adds up its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, final

import numpy as np
from pydantic import model_validator

from handcrafted.control.domain import Domain, Value
from handcrafted.control.library import library_of
from handcrafted.control.parts import Name, NameMap, Number
from handcrafted.plants.plant import Advance, Array, Disturbance, Limits, Plant, State, driven, within


@final
class IntegratorPlant(Plant):
    """Adds up the weighted inputs; `inputs` are rates in output units per unit of time and of input."""

    law: Literal["integrator"]
    output: Name
    inputs: NameMap[Number]
    initial: Number = 0.0
    limits: Limits | None = None
    disturbance: Disturbance | None = None

    example: ClassVar = {"law": "integrator", "output": "y", "inputs": {"u": 0.5}, "limits": [0, 10]}

    @model_validator(mode="after")
    def _starts_within(self) -> IntegratorPlant:
        if self.limits:
            within(f"the initial {self.output}", self.initial, *self.limits)
        return self

    @property
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, at t = 0."""
        return {self.output: self.initial}

    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Add dt times the drive, stopped at the limits."""
        low, high = self.limits or (-np.inf, np.inf)

        def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
            new = state[self.output] + np.float32(time_step) * driven(self.inputs, inputs, disturbance)
            return {self.output: library_of(new).clip(new, np.float32(low), np.float32(high))}

        return advance
