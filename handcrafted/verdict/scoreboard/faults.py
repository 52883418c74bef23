"""Planted faults: known changes to known weights, with what is then true of the signal-flow graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from handcrafted.control.graph import OUTPUT, Signal
from handcrafted.control.resolved import ResolvedLink
from handcrafted.model.component import Component, Components
from handcrafted.model.component_ref import ComponentRef
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


def _links(model: Transformer) -> list[tuple[ResolvedLink, Signal, Signal, ComponentRef]]:
    """Return each link that a head receives, with its port, its received copy and the head."""
    heads, spaces, found = Components(model.effective_weights.numpy()).heads, model.names.subspaces, []
    for link in model.structure.resolved.links:
        if link.port and link.received:
            at = spaces[link.received]
            head = max(heads, key=lambda one, at=at: float(np.abs(one.out[:, at]).max()))
            found.append((link, link.port, link.received, head.ref))
    return found


def cut(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let the head of one link read nothing."""
    links = _links(model)
    _, port, received, at = links[rng.integers(len(links))]
    w = model.effective_weights.numpy()
    Components(w).of(at).into[:] = 0
    return Planted(w, model.names, truth.without((port, received, 0)).unsure_after(received))


def flipped(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let the head of one link hand on the opposite."""
    links = _links(model)
    _, port, received, at = links[rng.integers(len(links))]
    w = model.effective_weights.numpy()
    Components(w).of(at).out[:] *= -1
    return Planted(w, model.names, replace(truth, signs={**truth.signs, (port, received, 0): -1}))


def delayed(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let the head of one link look one step back."""
    links = _links(model)
    _, port, received, at = links[rng.integers(len(links))]
    w = model.effective_weights.numpy()
    looks = Components(w).of(at).attention
    assert looks is not None
    size = np.hypot(*looks.query_bias[:2])
    looks.query_bias[:2] = size * np.cos(1), -size * np.sin(1)
    return Planted(w, model.names, truth.without((port, received, 0)).with_edges((port, received, 1)))


def swapped(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let two controllers receive each what is meant for the other."""
    spaces, links = model.names.subspaces, _links(model)
    w = model.effective_weights.numpy()
    parts = Components(w)
    pairs = [
        (one, other)
        for i, one in enumerate(links)
        for other in links[i + 1 :]
        if one[2].owner != other[2].owner
        and one[1] != other[1]
        and len(spaces[one[1]]) == len(spaces[other[1]])
        and max(parts.last_written(spaces[end[1]]) for end in (one, other)) <= 2 * min(one[3].layer, other[3].layer)
    ]
    if not pairs:
        return None
    (_, port, received, at), (_, port_2, received_2, at_2) = pairs[rng.integers(len(pairs))]
    one, other = parts.of(at).into, parts.of(at_2).into
    first, second = one[spaces[port]].copy(), other[spaces[port_2]].copy()
    one[spaces[port]], other[spaces[port_2]] = 0, 0
    one[spaces[port_2]], other[spaces[port]] = first, second
    moved = truth.without((port, received, 0), (port_2, received_2, 0))
    return Planted(w, model.names, moved.with_edges((port_2, received, 0), (port, received_2, 0)))


def leaking(model: Transformer, truth: Truth, rng: np.random.Generator) -> Planted | None:
    """Let one neuron read what belongs to another owner."""
    w, spaces = model.effective_weights.numpy(), model.names.subspaces
    parts = Components(w)
    wiry: list[tuple[Component, list[Signal]]] = []
    for neuron in parts.neurons:
        if neuron.reads.size:
            wiry.append((neuron, [signal for signal, at in spaces.items() if np.any(neuron.out[0, at])]))
    options = [
        (neuron, targets, source)
        for neuron, targets in wiry
        for source, at in spaces.items()
        if all(source.owner != target.owner and not truth.joined(source, target) for target in targets)
        and parts.last_written(at) <= neuron.seen
    ]
    if not options:
        return None
    neuron, targets, source = options[rng.integers(len(options))]
    neuron.into[spaces[source][0]] = np.abs(neuron.into).max()
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
    masks = model.masks.numpy()
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
