"""Two piecewise linear functions held against each other, region by region, over a whole domain.

A region is a cell of the domain on which both are affine: there they agree everywhere if they agree at its corners.
What is shown so is shown for every input, in exact arithmetic on the given arrays; float32 rounds on top of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from handcrafted.verdict.forms import Forms, variables
from handcrafted.verdict.pieces import Cell, Cut, PieceRun, Undecided

MAX_WAYS = 64
"""Up to how many ways code may go in one region, where comparisons may answer either way."""

MAX_LINES = 4096
"""How many lines of a grid are laid through a cell in search of a point of it."""

NEAR = 1e-9
"""A number this near to a step of a grid, in steps, is on it."""

Function = Callable[[Forms], Any]
"""From the variables [n] to results [m], both forms."""


class TooMany(Exception):
    """More regions than were to be looked at."""


@dataclass(frozen=True)
class InputDomain:
    """What the variables may be.

    Attributes:
        low, high: the ends of their ranges [n].
        grid: the step of each, from 0; 0 where it has none.
        gaps: what was found out about thresholds on the domain.
    """

    low: np.ndarray
    high: np.ndarray
    grid: np.ndarray
    gaps: dict[tuple[bytes, bool], tuple[float, float]] = field(default_factory=dict)

    @property
    def reach(self) -> np.ndarray:
        """The largest size of each variable."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


@dataclass(frozen=True)
class RegionDifference:
    """Where two functions differ.

    Attributes:
        point: the variables [n].
        result: which result.
        first: what the first function gives.
        second: what the second gives; between these two where it may go several ways.
        falls: whether such a point can come up, or only between the points of a grid.
    """

    point: np.ndarray
    result: int
    first: float
    second: tuple[float, float]
    falls: bool


@dataclass(frozen=True)
class AllowedDeviation:
    """The largest difference allowed of each result [m], as a share of its size.

    Attributes:
        share: the share.
        size: the size that is usual; where a law adds up more, that counts.
    """

    share: np.ndarray
    size: np.ndarray

    def of(self, *values: np.ndarray) -> np.ndarray:
        """Return the difference allowed of each result, where a law adds up such sizes [case, m]."""
        return self.share * np.maximum(self.size, np.max([np.abs(one).max(axis=0) for one in values], axis=0))


@dataclass
class Regions:
    """What was found.

    Attributes:
        count: how many regions there are.
        worst: the largest difference of each result in any of them [m].
        slopes: the steepest slope of each result of the second function along each variable [m, n].
        differences: the first one that can come up, and the first one that only lies between points of a grid.
    """

    count: int = 0
    worst: np.ndarray = field(default_factory=lambda: np.zeros(0))
    slopes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    differences: list[RegionDifference] = field(default_factory=list)

    def joined(self, other: Regions) -> Regions:
        """Return what was found in both, differences aside."""
        if not self.count or not other.count:
            return self if self.count else other
        steep = np.maximum(self.slopes, other.slopes)
        return Regions(self.count + other.count, np.maximum(self.worst, other.worst), steep)

    @property
    def real(self) -> RegionDifference | None:
        """The first difference that can come up."""
        return next((one for one in self.differences if one.falls), None)


def compare_regions(
    first: Function,
    second: Function,
    domain: InputDomain,
    allowed: AllowedDeviation,
    most: int,
    cell: Cell | None = None,
) -> Regions:
    """Compare two functions on every region of a domain; stop at the first difference that can come up.

    Formula: on a region both are affine, so the largest difference is at a corner; where comparisons of the second may
        answer either way, the first must lie between the answers.
    Source: Goujon, Etemadi & Unser 2023, On the Number of Regions of Piecewise Linear Neural Networks (regions).
    Error: float64: a bend within 2^-40 of a region's corner, as a share of its terms, is taken to lie there.

    Args:
        first: such as a network.
        second: such as its law.
        domain: of the variables.
        allowed: the largest difference of each result.
        most: how many cells may be looked at.
        cell: the part of the domain that is looked at; None takes all of it.

    Raises:
        TooMany: if there are more.
        NotPiecewise: if one of the two is not piecewise linear.
    """
    found = Regions()
    cells, seen = [cell or Cell.box(domain.low, domain.high)], 0
    while cells and not found.real:
        cell, seen = cells.pop(), seen + 1
        if seen > most:
            raise TooMany
        run = PieceRun(cell, domain.reach, domain.high - domain.low, domain.grid, gaps=domain.gaps)
        try:
            _one(first, second, run, allowed, found)
        except Cut as bend:
            cells += cell.cut(bend.form, float(run.edges(bend.form)))
    return found


