"""The baseline that every look inside must beat: inputs and outputs alone, and nothing of what lies between."""

from __future__ import annotations

import numpy as np

from handcrafted.control.graph import Edge, SignalGraph
from handcrafted.readout.edges import sequences
from handcrafted.readout.registry import register
from handcrafted.readout.target import TargetNetwork, finite
from handcrafted.readout.tolerances import EFFECT_FLOOR


@register("black box", kind="causal")
def black_box(subject: TargetNetwork) -> SignalGraph:
    """Draw an edge from an input to an output that answers when the input alone is another at one step.

    Formula: outputs(t + k) with input u(t) taken from another run, against outputs(t + k); the lag is the first k
        that differs by more than 2^-20 of the output's size, declared or seen.
    Source: step responses, as in system identification.
    Error: sees no link between controllers, and nothing that does not show outside within the window.
    """
    inputs = sequences(subject.names, 2 * subject.window - 1, subject.seed)
    step = subject.window - 1
    before = finite(subject.run(inputs)[0], "its outputs").astype(float)
    order = np.random.default_rng(subject.seed).permutation(len(inputs))
    edges: list[Edge] = []
    for source, rows in subject.names.input_signals.items():
        changed = inputs.copy()
        changed[:, step, rows] = inputs[order][:, step, rows]
        after = finite(subject.run(changed)[0], "its outputs").astype(float)
        effect = np.abs(after - before)[:, step:].max(axis=0)
        for target, columns in subject.names.output_signals.items():
            size = max(float(np.abs(before)[..., columns].max()), float(subject.size(target).max()))
            late = np.flatnonzero(effect[:, columns].max(axis=1) > EFFECT_FLOOR * size)
            if late.size:
                peak = float(effect[:, columns].max())
                seen = {"effect": peak, "strength": peak / size}
                edges.append(Edge(source, target, int(late[0]), evidence=seen))
    return SignalGraph([*subject.names.input_signals, *subject.names.output_signals], edges)
