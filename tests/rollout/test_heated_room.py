"""The heated room in closed loop: the network against the plain thermostat, and against what breaks it."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.components.positional import positional_biases
from handcrafted.control.graph import Signal
from handcrafted.control.vocabulary import Role
from handcrafted.loading.yamlfile import loads
from handcrafted.model.weights import FIELD_AXES
from handcrafted.zoo import bundled
from tests.loops import heated_room, with_arrays
from tests.twin import Twin

LOW, HIGH, Q = 19.0, 21.0, 0.0625


def plain_thermostat(heat, temperature):
    """The law, as anybody would write it."""
    if temperature < LOW:
        return 1.0
    if temperature > HIGH:
        return 0.0
    return heat


def leaky_room(state, actions, disturbance):
    """A room whose every step is a multiple of the sensor's resolution, so that float32 is exact."""
    return {"temperature": state["temperature"] + 0.375 * actions["heat"] - 0.1875 + disturbance}


def plain_loop(first, shocks, thermostat=plain_thermostat, resolution=Q):
    """Return temperatures and heats [time] of the same loop in plain Python."""
    temperature, heat, temperatures, heats = first, 0.0, [], []
    for shock in shocks:
        heat = thermostat(heat, np.rint(temperature / resolution) * resolution)
        temperatures.append(temperature)
        heats.append(heat)
        temperature = temperature + 0.375 * heat - 0.1875 + shock
    return np.array(temperatures), np.array(heats)


def shocks(steps, seed=0):
    return np.random.default_rng(seed).integers(-3, 4, steps) * Q


def test_60000_closed_loop_steps_are_the_plain_law_bit_for_bit():
    _, model = heated_room()
    shock = shocks(60_000)
    trace = hc.simulate(model, leaky_room, steps=60_000, initial={"temperature": 15.0}, disturbance=shock)
    temperatures, heats = plain_loop(15.0, shock)
    np.testing.assert_array_equal(trace.state["temperature"], temperatures)
    np.testing.assert_array_equal(trace.measured["temperature"], temperatures)
    np.testing.assert_array_equal(trace.believed["room temperature"], temperatures)
    np.testing.assert_array_equal(trace.command["heat"], heats)
    np.testing.assert_array_equal(trace.remembered["heat"], np.concatenate([[0.0], heats[:-1]]))
    assert np.abs(np.diff(heats)).sum() > 1000 and not trace.range_violations


@pytest.mark.parametrize("change", ["low", "high", "forgets", "not strict"])
def test_another_law_is_told_apart(change):
    _, model = heated_room()
    others = {
        "low": lambda heat, x: 1.0 if x < LOW + Q else 0.0 if x > HIGH else heat,
        "high": lambda heat, x: 1.0 if x < LOW else 0.0 if x > HIGH - Q else heat,
        "forgets": lambda heat, x: 1.0 if x < LOW else 0.0,
        "not strict": lambda heat, x: 1.0 if x <= LOW else 0.0 if x >= HIGH else heat,
    }
    shock = shocks(3000)
    trace = hc.simulate(model, leaky_room, steps=3000, initial={"temperature": 15.0}, disturbance=shock)
    assert (trace.command["heat"] != plain_loop(15.0, shock, others[change])[1]).any()


def test_10000_initial_states_in_one_run():
    _, model = heated_room()
    first = np.random.default_rng(1).integers(0, 40 * 16, 10_000) * Q
    shock = shocks(60, seed=2)
    trace = hc.simulate(model, leaky_room, steps=60, initial={"temperature": first}, disturbance=shock)
    temperature, heat, found = first, np.zeros(10_000), []
    for now in shock:
        heat = np.where(temperature < LOW, 1.0, np.where(temperature > HIGH, 0.0, heat))
        found.append(heat)
        temperature = temperature + 0.375 * heat - 0.1875 + now
    assert trace.command["heat"].shape == (10_000, 60) and trace.runs == 10_000
    np.testing.assert_array_equal(trace.command["heat"], np.array(found).T)


def test_the_bundled_room_obeys_the_law_and_its_formula_at_every_step():
    """The process has rounding of its own: each step is within 2 units in the last place of its formula."""
    _, model = heated_room()
    trace = hc.simulate(model, steps=20_000, seed=3)
    heat, measured = 0.0, trace.measured["temperature"]
    for t, now in enumerate(measured):
        heat = plain_thermostat(heat, float(now))
        assert heat == trace.command["heat"][t]
    true, shock = trace.state["temperature"].astype(float), trace.disturbance["disturbance"].astype(float)
    share = -np.expm1(-10 / 600)
    wanted = true + share * (5 + 25 * trace.command["heat"] + shock - true)
    assert np.abs(true[1:] - wanted[:-1]).max() <= 2 * np.spacing(np.float32(32))
    np.testing.assert_array_equal(measured, np.rint(true / Q) * Q)
    assert 15 < true[1000:].min() and true[1000:].max() < 25


def off_grid():
    text = next(path for path in bundled() if path.stem == "heated_room").read_text()
    finer = loads(text.replace("resolution: 0.0625, ", ""))
    return finer, hc.assemble(finer)


BAND = 40 * 2.0**-14
"""Width of the band below each threshold, off the grid: 2^-14 of the range, or less."""


