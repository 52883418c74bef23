"""Absolute value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import Signature


@final
class AbsoluteValue(Law):
    """The size of the read, without its sign."""

    law: ClassVar = "absolute value"
    shape: ClassVar = Signature(counts=(1, 1), real=True, writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL)

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the read without its sign."""
        return LawOutput(np.abs(given.now[0]))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build the absolute value.

        Formula: y = r(x) + r(-x).
        Source: two rectified units.
        Error: proved bound 0, regression bound 0.
        """
        body = Neurons(np.array([[1.0, -1.0]]), np.zeros(2), np.ones((2, 1)))
        return [circuit(sites[0], "absolute", body, "y = r(x) + r(-x)", "two rectified units", "0")]
