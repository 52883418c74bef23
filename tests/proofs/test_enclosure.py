"""What the checker works out contains what the network does: whole, folded and in blocks, at points and in between."""

import json
import types
from fractions import Fraction
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save

import handcrafted as hc
from handcrafted.laws.catalogue import LAWS
from handcrafted.model.forward import forward
from handcrafted.model.run_blocks import run_blocks, split
from handcrafted.model.run_folded import run_folded
from handcrafted.plants.first_order import FirstOrderPlant
from handcrafted.plants.integrator import IntegratorPlant
from handcrafted.plants.vehicle import VehiclePlant
from handcrafted.proofs import check
from handcrafted.proofs.claim import SafetyClaim, StepTest
from handcrafted.proofs.exact import text
from handcrafted.proofs.processes import NotStatedError, law_of, written_ends
from handcrafted.proofs.statement import statement_of
from handcrafted.rollout.engine import FOLDED
from handcrafted.rollout.engine import network_of as folded_of
from handcrafted.rollout.environment import world_of
from handcrafted.zoo import bundled
from handcrafted.zoo.examples import example
from tests.loops import of_the_zoo, sparing, thinned
from tests.proofs.test_sums import scaled

STEPS, RUNS = 6, 12


@cache
def network_of(kind, name):
    """A model, and the checker's view of its arrays."""
    model = of_the_zoo(name)[1] if kind == "loop" else hc.assemble(example(name))
    arrays = {name: np.asarray(array, np.float32) for name, array in model.effective_weights.dense().items()}
    return model, check.NetworkBounds(save(arrays), model.window, frozenset())


def run_every_way(model, inputs):
    """The outputs [run, time, n_out] of a sequence of inputs, whole, folded and, where it has a seal, in blocks."""
    weights = model.effective_weights.dense()
    found = {"whole": np.asarray(forward(weights, inputs, window=model.window)[0])}
    folded = folded_of(model, (), FOLDED)
    found["folded"] = np.stack([np.asarray(run_folded(folded, one).outputs) for one in inputs])
    if model.seal is not None:
        blocks = split(model.blocks, weights)
        found["blocks"] = np.stack([np.asarray(run_blocks(blocks, one, model.window).outputs) for one in inputs])
    return found


def enclosed(network, model, inputs):
    """Step the checker along intervals that contain all runs, and yield the outputs' bounds of each step."""
    memory = [value[:2] for value in network.begin()]
    columns = range(model.effective_weights.sizes["n_out"])
    given = {}
    for now in np.swapaxes(inputs, 0, 1):
        for row in range(inputs.shape[-1]):
            ends = now[:, row].min(), now[:, row].max()
            given[row] = check.between(scaled(ends[0]), scaled(ends[1]), check.zeros(scaled(2.0**-4)))
        outputs, after = network.step(given, [check.between(*pair) for pair in memory], columns)
        memory = [value[:2] for value in after]
        yield outputs


def random_inputs(model, rng, wide):
    """Inputs [run, time, n_in] on a grid of 1/16: words, and numbers, the same in all runs or in an interval."""
    found = np.zeros((RUNS, STEPS, len(model.names.inputs)), np.float32)
    for signal, rows in model.names.input_signals.items():
        domain = model.names.domain(signal)
        if domain.discrete:
            found[..., rows] = np.eye(domain.width)[rng.integers(domain.width, size=STEPS)][None]
        else:
            middle = rng.uniform(domain.low, domain.high, (1, STEPS, 1))
            off = rng.uniform(-1, 1, (RUNS, STEPS, 1)) * wide * (domain.high - domain.low)
            found[..., rows] = np.clip(np.round((middle + off) * 16) / 16, domain.low, domain.high)
    return found


LOOPS = sparing([path.stem for path in bundled()])
EXAMPLES = ["difference", *thinned([name for name in LAWS if name != "difference"], 5)]  # it looks back


def stays_inside(kind, name, wide):
    """Run a network every way, and look whether it stays inside what the checker works out; say how wide that is."""
    model, network = network_of(kind, name)
    widest = 0.0
    for seed in range(2):
        inputs = random_inputs(model, np.random.default_rng(seed), wide)
        ways = run_every_way(model, inputs)
        for time, bounds in enumerate(enclosed(network, model, inputs)):
            for column, (low, high, _) in bounds.items():
                for way, outputs in ways.items():
                    got = [scaled(one) for one in outputs[:, time, column]]
                    assert low <= min(got) and max(got) <= high, (way, time, column)
                widest = max(widest, (high - low) / check.ONE / max(1, abs(high) / check.ONE))
    return widest