def test_off_the_grid_every_step_is_right_outside_the_bands():
    """Step by step on the recorded trace: what it measured and remembered, held against what it did.

    A state that a band has left a fraction is decided one way or the other by the next step outside.
    """
    structure, model = off_grid()
    assert structure.resolved.links[-1].quantum is None
    trace = hc.simulate(model, steps=20_000, seed=4)
    x, before = trace.measured["temperature"].astype(float), trace.remembered["heat"].astype(float)
    wanted = np.where(x < LOW, 1.0, np.where(x > HIGH, 0.0, before))
    inside = ((x > LOW - BAND) & (x < LOW)) | ((x > HIGH) & (x < HIGH + BAND))
    sure = ~inside & ((before == 0) | (before == 1))
    np.testing.assert_array_equal(trace.command["heat"][sure], wanted[sure])
    assert 0 < (~sure).sum() < 200 and ((trace.command["heat"] >= 0) & (trace.command["heat"] <= 1)).all()


def test_off_the_grid_a_measurement_in_the_band_leaves_a_fraction_and_trajectories_part():
    """The statement of the documentation; with the sensor's resolution it does not happen."""
    inside = 19 - BAND / 2
    for made, parts in ((off_grid(), True), (heated_room(), False)):
        trace = hc.simulate(made[1], leaky_room, steps=2, initial={"temperature": inside})
        fraction = trace.command["heat"][0]
        assert (0 < fraction < 1) == parts
        heat = plain_thermostat(0.0, float(trace.measured["temperature"][0]))
        assert (fraction != heat) == parts


def test_without_the_recurrence_the_latch_forgets_and_is_not_reproduced():
    structure, model = heated_room()
    forgetful = with_arrays(structure, model, lambda w: w.W_R.fill(0))
    shock = shocks(500)
    trace = hc.simulate(forgetful, leaky_room, steps=500, initial={"temperature": 15.0}, disturbance=shock)
    _, comparator = plain_loop(15.0, shock, lambda heat, x: 1.0 if x < LOW else 0.0)
    np.testing.assert_array_equal(trace.command["heat"], comparator)
    comparison = hc.compare(structure, hc.recover(forgetful))
    (wrong,) = comparison.wrong
    assert wrong.id.name == "heat" and "a state that is not carried to the next step" in wrong.reason
    ways = [f.text for f in comparison.findings if f.kind == "inside"]
    assert any("from heat next" in way and "to heat " in way for way in ways)


def with_a_head_for_memory(model, lag):
    """Return arrays with one head more, which writes the state of the latch from what was measured `lag` steps ago."""
    names, w = model.names, model.effective_weights.numpy()
    axes = {name: FIELD_AXES[name].index("head") for name in FIELD_AXES if "head" in FIELD_AXES[name]}
    arrays = {name: np.concatenate([w[name], 0 * w[name]], axis=axis) for name, axis in axes.items()}
    state = names.find(Signal("thermostat", Role.PROCESSING_FOR_ACTION, "heat"))[0]
    port = names.find(Signal("room", Role.FEEDBACK, "temperature"))[0]
    query, key = positional_biases(lag)
    arrays["b_Q"][0, 1, :2], arrays["b_K"][0, 1, :2] = query, key
    arrays["W_V"][0, 1, port, 0], arrays["W_O"][0, 1, 0, state] = 1.0, -0.05
    arrays["b_O"] = w.b_O.copy()
    arrays["b_O"][0, state] = 1.5
    return w.replace(**{name: array.astype(np.float32) for name, array in arrays.items()})


@pytest.mark.parametrize("lag", [1, 15])
def test_a_state_kept_by_attention_does_not_pass(lag):
    """Heads see earlier steps too; but the state of a controller is what the recurrence carries."""
    structure, model = heated_room()
    kept = with_a_head_for_memory(model, lag)
    for arrays in (kept, kept.replace(W_R=0 * kept.W_R)):
        comparison = hc.compare(structure, hc.recover(arrays, names=model.names))
        assert [link.id.name for link in comparison.wrong] == ["heat"], comparison.links
    assert "not carried" in comparison.wrong[0].reason or "otherwise than its law" in comparison.wrong[0].reason
    without = kept.replace(W_O=np.where(np.arange(2)[None, :, None, None] == 1, 0, kept.W_O), b_O=0 * kept.b_O)
    assert hc.compare(structure, hc.recover(without, names=model.names)).reproduced


def test_the_exported_arrays_give_the_same_closed_loop_in_plain_numpy():
    _, model = heated_room()
    arrays = {name: np.asarray(array) for name, array in model.effective_weights.items()}
    shock = shocks(200, seed=5)
    trace = hc.simulate(model, leaky_room, steps=200, initial={"temperature": 18.0}, disturbance=shock)

    def by_twin(arrays):
        network, temperature, found = Twin(arrays), 18.0, []
        for now in shock:
            out, _ = network.step([np.rint(temperature / Q) * Q])
            found.append((temperature, out.item()))
            temperature = temperature + 0.375 * out.item() - 0.1875 + now
        return np.array(found).T

    temperatures, heats = by_twin(arrays)
    np.testing.assert_array_equal(trace.state["temperature"], temperatures)
    np.testing.assert_array_equal(trace.command["heat"], heats)
    assert len(np.unique(heats)) == 2
    for name in ("W_R", "W_in", "b_in"):
        assert (by_twin({**arrays, name: 0.9 * arrays[name]})[1] != heats).any(), name
