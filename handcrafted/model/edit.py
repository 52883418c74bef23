"""An intervention as data: what to keep and what to add, everywhere in the network.

The arrays are arguments of one compiled function, so a thousand different interventions compile once. Every field
has a leading time axis of length 1 (all steps alike) or of the sequence's length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handcrafted.model.weights import Weights


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


class Edit(NamedTuple):
    """An intervention on a whole run: each value becomes `value * keep + add`.

    Attributes:
        embed_keep, embed_add: on the residual at the start of a step [time, d_model].
        mid_keep, mid_add: on the residual after each layer's attention [time, layer, d_model].
        post_keep, post_add: on the residual after each layer's MLP [time, layer, d_model].
        head_keep, head_add: on each head's mixed values [time, layer, head] and [time, layer, head, d_head].
        neuron_keep, neuron_add: on each neuron's activation [time, layer, d_mlp].
        edge: what single readers see otherwise.
    """

    embed_keep: Any
    embed_add: Any
    mid_keep: Any
    mid_add: Any
    post_keep: Any
    post_add: Any
    head_keep: Any
    head_add: Any
    neuron_keep: Any
    neuron_add: Any
    edge: EdgeEdit

    def over_time(self, time: int) -> Edit:
        """Repeat what has a time axis of length 1."""
        return jax.tree.map(lambda a: jnp.broadcast_to(a, (time, *a.shape[1:])), self)

    def per_layer(self) -> Edit:
        """Give every field with the layer axis first, for a scan over layers; what has none is repeated."""
        layers = self.head_keep.shape[1]
        turn = lambda a: jnp.swapaxes(a, 0, 1)
        spread = lambda a: jnp.broadcast_to(a, (layers, *jnp.shape(a)))
        edge = EdgeEdit(
            spread(self.edge.delta), turn(self.edge.heads), turn(self.edge.neurons),
            spread(self.edge.outputs), spread(self.edge.carry),
        )  # fmt: skip
        inner = {name: turn(getattr(self, name)) for name in self._fields[2:-1]}
        return self._replace(embed_keep=spread(self.embed_keep), embed_add=spread(self.embed_add), **inner, edge=edge)


def no_edit(weights: Weights) -> Edit:
    """Give the intervention that changes nothing, as writable numpy arrays with a time axis of length 1."""
    size = weights.sizes
    shape = lambda *axes: (1, *(size[axis] for axis in axes))
    zeros = lambda *axes: np.zeros(shape(*axes), np.float32)
    ones = lambda *axes: np.ones(shape(*axes), np.float32)
    edge = EdgeEdit(
        zeros("d_model"), zeros("layer", "head"), zeros("layer", "d_mlp"), zeros("n_out"), np.zeros(1, np.float32)
    )
    return Edit(
        ones("d_model"), zeros("d_model"),
        ones("layer", "d_model"), zeros("layer", "d_model"),
        ones("layer", "d_model"), zeros("layer", "d_model"),
        ones("layer", "head"), zeros("layer", "head", "d_head"),
        ones("layer", "d_mlp"), zeros("layer", "d_mlp"),
        edge,
    )  # fmt: skip
