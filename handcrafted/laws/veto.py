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
    """The first read, cut off at 0 and 1, less the second, at least 0: nothing while the second is on."""

    law: ClassVar = "veto"
    shape: ClassVar = Signature(SATURATED, ("gap",), (2, 2), writes="real")
    example: ClassVar = Example({"x": REAL_SIGNAL, "stop": BIT}, {"range": [0, 1]})

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a number to veto."""
        return "Expected a real first read, got words. Give it a range." if reads[0].domain.discrete else ""

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the first read within [0, 1] less the second, which counts from 0 up, at least 0."""
        _, against = truths(task, given)
        return LawOutput(np.maximum(np.clip(given.now[0], 0.0, 1.0) - np.maximum(against, 0.0)[..., None], 0.0))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Saturate what may be vetoed, pass the veto on, and take it off."""
        against = truth_slopes(task.reads[1:])
        unit = [Domain((), 0.0, 1.0)]
        first = limited(sites[0], unit, np.array([*-against[:, None], [1.0]]))
        return [first, limits(sites[1], unit), vetoed(sites[2])]


def vetoed(site: Site) -> Circuit:
    """Build the last stage of a veto.

    Formula: y = r(1 - g - v), g how far the value is below 1.
    Source: one rectified unit, after the value's saturation.
    Error: proved bound 3 * 2^-24, regression bound 6e-8; exactly 0 under a full veto.
    """
    body = Neurons(-np.ones((2, 1)), np.ones(1), np.eye(1))
    return circuit(site, "veto", body, "y = r(1 - g - v)", "one rectified unit", "3 * 2^-24; vetoed: 0")
