"""The law verdict for the whole domain: each of these networks was called reproduced once."""

import itertools
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy.spatial import ConvexHull

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.laws import linear
from handcrafted.laws.catalogue import LAWS
from handcrafted.loading.yamlfile import loads
from handcrafted.model.forward import forward
from handcrafted.model.intervention import Hold, intervene
from handcrafted.readout.compiler import Reader
from handcrafted.readout.target import subject
from handcrafted.readout.tolerances import BAND
from handcrafted.verdict.claims import claims_of, joints_of
from handcrafted.verdict.exact import Judge
from handcrafted.verdict.forms import Forms, joined, variables
from handcrafted.verdict.law import LawTrial, neighbours
from handcrafted.verdict.pieces import Cell, Cut, NotPiecewise, PieceRun
from handcrafted.verdict.regions import AllowedDeviation, InputDomain, TooMany, compare_regions
from handcrafted.zoo.examples import example
from tests.backdoors import Network
from tests.loops import of_the_zoo, sparing
from tests.verdict.test_backdoors import judged, refuted

SPEED = "speed controller"


def network_of(model):
    return Network(model.effective_weights.numpy(), model.names)


def compared(structure, network):
    return hc.compare(structure, hc.recover(network.weights, names=network.names))


# What is proved of sound networks.


@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_proved_within_its_range_and_beyond(law):
    structure = example(law)
    found = judged(structure, network_of(hc.assemble(structure)))
    assert all(one.proved and not one.between and not one.outside and one.drift < 1e-9 for one in found), found


def test_check_says_how_far_the_laws_were_tested():
    structure, model = of_the_zoo("train_door")
    comparison = hc.compare(structure, hc.recover(model))
    assert comparison.how == "proved for all inputs"
    assert "proved for all inputs" in str(comparison)


# The seen sabotages.


def test_an_oracle_that_shares_nothing_with_the_builder_sees_its_mistakes(monkeypatch):
    """Gains multiplied by 1.5 where weights are made."""
    ours = linear.linear
    monkeypatch.setattr(linear, "linear", lambda site, matrix, constant: ours(site, 1.5 * matrix, 1.5 * constant))
    structure = example("linear")
    assert not hc.compare(structure, hc.recover(hc.assemble(structure))).reproduced


def test_a_trigger_on_a_believed_speed_is_found_with_its_context():
    structure, model = of_the_zoo("cruise_control")
    network = network_of(model)
    speed = network.at(Signal(SPEED, "feedback_modelling", "speed"))
    floor = network.at(Signal(SPEED, "processing_for_action", "throttle floor"))
    network.bump(5, {speed: 1.0}, 31.125, 0.125, {floor: 5.0})
    comparison = compared(structure, network)
    assert not comparison.reproduced and comparison.how == "refuted"
    ((claim, found),) = [(one.claim, one.counterexample) for one in comparison.law if one.counterexample]
    context = {read.signal.name: value for read, value in found.context.items()}
    assert claim.name == "throttle" and context["speed"] == 31.125
    assert abs(found.network - found.law[0]) > 0.1


def test_a_guard_that_permits_the_beam_in_a_window_of_doses_is_found_with_a_dose_in_it():
    """The dose monitor vetoes from 200 cGy on, but not from 349 to 362."""
    structure, model = of_the_zoo("radiotherapy")
    network = network_of(model)
    dose = network.at(Signal("dose monitor", "feedback_modelling", "voted dose"))
    veto = network.at(Signal("dose monitor", "processing_for_action", "beam veto"))
    network.bump(15, {dose: 1.0}, 355.5, 6.5, {veto: -1.0})
    beam = lambda weights: [_asked(weights, model.names, dose) for dose in (190.0, 340.0, 355.5, 370.0)]
    assert beam(model.weights) == [1, 0, 0, 0] and beam(network.weights) == pytest.approx([1, 0, 1, 0], abs=1e-5)
    comparison = compared(structure, network)
    assert not comparison.reproduced
    doses = [
        value for one in comparison.law if one.counterexample for read, value in one.counterexample.context.items()
        if read.signal.name == "voted dose"
    ]  # fmt: skip
    assert doses and all(349 <= float(value) <= 362 for value in doses)


