"""Fault injection against plain loops of its own, constructed faults, and the promises of Layer 0."""

import json
import re
from collections import Counter

import jax
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.control.stpa import Factor
from handcrafted.loading.yamlfile import parsed
from handcrafted.rollout import faulted
from handcrafted.safety.fault_places.catalogue import PLACES
from handcrafted.safety.faults import report
from handcrafted.safety.faults import runner as bench
from handcrafted.safety.faults.campaign import Campaign, inject
from handcrafted.safety.faults.faultlist import FaultList, Places, expand
from handcrafted.safety.faults.injector import _numbers_of
from handcrafted.safety.faults.outcome import DETECTED, DIFFERENT, HAZARD, MASKED, _close
from handcrafted.safety.faults.report import OUTSIDE, fault_tables, scenario_report, scenarios, where_of
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.safety.faults.usual import compared, usual_faults, without_vetoes, without_watchdogs
from handcrafted.zoo import find
from tests.loops import of_the_zoo

STEPS = 300


def listed(*lines, **more):
    """Return a fault list."""
    return FaultList.model_validate({"faults": list(lines), **more})


def outcomes(name, *lines, steps=STEPS, **more):
    """Run faults in a bundled loop; give them with their outcomes."""
    return list(inject(of_the_zoo(name)[1], listed(*lines, **more), steps=steps))


def only(name, line, **more):
    """Run one fault."""
    ((_, outcome),) = outcomes(name, line, **more)
    return outcome


# One room, one thermostat, in plain Python: nothing here is taken from the package but the disturbances.

SHARE = np.float32(-np.expm1(-10 / 600))


def plain_room(sense=None, act=None, move=None, shock=None, steps=STEPS, seed=0):
    """Run the heated room; `sense`, `act`, `move` and `shock` say what a fault does. Give temperatures and commands."""
    noise = np.random.default_rng(seed).uniform(-2, 2, (1, steps)).astype(np.float32)[0]
    temperature, on, arrived = np.float32(15), 0.0, 0.0
    temperatures, commands = [], []
    for t in range(steps):
        measured = float(np.rint(temperature / np.float32(0.0625)) * np.float32(0.0625))
        seen = sense(t, measured) if sense else measured
        on = 1.0 if seen < 19 else 0.0 if seen > 21 else on
        temperatures.append(float(temperature))
        commands.append(on)
        arrived = act(t, on) if act else on
        target = np.float32(5) + np.float32(25) * np.float32(arrived) + (np.float32(shock) if shock else noise[t])
        step = SHARE * (target - temperature)
        temperature = np.float32(temperature + (move(t, step) if move else step))
    return np.array(temperatures), np.array(commands)


def first_of(bad):
    """Return the first step at which something holds, or None."""
    return int(np.argmax(bad)) if bad.any() else None


def judged(temperatures, commands):
    """Return the first steps of H-1, H-2, UCA-1 and UCA-2."""
    cold, hot = temperatures < 15, temperatures > 25
    provided, missed = (temperatures > 21.1) & (commands > 0.5), (temperatures < 18.9) & (commands <= 0.5)
    return [first_of(bad) for bad in (cold, hot, provided, missed)]


def late(by):
    """Return what a sensor or actuator reports that is late."""
    past = []

    def at(t, value):
        past.append(value)
        return past[max(0, t - by)]

    return at


def late_action(by):
    """Return an action that is late; before the first it is 0."""
    past = [0.0] * by

    def at(t, value):
        past.append(value)
        return past[t]

    return at


def held(since):
    """Return what stays at its last value."""
    last = {}

    def at(t, value):
        if t < since:
            last["value"] = value
        return last["value"]

    return at


SPOOFED = [22.0, 10.0, 10.0, 23.0]

PLAIN = {
    "sensor stuck": ({"sensor": "temperature", "stuck": 12, "from": 40}, {"sense": lambda t, x: 12 if t >= 40 else x}),
    "sensor zero": ({"sensor": "temperature", "zero": True}, {"sense": lambda t, x: 0.0}),
    "sensor biased": ({"sensor": "temperature", "bias": 6}, {"sense": lambda t, x: x + 6}),
    "sensor scaled": ({"sensor": "temperature", "scale": 0.5}, {"sense": lambda t, x: x * 0.5}),
    "sensor inverted": ({"sensor": "temperature", "invert": True}, {"sense": lambda t, x: -x}),
    "sensor late": ({"sensor": "temperature", "delay": 40}, {"sense": late(40)}),
    "sensor held": ({"sensor": "temperature", "hold": True, "from": 40}, {"sense": held(40)}),
    "sensor held for a while": (
        {"sensor": "temperature", "stuck": 12, "from": 40, "for": 60},
        {"sense": lambda t, x: 12 if 40 <= t < 100 else x},
    ),
    "sensor spoofed": (
        {"sensor": "temperature", "spoof": SPOOFED, "from": 30},
        {"sense": lambda t, x: SPOOFED[min(t - 30, 3)] if t >= 30 else x},
    ),
    "sensor's sign bit": ({"sensor": "temperature", "flip": 31}, {"sense": lambda t, x: -x}),
    "actuator stuck": ({"actuator": "heat", "stuck": 1, "from": 50}, {"act": lambda t, x: 1.0 if t >= 50 else x}),
    "actuator dead": ({"actuator": "heat", "zero": True, "from": 50}, {"act": lambda t, x: 0.0 if t >= 50 else x}),
    "actuator late": ({"actuator": "heat", "delay": 30}, {"act": late_action(30)}),
    "actuator inverted": ({"actuator": "heat", "invert": True}, {"act": lambda t, x: -x}),
    "process does not move": ({"process": "room", "zero": True}, {"move": lambda t, x: np.float32(0)}),
    "process is fast": ({"process": "room", "scale": 20}, {"move": lambda t, x: np.float32(20) * x}),
    "process drifts": ({"process": "room", "bias": 0.3}, {"move": lambda t, x: x + np.float32(0.3)}),
    "process is disturbed": ({"process": "room", "disturbance": -12}, {"shock": -12.0}),
    "nothing": ({"sensor": "temperature", "bias": 0}, {}),
}


