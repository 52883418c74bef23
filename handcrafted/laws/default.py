"""What stands in where a file names no law: every read weighs differently, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from handcrafted.components.circuit import Circuit, Site
from handcrafted.components.linear import linear
from handcrafted.control.domain import Domain
from handcrafted.control.resolved import LawInstance
from handcrafted.laws.law import Law, LawInput, LawOutput


@final
class DefaultLinear(Law):
    """Adds up everything that is read, each coordinate with a weight of its own."""

    law: ClassVar = "default"

    def evaluate(self, task: LawInstance, given: LawInput, domain: Domain) -> LawOutput:
        """Return the weighted sum of what is read, plus a constant."""
        read = np.concatenate(given.now, axis=-1) if given.now else np.zeros(0)
        matrix, constant = default_linear(read.shape[-1], domain.width)
        return LawOutput(read @ matrix.T + constant)

    def circuits(self, task: LawInstance, sites: Sequence[Site], domain: Domain) -> list[Circuit]:
        """Build one linear map.

        Formula: row k holds the weights (i + k) mod (n + 1) + 1 of its n coordinates i, and as its constant that of
            i = n, over their sum.
        """
        count = sum(read.domain.width for read in task.reads) + 1
        rows = [[(i + k) % count + 1 for i in range(count)] for k in range(domain.width)]
        weights = np.array(rows) / (count * (count + 1) / 2)
        return [linear(sites[0], weights[:, :-1], weights[:, -1])]


def default_linear(reads: int, writes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix [writes, reads] and constant [writes] of the default linear law.

    Formula: y_k = sum_i w_ki x_i + c_k, where row k holds the numbers 1 … reads + 1, turned by k, over their sum.
    All weights of a row differ, none is zero, and absolute values sum to 1, so that loops of such laws stay bounded.
    """
    turns = (np.arange(reads + 1)[None] + np.arange(writes)[:, None]) % (reads + 1) + 1
    rows = turns / turns.sum(axis=1, keepdims=True)
    return rows[:, :reads], rows[:, reads]
