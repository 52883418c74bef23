"""Layer 0 holds whatever the other weights are; without its ports, its saturation or its blocks it does not."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.craft.plan import without_saturation
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.transformer import Transformer
from handcrafted.safety.authority import authority_report
from handcrafted.safety.guards import guards_of
from handcrafted.safety.trials import NAN, SCALES, try_weights
from handcrafted.zoo import find
from tests.loops import sparing

GUARDED = sparing(("guarded room", "radiotherapy"))
SETS = 1000
"""By default; all 10,000 of the claim are `slow`."""


def model_of(name):
    return hc.assemble(hc.load(find(name)))


def holds(name, sets):
    tally = try_weights(model_of(name), sets)
    assert tally.holds and tally.sets == sets, tally
    assert sets / 4 <= tally.overflowed <= 3 * sets / 4, "kinds that stay finite, and kinds that overflow"
    assert tally.vetoed > sets, "vetoes are tried, too"


@pytest.mark.parametrize("name", GUARDED)
def test_no_weights_outside_layer_0_move_it(name):
    holds(name, SETS)


@pytest.mark.slow
@pytest.mark.parametrize("name", GUARDED)
def test_no_weights_of_ten_thousand_sets_move_it(name):
    holds(name, 10_000)


@pytest.mark.parametrize("name", GUARDED)
def test_without_ports_it_breaks(name):
    tally = try_weights(model_of(name), 60, kinds=("extreme", NAN), ported=False)
    assert tally.limits > 40 and tally.vetoes > 40 and tally.protected == 0


@pytest.mark.parametrize("name", GUARDED)
def test_masks_alone_do_not_contain_an_overflow(name):
    tally = try_weights(model_of(name), 60, kinds=("extreme", NAN), dense=True)
    assert tally.protected > 40 and tally.limits > 40
    assert try_weights(model_of(name), 60, kinds=("small",), dense=True).holds, "finite weights they do contain"


@pytest.mark.parametrize("name", GUARDED)
def test_without_saturation_a_large_request_passes(name):
    structure = hc.load(find(name))
    tally = try_weights(hc.assemble(structure, without_saturation(structure)), 120, kinds=("large", "huge"))
    assert tally.limits > 10 and tally.vetoes > 10 and tally.protected == 0


@pytest.mark.parametrize("name", GUARDED)
def test_the_report_says_so_with_its_evidence(name):
    report = authority_report(model_of(name))
    assert report.holds and not report.leaks and not report.unported
    text = str(report)
    assert f"depends on 0 of {report.count} arrays of others" in text and "exactly 0 under a veto" in text
    assert report.seal and report.seal in text and "NaN in every array outside Layer 0: 4 weight sets, 4 not" in text
    assert len(report.guards) == 1 and len(report.unguarded) == 1
    bare = authority_report(model_of(name), ported=False)
    assert not bare.holds and bare.taint.limits == 4 and "DOES NOT HOLD" in str(bare) and "missing for" in str(bare)


def test_a_model_without_layer_0_promises_nothing():
    report = authority_report(model_of("cruise control"))
    assert not report.holds and report.base is None and "nothing is promised" in str(report)
    with pytest.raises(hc.HandcraftedError, match="a structure with a Layer 0 controller, got cruise control"):
        try_weights(model_of("cruise control"), 1)


def test_a_changed_layer_0_shows_and_does_not_run():
    model = model_of("guarded room")
    place = next(place for place in model.layout if place.writes.name == "heat veto")
    frozen = model.weights.numpy()
    frozen.b_in[place.layer, place.components[0]] = 0
    with pytest.raises(hc.HandcraftedError, match="landlord as it was assembled, fingerprint") as caught:
        model.set_weights(frozen)
    assert str(model.seal)[:12] in str(caught.value)
    vars(model)["b_in"][...] = frozen.b_in
    for run in (
        lambda: hc.simulate(model, steps=2),
        lambda: model(np.zeros((2, 1))),
        lambda: model.intervene(np.zeros((1, 2, 1))),
    ):
        with pytest.raises(hc.HandcraftedError, match="It is frozen"):
            run()
    assert not authority_report(model).holds and "but now" in str(authority_report(model))


def test_arrays_that_are_loaded_must_have_the_fingerprint_that_is_asked_for():
    model = model_of("guarded room")
    parts = model.masks.numpy(), model.names, model.layout, model.structure
    again = Transformer(model.weights.numpy(), *parts, seal=model.seal)
    assert again.seal == model.seal
    other = model.weights.numpy()
    place = next(place for place in model.layout if place.writes.name == "heat veto")
    other.W_in[place.layer, :, place.components[0]] *= 0.5
    with pytest.raises(hc.HandcraftedError, match="landlord as it was assembled"):
        Transformer(other, *parts, seal=model.seal)


def test_every_entry_of_layer_0_is_sealed_and_no_other():
    """Each free entry may change without a word; each frozen one that is not zero for good reason may not."""
    model = model_of("guarded room")
    rng, free = np.random.default_rng(0), model.trainable.numpy()
    shut = model.masks.map(lambda mask, may: np.asarray(mask) & ~may, free)
    for name, mask in shut.items():
        for place in rng.permutation(np.argwhere(mask))[:6]:
            changed = model.weights.numpy()
            changed[name][tuple(place)] += 1
            with pytest.raises(hc.HandcraftedError, match="frozen"):
                model.set_weights(changed)
    model.set_weights(model.weights.map(lambda array, may: np.where(may, array + 1, array), free))


def test_layer_0_has_no_parameters_to_set():
    model = model_of("guarded room")
    with pytest.raises(hc.HandcraftedError, match="frozen"):
        model.parameters["landlord.heat.permit.0.temperature.below"] = 29.0
    model.parameters["thermostat.heat_request.on_below"] = -2.0
    assert authority_report(model).holds


def hosts():
    """Return three structures with one Layer 0: the room, with a plainer tenant, and with one that has much more."""
    data = lambda: hc.load(find("guarded room")).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    plain, rich = data(), data()
    plain["name"] = "plain"
    plain["components"]["thermostat"]["control algorithm"]["heat request"] = {
        "law": "comparator", "reads": ["room temperature"], "parameters": {"below": 21}
    }  # fmt: skip
    rich["name"] = "rich"
    words = [f"mode {i}" for i in range(7)]
    rich["components"]["house keeper"] = {"kind": "controller", "level": 2}
    rich["components"]["thermostat"]["process model"]["mode"] = {"values": words}
    del rich["components"]["thermostat"]["budget"]
    rich["feedback"] += [
        {"name": "mode", "from": "house keeper", "to": "thermostat", "values": words},
        {"name": "temperature", "from": "room", "to": "house keeper", "range": [0, 40], "resolution": 0.0625},
    ]
    return [hc.load(find("guarded room")), *map(ControlStructure.model_validate, (plain, rich))]


@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_one_layer_0_keeps_its_fingerprint_and_its_promises_in_several_structures(count):
    models = [hc.assemble(structure) for structure in hosts()[:count]]
    assert len({str(model.weights.sizes) for model in models}) == count, "the networks differ"
    assert len({model.seal for model in models}) == 1
    for model in models:
        assert authority_report(model).holds and try_weights(model, 60).holds
        assert hc.compare(model.structure, hc.recover(model)).reproduced
    other = models[0].structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    other["components"]["landlord"]["control algorithm"]["heat"]["permit"] = {"temperature": {"below": 28.5}}
    assert hc.assemble(ControlStructure.model_validate(other)).seal != models[0].seal


def test_effective_limits_are_those_of_the_weights():
    data = hosts()[1].model_dump(mode="json", by_alias=True, exclude_defaults=True)
    low, high = 0.1, 0.7
    for link in (*data["control actions"], *data["requests"]):
        if link["name"].startswith("heat"):
            link["range"] = [low, high]
    data["components"]["landlord"]["control algorithm"]["heat"]["safe"] = low
    (guard,) = guards_of(hc.assemble(ControlStructure.model_validate(data)))
    assert np.float32(low) <= guard.low[0] < low + 1e-7 and high - 1e-7 < guard.high[0] <= np.float32(high)
    assert "within [0.1" in str(guard)


def test_the_kinds_of_weights_are_what_they_are_called():
    model = model_of("guarded room")
    assert try_weights(model, 12, kinds=("tiny", "small", "large")).overflowed == 0
    assert try_weights(model, 12, kinds=("extreme", NAN)).overflowed == 12
    assert set(SCALES) | {NAN} == set(try_weights(model, 6).kinds)
