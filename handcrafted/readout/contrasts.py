"""Inputs to compare: every context where there are few, a sample of the inputs' domains where there are many."""

from __future__ import annotations

import itertools
import math

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.graph import Signal
from handcrafted.model.names import Names
from handcrafted.readout.subject import TargetNetwork

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
    return [drawn(domain, MOST_CONTEXTS, rng) for domain in domains]


def drawn(domain: Domain, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw values of a domain [count, width]."""
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


def declared_values(
    subject: TargetNetwork, runs: int, d_model: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a value of every subspace of known domain [run, d_model]; also say where one is known [d_model]."""
    values, known = np.zeros((runs, d_model)), np.zeros(d_model, bool)
    for signal, domain in subject.names.declared.items():
        at = subject.spaces[signal]
        values[:, at], known[at] = drawn(domain, runs, rng), True
    return values, known


def usual(values: np.ndarray) -> np.ndarray:
    """Give the root mean square over runs and steps, scaled so that no square overflows."""
    most = np.abs(values).max(axis=(0, 1))
    scaled = values / np.where(most > 0, most, np.float32(1))
    return np.sqrt(np.mean(scaled**2, axis=(0, 1), dtype=float)) * most


def within(values: np.ndarray) -> np.ndarray:
    """Give values in float32, what is too large for it as its largest number."""
    most = float(np.finfo(np.float32).max)
    return np.clip(values, -most, most).astype(np.float32)
