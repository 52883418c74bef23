"""A run of a network for those who look into it: small ones in numpy, which starts at once, others compiled.

Both do the same sums, see `handcrafted.model.half_layer`; they differ by how float32 sums are rounded.
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
from handcrafted.model.weights import Weights

SMALL = 512
"""Up to so many coordinates a network counts as small."""

FEW = 256
"""Up to so many steps one after the other are a matter for numpy; more are for a compiled scan."""

Activations = dict[str, np.ndarray]
Ring = tuple[np.ndarray, np.ndarray]


def is_small(weights: Weights) -> bool:
    """Whether a network is one that numpy runs: small, and not something that JAX traces or holds."""
    return weights.sizes["d_model"] <= SMALL and all(isinstance(array, np.ndarray) for _, array in weights.items())


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
    if carries is not None:
        fed = np.broadcast_to(carries, (*batch, *carries.shape[-2:]))
        _, _, outputs, seen = _steps(ends, layers, rings, given, fed, edit, wanted)
        return outputs, seen
    carry = np.broadcast_to(matmul(ends.initial, ends.recurrence, "m,mn->n"), (*batch, 1, len(ends.initial)))
    found = []
    for t in range(given.shape[-2]):
        now = None if edit is None else edit.at_step(t)
        carry, rings, outputs, seen = _steps(ends, layers, rings, given[..., t : t + 1, :], carry, now, wanted)
        found.append({**seen, OUTPUT: outputs})
    joined = {name: np.concatenate([one[name] for one in found], axis=len(batch)) for name in found[0]}
    return joined.pop(OUTPUT), joined


class RunLayer(NamedTuple):
    """What runs of one layer: its heads, which of the layer's they are, where they look if that is known; its neurons."""

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
        heads = HeadArrays(*(array[running] for array in each), constant)
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
    wanted: tuple[str, ...] | None,
) -> tuple[np.ndarray, list[Ring], np.ndarray, Activations]:
    """Run steps whose carries are known; return the last carry, the rings, outputs and activations."""
    embed = embedded(ends, inputs)
    x, after, seen = touched(embed + carries, edit and edit.embed), [], []
    for i, (one, ring) in enumerate(zip(layers, rings, strict=True)):
        now = None if edit is None else edit.of_layer(i).of_heads(one.running)
        x, past, found = layer(one.heads, one.neurons, x, ring, now, one.pattern)
        after.append(past)
        seen.append(found)
    carry, outputs = ended(ends, x, edit and edit.edge)
    axis = inputs.ndim - 1
    once = dict(embed=embed, carry=carries, final=x)
    names = (*once, *seen[0]) if wanted is None else wanted
    stacked = {n: once[n] if n in once else np.stack([part[n] for part in seen], axis=axis) for n in names}
    return carry[..., -1:, :], after, outputs, stacked
