"""What a builder keeps from one structure to the next changes nothing of what it builds."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.craft import plan
from handcrafted.craft.build import Builder, build
from handcrafted.loading.tuning import knobs, tuned
from handcrafted.model.parameters import trials
from handcrafted.zoo import bundled
from tests.loops import thinned

KINDS = ("weights", "masks")


def must_be_same(one, other):
    assert one.layout == other.layout and one.names == other.names
    for kind in KINDS:
        for name, array in getattr(one, kind).items():
            assert np.array_equal(array, getattr(other, kind)[name]), (kind, name)


def copied(network):
    return {(kind, name): array.copy() for kind in KINDS for name, array in getattr(network, kind).items()}


def others(structure, most=6):
    """Return structures with one parameter changed, as far as values are valid."""
    found = []
    for knob in list(knobs(structure).values()):
        for value in trials(knob)[:2]:
            try:
                found.append(tuned(structure, knob, value))
            except hc.HandcraftedError:
                continue
    return found[:: max(1, len(found) // most)]


@pytest.mark.parametrize("path", thinned(bundled(), every=2), ids=lambda path: path.stem)
def test_networks_of_one_structure_after_another_are_those_of_each_alone(path):
    structure, builder = hc.load(path), Builder()
    first = builder(structure)
    before = copied(first)
    for other in others(structure):
        must_be_same(builder(other), build(other))
    assert builder(structure) is first, "it is kept"
    assert all(np.array_equal(array, before[key]) for key, array in copied(first).items())


def test_another_structure_gets_masks_of_its_own_and_leaves_those_of_the_last():
    builder, (one, other) = Builder(), (hc.load("heated room"), hc.load("guarded room"))
    first = builder(one)
    before = copied(first)
    must_be_same(builder(other), build(other))
    same = builder(tuned(one, knobs(one)["thermostat.heat.on_below"], 18.0))
    must_be_same(same, build(same.structure))
    assert all(np.array_equal(array, before[key]) for key, array in copied(first).items())


def test_circuits_of_laws_that_stay_are_kept_and_no_others(monkeypatch):
    made, of_law = [], plan.circuits_of_law
    monkeypatch.setattr("handcrafted.craft.build.circuits_of_law", lambda *a: (made.append(a[0].name), of_law(*a))[1])
    structure, builder = hc.load("wheel brakes"), Builder()
    builder(structure)
    whole = len(made)
    builder(tuned(structure, knobs(structure)["autobrake.deceleration.gain"], -0.5))
    assert whole > 3 and made[whole:] == ["deceleration"]


def test_networks_are_kept_only_as_far_as_they_are_small(monkeypatch):
    structure = hc.load("heated room")
    monkeypatch.setattr("handcrafted.craft.build.KEPT_BYTES", 1)
    builder = Builder()
    for other in (structure, *others(structure)):
        builder(other)
        assert len(builder.known) == 1