@pytest.mark.parametrize("name", LOOPS)
def test_loops_stay_inside_and_at_points_the_bounds_are_narrow(name):
    assert stays_inside("loop", name, 0.0) <= 1e-5
    stays_inside("loop", name, 0.1)


@pytest.mark.parametrize("name", EXAMPLES)
def test_laws_stay_inside(name):
    stays_inside("law", name, 0.0)
    stays_inside("law", name, 0.1)


def test_a_network_that_does_something_else_does_not():
    model, network = network_of("loop", "heated_room")
    inputs = random_inputs(model, np.random.default_rng(0), 0.0)
    outputs = run_every_way(model, inputs)["whole"]
    bounds = [one[0] for one in enclosed(network, model, inputs)]
    assert all(low <= scaled(out[0]) <= high for out, (low, high, _) in zip(outputs[0], bounds, strict=True))
    assert not all(low <= scaled(1 - out[0]) <= high for out, (low, high, _) in zip(outputs[0], bounds, strict=True))


PROCESSES = [("heated_room", "room"), ("guarded_room", "room"), ("radiotherapy", "radiation head")]


@pytest.mark.parametrize("name, process", PROCESSES)
def test_processes_stay_inside_and_only_just(name, process):
    """A step of a process in numpy and in JAX, from random states, under random actions and disturbances."""
    structure, model = of_the_zoo(name)
    text = statement_of(model, [SafetyClaim("X", "", ((StepTest("above", "1000", column=0),),))])
    loop, plant = check.Loop(json.loads(text.text), text.arrays), world_of(structure).processes[process]
    (bounds,), (state,) = loop.plants, plant.initial if len(plant.initial) == 1 else ["x"]
    actions = world_of(structure).actions[process]
    rng, sharp = np.random.default_rng(4), 0
    for _ in range(200):
        now, heat = np.float32(rng.uniform(0, 40)), np.float32(rng.choice([0, 1, rng.uniform()]))
        shock = np.float32(rng.uniform(*plant.disturbance)) if plant.disturbance else np.float32(0)
        bounds.given[1] = check.between(scaled(shock), scaled(shock))
        at = lambda one: check.between(scaled(one), scaled(one))
        ((low, high),) = bounds.after({("state", 0): at(now), ("output", 0): at(heat)}).values()
        whole = {**plant.initial, state: np.array([now], np.float32) if state == "x" else now}
        for xp in (np, jnp):
            given = {key: xp.asarray(value, xp.float32) for key, value in whole.items()}
            inputs = {given: xp.float32(heat) for given in actions}
            after = plant.advance(given, inputs, xp.float32(shock))
            assert low <= scaled(np.ravel(after[state])[0]) <= high
        sharp += (high - low) / check.ONE <= 1e-4
    assert sharp == 200


VEHICLES = [(0.25, 0.01), (0.25, 0.0), (0.5, 0.4), (1 / 64, 0.001), (2.0, 0.1)]
"""Time steps and drags."""


def vehicle_of(time_step, drag):
    """A vehicle and what the checker works out of it, from speed, position and drive."""
    plant = VehiclePlant(law="vehicle", speed="v", inputs={"u": 1}, drag=drag)
    process = plant.process(time_step, {})
    law = law_of("car", plant, time_step)
    some = lambda sums: [{"row": [*map(text, one.row)], "roundings": one.roundings} for one in sums]
    ends = [{"least": some(one.least), "most": some(one.most), "limits": None} for one in law.ends]
    said = {"states": [0, 1], "inputs": [[{"of": "number", "at": 0, "gain": "1"}]], "rest": "0"}
    loop = types.SimpleNamespace(sources=lambda entries: [(("number", 0), check.ONE)])
    return process, check.ProcessBounds(said | {"disturbance": ["0", "0"], "ends": ends}, loop)


