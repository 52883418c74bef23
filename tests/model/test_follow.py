"""From entries back to parameters: what a parameter puts into the arrays can be read there, and nothing else is."""

from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.loading.tuning import knobs
from handcrafted.model import invert_parameters
from handcrafted.model.provenance import entry_name, places_in
from handcrafted.zoo import find
from tests.loops import thinned
from tests.one_law import CASES, built

TUNED = sorted(name for name, case in CASES.items() if knobs(built(case)[0]))


@cache
def model_of(name):
    """Return one model per law; every test leaves it as it was."""
    return built(CASES[name])[1]


def other_value(draw, knob):
    """Draw another value of a parameter: a word, a whole number nearby, or a number of few digits."""
    if isinstance(knob.value, str):
        return draw(st.sampled_from(knob.choices))
    if isinstance(knob.value, int):
        return knob.value + draw(st.integers(-4, 4))
    return round(knob.value + draw(st.integers(-300, 300)) / 100, 2)


def set_entries(model, new):
    """Set every entry that differs from other arrays: all but the last behind the model's back, and that by an edit."""
    old, new = model.weights.numpy(), new.numpy()
    places = [(name, at) for name, a in old.items() for at in places_in(a != new[name])]
    if places:
        name, at = places[-1]
        almost = new.numpy()
        almost[name][at] = old[name][at]
        model.set_weights(almost)
        model.edit(entry_name(name, at), float(new[name][at]))


@pytest.mark.parametrize(
    "name",
    [
        *thinned([name for name in TUNED if name not in ("Kalman filter", "lookahead")], every=3),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("Kalman filter", "lookahead")),
    ],
)
@settings(max_examples=2, phases=[Phase.explicit, Phase.generate], derandomize=True)  # shrinking would take minutes
@given(data=st.data())
def test_parameter_to_entries_to_parameter_is_the_identity(name, data):
    model = model_of(name)
    model.reset()
    known = knobs(model.structure)
    knob = known[data.draw(st.sampled_from(sorted(known)))]
    value = other_value(data.draw, knob)
    try:
        model.parameters[knob.name] = value
    except hc.HandcraftedError:
        assume(False)
    wanted, structure = model.weights, model.structure
    model.undo()
    set_entries(model, wanted)
    assert not model.drifted
    moved, first = knobs(model.structure), model.history.first
    assert first
    assert [n for n, k in knobs(structure).items() if k.value != moved[n].value] in ([], [knob.name])
    if all(np.array_equal(a, wanted[n]) for n, a in first.weights.items()):
        assert model.structure == first.structure, "nothing moved, so nothing can be read"
    model.parameters[knob.name] = moved[knob.name].value
    assert all(np.array_equal(a, wanted[n]) for n, a in model.weights.items())


def test_an_entry_that_no_value_derives_puts_its_circuit_off_its_formula():
    model = hc.assemble(hc.load(find("heated room")))
    model.edit("W_in[1, 2, 0]", -65.0)
    assert model.parameters["thermostat.heat.off_above"].value == 23 and not model.drifted
    model.edit("b_in[1, 0]", 7.0)
    (off,) = model.drifted
    assert (off.entry, off.circuit, off.owner) == ("b_in[1, 0]", "thermostat.heat band.band", "thermostat")
    assert model.parameters["thermostat.heat.off_above"].value == 23
    model.undo()
    assert not model.drifted
    model.undo()
    assert model.parameters["thermostat.heat.off_above"].value == 21


def test_two_entries_of_one_parameter_are_off_until_both_agree():
    model, other = (hc.assemble(hc.load(find("heated room"))) for _ in range(2))
    other.parameters["thermostat.heat.on_below"] = 18.5
    wanted = {name: float(np.asarray(other.weights[name])[at]) for name, at in
              (("W_in", (1, 2, 0)), ("b_in", (1, 0)))}  # fmt: skip
    model.edit("b_in[1, 0]", wanted["b_in"])
    assert model.drifted
    model.edit("W_in[1, 2, 0]", wanted["W_in"])
    assert not model.drifted and model.parameters["thermostat.heat.on_below"].value == 18.5
    assert model.structure == other.structure
    assert hc.compare(model.structure, hc.recover(model)).reproduced


@pytest.mark.parametrize("loop", ["cruise control", pytest.param("wheel brakes", marks=pytest.mark.slow)])
def test_an_edit_tries_few_values_however_much_is_off_already(loop, monkeypatch):
    model = hc.assemble(hc.load(find(loop)))
    built, build = [], invert_parameters._Search._built
    monkeypatch.setattr(
        invert_parameters._Search, "_built", lambda self, value: (built.append(value), build(self, value))[1]
    )
    free = np.argwhere(np.asarray(model.trainable.b_in) & (np.asarray(model.weights.b_in) != 0))
    for layer, neuron in free[:4].tolist():
        built.clear()
        model.edit(f"b_in[{layer}, {neuron}]", float(model.weights.b_in[layer, neuron]) + 1 / 64)
        assert len(set(built)) <= 100
    assert len(model.drifted) >= 2


def test_thresholds_of_a_decision_in_words_are_tried_as_numbers():
    model = hc.assemble(hc.load(find("cruise control")))
    known = knobs(model.structure)
    assert known["supervisor.mode.when.0.distance.below"].choices == ()
    model.edit("b_in[1, 1]", float(model.weights.b_in[1, 1]) + 1 / 64)
    model.edit("b_in[1, 2]", float(model.weights.b_in[1, 2]) + 1 / 64)
    assert len(model.drifted) == 2


def test_what_an_entry_is_for():
    model = hc.assemble(hc.load(find("guarded room")))
    base = next(place for place in model.layout if place.owner == "landlord" and place.part == "mlp")
    said = model.provenance(f"b_in[{base.layer}, {base.components[0]}]")
    assert (said.circuit, said.owner, said.formula, said.frozen, said.locked) == (
        base.circuit, "landlord", base.formula, True, "",
    )  # fmt: skip
    assert "frozen: Layer 0" in str(said)
    locked = np.argwhere(~np.asarray(model.masks.W_in))[0]
    assert "it may read" in model.provenance(entry_name("W_in", tuple(map(int, locked)))).locked
    assert model.provenance("W_E[0, 0]").circuit == "embedding" and model.provenance("W_R[0, 0]").role == "memory"
    with pytest.raises(hc.HandcraftedError, match="Expected an array entry"):
        model.provenance("nonsense")


def test_circuits_that_were_given_have_no_formula_to_be_off():
    model = hc.assemble(hc.load(find("train door")))
    given_circuits = hc.assemble(model.structure, circuits=())
    assert given_circuits.drifted == ()
