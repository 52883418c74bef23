"""Differences of models: by parameter, circuit and entry, in entries and bits."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.zoo import find


def rooms():
    return [hc.assemble(hc.load(find("heated room"))) for _ in range(2)]


def test_equal_models_do_not_differ():
    difference = hc.diff(*rooms())
    assert (difference.entries, difference.parameters, difference.bits) == ((), {}, 0)
    assert repr(difference) == "no difference"


def test_retargeting_by_one_entry_is_one_entry_and_its_bits():
    a, b = rooms()
    b.edit("W_in[1, 2, 0]", -65.0)
    difference = hc.diff(a, b)
    (entry,) = difference.entries
    flipped = int(np.float32(-33).view(np.uint32)) ^ int(np.float32(-65).view(np.uint32))
    assert (entry.array, entry.index, entry.before, entry.after) == ("W_in", (1, 2, 0), -33, -65)
    assert difference.bits == entry.bits == bin(flipped).count("1") == 3
    assert difference.parameters == {"thermostat.heat.off_above": (21, 23)}
    assert difference.circuits == {"thermostat.heat band.band": 1}
    assert difference.weights == sum(np.size(array) for _, array in a.weights.items())
    assert "W_in[1, 2, 0]: -33 -> -65 (3 bits)" in repr(difference)
    back = hc.diff(b, a)
    assert back.bits == 3 and back.parameters == {"thermostat.heat.off_above": (23, 21)}


def test_many_entries_are_counted_and_minus_zero_is_a_bit():
    a, b = rooms()
    b.set_weights(b.weights.map(lambda array: np.asarray(array) + np.float32(1)))
    difference = hc.diff(a, b)
    assert len(difference.entries) == difference.weights and "more" in repr(difference)
    c = rooms()[0]
    weights = c.weights.numpy()
    weights.W_U[0, 0] = -0.0
    c.set_weights(weights)
    assert hc.diff(a, c).bits == 1


def test_models_of_other_circuits_are_refused():
    with pytest.raises(hc.HandcraftedError, match="Expected two models of the same coordinates and circuits"):
        hc.diff(rooms()[0], hc.assemble(hc.load(find("train door"))))
