"""Arithmetic of the plain laws, in float64: comparisons on a grid, truth by degree, limits, switches.

A signal's value is its coordinates [..., width]: one number for a real signal, one truth value per word for a discrete
one. Truths between 0 and 1 count by their degree (Lukasiewicz). Nothing here knows of layers, heads or neurons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from handcrafted.control.domain import Domain, issue_values
from handcrafted.control.parts import Bounds, Condition
from handcrafted.control.resolved import LawInstance, Read
from handcrafted.laws.law import LawInput

NEAR = 1e-9
"""A threshold this close to a point of the grid, in steps, is that point."""


def switched(share: np.ndarray, domain: Domain, chosen: object = None) -> np.ndarray:
    """Return the issued value where `share` [...] is 1, the withheld one where it is 0."""
    withheld, issued = issue_values(domain, chosen)
    part = share[..., None]
    return part * domain.encode(issued) + (1 - part) * domain.encode(withheld)


def clipped(value: np.ndarray, low: float | None, high: float | None, domain: Domain) -> np.ndarray:
    """Cut a value off at limits, or at the ends of a range where they are left out."""
    return np.clip(value, domain.low if low is None else low, domain.high if high is None else high)


def below(value: np.ndarray, threshold: float, quantum: float | None) -> np.ndarray:
    """Whether a value is strictly below a threshold; what a sensor has rounded is compared in steps of its grid."""
    return _before(value, threshold, quantum, 1)


def above(value: np.ndarray, threshold: float, quantum: float | None) -> np.ndarray:
    """Whether a value is strictly above a threshold."""
    return _before(value, threshold, quantum, -1)


def _before(value: np.ndarray, threshold: float, quantum: float | None, sign: int) -> np.ndarray:
    if quantum is None:
        return sign * value < sign * threshold
    steps = threshold / quantum
    steps = np.rint(steps) if abs(steps - np.rint(steps)) < NEAR else steps
    return sign * np.rint(value / quantum) < sign * steps


def common_quantum(reads: Sequence[Read]) -> float | None:
    """Return the step of the difference of the reads: the smaller one, if the other is a multiple of it."""
    quanta = sorted(read.quantum for read in reads if read.quantum is not None)
    if len(quanta) < len(reads):
        return None
    multiples = np.array(quanta) / quanta[0] if quanta else np.zeros(0)
    return quanta[0] if quanta and np.all(np.abs(multiples - np.rint(multiples)) < NEAR) else None


def compared(given: LawInput) -> np.ndarray:
    """Return what is compared [...]: the read, or how far the first read is above the second."""
    first, *second = (value[..., 0] for value in given.now)
    return first - second[0] if second else first


def truth_of(value: np.ndarray, read: Read) -> np.ndarray:
    """Return the truth [...] of a value [..., width]: of a word that it is not the first, of a number itself."""
    return value[..., 1:].sum(axis=-1) if read.domain.discrete else value[..., 0]


def truths(task: LawInstance, given: LawInput) -> list[np.ndarray]:
    """Return the truth [...] of each read."""
    return [truth_of(value, read) for value, read in zip(given.now, task.reads, strict=True)]


def at_least(count: int, task: LawInstance, given: LawInput) -> np.ndarray:
    """Return how true it is [...] that so many reads are true."""
    return np.clip(sum(truths(task, given), np.zeros(())) - count + 1, 0.0, 1.0)


def tested(task: LawInstance, given: LawInput) -> np.ndarray:
    """Return how far the condition of a law holds [...]."""
    if task.when is None:
        return np.ones(())
    values = {read.name: value for read, value in zip(task.tested, given.now, strict=False)}
    return truth(task.when, values, {read.name: read for read in task.tested})


def truth(condition: Condition, values: Mapping[str, np.ndarray], reads: Mapping[str, Read]) -> np.ndarray:
    """Return how many rows of a condition hold, at most 1.

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
        holds &= above(value[..., 0], test.above, read.quantum)
    if test.below is not None:
        holds &= below(value[..., 0], test.below, read.quantum)
    return holds.astype(float)


def gated(value: np.ndarray, domain: Domain, on: np.ndarray) -> np.ndarray:
    """Shrink a value towards 0 by the largest of its range for what is missing from on, at least nothing."""
    value = np.clip(value, domain.low, domain.high)
    taken = max(abs(domain.low), abs(domain.high)) * np.maximum(1.0 - on, 0.0)[..., None]
    return np.sign(value) * np.maximum(np.abs(value) - taken, 0.0)


def first_least(costs: np.ndarray) -> np.ndarray:
    """Return the place of the least cost [..., candidate] as one-hot; of equal ones the first."""
    return np.eye(costs.shape[-1])[np.argmin(costs, axis=-1)]


def counted(steps: int, task: LawInstance, given: LawInput) -> np.ndarray:
    """Count a step [..., 1], up to a limit, and from 0 where the read is on."""
    assert given.state is not None
    back = sum(truths(task, given), np.zeros(()))[..., None] * (steps + 1)
    return np.clip(given.state + 1 - back, 0.0, steps)
