"""The lookup twin: a network that does the same and in which no controller is left."""

from __future__ import annotations

import itertools

import numpy as np

from handcrafted.control.graph import OUTPUT
from handcrafted.model.forward import forward
from handcrafted.model.transformer import Transformer
from handcrafted.model.weights import Weights

MOST_CONTEXTS = 2048


def lookup_twin(model: Transformer) -> Weights | None:
    """Give a network of one layer with a neuron per context that writes the outputs' ports.

    Formula: r(sum of the words of the context - (n - 1)) for n inputs; each writes what the ports hold in its context.
    Error: exact on words.

    Returns:
        None where inputs are numbers, something is remembered or looks back, or there are over 2,048 contexts.
    """
    names, w = model.names, model.effective_weights.numpy()
    ports = list(names.input_signals.values())
    finite = all(names.domain(signal).discrete for signal in names.input_signals)
    remembers = np.any(w.W_R) or any(edge.lag for edge in model.structure.signal_graph().edges)
    if not ports or not finite or remembers or np.prod([len(rows) for rows in ports]) > MOST_CONTEXTS:
        return None
    contexts = np.zeros((int(np.prod([len(rows) for rows in ports])), len(names.inputs)), np.float32)
    for i, chosen in enumerate(itertools.product(*ports)):
        contexts[i, list(chosen)] = 1
    final = np.asarray(forward(w, contexts[:, None])[1]["final"])[:, 0]
    twin = Weights.zeros(**{**w.sizes, "layer": 1, "head": 1, "d_mlp": len(contexts)})
    twin.W_E[:], twin.W_U[:], twin.b_U[:], twin.r_0[:] = w.W_E, w.W_U, w.b_U, w.r_0
    twin.W_in[0], twin.b_in[0] = w.W_E.T @ contexts.T, 1 - len(ports)
    graph = model.structure.signal_graph()
    for edge in graph.edges:
        if edge.target.role == OUTPUT:
            at = names.subspaces[edge.source]
            twin.W_out[0][:, at] = final[:, at]
    return twin
