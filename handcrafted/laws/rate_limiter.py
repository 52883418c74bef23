"""Rate limiter: follows no faster than allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import copy, linear, saturated
from handcrafted.control.domain import Domain, Remembered, Value
from handcrafted.control.parts import Positive
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import NEXT, READS, STATE, Signature, StageSignature


@final
class RateLimiter(Law):
    """Follows the read, rising by at most `rise` and falling by at most `fall` (output unit per unit of time)."""

    rise: Positive
    fall: Positive | None = None

    law: ClassVar = "rate limiter"
    units: ClassVar = {"rise": "output / time", "fall": "output / time"}
    shape: ClassVar = Signature(
        (
            StageSignature("floor", (READS, STATE)),
            StageSignature("gap", ("floor",)),
            StageSignature(NEXT, (STATE, "gap")),
        ),
        (NEXT,),
        (1, 1),
        real=True,
        writes="real",
    )
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"rise": 0.5, "fall": 1})

    @property
    def rates(self) -> tuple[float, float]:
        """How fast it may rise and fall."""
        return self.rise, self.rise if self.fall is None else self.fall

    def state(self, domain: Domain, initial: Value) -> tuple[Domain, Remembered]:
        """Remember the last result."""
        return Domain((), domain.low, domain.high, unit=domain.unit), initial

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Follow the read no faster than allowed."""
        rise, fall = self.rates
        assert given.state is not None
        state = given.state + np.clip(given.now[0] - given.state, -fall * task.time_step, rise * task.time_step)
        return LawOutput(state, state)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Follow the read by at most the allowed step."""
        rise, fall = (rate * task.time_step for rate in self.rates)
        moved = saturated(sites[:2], np.array([1.0, -1.0]), -fall, 0.0, rise + fall)
        return [*moved, linear(sites[2], np.array([[1.0, -1.0]]), np.array([rise])), copy(sites[3], domain.width)]
