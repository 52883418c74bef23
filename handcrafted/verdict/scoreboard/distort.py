"""The lookup twin: a network that does the same and in which no controller is left."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from handcrafted.control.graph import OUTPUT
from handcrafted.model import change_of_basis
from handcrafted.model.attention import Attention
from handcrafted.model.component import (
    END_ARRAYS,
    HEAD_ARRAYS,
    NEURON_ARRAYS,
    Components,
    ends_of,
    neurons_of,
)
from handcrafted.model.forward import forward
from handcrafted.model.names import Names
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import FIELD_AXES, Weights
from handcrafted.readout.tolerances import LAG_FLOOR
from handcrafted.verdict.compression.causal import cut_rank
from handcrafted.verdict.compression.compress import WAYS, compress

MAX_CONTEXTS = 2048


def lookup_twin(model: Transformer) -> Weights | None:
    """Return a network of one layer with a neuron per context that writes the outputs' ports.

    Formula: r(sum of the words of the context - (n - 1)) for n inputs; each writes what the ports hold in its context.
    Error: exact on words.

    Returns:
        None where inputs are numbers, something is remembered or looks back, or there are over 2,048 contexts.
    """
    names, w = model.names, model.effective_weights.numpy()
    ports = list(names.input_signals.values())
    finite = all(names.domain(signal).discrete for signal in names.input_signals)
    remembers = np.any(ends_of(w).recurrence) or any(edge.lag for edge in model.structure.signal_graph().edges)
    if not ports or not finite or remembers or np.prod([len(rows) for rows in ports]) > MAX_CONTEXTS:
        return None
    contexts = np.zeros((int(np.prod([len(rows) for rows in ports])), len(names.inputs)), np.float32)
    for i, chosen in enumerate(itertools.product(*ports)):
        contexts[i, list(chosen)] = 1
    final = np.asarray(forward(w, contexts[:, None])[1]["final"])[:, 0]
    twin = Weights.zeros(**{**w.sizes, "layer": 1, "head": 1, "d_mlp": len(contexts)})
    own, table = ends_of(w), neurons_of(twin)
    kept = dict(zip(END_ARRAYS, own, strict=True))
    kept |= {name: 0 for name in (END_ARRAYS.constant, END_ARRAYS.recurrence)}
    for name, array in kept.items():
        twin[name][:] = array
    table.into[0], table.bias[0] = own.embedding.T @ contexts.T, 1 - len(ports)
    graph = model.structure.signal_graph()
    for edge in graph.edges:
        if edge.target.role == OUTPUT:
            at = names.subspaces[edge.source]
            table.out[0][:, at] = final[:, at]
    return twin


NOISE = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""Levels of weight noise, as shares of the root mean square of each array's entries other than 0."""

NARROW = 0.02
"""Share of each range, at its upper end, in which inputs move where the network is to be saturated."""

SOFT = 0.99
"""Attention that a softened head leaves on the step that it is to look at."""

LOAD = 0.8
"""Largest rank across a causal cut by the width of a squeezed stream."""

Distorted = tuple[Weights, Names]
Distort = Callable[[Weights, Names, np.random.Generator], Distorted]


@dataclass(frozen=True)
class Distortion:
    """A distortion by name.

    Attributes:
        exact: whether the network does the same but for float32 rounding.
        dense: whether it leaves hardly any entry at 0, which makes readouts slow.
    """

    name: str
    apply: Distort
    exact: bool = True
    dense: bool = False


def none(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
    """Leave everything as it is."""
    return weights, names


def permuted(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
    """Put the heads and the neurons of each layer into another order."""
    return change_of_basis.reordered(weights, rng), names


def rescaled(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
    """Let each neuron and head be larger inside and as much smaller at its output, or the other way about."""
    return change_of_basis.rescaled(weights, rng), names


def noisy(level: float) -> Distort:
    """Return the distortion that adds Gaussian noise to every entry of every array."""

    def apply(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
        def one(array: np.ndarray) -> np.ndarray:
            size = np.sqrt(np.mean(array[array != 0] ** 2)) if np.any(array) else 0.0
            return (array + level * size * rng.normal(size=array.shape)).astype(np.float32)

        return weights.numpy().map(one), names

    return apply


def saturated(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
    """Let inputs that are numbers move at the upper end of their ranges alone, where units are off or cut off."""

    def narrow(port):
        domain = port.domain
        if domain.discrete:
            return port
        low = domain.high - NARROW * (domain.high - domain.low)
        return port._replace(domain=replace(domain, low=low, resolution=None))

    return weights, replace(names, inputs=tuple(map(narrow, names.inputs)))


def redundant(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
    """Let two circuits do each job: every head and every neuron twice, each with half of its output."""
    w = weights.numpy()
    twice: dict[str, np.ndarray] = {}
    for name, axes in FIELD_AXES.items():
        array = w[name]
        for axis in ("head", "d_mlp"):
            if axis in axes:
                array = np.concatenate([array, array], axis=axes.index(axis))
        twice[name] = array / np.float32(2) if name in (HEAD_ARRAYS.output, NEURON_ARRAYS.out) else array
    # the bias of a value goes through the output, so it is halved with it
    return Weights(**twice), names


def softened(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
    """Let every head that looks back by position leave a hundredth of its attention on other steps."""
    w = weights.numpy()
    for head in Components(w).heads:
        if head.attention and not np.any(head.attention.query):
            head.attention.query_bias[:] *= _factor(head.attention)
    return w, names


def _factor(looks: Attention) -> np.float32:
    """Return by what to multiply a head's query so that its attention is soft, by halving the interval."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        trial = looks._replace(query_bias=looks.query_bias * np.float32(middle))
        sharp = max(weight for _, weight in trial.lags(16, LAG_FLOOR)) > SOFT
        low, high = (low, middle) if sharp else (middle, high)
    return np.float32(high)


def disguised(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
    """Rotate the stream too, so that no name of a coordinate means what it did."""
    return change_of_basis.change_basis(weights, int(rng.integers(2**31))), names


def compressed(how: str) -> Distort:
    """Return the distortion that squeezes the stream to the load `LOAD`, read by the old names through R."""

    def apply(weights: Weights, names: Names, rng: np.random.Generator) -> Distorted:
        width = min(weights.sizes["d_model"], math.ceil(cut_rank(weights) / LOAD))
        return compress(weights, width, how, names, int(rng.integers(2**31))).lifted, names

    return apply


DISTORTIONS: tuple[Distortion, ...] = (
    Distortion("none", none),
    Distortion("permuted", permuted),
    Distortion("rescaled", rescaled),
    *(Distortion(f"noise {level:g}", noisy(level), exact=False, dense=True) for level in NOISE),
    Distortion("saturation", saturated),
    Distortion("redundancy", redundant),
    Distortion("soft attention", softened, exact=False),
    Distortion("disguise", disguised, exact=False, dense=True),
    *(Distortion(f"compression, {how}", compressed(how), exact=False, dense=True) for how in WAYS),
)