def drawn_drives(rng, size=4000):
    """Speeds, positions and drives: at rest, nearly, coming to rest within the step, and moving on."""
    v = rng.choice([0, 1e-38, 1e-20, 1e-3, 1, 30, 90, -2], size) * rng.choice([1, rng.uniform()], size)
    stop = -v * rng.uniform(0.1, 10, size) / rng.choice([0.02, 0.25, 1], size)
    u = np.where(rng.random(size) < 0.5, stop, rng.choice([0, -5, 2, 1e-20, -1e-30, -1e-39], size))
    x = rng.choice([0, -1, 1, 1200.5, -3e-20, 1e6], size) * rng.choice([1, rng.uniform()], size)
    return (one.astype(np.float32) for one in (v, x, u))


@pytest.mark.parametrize("time_step, drag", VEHICLES)
def test_vehicles_stay_inside_standstill_included(time_step, drag):
    """In numpy and in JAX, at points and somewhere in intervals; no wider than the way of one step."""
    process, bounds = vehicle_of(time_step, drag)
    rng = np.random.default_rng(int(1000 * drag + time_step))
    v, x, u = drawn_drives(rng)
    ends = []
    for xp in (np, jnp):
        state = {"v": xp.asarray(v), "position": xp.asarray(x)}
        with np.errstate(all="ignore"):
            after = process.advance(state, {"u": xp.asarray(u)}, xp.zeros_like(u))
        ends.append([np.asarray(after["v"]), np.asarray(after["position"])])
    at = lambda *some: check.between(min(map(scaled, some)), max(map(scaled, some)))
    for i in range(0, len(v), 4):
        for around in (slice(i, i + 1), slice(i, i + 4)):
            known = {("state", 0): at(*v[around]), ("state", 1): at(*x[around]), ("number", 0): at(*u[around])}
            found = bounds.after(known)
            for each in ends:
                for k, values in enumerate(each):
                    low, high = found[k]
                    got = [scaled(one) for one in values[around]]
                    assert low <= min(got) and max(got) <= high, (k, v[around], x[around], u[around], values[around])
        wide = [(high - low) / check.ONE for low, high in (bounds.after({**known, ("state", 1): at(x[i]),
                ("state", 0): at(v[i]), ("number", 0): at(u[i])}).values())]  # fmt: skip
        size = max(abs(float(v[i])), abs(float(u[i])) * time_step, 1e-30)
        way = float(v[i]) * time_step + max(float(u[i]), 0) * time_step**2 / 2
        assert v[i] < 0 or wide[0] <= 1e-5 * size
        assert v[i] < 0 or wide[1] <= 1.01 * way + 1e-5 * (abs(float(x[i])) + size)


def test_a_vehicle_at_rest_that_is_not_driven_stays_exactly_where_it_is():
    _, bounds = vehicle_of(0.25, 0.01)
    for drive in ("0", "-5"):
        known = {("state", 0): check.NOTHING, ("state", 1): check.between(3 * check.ONE, 1777 * check.ONE)}
        known["number", 0] = check.between(check.binary(drive), check.binary(drive))
        assert bounds.after(known) == {0: [0, 0], 1: [3 * check.ONE, 1777 * check.ONE]}


def test_what_is_no_vehicle_leaves_the_bounds():
    """One with a reverse gear, and one that forgets its way to rest."""
    _, bounds = vehicle_of(0.25, 0.01)
    at = lambda value: check.between(scaled(np.float32(value)), scaled(np.float32(value)))
    speed, position = bounds.after({("state", 0): at(1), ("state", 1): at(10), ("number", 0): at(-8)}).values()
    assert not speed[0] <= scaled(np.float32(1 - 0.25 * 8)) and not scaled(np.float32(9.9)) >= position[0]
    assert position[0] <= scaled(np.float32(10 + 1 / 16)) <= position[1]  # v^2 / 2u


@pytest.mark.parametrize("time_step, drag", [(2.0, 0.5), (1e-5, 0.1)])
def test_a_vehicle_for_which_the_bounds_are_not_shown_has_no_words(time_step, drag):
    with pytest.raises(NotStatedError, match="comes to rest within a step"):
        vehicle_of(time_step, drag)