def _one(first: Function, second: Function, run: PieceRun, allowed: AllowedDeviation, found: Regions) -> None:
    """Compare the two on one cell, if neither bends in it."""
    one, others = first(variables(run)), list(_ways(second, run))
    high, low = others[0], others[0]
    for other in others[1:]:
        high, low = np.maximum(high, other), np.minimum(low, other)
    over, under = ((one - high).parts, (low - one).parts)
    tolerance = allowed.of(*(np.abs(end.parts[:1]) + run.reach @ np.abs(end.parts[1:]) for end in (low, high)))
    excess = np.maximum(run.cell.at_corners(over), run.cell.at_corners(under))  # [corner, result]
    steep = np.max([np.abs(other.parts[1:]) for other in others], axis=0).T
    both = found.joined(Regions(1, excess.max(axis=0), steep))
    found.count, found.worst, found.slopes = both.count, both.worst, both.slopes
    for result in np.flatnonzero(~(excess.max(axis=0) <= tolerance)).tolist():
        for form in (over[:, result], under[:, result]):
            if not run.cell.at_corners(form).max() <= tolerance[result]:
                _add(_point(run, form, float(tolerance[result])), result, (one, low, high), found)


def _ways(function: Function, run: PieceRun) -> Iterator[Any]:
    """Return the result for every way in which the code may go."""
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        run.choices, run.made = waiting.pop(), 0
        try:
            yield function(variables(run))
        except Undecided as choice:
            waiting += [(*run.choices, way) for way in range(choice.ways)]
            if len(waiting) > MAX_WAYS:
                raise TooMany from None
    run.choices, run.made = (), 0


def _add(place: tuple[np.ndarray, bool], result: int, values: tuple[Forms, Forms, Forms], found: Regions) -> None:
    point, falls = place
    if all(one.falls != falls for one in found.differences):
        first, low, high = (float(one.parts[0, result] + point @ one.parts[1:, result]) for one in values)
        found.differences.append(RegionDifference(point, result, first, (low, high), falls))


def _point(run: PieceRun, form: np.ndarray, tolerance: float) -> tuple[np.ndarray, bool]:
    """Return a point of a cell at which a form is beyond a tolerance, and whether such a point can come up."""
    beyond = form - tolerance * np.eye(len(form))[0]
    cell, edge = run.cell, float(run.edges(beyond))
    part = cell.cut(beyond, edge)[1] if cell.at_corners(beyond).min() < -edge else cell
    most = part.corners[int(part.at_corners(form).argmax())]
    found = _on_the_grid(part, form, tolerance, run.grid, tuple(np.flatnonzero(run.grid).tolist()), [MAX_LINES])
    return (most, False) if found is None else (found, True)


def _on_the_grid(
    cell: Cell, form: np.ndarray, tolerance: float, grid: np.ndarray, left: tuple[int, ...], lines: list[int]
) -> np.ndarray | None:
    """Return a point of a cell that lies on the grid and at which a form is beyond a tolerance; None if there is none.

    Line after line of the grid is laid through the cell. Where too many were, any point counts.
    """
    values = cell.at_corners(form)
    if not len(values) or not values.max() > tolerance:
        return None
    if not left or lines[0] <= 0:
        return cell.corners[int(values.argmax())]
    low, high = cell.corners.min(axis=0) / grid.clip(1e-300), cell.corners.max(axis=0) / grid.clip(1e-300)
    counts = {k: math.floor(high[k] + NEAR) - math.ceil(low[k] - NEAR) + 1 for k in left}
    k = min(left, key=lambda k: counts[k])
    first = math.ceil(low[k] - NEAR)
    for number in range(first, first + counts[k]):
        lines[0] -= 1
        line = np.zeros(len(form))
        line[0], line[1 + k] = -number * grid[k], 1.0
        wall = cell.wall(line, NEAR * float(grid[k]))
        found = _on_the_grid(wall, form, tolerance, grid, tuple(other for other in left if other != k), lines)
        if found is not None:
            return found
    return None
