"""One array of a model or of a run, entry by entry, in a notebook: axes have their names, and positions theirs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from handcrafted.model.cache import ActivationCache
from handcrafted.model.names import Names
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import FIELD_AXES
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown
from handcrafted.view.model_panels import coordinate_label, port_label

COLUMNS = "head", "d_head", "d_mlp", "neuron", "n_out", "steps ago"
"""Axes that run from left to right; of two of the stream the later one does too."""

MAX_CELLS, CELL = 20_000, 12
"""Entries that are shown, of more those at the edges; and how large each is, in pixels."""


class ArrayView:
    """An array as a notebook shows it: a cell for each entry, which says on hovering where it stands and what it is.

    Attributes:
        name: of the array.
        values: its numbers.
        axes: what each axis is called.
        labels: what stands at each position of an axis, by the number of the axis.
        acting: where an entry may act; None where all may.
    """

    def __init__(
        self,
        name: str,
        values: np.ndarray,
        axes: Sequence[str],
        labels: Mapping[int, Sequence[str]],
        acting: np.ndarray | None = None,
    ):
        self.name, self.values, self.axes, self.labels, self.acting = name, values, tuple(axes), labels, acting

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis} {size}" for axis, size in zip(self.axes, self.values.shape, strict=True))
        return f"{self.name} [{axes}]: {np.count_nonzero(self.values):,} of {self.values.size:,} entries are not 0"

    def _repr_html_(self) -> str:
        import treescope

        every = range(len(self.axes))
        right = [i for i in every if self.axes[i] in COLUMNS or self.axes[i] in self.axes[:i]] or [every[-1]]
        down = [i for i in every if i not in right]
        figure = treescope.render_array(
            self.values, valid_mask=self.acting, columns=right[::-1], rows=down[::-1], around_zero=True,
            axis_labels=dict(enumerate(self.axes)), axis_item_labels={i: list(said) for i, said in self.labels.items()},
            trim_outliers=False, truncate=self.values.size > MAX_CELLS, pixels_per_cell=CELL,
        )  # fmt: skip
        return _named(figure._repr_html_())


def _named(page: str) -> str:
    """Return a page with a name for its place that follows from its content, not a random one: the same every time."""
    place, *_ = re.findall(r"treescope_out_[0-9a-f]+", page) or [""]
    plain = page.replace(place, "treescope_out_") if place else page
    return page.replace(place, f"treescope_out_{hashlib.sha256(plain.encode()).hexdigest()[:32]}") if place else page


def array_view(thing: Any, array: str) -> ArrayView:
    """Look at one array, entry by entry.

    Args:
        thing: a model, for an array of its raw weights, in which what the access policy masks is crossed out; or the
            `ActivationCache` of a run.
        array: its name, such as `W_in` or `resid_post`.

    Raises:
        HandcraftedError: if the thing has no arrays, or none of that name.
    """
    if isinstance(thing, Transformer):
        axes = FIELD_AXES[_known(array, FIELD_AXES)]
        labels = {i: said for i, axis in enumerate(axes) if (said := _labels(axis, thing.names))}
        return ArrayView(array, np.asarray(thing.weights[array]), axes, labels, np.asarray(thing.masks[array]))
    if isinstance(thing, ActivationCache):
        values = thing[_known(array, thing)]
        axes = thing.axes(array)
        return ArrayView(
            array, values, axes, {i: s for i, axis in enumerate(axes) if (s := _labels(axis, thing.names))}
        )
    raise HandcraftedError(
        f"Expected a model or an ActivationCache to show an array of, got {type(thing).__name__}. Leave `array` out."
    )


def _known(array: Any, names: Mapping[str, Any]) -> str:
    if not isinstance(array, str) or array not in names:
        near = nearest(array, names) if isinstance(array, str) else ""
        raise HandcraftedError(
            f"Expected the name of an array, got {shown(array)}.{near} Known are: {', '.join(names)}."
        )
    return array


def _labels(axis: str, names: Names) -> tuple[str, ...]:
    """Return what the positions along an axis are called; nothing where they have numbers alone."""
    if axis == "d_model":
        wide = {signal for signal, at in names.subspaces.items() if len(at) > 1}
        return tuple(coordinate_label(one, one.subspace in wide) for one in names.residual)
    ports = {"n_in": names.inputs, "n_out": names.outputs}.get(axis, ())
    return tuple(map(port_label, ports))