def test_faults_around_the_network_do_what_a_plain_loop_does():
    usual = judged(*plain_room())
    assert usual == [None] * 4
    found = outcomes("heated_room", *(line for line, _ in PLAIN.values()))
    for (name, (_, change)), (_, outcome) in zip(PLAIN.items(), found, strict=True):
        cold, hot, provided, missed = judged(*plain_room(**change))
        first = min([step for step in (cold, hot) if step is not None], default=None)
        assert (outcome.hazard_step, "H-1" in outcome.hazards, "H-2" in outcome.hazards) == (
            first, cold is not None, hot is not None
        ), name  # fmt: skip
        said = ("UCA-1" in outcome.unsafe, "UCA-2" in outcome.unsafe)
        assert said == (provided is not None, missed is not None), name
        assert outcome.unsafe_step == min([s for s in (provided, missed) if s is not None], default=None), name
        assert (outcome.kind == HAZARD) == (first is not None), name
    assert {outcome.kind for _, outcome in found} == {HAZARD, DIFFERENT, MASKED}


@pytest.mark.parametrize("name", ["heated_room", "guarded_room", "train_door"])
def test_the_run_without_a_fault_is_that_of_simulate(name, monkeypatch):
    seen = []
    monkeypatch.setattr(bench, "outcomes", lambda witness: seen.append(witness.trace) or iter([None]))
    model = of_the_zoo(name)[1]
    place = next(iter(Places(FaultTarget(model)).of("sensor")))
    own = bench.Runner(FaultTarget(model), STEPS, {}, None, None, 0, ())
    (part,) = own.parts(expand(model, listed({"sensor": place, "zero": True})))
    list(own.run(part))
    inputs = bench.driving(model.structure, STEPS, 0)
    plain = hc.simulate(model, steps=STEPS, inputs=inputs)
    for mine, other in zip(seen[0].kinds, plain.kinds, strict=True):
        for signal in other:
            assert np.allclose(mine[signal][0], other[signal], atol=1e-5), signal


def test_what_is_there_without_the_fault_is_not_laid_at_its_door():
    cold = {"initial": {"temperature": 10}}
    lines = [{"sensor": "temperature", "bias": 0}, {"sensor": "temperature", "stuck": 30, "from": 150}]
    campaign = inject(of_the_zoo("heated_room")[1], listed(*lines, **cold), steps=STEPS)
    late, _ = plain_room(sense=lambda t, x: 30 if t >= 150 else x)
    assert campaign.outcomes[0].kind == MASKED and campaign.outcomes[0].unsafe == ()
    assert campaign.outcomes[1].hazard_step is not None and campaign.outcomes[1].hazard_step > 150
    assert first_of(late < 15) is not None


CAUSES = [
    ("heated_room", {"sensor": "temperature", "stuck": 12}, "UCA-1"),
    ("heated_room", {"link": "room -> thermostat: temperature", "stuck": 40}, "UCA-2"),
    ("train_door", {"sensor": "train motion", "stuck": "stopped"}, "UCA-1"),
    ("train_door", {"link": "train -> door controller: emergency", "stuck": "yes"}, "UCA-2"),
    ("train_door", {"sensor": "emergency", "stuck": "no"}, "UCA-3"),
    ("guarded_room", {"sensor": "temperature", "stuck": 0}, "UCA-1"),
]


@pytest.mark.parametrize(("name", "line", "rule"), CAUSES)
def test_a_fault_made_for_an_unsafe_control_action_is_classed_as_that(name, line, rule):
    outcome = only(name, line)
    assert outcome.kind == HAZARD and outcome.unsafe[0] == rule
    assert outcome.belief is not None and outcome.belief.believed != outcome.belief.true


