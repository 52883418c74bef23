"""Which circuits make up which law: its stages, and the one that writes its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from handcrafted.control.domain import Domain, issue_values
from handcrafted.control.errors import HandcraftedError
from handcrafted.control.laws.linear import constant_value, linear_terms
from handcrafted.control.laws.switching import common_grid
from handcrafted.control.resolved import Task
from handcrafted.control.settings.moving import Difference, Integrator, Pid
from handcrafted.control.settings.switching import Comparator, Hysteresis
from handcrafted.control.settings.weighing import limits_of
from handcrafted.craft.circuit import Circuit, Site
from handcrafted.craft.comparator import bits, ramp_above, ramp_below, ramps
from handcrafted.craft.decision_table import any_row, comparisons, table_ramps, table_rows
from handcrafted.craft.hysteresis import band
from handcrafted.craft.linear import copy, linear
from handcrafted.craft.pid import pid
from handcrafted.craft.saturation import ceiling, floor, gap
from handcrafted.craft.steps_ago import steps_ago
from handcrafted.model.forward import WINDOW


def _span(task: Task) -> float:
    """Give the width of the range of what is compared."""
    return sum(read.domain.high - read.domain.low for read in task.reads)


def _signs(task: Task) -> np.ndarray:
    """Give the sign of each read of a comparison: the first against the second."""
    return np.array([1.0, -1.0])[: len(task.reads)]


def _comparator(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    settings, grid = cast(Comparator, task.settings), common_grid(task.reads)
    if settings.below is not None:
        ramp, signs = ramp_below(settings.below, grid, _span(task)), _signs(task)
    else:
        ramp, signs = ramp_above(cast(float, settings.above), grid, _span(task)), -_signs(task)
    return [ramps(sites[0], signs[:, None], [ramp]), bits(sites[1], 1)]


def _hysteresis(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    settings = cast(Hysteresis, task.settings)
    return [band(sites[0], _signs(task), settings, common_grid(task.reads), _span(task)), bits(sites[1], 1)]


def _table(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    assert task.when is not None
    words = [(read.name, read.domain) for read in task.reads if read.domain.discrete]
    rows = table_rows(sites[-1], words, task.when)
    if len(sites) == 1:
        return [rows]
    real = [read for read in task.reads if not read.domain.discrete]
    return [table_ramps(sites[0], real, task.when), bits(sites[1], len(comparisons(task.when))), rows]


def _saturation(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    low, high = limits_of(task.settings, task.domain)
    return [floor(sites[0], np.ones(1), low), gap(sites[1], low, high)]


def _integrator(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    low, high = limits_of(task.settings, task.domain)
    rise = cast(Integrator, task.settings).gain * task.time_step
    slopes = np.array([*[rise] * len(task.reads), 1.0])
    return [floor(sites[0], slopes, low), gap(sites[1], low, high), ceiling(sites[2], high)]


def _limited(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    (slopes,), (constant,) = linear_terms(task, task.domain)
    low, high = limits_of(task.settings, task.domain)
    return [floor(sites[0], slopes, low - constant), gap(sites[1], low, high)]


def _pid(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    return pid(cast(Pid, task.settings), sites, len(task.reads), limits_of(task.settings, task.domain), task.time_step)


def _before(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    return [steps_ago(sites[0], _lag(task), 1)]


def _lag(task: Task) -> int:
    """Give how far a law looks back.

    Raises:
        HandcraftedError: if that is beyond the window.
    """
    steps = cast(Difference, task.settings).steps
    if steps >= WINDOW:
        raise HandcraftedError(
            f"Expected `steps` of the {task.law} of {task.name} of {task.owner} within the window, 1 to {WINDOW - 1}, "
            f"got {steps}. Look back less far, or keep what you need in a law with memory."
        )
    return steps


STAGES: dict[str | None, Callable[[Task, Sequence[Site]], list[Circuit]]] = {
    "comparator": _comparator,
    "decision table": _table,
    "difference": _before,
    "hysteresis": _hysteresis,
    "integrator": _integrator,
    "linear": _limited,
    "pid": _pid,
    "saturation": _saturation,
}
"""The laws that have stages before their result."""


def stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Build the circuits of a law before the one that writes its result."""
    return STAGES[task.law](task, sites) if sites else []


def result(task: Task, site: Site, domain: Domain) -> Circuit:
    """Build the circuit that writes a law's result."""
    match task.law:
        case "comparator" | "hysteresis":
            return any_row(site, 1, domain, issue_values(domain, getattr(task.settings, "value", None)))
        case "decision table":
            assert task.when is not None
            return any_row(site, len(task.when), domain, issue_values(domain, getattr(task.settings, "value", None)))
        case "constant":
            value = domain.encode(constant_value(task, domain)).astype(float)
            return linear(site, np.zeros((domain.width, 0)), value)
        case "delay":
            return steps_ago(site, _lag(task), domain.width)
        case "difference":
            gain = cast(Difference, task.settings).gain
            return linear(site, np.array([[gain, -gain]]), np.zeros(1))
        case "integrator":
            return copy(site, 1)
        case "saturation" | "pid":
            return ceiling(site, limits_of(task.settings, task.domain)[1])
        case "linear" if task.stages:
            return ceiling(site, limits_of(task.settings, task.domain)[1])
        case _:
            return linear(site, *linear_terms(task, domain))
