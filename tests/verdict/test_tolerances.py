"""Each tolerance of the law verdict: half of it refuses what is right, twice of it lets something wrong pass."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.loading.tuning import knobs, tuned
from handcrafted.loading.yamlfile import loads
from handcrafted.readout import tolerances
from handcrafted.readout.target import subject
from handcrafted.verdict.law import try_controller
from handcrafted.zoo.examples import example
from tests.backdoors import Network
from tests.verdict.test_backdoors import judged, refuted


def scaled(monkeypatch, name, factor):
    """Let every judge use a tolerance times a factor."""
    value = getattr(tolerances, name) * factor
    for module in ("case", "exact", "pieces", "law", "comparison"):
        place = f"handcrafted.verdict.{module}.{name}"
        monkeypatch.setattr(place, value, raising=False)


def of(structure):
    model = hc.assemble(structure)
    return Network(model.effective_weights.numpy(), model.names)


def with_values(law, values):
    structure = example(law)
    for name, value in values.items():
        structure = tuned(structure, knobs(structure)[name], value)
    return structure


OUT = Signal("controller", "control_action", "out")


def shifted(structure, by):
    """A network whose result is off by so much, in its first coordinate."""
    network = of(structure)
    network.neuron(network.layer(), {}, 1.0, {network.at(OUT): by})
    return network


@pytest.mark.parametrize(("factor", "passes"), [(0.25, False), (1, True)])
def test_words_are_exact_to_float64(monkeypatch, factor, passes):
    """The rounding of a region's corners, on the steep ramps of a hysteresis off the grid."""
    right = {"controller.out.on_below": -1.408940015083035, "controller.out.off_above": 2.0833142331950434}
    structure = with_values("hysteresis", right)
    scaled(monkeypatch, "EXACT", factor)
    found = judged(structure, of(structure))
    assert (not refuted(found) and not any(one.outside for one in found)) == passes


@pytest.mark.parametrize(("factor", "passes"), [(1, False), (2, True)])
def test_words_may_not_be_off(monkeypatch, factor, passes):
    structure = example("decision table")
    scaled(monkeypatch, "EXACT", factor)
    assert refuted(judged(structure, shifted(structure, 1.5 * tolerances.EXACT))) != passes


def zigzag(count, seed):
    """A table of many points that goes up and down, so that every turn of its slope is rounded."""
    rng = np.random.default_rng(seed)
    ys = np.where(np.arange(count) % 2, rng.uniform(3, 4), rng.uniform(0, 0.2))
    reach = float(f"{rng.uniform(1, 9):.3g}")
    xs = np.linspace(-reach, reach, count)
    points = [[float(f"{x:.6g}"), float(f"{y:.6g}")] for x, y in zip(xs, ys, strict=True)]
    return loads(f"""
name: zigzag
components:
  controller:
    kind: controller
    level: 0
    process model: {{x: {{range: [{-reach}, {reach}], reads: [x]}}}}
    control algorithm: {{out: {{law: lookup, reads: [x], parameters: {{points: {points}}}}}}}
  process: {{kind: process, level: 1}}
control actions: [{{name: out, from: controller, to: process, range: [0, 4]}}]
feedback: [{{name: x, from: process, to: controller, range: [{-reach}, {reach}]}}]
""")


@pytest.mark.parametrize(("factor", "passes"), [(0.5, False), pytest.param(1, True, marks=pytest.mark.slow)])
def test_sums_may_be_off_by_their_weights_rounding(monkeypatch, factor, passes):
    structure = zigzag(256, seed=1)
    scaled(monkeypatch, "SUMS", factor)
    assert refuted(judged(structure, of(structure))) != passes


@pytest.mark.parametrize(("factor", "passes"), [(1, False), (2, True)])
def test_sums_may_not_be_off_by_more(monkeypatch, factor, passes):
    structure = example("saturation")  # from -1 to 2, of a read from -4 to 4
    scaled(monkeypatch, "SUMS", factor)
    assert refuted(judged(structure, shifted(structure, 1.5 * tolerances.SUMS * 4))) != passes