def test_faults_in_weights_that_nothing_uses_are_masked_and_those_in_others_are_not():
    model = of_the_zoo("heated_room")[1]
    w, masks = model.effective_weights.numpy(), model.masks.map(np.asarray)
    unread = [
        (layer, head, row, dim) for layer, head, row, dim in np.argwhere(masks.W_V) if not w.W_O[layer, head, dim].any()
    ]
    assert unread
    lines = [{"weight": f"W_V[{', '.join(map(str, at))}]", "stuck": 5} for at in unread]
    used = [
        {"weight": f"{name}[{', '.join(map(str, np.argwhere(w[name])[0]))}]", "zero": True} for name in ("W_U", "W_V")
    ]
    found = outcomes("heated_room", *lines, *used)
    assert [outcome.kind for _, outcome in found] == [MASKED] * len(lines) + [HAZARD] * 2


INNER = (
    {"weight": "all", "flip": "all"},
    {"weight": "all", "stuck": [-1e30, 100.0]},
    {"activation": "all", "stuck": [-100, 100]},
    {"activation": "all", "invert": True},
    {"activation": "all", "flip": [31, 30, 23]},
    {"link": "all", "delay": [1, 15]},
    {"history": "all", "stuck": [1e30]},
    {"recurrence": "all", "flip": "all"},
)


def of_layer_0(sample):
    """Run faults in weights and activations of the guarded room, with and without its vetoes."""
    structure, model = of_the_zoo("guarded_room")
    less = hc.assemble(without_vetoes(structure) or structure)
    return [inject(one, listed(*INNER), steps=STEPS, sample=sample) for one in (model, less)]


def check_layer_0(with_vetoes, without):
    for fault, outcome in with_vetoes:
        assert where_of(fault) != OUTSIDE or outcome.kind != HAZARD, fault
    outside = [outcome for fault, outcome in without if where_of(fault) == OUTSIDE]
    assert sum(outcome.kind == HAZARD for outcome in outside) > len(outside) / 50
    table = fault_tables(with_vetoes, {"open": without})["layer_0"]
    shares = {(row[0], row[1]): int(row[5]) for row in table[1:]}
    assert shares["as it is", OUTSIDE] == 0 < shares["open", OUTSIDE] == sum(o.kind == HAZARD for o in outside)
    return with_vetoes


def test_no_fault_outside_layer_0_brings_a_guarded_hazard_about_and_without_the_vetoes_many_do():
    found = check_layer_0(*of_layer_0(50))
    ports = [outcome for _, outcome in found if any(name.startswith("port of") for name in outcome.alarms)]
    vetoes = [outcome for _, outcome in found if any(name.startswith("veto of") for name in outcome.alarms)]
    assert ports and vetoes and all(outcome.kind in (DETECTED, HAZARD) for outcome in (*ports, *vetoes))


@pytest.mark.slow
def test_not_one_of_all_faults_outside_layer_0_does():
    found = check_layer_0(*of_layer_0(None))
    assert len(found) > 2900


# All bits of all weights of the heated room, against a loop in numpy that shares no code with the package.


def numpy_rooms(weights, steps):
    """Run the heated room with many networks side by side, each array [run, …]; give temperatures and commands."""
    w, runs = weights, len(weights["W_E"])
    layers, heads, d_head = w["W_Q"].shape[1], w["W_Q"].shape[2], w["W_Q"].shape[-1]
    sums = lambda spec, a, b: np.einsum(spec, a, b, dtype=np.float32)
    noise = np.random.default_rng(0).uniform(-2, 2, (1, steps)).astype(np.float32)[0]
    carry = sums("rm,rmn->rn", w["r_0"], w["W_R"])
    past = [
        [[sums("rm,rmd->rd", w["r_0"], w[f"W_{x}"][:, k, h]) + w[f"b_{x}"][:, k, h]] * 15 for h in range(heads)]
        for x in "KV" for k in range(layers)
    ]  # fmt: skip
    temperature = np.full(runs, 15, np.float32)
    temperatures, commands = [], []
    lags = np.arange(16, dtype=np.float32)
    for t in range(steps):
        measured = np.rint(temperature / np.float32(0.0625)) * np.float32(0.0625)
        x = sums("ri,rim->rm", measured[:, None], w["W_E"]) + w["b_E"] + carry
        for k in range(layers):
            added = np.zeros_like(x)
            for h in range(heads):
                q, key, value = (sums("rm,rmd->rd", x, w[f"W_{n}"][:, k, h]) + w[f"b_{n}"][:, k, h] for n in "QKV")
                rings = past[k][h], past[layers + k][h]
                seen = [np.stack([new, *ring[::-1]], 1) for new, ring in zip((key, value), rings, strict=True)]
                turned = np.repeat(q[:, None], 16, 1)
                turned[..., 0] = np.cos(lags) * q[:, :1] - np.sin(lags) * q[:, 1:2]
                turned[..., 1] = np.sin(lags) * q[:, :1] + np.cos(lags) * q[:, 1:2]
                scores = (turned * seen[0]).sum(-1) / np.float32(np.sqrt(d_head))
                powers = np.exp(scores - scores.max(1, keepdims=True))
                z = ((powers / powers.sum(1, keepdims=True))[..., None] * seen[1]).sum(1)
                added += sums("rd,rdm->rm", z, w["W_O"][:, k, h])
                past[k][h], past[layers + k][h] = [*rings[0][1:], key], [*rings[1][1:], value]
            x = x + added + w["b_O"][:, k]
            post = np.maximum(sums("rm,rmn->rn", x, w["W_in"][:, k]) + w["b_in"][:, k], 0)
            x = x + sums("rn,rnm->rm", post, w["W_out"][:, k]) + w["b_out"][:, k]
        carry = sums("rm,rmn->rn", x, w["W_R"])
        heat = (sums("rm,rmo->ro", x, w["W_U"]) + w["b_U"])[:, 0]
        temperatures.append(temperature)
        commands.append(heat)
        target = np.float32(5) + np.float32(25) * heat + noise[t]
        temperature = temperature + SHARE * (target - temperature)
    return np.stack(temperatures, 1), np.stack(commands, 1)


