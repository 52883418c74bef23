"""Parameters by meaning: what they are called, what they move, and that setting one is as good as a new assembly."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.craft.plan import circuits_of
from handcrafted.laws.catalogue import LAWS
from handcrafted.loading.tuning import ParameterRef, Setting, knobs, tuned
from handcrafted.loading.yamlfile import loads
from handcrafted.model.weights import Weights
from handcrafted.verdict.catalogue import measure
from handcrafted.zoo import find
from handcrafted.zoo.examples import example

LISTED = {
    "heated room": [
        ("thermostat.heat.on_below", 19.0, "degC"),
        ("thermostat.heat.off_above", 21.0, "degC"),
        ("thermostat.heat.initial", 0.0, None),
    ],
    "wheel brakes": [
        ("crew.pedals.when.0.position.above", 1200.0, "m"),
        ("crew.pedals.when.1.position.above", 300.0, "m"),
        ("autobrake.deceleration.steps", 4, "steps"),
        ("autobrake.deceleration.gain", -1.0, "(m/s2)/(m/s)"),
        ("autobrake.brake_demand.when.0.deceleration.below", 2.9, "m/s2"),
        ("hydraulic_controller.valve.when.0.pressure.below", 0.9, None),
        ("hydraulic_controller.valve.when.1.pressure.below", 0.9, None),
    ],
}
FORCED = [("moving average", "controller.out.steps")]
"""Parameters that cannot change without other circuits."""

PLACES = [(law, name) for law in LAWS for name in knobs(example(law))]


@pytest.fixture
def room():
    return hc.assemble(hc.load(find("heated room")))


def moved(old: Weights, new: Weights) -> dict[str, set[tuple[int, ...]]]:
    differ = old.map(lambda a, b: np.argwhere(np.asarray(a) != np.asarray(b)), new)
    return {name: {tuple(place) for place in at.tolist()} for name, at in differ.items() if len(at)}


def another(knob: ParameterRef, rng: np.random.Generator) -> Setting:
    if knob.choices and (isinstance(knob.value, str) or knob.path[-1] == "initial"):
        return knob.choices[rng.integers(len(knob.choices))]
    if isinstance(knob.value, int):
        return int(rng.integers(1, 16))
    return float(np.float32(knob.value + rng.normal() * rng.choice([0.25, 2.5, 25])))


def test_parameters_are_listed_by_meaning_with_value_and_unit():
    for name, wanted in LISTED.items():
        found = hc.assemble(hc.load(find(name))).parameters
        assert [(p.name, p.value, p.unit) for p in found.values()] == wanted, name
        assert len(found) == len(wanted) and wanted[0][0] in found and "thermostat.heat" not in found


def test_units_follow_from_what_a_law_reads_and_gives():
    text = """
name: heater
time step: {value: 1, unit: s}
components:
  controller:
    kind: controller
    level: 0
    process model: {temperature: {reads: [temperature], range: [0, 40], unit: degC}}
    control algorithm:
      heat: {law: pid, reads: [temperature], parameters: {kp: 2, ki: 0.5, kd: 1, tracking: 0.125, low: 0}}
  room: {kind: process, level: 1}
control actions: [{name: heat, from: controller, to: room, range: [0, 9], unit: kW}]
feedback: [{name: temperature, from: room, to: controller, range: [0, 40], unit: degC}]
"""
    found = {p.name.split(".")[-1]: p.unit for p in knobs(loads(text)).values()}
    assert found == {
        "low": "kW", "high": "kW", "initial": "kW",
        "kp": "kW/degC", "ki": "kW/degC/s", "kd": "kW*s/degC", "tracking": "1/s",
    }  # fmt: skip


def test_units_that_stand_above_and_below_cancel():
    """A gain from degC to degC is a pure number, one from degC to degC with time in it keeps the time alone."""
    text = """
name: follower
time step: {value: 1, unit: s}
components:
  controller:
    kind: controller
    level: 0
    process model: {temperature: {reads: [temperature], range: [0, 40], unit: degC}}
    control algorithm: {wanted: {law: pid, reads: [temperature], parameters: {kp: 2, ki: 0.5, kd: 1}}}
  room: {kind: process, level: 1}
