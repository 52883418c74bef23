"""Laws on truth: connectives, votes, gates. Truths between 0 and 1 count by their degree (Lukasiewicz)."""

from __future__ import annotations

from typing import cast

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.given import Answer, Given, switched
from handcrafted.control.laws.tables import tested
from handcrafted.control.resolved import Read, Task
from handcrafted.control.settings.logic import KOfN


def truth_of(value: np.ndarray, read: Read) -> np.ndarray:
    """Give the truth [...] of a value [..., width]: of a word that it is not the first, of a number itself."""
    return value[..., 1:].sum(axis=-1) if read.domain.discrete else value[..., 0]


def truths(task: Task, given: Given) -> list[np.ndarray]:
    """Give the truth [...] of each read."""
    return [truth_of(value, read) for value, read in zip(given.now, task.reads, strict=True)]


def _at_least(task: Task, given: Given, count: int) -> np.ndarray:
    return np.clip(sum(truths(task, given), np.zeros(())) - count + 1, 0.0, 1.0)


def conjunction(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue if all reads are true."""
    return Answer(switched(task, _at_least(task, given, len(task.reads)), domain))


def disjunction(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue if any read is true."""
    return Answer(switched(task, _at_least(task, given, 1), domain))


def k_of_n(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue if at least k reads are true."""
    return Answer(switched(task, _at_least(task, given, cast(KOfN, task.settings).k), domain))


def exclusive(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue if an odd number of reads is true; between whole numbers the degree changes in a straight line."""
    count = np.clip(sum(truths(task, given), np.zeros(())), 0.0, len(task.reads))
    return Answer(switched(task, 1.0 - np.abs(count % 2.0 - 1.0), domain))


def veto(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the first read within [0, 1] less the second, which counts from 0 up, at least 0."""
    _, against = truths(task, given)
    return Answer(np.maximum(np.clip(given.now[0], 0.0, 1.0) - np.maximum(against, 0.0)[..., None], 0.0))


def gate(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the first read within its range while the second is on, else 0."""
    _, on = truths(task, given)
    return Answer(_gated(given.now[0], task.reads[0], on))


def multiplexer(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the read whose place is that of the last read's word."""
    *choices, selector = given.now
    shares = selector if task.reads[-1].domain.discrete else np.concatenate([1.0 - selector, selector], axis=-1)
    chosen = [_gated(value, task.reads[i], shares[..., i]) for i, value in enumerate(choices)]
    return Answer(sum(chosen, np.zeros(())))


def guard(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the request within the range of the action where it is permitted, else the safe value."""
    assert task.safe is not None
    low, high = (0.0, 1.0) if domain.discrete else (domain.low, domain.high)
    safe = domain.encode(task.safe).astype(float)
    away = np.clip(given.now[-1], low, high) - safe
    taken = (high - low) * (1.0 - tested(task, given))[..., None]
    return Answer(safe + np.sign(away) * np.maximum(np.abs(away) - taken, 0.0))


def _gated(value: np.ndarray, read: Read, on: np.ndarray) -> np.ndarray:
    """Shrink a value towards 0 by the largest of its range for what is missing from on, at least nothing."""
    low, high = read.domain.low, read.domain.high
    value = np.clip(value, low, high)
    taken = max(abs(low), abs(high)) * np.maximum(1.0 - on, 0.0)[..., None]
    return np.sign(value) * np.maximum(np.abs(value) - taken, 0.0)