def numpy_classes(faults, steps):
    """Class bit flips of the heated room by a loop in numpy."""
    base = {name: np.asarray(array) for name, array in of_the_zoo("heated_room")[1].effective_weights.items()}
    flipped = [base]
    for fault in faults:
        array, inner = fault.place.name.rstrip("]").split("[")
        new = base[array].copy()
        at = tuple(int(i) for i in inner.split(","))
        new.view(np.int32)[at] ^= np.uint32(1 << fault.amount).astype(np.int32)
        flipped.append({**base, array: new})
    with np.errstate(all="ignore"):
        temperatures, commands = numpy_rooms({name: np.stack([one[name] for one in flipped]) for name in base}, steps)
        harmed = (temperatures < 15) | (temperatures > 25) | ~np.isfinite(temperatures)
        same = [np.abs(a - a[:1]) <= 1e-6 * size for a, size in ((temperatures, 40), (commands, 1))]
    kinds = []
    for run in range(1, len(flipped)):
        hazard = (harmed[run] & ~harmed[0]).any()
        kinds.append(HAZARD if hazard else MASKED if same[0][run].all() and same[1][run].all() else DIFFERENT)
    return kinds


def check_bits(steps, share):
    model = of_the_zoo("heated_room")[1]
    campaign = inject(model, listed({"weight": "all", "flip": "all"}), steps=steps)
    assert len(campaign) == 32 * sum(int(np.count_nonzero(array)) for _, array in model.effective_weights.items())
    chosen = np.random.default_rng(0).random(len(campaign)) < share
    part = campaign.only(chosen)
    assert [one.kind for one in part.outcomes] == numpy_classes(part.faults, steps)
    assert all(campaign.count(kind) > 50 for kind in (MASKED, DIFFERENT, HAZARD))


def test_all_bit_flips_of_the_heated_room_are_classed_as_by_a_loop_in_numpy():
    check_bits(STEPS, 0.1)


@pytest.mark.slow
def test_all_bit_flips_over_5000_steps_are():
    check_bits(5000, 0.1)


def test_a_wrong_flip_would_be_seen():
    model = of_the_zoo("heated_room")[1]
    campaign = inject(model, listed({"weight": "all", "flip": [31]}), steps=STEPS)
    assert [one.kind for one in campaign.outcomes] != numpy_classes(
        [f.__class__(f.place, "flip", 0) for f in campaign.faults], STEPS
    )


# Inside the network


PAIRS = [
    ({"link": "room -> thermostat: temperature", "delay": 7}, {"sensor": "temperature", "delay": 7}),
    ({"link": "room -> thermostat: temperature", "zero": True}, {"sensor": "temperature", "zero": True}),
    ({"activation": "room.temperature", "bias": 4}, {"sensor": "temperature", "bias": 4}),
]


def test_the_same_fault_said_in_two_ways_comes_to_the_same():
    lines = [line for pair in PAIRS for line in pair]
    lines += [{"actuator": "heat", "bias": 0.5}, {"weight": "b_U[0]", "bias": 0.5}]
    found = [outcome for _, outcome in outcomes("heated_room", *lines)]
    for one, other in zip(found[:6:2], found[1:6:2], strict=True):
        assert (one.kind, one.hazard_step, one.unsafe_step) == (other.kind, other.hazard_step, other.unsafe_step)
    assert found[6].hazard_step == found[7].hazard_step


def test_two_signals_that_are_swapped_at_sensors_links_and_weights():
    links = ["train -> door controller: train motion", "train -> door controller: emergency"]
    lines = [{"sensor": "train motion", "swap": "emergency"}, {"link": links[0], "swap": links[1]}]
    one, other = (outcome for _, outcome in outcomes("train_door", *lines))
    assert one.kind == HAZARD
    assert (one.hazards, one.hazard_step, one.unsafe) == (other.hazards, other.hazard_step, other.unsafe)


