"""Which circuits make up which law: its stages, and the one that writes its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np

from handcrafted.control.domain import Domain, issue_values
from handcrafted.control.errors import HandcraftedError
from handcrafted.control.laws.linear import constant_value, linear_terms
from handcrafted.control.laws.switching import common_grid
from handcrafted.control.resolved import Task
from handcrafted.control.settings.choosing import FiniteState, Lookahead, Lookup
from handcrafted.control.settings.logic import KOfN
from handcrafted.control.settings.moving import (
    Counting,
    Difference,
    Integrator,
    MovingAverage,
    Observer,
    Pid,
    RateLimiter,
)
from handcrafted.control.settings.switching import Comparator, Hysteresis, Relay
from handcrafted.control.settings.weighing import DeadBand, limits_of
from handcrafted.craft.choosing import distances, least, ranking
from handcrafted.craft.circuit import Circuit, Site
from handcrafted.craft.comparator import bits, ramp_above, ramp_below, ramps
from handcrafted.craft.decision_table import any_row, comparisons, table_ramps, table_rows
from handcrafted.craft.extremum import below_the_larger, ordered_pair, tournament
from handcrafted.craft.finite_state import moved, transitions
from handcrafted.craft.hysteresis import band
from handcrafted.craft.linear import copy, linear
from handcrafted.craft.logic import gated, limited, limits, shortfall, truth_slopes, vetoed
from handcrafted.craft.pid import pid
from handcrafted.craft.piecewise import absolute, between, dead_band
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


def _relay(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    ramp = ramp_above(cast(Relay, task.settings).above, common_grid(task.reads), _span(task))
    return [ramps(sites[0], -_signs(task)[:, None], [ramp]), bits(sites[1], 1)]


def _vote(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    count = len(task.reads)
    counts = {"and": [count], "or": [1], "xor": range(1, count + 1)}.get(task.law or "")
    wanted = list(counts) if counts else [cast(KOfN, task.settings).k]
    return [shortfall(sites[0], truth_slopes(task.reads), wanted), bits(sites[1], len(wanted))]


def _gated(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    *values, decides = task.reads
    domains = [read.domain for read in values]
    slopes = truth_slopes([decides])
    shares = np.array([*slopes[:, None], [0.0]])
    if task.law == "multiplexer":
        width = decides.domain.width
        shares = np.eye(width + 1, width) if decides.domain.discrete else np.array([[-1.0, 1.0], [1.0, 0.0]])
    return [limited(sites[0], domains, shares), limits(sites[1], domains)]


def _veto(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    against = truth_slopes(task.reads[1:])
    unit = [Domain((), 0.0, 1.0)]
    return [limited(sites[0], unit, np.array([*-against[:, None], [1.0]])), limits(sites[1], unit)]


def _latch(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    on, off = (truth_slopes([read]) for read in task.reads)
    return _clamped(sites, np.array([*on, *-off, 1.0]), 0.0, 1.0)


def _count(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    steps = cast(Counting, task.settings).steps
    slopes = np.array([*(-(steps + 1.0) * truth_slopes(task.reads)), 1.0])
    late = [floor(sites[3], np.ones(1), steps - 1.0)] if len(sites) > 3 else []
    return [*_clamped(sites, slopes, 1.0, float(steps)), *late]


def _clamped(sites: Sequence[Site], slopes: np.ndarray, added: float, high: float) -> list[Circuit]:
    """Build a state that adds up between 0 and a limit."""
    return [floor(sites[0], slopes, -added), gap(sites[1], 0.0, high), ceiling(sites[2], high)]


def _rate(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    rise, fall = (rate * task.time_step for rate in cast(RateLimiter, task.settings).rates)
    start = floor(sites[0], np.array([1.0, -1.0]), -fall)
    return [start, gap(sites[1], 0.0, rise + fall), linear(sites[2], np.array([[1.0, -1.0]]), np.array([rise]))]


def _average(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    return [steps_ago(site, k, 1) for k, site in enumerate(sites, start=1)]


def _observer(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    k = cast(Observer, task.settings)
    row = [k.gain, *(k.b[read.name] for read in task.reads[1:]), k.a - k.gain * k.c]
    return [linear(sites[0], np.array([row]), np.zeros(1))]


def _rounds(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    left, sign, found = len(task.reads), _sign(task), []
    for site in sites:
        found.append(tournament(site, left, sign))
        left = (left + 1) // 2
    return found


def _sign(task: Task) -> int:
    return 1 if task.law == "maximum" else -1


def _median(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    return [ordered_pair(sites[0]), below_the_larger(sites[1])]


def _lookup(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    xs = [x for x, _ in cast(Lookup, task.settings).points]
    return [floor(sites[0], np.ones(1), xs[0]), gap(sites[1], xs[0], xs[-1])]


def _argmin(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    count = len(task.reads)
    span = max(read.domain.high for read in task.reads) - min(read.domain.low for read in task.reads)
    return [ranking(sites[0], count, common_grid(task.reads), span), bits(sites[1], count * (count - 1) // 2)]


def _lookahead(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    k = cast(Lookahead, task.settings)
    offsets = [k.b * candidate + k.constant for candidate in k.candidates]
    now, goal = (max(abs(read.domain.low), abs(read.domain.high)) for read in task.reads)
    span = abs(k.a) * now + goal + max(map(abs, offsets))
    grid = common_grid(task.reads)
    if grid is not None and any(part % grid for part in (k.a * grid, *offsets)):
        grid = None
    count = len(offsets)
    ranked = ranking(sites[1], count, grid, span)
    return [distances(sites[0], (k.a, -1.0), offsets), ranked, bits(sites[2], count * (count - 1) // 2)]


def _machine(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    rows = cast(FiniteState, task.settings).rows
    return [transitions(sites[0], task.reads, task.domain, rows), moved(sites[1], task.domain, rows)]


def _issue(task: Task, site: Site, domain: Domain) -> Circuit:
    """Issue by as many bits as the result reads, any of them; for `xor` they add and subtract in turn."""
    count = len(task.when) if task.when else len(task.reads) if task.law == "xor" else 1
    weights = (-1.0) ** np.arange(count) if task.law == "xor" else np.ones(count)
    return any_row(site, weights, domain, issue_values(domain, getattr(task.settings, "value", None)))


def _capped(task: Task, site: Site, domain: Domain) -> Circuit:
    return ceiling(site, limits_of(task.settings, task.domain)[1])


def _weighed(task: Task, site: Site, domain: Domain) -> Circuit:
    return _capped(task, site, domain) if task.stages else linear(site, *linear_terms(task, domain))


def _constant(task: Task, site: Site, domain: Domain) -> Circuit:
    return linear(site, np.zeros((domain.width, 0)), domain.encode(constant_value(task, domain)).astype(float))


def _differ(task: Task, site: Site, domain: Domain) -> Circuit:
    gain = cast(Difference, task.settings).gain
    return linear(site, np.array([[gain, -gain]]), np.zeros(1))


def _mean(task: Task, site: Site, domain: Domain) -> Circuit:
    steps = cast(MovingAverage, task.settings).steps
    return linear(site, np.full((1, steps), 1.0 / steps), np.zeros(1))


def _swing(task: Task, site: Site, domain: Domain) -> Circuit:
    amplitude = cast(Relay, task.settings).amplitude
    return linear(site, np.array([[2.0 * amplitude]]), np.array([-amplitude]))


def _found(task: Task, site: Site, domain: Domain) -> Circuit:
    table = cast(Lookup, task.settings)
    if table.points:
        return between(site, table.points)
    return linear(site, np.array([[table.values[word] for word in task.reads[0].domain.values]]), np.zeros(1))


def _copied(task: Task, site: Site, domain: Domain) -> Circuit:
    return copy(site, domain.width)


class Build(NamedTuple):
    """How a law is built: the circuit that writes its result, and those before it."""

    result: Callable[[Task, Site, Domain], Circuit]
    stages: Callable[[Task, Sequence[Site]], list[Circuit]] = lambda task, sites: []


BUILDS: dict[str | None, Build] = {
    None: Build(_weighed),
    "absolute value": Build(lambda task, site, domain: absolute(site)),
    "and": Build(_issue, _vote),
    "argmin": Build(lambda task, site, domain: least(site, np.eye(len(task.reads))), _argmin),
    "comparator": Build(_issue, _comparator),
    "constant": Build(_constant),
    "dead band": Build(lambda task, site, domain: dead_band(site, cast(DeadBand, task.settings).width)),
    "decision table": Build(_issue, _table),
    "delay": Build(lambda task, site, domain: steps_ago(site, _lag(task), domain.width)),
    "difference": Build(_differ, _before),
    "finite state": Build(_copied, _machine),
    "gate": Build(lambda task, site, domain: gated(site, [task.reads[0].domain]), _gated),
    "hysteresis": Build(_issue, _hysteresis),
    "integrator": Build(_copied, _integrator),
    "k of n": Build(_issue, _vote),
    "latch": Build(_issue, _latch),
    "linear": Build(_weighed, _limited),
    "lookahead": Build(
        lambda task, site, domain: least(site, np.array(cast(Lookahead, task.settings).candidates)[:, None]), _lookahead
    ),
    "lookup": Build(_found, _lookup),
    "maximum": Build(lambda task, site, domain: tournament(site, 2, 1), _rounds),
    "median": Build(lambda task, site, domain: tournament(site, 2, 1), _median),
    "minimum": Build(lambda task, site, domain: tournament(site, 2, -1), _rounds),
    "moving average": Build(_mean, _average),
    "multiplexer": Build(lambda task, site, domain: gated(site, [r.domain for r in task.reads[:-1]]), _gated),
    "observer": Build(_copied, _observer),
    "or": Build(_issue, _vote),
    "pid": Build(_capped, _pid),
    "rate limiter": Build(_copied, _rate),
    "relay": Build(_swing, _relay),
    "saturation": Build(_capped, _saturation),
    "timer": Build(_copied, _count),
    "veto": Build(lambda task, site, domain: vetoed(site), _veto),
    "watchdog": Build(_issue, _count),
    "xor": Build(_issue, _vote),
}
"""How each law is built."""


def stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Build the circuits of a law before the one that writes its result."""
    return BUILDS[task.law].stages(task, sites) if sites else []


def result(task: Task, site: Site, domain: Domain) -> Circuit:
    """Build the circuit that writes a law's result."""
    return BUILDS[task.law].result(task, site, domain)
