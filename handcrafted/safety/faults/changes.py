"""Changes of numbers as data, and faults of one shape put behind each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from handcrafted.rollout.injection import FOREVER, Entries, InjectedChange, Injection, PortChange

Shape = tuple[int, ...]
Numbers = Any
"""A number, or numbers that broadcast."""


def nothing(*shape: int) -> InjectedChange:
    """Give the change that changes nothing."""
    ones, zeros = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    return InjectedChange(ones, zeros, zeros.copy(), np.zeros(shape, np.int32))


def change(shape: Shape, at: Any, way: str, amount: Numbers) -> InjectedChange:
    """Give the change of some values: zero, stuck, bias, scale, invert, noise or flip."""
    found = nothing(*shape)
    if way in ("zero", "stuck"):
        found.keep[at] = 0
        found.add[at] = 0 if way == "zero" else amount
    elif way == "flip":
        found.flip[at] = np.uint32(1 << amount).astype(np.int32)
    elif way in ("scale", "invert"):
        found.keep[at] = -1 if way == "invert" else amount
    else:
        {"bias": found.add, "noise": found.noise}[way][at] = amount
    return found


def changed(value: np.float32, way: str, amount: Numbers) -> np.float32:
    """Give what becomes of one number of an array."""
    with np.errstate(over="ignore"):
        match way:
            case "zero":
                return np.float32(0)
            case "stuck":
                return np.float32(amount)
            case "bias":
                return value + np.float32(amount)
            case "scale":
                return value * np.float32(amount)
            case "invert":
                return -value
    bits = np.float32(value).view(np.uint32) ^ np.uint32(1 << amount)
    return bits.view(np.float32)


def stacked(injections: Sequence[Injection], total: int) -> Injection:
    """Put faults of one shape behind each other; what is of different length is filled up.

    Args:
        injections: at least one.
        total: how many entries all arrays have; a place there means none.
    """
    weights = [one.weights for one in injections]
    if weights[0] is not None:
        most = max(len(one.places) for one in weights if one)
        fill = lambda one: Entries(
            np.pad(one.places, (0, most - len(one.places)), constant_values=total),
            np.pad(one.values, (0, most - len(one.values))),
        )
        injections = [one._replace(weights=fill(one.weights)) for one in injections]
    for name in ("inputs", "outputs"):
        if (first := getattr(injections[0], name)) is not None:
            most = max(len(getattr(one, name).told) for one in injections)
            assert isinstance(first, PortChange)
            injections = [one._replace(**{name: _longer(getattr(one, name), most)}) for one in injections]
    return jax.tree.map(lambda *parts: np.stack(parts), *injections)


def _longer(port: PortChange, most: int) -> PortChange:
    return port._replace(told=np.pad(port.told, ((0, most - len(port.told)), (0, 0)), mode="edge"))


def at_rest(one: Injection) -> Injection:
    """Give a fault of the same shape that never begins."""
    return one._replace(onset=np.int32(FOREVER))
