"""Laws of control theory in closed loop, against python-control and scipy: the network steers, and so do they."""

import functools
from typing import Any, cast

import control
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.model.forward import forward, initial_state, step
from handcrafted.model.transformer import Transformer

DT = 0.5
STEPS = 20_000
A, B, C = np.array([[0.9, 0.2], [0.0, 0.7]]), np.array([[0.0], [0.1]]), np.array([[1.0, 0.0]])
"""A stable plant of second order; its action arrives a step later."""


def controller(law: str, reads: str = "goal, x", action: str = "[-50, 50]") -> Transformer:
    """Assemble a controller of one law that reads the goal and what is measured."""
    names = reads.split(", ")
    feedback = [f"  - {{name: {name}, from: p, to: c, range: [-50, 50]}}" for name in names]
    model = ", ".join(f"{name}: {{reads: [{name}], range: [-50, 50]}}" for name in names)
    text = [
        f"name: one\ntime step: {{value: {DT}}}\ncomponents:",
        f"  c: {{kind: controller, level: 0, process model: {{{model}}},",
        f"      control algorithm: {{out: {{{law}, reads: [{reads}]}}}}}}",
        "  p: {kind: process, level: 1}",
        f"control actions: [{{name: out, from: c, to: p, range: {action}}}]\nfeedback:",
        *feedback,
    ]
    return hc.assemble(loads("\n".join(text)))


@functools.partial(jax.jit, static_argnames="reads")
def _closed(weights, plant, goal, reads):
    """Run network and plant [time]; the network gets the goal and what is measured, or the one of them it reads."""
    a, b, c = plant

    def one(carry, wanted):
        state, x = carry
        measured = c @ x
        inputs = {"both": jnp.stack([wanted, measured[0]]), "error": wanted - measured}[reads]
        state, out = step(weights, state, inputs.astype(jnp.float32))
        return (state, a @ x + b @ out), (measured[0], out[0])

    start = initial_state(weights), jnp.zeros(len(a))
    return jax.lax.scan(one, start, goal)[1]


def closed(model, goal, reads="both"):
    """Return what is measured and what is done, both [time]."""
    plant = tuple(jnp.asarray(m, jnp.float32) for m in (A, B, C))
    seen, done = _closed(model.effective_weights, plant, jnp.asarray(goal, jnp.float32), reads)
    return np.asarray(seen, float), np.asarray(done, float)


