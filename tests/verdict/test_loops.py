"""Polarity of feedback loops, against loops whose sign anybody can multiply out."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import INPUT, OUTPUT, Edge, Signal, SignalGraph
from handcrafted.loading.yamlfile import loads
from handcrafted.rollout.plant_edges import process_edges
from handcrafted.verdict.loops import feedback_loops, loops_of
from handcrafted.zoo import bundled
from tests.loops import damaged, heated_room, of_the_zoo, sparing, train_door

LOOPS = sparing([path.stem for path in bundled()])

LEVEL = """name: level
components:
  c:
    kind: controller
    level: 0
    process model: {h: {range: [0, 10], reads: [h]}}
    control algorithm: {valve: {law: linear, parameters: {gains: {h: -1}, constant: 5}}}
  p:
    kind: process
    level: 1
    dynamics: {law: integrator, output: h, inputs: {valve: 0.1}}
control actions: [{name: valve, from: c, to: p, range: [-5, 5]}]
feedback: [{name: h, from: p, to: c, range: [0, 10]}]
"""


def loops(text):
    structure = loads(text)
    return feedback_loops(structure, hc.recover(hc.assemble(structure)))


@pytest.mark.parametrize(
    ("gain", "rate", "polarity"),
    [
        ("-1", "0.1", "balancing"),
        ("1", "0.1", "reinforcing"),
        ("-1", "-0.1", "reinforcing"),
        ("1", "-0.1", "balancing"),
    ],
)
def test_the_signs_of_network_and_process_multiply(gain, rate, polarity):
    (loop,) = loops(LEVEL.replace("h: -1", f"h: {gain}").replace("0.1", rate))
    assert (loop.polarity, loop.lag, loop.closed_by_process) == (polarity, 1, True)
    assert loop.gain == pytest.approx(float(gain) * float(rate), rel=1e-5)
    assert str(loop) == f"p's h -> c's valve: {polarity} loop through the process, 1 step round, gain {loop.gain:.4g}"


def test_the_gain_of_a_linear_loop_is_that_of_its_closed_loop_and_others_have_none():
    """An integrator's deviation from where it settles shrinks by 1 + gain in each step."""
    structure = loads(LEVEL.replace("0.1", "0.25"))
    (loop,) = loops(LEVEL.replace("0.1", "0.25"))
    off = hc.simulate(hc.assemble(structure), steps=12, initial={"h": 1.0}).state["h"] - 5.0
    assert loop.gain is not None
    np.testing.assert_allclose(off[1:] / off[:-1], 1 + loop.gain, atol=1e-4)
    room = heated_room()[0]
    assert all(
        loop.gain is None for loop in feedback_loops(room, hc.recover(hc.assemble(room))) if loop.closed_by_process
    )


def test_without_dynamics_or_without_effect_there_is_no_loop():
    without = LEVEL.replace("    dynamics: {law: integrator, output: h, inputs: {valve: 0.1}}\n", "")
    assert loops(without) == ()
    assert loops(LEVEL.replace("valve: 0.1", "valve: 0")) == ()


def test_a_law_or_a_process_that_turns_back_has_no_polarity():
    table = LEVEL.replace("{law: linear, parameters: {gains: {h: -1}, constant: 5}}",
                          "{law: decision table, when: {h: {above: 3, below: 6}}}")  # fmt: skip
    (loop,) = loops(table)
    assert loop.polarity == "undetermined"


def test_the_heated_room_has_a_balancing_and_a_reinforcing_loop():
    structure, model = heated_room()
    inside, through = feedback_loops(structure, hc.recover(model))
    assert through.polarity == "balancing" and through.closed_by_process
    assert inside.polarity == "reinforcing" and not inside.closed_by_process and inside.lag == 1
    turned = hc.recover(damaged(model, lambda w: w.W_U.__imul__(-1)), names=model.names)
    assert [loop.polarity for loop in feedback_loops(structure, turned)] == ["reinforcing", "reinforcing"]
    assert len(feedback_loops(structure, hc.recover(damaged(model, lambda w: w.W_R.fill(0)), names=model.names))) == 1
    door, door_model = train_door()
    assert feedback_loops(door, hc.recover(door_model)) == ()


