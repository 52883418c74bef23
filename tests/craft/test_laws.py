"""Every law in the weights of a network against the same law as a plain loop in Python."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.text.diagnostics import HandcraftedError
from tests.one_law import CASES, GRID, Case, built, encoded, outputs_of, pid, sequences, switch, text_of

STEPS, SEQUENCES = 120, 4


def outcomes(model, case, inputs):
    """What a model, or its arrays, and the plain law do, both [sequence, time]; inputs [read, sequence, time]."""
    out = outputs_of(model, encoded(case, inputs)).astype(float)
    plain = [case.plain(*rows) for rows in zip(*inputs.astype(float), strict=True)]
    if out.shape[-1] > 1:  # words: the place of the one that is 1, if exactly one is and all others are 0
        assert ((out == 0) | (out == 1)).all() and (out.sum(axis=-1) == 1).all()
        return out.argmax(axis=-1).astype(float), np.array(plain, float)
    return out[..., 0], np.array(plain, float)


def reads(case, seed=0, quantum: float | None = GRID):
    return sequences(case, SEQUENCES, STEPS, seed, quantum)


WAYS = [(name, False) for name in CASES]
WAYS += [(name, True) for name, c in CASES.items() if not (c.action.startswith("values") or "gates" in c.entry)]


@pytest.mark.parametrize("name, in_model", WAYS)
def test_on_the_grid_the_network_is_the_law_bit_for_bit(name, in_model):
    case = CASES[name]
    _, model = built(case, in_model=in_model)
    found, wanted = outcomes(model, case, reads(case))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0 if case.exact else 8 * ROUNDING)
    assert len(np.unique(wanted)) > 1


CHANGED = {
    "linear": ("y: -2", "y: -3"),
    "comparator above": ("1.1", "1.4"),
    "comparator above a point of the grid": ("1.25", "1"),
    "comparator below": ("-2", "-1"),
    "comparator of two": ("0.5", "1"),
    "hysteresis that heats": ("above: 1", "above: 1.6"),
    "hysteresis that cools": ("0.3", "-1"),
    "hysteresis without a gap": ("above: 1", "above: 2"),
    "hysteresis of two": ("below: -1", "below: -2"),
    "saturation": ("low: -1.5", "low: -1"),
    "integrator": ("gain: 0.5", "gain: 1"),
    "integrator of two": ("[x, y]", "[x, y], parameters: {gain: 2}"),
    "linear with limits": ("high: 4.5", "high: 4"),
    "p": ("high: 3", "high: 2"),
    "pi": ("ki: 0.5", "ki: 0.25"),
    "pid": ("kd: 0.5", "kd: 1"),
    "pd of one": ("kd: 0.5", "kd: -0.5"),
    "delay": ("steps: 3", "steps: 4"),
    "the longest delay": ("steps: 15", "steps: 14"),
    "difference": ("steps: 2", "steps: 1"),
    "decision table with bounds": ("-2.1", "-2.6"),
    "absolute value": ("absolute value", "dead band, parameters: {width: 0.25}"),
    "dead band": ("1.5", "1.25"),
    "maximum": ("maximum", "minimum"),
    "minimum of three": ("[x, y, z]", "[x, y]"),
    "median": ("median", "maximum"),
    "relay": ("0.5", "0.75"),
    "and": ("and", "or"),
    "and of words": ("and", "xor"),
    "or": ("or", "and"),
    "xor": ("xor", "or"),
    "k of n": ("k: 2", "k: 1"),
    "veto": ("veto", "gate"),
    "veto by word": ("veto", "gate"),
    "gate": ("gate", "veto"),
    "multiplexer": ("multiplexer", "multiplexer, reads: [y, x, z]"),
    "multiplexer by word": ("[x, y, z]", "[y, x, z]"),
    "guard": ("safe: -1", "safe: -2"),
    "guard of words": ("w1", "w0"),
    "latch": ("latch", "latch, reads: [y, x]"),
    "timer": ("6", "5"),
    "watchdog": ("3", "4"),
    "rate limiter": ("fall: 0.5", "fall: 1"),
    "moving average": ("steps: 4", "steps: 5"),
    "observer": ("gain: 0.5", "gain: 0.75"),
    "observer of two numbers": ("0.25]", "0.3]"),
    "Kalman filter": ("measurement noise: 1", "measurement noise: 2"),
    "lookup by word": ("-2", "-1"),
    "lookup between points": ("-1", "-2"),
    "argmin": ("[x, y, z]", "[y, x, z]"),
    "lookahead": ("b: 2", "b: 1"),
    "finite state": ("[running, stop, idle]", "[running, next, idle]"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_law_with_one_number_changed_is_noticed(name):
    """The comparison has power: each case differs from itself with another parameter."""
    case = CASES[name]
    _, model = built(case._replace(entry=case.entry.replace(*CHANGED[name], 1)))
    found, wanted = outcomes(model, case, reads(case))
    assert (found != wanted).any()


def wide(case: Case, inputs: np.ndarray, width: float) -> np.ndarray:
    """Say where [sequence, time] the plain law changes its mind if its reads move by `width`; once lost, for ever."""
    answers = [case.plain(*rows) for rows in zip(*inputs.astype(float), strict=True)]
    unsure = np.zeros(np.shape(answers), bool)
    for move in (-width, width):
        moved = inputs.astype(float).copy()
        moved[0] += move
        unsure |= np.array([case.plain(*rows) for rows in zip(*moved, strict=True)]) != np.array(answers)
    return np.maximum.accumulate(unsure, axis=1) if "hysteresis" in case.entry else unsure


def test_a_hysteresis_far_from_zero_has_one_gain_for_both_thresholds():
    far = "{law: hysteresis, parameters: {on below: -80.3, off above: 16.1}}"
    case = Case(far, switch(lambda s, x: 1.0 if x < -80.3 else 0.0 if x > 16.1 else s), action="range: [0, 1]")
    structure = loads(text_of(case, resolution=None).replace("[-4, 4]", "[15, 25]"))
    inputs = np.array([[[-90, 16.0995, 16.1045, -20, -80.2995, -80.3045, 16.0985]]], np.float32)
    found, wanted = outcomes(hc.assemble(structure), case, inputs)
    assert found.tolist() == wanted.tolist() == [[1, 1, 0, 0, 0, 1, 1]]


SWITCHES = [name for name, case in CASES.items() if case.action == "range: [0, 1]" or case.switches]
COMPARING = [name for name in SWITCHES if 0 in CASES[name].words[: CASES[name].reads] and name != "guard"]
WORDS = [name for name, case in CASES.items() if case.action.startswith("values")]
BAND = 2 * 8.0 * 2.0**-14
"""Off the grid a ramp is at most 2^-14 of the range wide, and the range of a difference twice as wide."""


@pytest.mark.parametrize("name", COMPARING)
def test_off_the_grid_a_switch_is_wrong_only_inside_its_band(name):
    case = CASES[name]
    _, model = built(case, resolution=None)
    inputs = reads(case, seed=1, quantum=None)
    found, wanted = outcomes(model, case, inputs)
    unsure = wide(case, inputs, 2 * BAND)
    assert unsure.mean() < 0.2
    np.testing.assert_array_equal(found[~unsure], wanted[~unsure])


SUMMING = ("integrator", "observer", "rate", "Kalman")
ROUNDING = 4 * 2.0**-23 * 16
"""Three terms and a constant, whose absolute values sum to less than 16, err by at most so much in float32."""


@pytest.mark.parametrize("name", [name for name in CASES if name not in SWITCHES + WORDS])
def test_off_the_grid_a_real_result_keeps_its_bound(name):
    """Roundings of what is carried add up over the steps; all other laws round once."""
    case = CASES[name]
    _, model = built(case, resolution=None)
    found, wanted = outcomes(model, case, reads(case, seed=1, quantum=None))
    steps = np.arange(1, STEPS + 1) if name.split()[0] in SUMMING else 1
    bound = ROUNDING * np.broadcast_to(steps, wanted.shape)
    assert (np.abs(found - wanted) <= bound).all()
    assert "delay" not in name or (found == wanted).all()


def awkward_limits(count):
    """Limits for which float32 high - (high - low) falls below low, so that a plain bias would break the limit."""
    rng = np.random.default_rng(0)
    low = rng.uniform(-4, 0, 1000).astype(np.float32)
    high = low + rng.uniform(0, 4, 1000).astype(np.float32)
    found = np.flatnonzero(high - (high - low) < low)
    assert 0.05 < len(found) / 1000 < 0.3
    return [(float(low[i]), float(high[i])) for i in found[:count]]


@pytest.mark.parametrize("limits", [(-1.5, 2.0), (0.1, 0.7), *awkward_limits(3)])
def test_limits_hold_exactly_for_any_finite_value(limits):
    low, high = limits
    case = Case(f"{{law: saturation, parameters: {{low: {low!r}, high: {high!r}}}}}", lambda x: [])
    _, model = built(case, resolution=None)
    for far in (3e8, 1e30, -3e8, -1e30, 7.3):
        out = outputs_of(model, np.full((1, 1), far, np.float32)).item()
        assert np.float32(low) <= out <= np.float32(high)
        assert out == pytest.approx(high if far > 0 else low, abs=1e-6)


TRACKING = {
    "that tracks": dict(kp=2.0, ki=0.5, tracking=0.125),
    "that tracks by the output alone": dict(kp=2.0, ki=0.5, tracking=0.25),
    "that tracks, with a rate": dict(kp=2.0, ki=0.5, kd=0.25, tracking=0.5),
}


@pytest.mark.parametrize("name", TRACKING)
def test_an_integral_that_tracks_is_within_its_bound(name):
    """What the limits cut off halves and halves again, so that float32 must round in the end."""
    gains = TRACKING[name]
    given = ", ".join(f"{key}: {value}" for key, value in gains.items())
    case = Case(f"{{law: pid, reads: [x, y], parameters: {{{given}, high: 3}}}}",
                lambda x, y: pid(x, y, **gains, limits=(-8.0, 3.0)), 2)  # fmt: skip
    structure, model = built(case)
    found, wanted = outcomes(model, case, reads(case, seed=4))
    assert (np.abs(found - wanted) <= 40 * ROUNDING).all() and (found == 3).any()
    other = case._replace(plain=lambda x, y: pid(x, y, **{**gains, "tracking": 0.3}, limits=(-8.0, 3.0)))
    assert (np.abs(found - outcomes(model, other, reads(case, seed=4))[1]) > 0.01).any()
    recovered = hc.recover(model)
    assert recovered.wired.same_wiring(structure.signal_graph()) and hc.compare(structure, recovered).reproduced


def test_an_integrator_comes_back_from_its_limit_at_once():
    case = CASES["integrator"]
    _, model = built(case)
    inputs = np.array([[[4.0] * 20 + [-4.0] * 3]], np.float32)
    found, wanted = outcomes(model, case, inputs)
    assert found[0, 19] == 3 and found[0, 20] == 2
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("law", ["delay", "difference"])
def test_a_delay_longer_than_the_window_names_its_parameter(law):
    case = CASES["delay"]
    fits = text_of(case._replace(entry=f"{{law: {law}, parameters: {{steps: 15}}}}"))
    hc.assemble(loads(fits))
    with pytest.raises(HandcraftedError, match=rf"Expected `steps` of the {law} of out of c .* 1 to 15, got 16"):
        hc.assemble(loads(fits.replace("15", "16")))