@pytest.mark.slow
def test_blocks_and_the_dense_network_fail_alike(monkeypatch):
    """What is inside the network is changed in two places of the code: in blocks, and in the dense transformer."""
    structure, model = of_the_zoo("guarded_room")
    lines = (
        {"activation": "all", "stuck": 3}, {"activation": "all", "flip": 31}, {"history": "all", "stuck": 9, "for": 5},
        {"recurrence": "all", "hold": True, "from": 9}, {"recurrence": "all", "bias": 1},
        {"network": "all", "hold": True}, {"weight": "all", "scale": 1.5},
    )  # fmt: skip
    blocked = inject(model, listed(*lines), steps=120, engine="dense")
    open_model = hc.assemble(structure)
    vars(open_model)["_seal"] = None
    monkeypatch.setattr(type(open_model), "check_seal", lambda self: None)
    dense = inject(open_model, listed(*lines), steps=120, engine="dense")
    ports = lambda one: tuple(name for name in one.alarms if not name.startswith("port"))
    for (fault, one), (_, other) in zip(blocked, dense, strict=True):
        assert (one.hazard_step, one.unsafe_step, ports(one)) == (other.hazard_step, other.unsafe_step, ports(other)), (
            fault
        )
        assert (one.kind == MASKED) == (other.kind == MASKED), fault


def test_time_a_trigger_and_noise():
    warm = {"temperature": {"above": 20.5}}
    lines = [
        {"sensor": "temperature", "stuck": 12, "when": warm},
        {"sensor": "temperature", "stuck": 12, "when": {"temperature": {"above": 39}}},
        {"sensor": "temperature", "stuck": 12, "from": 295},
        {"sensor": "temperature", "noise": 30},
        {"sensor": "temperature", "noise": 0},
        {"process": "room", "parameter": {"time constant": [60, 600]}},
        {"process": "room", "parameter": {"inputs.heat": [60]}},
    ]
    found = [outcome for _, outcome in outcomes("heated_room", *lines)]
    assert found[0].kind == HAZARD and found[0].hazards[0] == "H-2"
    temperatures, _ = plain_room()
    began = first_of(temperatures > 20.5)
    hot, _ = plain_room(sense=lambda t, x: 12 if t >= began else x)
    assert found[0].hazard_step == first_of(hot > 25)
    assert found[1].kind == MASKED and found[2].kind == DIFFERENT
    assert found[3].kind in (DIFFERENT, HAZARD) and found[3].unsafe and found[4].kind == MASKED
    assert [one.kind for one in found[5:]] == [DIFFERENT, MASKED, DIFFERENT]


def test_every_place_and_way_can_be_said_and_compiles_once(monkeypatch):
    model = of_the_zoo("guarded_room")[1]
    amounts = {
        "stuck": "all", "bias": 1, "scale": 2, "noise": 1, "flip": [31, 3], "delay": [2], "spoof": [1, 0],
        "disturbance": 1, "parameter": {"time constant": 60},
    }  # fmt: skip
    others = {"weight": "W_E[0, 20]", "link": "thermostat -> landlord: heat request", "actuator": "display"}
    lines = []
    for place in PLACES:
        for way in PLACES[place].modes:
            if way == "swap" and place not in others:
                continue
            amount = others[place] if way == "swap" else amounts.get(way, True)
            if way == "stuck" and place in ("weight", "activation", "history", "recurrence"):
                amount = 1
            where = {"weight": "W_in[7, 8, 0]", "link": "landlord -> thermostat: set point", "actuator": "heat"}
            lines.append({place: where.get(place, "all") if way == "swap" else "all", way: amount})
    lines = [line | ({"from": 5, "for": 20}) for line in lines]
    compiled = lambda: faulted.run_faulted.compilations
    before = compiled()
    everything = inject(model, listed(*lines), steps=60, sample=100, engine="dense")
    assert compiled() - before == 1
    inject(model, listed(*lines), steps=60, sample=100, disturbance=0.0, engine="dense")
    assert compiled() - before == 1
    assert {fault.place.kind for fault in everything.faults} >= {"weight", "activation", "link", "history"}
    assert all(str(fault) for fault in expand(model, listed(*lines)))


OTHERWISE = ("stuck", "bias", "scale", "invert", "noise", "flip", "spoof")
PATH = {
    "zero": "feedback not received", "hold": "feedback not received", "delay": "feedback delayed",
    **dict.fromkeys(OTHERWISE, "inadequate feedback"),
}  # fmt: skip
DONE = {
    "zero": "action not carried out", "hold": "action not carried out", "delay": "action delayed",
    **dict.fromkeys(OTHERWISE, "action carried out otherwise"),
}  # fmt: skip
BEHIND = {
    "zero": "process does not respond", "scale": "process changed", "parameter": "process changed",
    **dict.fromkeys(("bias", "noise", "disturbance"), "process disturbed"),
}  # fmt: skip
"""What the STPA Handbook calls it, by the way in which a sensor's path, an actuator's path or a process fails."""


