"""Comparator: strictly above or below a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast, final

from pydantic import model_validator

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.comparator import bits, ramp_above, ramp_below, ramps, shared_quantum, signs_of, span_of
from handcrafted.components.rows import issued
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Number
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import above, below, common_quantum, compared, switched
from handcrafted.laws.law import BIT, REAL_SIGNAL, Example, LawInput, LawOutput, Switch
from handcrafted.laws.signature import COMPARED, Signature


@final
class Comparator(Switch):
    """Issues while the read is strictly above, or strictly below, a threshold in its unit."""

    above: Number | None = None
    below: Number | None = None

    law: ClassVar = "comparator"
    units: ClassVar = {"above": "read", "below": "read"}
    shape: ClassVar = Signature(COMPARED, ("bit",), (1, 2), real=True, writes="switch")
    jumps: ClassVar = True
    example: ClassVar = Example({"x": REAL_SIGNAL}, BIT, {"above": 1})

    @model_validator(mode="after")
    def _one(self) -> Comparator:
        if (self.above is None) == (self.below is None):
            raise ValueError("Expected `above` or `below` in a comparator, got both or neither. Give one of them")
        return self

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue while the read is beyond the threshold."""
        value, quantum = compared(given), common_quantum(task.reads)
        if self.below is not None:
            holds = below(value, self.below, quantum)
        else:
            holds = above(value, cast(float, self.above), quantum)
        return LawOutput(switched(holds.astype(float), domain, self.value))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Compare one read with the threshold, or the first with the second."""
        quantum, span, signs = shared_quantum(task.reads), span_of(task.reads), signs_of(task.reads)
        if self.below is not None:
            ramp = ramp_below(self.below, quantum, span)
        else:
            ramp, signs = ramp_above(cast(float, self.above), quantum, span), -signs
        return [ramps(sites[0], signs[:, None], [ramp]), bits(sites[1], 1), issued(sites[2], domain, self.value)]
