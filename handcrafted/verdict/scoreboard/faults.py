"""Planted faults: known changes to known weights, with what is then true of the signal-flow graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from handcrafted.control.graph import OUTPUT, Signal
from handcrafted.control.resolved import ResolvedLink
from handcrafted.model.names import Names
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights
from handcrafted.verdict.scoreboard.distort import lookup_twin
from handcrafted.verdict.scoreboard.truth import Truth

SIZE = 0.5
"""Standard deviation of random weights."""


@dataclass(frozen=True)
class Planted:
    """A network with a fault.

    Attributes:
        truth: its signal-flow graph; None where nobody knows it, as of random weights.
    """

    weights: Weights
    names: Names
    truth: Truth | None


Plant = Callable[[Transformer, Truth, np.random.Generator], Planted | None]
"""From a model to a faulty network; None where the structure has no place for the fault."""


def _links(model: Transformer) -> list[tuple[ResolvedLink, Signal, Signal, tuple[int, int]]]:
    """Return each link that a head receives, with its port, its received copy and (layer, head)."""
    w, spaces, found = model.effective_weights.numpy(), model.names.subspaces, []
    for link in model.structure.resolved.links:
        if link.port and link.received:
            written = np.abs(w.W_O[..., spaces[link.received]]).max(axis=(2, 3))
            layer, head = np.unravel_index(int(written.argmax()), written.shape)
            found.append((link, link.port, link.received, (int(layer), int(head))))
    return found


def cut(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let the head of one link read nothing."""
    links = _links(model)
    _, port, received, at = links[rng.integers(len(links))]
    w = model.effective_weights.numpy()
    w.W_V[at] = 0
    return Planted(w, model.names, truth.without((port, received, 0)).unsure_after(received))


def flipped(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let the head of one link hand on the opposite."""
    links = _links(model)
    _, port, received, at = links[rng.integers(len(links))]
    w = model.effective_weights.numpy()
    w.W_O[at] = -w.W_O[at]
    return Planted(w, model.names, replace(truth, signs={**truth.signs, (port, received, 0): -1}))


def delayed(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let the head of one link look one step back."""
    links = _links(model)
    _, port, received, at = links[rng.integers(len(links))]
    w = model.effective_weights.numpy()
    size = np.hypot(*w.b_Q[at][:2])
    w.b_Q[at][:2] = size * np.cos(1), -size * np.sin(1)
    return Planted(w, model.names, truth.without((port, received, 0)).with_edges((port, received, 1)))


def swapped(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let two controllers receive each what is meant for the other."""
    spaces, links = model.names.subspaces, _links(model)
    w = model.effective_weights.numpy()
    pairs = [
        (one, other)
        for i, one in enumerate(links)
        for other in links[i + 1 :]
        if one[2].owner != other[2].owner
        and one[1] != other[1]
        and len(spaces[one[1]]) == len(spaces[other[1]])
        and max(_written(w, spaces[one[1]]), _written(w, spaces[other[1]])) <= 2 * min(one[3][0], other[3][0])
    ]
    if not pairs:
        return None
    (_, port, received, at), (_, port_2, received_2, at_2) = pairs[rng.integers(len(pairs))]
    first, second = w.W_V[at][spaces[port]].copy(), w.W_V[at_2][spaces[port_2]].copy()
    w.W_V[at][spaces[port]], w.W_V[at_2][spaces[port_2]] = 0, 0
    w.W_V[at][spaces[port_2]], w.W_V[at_2][spaces[port]] = first, second
    moved = truth.without((port, received, 0), (port_2, received_2, 0))
    return Planted(w, model.names, moved.with_edges((port_2, received, 0), (port, received_2, 0)))


def _written(weights: Weights, places: np.ndarray) -> int:
    """Return the last half-layer in which a subspace is written; 0 for the embedding and the recurrence."""
    layers = range(weights.sizes["layer"])
    by_head = [2 * k + 1 for k in layers if np.any(weights.W_O[k][..., places])]
    by_neuron = [2 * k + 2 for k in layers if np.any(weights.W_out[k][:, places])]
    return max([0, *by_head, *by_neuron])


def leaking(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let one neuron read what belongs to another owner."""
    w, spaces = model.effective_weights.numpy(), model.names.subspaces
    wiry: list[tuple[int, int, list[Signal]]] = []
    for layer, neuron in np.argwhere(np.any(w.W_out != 0, axis=2) & np.any(w.W_in != 0, axis=1)):
        targets = [signal for signal, at in spaces.items() if np.any(w.W_out[layer, neuron, at])]
        wiry.append((int(layer), int(neuron), targets))
    options = [
        (layer, neuron, targets, source)
        for layer, neuron, targets in wiry
        for source, at in spaces.items()
        if all(source.owner != target.owner and not truth.joined(source, target) for target in targets)
        and _written(w, at) <= 2 * layer + 1
    ]
    if not options:
        return None
    layer, neuron, targets, source = options[rng.integers(len(options))]
    w.W_in[layer, spaces[source][0], neuron] = np.abs(w.W_in[layer, :, neuron]).max()
    return Planted(w, model.names, truth.with_edges(*((source, target, 0) for target in targets)))


def twin(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Put one table in place of all controllers that gives the same outputs for the same inputs."""
    weights = lookup_twin(model)
    if weights is None:
        return None
    ends = [key for key in truth.edges if key[0] not in model.names.subspaces or key[1].role == OUTPUT]
    ports = [key[1] for key in ends if key[1].role != OUTPUT]
    acts = [key[0] for key in ends if key[1].role == OUTPUT]
    return Planted(weights, model.names, Truth.of([*ends, *((port, act, 0) for port in ports for act in acts)]))


def random(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Draw every entry at random."""
    draw = lambda array: rng.normal(0, SIZE, array.shape).astype(np.float32)
    return Planted(model.effective_weights.numpy().map(draw), model.names, None)


def random_masked(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Draw every entry that the policy leaves open at random."""
    planted = random(model, truth, rng)
    assert planted is not None
    masks = model.masks.map(np.asarray)
    return replace(
        planted, weights=planted.weights.map(lambda array, mask: np.where(mask, array, np.float32(0)), masks)
    )


FAULTS: dict[str, Plant] = {
    "leak": leaking,
    "cut": cut,
    "sign flip": flipped,
    "swapped controllers": swapped,
    "delayed link": delayed,
    "lookup twin": twin,
    "random": random,
    "masked random": random_masked,
}
"""What is planted, by name."""

DENSE_FAULTS = ("random",)
