"""What an edge does to the network's outputs: the whole network runs again with that one edge patched.

Edges are data of one compiled function: which coordinates differ, and which readers see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from handcrafted.control.graph import OUTPUT, Signal, SignalGraph
from handcrafted.model.edit import EdgeEdit, Edit, no_edit
from handcrafted.model.forward import forward
from handcrafted.model.padding import widened
from handcrafted.model.weights import Weights
from handcrafted.readout.contrasts import sequences
from handcrafted.readout.subject import TargetNetwork

CONTROLS = 16
"""How many pairs that are no edges are patched as a control."""

RUNS, TOGETHER = 8, 32
"""Runs in which each pair is patched, and pairs that one compiled call takes."""

Pair = tuple[Signal, Signal]


def output_effects(subject: TargetNetwork, pairs: Sequence[Pair]) -> np.ndarray:
    """Give the largest change of any output [pair] when the readers that write the second signal see the first swapped.

    Formula: the readers' input changes by u(x') - u(x), with x' another run; everything after them runs on.
    Source: Wang et al. 2022, Interpretability in the Wild (path patching).
    Error: exact.
    """
    if not pairs or not subject.names.outputs:
        return np.zeros(len(pairs))
    w = subject.padded
    inputs = sequences(subject.names, 2, subject.seed)
    inputs = widened(np.tile(inputs, (-(-RUNS // len(inputs)), 1, 1))[:RUNS], w.sizes["n_in"])
    outputs, seen = forward(w, inputs, window=subject.window)
    order = np.random.default_rng(subject.seed).permutation(len(inputs))
    change = np.asarray(seen["final"])[order] - np.asarray(seen["final"])
    found = []
    for first in range(0, len(pairs), TOGETHER):
        some = pairs[first : first + TOGETHER]
        filled = [*some, *[some[-1]] * (TOGETHER - len(some))]
        edges = jax.tree.map(lambda *rows: np.stack(rows), *[_edge(subject, pair) for pair in filled])
        found.append(np.asarray(_scan(w, inputs, outputs, change, no_edit(w), edges, subject.window))[: len(some)])
    return np.concatenate(found)


def _edge(subject: TargetNetwork, pair: Pair) -> EdgeEdit:
    """Say which coordinates change (in place of the change itself) and which readers see it."""
    source, target = pair
    w, size = subject.padded, subject.padded.sizes
    outputs = np.zeros(size["n_out"], np.float32)
    if target.role == OUTPUT:
        outputs[subject.names.output_signals[target]] = 1
    at = subject.spaces.get(target, np.zeros(0, int))
    heads = np.any(w.W_O[..., at] != 0, axis=(2, 3)).astype(np.float32)
    neurons = np.any(w.W_out[..., at] != 0, axis=2).astype(np.float32)
    carry = np.float32(np.any(w.W_R[:, at] != 0))
    mask = np.zeros(size["d_model"], np.float32)
    mask[subject.spaces[source]] = 1
    return EdgeEdit(mask, heads, neurons, outputs, carry)


@partial(jax.jit, static_argnames="window")
def _scan(
    weights: Weights,
    inputs: Float[Array, "run time n_in"],
    outputs: Float[Array, "run time n_out"],
    change: Float[Array, "run time d_model"],
    nothing: Edit,
    edges: EdgeEdit,
    window: int,
) -> Float[Array, " pair"]:
    def one(edge: EdgeEdit) -> Array:
        def run(x: Array, delta: Array) -> Array:
            seen_by = EdgeEdit(delta * edge.delta, *(part[None] for part in edge[1:]))
            return forward(weights, x, None, window=window, edit=nothing._replace(edge=seen_by))[0]

        return jnp.abs(jax.vmap(run)(inputs, change) - outputs).max()

    return jax.lax.map(one, edges)


def no_edges(subject: TargetNetwork, graph: SignalGraph) -> list[Pair]:
    """Draw a sample of pairs of subspaces between which the graph has no edge."""
    wired = {(edge.source, edge.target) for edge in graph.edges}
    pairs = [(u, v) for u in subject.spaces for v in subject.spaces if u != v and (u, v) not in wired]
    chosen = np.random.default_rng(subject.seed).permutation(len(pairs))[:CONTROLS]
    return [pairs[i] for i in chosen]
