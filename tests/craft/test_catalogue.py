"""Every law of the catalogue at once, in one network: read back, and with any one law exchanged."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.laws.catalogue import LAWS
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import loads
from handcrafted.verdict import catalogue as catalogue_module
from handcrafted.verdict.catalogue import STEPS, measure
from handcrafted.zoo import examples
from handcrafted.zoo.examples import REGRESSION, example
from tests.loops import thinned
from tests.one_law import CASES, text_of

ONE_OF_A_KIND = [name for name in CASES if not name.endswith((" of two", " of words", " of one"))]
"""A case of each law, and most of its variants."""


def catalogue():
    """Return one controller per case, each over a process of its own."""
    parts, actions, feedback, requests = {}, [], [], []
    for name, case in ((name, CASES[name]) for name in ONE_OF_A_KIND):
        one = yaml.safe_load(text_of(case))
        controller, process = f"controller of {name}", f"process of {name}"
        parts |= {controller: one["components"]["c"], process: {"kind": "process", "level": 1}}
        actions += [{**link, "from": controller, "to": process} for link in one["control actions"]]
        feedback += [{**link, "from": process, "to": controller} for link in one["feedback"]]
        requests += [{**link, "from": process, "to": controller} for link in one.get("requests", ())]
    links = {"control actions": actions, "feedback": feedback, "requests": requests}
    return ControlStructure.model_validate(
        {"name": "catalogue", "time step": {"value": 0.5}, "components": parts, **links}
    )


def test_every_law_has_a_case():
    used = {entry.task.law for c in catalogue().resolved.controllers.values() for entry in c.entries}
    assert set(LAWS) - used == {"constant"}, "a constant reads nothing; the linear law's cases have constants"


@pytest.mark.slow
def test_a_structure_that_uses_every_law_is_reproduced_without_a_finding():
    structure = catalogue()
    comparison = hc.compare(structure, hc.recover(hc.assemble(structure)))
    assert comparison.reproduced and not comparison.findings, comparison


def line(law, parameters, action="range: [-8, 8]", reads="range: [-4, 4]"):
    return (
        "name: x\ncomponents:\n  c: {kind: controller, level: 0, control algorithm: {out: {law: "
        f"{law}, reads: [x], parameters: {parameters}}}}}}}\n  p: {{kind: process, level: 1}}\n"
        f"control actions: [{{name: out, from: c, to: p, {action}}}]\n"
        f"feedback: [{{name: x, from: p, to: c, {reads}}}]\n"
    )


BAD = {
    "an unstable observer": (line("observer", "{a: 1.5, gain: 0.25}"), "stable observer.*between 0.5 and 2.5"),
    "a matrix that is not square": (
        line("observer", "{a: [[1, 0], [0]], gain: [1, 1], c: [1, 0]}"),
        "in `a` 2 rows as long, got lengths",
    ),
    "a gain for another state": (
        line("observer", "{a: [[0.5, 0], [0, 0.5]], gain: [0.5], c: [1, 0]}"),
        "numbers in `gain` as the state has, 2",
    ),
    "an unstable observer of two numbers": (
        line("observer", "{a: [[1, 1], [0, 1]], gain: [0.5, 0], c: [1, 0]}"),
        "one of size 1",
    ),
    "a gain and noise": (
        line("observer", "{a: 0.5, gain: 0.5, process noise: 1, measurement noise: 1}"),
        "Give one way",
    ),
    "a system without a filter": (
        line("observer", "{a: [[0.5, 0], [0, 2]], c: [1, 0], process noise: [[1, 0], [0, 1]], measurement noise: 1}"),
        "stationary Kalman filter",
    ),
    "a gain beyond float32": (line("linear", "{gains: {x: 1.0e+39}}"), "which float32 holds, got 1e.39"),
    "a gain below float32": (line("linear", "{gains: {x: 1.0e-50}}"), "which float32 holds, got 1e-50"),
    "limits too far apart": (
        line("saturation", "{low: -1.0e+38, high: 1.0e+38}"),
        "numbers that float32 holds.*got inf",
    ),
    "a gain times a time step beyond float32": (
        "time step: {value: 1.0e+20}\n" + line("integrator", "{gain: 1.0e+30}"),
        "c.out floor.floor numbers that float32 holds.*got 1e.50",
    ),
    "a time step below zero": (
        "time step: {value: -1}\n" + line("linear", "{gains: {x: 1}}"),
        "line 1: .*greater than 0",
    ),
    "thresholds out of order": (line("hysteresis", "{on below: 3, off above: 1}"), "in order"),
    "an input without a factor": (line("observer", "{a: 0.5, gain: 0.25, b: {u: 1}}"), "entry for each read but"),
    "no width": (line("dead band", "{width: 0}"), "width"),
    "a window longer than the model's": (line("moving average", "{steps: 17}"), "steps"),
    "more votes than voters": (line("k of n", "{k: 2}", "range: [0, 1]"), "`k` of at most 1"),
    "points out of order": (line("lookup", "{points: [[1, 0], [0, 1]]}"), "rising x"),
    "both tables": (line("lookup", "{points: [[0, 0], [1, 1]], values: {a: 1}}"), "both or neither"),
    "a word without a number": (line("lookup", "{values: {a: 1}}", reads="values: [a, b]"), "each of a, b"),
    "an unknown state": (
        line("finite state", "{transitions: [[a, go, c]]}", "values: [a, b]", "values: [stay, go]"),
        "one of a, b, got 'c'",
    ),
    "two transitions at once": (
        line("finite state", "{transitions: [[a, go, b], [a, any, a]]}", "values: [a, b]", "values: [stay, go]"),
        "at most one transition at a time",
    ),
    "one candidate": (line("lookahead", "{candidates: [1]}"), "candidates"),
    "a real result of a choice": (line("argmin", "{}"), "2 to 16 signals"),
    "a negative rate": (line("rate limiter", "{rise: -1}"), "rise"),
    "no steps": (line("timer", "{steps: 0}", reads="values: [no, yes]"), "steps"),
}


@pytest.mark.parametrize("text, message", BAD.values(), ids=BAD)
def test_bad_parameters_name_the_parameter_and_what_would_be_valid(text, message):
    with pytest.raises(hc.HandcraftedError, match=message):
        hc.assemble(loads(text))


@pytest.mark.parametrize("law", thinned(LAWS, every=2))
def test_a_law_has_an_example_within_its_proved_bound(law):
    """What is carried adds up: 400 steps, each by at most the bound of one; what switches is right at every step."""
    found = measure(example(law))
    memory = any(task.memory for c in example(law).resolved.controllers.values() for task in c.tasks)
    most = 0.0 if found.proved is None else found.proved * (STEPS if memory else 1)
    assert found.within <= most and found.circuits, found
    assert found.within <= REGRESSION.get(law, 0.0) <= max(2.2 * found.within, 0.0), found
    assert found.beyond <= max(most, 1e-5), found


def test_a_wrong_word_is_a_difference():
    """What is too much in one coordinate and too little in another does not cancel."""
    words = np.eye(2)[[0, 1, 1]]
    answers = catalogue_module.Answers({}, words, words[::-1])
    assert abs(answers.off).tolist() == [1, 0, 1] and answers.worst == 1


def test_measuring_notices_another_law(monkeypatch):
    """The oracle is not the network: with the sign of the network's inputs turned, the deviation shows."""
    ours = catalogue_module.run_shared
    monkeypatch.setattr(catalogue_module, "run_shared", lambda weights, inputs, window: ours(weights, -inputs, window))
    assert measure(example("saturation")).within > 1


def test_regression_bounds_are_twice_what_was_measured_and_none_of_what_is_exact(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "BOUNDS", tmp_path / "regression.json")
    path = examples.keep_regression({"saturation": 1.5e-7, "gate": 3.4e-7, "and": 0.0})
    assert json.loads(path.read_text(encoding="utf-8")) == {"gate": 6.8e-7, "saturation": 3e-7}


def test_the_command_keeps_them_where_it_is_asked_to_and_for_all_laws_alone(monkeypatch):
    kept = []
    monkeypatch.setattr(examples, "keep_regression", lambda within: kept.append(dict(within)) or "a file")
    found = measure(example("gate"))
    monkeypatch.setattr(catalogue_module, "measure", lambda structure: replace(found, law=structure.name))
    run = lambda *words: CliRunner().invoke(main, ["circuits", *words])
    assert run().exit_code == run("gate", "--keep").exit_code == 0 and not kept
    assert "wrote a file" in run("--keep").output and kept == [dict.fromkeys(LAWS, found.within)]
