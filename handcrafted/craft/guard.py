"""A guard: what a subordinate requests is saturated, then gated; where it is vetoed the safe value stands, exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.resolved import Task
from handcrafted.craft.circuit import Circuit, Neurons, Site, circuit
from handcrafted.craft.comparator import bits
from handcrafted.craft.decision_table import comparisons, rows_of, table_ramps, table_rows
from handcrafted.craft.saturation import exact_bias, floor, gap


def limits(domain: Domain) -> tuple[float, float]:
    """Give the limits of each coordinate of an action."""
    return (0.0, 1.0) if domain.discrete else (domain.low, domain.high)


def guard_stages(task: Task, sites: Sequence[Site]) -> list[Circuit]:
    """Test what is permitted, turn it into a veto, and saturate the request."""
    *tests, low_site, gap_site = sites
    low, high = limits(task.domain)
    width = task.domain.width
    limited = [floor(low_site, np.eye(width), low), gap(gap_site, low, high, width)]
    if task.when is None:
        return limited
    when = rows_of(task)
    words = [(read.name, read.domain) for read in task.tested if read.domain.discrete]
    real = [read for read in task.tested if not read.domain.discrete]
    compared = [table_ramps(tests[0], real, when), bits(tests[1], len(comparisons(when)))] if real else []
    return [*compared, table_rows(tests[-2], words, when), veto(tests[-1], len(when)), *limited]


def veto(site: Site, rows: int) -> Circuit:
    """Build what closes a guard: 1 where no row of what is permitted holds.

    Formula: c = r(1 - sum of rows).
    Source: threshold units, McCulloch & Pitts 1943.
    Error: proved bound 0, regression bound 0.
    """
    body = Neurons(-np.ones((rows, 1)), np.ones(1), np.eye(1))
    return circuit(site, "veto", body, "c = r(1 - sum of rows)", "McCulloch & Pitts 1943", "0")


def guarded(task: Task, site: Site, domain: Domain) -> Circuit:
    """Build the last stage of a guard, for each coordinate of the action.

    Formula: y = safe + r(u - g - b c) - r(g - u - b c), u = high - safe, b = high - low, g = high - request,
        c the veto.
    Source: two rectified units; everything is measured from the safe value, so that a veto leaves nothing else.
    Error: proved bound 3 * 2^-23 (|low| + |high|) where permitted; in [low, high] for any g in [0, b] and c in [0, 1],
        and exactly the safe value where c = 1; regression bound 4.8e-7 for limits up to 4.
    """
    assert task.safe is not None
    low, high = limits(domain)
    safe = domain.encode(task.safe)
    reach = np.array([reaches(low, high, value) for value in safe])
    most = max(float(exact_bias(low, high)), float(reach.max()))
    gated = np.full((int(task.when is not None), 2 * domain.width), -most)
    eye = np.eye(domain.width)
    into = np.concatenate([np.hstack([-eye, eye]), gated])
    bias, out = np.concatenate([reach[:, 0], -reach[:, 1]]), np.concatenate([eye, -eye])
    alive = np.concatenate([reach[:, 0] > 0, float(exact_bias(low, high)) - reach[:, 1] > 0])
    into, bias, out = into[:, alive], bias[alive], out[alive]
    if safe.any():
        into, bias = np.hstack([into, np.zeros((len(into), 1))]), np.append(bias, 1.0)
        out = np.concatenate([out, safe[None].astype(float)])
    formula = "y = safe + r(u - g - b c) - r(g - u - b c), u = high - safe, b = high - low"
    return circuit(site, "guard", Neurons(into, bias, out), formula, "two rectified units", "limits and veto exact")


def reaches(low: float, high: float, safe: np.float32) -> tuple[float, float]:
    """Give how far the result may go above the safe value, and from where on it goes below.

    Both are high - safe but for a rounding, with fl(safe + first) <= high and fl(safe - fl(b - second)) >= low.
    """
    up = exact_bias(-high, -float(safe))
    width, down = exact_bias(low, high), up
    while np.float32(safe) - (width - down) < np.float32(low):
        down = np.nextafter(down, np.float32(np.inf))
    return float(up), float(down)
