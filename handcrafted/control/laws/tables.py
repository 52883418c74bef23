"""Decision tables: any row whose every test holds issues the action."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.given import Answer, Given, switched
from handcrafted.control.laws.switching import above, below
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import Read, Task


def truth(condition: Condition, values: Mapping[str, np.ndarray], reads: Mapping[str, Read]) -> np.ndarray:
    """Say how many rows of a condition hold, at most 1.

    Formula: a row holds to the degree max(0, 1 - sum of (1 - truth of each test)), the condition to the degree
        min(1, sum of its rows); on plain words that is any(all(test)).
    Source: Lukasiewicz's conjunction and bounded sum.
    """
    rows = []
    for row in condition:
        missing = [1.0 - _test(test, values[name], reads[name]) for name, test in row.items()]
        rows.append(np.maximum(0.0, 1.0 - sum(missing, np.zeros(()))))
    return np.minimum(1.0, sum(rows, np.zeros(())))


def _test(test: Bounds | tuple[str, ...], value: np.ndarray, read: Read) -> np.ndarray:
    if not isinstance(test, Bounds):
        return sum((value[..., read.domain.values.index(word)] for word in test), np.zeros(()))
    holds = np.ones(value.shape[:-1], bool)
    if test.above is not None:
        holds &= above(value[..., 0], test.above, read.grid)
    if test.below is not None:
        holds &= below(value[..., 0], test.below, read.grid)
    return holds.astype(float)


def decision_table(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue where any row matches."""
    return Answer(switched(task, tested(task, given), domain))


def tested(task: Task, given: Given) -> np.ndarray:
    """Say how far the condition of a law holds [...]."""
    if task.when is None:
        return np.ones(())
    values = {read.name: value for read, value in zip(task.tested, given.now, strict=False)}
    return truth(task.when, values, {read.name: read for read in task.tested})