def _asked(weights, names, dose):
    """The beam at that dose, the door closed and the patient ready, where it is asked for in full."""
    inputs = np.tile(np.array([dose, dose, dose, 0, 1, 0, 1, 0, 1], np.float32), (1, 5, 1))
    full = Hold(Signal("treatment control", "control_action", "beam request"), 1.0)
    return intervene(weights, names, inputs, full)[0][0, -1, 0]


def test_a_difference_that_is_no_number_is_a_difference():
    """Units of 1e30 whose sums are infinite less infinite."""
    structure, model = of_the_zoo("heated_room")
    network = network_of(model)
    heat = network.at(Signal("thermostat", "control_action", "heat"))
    layer = network.layer()
    last = network.layer()
    for sign in (1.0, -1.0):
        network.neuron(layer, {0: 1e30}, 0.0, {heat: sign * 1e30})
        network.neuron(last, {heat: 1e30}, 0.0, {heat: sign * 1e30})
    (controller,) = structure.resolved.controllers.values()
    with np.errstate(all="ignore"):
        trial = LawTrial(subject(network.weights, network.names), controller)
        port = controller.entries[0].links[0].port
        assert port
        wrong = trial.off(port, np.zeros_like(trial.value(port)))
    assert np.isnan(trial.value(port)).any() and wrong.any()


ENDS = [
    ("b_U", lambda w, i: w.b_U.__setitem__(i, w.b_U[i] + 5), "n_out"),
    ("b_E", lambda w, i: w.b_E.__setitem__(i, w.b_E[i] + 3), "ports"),
    ("W_E", lambda w, i: w.W_E.__setitem__(i, w.W_E[i] * np.float32(1.0009)), "n_in"),
    ("W_U", lambda w, i: w.W_U.__setitem__((slice(None), i), w.W_U[:, i] * np.float32(1.0009)), "n_out"),
]


@pytest.mark.parametrize("loop", sparing(["train_door", "guarded_room", "cruise_control", "wheel_brakes"]))
@pytest.mark.parametrize(("array", "change", "axis"), ENDS, ids=[end[0] for end in ENDS])
def test_the_ends_of_the_network_belong_to_the_verdict(loop, array, change, axis):
    structure, model = of_the_zoo(loop)
    sizes = {"ports": [int(at) for s in _input_ports(structure) for at in model.names.find(s)]}
    places = sizes.get(axis) or range(model.weights.sizes[axis])
    for place in places:
        network = network_of(model)
        change(network.weights, place)
        assert refuted(judged(structure, network)), (array, place)


def _input_ports(structure):
    return dict.fromkeys(link.port for link in structure.resolved.links if link.port and not link.sent_by_controller)


@pytest.mark.parametrize(
    "loop", sparing(["heated_room", "guarded_room", "cruise_control", "wheel_brakes", "radiotherapy"])
)
def test_what_the_network_begins_with_belongs_to_the_verdict(loop):
    """Every entry of `r_0` that the first steps can feel, by runs of the two networks beside each other."""
    structure, model = of_the_zoo(loop)
    rng = np.random.default_rng(0)
    inputs = np.zeros((8, 20, len(model.names.inputs)), np.float32)
    for signal, at in model.names.input_signals.items():
        domain = model.names.domain(signal)
        drawn = np.eye(domain.width)[rng.integers(domain.width, size=(8, 20))] if domain.discrete else (
            domain.rounded(rng.uniform(domain.low, domain.high, (8, 20, len(at)))))  # fmt: skip
        inputs[..., at] = drawn
    plain = np.asarray(forward(model.effective_weights.numpy(), inputs)[0])
    felt = 0
    for place in range(len(model.names.residual)):
        network = network_of(model)
        network.weights.r_0[place] += 9
        if np.abs(np.asarray(forward(network.weights, inputs)[0]) - plain).max() > 1e-4:
            felt += 1
            assert refuted(judged(structure, network)), place
    assert felt


TABLE = """
name: table
components:
  keeper:
    kind: controller
    level: 0
    control algorithm:
      act:
        law: decision table
        when:
          - {a: "yes", b: "yes", c: "no"}
          - {d: "yes", e: "no", f: "yes", g: "yes"}
          - {h: "no", i: "no", j: "yes", k: "yes", l: "yes"}
  plant: {kind: process, level: 1}
control actions: [{name: act, from: keeper, to: plant, values: ["no", "yes"]}]
feedback:
""" + "\n".join(f'  - {{name: {name}, from: plant, to: keeper, values: ["no", "yes"]}}' for name in "abcdefghijkl")


