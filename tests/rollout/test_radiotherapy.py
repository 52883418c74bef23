"""The radiotherapy machine: what the dose monitor stops, whoever asks, and what a two-out-of-three vote cannot see."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.zoo import find

LIMIT, STEP = 200.0, 0.5
STEPS = 600


@pytest.fixture(scope="module")
def model():
    return hc.assemble(hc.load(find("radiotherapy")))


def plain(steps=STEPS):
    """Return the dose and the beam at each step as the laws say them, in a few lines of Python."""
    dose, found = 0.0, []
    for _ in range(steps):
        seen = round(dose * 4) / 4
        beam = min(max(0.125 * (180 - seen), 0.0), 1.0) if seen < LIMIT else 0.0
        found.append((dose, beam))
        dose += STEP * beam
    return np.array(found).T


def test_it_gives_the_prescribed_dose_as_the_plain_laws_do(model):
    trace = hc.simulate(model, steps=STEPS)
    dose, beam = plain()
    np.testing.assert_allclose(trace.state["dose a"], dose, rtol=0, atol=1e-4)
    np.testing.assert_allclose(trace.command["beam"], beam, rtol=0, atol=1e-6)
    assert 179 < trace.state["dose a"][-1] < 180.25


def asking(model):
    """Return the machine with a treatment control that asks for full beam for ever."""
    place = next(p for p in model.layout if p.owner == "treatment control" and p.writes.name == "beam request"
                 and p.role == "control_action")  # fmt: skip
    weights = model.weights.numpy()
    weights.b_out[place.layer, model.names.find(place.writes)] += 1e6
    other = hc.assemble(model.structure)
    other.set_weights(weights)
    return other


def test_whatever_is_asked_the_dose_stops_at_the_limit(model):
    trace = hc.simulate(asking(model), steps=STEPS)
    dose, beam = trace.state["dose a"], trace.command["beam"]
    assert LIMIT <= dose.max() <= LIMIT + STEP and set(beam) == {0.0, 1.0}
    assert (beam[trace.measured["dose a"] >= LIMIT] == 0).all()


def test_without_the_dose_monitors_veto_it_would_not_stop(model):
    """The same treatment control, guarded by a limit of 250 instead of 200."""
    data = model.structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data["components"]["dose monitor"]["control algorithm"]["beam"]["permit"][0]["voted dose"]["below"] = 250
    trace = hc.simulate(asking(hc.assemble(type(model.structure).model_validate(data))), steps=STEPS)
    assert trace.state["dose a"].max() >= 250


@pytest.mark.parametrize("lost", [0, 7, 100])
def test_the_beam_stops_three_steps_after_the_last_pulse(model, lost):
    pulse = np.where(np.arange(STEPS) < lost, "present", "missing")
    trace = hc.simulate(model, steps=STEPS, inputs={"dose pulse": pulse})
    beam = trace.command["beam"]
    assert (beam[: lost + 2] > 0).all() and (beam[lost + 2 :] == 0).all()


def test_pulses_that_come_in_time_do_not_stop_it(model):
    pulse = np.where(np.arange(STEPS) % 3 == 0, "present", "missing")
    trace = hc.simulate(model, steps=STEPS, inputs={"dose pulse": pulse})
    assert (trace.command["beam"][:300] == 1).all()


def test_an_open_door_stops_the_beam_at_once(model):
    door = np.where((np.arange(STEPS) >= 40) & (np.arange(STEPS) < 60), "open", "closed")
    beam = hc.simulate(model, steps=STEPS, inputs={"door": door}).command["beam"][:100]
    assert (beam[40:60] == 0).all() and (beam[:40] == 1).all() and (beam[61:] == 1).all()


def head(state, actions):
    """Stand in for a radiation head some of whose detectors always say 0: those whose `live` is 0."""
    dose, live = state["dose"] + STEP * actions["beam"], state["live"]
    return {"dose": dose, "live": live, **{f"dose {d}": live[i] * dose for i, d in enumerate("abc")}}


def irradiated(model, *stuck):
    live = np.array([[float(d not in stuck) for d in "abc"]])
    first = {"dose": 0.0, "dose a": 0.0, "dose b": 0.0, "dose c": 0.0, "live": live}
    return hc.simulate(model, head, steps=STEPS, initial=first).state["dose"].max()


def test_one_stuck_detector_of_three_is_outvoted_and_two_are_not(model):
    """Treatment control reads detector a alone: stuck, it asks for ever, and only the vote stops the beam."""
    assert irradiated(model) < 181
    assert irradiated(model, "b") < 181 and irradiated(model, "c") < 181
    assert LIMIT <= irradiated(model, "a") <= LIMIT + STEP
    assert irradiated(model, "a", "b") > 250, "the stated limit of a two-out-of-three vote"
