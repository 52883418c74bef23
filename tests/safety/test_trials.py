"""Trials with other weights: they must have tried vetoes, and go by the declared law and not by its own word."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import loads
from handcrafted.model.transformer import Transformer
from handcrafted.safety.allowed import POOL, GuardRule, trying_vetoes
from handcrafted.safety.authority import authority_report
from handcrafted.safety.guards import guards_of
from handcrafted.safety.trials import NAN, Tally, _within, try_weights
from handcrafted.zoo import find
from tests.loops import thinned


def changed(change, name="guarded room"):
    """Assemble a bundled loop whose data `change` has edited."""
    data = hc.load(find(name)).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    change(data)
    return hc.assemble(ControlStructure.model_validate(data))


def permitting(permit):
    return changed(lambda data: data["components"]["landlord"]["control algorithm"]["heat"].update(permit=permit))


def rule_of(model, seed=0, steps=16):
    allowed = trying_vetoes(model.structure, model.names, guards_of(model), np.random.default_rng(seed), steps)
    return allowed.inputs, allowed.rules[0]


def test_the_rule_is_that_of_the_file():
    """The oracle is one line: below 28 degC all of [0, 1], from there on 0."""
    inputs, rule = rule_of(hc.assemble(hc.load(find("guarded room"))))
    assert inputs.shape == (POOL, 16, 1) and (rule.vetoed == (inputs[..., 0] >= 28)).all()
    assert rule.low == [0] and rule.high == [1] and (inputs == 28).any(), "the threshold itself is tried"
    assert rule.vetoed[::2].any(axis=1).all(), "every other run brings a veto"


def test_nan_alone_tries_no_veto_and_is_no_pass():
    tally = try_weights(hc.assemble(hc.load(find("guarded room"))), 8, kinds=(NAN,))
    assert tally.unbroken and tally.vetoed == 0 and not tally.holds
    assert "no veto of landlord's heat was tried" in str(tally)
    assert not Tally().holds and not try_weights(hc.assemble(hc.load(find("guarded room"))), 0).holds


@pytest.mark.parametrize("weaker", [12, 1e6])
def test_a_brain_that_vetoes_too_late_is_caught_by_the_law(weaker):
    model = hc.assemble(hc.load(find("guarded room")))
    weights = model.weights.numpy()
    place = next(place for place in model.layout if place.writes.name == "heat ramps")
    numbers = list(place.components)
    weights.b_in[place.layer, numbers] -= weaker * np.abs(weights.W_in[place.layer][:, numbers]).max()
    late = Transformer(weights, model.masks, model.names, model.layout, model.structure)
    tally = try_weights(late, 24)
    assert tally.protected == 0 and tally.limits == 0 and tally.vetoes > 4 and not tally.holds


def test_limits_are_the_declared_ones():
    """Arrays that let up to 1 through, under a structure that declares up to 0.5."""

    def narrower(data):
        for link in (*data["control actions"], *data["requests"]):
            if link["name"].startswith("heat"):
                link["range"] = [0, 0.5]

    wide, narrow = hc.assemble(hc.load(find("guarded room"))), changed(narrower)
    parts = wide.weights.numpy(), wide.masks, narrow.names, wide.layout, narrow.structure
    assert try_weights(Transformer(*parts), 24).limits > 2
    assert try_weights(narrow, 24).holds


def test_a_rare_veto_is_tried():
    model = permitting([{"temperature": {"below": 21}}, {"temperature": {"above": 21}}])
    inputs, rule = rule_of(model)
    assert (rule.vetoed == (inputs[..., 0] == 21)).all()
    assert try_weights(model, 24).holds and authority_report(model).holds


def test_a_late_veto_is_tried():
    """A watchdog that barks after 100 steps is the only thing that vetoes."""

    def slow(data):
        monitor = data["components"]["dose monitor"]
        monitor["process model"]["dose feedback"]["parameters"] = {"steps": 100}
        monitor["control algorithm"]["beam"]["permit"] = {"dose feedback": "fresh"}

    model = changed(slow, "radiotherapy")
    inputs, rule = rule_of(model)
    assert inputs.shape[1] > 100 and rule.vetoed.any() and not rule.vetoed[:, :90].any()
    tally = try_weights(model, 12)
    assert tally.holds and tally.vetoed > 12


def test_a_veto_that_never_comes_is_no_pass():
    """A permit that always holds: nothing can be tried, and the report says so."""
    model = permitting([{"temperature": {"below": 21}}, {"temperature": {"above": 20}}])
    tally, report = try_weights(model, 12), authority_report(model)
    assert tally.unbroken and not tally.holds and not report.holds
    assert "no veto of landlord's heat was tried" in str(report)


def test_a_guard_that_permits_everything_has_no_veto_to_try():
    model = changed(lambda data: data["components"]["landlord"]["control algorithm"]["heat"].pop("permit"))
    tally = try_weights(model, 12)
    assert tally.holds and not tally.tried and authority_report(model).holds


def test_nan_is_within_no_limits():
    low, high = np.zeros(1, np.float32), np.ones(1, np.float32)
    rule = GuardRule(low, high, np.zeros((1, 2), bool))
    assert _within(np.array([[0.5], [1.0]]), rule) and not _within(np.array([[0.5], [np.nan]]), rule)
    assert not _within(np.array([[0.5]]), rule._replace(high=np.full(1, np.nan)))


ROUND = """name: x
components:
  a:
    kind: controller
    level: 0
    layer 0: true
    process model: {{{model}}}
    control algorithm: {{{guards}}}
  b: {{kind: controller, level: 1}}
  p: {{kind: process, level: 2}}
