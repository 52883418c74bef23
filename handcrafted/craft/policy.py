"""The access policy as masks: each head and neuron may read its circuit's reads and write its circuit's subspace."""

from __future__ import annotations

import numpy as np

from handcrafted.model.names import Names
from handcrafted.model.transformer import Placement
from handcrafted.model.weights import Weights


def allow(masks: Weights, names: Names, place: Placement) -> None:
    """Open the masks for one circuit at its place.

    Its heads or neurons may read the subspaces that it reads and write the one that it writes, with free biases of
    their own; biases of the stream are open in its layer on the coordinates that it writes. Nothing else is opened.
    """
    reads = np.concatenate([names.find(signal) for signal in place.reads] or [np.zeros(0, int)])
    writes, layer, numbers = names.find(place.writes), place.layer, np.array(place.components)
    if place.part == "attention":
        for head in place.components:
            for kernel in (masks.W_Q, masks.W_K, masks.W_V):
                kernel[layer, head, reads] = True
            for bias in (masks.b_Q, masks.b_K, masks.b_V):
                bias[layer, head] = True
            masks.W_O[layer, head][:, writes] = True
        masks.b_O[layer, writes] = True
        return
    masks.W_in[layer][np.ix_(reads, numbers)] = True
    masks.b_in[layer, numbers] = True
    masks.W_out[layer][np.ix_(numbers, writes)] = True
    masks.b_out[layer, writes] = True
