"""A network whose decisions that nobody states are free: what they issue is an input, and any value may stand there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from handcrafted.craft.build import build
from handcrafted.model.component import HeadArrays, ends_of
from handcrafted.model.entries import entries_of
from handcrafted.model.layout import writers_of
from handcrafted.model.network import Network
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import HandcraftedError


def freed(model: Transformer) -> Transformer:
    """Return a model with the circuits of another one, without those of decisions that nobody states.

    Every circuit keeps the numbers that it has in the model, edited or not; so do the wires that both have.

    Raises:
        HandcraftedError: if the model has not the circuits of its structure.
    """
    if not model.structure.unstated:
        return model
    network, old = build(model.structure.freed), model.network
    weights = network.weights.numpy()
    _take_circuits(weights, network, old, old.effective_weights.numpy())
    _take_wires(weights, network, old, old.effective_weights.numpy())
    return Transformer(weights, network.masks, network.names, network.layout, network.structure, model.window)


def _take_circuits(weights: Weights, network: Network, old: Network, numbers: Weights) -> None:
    """Put the numbers of the same circuits in place."""
    written = writers_of(old.layout)
    dims = range(min(weights.sizes["d_head"], numbers.sizes["d_head"]))
    scale = np.float32(np.sqrt(weights.sizes["d_head"] / numbers.sizes["d_head"]))
    for place in network.layout:
        same = written.get(place.writes)
        if same is None or len(same.components) != len(place.components):
            raise HandcraftedError(
                f"Expected a model with the circuits of its structure, got none that writes {place.writes} as its law "
                "does. Analyse a model that follows from its laws, or state the law of every decision."
            )
        now, before = entries_of(place, network.names, dims), entries_of(same, old.names, dims)
        queries = (now.query, now.query_bias) if isinstance(now, HeadArrays) else ()
        for entry, its in zip(now, before, strict=True):
            value = np.asarray(numbers[its.array])[its.index]
            weights[entry.array][entry.index] = value * scale if any(entry is one for one in queries) else value


def _take_wires(weights: Weights, network: Network, old: Network, numbers: Weights) -> None:
    """Put the numbers of embedding, recurrence, unembedding and the beginning in place, where both have them."""
    now, before = ends_of(weights), ends_of(numbers)
    stream, inputs, outputs = (
        _common(ours, theirs)
        for ours, theirs in (
            (network.names.residual, old.names.residual),
            (network.names.inputs, old.names.inputs),
            (network.names.outputs, old.names.outputs),
        )
    )
    both = lambda rows, columns: (np.ix_(rows[0], columns[0]), np.ix_(rows[1], columns[1]))
    for ours, theirs, (at, there) in (
        (now.embedding, before.embedding, both(inputs, stream)),
        (now.recurrence, before.recurrence, both(stream, stream)),
        (now.unembedding, before.unembedding, both(stream, outputs)),
        (now.constant, before.constant, stream),
        (now.initial, before.initial, stream),
        (now.output_bias, before.output_bias, outputs),
    ):
        ours[at] = theirs[there]


def _common(ours: Sequence[Any], theirs: Sequence[Any]) -> tuple[list[int], list[int]]:
    """Return the places of what both have, in ours and in theirs."""
    there = {one: place for place, one in enumerate(theirs)}
    pairs = [(place, there[one]) for place, one in enumerate(ours) if one in there]
    return [mine for mine, _ in pairs], [other for _, other in pairs]
