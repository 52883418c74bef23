"""Runs side by side in numpy: their axis comes last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np


def mapped(function: Callable[..., Any], *trees: Any) -> Any:
    """Apply a function to the numbers of trees of tuples and mappings, place by place."""
    one = trees[0]
    if one is None:
        return None
    if isinstance(one, Mapping):
        return {key: mapped(function, *(tree[key] for tree in trees)) for key in one}
    if isinstance(one, tuple):
        made = [mapped(function, *parts) for parts in zip(*trees, strict=True)]
        return type(one)(*made) if hasattr(one, "_fields") else tuple(made)
    return function(*trees)


def over_steps(steps: Sequence[Any]) -> Any:
    """Join trees of numbers [..., run], one for each step, to a tree of [run, time, ...]."""
    return mapped(lambda *values: np.moveaxis(np.stack(values), -1, 0), *steps)
