"""Multiplexer: one of several numbers, chosen by a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.logic import gates
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.arithmetic import gated
from handcrafted.laws.law import BIT, REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import SATURATED, Signature


@final
class Multiplexer(Law):
    """One of its reads, cut off at the ends of its range: the one whose place is that of the last read's word.

    With two to choose from, the last read may be a number in [0, 1].
    """

    law: ClassVar = "multiplexer"
    shape: ClassVar = Signature(SATURATED, ("gap",), (3, 64), writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL, "y": REAL_SIGNAL, "second": BIT}, REAL_SIGNAL)

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for numbers to choose from, and for a word each."""
        *choices, selector = reads
        if any(choice.domain.discrete for choice in choices):
            return "Expected real reads before the last, got words. Give them ranges."
        words = selector.domain.width if selector.domain.discrete else 2
        if words != len(choices):
            return f"Expected {len(choices)} values of the last read, one per read before it, got {words}."
        return ""

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the read whose place is that of the last read's word."""
        *choices, selector = given.now
        shares = selector if task.reads[-1].domain.discrete else np.concatenate([1.0 - selector, selector], axis=-1)
        chosen = [gated(value, task.reads[i].domain, shares[..., i]) for i, value in enumerate(choices)]
        return LawOutput(sum(chosen, np.zeros(())))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Saturate what may pass, and let pass what the last read names."""
        chooser = task.reads[-1].domain
        words = np.eye(chooser.width + 1, chooser.width)
        return gates(sites, task.reads, words if chooser.discrete else np.array([[-1.0, 1.0], [1.0, 0.0]]))
