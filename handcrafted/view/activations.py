"""What a run held: the residual stream over time, and where each head looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handcrafted.model.cache import ActivationCache
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown
from handcrafted.view.heatmap import (
    CELL,
    LETTER,
    LINE,
    MapPanel,
    about_zero,
    figure_of,
    scale_of,
    short,
)
from handcrafted.view.model_panels import coordinate_label
from handcrafted.view.output import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("activations", "attention")

MAX_STEPS, MAX_ROWS = 60, 80
"""Steps and coordinates that a picture shows; it says how many it leaves out."""

VARIES = 1e-3
"""Change of an attention weight over a run from which a head is said to look by content."""


def cache_picture(
    cache: ActivationCache, form: str = "png", dpi: float = 150, kind: str = "activations", run: int = 0
) -> bytes:
    """Draw one run of a cache: its `activations`, the stream over time, or its `attention`.

    Raises:
        HandcraftedError: if the kind is not known, or there is no such run.
    """
    if kind not in KINDS:
        raise HandcraftedError(f"Expected kind out of {', '.join(KINDS)}, got {shown(kind)}. Choose one of them.")
    if kind == "attention":
        return drawn(lambda: figure_of([attention_panel(cache, run)], drop_zero=False), form, dpi)
    return drawn(lambda: _stream(cache, run), form, dpi)


def attention_panel(cache: ActivationCache, run: int = 0) -> MapPanel:
    """Return where every head looked at the last step [head, steps ago].

    A head whose weights change from step to step looks by content, and is marked.
    """
    pattern = _of_run(cache, "pattern", run)
    rows, labels = [], []
    for (layer, head), name in sorted(cache.heads.items()):
        weights = pattern[:, layer, head]
        varies = bool(np.abs(np.diff(weights, axis=0)).max(initial=0.0) > VARIES)
        rows.append(weights[-1])
        labels.append(f"{name} / layer {layer}, head {head}" + (", by content" if varies else ""))
    if not rows:
        raise HandcraftedError("Expected a network with heads, got one without. Draw its activations.")
    window = pattern.shape[-1]
    columns = tuple("now" if ago == 0 else str(ago) for ago in range(window))
    title = f"attention at the last of {len(pattern)} steps"
    return MapPanel(title, np.stack(rows), tuple(labels), columns, ("heads", "steps ago"))


def _of_run(cache: ActivationCache, name: str, run: int) -> np.ndarray:
    """Return an activation of one run, its time axis first."""
    array = cache[name]
    batch = array.shape[: array.ndim - {"pattern": 4, "final": 2}[name]]
    flat = array.reshape(-1, *array.shape[len(batch) :])
    if not isinstance(run, int) or not 0 <= run < len(flat):
        raise HandcraftedError(f"Expected run from 0 to {len(flat) - 1}, got {shown(run)}. Choose one of the cache's.")
    return flat[run]


def _stream(cache: ActivationCache, run: int) -> Figure:
    """Draw the stream after the last layer, a row per coordinate, each with colours up to its own largest magnitude."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    stream = _of_run(cache, "final", run)[:MAX_STEPS].T
    wide = {signal for signal, at in cache.names.subspaces.items() if len(at) > 1}
    kept = np.flatnonzero((stream != 0).any(axis=1))
    used, values = kept[:MAX_ROWS], stream[kept[:MAX_ROWS]]
    labels = [
        coordinate_label(cache.names.residual[i], cache.names.residual[i].subspace in wide).replace(" / ", " · ")
        for i in used
    ]
    steps = stream.shape[1]
    left = max(map(len, labels), default=10) * LETTER + 0.3
    width, height = max(steps * CELL, 3.0), max(len(used), 1) * (LINE + 0.1)
    figure = Figure(figsize=(left + width + 0.9, height + 1.3))
    FigureCanvasAgg(figure)
    total = figure.get_size_inches()
    axes = figure.add_axes((left / total[0], 0.5 / total[1], width / total[0], height / total[1]))
    most = np.abs(values).max(axis=1, initial=0.0)
    share = values / np.where(most > 0, most, 1.0)[:, None]
    axes.imshow(
        share, cmap=about_zero(), norm=scale_of([np.array([-1.0, 1.0])]), aspect="auto", interpolation="nearest"
    )
    axes.set_yticks(range(len(used)), labels, fontsize=7)
    axes.set_xticks(range(0, steps, max(1, steps // 20)))
    axes.tick_params(length=0, labelsize=7)
    axes.set_xlabel("step", fontsize=8)
    for row, magnitude in enumerate(most):
        axes.text(steps - 0.4, row, f"±{short(float(magnitude))}", va="center", fontsize=7, color="#555555")
    axes.set_title(_title(stream, kept, cache), fontsize=8)
    return figure


def _title(stream: np.ndarray, kept: np.ndarray, cache: ActivationCache) -> str:
    """Say what the rows are, and what is left out."""
    lines = ["residual stream after the last layer; white is 0, full colour the magnitude at the right"]
    left_out = [f"{len(stream) - len(kept)} coordinates that stay 0"] if len(stream) > len(kept) else []
    left_out += [f"{len(kept) - MAX_ROWS} more"] if len(kept) > MAX_ROWS else []
    steps = cache["final"].shape[-2]
    left_out += [f"{steps - MAX_STEPS} later steps"] if steps > MAX_STEPS else []
    return "\n".join([*lines, *([f"(without {', '.join(left_out)})"] if left_out else [])])
