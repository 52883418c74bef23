"""First order: heads for where its inputs push it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, final

import numpy as np

from handcrafted.control.domain import Domain, Value
from handcrafted.control.parts import Name, NameMap, Number, Positive
from handcrafted.plants.plant import Advance, Array, Disturbance, Plant, State, driven


@final
class FirstOrderPlant(Plant):
    """Heads for `rest` plus the weighted inputs, with one time constant.

    `inputs` are gains in output units per unit of input, `time_constant` is in units of the time step.
    """

    law: Literal["first order"]
    output: Name
    inputs: NameMap[Number]
    time_constant: Positive
    rest: Number = 0.0
    initial: Number = 0.0
    disturbance: Disturbance | None = None

    example: ClassVar = {"law": "first order", "output": "y", "inputs": {"u": 2}, "time constant": 10}

    @property
    def first_outputs(self) -> dict[str, Value]:
        """The signals that it gives, at t = 0."""
        return {self.output: self.initial}

    def share(self, time_step: float) -> np.float32:
        """Return the share of the way that it goes in a step: 1 - exp(-dt / time constant)."""
        return np.float32(-np.expm1(-time_step / self.time_constant))

    def step(self, time_step: float, domains: Mapping[str, Domain]) -> Advance:
        """Move towards rest + drive by `share` in each step."""
        share = self.share(time_step)

        def advance(state: State, inputs: Mapping[str, Array], disturbance: Array) -> State:
            now = state[self.output]
            target = np.float32(self.rest) + driven(self.inputs, inputs, disturbance)
            return {self.output: now + share * (target - now)}

        return advance
