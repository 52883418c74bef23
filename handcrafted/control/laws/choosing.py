"""Laws that choose: lookup, argmin, lookahead, finite state."""

from __future__ import annotations

from typing import cast

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.given import Answer, Given
from handcrafted.control.resolved import Task
from handcrafted.control.settings.choosing import ANY, FiniteState, Lookahead, Lookup


def lookup(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the table's number for a word, or the straight line between its points."""
    table = cast(Lookup, task.settings)
    if table.points:
        xs, ys = np.array(table.points).T
        return Answer(np.interp(given.now[0], xs, ys))
    numbers = np.array([table.values[word] for word in task.reads[0].domain.values])
    return Answer((given.now[0] @ numbers)[..., None])


def _first_least(costs: np.ndarray) -> np.ndarray:
    """Give the place of the least cost [..., candidate] as one-hot; of equal ones the first."""
    return np.eye(costs.shape[-1])[np.argmin(costs, axis=-1)]


def argmin(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the word of the least read."""
    return Answer(_first_least(np.concatenate(given.now, axis=-1)))


def lookahead(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the candidate that is predicted to come nearest to the goal."""
    k = cast(Lookahead, task.settings)
    now, goal = given.now
    candidates = np.array(k.candidates)
    costs = np.abs(k.a * now + k.b * candidates + k.constant - goal)
    return Answer((_first_least(costs) @ candidates)[..., None])


def finite_state(task: Task, given: Given, domain: Domain) -> Answer:
    """Follow the transition that applies, or stay."""
    assert given.state is not None
    words, state = domain.values, given.state
    change = np.zeros(state.shape)
    for start, *tests, end in cast(FiniteState, task.settings).rows:
        met = state[..., words.index(start)]
        for test, value, read in zip(tests, given.now, task.reads, strict=True):
            met = met if test == ANY else met + value[..., read.domain.values.index(test)] - 1.0
        change = change + np.maximum(met, 0.0)[..., None] * (domain.encode(end) - domain.encode(start))
    return Answer(state + change, state + change)
