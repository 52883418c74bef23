"""The positional head: it attends to exactly k steps ago, and with k = 0 it receives what stands there now."""

from __future__ import annotations

import numpy as np

from handcrafted.components.circuit import Circuit, Head, Site, circuit
from handcrafted.control.resolved import LawInstance
from handcrafted.control.vocabulary import WINDOW
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import possessive

HARD = 104.0
"""Score gap from which a float32 softmax is exactly 0 and 1: exp(-104) is below half the least denormal."""


def nearest_alias(window: int = WINDOW) -> float:
    """Return the least loss of score, per unit of scale, between the wanted lag and any other in the window.

    Formula: min over d = 1 … window - 1 of 1 - cos d.
    """
    return float(np.min(1.0 - np.cos(np.arange(1, window))))


def positional_biases(lag: int, window: int = WINDOW) -> tuple[np.ndarray, np.ndarray]:
    """Return the query and key biases [2] of a head that attends to `lag` steps ago alone.

    Formula: query = s (cos lag, -sin lag), key = s (1, 0), s^2 = 104 / min(1 - cos d); the score at lag j is
        s^2 cos(j - lag).
    Source: Su et al. 2021, RoFormer, section 3.2.
    Error: proved bound 0, regression bound 0; the softmax is exactly one-hot.

    Raises:
        HandcraftedError: if the window is too short for the lag.
    """
    if not 0 <= lag < window:
        raise HandcraftedError(
            f"Expected a lag of 0 to {window - 1} steps, got {lag}. Lengthen the window or cut the delay."
        )
    scale = np.sqrt(1.001 * HARD / nearest_alias(window))
    return scale * np.array([np.cos(lag), -np.sin(lag)]), scale * np.array([1.0, 0.0])


def receive(site: Site, width: int, window: int = WINDOW) -> Circuit:
    """Build the head with which a controller receives a link: it copies the sender's port, at the current step.

    Formula: received = port.
    Source: design of this library: every link is one zero-lag head of its receiver.
    Error: proved bound 0, regression bound 0.
    """
    (port,) = site.reads
    formula = f"{site.write.name} = {possessive(port.owner or 'outside')} {port.name}, now"
    return circuit(site, "head", _head(0, width, window), formula, "zero-lag positional head", "0")


def steps_ago(site: Site, lag: int, width: int, window: int = WINDOW) -> Circuit:
    """Build a delay line: a head that copies what a subspace held `lag` steps ago.

    Before that many steps have passed it finds what was declared for t < 0.

    Formula: y(t) = x(t - lag).
    Source: Su et al. 2021, RoFormer, section 3.2 (a rotary head that attends by position alone).
    Error: proved bound 0, regression bound 0.
    """
    formula = f"{site.write.name} = {site.reads[0].name}, {lag} step{'s' if lag > 1 else ''} ago"
    return circuit(site, "delay", _head(lag, width, window), formula, "positional head", "0")


def _head(lag: int, width: int, window: int) -> Head:
    return Head(*positional_biases(lag, window), np.eye(width), np.eye(width))


def within_window(steps: int, task: LawInstance) -> int:
    """Return how far a law looks back.

    Raises:
        HandcraftedError: if that is beyond the window.
    """
    if steps >= WINDOW:
        raise HandcraftedError(
            f"Expected `steps` of the {task.law} of {task.name} of {task.owner} within the window, 1 to {WINDOW - 1}, "
            f"got {steps}. Look back less far, or keep what you need in a law with memory."
        )
    return steps
