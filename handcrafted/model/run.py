"""A run of a network for those who look into it: small ones in numpy, which starts at once, others compiled.

Both do the same sums, see `handcrafted.model.half_layer`; they differ by how float32 sums are rounded, and where a
number is not finite: in numpy it does not get through a head that looks elsewhere by position alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from handcrafted.control.graph import OUTPUT
from handcrafted.control.library import matmul
from handcrafted.control.vocabulary import WINDOW
from handcrafted.model.component import HeadArrays, NeuronArrays, ends_of, heads_of, neurons_of
from handcrafted.model.edit import Edit
from handcrafted.model.half_layer import embedded, ended, layer, pattern_by_position, project, touched
from handcrafted.model.sparse_array import SparseArray
from handcrafted.model.weights import Weights

SMALL = 512
"""Up to so many coordinates a network counts as small."""

FEW = 256
"""Up to so many steps one after the other are a matter for numpy; more are for a compiled scan."""

Activations = dict[str, np.ndarray]
Ring = tuple[np.ndarray, np.ndarray]


def is_small(weights: Weights) -> bool:
    """Whether a network is one that numpy runs: small, and not something that JAX traces or holds."""
    return weights.sizes["d_model"] <= SMALL and all(
        isinstance(array, np.ndarray | SparseArray) for _, array in weights.items()
    )


def run(
    weights: Weights,
    inputs: Float[np.ndarray, "*batch time n_in"],
    carries: Float[np.ndarray, "*batch time d_model"] | None = None,
    window: int = WINDOW,
    edit: Edit | None = None,
    compiled: bool | None = None,
    wanted: tuple[str, ...] | None = None,
) -> tuple[Float[np.ndarray, "*runs time n_out"], Activations]:
    """Run whole sequences, as `handcrafted.model.forward.forward` does.

    Args:
        weights: effective weights in numpy.
        inputs: measurements in float32.
        carries: carries to feed in; None lets the recurrence run.
        window: how many steps a head sees, the current one included.
        edit: an intervention [*batch, time, …]; in numpy its fields spread over what has fewer axes.
        compiled: whether to compile it; None compiles what is not small.
        wanted: which activations are asked for; None asks for all. Where those of heads are not, in numpy heads that
            write nothing do not run.
    """
    if compiled is None:
        compiled = not is_small(weights) or (carries is None and inputs.shape[-2] > FEW)
    if not compiled:
        with np.errstate(all="ignore"):  # what is not finite is for those to say who look at it
            return _run(weights, inputs, carries, window, edit, wanted)
    from handcrafted.model.forward import forward, run_edited

    if edit is None:
        outputs, seen = forward(weights, inputs, carries, window)
    else:
        outputs, seen = run_edited(weights, inputs, edit, window, carries)
    return np.asarray(outputs), {name: np.asarray(seen[name]) for name in (seen if wanted is None else wanted)}


OF_HEADS = {"pattern", "z"}
"""The activations that heads alone have."""


def _run(
    weights: Weights,
    inputs: np.ndarray,
    carries: np.ndarray | None,
    window: int,
    edit: Edit | None,
    wanted: tuple[str, ...] | None,
) -> tuple[np.ndarray, Activations]:
    weights = weights.map(lambda array: np.asarray(array, np.float32))
    ends, layers = ends_of(weights), _layers(weights, window, wanted is None or not OF_HEADS.isdisjoint(wanted))
    batch = np.broadcast_shapes(inputs.shape[:-2], () if edit is None else edit.batch)
    edit = edit and edit.acting
    given = np.broadcast_to(inputs, (*batch, *inputs.shape[-2:]))
    rings = [_first(one.heads, ends.initial, window, batch) for one in layers]
    kept = _Kept((*batch, given.shape[-2]), len(layers), None if wanted is None else (OUTPUT, *wanted))
    if carries is not None:
        fed = np.broadcast_to(carries, (*batch, *carries.shape[-2:]))
        _steps(ends, layers, rings, given, fed, edit, kept)
        return kept.arrays.pop(OUTPUT), kept.arrays
    carry = np.broadcast_to(matmul(ends.initial, ends.recurrence, "m,mn->n"), (*batch, 1, len(ends.initial)))
    for t in range(given.shape[-2]):
        now = None if edit is None else edit.at_step(t)
        carry, rings = _steps(ends, layers, rings, given[..., t : t + 1, :], carry, now, kept, t)
    return kept.arrays.pop(OUTPUT), kept.arrays


class _Kept:
    """The activations that are kept of a run, each written to its place.

    Args:
        runs: the lengths of the axes of runs and of time.
        layers: how many there are.
        wanted: which are kept; None keeps all.
    """

    def __init__(self, runs: tuple[int, ...], layers: int, wanted: tuple[str, ...] | None):
        self.runs, self.layers, self.wanted = runs, layers, wanted
        self.arrays: Activations = {}

    def put(self, name: str, values: np.ndarray, first: int, layer: int | None = None) -> None:
        """Keep what steps from `first` on hold [*run, time, …]."""
        if self.wanted is not None and name not in self.wanted:
            return
        own = values.shape[len(self.runs) :]
        if name not in self.arrays:
            self.arrays[name] = np.empty((*self.runs, *(() if layer is None else (self.layers,)), *own), values.dtype)
        steps = (..., slice(first, first + values.shape[len(self.runs) - 1]), *(() if layer is None else (layer,)))
        self.arrays[name][(*steps, *(slice(None),) * len(own))] = values


class RunLayer(NamedTuple):
    """What runs of one layer: heads, which of its heads they are, where they look if that is known; and neurons."""

    heads: HeadArrays
    running: np.ndarray
    pattern: np.ndarray | None
    neurons: NeuronArrays


def _layers(weights: Weights, window: int, whole: bool) -> list[RunLayer]:
    """Return the layers, with all of their heads or with those that write something."""
    found = []
    for h, n in zip(zip(*heads_of(weights), strict=True), zip(*neurons_of(weights), strict=True), strict=True):
        *each, constant = h
        running = np.flatnonzero(np.any(each[-1] != 0, axis=(1, 2)) | whole)
        heads = HeadArrays._make((*(array[running] for array in each), constant))
        found.append(RunLayer(heads, running, pattern_by_position(heads, window), NeuronArrays(*n)))
    return found


def _first(heads: HeadArrays, initial: np.ndarray, window: int, batch: tuple[int, ...]) -> Ring:
    """Return the rings of keys and values before t = 0."""
    fill = lambda kernel, bias: np.broadcast_to(project(kernel, bias, initial), (*batch, window - 1, *np.shape(bias)))
    _, keys, values = (fill(*projection) for projection in heads.projections)
    return keys, values


def _steps(
    ends: Any,
    layers: list[RunLayer],
    rings: list[Ring],
    inputs: np.ndarray,
    carries: np.ndarray,
    edit: Edit | None,
    kept: _Kept,
    first: int = 0,
) -> tuple[np.ndarray, list[Ring]]:
    """Run steps whose carries are known, and keep what is wanted of them; return the last carry and the rings."""
    embed = embedded(ends, inputs)
    x, after = touched(embed + carries, edit and edit.embed), []
    for i, (one, ring) in enumerate(zip(layers, rings, strict=True)):
        now = None if edit is None else edit.of_layer(i).of_heads(one.running)
        x, past, found = layer(one.heads, one.neurons, x, ring, now, one.pattern)
        after.append(past)
        for name, values in found.items():
            kept.put(name, values, first, i)
    carry, outputs = ended(ends, x, edit and edit.edge)
    for name, values in {"embed": embed, "carry": carries, "final": x, OUTPUT: outputs}.items():
        kept.put(name, values, first)
    return carry[..., -1:, :], after
