"""Cruise control: two controllers, one above the other, against their plain laws; and the car ahead brakes hard."""

import jax.numpy as jnp
import numpy as np
import pytest

import handcrafted as hc
from tests.loops import head_of, of_the_zoo, recompare

STEPS = 4000
DT = 0.25


def car_ahead(state, actions):
    """Drive at 25 m/s, and every 50 s brake hard down to 5 m/s for a while."""
    phase = state["t"] % 50
    change = jnp.where((phase > 20) & (phase < 30), -7.0, 3.0)
    return {"speed ahead": jnp.clip(state["speed ahead"] + DT * change, 5.0, 25.0), "t": state["t"] + DT}


@pytest.fixture(scope="module")
def trace():
    _, model = of_the_zoo("cruise_control")
    start = {"car ahead.speed ahead": 25.0, "car ahead.t": 0.0}
    return hc.simulate(model, {"car ahead": car_ahead}, steps=STEPS, initial=start)


def clip(value, low, high):
    return min(max(value, low), high)


def plain_laws(trace, ki=0.0625, delay=1):
    """Return set speed, mode, throttle, brake and overspeed [step] by the laws, from what was measured."""
    measured = (trace.measured[name].astype(float) for name in ("distance", "closing speed", "speed"))
    total, reports, found = 0.0, [False] * delay, []
    for distance, closing, speed in zip(*measured, strict=True):
        wanted = clip(0.5 * distance - 0.5 * closing - 5, 0.0, 30.0)
        brake = distance < 12 or (distance < 60 and closing > 8) or (distance < 30 and reports[-delay])
        throttle = clip(0.25 * (wanted - speed) + total, -1.0, 1.0)
        total = clip(total + ki * DT * (wanted - speed), -1.0, 1.0)
        reports.append(speed - wanted > 3)
        found.append((wanted, brake, throttle))
    return np.array(found).T, np.array(reports[delay:])


def agree(trace, delay=1, **change):
    (wanted, brake, throttle), reports = plain_laws(trace, delay=delay, **change)
    return {
        "set speed": (trace.believed["set speed"] == wanted).all(),
        "mode": (trace.words(trace.believed, "mode") == np.where(brake, "brake", "cruise")).all(),
        "brake": (trace.words(trace.command, "brake") == np.where(brake, "applied", "released")).all(),
        "throttle": (trace.command["throttle"] == throttle).all(),
        "overspeed": (
            trace.words(trace.believed, "overspeed")[delay:] == np.where(reports, "yes", "no")[:-delay]
        ).all(),
    }


def test_every_decision_of_both_controllers_is_the_plain_law_bit_for_bit(trace):
    assert all(agree(trace).values()), agree(trace)
    for name in ("mode", "overspeed"):
        assert 20 < (trace.believed[name][:, 1] == 1).sum() < STEPS - 20
    assert {-1.0, 1.0} <= set(trace.command["throttle"].tolist())


def test_another_gain_or_another_lag_of_the_report_is_told_apart(trace):
    assert not agree(trace, ki=0.03125)["throttle"]
    assert not agree(trace, delay=2)["overspeed"]


def test_the_car_keeps_its_distance_although_the_car_ahead_brakes(trace):
    assert trace.state["distance"].min() > 5 and not trace.range_violations
    assert trace.state["speed ahead"].min() == 5


def test_the_hierarchy_is_reproduced_and_a_link_between_its_levels_can_be_lost():
    structure, model = of_the_zoo("cruise_control")
    assert hc.compare(structure, hc.recover(model)).reproduced
    assert {(str(link.id), link.lag) for link in structure.resolved.links if link.id.name == "overspeed"} == {
        ("speed controller -> supervisor: overspeed", 1)
    }

    def deaf(w):
        w.W_O[head_of(model, "overspeed")] = 0

    lost = recompare(structure, model, deaf)
    assert [str(link.id) for link in lost.missing] == ["speed controller -> supervisor: overspeed"]