control actions: [{name: wanted, from: controller, to: room, range: [0, 40], unit: degC}]
feedback: [{name: temperature, from: room, to: controller, range: [0, 40], unit: degC}]
"""
    found = {p.name.split(".")[-1]: p.unit for p in knobs(loads(text)).values()}
    assert (found["kp"], found["ki"], found["kd"], found["low"]) == (None, "1/s", "s", "degC")


@pytest.mark.parametrize(("law", "name"), PLACES)
def test_setting_a_parameter_is_assembling_anew_and_moves_only_what_is_listed(law, name):
    model = hc.assemble(example(law))
    found, before, knob = model.parameters[name], model.weights, knobs(model.structure)[name]
    assert bool(found.entries) != ((law, name) in FORCED), str(found)
    assert ("other circuits" in str(found)) != bool(found.entries)
    rng, tried = np.random.default_rng(len(law + name)), 0
    for value in (another(knob, rng) for _ in range(40)):
        try:
            wanted = hc.assemble(tuned(model.structure, knob, value))
            model.parameters[name] = value
        except hc.HandcraftedError:
            continue
        assert knobs(model.structure)[name].value == value
        assert not moved(model.weights, wanted.weights)
        assert model.structure == wanted.structure and model.layout == wanted.layout
        for array, places in moved(before, model.weights).items():
            assert places <= {tuple(place) for place in found.entries[array].tolist()}, array
        tried += 1
        if tried == 2:
            break
    assert tried


def test_a_changed_parameter_changes_the_law_and_the_readouts_agree(room):
    room.parameters["thermostat.heat.on_below"] = 17.25
    assert hc.compare(room.structure, hc.recover(room)).reproduced
    assert room.parameters["thermostat.heat.on_below"].value == 17.25
    assert hc.simulate(room, steps=400).measured["temperature"].min() < 18  # the shipped loop stays above
    law = example("integrator")
    model = hc.assemble(law)
    model.parameters["controller.out.gain"] = -0.5
    assert measure(model.structure).within < 1e-5


def test_the_old_structure_no_longer_agrees_with_the_changed_model(room):
    old = room.structure
    room.parameters["thermostat.heat.on_below"] = 17.25
    assert not hc.compare(old, hc.recover(room)).reproduced


def test_what_was_edited_by_hand_stays(room):
    weights = room.weights.numpy()
    weights.b_in[1, 1] += 0.25
    room.set_weights(weights)
    room.parameters["thermostat.heat.on_below"] = 18.0
    assert np.asarray(room.weights.b_in)[1, 1] == weights.b_in[1, 1]
    assert np.asarray(room.weights.b_in)[1, 0] != weights.b_in[1, 0]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("thermostat.heat.on_below", 25.0, "at or under `off above`, got 25 and 21"),
        ("thermostat.heat.on_belov", 18.0, "Did you mean `thermostat.heat.on_below`"),
        ("thermostat.heat.on_below", "warm", "thermostat.heat.on_below: "),
        ("thermostat.heat.on_below", float("nan"), "finite"),
        ("thermostat.heat.initial", 0.5, "to start from 0.0 or 1.0"),
    ],
)
def test_a_bad_value_is_refused_and_nothing_changes(room, name, value, said):
    before, structure = room.weights, room.structure
    with pytest.raises(hc.HandcraftedError, match=said):
        room.parameters[name] = value
    assert not moved(before, room.weights) and room.structure == structure


def test_a_value_that_needs_other_circuits_is_refused():
    model = hc.assemble(example("moving average"))
    with pytest.raises(hc.HandcraftedError, match="needs the same circuits, got 5"):
        model.parameters["controller.out.steps"] = 5


def test_a_model_of_given_circuits_has_none():
    structure = hc.load(find("heated room"))
    with pytest.raises(hc.HandcraftedError, match="given circuits"):
        len(hc.assemble(structure, circuits_of(structure.resolved)).parameters)
