"""Laws that compare a real signal with a threshold, strictly: a comparator, and a hysteresis with its memory."""

from __future__ import annotations

from typing import cast

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.given import Answer, Given, switched
from handcrafted.control.resolved import Read, Task
from handcrafted.control.settings.switching import Comparator, Hysteresis, Relay

NEAR = 1e-9
"""A threshold this close to a point of the grid, in steps, is that point."""


def below(value: np.ndarray, threshold: float, grid: float | None) -> np.ndarray:
    """Whether a value is strictly below a threshold; what a sensor has rounded is compared in steps of its grid."""
    return _before(value, threshold, grid, 1)


def above(value: np.ndarray, threshold: float, grid: float | None) -> np.ndarray:
    """Whether a value is strictly above a threshold."""
    return _before(value, threshold, grid, -1)


def _before(value: np.ndarray, threshold: float, grid: float | None, sign: int) -> np.ndarray:
    if grid is None:
        return sign * value < sign * threshold
    steps = threshold / grid
    steps = np.rint(steps) if abs(steps - np.rint(steps)) < NEAR else steps
    return sign * np.rint(value / grid) < sign * steps


def common_grid(reads: tuple[Read, ...]) -> float | None:
    """Give the step of the difference of the reads: the smaller one, if the other is a multiple of it."""
    grids = sorted(read.grid for read in reads if read.grid is not None)
    if len(grids) < len(reads):
        return None
    multiples = np.array(grids) / grids[0] if grids else np.zeros(0)
    return grids[0] if grids and np.all(np.abs(multiples - np.rint(multiples)) < NEAR) else None


def compared(task: Task, given: Given) -> np.ndarray:
    """Give what is compared [...]: the read, or how far the first read is above the second."""
    first, *second = (value[..., 0] for value in given.now)
    return first - second[0] if second else first


def comparator(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue while the read is beyond the threshold."""
    settings, grid = cast(Comparator, task.settings), common_grid(task.reads)
    value = compared(task, given)
    if settings.below is not None:
        holds = below(value, settings.below, grid)
    else:
        holds = above(value, cast(float, settings.above), grid)
    return Answer(switched(task, holds.astype(float), domain))


def hysteresis(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue from one threshold on, until the other is passed.

    Formula: heating: s' = 1 if x < low, 0 if x > high, else s; cooling: s' = 1 if x > high, 0 if x < low, else s.
    Source: Schmitt 1938, A thermionic trigger.
    """
    settings, grid = cast(Hysteresis, task.settings), common_grid(task.reads)
    assert given.state is not None
    value, (low, high) = compared(task, given), settings.thresholds
    under, over = below(value, low, grid), above(value, high, grid)
    on, off = (under, over) if settings.heats else (over, under)
    state = np.where(on, 1.0, np.where(off, 0.0, given.state[..., 0]))
    return Answer(switched(task, state, domain), state[..., None])


def relay(task: Task, given: Given, domain: Domain) -> Answer:
    """Give plus the amplitude above the threshold, minus it elsewhere."""
    settings = cast(Relay, task.settings)
    on = above(compared(task, given), settings.above, common_grid(task.reads))
    return Answer(np.where(on, settings.amplitude, -settings.amplitude)[..., None])
