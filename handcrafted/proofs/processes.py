"""What a statement says of a process: its states, and how they move; a kind of process that is missing has no words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from handcrafted.plants.first_order import FirstOrderPlant
from handcrafted.plants.matrices import STATE, MatricesPlant


class NotStatedError(Exception):
    """Something takes part that a statement has no words for yet; the message names it."""


class ProcessLaw(NamedTuple):
    """A process x' = A x + B u, or one of first order, x' = (1 - share) x + share u.

    Attributes:
        law: what a statement calls it.
        initial: the states' first values by name.
        outputs: which state each of its signals is.
        rows: A and B beside each other [state, state and u], exactly.
        inputs: for each u the gain of every input.
        rest: what is added to every u.
    """

    law: str
    initial: Mapping[str, float]
    outputs: Mapping[str, int]
    rows: Sequence[Sequence[Any]]
    inputs: Sequence[Mapping[str, float]]
    rest: float = 0.0


def law_of(name: str, plant: Any, time_step: float) -> ProcessLaw:
    """Return how a process moves.

    Raises:
        NotStatedError: if a statement has no words for that.
    """
    match plant:
        case FirstOrderPlant():
            share = Fraction(float(plant.share(time_step)))
            initial, outputs = {plant.output: plant.initial}, {plant.output: 0}
            return ProcessLaw(plant.law, initial, outputs, [[1 - share, share]], [plant.inputs], plant.rest)
        case MatricesPlant() if not (plant.D and np.any(plant.D)):
            seen = {
                output: at for output, row in zip(plant.outputs, plant.C, strict=True) if (at := _only(row)) is not None
            }
            called = {at: output for output, at in reversed(seen.items())}  # the first gives a state its name
            first = plant.initial or (0.0,) * len(plant.A)
            initial = {called.get(i, f"{STATE}[{i}]"): value for i, value in enumerate(first)}
            rows = np.concatenate(plant.over_step(time_step), axis=1)
            return ProcessLaw(plant.law, initial, seen, rows.tolist(), [{given: 1.0} for given in plant.inputs])
        case MatricesPlant():
            raise NotStatedError(f"{name} hands its inputs on to its outputs (D)")
        case _:
            raise NotStatedError(f"{name} moves by the law {plant.law!r}")


def initial_states(name: str, plant: Any, time_step: float, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return first states [run, …] as `simulate` takes them, from those [run] of some of a process's states by name."""
    if not isinstance(plant, MatricesPlant):
        return {f"{name}.{state}": value for state, value in values.items()}
    runs = len(next(iter(values.values())))
    law = law_of(name, plant, time_step)
    columns = [values.get(state, np.full(runs, first, np.float32)) for state, first in law.initial.items()]
    return {f"{name}.{STATE}": np.stack(columns, axis=-1)}


def _only(row: Sequence[float]) -> int | None:
    """Return the one state that an output is; None where it is none."""
    places = [i for i, gain in enumerate(row) if gain]
    return places[0] if len(places) == 1 and row[places[0]] == 1 else None
