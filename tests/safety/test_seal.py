"""Sabotage of a Layer 0 controller: each must be refused by its seal, and without a seal be said not to hold."""

import json
from dataclasses import replace

import pytest

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamltext import dumps
from handcrafted.model.saved import ARRAYS, as_arrays
from handcrafted.model.transformer import Transformer
from handcrafted.safety.authority import authority_report
from handcrafted.zoo import find
from tests.safety.sabotage import (
    MACHINE,
    ORDER,
    ROOM,
    SABOTAGE,
    move,
    other_limits,
    other_permit,
    other_safe_value,
    parts,
    spoilt,
    veto_before_its_rows,
)

ALL = [pytest.param(spoil, name, id=f"{spoil.__name__} {i}") for i, (spoil, name) in enumerate(SABOTAGE.items())]
QUARTER = [
    one if k % 4 == 0 else pytest.param(*one.values, id=one.id, marks=pytest.mark.slow) for k, one in enumerate(ALL)
]


@pytest.mark.parametrize(("spoil", "name"), ALL)
def test_the_seal_refuses_it(spoil, name):
    reason = "as it was assembled|read what is written before|Expected a window of 1 to 43|to write subspaces of"
    with pytest.raises(hc.HandcraftedError, match=reason):
        spoilt(spoil, name).build(sealed=True)


@pytest.mark.parametrize(("spoil", "name"), QUARTER)
def test_without_a_seal_it_is_refused_or_does_not_hold(spoil, name):
    try:
        model = spoilt(spoil, name).build(sealed=False)
    except hc.HandcraftedError:
        return
    report = authority_report(model)
    assert not report.holds and "DOES NOT HOLD" in str(report)


@pytest.mark.parametrize("name", [ROOM, pytest.param(MACHINE, marks=pytest.mark.slow)])
def test_honest_parts_hold(name):
    """The control of all of the above: what is not spoilt is neither refused nor doubted."""
    model = parts(name).build(sealed=True)
    assert model.seal == parts(name).seal and authority_report(model).holds
    assert authority_report(parts(name).build(sealed=False)).holds


def test_where_in_the_host_a_circuit_stands_does_not_count():
    it = parts(ROOM)
    for writes in ("set point", "heat ramps", "heat veto"):
        move(it, writes, it.place(writes, "landlord").layer, "landlord")
    assert it.weights.sizes["d_mlp"] > parts(ROOM).weights.sizes["d_mlp"]
    model = it.build(sealed=True)
    assert model.fingerprint == it.seal and authority_report(model).holds


def renamed(data):
    """The tenant has another name, and asks for more than there is."""
    text = json.dumps(data).replace('"thermostat"', '"tenant"')
    new = json.loads(text)
    new["requests"][0]["range"] = [-1, 3]
    asking = {"law": "linear", "reads": ["room temperature"], "parameters": {"gains": {"room temperature": 0.5}}}
    new["components"]["tenant"]["control algorithm"]["heat request"] = asking
    return new


def test_who_asks_and_for_how_much_does_not_count():
    it = parts(ROOM)
    data = it.structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    model = hc.assemble(ControlStructure.model_validate(renamed(data)))
    assert model.seal == it.seal and authority_report(model).holds


@pytest.mark.parametrize("spoil", [other_permit, other_limits, other_safe_value])
def test_a_change_of_the_structure_or_the_layout_must_keep_the_seal(spoil):
    model = hc.assemble(hc.load(find(ROOM)))
    with pytest.raises(hc.HandcraftedError, match="as it was assembled"):
        model.change(model.weights, spoilt(spoil, ROOM).structure)
    layout = list(model.layout)
    number = next(i for i, place in enumerate(layout) if place.writes.name == "heat ramps")
    layout[number] = replace(layout[number], layer=0, components=(0,))
    with pytest.raises(hc.HandcraftedError):
        model.change(model.weights, layout=tuple(layout))
    assert authority_report(model).holds and not model.history.done


@pytest.mark.parametrize("spoil", [other_permit, other_limits, other_safe_value])
def test_a_folder_with_another_declaration_is_refused(spoil, tmp_path):
    """Arrays of the landlord as they were, a structure that says something else, and the right digest."""
    model = hc.assemble(hc.load(find(ROOM)))
    folder, structure = model.save(tmp_path / "room"), spoilt(spoil, ROOM).structure
    (folder / ARRAYS).write_bytes(as_arrays(dumps(structure), model.weights.numpy()))
    for load in (lambda: model.restore(folder), lambda: hc.load_model(folder)):
        with pytest.raises(hc.HandcraftedError, match=r"as it was assembled|a model of the same circuits"):
            load()
    assert model.structure == hc.load(find(ROOM))


def test_a_window_that_no_folder_names_is_not_saved(tmp_path):
    it = parts("guarded room")
    it.window = 20
    made = hc.assemble(it.structure)
    arrays = it.weights, it.masks, it.names, tuple(it.layout), it.structure
    model = Transformer(*arrays, window=20, rebuild=made._rebuild)
    with pytest.raises(hc.HandcraftedError, match="a model whose heads see 16 steps, as `assemble` makes it, got 20"):
        model.save(tmp_path / "room")


@pytest.mark.parametrize(("spoil", "name"), ORDER.items())
def test_the_report_names_the_circuit_that_reads_too_early(spoil, name, monkeypatch):
    monkeypatch.setattr("handcrafted.model.transformer.check_layout", lambda layout, sizes: None)
    report = authority_report(spoilt(spoil, name).build(sealed=False))
    assert not report.holds and report.early and "too early: " in str(report) and "another" in str(report)
    assert report.refuted, "the laws say so, too"
    assert report.trial.vetoes or spoil is veto_before_its_rows, "and the trial, unless nothing is permitted any more"


def test_what_is_changed_behind_its_back_shows_in_the_report():
    model = hc.assemble(hc.load(find(ROOM)))
    vars(model)["_window"] = 64
    assert not authority_report(model).holds
    with pytest.raises(hc.HandcraftedError, match="as it was assembled"):
        hc.simulate(model, steps=2)
