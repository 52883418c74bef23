"""Decision table: any row whose every test holds issues the action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.rows import compared_rows, issued, rows_of
from handcrafted.control.domain import Domain
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.arithmetic import switched, tested
from handcrafted.laws.law import BIT, REAL_SIGNAL, Example, LawInput, LawOutput, Switch
from handcrafted.laws.signature import READS, REAL, WORDS, Signature, StageSignature


@final
class DecisionTable(Switch):
    """A decision table issues the second value of a discrete action, or the one named here."""

    law: ClassVar = "decision table"
    shape: ClassVar = Signature((StageSignature("rows", (READS,)),), ("rows",))
    jumps: ClassVar = True
    example: ClassVar = Example(
        {"x": REAL_SIGNAL, "mode": {"values": ["idle", "ready", "running"]}},
        BIT,
        entry={"when": [{"mode": ["running"], "x": {"above": 1, "below": 3}}, {"mode": ["idle"]}]},
    )

    def signature(self, reads: int, when: Condition | None) -> Signature:
        """Return the signature; a table that tests real variables compares them first."""
        if not any(isinstance(test, Bounds) for row in when or () for test in row.values()):
            return self.shape
        rows = StageSignature("rows", ("bits", WORDS))
        ramps, bits = StageSignature("ramps", (REAL,)), StageSignature("bits", ("ramps",))
        return Signature((ramps, bits, rows), ("rows",))

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Issue where any row matches."""
        return LawOutput(switched(tested(task, given), domain, self.value))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Compare the real variables, fire each row, and issue by any of them."""
        rows = compared_rows(task, sites[:-1])
        return [*rows, issued(sites[-1], domain, self.value, np.ones(len(rows_of(task))))]
