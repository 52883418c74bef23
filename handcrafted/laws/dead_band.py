"""Dead band: nothing for what is small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Positive
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import Signature


@final
class DeadBand(Law):
    """How far the read lies outside the band from -width to width (unit of the read); 0 inside."""

    width: Positive

    law: ClassVar = "dead band"
    units: ClassVar = {"width": "read"}
    shape: ClassVar = Signature(counts=(1, 1), real=True, writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL}, REAL_SIGNAL, {"width": 1})

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return how far the read lies outside the band, with its sign."""
        return LawOutput(np.sign(given.now[0]) * np.maximum(np.abs(given.now[0]) - self.width, 0.0))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build a dead band.

        Formula: y = r(x - d) - r(-x - d).
        Source: two rectified units.
        Error: proved bound 2^-24 (|x| + d), that of one float32 sum, regression bound 0; 0 on a common dyadic grid.
        """
        d = self.width
        body = Neurons(np.array([[1.0, -1.0]]), np.full(2, -d), np.array([[1.0], [-1.0]]))
        formula = f"y = r(x - {d:g}) - r(-x - {d:g})"
        return [circuit(sites[0], "dead band", body, formula, "two rectified units", "2^-24")]
