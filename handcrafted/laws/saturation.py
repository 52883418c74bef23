"""Saturation: cut off at limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import limits, saturated
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import clipped
from handcrafted.laws.law import REAL_SIGNAL, Example, LawInput, LawOutput, Limited
from handcrafted.laws.signature import SATURATED, Signature


@final
class Saturation(Limited):
    """Cuts the read off at the limits."""

    law: ClassVar = "saturation"
    shape: ClassVar = Signature(SATURATED, ("gap",), (1, 1), real=True, writes="real")
    takes_over: ClassVar = True
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"low": -1, "high": 2})

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the read, cut off at the limits."""
        return LawOutput(clipped(given.now[0], self.low, self.high, task.domain))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build a saturation of the read."""
        low, high = limits(self.low, self.high, task.domain)
        return saturated(sites, np.ones(1), low, low, high)