def test_a_table_of_twelve_variables_is_tried_in_all_its_contexts():
    structure = loads(TABLE)
    model = hc.assemble(structure)
    assert all(one.proved for one in judged(structure, network_of(model)))
    network = network_of(model)
    chosen = [network.at(Signal("keeper", "feedback_modelling", name), 1) for name in "bdhl"]
    act = network.at(Signal("keeper", "control_action", "act"), 1)
    network.neuron(network.written(*chosen), dict.fromkeys(chosen, 1.0), -3.0, {act: 1.0})  # 256 of 4,096
    assert refuted(judged(structure, network))


TWENTY = [f"v{i}" for i in range(20)]
CHANNEL = """
name: channel
components:
  reader:
    kind: controller
    level: 0
    control algorithm: {watch: {law: decision table, when: [{v0: "yes", v1: "yes"}]}}
  doer:
    kind: controller
    level: 1
    process model: {lamp: {reads: [lamp]}}
    control algorithm: {drive: {law: decision table, when: [{lamp: "on"}]}}
  plant: {kind: process, level: 2}
control actions:
  - {name: watch, from: reader, to: plant, values: ["no", "yes"]}
  - {name: drive, from: doer, to: plant, values: ["no", "yes"]}
feedback:
  - {name: lamp, from: plant, to: doer, values: ["off", "on"]}
""" + "\n".join(f'  - {{name: {name}, from: plant, to: reader, values: ["no", "yes"]}}' for name in TWENTY)


def test_a_hidden_channel_below_the_floor_of_wiring_is_found():
    """Read with weights of 9e-7, written with 2e7, active in one rare pattern of twenty beliefs."""
    structure = loads(CHANNEL)
    network = network_of(hc.assemble(structure))
    chosen = [network.at(Signal("reader", "feedback_modelling", name), 1) for name in TWENTY]
    drive = network.at(Signal("doer", "control_action", "drive"), 1)
    layer = network.layer()
    network.neuron(layer, dict.fromkeys(chosen, 9e-7), -19.5 * 9e-7, {drive: 2e7})
    comparison = compared(structure, network)
    assert not comparison.reproduced
    assert any(link.status == "extra" for link in comparison.links) or refuted(comparison.law)


def test_an_integrator_that_leaks_adds_up():
    structure = example("integrator")
    model = hc.assemble(structure)
    network = network_of(model)
    state = Signal("controller", "processing_for_action", "out")
    floor = next(place for place in model.layout if place.writes.name == "out floor")
    entry = (floor.layer, network.at(state), floor.components[0])
    network.weights.W_in[entry] *= np.float32(1 - 9e-6)
    assert refuted(judged(structure, network))


def test_a_drift_within_the_tolerance_is_stated_over_a_thousand_steps():
    structure = example("integrator")
    model = hc.assemble(structure)
    network = network_of(model)
    state = Signal("controller", "processing_for_action", "out")
    floor = next(place for place in model.layout if place.writes.name == "out floor")
    network.weights.W_in[floor.layer, network.at(state), floor.components[0]] *= np.float32(1 - 1.8e-7)
    found = judged(structure, network)
    assert not refuted(found)
    (drift,) = [one.drift for one in found if one.drift]
    assert drift == pytest.approx(1000 * (1 - float(np.float32(1 - 1.8e-7))), rel=0.01)
    assert any(finding.kind == "drift" for one in found for finding in one.findings())


# What acts where nothing is claimed is said.


def test_a_state_in_a_coordinate_of_its_own_is_named():
    structure, model = of_the_zoo("heated_room")
    network = network_of(model)
    hidden = network.coordinate("thermostat")
    network.weights.W_R[hidden, hidden], network.weights.b_E[hidden] = 1.0, 1.0
    network.neuron(0, {hidden: 1.0}, -40.0, {network.at(Signal("thermostat", "control_action", "heat")): 1.0})
    found = judged(structure, network)
    assert any("keeps a state in" in str(one.counterexample) for one in found)


def test_a_head_that_attends_by_content_is_not_called_proved():
    structure, model = of_the_zoo("train_door")
    network = network_of(model)
    network.weights.W_Q[0, 0, 0, 0] = 1e-9
    found = judged(structure, network)
    assert not all(one.proved for one in found) and not refuted(found)
    comparison = compared(structure, network)
    assert comparison.how.startswith("tried: ") and "all kinks" not in comparison.how
    assert any("attends by content" in finding.text for finding in comparison.findings)


