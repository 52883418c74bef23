"""Every bundled process against something that does not share its code; beside each check a change that must fail it.

Bounds are those of float32: one step errs by at most ROUNDINGS units (2^-24) of the sum of the absolute terms of that
step, and earlier errors go on as the process carries them. The references are computed in float64.
"""

from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import handcrafted as hc
from handcrafted.control.domain import Domain
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.plants.catalogue import (
    PLANTS,
    FiniteStatePlant,
    FirstOrderPlant,
    IntegratorPlant,
    MatricesPlant,
    SecondOrderPlant,
    TankPlant,
    VehiclePlant,
)
from handcrafted.text.diagnostics import HandcraftedError

STEPS, ROUNDINGS, UNIT = 300, 8, 2.0**-24


def declare(kind, **values):
    """Return a process as a file would declare it."""
    return kind.model_validate(values)


def over(dynamics):
    """Return a structure with a controller that acts on a process by `u`, and hears nothing."""
    words = dynamics["law"] == "finite state"
    action = {"values": ["no", "yes"]} if words else {"range": [0, 4]}
    law = {"law": "constant", "parameters": {"value": "yes" if words else 1}}
    return ControlStructure.model_validate(
        {
            "name": "over",
            "components": {
                "controller": {"kind": "controller", "level": 0, "control algorithm": {"u": law}},
                "process": {"kind": "process", "level": 1, "dynamics": dict(dynamics)},
            },
            "control actions": [{"name": "u", "from": "controller", "to": "process", **action}],
        }
    )


@pytest.mark.parametrize("plant", PLANTS)
def test_the_example_of_every_plant_moves(plant):
    trace = hc.simulate(hc.assemble(over(PLANTS[plant].example)), steps=30)
    (first, *_) = PLANTS[plant].model_validate(PLANTS[plant].example).first_outputs
    seen = trace.state[first]
    assert len(set(seen.ravel().tolist())) > 1


def run(dynamics, inputs, disturbance=None, time_step=1.0, domains=None):
    """Return the outputs [steps + 1, …] by name, as measured before every step and after the last."""
    process = dynamics.process(time_step, domains or {})
    length = len(next(iter(inputs.values()))) if inputs else STEPS
    shocks = jnp.asarray(np.zeros(length) if disturbance is None else disturbance, jnp.float32)
    held = {name: jnp.asarray(values, jnp.float32) for name, values in inputs.items()}

    def step(state, now):
        return process.advance(state, *now), process.observe(state)

    last, seen = jax.lax.scan(step, {k: jnp.asarray(v) for k, v in process.initial.items()}, (held, shocks))
    end = process.observe(last)
    return {name: np.concatenate([seen[name], end[name][None]]).astype(float) for name in seen}


