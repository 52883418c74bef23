"""By what a head chooses where it looks: by what stands in the stream, or by position alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from handcrafted.model.arrays import Array

HARD = 150 * np.log(2)
"""By how much the score of one step must lead for float32 to leave nothing to all others: exp(-104) rounds to 0."""

ANYWHERE = -1
"""Where a head looks whose biases are open."""


class Attention(NamedTuple):
    """By what a head chooses where it looks.

    Attributes:
        query, key: kernels [d_model, d_head].
        query_bias, key_bias: [d_head], by which position alone counts.
    """

    query: Array
    key: Array
    query_bias: np.ndarray
    key_bias: np.ndarray

    @property
    def by_content(self) -> bool:
        """Whether what stands in the stream moves it, and not position alone."""
        return bool(self.query.any() or self.key.any())

    @property
    def biases(self) -> tuple[np.ndarray, np.ndarray]:
        """What the score of a lag comes from by position alone: the query's bias over sqrt(d_head), the key's."""
        return self.query_bias.astype(float) / np.sqrt(len(self.query_bias)), self.key_bias.astype(float)

    def scores(self, window: int) -> np.ndarray:
        """Return the score of each lag by position alone [window], in float64."""
        return scores_by_position(*self.biases, window)

    def one_lag(self, window: int) -> int | None:
        """Return how many steps it looks back if it looks at one step alone, `ANYWHERE` if a bias is NaN; else None."""
        if self.by_content:
            return None
        if np.isnan([self.query_bias, self.key_bias]).any():
            return ANYWHERE
        scores = self.scores(window)
        ranked = np.sort(scores)
        alone = len(scores) == 1 or ranked[-1] - ranked[-2] > HARD
        return int(np.argmax(scores)) if alone else None

    def lags(self, window: int, floor: float) -> tuple[tuple[int, float], ...]:
        """Return the lags at which it looks by position alone; see `looks_back`."""
        return looks_back(*self.biases, window, floor)


def looks_back(query: np.ndarray, key: np.ndarray, window: int, floor: float) -> tuple[tuple[int, float], ...]:
    """Return the lags to which a query and a key that are the same at every step lead, with their attention weights.

    Lags with a weight of at most `floor` are left out.

    Formula: softmax over j of (R(j) q) . k, in float64, with the root of d_head already in q.
    """
    scores = scores_by_position(query, key, window)
    pattern = np.exp(scores - scores.max())
    pattern /= pattern.sum()
    return tuple((int(lag), float(pattern[lag])) for lag in np.flatnonzero(pattern > floor))


def scores_by_position(query: np.ndarray, key: np.ndarray, window: int) -> np.ndarray:
    """Return the score of each lag [window]: (R(j) q) . k, R turning the first two dimensions by 1 rad per step."""
    j = np.arange(window)
    turned = (np.cos(j) * query[0] - np.sin(j) * query[1]) * key[0]
    turned += (np.sin(j) * query[0] + np.cos(j) * query[1]) * key[1]
    return turned + query[2:] @ key[2:]
