"""Laws over time and laws with limits: looking back, adding up, limiting, counting, observing."""

from __future__ import annotations

from typing import cast

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.given import Answer, Given, switched
from handcrafted.control.laws.logic import truths
from handcrafted.control.resolved import Task
from handcrafted.control.settings.moving import (
    Counting,
    Delay,
    Difference,
    Integrator,
    MovingAverage,
    Pid,
    RateLimiter,
)
from handcrafted.control.settings.observing import Observer
from handcrafted.control.settings.weighing import Saturation, limits_of


def delay(task: Task, given: Given, domain: Domain) -> Answer:
    """Give what was read k steps ago."""
    return Answer(given.ago(cast(Delay, task.settings).steps)[0])


def difference(task: Task, given: Given, domain: Domain) -> Answer:
    """Give gain times (the read minus what it was k steps ago)."""
    settings = cast(Difference, task.settings)
    return Answer(settings.gain * (given.now[0] - given.ago(settings.steps)[0]))


def integrator(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the running sum, stopped at its limits (anti-windup by clamping).

    Formula: I' = clip(I + gain dt sum of reads, low, high).
    Source: Astrom & Hagglund 2006, Advanced PID Control, section 3.5.
    """
    settings = cast(Integrator, task.settings)
    assert given.state is not None
    rise = settings.gain * task.time_step * sum(given.now, np.zeros(()))
    state = np.clip(given.state + rise, *limits_of(settings, task.domain))
    return Answer(state, state)


def pid(task: Task, given: Given, domain: Domain) -> Answer:
    """Control an error by its size, its sum over time and its rate of change, within limits.

    Formula: u = clip(kp e + I - kd (y - y') / dt, low, high), e = r - y, y' the measurement before; I' = clip(I + ki dt
        e, low, high), or with tracking I' = I + ki dt e + kt dt (u - its value before the limits).
    Source: Astrom & Hagglund 2006, Advanced PID Control, sections 3.5 (windup), 13.4 (discretisation).
    """
    k, dt, limits = cast(Pid, task.settings), task.time_step, limits_of(task.settings, domain)
    first, *second = given.now
    error, sign = (first - second[0], -1.0) if second else (first, 1.0)
    free = k.kp * error
    if k.kd:
        (*_, now), (*_, before) = given.now, given.ago(1)
        free = free + sign * k.kd / dt * (now - before)
    if given.state is None:
        return Answer(np.clip(free, *limits))
    free = free + given.state
    out, rise = np.clip(free, *limits), k.ki * dt * error
    if k.tracking is None:
        return Answer(out, np.clip(given.state + rise, *limits_of(k, task.domain)))
    return Answer(out, given.state + rise + k.tracking * dt * (out - free))


def saturation(task: Task, given: Given, domain: Domain) -> Answer:
    """Cut the read off at the limits."""
    return Answer(np.clip(given.now[0], *limits_of(cast(Saturation, task.settings), task.domain)))


def moving_average(task: Task, given: Given, domain: Domain) -> Answer:
    """Give the mean of the read over the last steps, this one included."""
    steps = cast(MovingAverage, task.settings).steps
    seen = [given.now[0], *(given.ago(k)[0] for k in range(1, steps))]
    return Answer(sum(seen, np.zeros(())) / steps)


def rate_limiter(task: Task, given: Given, domain: Domain) -> Answer:
    """Follow the read no faster than allowed."""
    rise, fall = cast(RateLimiter, task.settings).rates
    assert given.state is not None
    state = given.state + np.clip(given.now[0] - given.state, -fall * task.time_step, rise * task.time_step)
    return Answer(state, state)


def _count(task: Task, given: Given) -> np.ndarray:
    """Count a step, up to the limit, and from 0 where the read is on."""
    steps = cast(Counting, task.settings).steps
    assert given.state is not None
    back = sum(truths(task, given), np.zeros(()))[..., None] * (steps + 1)
    return np.clip(given.state + 1 - back, 0.0, steps)


def timer(task: Task, given: Given, domain: Domain) -> Answer:
    """Give how many steps have passed since the read was on."""
    count = _count(task, given)
    return Answer(count, count)


def watchdog(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue once the count has reached its limit."""
    count = _count(task, given)
    late = np.clip(count[..., 0] - cast(Counting, task.settings).steps + 1, 0.0, 1.0)
    return Answer(switched(task, late, domain), count)


def latch(task: Task, given: Given, domain: Domain) -> Answer:
    """Issue from `set` until `reset`."""
    assert given.state is not None
    on, off = truths(task, given)
    state = np.clip(given.state[..., 0] + on - off, 0.0, 1.0)
    return Answer(switched(task, state, domain), state[..., None])


def observer(task: Task, given: Given, domain: Domain) -> Answer:
    """Predict one step and correct by what was measured.

    Formula: x' = A x + sum of b u + gain (y - c x), result out x'.
    Source: Luenberger 1964, Observing the state of a linear system.
    """
    k = cast(Observer, task.settings).observed
    assert given.state is not None
    measured, *inputs = given.now
    driven = sum((u * k.b[r.name] for r, u in zip(task.reads[1:], inputs, strict=True)), np.zeros(()))
    state = given.state @ k.a.T + driven + (measured - given.state @ k.c[:, None]) * k.gain
    return Answer(state @ k.out[:, None], state)
