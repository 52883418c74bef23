"""Second order: a damped oscillator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, final

import numpy as np
from pydantic import Field, model_validator

from handcrafted.control.domain import Domain, Value
from handcrafted.control.parts import Name, NameMap, Number, Positive
from handcrafted.plants.matrices import discrete
from handcrafted.plants.plant import Advance, Array, Disturbance, Plant, State, different, driven


@final
class SecondOrderPlant(Plant):
    """A damped oscillator about `rest` plus the weighted inputs."""

    law: Literal["second order"]
    output: Name
    inputs: NameMap[Number]
    natural_frequency: Positive
    damping: Annotated[Number, Field(ge=0)] = 1.0
    rest: Number = 0.0
    initial: Number = 0.0
    initial_rate: Number = 0.0
    rate: Name | None = None
    disturbance: Disturbance | None = None

    example: ClassVar = {
        "law": "second order",
        "output": "y",
        "inputs": {"u": 1},
        "natural frequency": 0.5,
        "damping": 0.7,
    }

    @model_validator(mode="after")
    def _two_names(self) -> SecondOrderPlant:
        different((self.output, self.rate_name))
        return self

    @property
    def rate_name(self) -> str:
        """What the rate of change is called."""
        return self.rate or f"{self.output} rate"

    @property
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, at t = 0."""
        return {self.output: self.initial, self.rate_name: self.initial_rate}

    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Solve y'' = w^2 (rest + drive - y) - 2 z w y' exactly over a step (matrix exponential)."""
        w, z = self.natural_frequency, self.damping
        a, b = discrete(np.array([[0, 1], [-w * w, -2 * z * w]]), np.array([[0], [w * w]]), time_step)
        rate = self.rate_name

        def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
            y, v = state[self.output] - np.float32(self.rest), state[rate]
            drive = driven(self.inputs, inputs, disturbance)
            new = [row[0] * y + row[1] * v + gain[0] * drive for row, gain in zip(a, b, strict=True)]
            return {self.output: new[0] + np.float32(self.rest), rate: new[1]}

        return advance
