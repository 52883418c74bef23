"""Argmin: the word of the least read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.comparator import bits, least, ranking, shared_quantum
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.arithmetic import first_least
from handcrafted.laws.law import REAL_SIGNAL, Example, Law, LawInput, LawOutput
from handcrafted.laws.signature import COMPARED, Signature


@final
class Argmin(Law):
    """The word whose place is that of the least of its reads; of equal ones the first."""

    law: ClassVar = "argmin"
    shape: ClassVar = Signature(COMPARED, ("bit",), (2, 16), real=True, writes="words")
    jumps: ClassVar = True
    example: ClassVar = Example(
        {"x": REAL_SIGNAL, "y": REAL_SIGNAL, "z": REAL_SIGNAL}, {"values": ["first", "second", "third"]}
    )

    def problem(self, reads: Sequence[Read], domain: Domain) -> str:
        """Ask for a word for each read."""
        if domain.width == len(reads):
            return ""
        return f"Expected {len(reads)} values of the result, one per read, got {domain}."

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the word of the least read."""
        return LawOutput(first_least(np.concatenate(given.now, axis=-1)))

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Compare every pair of reads; the word of the one that no other beats."""
        count, reads = len(task.reads), task.reads
        span = max(read.domain.high for read in reads) - min(read.domain.low for read in reads)
        first = ranking(sites[0], count, shared_quantum(reads), span)
        return [first, bits(sites[1], count * (count - 1) // 2), least(sites[2], np.eye(count))]
