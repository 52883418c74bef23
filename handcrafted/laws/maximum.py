"""Maximum: the largest of several reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.comparator import rounds
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Condition
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import Signature, tournament_shape


@final
class Maximum(Law):
    """The largest of two or more reads."""

    law: ClassVar = "maximum"
    shape: ClassVar = Signature(counts=(2, 64), real=True, writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL, "y": REAL_SIGNAL, "z": REAL_SIGNAL}, REAL_SIGNAL)

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature: a tournament, each round with half as many."""
        return tournament_shape(self.shape, reads)

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the largest of what is read."""
        return LawOutput(np.max(np.stack(given.now), axis=0))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build the rounds of a tournament."""
        return rounds(sites, len(task.reads), 1)