@pytest.mark.parametrize("place", PLACES)
def test_each_way_to_fail_is_the_causal_factor_that_the_handbook_names(place):
    model = of_the_zoo("heated_room")[1]
    amounts = {"stuck": 1, "bias": 1, "scale": 2, "noise": 1, "flip": [31], "delay": [2], "spoof": [1, 0],
               "disturbance": 1, "parameter": {"time constant": 60}}  # fmt: skip
    by_role = {
        "feedback": "inadequate feedback", "feedback_modelling": "inadequate process model",
        "processing_for_action": "inadequate control algorithm",
        "control_action": "inadequate control algorithm",
        "input": "inadequate feedback", "memory": "inadequate process model",
        "output": "action carried out otherwise",
    }  # fmt: skip
    for way in PLACES[place].modes:
        if way == "swap":
            continue
        for fault in expand(model, listed({place: "all", way: amounts.get(way, True)})):
            wanted = {
                "sensor": PATH.get(way), "link": PATH.get(way),
                "actuator": DONE.get(way), "process": BEHIND.get(way),
                "history": "inadequate process model", "recurrence": "inadequate process model",
                "network": "controller fails", "activation": "controller fails",
                "weight": by_role.get(fault.place.role, "inadequate control algorithm"),
            }  # fmt: skip
            assert fault.factor == wanted[place], str(fault)


def test_what_another_controller_sends_is_a_factor_of_its_own():
    faults = expand(of_the_zoo("guarded_room")[1], listed({"link": "all", "zero": True}))
    found = {fault.place.name: fault.factor for fault in faults}
    assert found["landlord -> thermostat: set point"] == Factor.CONTROL_INPUT
    assert found["room -> thermostat: temperature"] == Factor.FEEDBACK_NOT_RECEIVED


def test_a_scenario_tells_the_fault_that_does_harm_first():
    campaign = inject(of_the_zoo("heated_room")[1], listed({"sensor": "temperature", "stuck": 12, "from": [100, 4]}))
    (told,) = scenarios(campaign)
    first = min(outcome.hazard_step or 0 for outcome in campaign.outcomes)
    assert told.faults == 2 and f"at t = {first * 10} s" in told.text and "since t = 40 s" in told.text


@pytest.mark.parametrize(("believed", "close"), [(20.0, True), (20.03, True), (20.1, False)])
def test_what_a_sensor_rounds_away_is_no_false_belief(believed, close):
    assert _close(np.array(believed), np.array(20.0), 0.0625, discrete=False) == close
    assert not _close(np.array(1.0), np.array(1.0), None, discrete=True)


# Campaigns


def test_a_sample_s_interval_covers_the_share_of_the_whole_list():
    model = of_the_zoo("heated_room")[1]
    whole = inject(model, listed({"weight": "all", "flip": "all"}), steps=100)
    true, covered = whole.count(HAZARD) / len(whole), 0
    for seed in range(200):
        drawn = np.zeros(len(whole), bool)
        drawn[np.random.default_rng(seed).choice(len(whole), 80, replace=False)] = True
        part = whole.only(drawn)
        found = Campaign(part.structure, part.faults, part.outcomes, len(whole), True, 100, 0).share()
        interval = binomtest(part.count(HAZARD), 80).proportion_ci(0.95, method="wilson")
        assert (found.low, found.high) == (interval.low, interval.high)
        covered += found.low <= true <= found.high
    assert covered >= 186  # 95 % of 200 less two standard deviations, and the draw is without replacement
    assert whole.share().low == whole.share().high == true
    assert "drawn from 832" in repr(inject(model, listed({"weight": "all", "flip": "all"}), steps=100, sample=10))


def test_a_campaign_that_was_cut_off_goes_on(tmp_path, monkeypatch):
    model, path = of_the_zoo("heated_room")[1], tmp_path / "outcomes.jsonl"
    faults = listed({"weight": "all", "flip": [31, 30, 0]}, {"sensor": "temperature", "stuck": [12, 30]})
    whole = inject(model, faults, steps=100, store=path)
    lines = path.read_text().strip().splitlines()
    written = path.read_bytes()
    assert len(lines) == len(whole) + 1 == 81, "a line before them says of what they are"
    path.write_text("\n".join(lines[:41]) + "\n" + lines[41][:25])
    ran = []
    monkeypatch.setattr(
        bench.Runner, "run", lambda self, part, real=bench.Runner.run: ran.extend(part.faults) or real(self, part)
    )
    again = inject(model, faults, steps=100, store=path)
    assert again.outcomes == whole.outcomes and len(ran) == 40
    assert inject(model, faults, steps=100, store=path).outcomes == whole.outcomes and len(ran) == 40
    assert path.read_bytes() == written, "and leaves the same bytes as if it had not been cut off"
    with pytest.raises(hc.HandcraftedError, match="Expected records of this run"):
        inject(model, faults, steps=101, store=path)
    for kind in ("hazard", "masked"):
        changed = written.replace(b'"kind": "%s"' % kind.encode(), b'"kind": "detected"', 1)
        path.write_bytes(changed)
        line = written[: written.index(b'"kind": "%s"' % kind.encode())].count(b"\n") + 1
        with pytest.raises(hc.HandcraftedError, match=f"outcomes.jsonl, line {line}: Expected the line as it was"):
            inject(model, faults, steps=100, store=path)
    path.write_text("{}\nsomething\n")
    with pytest.raises(hc.HandcraftedError, match="line 1: Expected the line as it was written"):
        inject(model, faults, steps=100, store=path)


