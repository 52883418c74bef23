"""Edge attribution by gradients: the slope of what a reader writes, times the change that it would see."""

from __future__ import annotations

from handcrafted.control.graph import SignalGraph
from handcrafted.readout.patching import by_intervention
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork

POINTS = 16
"""Slopes along the way of integrated gradients."""

PLAIN = (0.0,)
INTEGRATED = tuple((k + 0.5) / POINTS for k in range(POINTS))


@register("gradient", kind="causal")
def gradient(subject: TargetNetwork) -> SignalGraph:
    """Draw an edge u -> v where the slope of what u's readers write to v, times u(x') - u(x), is more than rounding.

    Formula: d v / d x_v . (u(x') - u(x)) at x, with x' another sample, zero, and noise, as in `patching`.
    Source: Syed, Rager & Conmy 2023, Attribution Patching Outperforms Automated Circuit Discovery.
    Error: exact where the reader is linear between x and x'; blind where it is flat at x: behind a rectified unit
        that is off, and wherever a hard attention looks. At exactly 0 the slope of a rectified unit counts as 0, so
        that even the exact pair r(x) - r(-x) looks flat for a word that is not said.
    """
    return by_intervention(subject, PLAIN)


@register("integrated gradients", kind="causal")
def integrated_gradients(subject: TargetNetwork) -> SignalGraph:
    """Draw the same with the mean slope along the straight way from x to x', at 16 midpoints.

    Formula: integral over a in [0, 1] of d v / d x_v at x + a (u(x') - u(x)), times the change, by the midpoint rule.
    Source: Sundararajan, Taly & Yan 2017, Axiomatic Attribution for Deep Networks; Marks et al. 2024 on edges.
    Error: that of the midpoint rule: a unit that is on along less than 1/16 of the way may be missed; ramps steeper
        than that are as good as jumps.
    """
    return by_intervention(subject, INTEGRATED)
