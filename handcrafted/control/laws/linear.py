"""Laws that weigh, add and compare sizes: linear, constant, absolute value, dead band, extremes, median."""

from __future__ import annotations

from typing import cast

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.given import Answer, Given
from handcrafted.control.resolved import Task
from handcrafted.control.settings.weighing import Constant, DeadBand, Linear, limits_of


def default_linear(reads: int, writes: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the matrix [writes, reads] and constant [writes] of the default linear law.

    Formula: y_k = sum_i w_ki x_i + c_k, where row k holds the numbers 1 … reads + 1, turned by k, over their sum.
    All weights of a row differ, none is zero, and absolute values sum to 1, so that loops of such laws stay bounded.
    """
    turns = (np.arange(reads + 1)[None] + np.arange(writes)[:, None]) % (reads + 1) + 1
    rows = turns / turns.sum(axis=1, keepdims=True)
    return rows[:, :reads], rows[:, reads]


def linear_terms(task: Task, domain: Domain) -> tuple[np.ndarray, np.ndarray]:
    """Give the matrix [writes, reads] and constant [writes] of a law that weighs and adds."""
    if task.law == "linear":
        settings = cast(Linear, task.settings)
        return np.array([[settings.gains[read.name] for read in task.reads]]), np.array([settings.constant])
    return default_linear(sum(read.domain.width for read in task.reads), domain.width)


def linear(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the weighted sum of what is read, plus a constant, within the limits if there are any."""
    matrix, constant = linear_terms(task, domain)
    read = np.concatenate(given.now, axis=-1) if given.now else np.zeros(0)
    result = read @ matrix.T + constant
    limited = isinstance(task.settings, Linear) and task.settings.limited
    return Answer(np.clip(result, *limits_of(task.settings, domain)) if limited else result)


def constant(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the same value always."""
    return Answer(domain.encode(cast(Constant, task.settings).said).astype(float))


def absolute_value(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the read without its sign."""
    return Answer(np.abs(given.now[0]))


def dead_band(task: Task, given: Given, domain: Domain) -> Answer:
    """Give how far the read lies outside the band, with its sign."""
    width = cast(DeadBand, task.settings).width
    return Answer(np.sign(given.now[0]) * np.maximum(np.abs(given.now[0]) - width, 0.0))


def maximum(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the largest read."""
    return Answer(np.max(np.stack(given.now), axis=0))


def minimum(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the smallest read."""
    return Answer(np.min(np.stack(given.now), axis=0))


def median(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the middle one of three reads."""
    return Answer(np.median(np.stack(given.now), axis=0))