def levels(rng, low, high, hold=7):
    """Return random inputs [steps] that float32 holds exactly and that stay for a while."""
    return rng.uniform(low, high, STEPS // hold + 1).astype(np.float32).astype(float).repeat(hold)[:STEPS]


# Linear processes against python-control.


def by_control(a, b, first, u, time_step, continuous=True):
    """Return the states [steps + 1, n]: python-control solves each step with the input held.

    Its `sample_system` is scipy's discretisation, which the library uses too, so that continuous ones are not sampled
    but integrated.
    """
    import control

    respond: Any = control.forced_response

    n, x = len(a), [np.array(first, float)]
    if not continuous:
        system = control.ss(a, b, np.eye(n), np.zeros_like(b), 1)
        return respond(system, U=np.vstack([u, u[-1:]]).T, X0=x[0]).states.T
    system = control.ss(a, b, np.eye(n), np.zeros_like(b))
    for now in u:
        held = np.repeat(now[:, None], 2, axis=1)
        x.append(respond(system, [0, time_step], held, x[-1]).states[:, -1])
    return np.array(x)


def float32_bound(a, b, x, u, time_step, continuous=True, offset: Any = 0.0):
    """Return the largest error [steps + 1, n] of a float32 run: each step's rounding, carried on by the process."""
    n, m = np.shape(b)
    block = np.zeros((n + m, n + m))
    block[:n, :n], block[:n, n:] = a, b
    held = expm(block * time_step) if continuous else block + np.diag([0] * n + [1] * m)
    step, drive = held[:n, :n], held[:n, n:]
    rounding = ROUNDINGS * UNIT * (np.abs(x[:-1]) @ np.abs(step).T + np.abs(u) @ np.abs(drive).T + offset)
    carried = np.abs([np.linalg.matrix_power(step, k) for k in range(len(u))])
    bound = [np.einsum("kij,kj->i", carried[:k][::-1], rounding[:k]) for k in range(len(u) + 1)]
    return np.array(bound) + ROUNDINGS * UNIT * (np.abs(x) + offset)


def within(found, wanted, bound):
    assert found.shape == wanted.shape == bound.shape
    return bool((np.abs(found - wanted) <= bound).all())


def first_order(**change):
    return declare(
        FirstOrderPlant,
        law="first order",
        output="y",
        **{
            "inputs": {"p": 2.0, "q": -0.5},
            "time_constant": 12.0,
            "rest": 3.0,
            "initial": 1.0,
            "disturbance": (-1.0, 1.0),
            **change,
        },
    )


@pytest.mark.parametrize("time_step", [0.01, 1.0, 100.0])
def test_first_order(time_step):
    rng = np.random.default_rng(1)
    p, q, shock = levels(rng, -1, 1), levels(rng, 0, 4, hold=3), levels(rng, -1, 1, hold=1)
    u = (3 + 2 * p - 0.5 * q + shock)[:, None]
    a, b = np.array([[-1 / 12]]), np.array([[1 / 12]])
    wanted = by_control(a, b, [1.0], u, time_step)
    terms = (3 + 2 * np.abs(p) + 0.5 * q + np.abs(shock))[:, None]
    bound = float32_bound(a, b, wanted, terms, time_step)[:, 0]
    found = run(first_order(), {"p": p, "q": q}, shock, time_step)["y"]
    assert within(found, wanted[:, 0], bound)
    for change in ({"time_constant": 12.1}, {"rest": 3.01}, {"inputs": {"p": 2.0, "q": -0.51}}, {"initial": 1.01}):
        moved = run(first_order(**change), {"p": p, "q": q}, shock, time_step)["y"]
        assert not within(moved, wanted[:, 0], bound), change


def test_integrator():
    rng = np.random.default_rng(2)
    p, shock = levels(rng, -1, 1), levels(rng, -0.1, 0.1, hold=1)
    a, b = np.array([[0.0]]), np.array([[1.0]])
    u = (0.25 * p + shock)[:, None]
    wanted = by_control(a, b, [2.0], u, 0.5)
    bound = float32_bound(a, b, wanted, np.abs(u) + np.abs(shock)[:, None], 0.5)[:, 0]
    made = lambda gain: declare(IntegratorPlant, law="integrator", output="y", inputs={"p": gain}, initial=2.0)
    assert within(run(made(0.25), {"p": p}, shock, 0.5)["y"], wanted[:, 0], bound)
    assert not within(run(made(0.2501), {"p": p}, shock, 0.5)["y"], wanted[:, 0], bound)


def test_an_integrator_stops_at_its_limits_and_comes_back_at_once():
    p = np.array([1.0] * 5 + [-1.0] * 8 + [1.0])
    made = lambda limits: declare(IntegratorPlant, law="integrator", output="y", inputs={"p": 1}, limits=limits)
    plain = [0.0]
    for move in p:
        plain.append(min(max(plain[-1] + move, -2.0), 3.0))
    assert run(made((-2.0, 3.0)), {"p": p})["y"].tolist() == plain
    assert run(made((-2.0, 3.5)), {"p": p})["y"].tolist() != plain
    assert run(made(None), {"p": p})["y"].tolist() != plain


def second_order(**change):
    standard = {"natural_frequency": 0.3, "damping": 0.2, "rest": 20.0, "initial": 21.0, "initial_rate": -0.5}
    return declare(SecondOrderPlant, law="second order", output="y", inputs={"p": 2.0}, **{**standard, **change})


@pytest.mark.parametrize("damping", [0.0, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("time_step", [0.1, 1.0, 20.0])
def test_second_order(damping, time_step):
    rng = np.random.default_rng(3)
    p, shock = levels(rng, -1, 1), levels(rng, -0.1, 0.1, hold=1)
    a, b = np.array([[0, 1], [-0.09, -0.6 * damping]]), np.array([[0], [0.09]])
    u = (2 * p + shock)[:, None]
    wanted = by_control(a, b, [1.0, -0.5], u, time_step)
    offset = np.array([20 + np.abs(u).max(), 0.0])
    bound = float32_bound(a, b, wanted, np.abs(u) + np.abs(shock)[:, None], time_step, offset=offset)
    found = run(second_order(damping=damping), {"p": p}, shock, time_step)
    assert within(np.stack([found["y"] - 20, found["y rate"]], axis=1), wanted, bound)
    for change in ({"natural_frequency": 0.301}, {"damping": damping + 0.01}, {"rest": 20.01}):
        moved = run(second_order(**{"damping": damping, "rate": "v", **change}), {"p": p}, shock, time_step)
        assert not within(np.stack([moved["y"] - 20, moved["v"]], axis=1), wanted, bound), change


A = np.array([[0.9, 0.2, 0.0], [-0.3, 0.7, 0.1], [0.0, 0.05, 0.5]])
B = np.array([[1.0, 0.0], [0.5, -0.25], [0.0, 2.0]])
C = np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])
D = np.array([[0.0, 0.5], [-1.0, 0.0]])


def matrices(a, b, c=C, d=D, **change):
    rows = {name: [[float(v) for v in row] for row in m] for name, m in zip("ABCD", (a, b, c, d), strict=True)}
    return declare(MatricesPlant, law="matrices", inputs=("p", "q"), outputs=("y", "z"), **rows, **change)


@pytest.mark.parametrize("continuous", [False, True])
def test_matrices(continuous):
    rng = np.random.default_rng(4)
    a, b = (A - np.eye(3), B) if continuous else (A, B)
    p, q, shock = levels(rng, -1, 1), levels(rng, 0, 3, hold=2), levels(rng, -0.1, 0.1, hold=1)
    u, first = np.stack([p + shock, q + shock], axis=1), (0.5, -1.0, 2.0)
    x = by_control(a, b, first, u, 0.5, continuous)
    before = np.vstack([np.zeros(2), u])
    wanted = x @ C.T + before @ D.T
    terms = float32_bound(a, b, x, np.abs(u), 0.5, continuous)
    bound = terms @ np.abs(C).T + ROUNDINGS * UNIT * (np.abs(x) @ np.abs(C).T + np.abs(before) @ np.abs(D).T)

    def fits(a=a, b=b, c=C, d=D, initial=first, continuous=continuous):
        made = matrices(a, b, c, d, initial=initial, continuous=continuous, unstable=True)
        found = run(made, {"p": p, "q": q}, shock, 0.5)
        return within(np.stack([found["y"], found["z"]], axis=1), wanted, bound)

    assert fits()
    assert not fits(a=a + np.diag([0, 1e-3, 0])) and not fits(b=b * 1.001) and not fits(c=C * 1.001)
    assert not fits(d=D * 1.001) and not fits(initial=(0.5, -1.0, 2.001)) and not fits(continuous=not continuous)


def test_matrices_without_inputs_run_by_themselves():
    spin = declare(
        MatricesPlant,
        law="matrices",
        inputs=(),
        outputs=("y",),
        A=[[0, 1], [-1, 0]],
        B=[[], []],
        C=[[1, 0]],
        initial=(1, 0),
    )
    assert run(spin, {})["y"][:5].tolist() == [1, 0, -1, 0, 1]
    turn = spin.model_copy(update={"continuous": True})
    found = run(turn, {}, time_step=0.1)["y"]
    bound = ROUNDINGS * UNIT * (1 + np.arange(STEPS + 1))
    assert within(found, np.cos(0.1 * np.arange(STEPS + 1)), bound)
    assert not within(run(turn, {}, time_step=0.1001)["y"], np.cos(0.1 * np.arange(STEPS + 1)), bound)


def test_a_process_that_float32_cannot_hold_over_a_step_is_refused():
    growing = declare(
        MatricesPlant,
        law="matrices",
        inputs=("p",),
        outputs=("y",),
        A=[[3]],
        B=[[1]],
        C=[[1]],
        continuous=True,
        unstable=True,
    )
    growing.process(1.0, {})
    with pytest.raises(HandcraftedError, match="Shorten the time step"):
        growing.process(100.0, {})


# VehiclePlant and tank against scipy's integration with events.


def solve(slope, start, time_step, stop, method):
    """Integrate until the time step is over or `stop` falls through zero; give the state and whether it fell."""
    stop.terminal, stop.direction = True, -1
    done = solve_ivp(slope, (0, time_step), start, method=method, events=stop, rtol=1e-11, atol=1e-13)
    assert done.success
    return done.y[:, -1], done.status == 1


def vehicle_by_hand(drive, drag, time_step, speed, position):
    """Return speed and position [steps + 1]: at rest it stays while nothing pushes it forwards."""
    found = [(speed, position)]
    for push in drive:
        speed, position = found[-1]
        if speed > 0 or push > 0:
            (speed, position), stopped = solve(
                lambda t, y, push=push: [push - drag * y[0], y[0]],
                [speed, position],
                time_step,
                lambda t, y: y[0],
                "DOP853",
            )
            speed = 0.0 if stopped else speed
        found.append((speed, position))
    return np.array(found)


def vehicle_bound(wanted, drive, terms, drag, time_step):
    """Return the error of a float32 run: speeds err by rounding, and the way by that and by its own rounding."""
    shrink, errors = np.exp(-drag * time_step), [np.zeros(2)]
    for (speed, position), push in zip(wanted[:-1], terms, strict=True):
        rounding = ROUNDINGS * UNIT * (speed + time_step * push)
        before = errors[-1]
        way = time_step * (before[0] + rounding) + ROUNDINGS * UNIT * abs(position)
        errors.append(np.array([before[0] * shrink + rounding, before[1] + way]))
    return np.array(errors) + ROUNDINGS * UNIT * np.abs(wanted)


def vehicle(**change):
    standard = {"inputs": {"throttle": 2.0, "brake": -6.0}, "drag": 0.1, "initial_speed": 20.0, "initial_position": 5.0}
    return declare(VehiclePlant, law="vehicle", speed="v", **{**standard, **change})


@pytest.mark.parametrize("time_step", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("drag", [0.0, 0.003, 0.1, 2.0])
def test_vehicle(drag, time_step):
    rng = np.random.default_rng(5)
    hold, start = (20, 20.0 * time_step) if time_step <= 1 else (2, 20.0)
    throttle, brake = levels(rng, 0, 1, hold), levels(rng, 0, 1, hold) * (rng.uniform(size=STEPS) < 0.7)
    drive = 2 * throttle - 6 * brake
    wanted = vehicle_by_hand(drive, drag, time_step, start, 5.0)
    rest = wanted[:, 0] == 0
    assert (rest[1:] & ~rest[:-1]).sum() >= 3 and (~rest[1:] & rest[:-1]).sum() >= 3
    bound = vehicle_bound(wanted, drive, 2 * throttle + 6 * brake, drag, time_step)

    def fits(**change):
        made = vehicle(**{"drag": drag, "initial_speed": start, **change})
        found = run(made, {"throttle": throttle, "brake": brake}, time_step=time_step)
        return within(np.stack([found["v"], found["position"]], axis=1), wanted, bound)

    assert fits()
    assert not fits(drag=drag + 0.001) and not fits(inputs={"throttle": 2.0, "brake": -6.01})
    assert not fits(inputs={"throttle": 2.001, "brake": -6.0}) and not fits(initial_speed=start * 1.001)


@pytest.mark.parametrize("drag", [0.0, 0.1, 40.0])
@pytest.mark.parametrize("push", [-6.0, -1e-3, 0.0])
def test_a_vehicle_at_rest_stays_unless_pushed_forwards(drag, push):
    at_rest = vehicle(drag=drag, initial_speed=0.0, inputs={"push": 1.0})
    found = run(at_rest, {"push": np.full(5, push)})
    assert (found["v"] == 0).all() and (found["position"] == 5).all()
    assert (run(at_rest, {"push": np.full(5, 1e-3)})["v"][1:] > 0).all()


def test_a_vehicle_that_drag_alone_halts_within_a_step_keeps_its_way():
    """Drag takes all of the speed in float32, and the way is that of an endless roll: speed / drag."""
    for drive in (0.0, -1e-30, -1e-12):
        found = run(vehicle(drag=40.0, inputs={"push": 1.0}), {"push": np.array([drive])})
        assert found["v"][-1] == pytest.approx(0, abs=1e-15)
        assert found["position"][-1] == pytest.approx(5 + 20 / 40, rel=1e-6)


def tank_by_hand(drive, outflow, area, time_step, level, low, high):
    """Return the level [steps + 1]: it stops at an end of its limits while the drive presses against it."""
    slope = lambda t, y, q: (q - outflow * np.sqrt(np.maximum(y, 0))) / area
    found = [level]
    for q in drive:
        ends = [end for end in (low, high) if np.isfinite(end)]
        fall = slope(0, found[-1], q) < 0
        if any(found[-1] == end and (fall == (end == low) or slope(0, end, q) == 0) for end in ends):
            found.append(found[-1])
            continue
        gap = (lambda t, y: y[0] - low) if fall else (lambda t, y: high - y[0] if np.isfinite(high) else 1.0)
        (end,), stopped = solve(lambda t, y, q=q: slope(t, y, q), [found[-1]], time_step, gap, "LSODA")
        found.append((low if fall else high) if stopped else max(end, low))
    return np.array(found)


def tank_bound(wanted, terms, outflow, area, time_step):
    """Return the error of a float32 run; an outflow lets errors shrink and never grow."""
    step = np.abs(wanted[:-1]) + time_step / area * (terms + outflow * np.sqrt(np.maximum(wanted[:-1], wanted[1:])))
    carried = np.cumsum(np.minimum(step, np.abs(wanted[:-1]) + np.abs(wanted[1:]) + time_step / area * terms))
    return ROUNDINGS * UNIT * np.concatenate([[wanted[0]], carried]) + 1e-10


@pytest.mark.parametrize(
    ("outflow", "area", "limits", "most"),
    [
        (0.0, 2.0, None, 1.0),
        (0.5, 2.0, None, 1.0),
        (0.5, 2.0, (0.25, 1.5), 1.0),
        (0.5, 2.0, (0.0, 1.0), 1.0),
        (1.0, 20.0, None, 0.02),
    ],
    ids=["without outflow", "with outflow", "within limits", "that overflows", "near empty"],
)
@pytest.mark.parametrize("time_step", [0.1, 1.0, 20.0])
def test_tank(outflow, area, limits, most, time_step):
    rng, area = np.random.default_rng(6), area * min(time_step, 1.0)
    inflow = np.maximum(levels(rng, -0.5, 1, hold=5), 0) * np.float32(most)
    drain = np.maximum(levels(rng, -3, 1, hold=4), 0)
    low, high = limits or (0.0, np.inf)
    wanted = tank_by_hand(inflow - drain, outflow, area, time_step, 1.0, low, high)
    bound = tank_bound(wanted, inflow + drain, outflow, area, time_step)
    standard = {"inputs": {"inflow": 1.0, "drain": -1.0}, "area": area, "outflow": outflow, "limits": limits}

    def fits(**change):
        made = declare(TankPlant, law="tank", output="h", initial=1.0, **{**standard, **change})
        return within(run(made, {"inflow": inflow, "drain": drain}, time_step=time_step)["h"], wanted, bound)

    assert fits()
    assert not fits(area=area * 1.01) and not fits(outflow=outflow + 0.001)
    assert not fits(inputs={"inflow": 1.01, "drain": -1.0})
    if limits:
        assert not fits(limits=None) and not fits(limits=(low, high + 0.01))


def test_a_tank_that_nothing_fills_runs_empty_and_fills_again():
    made = lambda: declare(TankPlant, law="tank", output="h", inputs={"inflow": 1.0}, outflow=1.0, initial=1.0)
    found = run(made(), {"inflow": np.array([0.0, 0, 0, 1e-4, 1e-4])})["h"]
    exact = [(1 - t / 2) ** 2 for t in range(3)]
    assert found[:3] == pytest.approx(exact, abs=1e-7) and found[2] == found[3] == 0
    assert found[4:] == pytest.approx([1e-8, 1e-8], rel=1e-5)


# Words.


STATES, DOORS, KEYS = ("shut", "open", "stuck"), Domain(("stay", "move")), Domain(("none", "old", "new"))
TRANSITIONS = (
    {"state": "shut", "when": {"door": "move", "key": "new"}, "next": "open"},
    {"state": "shut", "when": {"door": "move"}, "next": "stuck"},
    {"state": "shut", "when": {"key": "old"}, "next": "open"},
    {"state": "stuck", "when": {"key": "new"}, "next": "shut"},
    {"state": "open", "when": {}, "next": "shut"},
    {"state": "open", "when": {"door": "stay"}, "next": "stuck"},
)


def by_table(transitions, state, words):
    for row in transitions:
        if row["state"] == state and all(words[name] == word for name, word in row["when"].items()):
            return row["next"]
    return state


def test_finite_state_in_every_state_with_every_word():
    cases = list(product(STATES, DOORS.values, KEYS.values))

    def agrees(transitions):
        for state, door, key in cases:
            made = declare(
                FiniteStatePlant, law="finite state", output="s", states=STATES, transitions=transitions, initial=state
            )
            held = {"door": DOORS.encode(door)[None], "key": KEYS.encode(key)[None]}
            found = run(made, held, domains={"door": DOORS, "key": KEYS})["s"]
            wanted = [state, by_table(TRANSITIONS, state, {"door": door, "key": key})]
            if found.tolist() != [[float(word == name) for name in STATES] for word in wanted]:
                return False
        return True

    assert agrees(TRANSITIONS)
    assert not agrees(TRANSITIONS[1:]) and not agrees(TRANSITIONS[::-1]) and not agrees(())


def test_finite_state_over_a_random_run_starts_in_the_first_state():
    rng = np.random.default_rng(7)
    doors, keys = rng.choice(DOORS.values, STEPS), rng.choice(KEYS.values, STEPS)
    made = declare(FiniteStatePlant, law="finite state", output="s", states=STATES, transitions=TRANSITIONS)
    held = {"door": np.stack([DOORS.encode(w) for w in doors]), "key": np.stack([KEYS.encode(w) for w in keys])}
    found = run(made, held, domains={"door": DOORS, "key": KEYS})["s"]
    wanted = [STATES[0]]
    for door, key in zip(doors, keys, strict=True):
        wanted.append(by_table(TRANSITIONS, wanted[-1], {"door": door, "key": key}))
    assert [STATES[i] for i in found.argmax(axis=1)] == wanted and set(wanted) == set(STATES)


NUMERIC = [
    first_order(inputs={"p": 0.5}),
    declare(IntegratorPlant, law="integrator", output="y", inputs={"p": 0.5}),
    declare(SecondOrderPlant, law="second order", output="y", inputs={"p": 0.5}, natural_frequency=0.2),
    declare(VehiclePlant, law="vehicle", speed="v", inputs={"p": 0.5}),
    declare(TankPlant, law="tank", output="y", inputs={"p": 0.5}, outflow=0.5),
    declare(MatricesPlant, law="matrices", inputs=("p",), outputs=("y",), A=[[0.5]], B=[[1]], C=[[1]]),
]


@pytest.mark.parametrize("dynamics", NUMERIC, ids=lambda dynamics: dynamics.law)
def test_a_word_counts_as_its_place_in_the_list_from_0(dynamics):
    words = np.random.default_rng(8).integers(0, 3, 20)
    numbers = run(dynamics, {"p": words.astype(np.float32)})
    as_words = run(dynamics, {"p": np.eye(3, dtype=np.float32)[words]})
    from_1 = run(dynamics, {"p": words.astype(np.float32) + 1})
    for name in numbers:
        np.testing.assert_array_equal(as_words[name], numbers[name])
    assert any((from_1[name] != numbers[name]).any() for name in numbers)
