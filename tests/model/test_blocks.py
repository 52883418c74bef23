"""Blocks: the same sums as the dense transformer, and nothing gets from one to another but by a declared link."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.model.dependence import declared_influence, influence, poisoned, reached
from handcrafted.model.forward import forward
from handcrafted.model.run_blocks import Blocks, run_blocks, split
from handcrafted.safety.allowed import random_inputs
from handcrafted.zoo import bundled
from tests.control.strategies import published
from tests.loops import sparing

STEPS = 40
ZOO = {path.stem: path for path in bundled()}


def cut(structure, **changed):
    model = hc.assemble(structure)
    return model, split(model.blocks, model.effective_weights, **changed)


def random_weights(model, seed, scale):
    """Return finite weights under the policy's masks."""
    rng = np.random.default_rng(seed)
    draw = lambda mask: np.where(mask, rng.normal(0, scale, np.shape(mask)), 0).astype(np.float32)
    return model.masks.map(draw)


def inputs_of(model, seed=0, steps=STEPS):
    return random_inputs(np.random.default_rng(seed), model.names, steps)


def agree(model, weights, slack):
    inputs = inputs_of(model)
    outputs, seen = forward(weights, inputs)
    blocks = split(model.blocks, weights)
    stepped = run_blocks(blocks, inputs)
    scale = max(1.0, float(np.abs(np.asarray(seen["final"])).max(initial=0)))
    np.testing.assert_allclose(stepped.outputs, outputs, rtol=0, atol=slack * scale)
    for block in blocks.blocks:
        np.testing.assert_allclose(
            stepped.residual[block.name], np.asarray(seen["final"])[:, list(block.own)], rtol=0, atol=slack * scale
        )
    assert not np.asarray(stepped.faults).any()


@pytest.mark.parametrize("name", sparing(ZOO))
def test_dense_and_blocked_runs_agree(name):
    model = hc.assemble(hc.load(ZOO[name]))
    agree(model, model.effective_weights, 0)
    agree(model, random_weights(model, 1, 0.4), 1e-6)


@settings(max_examples=3, deadline=None, suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large))
@given(published(most=8), st.integers(0, 10**6))
def test_dense_and_blocked_runs_agree_for_any_structure(structure, seed):
    model = hc.assemble(structure)
    agree(model, model.effective_weights, 1e-6)
    agree(model, random_weights(model, seed, 0.3), 1e-6)


@pytest.mark.parametrize("name", ZOO)
def test_blocks_share_nothing_and_leave_nothing_out(name):
    model, blocks = cut(hc.load(ZOO[name]))
    own = [i for block in blocks.blocks for i in block.own]
    given = {i for block in blocks.blocks for i in block.inputs}
    assert len(own) == len(set(own)) and not set(own) & given
    assert set(own) | given == set(range(len(model.names.residual)))


@pytest.mark.parametrize("name", sparing(ZOO))
def test_nan_gets_exactly_as_far_as_the_declared_links_lead(name):
    structure = hc.load(ZOO[name])
    model, blocks = cut(structure)
    inputs = inputs_of(model, steps=8)
    wanted = declared_influence(model.blocks, structure.signal_graph())
    assert influence(blocks, inputs) == wanted
    clean = run_blocks(blocks, inputs)
    for owner, reaches in wanted.items():
        stepped = run_blocks(poisoned(blocks, frozenset({owner})), inputs)
        own = {block.name for block in blocks.blocks if block.owner == owner and block.own}
        assert reached(stepped) == own, "a port lets nothing through that is not finite"
        for other in {block.name for block in blocks.blocks} - reaches - own:
            assert np.asarray(stepped.residual[other]).tobytes() == np.asarray(clean.residual[other]).tobytes()


def test_a_leak_shows_in_who_can_make_whom_wrong():
    """A thermostat's unit that may read the landlord's veto: influence the other way than declared."""
    structure = hc.load(ZOO["guarded_room"])
    model, blocks = cut(structure)
    protected = next(block for block in blocks.blocks if block.name == "landlord")
    part = next(part for part in protected.parts if part.sources)
    first, *rest = part.sources
    source = (first._replace(block="thermostat", at=tuple(0 for _ in first.at)), *rest)
    leaky = replace(protected, parts=tuple(replace(p, sources=source) if p is part else p for p in protected.parts))
    wrong = Blocks(tuple(leaky if b is protected else b for b in blocks.blocks), blocks.arrays, blocks.ported)
    found = influence(wrong, inputs_of(model, steps=8))
    assert "landlord" in found["thermostat"]
    assert found != declared_influence(model.blocks, structure.signal_graph())


def test_a_port_puts_its_safe_value_and_says_so():
    model, blocks = cut(hc.load(ZOO["guarded_room"]))
    stepped = run_blocks(poisoned(blocks, frozenset({"thermostat"})), inputs_of(model))
    assert (np.asarray(stepped.outputs)[:, 0] == 0).all() and np.asarray(stepped.faults).any()
    trace = hc.simulate(nan_outside(model), steps=50)
    assert (trace.command["heat"] == 0).all() and "landlord's port for heat request put a safe value" in str(trace)
    assert [signal.name for signal, caught in trace.faults.items() if caught.any()] == ["heat request", "display"]
    assert not any(caught.any() for caught in hc.simulate(hc.assemble(model.structure), steps=50).faults.values())


def nan_outside(model):
    free = model.trainable.numpy()
    model.set_weights(model.weights.map(lambda array, open: np.where(open, np.float32(np.nan), array), free))
    return model
