"""Edits of a model: refused where they must be, undone bit for bit, and written down as Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.model.provenance import parse_entry
from handcrafted.zoo import find
from tests.loops import of_the_zoo


def fresh(name="heated room"):
    """Return a model of its own."""
    return hc.assemble(hc.load(find(name)))


def bits(model):
    """Return all arrays as bytes."""
    return {name: np.asarray(array).tobytes() for name, array in model.weights.items()}


def test_an_entry_is_set_undone_and_done_again():
    model = fresh()
    before, entry = bits(model), "b_in[1, 0]"
    old = float(model.weights.b_in[1, 0])
    model.edit(entry, old + 0.5)
    assert float(model.weights.b_in[1, 0]) == np.float32(old + 0.5) and bits(model) != before
    after = bits(model)
    model.undo()
    assert bits(model) == before
    model.redo()
    assert bits(model) == after
    model.reset()
    assert bits(model) == before
    model.undo()
    assert bits(model) == after, "a reset is a change like any other"
    model.reset()
    while model.history.done:
        model.undo()
    with pytest.raises(hc.HandcraftedError, match="Expected a change to undo"):
        model.undo()


def test_a_parameter_is_undone_with_the_structure_that_it_changed():
    model = fresh()
    structure, before = model.structure, bits(model)
    model.parameters["thermostat.heat.on_below"] = 18.5
    assert model.structure != structure and bits(model) != before
    model.undo()
    assert model.structure is structure and bits(model) == before
    assert model.parameters["thermostat.heat.on_below"].value == 19


def test_the_history_is_python_that_comes_to_the_same():
    model = fresh()
    model.parameters["thermostat.heat.off_above"] = 22
    model.edit("b_in[1, 0]", -0.125)
    model.reset()
    model.edit("W_U[5, 0]", 0.75, unlock=True)
    weights = model.weights.numpy()
    weights.b_out[0, 2] = 3
    model.set_weights(weights)
    other = fresh()
    exec(str(model.history), {"model": other})
    assert bits(other) == bits(model) and other.structure == model.structure
    assert str(model.history).splitlines()[0] == "model.parameters['thermostat.heat.off_above'] = 22"
    assert str(fresh().history) == "no changes"


def test_locked_entries_stay_locked_until_they_are_unlocked_and_the_audit_lists_them():
    model = fresh()
    before = bits(model)
    masks = np.asarray(model.masks.W_in)
    place = "W_in[" + ", ".join(map(str, np.argwhere(~masks)[0])) + "]"
    with pytest.raises(hc.HandcraftedError, match=r"which is locked: L0N0.*it may read"):
        model.edit(place, 1.0)
    assert bits(model) == before and not model.history.done
    model.edit(place, 1.0, unlock=True)
    (breach,) = model.audit()
    name, index = parse_entry(place, model.weights)
    assert (breach.array, breach.index) == (name, index)
    assert not np.asarray(model.effective_weights[name])[index], "it does not act even then"


BAD = [
    ("b_in[1, 0]", float("nan"), "finite number"), ("b_in[1, 0]", float("inf"), "finite number"),
    ("b_in[1, 0]", 1e39, "finite number"), ("b_in[1, 0]", "warm", "finite number"),
    ("b_in[1, 0]", True, "finite number"),
    ("b_in[1]", 1.0, "whose shape is"), ("b_in[1, 99]", 1.0, "whose shape is"), ("b_inn[1, 0]", 1.0, "b_in"),
    ("b_in", 1.0, "an array entry such as"), ("b_in[-1, 0]", 1.0, "an array entry such as"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "value", "said"), BAD)
def test_bad_edits_change_nothing(entry, value, said):
    model = of_the_zoo("heated_room")[1]
    before = bits(model)
    with pytest.raises(hc.HandcraftedError, match=said):
        model.edit(entry, value)
    assert bits(model) == before and not model.history.done


def test_layer_0_is_frozen_for_edits_too():
    model = fresh("guarded room")
    before = bits(model)
    with pytest.raises(hc.HandcraftedError, match="It is frozen"):
        model.edit("W_in[7, 8, 0]", 2.0)
    with pytest.raises(hc.HandcraftedError, match="It is frozen"):
        model.parameters["landlord.heat.permit.0.temperature.below"] = 29
    assert bits(model) == before and not model.history.done


@settings(max_examples=6)
@given(st.data())
def test_any_sequence_of_edits_is_undone_bit_for_bit(data):
    model = fresh()
    stands = [bits(model)]
    entries = [
        (name, tuple(map(int, at))) for name, mask in model.masks.items() for at in np.argwhere(np.asarray(mask))
    ]
    for _ in range(data.draw(st.integers(1, 8))):
        if data.draw(st.booleans()):
            name, at = data.draw(st.sampled_from(entries))
            model.edit(f"{name}[{', '.join(map(str, at))}]", data.draw(st.floats(-1e30, 1e30)))
        else:
            model.parameters["thermostat.heat.on_below"] = data.draw(st.floats(10, 20.5))
        stands.append(bits(model))
    for stand in stands[-2::-1]:
        model.undo()
        assert bits(model) == stand
    for stand in stands[1:]:
        model.redo()
        assert bits(model) == stand
