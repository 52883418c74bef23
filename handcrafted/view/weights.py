"""A model's arrays as heatmaps with the names of its coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from handcrafted.view.figures import drawn
from handcrafted.view.heatmap import MapPanel, figure_of


def heatmaps(panels: Sequence[MapPanel], form: str = "png", dpi: float = 200, drop_zero: bool = True) -> bytes:
    """Draw panels as `png` or `svg`.

    Raises:
        HandcraftedError: if there is no panel.
    """
    return drawn(lambda: figure_of(panels, drop_zero), form, dpi)


def panels_of_model(model: Any) -> list[MapPanel]:
    """Give a model's effective weights as panels.

    The embedding, per head the product W_V W_O, per layer W_in and W_out, the unembedding and the recurrence.
    """
    weights, names = model.effective_weights, model.names
    arrays = {key: np.asarray(getattr(weights, key)) for key in ("W_E", "W_V", "W_O", "W_in", "W_out", "W_U", "W_R")}
    wide = {signal for signal, at in names.subspaces.items() if len(at) > 1}
    residual = tuple(coordinate_label(c, c.subspace in wide) for c in names.residual)
    inputs, outputs = (tuple(port_label(port) for port in ports) for ports in (names.inputs, names.outputs))
    return [
        MapPanel("W_E (input to residual stream)", arrays["W_E"], inputs, residual),
        *_layers(arrays, residual),
        MapPanel("W_U (residual stream to output)", arrays["W_U"], residual, outputs),
        MapPanel("W_R (residual stream to next step)", arrays["W_R"], residual, residual),
    ]


def _layers(arrays: dict[str, np.ndarray], residual: tuple[str, ...]) -> Iterator[MapPanel]:
    """Give the panels of each layer: its heads, then its neurons; heads that are zero are left out."""
    for layer in range(arrays["W_in"].shape[0]):
        products = arrays["W_V"][layer] @ arrays["W_O"][layer]
        for head, product in enumerate(products):
            if product.any():
                yield MapPanel(
                    f"layer {layer}, head {head}: W_V W_O (residual stream to itself)", product, residual, residual
                )
        neurons = tuple(f"N{number}" for number in range(arrays["W_in"].shape[2]))
        if neurons:
            yield MapPanel(
                f"layer {layer}: W_in (residual stream to neurons)", arrays["W_in"][layer], residual, neurons
            )
            yield MapPanel(
                f"layer {layer}: W_out (neurons to residual stream)", arrays["W_out"][layer], neurons, residual
            )


def coordinate_label(coordinate: Any, numbered: bool = True) -> str:
    """Name a coordinate of the residual stream: owner, role, signal, and its number where a signal has several."""
    owner, role, signal, index = coordinate
    return f"{owner or '(outside)'} / {role.replace('_', ' ')} / {signal}" + (f" [{index}]" if numbered else "")


def port_label(port: Any) -> str:
    """Name a number that enters or leaves the network, by its value where it is one of a list."""
    which = f" = {port.domain.values[port.index]}" if port.domain.values else ""
    return f"{port.owner or '(outside)'} / {port.signal}{which}"
