"""Wheel brakes: crew, autobrake and hydraulic controller against their plain laws, on landings and a go-around."""

import numpy as np
import pytest

import handcrafted as hc
from tests.loops import of_the_zoo

STEPS = 200


def run(**inputs):
    return hc.simulate(of_the_zoo("wheel_brakes")[1], steps=STEPS, inputs=inputs)


def plain_valve(trace):
    """Return the valve [step] by the three controllers' laws, from what was measured."""
    word = lambda name: trace.words(trace.measured, name)
    columns = (trace.measured["position"], trace.measured["speed"], trace.measured["pressure"])
    braking, found = [False], []
    for t, (position, speed, pressure) in enumerate(zip(*columns, strict=True)):
        intended, wheels = word("landing")[t] == "intended", word("weight on wheels")[t] == "yes"
        pedals = position > 1200 or (intended and position > 300 and not braking[-1])
        before = trace.measured["speed"][t - 4] if t >= 4 else 70.0
        asked = intended and not pedals and wheels
        braking.append(asked)
        demand = asked and before - speed < 2.9
        found.append((demand or pedals) and wheels and pressure < 0.9)
    return np.where(found, "open", "shut")


LATE = ["no"] * 30 + ["yes"] * (STEPS - 30)
ABORTED = ["intended"] * 40 + ["aborted"] * (STEPS - 40)
CASES = {"landing": {}, "late touchdown": {"weight on wheels": LATE}, "go-around": {"landing": ABORTED}}


@pytest.mark.parametrize("name", CASES)
def test_the_valve_follows_the_plain_laws(name):
    trace = run(**CASES[name])
    valve = trace.words(trace.command, "valve")
    assert valve.tolist() == plain_valve(trace).tolist()
    assert {"open", "shut"} == set(valve)


def test_the_report_takes_one_step_upwards():
    trace = run(**CASES["go-around"])
    status = trace.words(trace.believed, "crew.autobrake status").tolist()
    assert status == ["idle"] + ["braking"] * 40 + ["idle"] * (STEPS - 41)
    switch = trace.words(trace.believed, "autobrake.switch").tolist()
    assert switch == ["armed"] * 40 + ["off"] * (STEPS - 40)


def test_no_valve_opens_before_touchdown_and_the_aircraft_stops_on_the_runway():
    trace = run(**CASES["late touchdown"])
    assert set(trace.words(trace.command, "valve")[:30]) == {"shut"}
    assert trace.state["speed"][-1] == 0 and trace.state["position"].max() < 2000


@pytest.mark.slow
def test_boxes_without_a_network_are_drawn_and_nothing_is_claimed_for_them():
    structure, model = of_the_zoo("wheel_brakes")
    comparison = hc.compare(structure, hc.recover(model))
    assert comparison.reproduced and len(comparison.found) == 12
    assert [str(id) for id in comparison.outside] == ["brakes -> aircraft: pressure"]