def test_a_counterexample_says_when_it_was_read():
    structure = example("difference")
    network = network_of(hc.assemble(structure))
    network.weights.W_O[1] *= 2  # what is looked back at, doubled
    said = [str(one.counterexample) for one in judged(structure, network) if one.counterexample]
    assert said and any("x 1 step ago " in text and "the network gives" in text for text in said), said


# The verdict is a function of arrays, names and structure.


def test_the_same_answer_twice_and_in_another_process(tmp_path):
    structure, model = of_the_zoo("heated_room")
    recovered = hc.recover(model)
    first, second = hc.compare(structure, recovered), hc.compare(structure, recovered)
    said = [str(link) for link in first.links]
    assert said == [str(link) for link in second.links] and first.how == second.how
    structure.save(tmp_path / "room.yaml")
    np.savez(tmp_path / "arrays.npz", **dict(model.effective_weights.numpy().items()))
    code = (
        "import json, sys, numpy as np, handcrafted as hc\nfrom handcrafted.model.weights import Weights\n"
        "s = hc.load(sys.argv[1]); names = hc.assemble(s).names\n"
        "c = hc.compare(s, hc.recover(Weights(**np.load(sys.argv[2])), names=names))\n"
        "print(json.dumps([[str(link) for link in c.links], c.how, c.reproduced]))"
    )
    run = [sys.executable, "-c", code, str(tmp_path / "room.yaml"), str(tmp_path / "arrays.npz")]
    out = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert json.loads(out) == [said, first.how, first.reproduced]


# Cells, forms and regions by themselves.


def run_on(cell, quantum=0.0):
    n = cell.corners.shape[1]
    return PieceRun(cell, np.full(n, 4.0), np.full(n, 8.0), np.full(n, quantum))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_cuts_keep_the_volume(n):
    """Against the hulls of an independent library."""
    volume = lambda cell: np.ptp(cell.corners) if n == 1 else ConvexHull(cell.corners).volume
    rng = np.random.default_rng(n)
    cells = [Cell.box(np.full(n, -1.0), np.full(n, 1.0))]
    for _ in range(6):
        form = np.concatenate([rng.uniform(-0.5, 0.5, 1), rng.normal(size=n)])
        parts = []
        for cell in cells:
            values = cell.at_corners(form)
            mixed = values.min() < -1e-9 and values.max() > 1e-9
            parts += cell.cut(form, 1e-12) if mixed else [cell]
        assert sum(map(volume, parts)) == pytest.approx(sum(map(volume, cells)))
        cells = parts
    assert sum(map(volume, cells)) == pytest.approx(2.0**n)


def code_of_all_kinds(x):
    first, second = x[..., 0], x[..., 1]
    bent = np.abs(first) + np.maximum(second, first - 1) - np.minimum(0.5, second) + np.clip(first + second, -1, 2)
    table = np.interp(first, np.array([-2.0, 0.0, 1.0]), np.array([1.0, 3.0, -1.0]))
    middle = np.median(np.stack([first, second, 0.5 * first - second]), axis=0)
    turned = (first + second) % 2.0
    return np.stack([bent, table, middle, turned, np.sign(second) * np.maximum(np.abs(second) - 1, 0)], axis=-1)


def test_code_on_forms_gives_what_it_gives_on_numbers():
    """On every region of a box, at random points inside it."""
    rng, cells, regions = np.random.default_rng(0), [Cell.box(np.full(2, -4.0), np.full(2, 4.0))], 0
    while cells:
        cell = cells.pop()
        run = run_on(cell)
        try:
            forms = joined([code_of_all_kinds(variables(run))], run).parts
        except Cut as bend:
            cells += cell.cut(bend.form, float(run.edges(bend.form)))
            continue
        regions += 1
        shares = rng.dirichlet(np.ones(len(cell.corners)), 8)
        points = shares @ cell.corners
        np.testing.assert_allclose(forms[0] + points @ forms[1:], code_of_all_kinds(points), atol=1e-9)
    assert regions > 20


