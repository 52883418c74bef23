"""Runs: what is wired outside the network, how runs are laid out, what a trace says, and what is refused."""

import csv

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.rollout.loop import run_steps
from handcrafted.text.diagnostics import HandcraftedError
from tests.loops import heated_room, train_door, with_arrays

PLANT = """name: plant
time step: {value: 0.5, unit: s}
components:
  c:
    kind: controller
    level: 0
    process model: {h: {range: [-8, 8], reads: [h]}, wish: {range: [-8, 8], reads: [wish]}}
    control algorithm: {u: {law: linear, reads: [h, wish], parameters: {gains: {h: -0.5, wish: 0.5}}}}
  valve: {kind: actuator, level: 1}
  gauge: {kind: sensor, level: 1}
  p: {kind: process, level: 2, dynamics: {law: integrator, output: h, inputs: {u: 1}, initial: 4}}
control actions:
  - {name: u, from: c, to: valve, range: [-8, 8]}
  - {name: u, from: valve, to: p, range: [-8, 8]}
feedback:
  - {name: h, from: p, to: gauge, range: [-8, 8]}
  - {name: h, from: gauge, to: c, range: [-8, 8], resolution: 0.5}
other inputs: [{name: wish, to: c, range: [-8, 8], initial: 1}]
"""


def model_of(text):
    return hc.assemble(loads(text))


def by_hand(steps, first=4.0, wish=1.0, added=lambda t: 0.0):
    """Return levels and actions [step]: actuator and sensor pass on, the sensor rounds, the law acts at once."""
    level, levels, actions = first, [], []
    for t in range(steps):
        action = 0.5 * (wish - np.rint(level / 0.5) * 0.5)
        levels.append(level)
        actions.append(action)
        level += 0.5 * (action + added(t))
    return levels, actions


def test_signals_pass_through_sensors_and_actuators():
    trace = hc.simulate(model_of(PLANT), steps=12)
    levels, actions = by_hand(12)
    assert trace.state["h"].tolist() == levels and trace.command["u"].tolist() == actions
    assert trace.measured["gauge.h"].tolist() == [np.rint(level / 0.5) * 0.5 for level in levels]
    assert trace.time.tolist() == [0.5 * t for t in range(12)]
    assert (trace.state["h"] != trace.believed["h"]).any() and (trace.measured["wish"] == 1).all()
    drifting = PLANT.replace("initial: 4}", "initial: 4.25}")
    assert hc.simulate(model_of(drifting), steps=12).state["h"].tolist() == by_hand(12, 4.25)[0] != levels


def test_what_nobody_makes_is_set_from_outside_step_by_step_and_run_by_run():
    model = model_of(PLANT)
    over_time = np.arange(12) / 4
    one = hc.simulate(model, steps=12, inputs={"wish": over_time})
    assert one.runs is None and one.measured["wish"].tolist() == over_time.tolist()
    both = hc.simulate(model, steps=12, inputs={"wish": [[1], [3]]}, initial={"h": [4, -2]})
    assert both.runs == 2 and both.state["h"].shape == (2, 12)
    for run, (first, wish) in enumerate(((4, 1), (-2, 3))):
        assert both.state["h"][run].tolist() == by_hand(12, first, wish)[0]


def test_disturbances_are_drawn_from_their_interval_or_given():
    model = model_of(PLANT.replace("initial: 4}", "initial: 4, disturbance: [-0.5, 1]}"))
    drawn = hc.simulate(model, steps=2000, seed=1).disturbance["p.disturbance"]
    assert -0.5 <= drawn.min() < -0.45 and 0.95 < drawn.max() <= 1
    again, other = (hc.simulate(model, steps=2000, seed=seed).disturbance["disturbance"] for seed in (1, 2))
    np.testing.assert_array_equal(again, drawn)
    assert (other != drawn).any()
    given = np.arange(12) % 3 / 4
    for value in (given, {"p": given}):
        trace = hc.simulate(model, steps=12, disturbance=value)
        assert trace.state["h"].tolist() == by_hand(12, added=lambda t: given[t])[0]
    runs = hc.simulate(model, steps=12, initial={"h": [0, 0]}).disturbance["disturbance"]
    assert (runs[0] != runs[1]).any()


