"""Which circuits make up which law: its stages, and the one that writes its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np

from handcrafted.control.domain import Domain, issue_values
from handcrafted.control.resolved import Task
from handcrafted.control.settings.choosing import Lookahead, Lookup
from handcrafted.control.settings.moving import Difference, MovingAverage
from handcrafted.control.settings.observing import Observer
from handcrafted.control.settings.switching import Relay
from handcrafted.control.settings.weighing import Constant, DeadBand, limits_of
from handcrafted.craft import stages as before
from handcrafted.craft.choosing import least
from handcrafted.craft.circuit import Circuit, Site
from handcrafted.craft.decision_table import any_row, rows_of
from handcrafted.craft.extremum import tournament
from handcrafted.craft.guard import guard_stages, guarded
from handcrafted.craft.linear import copy, linear, terms_of
from handcrafted.craft.logic import gated, vetoed
from handcrafted.craft.piecewise import absolute, between, dead_band
from handcrafted.craft.saturation import ceiling
from handcrafted.craft.steps_ago import steps_ago


def _issue(task: Task, site: Site, domain: Domain) -> Circuit:
    """Issue by as many bits as the result reads, any of them; for `xor` they add and subtract in turn."""
    count = len(rows_of(task)) if task.when else len(task.reads) if task.law == "xor" else 1
    weights = (-1.0) ** np.arange(count) if task.law == "xor" else np.ones(count)
    return any_row(site, weights, domain, issue_values(domain, getattr(task.settings, "value", None)))


def _capped(task: Task, site: Site, domain: Domain) -> Circuit:
    return ceiling(site, limits_of(task.settings, task.domain)[1])


def _weighed(task: Task, site: Site, domain: Domain) -> Circuit:
    return _capped(task, site, domain) if task.stages else linear(site, *terms_of(task, domain))


def _constant(task: Task, site: Site, domain: Domain) -> Circuit:
    value = domain.encode(cast(Constant, task.settings).said).astype(float)
    return linear(site, np.zeros((domain.width, 0)), value)


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


def _estimated(task: Task, site: Site, domain: Domain) -> Circuit:
    return linear(site, cast(Observer, task.settings).observed.out[None], np.zeros(1))


def _nearest(task: Task, site: Site, domain: Domain) -> Circuit:
    return least(site, np.array(cast(Lookahead, task.settings).candidates)[:, None])


def _passed(task: Task, site: Site, domain: Domain) -> Circuit:
    """Give what passes the gates; the last read decides."""
    return gated(site, [read.domain for read in task.reads[:-1]])


class Build(NamedTuple):
    """How a law is built: the circuit that writes its result, and those before it."""

    result: Callable[[Task, Site, Domain], Circuit]
    stages: Callable[[Task, Sequence[Site]], list[Circuit]] = lambda task, sites: []


BUILDS: dict[str | None, Build] = {
    None: Build(_weighed),
    "absolute value": Build(lambda task, site, domain: absolute(site)),
    "and": Build(_issue, before.vote_stages),
    "argmin": Build(lambda task, site, domain: least(site, np.eye(len(task.reads))), before.argmin_stages),
    "comparator": Build(_issue, before.comparator_stages),
    "constant": Build(_constant),
    "dead band": Build(lambda task, site, domain: dead_band(site, cast(DeadBand, task.settings).width)),
    "decision table": Build(_issue, before.table_stages),
    "delay": Build(lambda task, site, domain: steps_ago(site, before.lag_of(task), domain.width)),
    "difference": Build(_differ, before.before_stages),
    "finite state": Build(_copied, before.machine_stages),
    "gate": Build(_passed, before.gated_stages),
    "guard": Build(guarded, guard_stages),
    "hysteresis": Build(_issue, before.hysteresis_stages),
    "integrator": Build(_copied, before.integrator_stages),
    "k of n": Build(_issue, before.vote_stages),
    "latch": Build(_issue, before.latch_stages),
    "linear": Build(_weighed, before.limited_stages),
    "lookahead": Build(_nearest, before.lookahead_stages),
    "lookup": Build(_found, before.lookup_stages),
    "maximum": Build(lambda task, site, domain: tournament(site, 2, 1), before.rounds_stages),
    "median": Build(lambda task, site, domain: tournament(site, 2, 1), before.median_stages),
    "minimum": Build(lambda task, site, domain: tournament(site, 2, -1), before.rounds_stages),
    "moving average": Build(_mean, before.average_stages),
    "multiplexer": Build(_passed, before.gated_stages),
    "observer": Build(_estimated, before.observer_stages),
    "or": Build(_issue, before.vote_stages),
    "pid": Build(_capped, before.pid_stages),
    "rate limiter": Build(_copied, before.rate_stages),
    "relay": Build(_swing, before.relay_stages),
    "saturation": Build(_capped, before.saturation_stages),
    "timer": Build(_copied, before.count_stages),
    "veto": Build(lambda task, site, domain: vetoed(site), before.veto_stages),
    "watchdog": Build(_issue, before.count_stages),
    "xor": Build(_issue, before.vote_stages),
}
"""How each law is built."""


def stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Build the circuits of a law before the one that writes its result."""
    return BUILDS[task.law].stages(task, sites) if sites else []


def result(task: Task, site: Site, domain: Domain) -> Circuit:
    """Build the circuit that writes a law's result."""
    return BUILDS[task.law].result(task, site, domain)