@pytest.mark.parametrize(("factor", "passes"), [(0.5, False), (1, True)])
def test_states_may_be_off_by_the_rounding_of_limits_and_weights(monkeypatch, factor, passes):
    own = {"low": -3.6179956065186194, "high": 4.437560714156793, "gain": 0.1437412708065033}
    structure = with_values("integrator", {f"controller.out.{name}": value for name, value in own.items()})
    scaled(monkeypatch, "STATE", factor)
    assert refuted(judged(structure, of(structure))) != passes


@pytest.mark.parametrize(("factor", "passes"), [(1, False), (2, True)])
def test_states_may_not_be_off_by_more(monkeypatch, factor, passes):
    structure = example("integrator")  # from -4 to 4, of a read from -4 to 4 times 0.25
    network = of(structure)
    kept = Signal("controller", "processing_for_action", "out next")
    network.neuron(network.layer(), {}, 1.0, {network.at(kept): 1.5 * tolerances.STATE * 5})
    scaled(monkeypatch, "STATE", factor)
    assert refuted(judged(structure, network)) != passes


def test_what_was_before_the_first_step_has_no_tolerance():
    structure = with_values("integrator", {"controller.out.initial": 1.1})
    assert not refuted(judged(structure, of(structure)))
    network = of(structure)
    kept = network.at(Signal("controller", "processing_for_action", "out next"))
    network.weights.r_0[kept] = np.nextafter(network.weights.r_0[kept], np.float32(2))
    assert refuted(judged(structure, network))


@pytest.mark.parametrize(("factor", "passes"), [(0.5, False), (1, True)])
def test_the_band_about_a_threshold_off_the_grid_is_as_wide_as_it_needs_to_be(monkeypatch, factor, passes):
    structure = example("comparator")
    scaled(monkeypatch, "BAND", factor)
    assert refuted(judged(structure, of(structure))) != passes


@pytest.mark.parametrize(("factor", "passes"), [(1, False), (2, True)])
def test_a_wider_band_is_wrong(monkeypatch, factor, passes):
    """The ramp of a comparator made less steep."""
    structure = example("comparator")
    network = of(structure)
    ramp = next(place for place in hc.assemble(structure).layout if place.writes.name == "out ramp")
    at = (ramp.layer, slice(None), ramp.components[0])
    gain = float(np.abs(network.weights.W_in[at]).max())
    allowed = tolerances.BAND * (8 + 1)
    slower = 1 / (1.5 * allowed) / gain
    network.weights.W_in[at] *= np.float32(slower)
    network.weights.b_in[ramp.layer, ramp.components[0]] = -float(network.weights.W_in[at].sum())  # the threshold is 1
    scaled(monkeypatch, "BAND", factor)
    assert refuted(judged(structure, network)) != passes


def as_it_runs(structure, network):
    """Whether the one controller does in float32 what its laws say."""
    (controller,) = structure.resolved.controllers.values()
    test = try_controller(subject(network.weights, network.names), controller)
    return not any(where.any() for where in test.wrong.values())


CANCELS = """
name: cancels
components:
  controller:
    kind: controller
    level: 0
    process model: {a: {range: [0, 40], reads: [a]}, b: {range: [0, 40], reads: [b]}}
    control algorithm:
      out: {law: linear, reads: [a, b], parameters: {gains: {a: 4.1, b: -4.1}, low: -1, high: 1}}
  process: {kind: process, level: 1}
control actions: [{name: out, from: controller, to: process, range: [-1, 1]}]
feedback:
  - {name: a, from: process, to: controller, range: [0, 40]}
  - {name: b, from: process, to: controller, range: [0, 40]}
"""


@pytest.mark.parametrize(("factor", "passes"), [(0.25, False), (1, True)])
def test_a_float32_run_may_be_off_by_its_rounding(monkeypatch, factor, passes):
    """Terms of 164 that cancel to 1 at the most."""
    structure = loads(CANCELS)
    scaled(monkeypatch, "ROUNDED", factor)
    assert as_it_runs(structure, of(structure)) == passes


@pytest.mark.parametrize(("factor", "passes"), [(1, False), (2, True)])
def test_a_float32_run_may_not_be_off_by_more(monkeypatch, factor, passes):
    structure = example("saturation")
    scaled(monkeypatch, "ROUNDED", factor)
    assert as_it_runs(structure, shifted(structure, 1.5 * tolerances.ROUNDED * 2)) == passes