@pytest.mark.parametrize("share", [0.001, 0.39, 0.63, 0.9, 0.98])
def test_a_process_that_follows_quickly_stays_inside(share):
    """x + s (u - x) rounds by x itself, of which next to nothing is left."""
    plant = FirstOrderPlant(law="first order", output="x", inputs={"u": 1}, time_constant=-1 / np.log1p(-share))
    process, law = plant.process(1.0, {}), law_of("process", plant, 1.0)
    ends = [{"least": some, "most": some, "limits": None} for some in
            [[{"row": [*map(text, one.row)], "roundings": one.roundings} for one in law.ends[0].least]]]  # fmt: skip
    loop = types.SimpleNamespace(sources=lambda entries: [(("number", 0), check.ONE)])
    said = {"states": [0], "inputs": [[]], "rest": "0", "disturbance": ["0", "0"], "ends": ends}
    bounds, rng, rounded = check.ProcessBounds(said, loop), np.random.default_rng(3), 0
    for x, u in rng.choice([0, 1e-30, 1, 3, -7, 1e6], (2000, 2)) * rng.uniform(0.5, 1, (2000, 2)):
        x, u = np.float32(x), np.float32(u)
        known = {("state", 0): check.between(scaled(x), scaled(x)), ("number", 0): check.between(scaled(u), scaled(u))}
        low, high = bounds.after(known)[0]
        for xp in (np, jnp):
            after = process.advance({"x": xp.asarray(x)}, {"u": xp.asarray(u)}, xp.float32(0))
            assert low <= scaled(np.float32(after["x"])) <= high
        rounded += low < high
    assert rounded > 1000
    with pytest.raises(NotStatedError, match="follows within a step"):
        law_of("process", plant, 1e6)


@pytest.mark.parametrize(
    "time_step, limits", [(0.125, None), (0.1, (-0.3, 7.7)), (1 / 3, (0.1, 0.3)), (60.0, (-1e5, 1e5))]
)
def test_an_integrator_stays_inside_its_limits_included(time_step, limits):
    """Of two inputs and a disturbance; bounds at points are a few roundings wide, and never beyond a float32 limit."""
    plant = IntegratorPlant(
        law="integrator", output="x", inputs={"u": 0.7, "w": -3}, limits=limits, initial=0.2, disturbance=(-0.3, 0.4)
    )
    process, law = plant.process(time_step, {}), law_of("process", plant, time_step)
    gains = [(("number", at), scaled(np.float32(gain))) for at, gain in enumerate((0.7, -3))]
    said = {"states": [0], "inputs": [[]], "rest": "0", "ends": written_ends(law)}
    loop, rng, held = types.SimpleNamespace(sources=lambda entries: gains), np.random.default_rng(7), 0
    point = lambda value: check.between(*[scaled(np.float32(value))] * 2)
    for x, u, w in rng.choice([0, 1e-30, 0.2, 1, 3, -7, 1e4], (1000, 3)) * rng.uniform(0.5, 1, (1000, 3)):
        x, u, w, shock = map(np.float32, (x, u, w, rng.uniform(-0.3, 0.4)))
        x = np.clip(x, np.float32(limits[0]), np.float32(limits[1])) if limits else x
        exact = str(Fraction(float(shock)))
        bounds = check.ProcessBounds(said | {"disturbance": [exact, exact]}, loop)
        low, high = bounds.after({("state", 0): point(x), ("number", 0): point(u), ("number", 1): point(w)})[0]
        for xp in (np, jnp):
            after = process.advance({"x": xp.asarray(x)}, {"u": xp.asarray(u), "w": xp.asarray(w)}, xp.asarray(shock))
            assert low <= scaled(np.float32(after["x"])) <= high
        size = 1 + abs(float(x)) + time_step * (abs(float(u)) + 3 * abs(float(w)) + abs(float(shock)))
        assert (high - low) / check.ONE <= 1e-5 * size
        at_end = limits is not None and float(after["x"]) in [float(np.float32(end)) for end in limits]
        held += at_end and low == high
    assert limits is None or held > 50
    open_ended = [{**written_ends(law)[0], "limits": None}]
    free = check.ProcessBounds(said | {"disturbance": ["0", "0"], "ends": open_ended}, loop)
    far = free.after({("state", 0): point(0), ("number", 0): point(1e7), ("number", 1): point(0)})[0]
    assert limits is None or far[0] > scaled(np.float32(limits[1]))