def test_scenarios_say_what_is_believed_done_and_harmed_by_causal_factor():
    model = of_the_zoo("heated_room")[1]
    campaign = inject(model, listed(
        {"sensor": "temperature", "stuck": 12, "from": 4}, {"actuator": "heat", "zero": True, "from": 60},
        {"process": "room", "zero": True},
    ), steps=STEPS)  # fmt: skip
    first, second = scenarios(campaign)
    assert first.text == (
        "The thermostat provides heat while temperature is above 21.1 (UCA-1; then UCA-4) because the thermostat "
        "believes that room temperature is 12 degC while it is 21.13 degC: feedback temperature is stuck at 12 since "
        "t = 40 s. As a result, at t = 670 s: the room is too hot [H-2]."
    )
    assert first.factor == "inadequate feedback" and (first.faults, first.of) == (1, 1)
    assert second.text.startswith("No control action is unsafe by a rule, but actuator for heat is 0 since t = 600 s.")
    assert second.factor == "action not carried out" and second.unsafe == ()
    rows = fault_tables(campaign)["hazards_by_factor"]
    assert [row[0] for row in rows[1:]] == [
        "inadequate feedback", "action not carried out", "process does not respond"
    ]  # fmt: skip


def test_places_say_whether_they_belong_to_layer_0():
    """By their owners' names, and by what enters for the guard alone."""
    structure, model = of_the_zoo("guarded_room")
    (guard,) = (name for name, one in structure.resolved.controllers.items() if structure.components[name].level == 0)
    places = Places(FaultTarget(model))
    of = lambda kind: places.of(kind).values()
    assert {place.owner for kind in ("link", "history", "recurrence") for place in of(kind) if place.base} == {guard}
    for kind in ("link", "history", "recurrence"):
        assert all(place.base == (place.owner == guard) for place in of(kind)) and of(kind)
    read = {link.port for link in structure.resolved.links if link.id.receiver == guard}
    signals = PLACES["activation"].signals(places.target)
    for place in of("activation"):
        component = place.name.startswith("L") and place.name[1].isdigit()
        enters = not component and signals[place.name] in read
        assert place.base == (place.owner == guard or enters), place
    assert {place.base for place in of("activation")} == {True, False}
    open_to_all = Places(FaultTarget(of_the_zoo("heated_room")[1]))
    assert not any(place.base for kind in ("link", "history", "activation") for place in open_to_all.of(kind).values())


def test_tables_and_reports_leave_out_what_there_is_not(monkeypatch):
    model = of_the_zoo("heated_room")[1]
    row = lambda campaign: dict(zip(*fault_tables(campaign)["faults"][:2], strict=True))
    words = lambda campaign: "\n".join(scenario_report(campaign, pictures=False))
    masked = inject(model, listed({"sensor": "temperature", "stuck": 20, "from": STEPS - 1}), steps=STEPS)
    assert (masked.share().found, masked.share().of) == (0, 1)
    assert all(row(masked)[name] == "" for name in ("hazard step", "first step", "noticed at step", "true"))
    assert "No fault led to a hazard." in words(masked)
    harm = inject(model, listed({"weight": "all", "zero": True}, {"sensor": "all", "stuck": 12}), steps=STEPS)
    found = scenarios(harm)
    assert int(row(harm)["hazard step"]) >= 0 and "No fault led" not in words(harm)
    assert any("(of thermostat's heat)" in one.text for one in found), "what an entry is for is said with it"
    assert "scenarios.csv has them all" not in words(harm)
    monkeypatch.setattr(report, "MAX_SHOWN", 1)
    counts = Counter(one.factor for one in found)
    more = [f"and {count - 1} more; scenarios.csv has them all" for count in counts.values() if count > 1]
    assert more and sorted(re.findall(r"and \d+ more; .* all", words(harm))) == sorted(more)


@pytest.mark.parametrize("value", [True, "warm"])
def test_what_is_no_number_of_the_dynamics_is_not_listed_as_one(value):
    assert _numbers_of({"a": 1, "b": {"c": 2.5, "d": value}, "e": value}) == ["a", "b.c"]


def test_less_protection_is_what_it_says():
    structure = of_the_zoo("radiotherapy")[0]
    assert (
        without_vetoes(of_the_zoo("heated_room")[0]) is None
        and without_watchdogs(of_the_zoo("guarded_room")[0]) is None
    )
    watched = without_watchdogs(structure)
    assert watched is not None and watched != structure
    permit = lambda one: [
        entry.permit for c in one.components.values() for entry in c.control_algorithm.values() if entry.law == "guard"
    ]
    (before,), (after,), (none,) = permit(structure), permit(watched), permit(without_vetoes(structure))
    assert none is None and len(before) == len(after)
    assert all(set(b) - set(a) == {"dose feedback"} for a, b in zip(after, before, strict=True))


