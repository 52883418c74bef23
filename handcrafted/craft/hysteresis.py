"""Hysteresis: a comparator whose threshold depends on its own last answer, which the recurrence carries."""

from __future__ import annotations

import numpy as np

from handcrafted.control.settings.switching import Hysteresis
from handcrafted.craft.circuit import Circuit, Neurons, Site, circuit
from handcrafted.craft.comparator import ramp_above, ramp_below


def band(site: Site, signs: np.ndarray, settings: Hysteresis, grid: float | None, span: float) -> Circuit:
    """Build the first stage: 0 where it will be on, at least 1 where it will be off.

    Formula: heating: n = r(1 - g (a - x) - g (b - a) s), on below a while off (s = 0), off from b on while on (s = 1);
        cooling: the same over -x. The second stage `r(1 - n)` is the new state.
    Source: Schmitt 1938, A thermionic trigger.
    Error: proved bound 0 on the grid and outside the two bands of width 1 / g, regression bound 0; inside
        them the state is a fraction s, and the next step's threshold lies in proportion between a and b: a proof must
        allow any s in [0, 1].

    Args:
        site: what it reads, its state last.
        signs: [read], +1 for what is compared, -1 for what it is compared with.
        settings: the thresholds.
        grid: the step of the values, None where nothing rounds them.
        span: the width of their range.
    """
    low, high = settings.thresholds
    if not settings.heats:
        signs, low, high = -signs, -high, -low
    scale = max(span, abs(low), abs(high))
    on, off = ramp_below(low, grid, scale), ramp_above(high, grid, scale)  # one scale, one gain
    gain, stays = on.gain, -off.start + 1 / off.gain
    into = np.concatenate([gain * signs, [-gain * (stays - on.start)]])[:, None]
    body = Neurons(into, np.array([1 - gain * on.start]), np.eye(1))
    formula = f"n = r(1 - {gain:g} ({on.start:g} - x) - {gain * (stays - on.start):g} s)"
    return circuit(site, "band", body, formula, "Schmitt 1938", "0 outside the bands of width 1 / g")
