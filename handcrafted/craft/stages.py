"""The circuits of each law before the one that writes its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.errors import HandcraftedError
from handcrafted.control.resolved import Task
from handcrafted.control.settings.choosing import FiniteState, Lookahead, Lookup
from handcrafted.control.settings.logic import KOfN
from handcrafted.control.settings.moving import Counting, Difference, Integrator, Pid, RateLimiter
from handcrafted.control.settings.observing import Observer
from handcrafted.control.settings.switching import Comparator, Hysteresis, Relay
from handcrafted.control.settings.weighing import limits_of
from handcrafted.craft.choosing import distances, ranking
from handcrafted.craft.circuit import Circuit, Site
from handcrafted.craft.comparator import bits, ramp_above, ramp_below, ramps, shared_grid
from handcrafted.craft.decision_table import comparisons, rows_of, table_ramps, table_rows
from handcrafted.craft.extremum import below_the_larger, ordered_pair, tournament
from handcrafted.craft.finite_state import moved, transitions
from handcrafted.craft.hysteresis import band
from handcrafted.craft.linear import linear, terms_of
from handcrafted.craft.logic import limited, limits, shortfall, truth_slopes
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


def comparator_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Compare one read with a threshold, or the first with the second."""
    settings, grid = cast(Comparator, task.settings), shared_grid(task.reads)
    if settings.below is not None:
        ramp, signs = ramp_below(settings.below, grid, _span(task)), _signs(task)
    else:
        ramp, signs = ramp_above(cast(float, settings.above), grid, _span(task)), -_signs(task)
    return [ramps(sites[0], signs[:, None], [ramp]), bits(sites[1], 1)]


def hysteresis_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Compare with the threshold that the state chooses."""
    settings = cast(Hysteresis, task.settings)
    return [band(sites[0], _signs(task), settings, shared_grid(task.reads), _span(task)), bits(sites[1], 1)]


def table_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Compare the real variables, then fire each row."""
    when = rows_of(task)
    words = [(read.name, read.domain) for read in task.reads if read.domain.discrete]
    rows = table_rows(sites[-1], words, when)
    if len(sites) == 1:
        return [rows]
    real = [read for read in task.reads if not read.domain.discrete]
    return [table_ramps(sites[0], real, when), bits(sites[1], len(comparisons(when))), rows]


def saturation_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Bring the read between its limits."""
    low, high = limits_of(task.settings, task.domain)
    return [floor(sites[0], np.ones(1), low), gap(sites[1], low, high)]


def integrator_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Add to the state, between its limits."""
    low, high = limits_of(task.settings, task.domain)
    rise = cast(Integrator, task.settings).gain * task.time_step
    slopes = np.array([*[rise] * len(task.reads), 1.0])
    return [floor(sites[0], slopes, low), gap(sites[1], low, high), ceiling(sites[2], high)]


def limited_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Bring a weighted sum between its limits."""
    (slopes,), (constant,) = terms_of(task, task.domain)
    low, high = limits_of(task.settings, task.domain)
    return [floor(sites[0], slopes, low - constant), gap(sites[1], low, high)]


def pid_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Weigh error, integral and rate; keep the integral."""
    return pid(cast(Pid, task.settings), sites, len(task.reads), limits_of(task.settings, task.domain), task.time_step)


def before_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Look back."""
    return [steps_ago(sites[0], lag_of(task), 1)]


def lag_of(task: Task) -> int:
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


def relay_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Compare with the threshold."""
    ramp = ramp_above(cast(Relay, task.settings).above, shared_grid(task.reads), _span(task))
    return [ramps(sites[0], -_signs(task)[:, None], [ramp]), bits(sites[1], 1)]


def vote_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Count what is true against each threshold of the law."""
    count = len(task.reads)
    counts = {"and": [count], "or": [1], "xor": range(1, count + 1)}.get(task.law or "")
    wanted = list(counts) if counts else [cast(KOfN, task.settings).k]
    return [shortfall(sites[0], truth_slopes(task.reads), wanted), bits(sites[1], len(wanted))]


def gated_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Saturate what may pass, and say what closes each gate."""
    *values, decides = task.reads
    domains = [read.domain for read in values]
    slopes = truth_slopes([decides])
    shares = np.array([*slopes[:, None], [0.0]])
    if task.law == "multiplexer":
        width = decides.domain.width
        shares = np.eye(width + 1, width) if decides.domain.discrete else np.array([[-1.0, 1.0], [1.0, 0.0]])
    return [limited(sites[0], domains, shares), limits(sites[1], domains)]