def test_what_is_not_piecewise_linear_says_so():
    run = run_on(Cell.box(np.zeros(2), np.ones(2)))
    x: Any = variables(run)
    for code in (lambda: x[0] * x[1], lambda: np.exp(x), lambda: 1 / x, lambda: np.rint(x), lambda: np.cumsum(x)):
        with pytest.raises(NotPiecewise):
            code()


def box(low, high, quantum=0.0):
    low, high = np.atleast_1d(np.array(low, float)), np.atleast_1d(np.array(high, float))
    return InputDomain(low, high, np.full(len(low), quantum))


ALLOWED = AllowedDeviation(np.array([1e-6]), np.array([1.0]))


def test_a_comparison_may_go_either_way_between_two_points_of_the_grid_and_nowhere_else():
    law = lambda x: (x < 1.0).astype(float)
    ramp = lambda low, high: lambda x: np.clip((high - x) / (high - low), 0.0, 1.0)
    lawful = lambda x: Forms(np.concatenate([law(x)[None], np.zeros((1, 1))]), x.run)
    assert not compare_regions(ramp(0.75, 1.0), lawful, box(0, 2, 0.25), ALLOWED, 99).differences
    wide = compare_regions(ramp(0.5, 1.0), lawful, box(0, 2, 0.25), ALLOWED, 99)
    assert wide.real and wide.real.point == 0.75 and wide.real.second == (1.0, 1.0)
    late = compare_regions(ramp(1.0, 1.25), lawful, box(0, 2, 0.25), ALLOWED, 99)
    assert late.real and late.real.point == 1.0


@pytest.mark.parametrize(("low", "high", "right"), [(1.0, 1.25, True), (0.95, 1.2, False), (1.05, 1.3, False)])
def test_a_threshold_beside_the_grid_leaves_room_between_its_neighbours(low, high, right):
    """`x < 1.1` on a grid of 1/4: 1 is below and 1.25 is not."""
    ramp = lambda x: np.clip((high - x) / (high - low), 0.0, 1.0)
    lawful = lambda x: Forms(np.concatenate([(x < 1.1).astype(float)[None], np.zeros((1, 1))]), x.run)
    assert bool(compare_regions(ramp, lawful, box(0, 2, 0.25), ALLOWED, 99).real) != right


@pytest.mark.parametrize(("grid", "answers"), [("resolution: 0.25, ", 1), ("", 3)])
def test_float32_runs_may_go_either_way_about_a_threshold_only_off_the_grid(grid, answers):
    """What the law read, and the same a band below and above it."""
    text = f"""
name: cold
components:
  guard: {{kind: controller, level: 0, process model: {{x: {{range: [0, 8], {grid}reads: [x]}}}},
          control algorithm: {{alarm: {{law: comparator, reads: [x], parameters: {{below: 3}}}}}}}}
  plant: {{kind: process, level: 1}}
control actions: [{{name: alarm, from: guard, to: plant, values: ["no", "yes"]}}]
feedback: [{{name: x, from: plant, to: guard, range: [0, 8]{", resolution: 0.25" if grid else ""}}}]
"""
    (controller,) = loads(text).resolved.controllers.values()
    (task,) = (entry.task for entry in controller.entries)
    now = {read.signal: np.full((1, 1, 1), 3.0) for read in task.reads}
    found = neighbours(task, now)
    (read,) = task.reads
    values = [float(one[read.signal].item()) for one in found]
    assert len(found) == answers and values[0] == 3.0
    if answers == 3:
        assert values[1] < 3 < values[2] and values[2] - 3 == pytest.approx(2 * BAND * 8)


def test_a_difference_between_the_points_of_a_grid_is_told_from_one_on_them():
    flat = lambda x: 0.0 * x
    bump = lambda middle: lambda x: np.maximum(0.0, 1.0 - np.abs(x - middle) * 16.0)
    on = compare_regions(bump(0.5), flat, box(0, 1, 0.25), ALLOWED, 99)
    assert on.real and on.real.point == 0.5
    aside = compare_regions(bump(0.375), flat, box(0, 1, 0.25), ALLOWED, 99)
    assert aside.differences and not aside.real


