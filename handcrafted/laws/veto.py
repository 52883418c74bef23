"""Veto: a number that is nothing while another is on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Neurons, Site, circuit
from handcrafted.components.logic import limited, limits, truth_slopes
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.arithmetic import truths
from handcrafted.laws.law import BIT, REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import SATURATED, Signature


@final
class Veto(Law):
    """The first read, cut off at 0 and at the upper end of the result's range, unless the second is on; then nothing.

    A second read between 0 and 1 takes that share of the range away.
    """

    law: ClassVar = "veto"
    shape: ClassVar = Signature(SATURATED, ("gap",), (2, 2), writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL, "stop": BIT}, {"range": [0, 1]})

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a number to veto, and for a result that may be above nothing."""
        if not domain.discrete and domain.high <= 0:
            return f"Expected a result that may be above 0, got {domain}. Give it such a range."
        return "Expected a real first read, got words. Give it a range." if reads[0].domain.discrete else ""

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the first read from 0 to the upper end less the second's share of that end, at least 0."""
        (_, against), high = truths(task, given), task.domain.high
        return LawOutput(np.maximum(np.clip(given.now[0], 0.0, high) - high * np.maximum(against, 0.0)[..., None], 0.0))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Saturate what may be vetoed, pass the veto on, and take it off."""
        against = truth_slopes(task.reads[1:])
        span = [Domain((), 0.0, task.domain.high)]
        first = limited(sites[0], span, np.array([*-against[:, None], [1.0]]))
        return [first, limits(sites[1], span), vetoed(sites[2], task.domain.high)]


def vetoed(site: Site, high: float) -> Circuit:
    """Build the last stage of a veto.

    Formula: y = r(high - g - high v), g how far the value is below high.
    Source: one rectified unit, after the value's saturation.
    Error: proved bound 3 * 2^-24 high, regression bound 6e-8 for 1; exactly 0 under a full veto.
    """
    body = Neurons(np.array([[-1.0], [-high]]), np.array([high]), np.eye(1))
    return circuit(site, "veto", body, "y = r(high - g - high v)", "one rectified unit", "3 * 2^-24 high; vetoed: 0")
