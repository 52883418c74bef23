"""Inputs to compare: every context where there are few, a sample of the inputs' domains where there are many."""

from __future__ import annotations

import itertools
import math

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.model.names import Names

MOST_CONTEXTS = 64


def contexts(domains: list[Domain], seed: int, most: int = MOST_CONTEXTS) -> list[np.ndarray]:
    """Give the coordinates [context, width] of each signal: all combinations of words and grid points, or a sample.

    Args:
        domains: of the signals.
        seed: of the sample.
        most: up to how many combinations all are given; beyond it, and for what has no grid, `MOST_CONTEXTS` at random.
    """
    points = [domain.points(most) for domain in domains]
    if domains and math.prod(len(block) if block is not None else np.inf for block in points) <= most:
        rows = np.array(list(itertools.product(*(range(len(block)) for block in points if block is not None))))
        return [block[rows[:, i]] for i, block in enumerate(points) if block is not None]
    rng = np.random.default_rng(seed)
    return [_sample(domain, MOST_CONTEXTS, rng) for domain in domains]


def _sample(domain: Domain, count: int, rng: np.random.Generator) -> np.ndarray:
    if domain.discrete:
        return np.eye(domain.width)[rng.integers(domain.width, size=count)]
    return domain.rounded(rng.uniform(domain.low, domain.high, (count, domain.width)))


def sequences(names: Names, time: int, seed: int) -> np.ndarray:
    """Give inputs [context, time, n_in]: each context at the first step, other contexts in random order after it."""
    signals: dict[Signal, np.ndarray] = names.input_signals
    blocks = contexts([names.domain(signal) for signal in signals], seed)
    count = len(blocks[0]) if blocks else 1
    now = np.zeros((count, len(names.inputs)), np.float32)
    for places, block in zip(signals.values(), blocks, strict=True):
        now[:, places] = block
    rng = np.random.default_rng(seed)
    later = [now[rng.permutation(count)] for _ in range(time - 1)]
    return np.stack([now, *later], axis=1)