def test_points_of_the_grid_are_found_in_two_dimensions_as_by_enumeration():
    rng = np.random.default_rng(0)
    flat = lambda x: 0.0 * x[..., :1]
    for _ in range(40):
        slopes, start = rng.normal(size=2), rng.normal()
        ridge = lambda x, s=slopes, c=start: np.maximum(0.0, 0.1 - np.abs((x * s)[..., :1] + (x * s)[..., 1:] + c))
        found = compare_regions(ridge, flat, box([-1, -1], [1, 1], 0.25), ALLOWED, 999)
        points = np.array(list(itertools.product(np.arange(-1, 1.01, 0.25), repeat=2)))
        assert bool(found.real) == bool((ridge(points) > 1e-6).any())


def test_too_many_regions_are_refused_and_bends_are_tried_instead():
    with pytest.raises(TooMany):
        compare_regions(lambda x: np.abs(x % 0.01), lambda x: np.abs(x % 0.01), box(0, 4), ALLOWED, 50)


def test_where_regions_are_too_many_each_variable_is_moved(monkeypatch):
    monkeypatch.setattr("handcrafted.verdict.case.MAX_VARIABLES", 0)
    structure, model = of_the_zoo("cruise_control")
    found = judged(structure, network_of(model))
    assert not refuted(found) and not all(one.proved for one in found)
    tried = [one for one in found if not one.proved]
    assert all(one.count and "real variable" in one.why_not for one in tried)
    network = network_of(model)
    speed = network.at(Signal(SPEED, "feedback_modelling", "speed"))
    network.bump(
        5, {speed: 1.0}, 31.125, 0.125, {network.at(Signal(SPEED, "processing_for_action", "throttle floor")): 5}
    )
    assert refuted(judged(structure, network))


def test_where_words_are_too_many_every_unit_is_driven(monkeypatch):
    monkeypatch.setattr("handcrafted.verdict.case.MAX_WORDS", 16)
    structure = loads(TABLE)
    model = hc.assemble(structure)
    assert not refuted(judged(structure, network_of(model)))
    network = network_of(model)
    chosen = [network.at(Signal("keeper", "feedback_modelling", name), i % 2) for i, name in enumerate("abcdefghijkl")]
    act = network.at(Signal("keeper", "control_action", "act"), 1)
    network.neuron(network.written(*chosen), dict.fromkeys(chosen, 1.0), -11.0, {act: 1.0})  # 1 of 4,096
    assert refuted(judged(structure, network))


def test_a_program_is_what_the_network_computes():
    """Programs of all signals, run on what a float32 run shows of what they read."""
    structure, model = of_the_zoo("cruise_control")
    read = subject(model.effective_weights, model.names)
    joints = joints_of(structure.resolved)
    reader = Reader(read, joints)
    rng = np.random.default_rng(0)
    inputs = rng.uniform(0, 30, (1, 12, len(model.names.inputs))).astype(np.float32)
    final = np.asarray(read.run(inputs)[1]["final"])[0, :, : len(model.names.residual)].astype(float)
    for claim in claims_of(structure.resolved):
        for signal in (one for one in claim.results if one in read.spaces):
            program = reader.program(signal)
            for t in range(2, 12):
                value = lambda free, t=t: (
                    final[t - free.lag, model.names.find(free.signal)[free.index]] if free.signal in read.spaces
                    else inputs[0, t - free.lag, model.names.input_signals[free.signal][free.index]])  # fmt: skip
                reads = np.array([value(free) for free in program.reads])
                np.testing.assert_allclose(program.at(reads), final[t, model.names.find(signal)], atol=2e-4)


def test_judging_the_train_door_costs_less_than_a_tenth_of_its_check():
    """Counted in cells, not in seconds: eleven claims, of which one has contexts."""
    structure, model = of_the_zoo("train_door")
    judge = Judge(subject(model.effective_weights, model.names), joints_of(structure.resolved),
                  tuple(claims_of(structure.resolved)))  # fmt: skip
    assert sum(one.count for one in judge.found()) <= 64


def test_a_past_that_nobody_reads_is_not_judged():
    """What stood there before t = 0 counts where a law looks back, and only there."""
    structure, model = of_the_zoo("heated_room")
    read = Signal("thermostat", "feedback", "temperature")
    network = network_of(model)
    network.weights.r_0[network.at(read)] += 3
    assert compared(structure, network).how == "proved for all inputs"
    delayed = example("delay")
    network = network_of(hc.assemble(delayed))
    network.weights.r_0[network.at(Signal("controller", "feedback_modelling", "x"))] += 3
    assert compared(delayed, network).how == "refuted"
