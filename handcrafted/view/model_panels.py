"""A model's effective weights as panels of heatmaps, and what their rows and columns are called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handcrafted.model.component import ends_of, heads_of, neurons_of
from handcrafted.model.weights import Weights
from handcrafted.view.heatmap import MapPanel

STREAM = "residual stream"


def panels_of_model(model: Any) -> list[MapPanel]:
    """Return a model's effective weights as panels.

    The embedding, per head the product W_V W_O, per layer W_in and W_out, the unembedding and the recurrence.
    """
    weights, names = model.effective_weights.numpy(), model.names
    ends = ends_of(weights)
    wide = {signal for signal, at in names.subspaces.items() if len(at) > 1}
    residual = tuple(coordinate_label(c, c.subspace in wide) for c in names.residual)
    inputs, outputs = (tuple(port_label(port) for port in ports) for ports in (names.inputs, names.outputs))
    return [
        MapPanel("embedding W_E", ends.embedding, inputs, residual, ("input", STREAM)),
        *_layers(weights, residual),
        MapPanel("unembedding W_U", ends.unembedding, residual, outputs, (STREAM, "output")),
        MapPanel("recurrence W_R", ends.recurrence, residual, residual, (STREAM, "next step's")),
    ]


def _layers(weights: Weights, residual: tuple[str, ...]) -> Iterator[MapPanel]:
    """Return the panels of each layer: its heads, then its neurons; heads that are zero are left out."""
    heads, mlp = heads_of(weights), neurons_of(weights)
    for layer, into in enumerate(mlp.into):
        products = heads.value[layer] @ heads.output[layer]
        for head, product in enumerate(products):
            if product.any():
                title = f"layer {layer}, head {head}: W_V W_O"
                yield MapPanel(title, product, residual, residual, (STREAM, STREAM))
        neurons = tuple(f"N{number}" for number in range(into.shape[1]))
        if neurons:
            yield MapPanel(f"layer {layer}: W_in", into, residual, neurons, (STREAM, "neurons"))
            yield MapPanel(f"layer {layer}: W_out", mlp.out[layer], neurons, residual, ("neurons", STREAM))


def coordinate_label(coordinate: Any, numbered: bool = True) -> str:
    """Name a coordinate of the residual stream: owner, role, signal, and its number where a signal has several."""
    owner, role, signal, index = coordinate
    return f"{owner or '(outside)'} / {role.replace('_', ' ')} / {signal}" + (f" [{index}]" if numbered else "")


def port_label(port: Any) -> str:
    """Name a number that enters or leaves the network, by its value where it is one of a list."""
    which = f" = {port.domain.values[port.index]}" if port.domain.values else ""
    return f"{port.owner or '(outside)'} / {port.signal}{which}"
