"""Linear: a weighted sum, within limits if there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import limits, linear, saturated
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Condition, Number, ReferenceMap
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import clipped
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput, Limited, Stated
from handcrafted.laws.signature import SATURATED, Signature
from handcrafted.text.diagnostics import must_be_known


@final
class Linear(Limited):
    """The sum of each read times its gain (output unit per unit of the read), plus a constant (output unit).

    Unlimited, unless `low` or `high` is given.
    """

    gains: ReferenceMap[Number]
    constant: Number = 0.0

    law: ClassVar = "linear"
    units: ClassVar = {**Limited.units, "gains": "output / read", "constant": "output"}
    shape: ClassVar = Signature(real=True, writes="real")
    example: ClassVar = Example(
        {"x": REAL_SIGNAL, "y": REAL_SIGNAL}, {"range": [-12, 12]}, {"gains": {"x": 2, "y": -0.5}, "constant": 1}
    )

    @property
    def limited(self) -> bool:
        """Whether a limit is declared."""
        return self.low is not None or self.high is not None

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature; limits take two more circuits."""
        return self.shape._replace(stages=SATURATED, result=("gap",)) if self.limited else self.shape

    def completed(self, domain: Domain) -> Law:
        """Return the law with both limits, if it has any."""
        return super().completed(domain) if self.limited else self

    def check(self, stated: Stated) -> None:
        """Ask for a gain for each read."""
        super().check(stated)
        for read in self.gains:
            known = [r.name for r in stated.reads]
            must_be_known((*stated.path, "parameters", "gains"), f"a read of the {stated.name}", read, known)
        for read in stated.reads:
            path = (*stated.path, "parameters", "gains")
            must_be_known(path, f"a gain for each read of the {stated.name}", read.name, self.gains)

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the weighted sum of what is read, plus a constant, within the limits."""
        gains = np.array([[self.gains[read.name] for read in task.reads]])
        read = np.concatenate(given.now, axis=-1) if given.now else np.zeros(0)
        result = read @ gains.T + np.array([self.constant])
        return LawOutput(clipped(result, self.low, self.high, domain) if self.limited else result)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build one linear map, or a saturated one."""
        slopes = np.array([self.gains[read.name] for read in task.reads]).reshape(len(task.reads))
        if not self.limited:
            return [linear(sites[0], slopes[None], np.array([float(self.constant)]))]
        low, high = limits(self.low, self.high, task.domain)
        return saturated(sites, slopes, low - self.constant, low, high)
