"""The audit names every raw entry that the policy masks, and no other."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.zoo import bundled, find


@pytest.fixture
def room():
    return hc.assemble(hc.load(find("heated room")))


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_hand_set_weights_break_nothing(path):
    assert not hc.assemble(hc.load(path)).audit()


PLANTED = {
    ("W_in", (1, 0, 0)): "thermostat.heat band.band) reads thermostat / feedback / temperature; it may read thermostat",
    ("W_out", (1, 0, 0)): "writes thermostat / feedback / temperature; it may write thermostat",
    ("W_V", (0, 0, 2, 0)): "reads thermostat / processing_for_action / heat; it may read room / feedback / temperature",
    ("W_E", (0, 2)): "input temperature writes thermostat / processing_for_action / heat, not its own port",
    ("W_U", (0, 0)): "output heat reads thermostat / feedback / temperature, not its own port",
    (
        "W_R",
        (0, 2),
    ): "carries thermostat / feedback / temperature to thermostat / processing_for_action / heat; it may carry",
    ("b_out", (0, 0)): "MLP of layer 0 writes thermostat / feedback / temperature, which no circuit there writes",
    ("b_O", (2, 1)): "attention of layer 2 writes",
    ("b_E", (3,)): "embedding writes thermostat / processing_for_action / heat next, not its own port",
    ("W_Q", (1, 0, 1, 0)): "L1H0 belongs to no circuit",
    ("b_in", (1, 1)): "L1N1 belongs to no circuit",
}


@pytest.mark.parametrize(("array", "place"), PLANTED)
def test_a_planted_entry_is_named_with_its_rule_and_does_not_act(room, array, place):
    weights, effective = room.weights.numpy(), room.effective_weights
    weights[array][place] = 0.5
    (found,) = room.audit(weights)
    assert (found.array, found.index, found.value) == (array, place, 0.5)
    assert PLANTED[array, place] in str(found), str(found)
    room.set_weights(weights)
    assert all(np.array_equal(value, effective[name]) for name, value in room.effective_weights.items())


def test_of_random_weights_it_names_what_is_masked_and_nothing_else(room):
    rng = np.random.default_rng(0)
    weights = room.weights.map(lambda array: rng.normal(size=array.shape).astype(np.float32))
    found = {(breach.array, breach.index) for breach in room.audit(weights)}
    masked = {
        (name, tuple(place)) for name, mask in room.masks.items() for place in np.argwhere(~np.asarray(mask)).tolist()
    }
    assert found == masked and masked
    inside = weights.map(lambda array, mask: np.where(mask, array, 0), room.masks)
    assert not room.audit(inside)


def test_other_shapes_are_refused(room):
    with pytest.raises(hc.HandcraftedError, match="Expected"):
        room.audit(room.weights.replace(W_U=np.zeros((2, 2, 2))))
