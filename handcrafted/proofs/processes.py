"""What a statement says of a process: its states, and how they move; a kind of process that is missing has no words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from handcrafted.plants.first_order import FirstOrderPlant
from handcrafted.plants.integrator import IntegratorPlant
from handcrafted.plants.matrices import STATE, MatricesPlant
from handcrafted.plants.vehicle import VehiclePlant
from handcrafted.proofs.exact import held, text


class NotStatedError(Exception):
    """Something takes part that a statement has no words for yet; the message names it."""


class BoundingSum(NamedTuple):
    """A sum of a process's states and of what it gets.

    Attributes:
        row: the weight of each, exactly [state and input].
        roundings: 0 where the sum itself is worked out in float32; else how many terms the error is to be counted for.
    """

    row: Sequence[Any]
    roundings: int = 0


class Between(NamedTuple):
    """Between what a state ends: the greatest of some sums, and the greatest of some others."""

    least: Sequence[BoundingSum]
    most: Sequence[BoundingSum]


class ProcessLaw(NamedTuple):
    """How a process moves.

    Attributes:
        initial: the states' first values by name.
        outputs: which state each of its signals is.
        ends: where each state ends.
        inputs: of all that it gets, the gain of every input.
        rest: what is added to each.
        limits: between which its states are held; None where they are not.
    """

    initial: Mapping[str, float]
    outputs: Mapping[str, int]
    ends: Sequence[Between]
    inputs: Sequence[Mapping[str, float]]
    rest: float = 0.0
    limits: tuple[float, float] | None = None


def law_of(name: str, plant: Any, time_step: float) -> ProcessLaw:
    """Return how a process moves.

    Raises:
        NotStatedError: if a statement has no words for that.
    """
    match plant:
        case FirstOrderPlant():
            return _first_order(name, plant, time_step)
        case IntegratorPlant():
            return _integrator(plant, time_step)
        case VehiclePlant():
            return _vehicle(name, plant, time_step)
        case MatricesPlant() if not (plant.D and np.any(plant.D)):
            seen = {
                output: at for output, row in zip(plant.outputs, plant.C, strict=True) if (at := _only(row)) is not None
            }
            called = {at: output for output, at in reversed(seen.items())}  # the first gives a state its name
            first = plant.initial or (0.0,) * len(plant.A)
            initial = {called.get(i, f"{STATE}[{i}]"): value for i, value in enumerate(first)}
            rows = [[BoundingSum(row)] for row in np.concatenate(plant.over_step(time_step), axis=1).tolist()]
            return ProcessLaw(initial, seen, [Between(row, row) for row in rows], [{one: 1.0} for one in plant.inputs])
        case MatricesPlant():
            raise NotStatedError(f"{name} hands its inputs on to its outputs (D)")
        case _:
            raise NotStatedError(f"{name} moves by the law {plant.law!r}")


def written_ends(law: ProcessLaw) -> list[dict[str, Any]]:
    """Return where each state ends, as a statement says it."""
    number = lambda weight: text(weight) if isinstance(weight, Fraction) else str(held(weight))
    sums = lambda some: [{"row": [*map(number, one.row)], "roundings": one.roundings} for one in some]
    limits = [str(held(end)) for end in law.limits] if law.limits else None
    return [{"least": sums(one.least), "most": sums(one.most), "limits": limits} for one in law.ends]


def _first_order(name: str, plant: FirstOrderPlant, time_step: float) -> ProcessLaw:
    """Return x' = (1 - s) x + s u, which is worked out as x + s (u - x).

    Formula: three roundings, of u - x, of its product and of the sum, are u ((1 + 3 s) |x| + 3 s |u|) at most; a sum of
        n terms is given 4 n u ((1 - s) |x| + s |u|).
    """
    share = Fraction(float(plant.share(time_step)))
    if share > Fraction(63, 64):
        raise NotStatedError(f"{name} follows within a step")
    row = [BoundingSum([1 - share, share], _roundings(1 + 3 * share, 1 - share))]
    return ProcessLaw({plant.output: plant.initial}, {plant.output: 0}, [Between(row, row)], [plant.inputs], plant.rest)


def _integrator(plant: IntegratorPlant, time_step: float) -> ProcessLaw:
    """Return x' = x + t u within its limits: a float32 sum, whose product is exact where all of it is."""
    row = [BoundingSum([Fraction(1), Fraction(float(np.float32(time_step)))])]
    first, limits = {plant.output: plant.initial}, plant.limits
    return ProcessLaw(first, {plant.output: 0}, [Between(row, row)], [plant.inputs], limits=limits)


def _vehicle(name: str, plant: VehiclePlant, time_step: float) -> ProcessLaw:
    """Return speed and position, which are worked out as v + s (u - d v), if that is above 0, and x + s v + w u.

    Formula: with s d <= 1/4 and 0 <= w <= (1 - 2^-10) s^2, a way that does not end at rest is above 0. One that does is
        v^2 / -2 u at most, and v (1 - s d) <= -s u up to rounding: it is s v / (2 - 2 s d) at most. 2^-10 of that are
        allowed for roundings, of the logarithm among them. No way is below 0.
    """
    share, second, drag = (Fraction(float(one)) for one in plant.constants(time_step))
    if 4 * share * drag > 1 or second * Fraction(1025, 1024) > share**2 or not Fraction(1, 2**10) <= share <= 2**10:
        raise NotStatedError(f"{name} comes to rest within a step")
    left = 1 - share * drag
    rest = Fraction(math.ceil(share / (2 * left) * Fraction(1025, 1024) * 2**40), 2**40)
    roundings = _roundings(1 + 4 * share * drag, left)
    speed = [BoundingSum([left, 0, share], roundings), BoundingSum([0, 0, share], roundings), BoundingSum([0, 0, 0])]
    most = [
        BoundingSum([share, 1, second]),
        BoundingSum([0, 1, second]),
        BoundingSum([rest, 1, 0]),
        BoundingSum([0, 1, 0]),
    ]
    initial = {plant.speed: plant.initial_speed, plant.position_name: plant.initial_position}
    ends = [Between(speed, speed), Between([BoundingSum([0, 1, 0])], most)]
    return ProcessLaw(initial, {plant.speed: 0, plant.position_name: 1}, ends, [plant.inputs])


def _roundings(error: Fraction, weight: Fraction) -> int:
    """Return for how many terms the error of a sum is to be counted, of which some u times a state are rounded off."""
    return max(1, math.ceil(error / (4 * weight) * Fraction(9, 8))) + 1


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
