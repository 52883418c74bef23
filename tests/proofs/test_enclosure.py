"""What the checker works out contains what the network does: whole, folded and in blocks, at points and in between."""

import json
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
from handcrafted.proofs import check
from handcrafted.proofs.claim import SafetyClaim, StepTest
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
        ((low, high, _),) = bounds.after({("state", 0): at(now), ("output", 0): at(heat)}).values()
        whole = {**plant.initial, state: np.array([now], np.float32) if state == "x" else now}
        for xp in (np, jnp):
            given = {key: xp.asarray(value, xp.float32) for key, value in whole.items()}
            inputs = {given: xp.float32(heat) for given in actions}
            after = plant.advance(given, inputs, xp.float32(shock))
            assert low <= scaled(np.ravel(after[state])[0]) <= high
        sharp += (high - low) / check.ONE <= 1e-4
    assert sharp == 200