def compiled():
    return run_steps.compilations


def test_weights_are_arguments_of_one_compiled_loop():
    structure, model = heated_room()
    heat = lambda model, steps, **given: hc.simulate(model, steps=steps, engine="dense", **given).command["heat"]
    heat(model, 7)
    before = compiled()
    colder = with_arrays(structure, model, lambda w: w.b_in.__isub__(1))
    assert (heat(colder, 7, seed=5) != heat(model, 7, seed=5)).any()
    assert compiled() == before
    heat(model, 8)
    assert compiled() == before + 1


def test_a_python_function_stands_in_for_a_process():
    model = model_of(PLANT)
    halves = lambda state, actions: {"h": state["h"] / 2, "count": state["count"] + 1}
    trace = hc.simulate(model, {"p": halves}, steps=4, initial={"h": 8, "count": 0})
    assert trace.state["h"].tolist() == [8, 4, 2, 1] and trace.state["count"].tolist() == [0, 1, 2, 3]
    plain = lambda state, actions: {"h": state["h"] + 0.5 * actions["u"]}
    assert hc.simulate(model, plain, steps=12, initial={"h": 4}).state["h"].tolist() == by_hand(12)[0]


def table(path):
    with path.open() as file:
        return list(csv.DictReader(file))


TWO = """name: two
components:
  a: {kind: controller, level: 0, control algorithm: {u: {law: constant, parameters: {value: 1}}}}
  b: {kind: controller, level: 0, control algorithm: {u: {law: constant, parameters: {value: 0.5}}}}
  p: {kind: process, level: 1, dynamics: {law: integrator, output: y, inputs: {u: 1}}}
control actions:
  - {name: u, from: a, to: p}
  - {name: u, from: b, to: p}
feedback: [{name: y, from: p, to: a, range: [-9, 9]}]
"""


def test_actions_of_one_name_from_several_controllers_add_up():
    assert hc.simulate(model_of(TWO), steps=4).state["y"].tolist() == [0, 1.5, 3, 4.5]


def test_words_come_as_words(tmp_path):
    _, model = train_door()
    motions = ["moving", "stopped", "moving"]
    trace = hc.simulate(model, steps=3, inputs={"train motion": motions, "train position": "at platform"})
    assert trace.words(trace.measured, "train motion").tolist() == motions
    opened = trace.words(trace.command, "open doors").tolist()
    assert opened[0] == opened[2] != opened[1]
    with pytest.raises(HandcraftedError, match="Expected the name of a measured signal, got 'train moton'"):
        trace.measured["train moton"]
    rows = table(trace.save(tmp_path / "trace.csv"))
    assert [row["measured: train.train motion"] for row in rows] == motions


def test_a_trace_saves_every_signal_and_names_its_kinds(tmp_path):
    _, model = heated_room()
    trace = hc.simulate(model, steps=50, seed=2)
    rows = table(trace.save(tmp_path / "t.csv"))
    assert list(rows[0]) == ["time", "true state: room.temperature", "measured: room.temperature",
                             "believed: thermostat.room temperature", "remembered: thermostat.heat",
                             "done: thermostat.heat", "disturbance: room.disturbance"]  # fmt: skip
    assert [np.float32(row["true state: room.temperature"]) for row in rows] == trace.state["temperature"].tolist()
    assert "50 steps of 10 s" in repr(trace) and "thermostat.room temperature  believed" in repr(trace)
    with pytest.raises(HandcraftedError, match="Expected a place to write to"):
        trace.save(tmp_path / "no" / "t.csv")


def test_leaving_a_declared_range_is_said():
    _, model = heated_room()
    hot = lambda state, actions: {"temperature": state["temperature"] + 2}
    trace = hc.simulate(model, hot, steps=20, initial={"temperature": 15})
    true = next(e for e in trace.range_violations if e.kind == "true")
    assert (true.signal.name, true.first, true.steps, true.worst) == ("temperature", 13, 7, 53)
    assert {e.kind for e in trace.range_violations} == {"true", "measured", "believed"}
    assert "temperature (true) left its range 0 … 40 degC at step 13, for 7 steps" in repr(trace)
    assert not hc.simulate(model, hot, steps=13, initial={"temperature": 15}).range_violations