control actions: [{actions}]
requests: [{requests}]
feedback:
  - {{name: x, from: p, to: a, range: [-2, 2]}}
  - {{name: y, from: p, to: a, range: [-2, 2], resolution: 0.1}}
  - {{name: x, from: p, to: b, range: [-2, 2]}}
"""
PLAIN = {
    "model": "x: {reads: [x]}",
    "guards": "out: {law: guard, gates: q, permit: {x: {below: 1}}, safe: 0}",
    "actions": "{name: out, from: a, to: p, range: [0, 1]}",
    "requests": "{name: q, from: b, to: a, range: [0, 1]}",
}
TWO = "two: {law: guard, gates: %s, permit: [{x: {above: -1}}, {x: {below: -1.7}}], safe: %s}"
HONEST = {
    "off the grid": {},
    "an average": {
        "model": "x: {law: moving average, reads: [x], parameters: {steps: 5}, range: [-2, 2]}",
        "guards": "out: {law: guard, gates: q, permit: {x: {below: 1, above: -1.3}}, safe: 0.3}",
    },
    "a sum": {"model": "x: {law: linear, reads: [x, y], parameters: {gains: {x: 0.3, y: 0.7}}, range: [-2, 2]}"},
    "words": {
        "guards": "out: {law: guard, gates: q, permit: {x: {below: 1}}, safe: shut}",
        "actions": "{name: out, from: a, to: p, values: [shut, low, high]}",
        "requests": "{name: q, from: b, to: a, values: [shut, low, high]}",
    },
    "two guards of one request": {
        "guards": f"{PLAIN['guards']}, {TWO % ('q', 0)}",
        "actions": f"{PLAIN['actions']}, {{name: two, from: a, to: p, range: [0, 1]}}",
    },
    "two guards of two requests": {
        "guards": f"{PLAIN['guards']}, {TWO % ('r', 0.1)}",
        "actions": f"{PLAIN['actions']}, {{name: two, from: a, to: p, range: [-0.1, 0.7]}}",
        "requests": f"{PLAIN['requests']}, {{name: r, from: b, to: a, range: [0, 1]}}",
    },
    "a request of the step before": {"requests": "{name: q, from: b, to: a, range: [0, 1], recurrent: true}"},
    "what was three steps ago": {
        "model": "x: {law: delay, reads: [x], parameters: {steps: 3}}, "
        "d: {law: integrator, reads: [y], range: [-10, 10]}",
        "guards": "out: {law: guard, gates: q, permit: {x: {below: 1}, d: {below: 9}}, safe: 0}",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", thinned(HONEST))
def test_honest_guards_of_all_kinds_hold(name):
    model = hc.assemble(loads(ROUND.format(**PLAIN | HONEST[name])))
    tally = try_weights(model, 60)
    assert tally.holds and min(tally.tried.values()) > 5, tally
    report = authority_report(model, seed=1)
    assert report.holds, report