def test_lags_add_up_round_a_loop():
    a, b, c = Signal("k", INPUT, "a"), Signal("k", "x", "b"), Signal("k", OUTPUT, "c")
    graph = SignalGraph((a, b, c), (Edge(a, b, 2, 1), Edge(b, c, 0, -1)))
    (loop,) = loops_of(graph, [Edge(c, a, 3, 1)])
    assert (loop.lag, loop.polarity) == (5, "balancing")
    assert loops_of(graph) == ()


CHAINED = """name: chained
components:
  c: {kind: controller, level: 0}
  p: {kind: process, level: 1, dynamics: {law: second order, output: y, inputs: {u: -2}, natural frequency: 0.5}}
  q:
    kind: process
    level: 1
    dynamics: {law: matrices, inputs: [u], outputs: [z], A: [[0, 1], [0, 0]], B: [[0], [1]], C: [[1, 0]]}
control actions:
  - {name: u, from: c, to: p}
  - {name: u, from: c, to: q}
feedback:
  - {name: y, from: p, to: c}
  - {name: z, from: q, to: c}
"""


def edges_of(text):
    structure = loads(text)
    return process_edges(structure, hc.assemble(structure).names)


def test_step_responses_tell_lag_and_sign_of_each_process():
    """The second process is a delay line of two steps; the first answers at once, and downwards."""
    found = {edge.target.name: (edge.lag, edge.sign) for edge in edges_of(CHAINED)}
    assert found == {"y": (1, -1), "z": (2, 1)}
    assert [edge.target.name for edge in edges_of(CHAINED.replace("u: -2", "u: 0"))] == ["z"]


WRONG_WAY = """
name: wrong way round
components:
  heater:
    kind: controller
    level: 0
    process model: {temperature: {reads: [temperature], range: [0, 40], unit: degC}}
    control algorithm: {heat: {law: pid, reads: [temperature], parameters: {kp: 0.02, low: 0, high: 1}}}
  room:
    kind: process
    level: 1
    dynamics: {law: first order, output: temperature, inputs: {heat: 25}, time constant: 600, rest: 5, initial: 15}
control actions: [{name: heat, from: heater, to: room, range: [0, 1]}]
feedback: [{name: temperature, from: room, to: heater, range: [0, 40], unit: degC, resolution: 0.0625}]
"""


def findings(text):
    structure = loads(text)
    comparison = hc.compare(structure, hc.recover(hc.assemble(structure)))
    assert comparison.reproduced, "it is what the file says"
    return {finding.kind: finding.text for finding in comparison.findings}


def test_a_controller_that_is_wired_the_wrong_way_round_is_a_finding():
    found = findings(WRONG_WAY)
    assert "room's temperature -> heater's heat: reinforcing loop" in found["reinforcing loop"]
    assert "the more temperature, the more it does" in found["no set point"]


def test_a_controller_with_a_set_point_is_none():
    wanted = WRONG_WAY.replace(
        "temperature: {reads", "wanted: {reads: [wanted], range: [0, 40], unit: degC}, temperature: {reads"
    )
    wanted = wanted.replace("reads: [temperature], parameters", "reads: [wanted, temperature], parameters")
    wanted += "other inputs: [{name: wanted, to: heater, range: [0, 40], unit: degC}]\n"
    assert not {"reinforcing loop", "no set point"} & findings(wanted).keys()


@pytest.mark.parametrize("loop", LOOPS)
def test_the_bundled_loops_are_not_suspected(loop):
    structure, model = of_the_zoo(loop)
    kinds = {finding.kind for finding in hc.compare(structure, hc.recover(model)).findings}
    assert not {"reinforcing loop", "no set point"} & kinds


def test_two_ways_of_opposite_sign_make_a_loop_without_a_sign():
    """And two of one sign keep it."""
    import networkx as nx

    from handcrafted.verdict.loops import _join

    a, b = Signal("c", "feedback", "a"), Signal("c", "control_action", "b")
    for signs, wanted in (((1, 1), 1), ((-1, -1), -1), ((1, -1), 0), ((-1, 1), 0)):
        graph = nx.DiGraph()
        for lag, sign in enumerate(signs):
            _join(graph, Edge(a, b, lag=lag, sign=sign))
        assert graph.edges[a, b]["sign"] == wanted and graph.edges[a, b]["lag"] == 0