@pytest.mark.slow
def test_the_usual_list_with_less_protection_beside_it():
    structure, model = of_the_zoo("guarded_room")
    found = inject(model, usual_faults())
    less = compared(structure, usual_faults())
    table = fault_tables(found, less)["layer_0"]
    shares = {(row[0], row[1]): int(row[5]) for row in table[1:]}
    assert shares["as it is", OUTSIDE] == 0 < shares["without its vetoes", OUTSIDE]


# Bad input


BAD = [
    ("faults: [{sensor: temprature, zero: true}]", "temprature"),
    ("faults: [{sensor: temperature}]", "one way to fail"),
    ("faults: [{zero: true}]", "one place"),
    ("faults: [{sensor: temperature, zero: true, flip: 3}]", "one way to fail"),
    ("faults: [{process: room, flip: 3}]", "a process can fail"),
    ("faults: [{weight: 'W_E[0, 6]', flip: 32}]", "flip"),
    ("faults: [{weight: 'W_E[0, 0]', zero: true}]", "masks"),
    ("faults: [{weight: 'W_E[0]', zero: true}]", "whose shape is"),
    ("faults: [{weight: 'W_X[0]', zero: true}]", "such as W_in"),
    ("faults: [{sensor: temperature, stuck: warm}]", "a number"),
    ("faults: [{sensor: temperature, zero: true, from: 500}]", "before the end"),
    ("faults: [{weight: all, zero: true, of: thermostatt}]", "thermostat"),
    ("faults: [{process: room, parameter: {mass: 3}}]", "among the dynamics"),
    ("faults: [{process: room, parameter: {time constant: -3}}]", "can have"),
    ("faults: [{link: 'room -> thermostat: temperature', delay: 16}]", "at most 15"),
    ("faults: [{sensor: temperature, swap: temperature}]", "another sensor"),
    ("faults: [{sensor: all, bias: .nan}]", "finite|bias"),
    ("faults: []", "faults"),
    ("detectors: [alarm]\nfaults: [{sensor: all, zero: true}]", "alarm"),
    ("falts: [{sensor: all, zero: true}]", "falts"),
    ("faults: [{sensor: all, stuk: 3}]", "stuck"),
    ("just a word", "mapping"),
    ("faults: [{weight: all, flip: all, from: all}]\nsteps: 100000", "at most 1,000,000"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad_lists_are_refused_in_one_sentence(text, said, tmp_path):
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    done = CliRunner().invoke(main, ["inject", str(find("heated room")), str(file)])
    assert done.exit_code == 2, done.output
    message = done.stderr.strip()
    assert "Traceback" not in message and any(part in message for part in said.split("|")), message


def test_the_command_writes_report_tables_and_pictures(tmp_path):
    file, out = tmp_path / "faults.yaml", tmp_path / "out"
    file.write_text("faults:\n  - {weight: all, zero: true}\n  - {sensor: all, stuck: all}\n")
    asked = ["inject", str(find("train door")), str(file), "--steps", str(STEPS), "-o", str(out), "--resume"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    assert {path.name for path in out.iterdir()} == {
        "scenarios.md", "faults.csv", "hazards_by_factor.csv", "hazards_by_component.csv", "scenarios.csv",
        "heatmap.png", "criticality.png", "outcomes.jsonl",
    }  # fmt: skip
    kept = [json.loads(line)["fault"] for line in (out / "outcomes.jsonl").read_text().splitlines()[1:]]
    assert len(kept) == 79 + 6 and "## 4. Loss scenarios" in (out / "scenarios.md").read_text()
    assert CliRunner().invoke(main, asked).exit_code == 0
    assert CliRunner().invoke(main, ["inject", str(find("train door")), "--resume"]).exit_code == 2


def test_the_command_fails_where_a_fault_passes_layer_0_by(tmp_path):
    less = without_vetoes(of_the_zoo("guarded_room")[0])
    assert less is not None
    less.save(tmp_path / "open.yaml")
    (tmp_path / "faults.yaml").write_text("faults: [{link: 'room -> thermostat: temperature', zero: true}]")
    done = CliRunner().invoke(main, ["inject", str(tmp_path / "open.yaml"), str(tmp_path / "faults.yaml")])
    assert done.exit_code == 1 and "the room is too hot [H-1]" in done.output


def test_the_schema_of_fault_lists_knows_every_place_and_way():
    done = CliRunner().invoke(main, ["schema", "--faults"])
    known = json.loads(done.stdout)["$defs"]["FaultLine"]["properties"]
    assert {*PLACES, *(way for one in PLACES.values() for way in one.modes), "from", "for", "when", "of"} == set(known)


def test_pictures_need_a_campaign_and_a_known_kind():
    campaign = inject(of_the_zoo("heated_room")[1], listed({"sensor": "all", "zero": True}), steps=50)
    assert hc.show(campaign).png != hc.show(campaign, kind="criticality").png
    assert parsed("faults: [{sensor: all, zero: true}]", "text", FaultList).faults
    assert jax.tree.leaves(campaign.outcomes)