def veto_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Saturate what may be vetoed, and pass the veto on."""
    against = truth_slopes(task.reads[1:])
    unit = [Domain((), 0.0, 1.0)]
    return [limited(sites[0], unit, np.array([*-against[:, None], [1.0]])), limits(sites[1], unit)]


def latch_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Set and reset the state."""
    on, off = (truth_slopes([read]) for read in task.reads)
    return _clamped(sites, np.array([*on, *-off, 1.0]), 0.0, 1.0)


def count_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Count up to the limit, from 0 where the read is on; a watchdog also compares."""
    steps = cast(Counting, task.settings).steps
    slopes = np.array([*(-(steps + 1.0) * truth_slopes(task.reads)), 1.0])
    late = [floor(sites[3], np.ones(1), steps - 1.0)] if len(sites) > 3 else []
    return [*_clamped(sites, slopes, 1.0, float(steps)), *late]


def _clamped(sites: Sequence[Site], slopes: np.ndarray, added: float, high: float) -> list[Circuit]:
    """Build a state that adds up between 0 and a limit."""
    return [floor(sites[0], slopes, -added), gap(sites[1], 0.0, high), ceiling(sites[2], high)]


def rate_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Follow the read by at most the allowed step."""
    rise, fall = (rate * task.time_step for rate in cast(RateLimiter, task.settings).rates)
    start = floor(sites[0], np.array([1.0, -1.0]), -fall)
    return [start, gap(sites[1], 0.0, rise + fall), linear(sites[2], np.array([[1.0, -1.0]]), np.array([rise]))]


def average_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Look back to each step of the window but this one."""
    return [steps_ago(site, k, 1) for k, site in enumerate(sites, start=1)]


def observer_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Predict and correct the estimate."""
    k = cast(Observer, task.settings).observed
    inputs = [k.b[read.name] for read in task.reads[1:]]
    return [linear(sites[0], np.column_stack([k.gain, *inputs, k.kept]), np.zeros(len(k.a)))]


def rounds_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Play the rounds of a tournament but the last."""
    left, sign, found = len(task.reads), _sign(task), []
    for site in sites:
        found.append(tournament(site, left, sign))
        left = (left + 1) // 2
    return found


def _sign(task: Task) -> int:
    return 1 if task.law == "maximum" else -1


def median_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Order two reads, and put the third below the larger."""
    return [ordered_pair(sites[0]), below_the_larger(sites[1])]


def lookup_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Bring the read between the first and the last point."""
    xs = [x for x, _ in cast(Lookup, task.settings).points]
    return [floor(sites[0], np.ones(1), xs[0]), gap(sites[1], xs[0], xs[-1])]


def argmin_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Compare every pair of reads."""
    count = len(task.reads)
    span = max(read.domain.high for read in task.reads) - min(read.domain.low for read in task.reads)
    return [ranking(sites[0], count, shared_grid(task.reads), span), bits(sites[1], count * (count - 1) // 2)]


def lookahead_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Work out the costs, and compare every pair."""
    k = cast(Lookahead, task.settings)
    offsets = [k.b * candidate + k.constant for candidate in k.candidates]
    now, goal = (max(abs(read.domain.low), abs(read.domain.high)) for read in task.reads)
    span = abs(k.a) * now + goal + max(map(abs, offsets))
    grid = shared_grid(task.reads)
    if grid is not None and any(part % grid for part in (k.a * grid, *offsets)):
        grid = None
    count = len(offsets)
    ranked = ranking(sites[1], count, grid, span)
    return [distances(sites[0], (k.a, -1.0), offsets), ranked, bits(sites[2], count * (count - 1) // 2)]


def machine_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Fire transitions, and move the state."""
    rows = cast(FiniteState, task.settings).rows
    return [transitions(sites[0], task.reads, task.domain, rows), moved(sites[1], task.domain, rows)]
