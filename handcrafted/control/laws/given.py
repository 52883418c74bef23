"""What a law is given at a step, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from handcrafted.control.domain import Domain, issue_values
from handcrafted.control.resolved import Task


class Given(NamedTuple):
    """What a law may look at.

    Attributes:
        now: what it reads, each [..., width].
        ago: what it read so many steps ago, likewise.
        state: its state before the step [..., 1]; None where it has none.
    """

    now: tuple[np.ndarray, ...]
    ago: Callable[[int], tuple[np.ndarray, ...]]
    state: np.ndarray | None = None


class Answer(NamedTuple):
    """What a law gives: its result [..., width of its domain], and its state after the step."""

    result: np.ndarray
    state: np.ndarray | None = None


LawFunction = Callable[[Task, Given, Domain], Answer]


def switched(task: Task, share: np.ndarray, domain: Domain) -> np.ndarray:
    """Give the issued value where `share` [...] is 1, the withheld one where it is 0."""
    withheld, issued = issue_values(domain, getattr(task.settings, "value", None))
    part = share[..., None]
    return part * domain.encode(issued) + (1 - part) * domain.encode(withheld)
