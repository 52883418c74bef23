"""What the components write adds up to the stream: nothing is left out, and nothing is counted twice."""

import numpy as np
import pytest

from handcrafted.control.graph import INPUT
from handcrafted.model.component import contribution
from handcrafted.model.component_ref import CARRY, HEAD, NEURON, ComponentRef
from handcrafted.model.forward import forward
from handcrafted.readout.edges import sequences
from tests.loops import of_the_zoo


def parts_of(weights, names):
    size = weights.sizes
    layers = range(size["layer"])
    heads = [ComponentRef(HEAD, layer, i) for layer in layers for i in range(size["head"])]
    neurons = [ComponentRef(NEURON, layer, i) for layer in layers for i in range(size["d_mlp"])]
    return [
        *(ComponentRef(INPUT, 0, i) for i in range(len(names.input_signals))),
        ComponentRef(CARRY),
        *heads,
        *neurons,
    ]


def gap(weights, names, left_out=None):
    """Return by how much the sum of all contributions and biases misses the last residual."""
    inputs = sequences(names, 6, 0)[:8]
    seen = {name: np.asarray(array) for name, array in forward(weights, inputs)[1].items()}
    parts = [part for part in parts_of(weights, names) if part != left_out]
    total = sum(contribution(part, weights, names, inputs, seen) for part in parts)
    total = total + weights.b_E + weights.b_O.sum(axis=0) + weights.b_out.sum(axis=0)
    size = max(1.0, float(np.abs(seen["final"]).max()))
    return float(np.abs(total - seen["final"]).max()) / size


@pytest.mark.parametrize("stem", ["train_door", "cruise_control", "wheel_brakes"])
def test_contributions_sum_to_the_stream(stem):
    _, model = of_the_zoo(stem)
    weights = model.effective_weights.numpy()
    assert gap(weights, model.names) < 1e-5
    rng = np.random.default_rng(0)
    drawn = weights.map(lambda array: rng.normal(0, 0.05, array.shape).astype(np.float32))
    assert gap(drawn, model.names) < 1e-5
    assert gap(drawn, model.names, left_out=ComponentRef(HEAD, 1, 0)) > 1e-4
