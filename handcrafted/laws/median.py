"""Median of three: what two out of three sensors agree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.comparator import below_the_larger, ordered_pair, tournament
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import ReadRange, Signature, StageSignature


@final
class Median(Law):
    """The middle one of three reads: what two out of three sensors agree on."""

    law: ClassVar = "median"
    shape: ClassVar = Signature(
        (StageSignature("pair", (ReadRange(0, 2),)), StageSignature("middle", (ReadRange(2, 3), "pair"))),
        ("middle",),
        (3, 3),
        real=True,
        writes="real",
    )
    example: ClassVar = Example({"x": REAL_SIGNAL, "y": REAL_SIGNAL, "z": REAL_SIGNAL}, REAL_SIGNAL)

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the middle one of what is read."""
        return LawOutput(np.median(np.stack(given.now), axis=0))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Order two reads, put the third below the larger, and take the larger of what is left."""
        return [ordered_pair(sites[0]), below_the_larger(sites[1]), tournament(sites[2], 2, 1)]
