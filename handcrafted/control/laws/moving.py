"""Laws over time and laws with limits: delay, difference, integrator, saturation."""

from __future__ import annotations

from typing import cast

import numpy as np

from handcrafted.control.domain import Domain
from handcrafted.control.laws.given import Answer, Given
from handcrafted.control.resolved import Task
from handcrafted.control.settings import Delay, Difference, Integrator, Saturation
from handcrafted.control.staging import limits_of


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
    rise = settings.gain * task.time_step * np.sum(given.now, axis=0) if given.now else 0.0
    state = np.clip(given.state + rise, *limits_of(settings, task.domain))
    return Answer(state, state)


def saturation(task: Task, given: Given, domain: Domain) -> Answer:
    """Cut the read off at the limits."""
    return Answer(np.clip(given.now[0], *limits_of(cast(Saturation, task.settings), task.domain)))