RING = """name: ring
components:
  c: {kind: controller, level: 0}
  a: {kind: sensor, level: 1}
  b: {kind: sensor, level: 1}
  p: {kind: process, level: 2, dynamics: {law: integrator, output: y, inputs: {}}}
control actions: [{name: u, from: c, to: p}]
feedback:
  - {name: x, from: a, to: b}
  - {name: x, from: b, to: a}
  - {name: x, from: a, to: c}
"""
CASES = {
    "no steps": (dict(steps=0), "whole number of steps from 1 to 10,000,000, got 0"),
    "half a step": (dict(steps=1.5), "whole number of steps"),
    "an unknown state": (dict(initial={"hh": 1}), "name of one state of a process, got 'hh'. Known are: p.h"),
    "a start outside": (dict(initial={"h": 9}), "initial h within -8 … 8, got 9"),
    "a start that is no number": (dict(initial={"h": "warm"}), "numbers for the initial h"),
    "a start that is not finite": (dict(initial={"h": np.nan}), "finite numbers for the initial h"),
    "a start of another shape": (dict(initial={"h": np.zeros((2, 3))}), "initial h of shape"),
    "an unknown input": (dict(inputs={"wash": 1}), "Did you mean `wish`"),
    "an input that a process gives": (dict(inputs={"h": 1}), "that no process gives, got 'h'"),
    "an input of another length": (dict(inputs={"wish": np.zeros(7)}), "with 10 steps, got the shape (1, 7)"),
    "two numbers of runs": (dict(initial={"h": [1, 2]}, inputs={"wish": [[1]] * 3}), "2 for h and 3 for wish"),
    "a disturbance of nothing": (dict(disturbance={"q": 1}), "name of a process, got 'q'"),
    "a disturbance that is not finite": (dict(disturbance=np.inf), "finite numbers for the disturbance of p"),
    "a function for nobody": (dict(process={"q": lambda s, a: s}), "name of a component, got 'q'"),
    "a function without a start": (dict(process=lambda s, a: s), "initial state of p"),
    "a function that forgets": (dict(process=lambda s, a: {}, initial={"h": 1}), "to give the state h, got nothing"),
    "a function that explodes": (
        dict(process=lambda s, a: {"h": s["h"] * 1e30}, initial={"h": 1}),
        "stays finite, got NaN or infinity in p.h (true state) at step 2",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_fit_is_refused(name):
    given, words = CASES[name]
    with pytest.raises(HandcraftedError) as caught:
        hc.simulate(model_of(PLANT), **{"steps": 10, **given})
    assert words in str(caught.value)


def test_a_ring_without_a_maker_is_named():
    model = model_of(RING)
    with pytest.raises(HandcraftedError, match="in the ring a -> b -> a, which hands x round"):
        hc.simulate(model, steps=3)


def test_a_process_that_grows_without_bound_names_the_first_step():
    unstable = (
        "{law: matrices, unstable: true, inputs: [u], outputs: [h], A: [[100]], B: [[1]], C: [[1]], initial: [1]}"
    )
    wild = PLANT.replace("{law: integrator, output: h, inputs: {u: 1}, initial: 4}", unstable)
    with pytest.raises(HandcraftedError, match=r"in p\.x \(true state\) at step \d+\. Check the process"):
        hc.simulate(model_of(wild), steps=100)
    assert hc.simulate(model_of(wild), steps=5).range_violations


def test_the_words_of_before_still_read_a_trace_with_a_warning():
    trace = hc.simulate(heated_room()[1], steps=3)
    for old, new in (("done", "command"), ("excursions", "range_violations")):
        with pytest.warns(DeprecationWarning, match=f"now `{new}`"):
            assert getattr(trace, old) is getattr(trace, new)