def goals(steps: int = STEPS) -> np.ndarray:
    """Return set points that jump now and then, within 4."""
    rng = np.random.default_rng(3)
    return np.repeat(rng.uniform(-4, 4, steps // 200), 200)


def system(a, b, c, d, inputs, outputs):
    """Return a discrete linear system with named ends."""
    return control.ss(a, b, c, d, DT, inputs=inputs, outputs=outputs, name=f"to {outputs}")


def response(parts, goal: np.ndarray) -> np.ndarray:
    """Return what is measured [time] in a loop of these parts around the plant, by python-control."""
    error = control.summing_junction(["r", "-y"], "e", name="error", dt=DT)
    plant = system(A, B, C, [[0]], "u", "y")
    loop = control.interconnect([*parts, plant, error], inputs=["r"], outputs=["y"])
    linear = isinstance(loop, control.StateSpace)  # which python-control answers faster
    times, inputs = np.arange(len(goal)) * DT, cast(Any, goal)
    answer = control.forced_response if linear else control.input_output_response
    return np.asarray(answer(loop, times, inputs).outputs).ravel()


PID = {"p": (1.5, 0.0, 0.0), "pi": (0.5, 0.25, 0.0), "pid": (1.0, 0.25, 0.5)}
WITHIN = 3.2e-5
"""Twice what was measured for the worst of them, the PI and PID loops: 1.6e-5 in 20,000 steps, on signals up to 4."""


def pid_parts(kp, ki, kd):
    """Return a controller's proportional and integral part, its rate of what is measured, and their sum."""
    pi = system([[1]], [[1]], [[ki * DT]], [[kp]], "e", "v")
    rate = system([[0]], [[1]], [[-kd / DT]], [[kd / DT]], "y", "w")
    return [pi, rate, control.summing_junction(["v", "-w"], "u", name="sum", dt=DT)]


@pytest.mark.parametrize("name", PID)
def test_a_pid_loop_is_the_one_of_control_theory(name):
    kp, ki, kd = PID[name]
    model = controller(f"law: pid, parameters: {{kp: {kp}, ki: {ki}, kd: {kd}}}")
    goal = goals()
    seen, done = closed(model, goal)
    wanted = response(pid_parts(kp, ki, kd), goal)
    assert np.abs(done).max() < 49, "no limit is reached"
    assert np.abs(seen - wanted).max() < WITHIN, np.abs(seen - wanted).max()
    other = response(pid_parts(kp, ki + 0.01, kd), goal)
    assert np.abs(seen - other).max() > 100 * WITHIN


def test_an_integral_takes_away_what_a_proportional_controller_leaves():
    goal = np.ones(2_000)
    left = lambda kp, ki: 1 - closed(controller(f"law: pid, parameters: {{kp: {kp}, ki: {ki}}}"), goal)[0][-1]
    plant = (C @ np.linalg.solve(np.eye(2) - A, B)).item()
    assert left(0.5, 0.25) == pytest.approx(0, abs=WITHIN)
    assert left(0.5, 0.0) == pytest.approx(1 / (1 + 0.5 * plant), abs=WITHIN)


def test_a_moving_average_in_a_loop_is_a_filter_with_a_finite_response():
    taps = 5
    model = controller(f"law: moving average, parameters: {{steps: {taps}}}", "error")
    goal = goals()
    seen, done = closed(model, goal, "error")
    mean = system(
        np.eye(taps - 1, k=-1), np.eye(taps - 1)[:, :1], np.full((1, taps - 1), 1 / taps), [[1 / taps]], "e", "u"
    )
    assert np.abs(seen - response([mean], goal)).max() < WITHIN
    filtered = signal.lfilter(np.full(taps, 1 / taps), [1.0], goal - seen)
    assert np.abs(done - filtered).max() < WITHIN
    assert np.abs(done - signal.lfilter(np.full(4, 1 / 4), [1.0], goal - seen)).max() > 0.01


def limiter(rise: float, fall: float):
    """Return a rate limiter as a system of python-control."""
    update = lambda t, x, u, params: x + np.clip(u - x, -fall * DT, rise * DT)
    return control.nlsys(update, update, inputs=["e"], outputs=["u"], states=["x"], dt=DT)


def test_a_rate_limiter_in_a_loop():
    goal = goals(1_000)
    model = controller("law: rate limiter, parameters: {rise: 0.5, fall: 0.25}", "error")
    seen, done = closed(model, goal, "error")
    assert np.abs(seen - response([limiter(0.5, 0.25)], goal)).max() < WITHIN
    assert np.abs(seen - response([limiter(0.5, 0.5)], goal)).max() > 0.1
    moves = np.diff(done)
    assert moves.max() == pytest.approx(0.25, abs=1e-6) and moves.min() == pytest.approx(-0.125, abs=1e-6)


def test_a_kalman_filter_has_the_gain_of_control_theory_and_estimates_what_it_does():
    noise, error = np.diag([0.25, 0.5]), 0.5
    law = (
        f"law: observer, parameters: {{a: {A.tolist()}, c: [1, 0], b: {{u: {B.ravel().tolist()}}}, "
        f"process noise: {noise.tolist()}, measurement noise: {error}, output: [0, 1]}}"
    )
    model = controller(law, "y, u", "[-5, 5]")
    gain = control.dlqe(A, np.eye(2), C, noise, [[error]])[0]
    rng = np.random.default_rng(0)
    u, process, shock = rng.uniform(-4, 4, STEPS), rng.normal(0, 0.5, (STEPS, 2)), rng.normal(0, 0.7, STEPS)
    x, y = np.zeros((STEPS + 1, 2)), np.zeros(STEPS)
    for t in range(STEPS):
        y[t] = x[t, 0] + shock[t]
        x[t + 1] = A @ x[t] + B[:, 0] * u[t] + process[t]
    inputs = np.stack([y, u], axis=1).astype(np.float32)
    estimate = np.asarray(forward(model.effective_weights, inputs)[0])[:, 0].astype(float)
    for factor, within in ((1.0, True), (0.9, False)):
        lead = factor * gain
        filter = control.ss(A - lead @ C, np.hstack([lead, B]), [[0, 1]], np.zeros((1, 2)), DT)
        wanted = np.asarray(control.forced_response(filter, U=np.vstack([y, u])).outputs).ravel()
        assert (np.abs(estimate[:-1] - wanted[1:]).max() < WITHIN) == within
    assert np.mean((estimate - x[1:, 1]) ** 2) < 0.9 * np.var(x[:, 1]), "it estimates what is not measured"
