"""An intervention as data: what to keep and what to add, everywhere in the network.

The arrays are arguments of one compiled function, so a thousand different interventions compile once. Every field
has a leading time axis of length 1 (all steps alike) or of the sequence's length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from handcrafted.control.library import flipped, jax, jnp, library_of
from handcrafted.control.numbers import must_have_axes
from handcrafted.model.weights import Weights
from handcrafted.text.diagnostics import must_be


class EdgeEdit(NamedTuple):
    """A change of what chosen readers see, and nobody else.

    Attributes:
        delta: what is added to the residual as these readers see it [time, d_model].
        heads: which heads see it [time, layer, head], 0 or 1.
        neurons: which neurons see it [time, layer, d_mlp].
        outputs: which outputs see it [time, n_out].
        carry: whether the recurrence sees it [time].
    """

    delta: Any
    heads: Any
    neurons: Any
    outputs: Any
    carry: Any

    @property
    def acts(self) -> bool:
        """Whether it changes anything, in numpy."""
        return bool(np.any(self.delta))


class AffineEdit(NamedTuple):
    """A change of some values: each becomes `value * keep + add`, whatever it was where `keep` is 0; then bits flip.

    Attributes:
        keep, add: float32, shaped like the values.
        flip: the bits of a float32 to flip, as int32; None flips none.
    """

    keep: Any
    add: Any
    flip: Any = None

    @property
    def changed(self) -> Any:
        """Where it changes anything but bits."""
        return (self.keep != 1) | (self.add != 0)

    @property
    def acts(self) -> bool:
        """Whether it changes anything, in numpy."""
        return bool(np.any(self.changed)) or (self.flip is not None and bool(np.any(self.flip)))

    def on(self, value: Any) -> Any:
        """Return the values after the change."""
        xp = library_of(value, self.keep, self.add)
        new = xp.where(self.keep == 0, self.add, value * self.keep + self.add)
        return new if self.flip is None else flipped(new, self.flip)


class Edit(NamedTuple):
    """An intervention on a whole run: a `AffineEdit` per place, None where nothing is changed.

    Attributes:
        embed: on the residual at the start of a step [time, d_model].
        mid: on the residual after each layer's attention [time, layer, d_model].
        post: on the residual after each layer's MLP [time, layer, d_model].
        heads: on each head's mixed values [time, layer, head, d_head].
        neurons: on each neuron's activation [time, layer, d_mlp].
        edge: what single readers see otherwise, an `EdgeEdit`.
    """

    embed: Any = None
    mid: Any = None
    post: Any = None
    heads: Any = None
    neurons: Any = None
    edge: Any = None

    def mapped(self, change: Callable[[Any, tuple[str, ...]], Any]) -> Edit:
        """Return the intervention with every array as a function makes it of the array and its axes after time."""

        def part(name: str) -> Any:
            given, axes = getattr(self, name), lambda field: EDGE_AXES[field] if name == "edge" else AXES[name]
            if given is None:
                return None
            return type(given)(*(v if v is None else change(v, axes(f)) for f, v in given._asdict().items()))

        return Edit(*map(part, Edit._fields))

    def at_step(self, step: int) -> Edit:
        """Return what is done at one step, in numpy, with a time axis of length 1."""

        def taken(array: np.ndarray, axes: tuple[str, ...]) -> np.ndarray:
            time = array.ndim - len(axes) - 1
            return array if array.shape[time] == 1 else np.take(array, [step], axis=time)

        return self.mapped(taken)

    def of_layer(self, layer: int) -> Edit:
        """Return what is done in one layer, in numpy, without an axis of layers."""
        return self.mapped(lambda array, axes: np.take(array, layer, axis=-len(axes)) if "layer" in axes else array)

    def of_heads(self, heads: np.ndarray) -> Edit:
        """Return what is done to some heads of a layer, of an edit that has no axis of layers any more."""

        def taken(array: np.ndarray, axes: tuple[str, ...]) -> np.ndarray:
            return np.take(array, heads, axis=axes[1:].index("head") - len(axes) + 1) if "head" in axes else array

        return self.mapped(taken)

    @property
    def acting(self) -> Edit:
        """The intervention without the parts that change nothing, in numpy."""
        parts = [part if part is not None and part.acts else None for part in self]
        return Edit(*parts)

    @property
    def batch(self) -> tuple[int, ...]:
        """The lengths of all axes before that of time."""
        found: list[tuple[int, ...]] = []
        self.mapped(lambda array, axes: found.append(array.shape[: array.ndim - len(axes) - 1]))
        return np.broadcast_shapes(*found)

    def over_time(self, time: int) -> Edit:
        """Repeat what has a time axis of length 1."""
        return jax.tree.map(lambda a: jnp.broadcast_to(a, (time, *a.shape[1:])), self)

    def per_layer(self, layers: int) -> Edit:
        """Return every field with the layer axis first, for a scan over layers; what has none is repeated."""
        turn = partial(jax.tree.map, lambda a: jnp.swapaxes(a, 0, 1))
        spread = partial(jax.tree.map, lambda a: jnp.broadcast_to(a, (layers, *jnp.shape(a))))
        edge = self.edge and EdgeEdit(
            spread(self.edge.delta), turn(self.edge.heads), turn(self.edge.neurons),
            spread(self.edge.outputs), spread(self.edge.carry),
        )  # fmt: skip
        return Edit(spread(self.embed), *map(turn, self[1:5]), edge=edge)


AXES = {
    "embed": ("d_model",),
    "mid": ("layer", "d_model"),
    "post": ("layer", "d_model"),
    "heads": ("layer", "head", "d_head"),
    "neurons": ("layer", "d_mlp"),
}
"""The axes of each touch after that of time."""

EDGE_AXES = {
    "delta": ("d_model",),
    "heads": ("layer", "head"),
    "neurons": ("layer", "d_mlp"),
    "outputs": ("n_out",),
    "carry": (),
}
"""Likewise of a change of what single readers see."""


def check_edit(edit: Edit | None, sizes: Mapping[str, int], time: int) -> None:
    """Check that an intervention fits a network and a run.

    Raises:
        HandcraftedError: naming the first part that does not.
    """
    must_be(edit, Edit | None, "an intervention, as `no_edit` begins it")
    for name in Edit._fields if edit is not None else ():
        part = getattr(edit, name)
        must_be(part, (EdgeEdit if name == "edge" else AffineEdit) | None, f"what is changed under {name}, or None")
        for field, values in () if part is None else part._asdict().items():
            axes = EDGE_AXES[field] if name == "edge" else AXES[name]
            if values is not None:
                what = f"the {field} of {name} in an intervention"
                must_have_axes(what, values, {**sizes, "1": 1, "time": time}, ("1", *axes), ("time", *axes))


def no_edit(weights: Weights) -> Edit:
    """Return the intervention that changes nothing, as writable numpy arrays with a time axis of length 1."""
    size = weights.sizes
    shape = lambda *axes: (1, *(size[axis] for axis in axes))
    zeros = lambda *axes: np.zeros(shape(*axes), np.float32)
    ones = lambda *axes: np.ones(shape(*axes), np.float32)
    edge = EdgeEdit(
        zeros("d_model"), zeros("layer", "head"), zeros("layer", "d_mlp"), zeros("n_out"), np.zeros(1, np.float32)
    )
    nothing = lambda *axes: AffineEdit(ones(*axes), zeros(*axes))
    stream = nothing("layer", "d_model"), nothing("layer", "d_model")
    return Edit(nothing("d_model"), *stream, nothing("layer", "head", "d_head"), nothing("layer", "d_mlp"), edge)
