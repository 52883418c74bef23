"""A disguised network does the same and shows nothing: no coordinate means what it meant."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.model.change_of_basis import change_basis
from handcrafted.model.forward import forward
from handcrafted.readout.edges import sequences
from tests.loops import of_the_zoo


def outputs(weights, names):
    inputs = sequences(names, 24, 0)[:16]
    return np.asarray(forward(weights, inputs)[0])


@pytest.mark.parametrize("stem", ["train_door", "guarded_room", "wheel_brakes"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_disguised_network_does_the_same(stem, seed):
    _, model = of_the_zoo(stem)
    weights = model.effective_weights.numpy()
    hidden = change_basis(weights, seed)
    before, after = (outputs(one, model.names) for one in (weights, hidden))
    apart = np.abs(before - after).max(axis=(0, 1)) / np.maximum(1.0, np.abs(before).max(axis=(0, 1)))
    assert apart.max() < (5e-2 if stem == "wheel_brakes" else 2e-3), "2^-23 of positions of 4,000 m, times 75 terms"
    assert np.mean(hidden.W_E != 0) > 0.99 and np.mean(weights.W_E != 0) < 0.2


def test_it_is_drawn_from_its_seed_and_spoils_the_names():
    structure, model = of_the_zoo("train_door")
    weights = model.effective_weights.numpy()
    one, same, other = (change_basis(weights, seed) for seed in (0, 0, 1))
    assert np.array_equal(one.W_in, same.W_in) and not np.allclose(one.W_in, other.W_in)
    assert not hc.compare(structure, hc.recover(one, names=model.names)).reproduced


def test_a_rotation_of_what_is_read_alone_is_no_disguise():
    """Sabotage: rotate the stream for readers and not for writers."""
    _, model = of_the_zoo("train_door")
    weights = model.effective_weights.numpy()
    half = change_basis(weights, 0).replace(W_E=weights.W_E)
    assert np.abs(outputs(weights, model.names) - outputs(half, model.names)).max() > 0.1
