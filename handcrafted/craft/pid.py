"""PID control with limits: a saturated sum, and an integral that does not wind up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.control.settings.moving import Pid
from handcrafted.craft.circuit import Circuit, Site
from handcrafted.craft.linear import linear
from handcrafted.craft.saturation import ceiling, floor, gap
from handcrafted.craft.steps_ago import steps_ago


def pid(k: Pid, sites: Sequence[Site], reads: int, limits: tuple[float, float], time_step: float) -> list[Circuit]:
    """Build the stages before the result: perhaps the measurement before, the saturated sum, perhaps the new integral.

    Formula: with e = r - y and v = kp e + I - kd (y - y') / dt: f = r(v - low), g = r(b - f), the result is high - g,
        I' = clip(I + ki dt e, low, high), or with tracking I' = I + ki dt e + kt dt (high - g - v).
    Source: Astrom & Hagglund 2006, Advanced PID Control, sections 3.5 (windup), 13.4 (discretisation).
    Error: proved bound that of the two float32 sums, (n + 1) 2^-23 of their absolute terms per step, regression bound
        4.4e-6 over 400 steps of values up to 4; the output's limits are exact.

    Args:
        k: gains.
        sites: of the stages, in order.
        reads: 2 for a set point and a measurement, 1 for an error.
        limits: of the output, and of an integral that does not track.
        time_step: in the unit of time of `ki` and `kd`.
    """
    low, high = limits
    error = np.array([1.0, -1.0])[:reads]
    rate = (1.0 if reads == 1 else -1.0) * k.kd / time_step
    free = k.kp * error
    free[-1] += rate
    before = [steps_ago(sites[0], 1, 1)] if k.kd else []
    sum_of = np.array([*free, *([-rate] if k.kd else []), *([1.0] if k.ki else [])])
    at = sites[len(before) :]
    found = [*before, floor(at[0], sum_of, low), gap(at[1], low, high)]
    rise = k.ki * time_step * error
    if k.tracking is not None:
        pulled = k.tracking * time_step
        own = np.array([*rise, *([0.0] if k.kd else []), 1.0])
        row = np.array([*(own - pulled * sum_of), -pulled])[reads if k.cancels else 0 :]
        found.append(linear(at[2], row[None], np.array([pulled * high])))
    elif k.ki:
        found += [floor(at[2], np.array([*rise, 1.0]), low), gap(at[3], low, high), ceiling(at[4], high)]
    return found
