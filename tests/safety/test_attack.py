"""The attack finds a way where the policy, the saturation or the ports are missing, and else none."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.craft.plan import without_saturation
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.rollout.environment import world_of
from handcrafted.safety.attack import attack, grow_leak
from handcrafted.safety.guards import margin_of
from handcrafted.zoo import find

WARM = {"temperature": 26.0}


def tried(model, restarts: int = 8, **how: Any):
    """Attack from a warm room; all 64 restarts are `slow`."""
    return attack(model, restarts=restarts, initial=WARM, **how)


def room(bare=False):
    structure = hc.load(find("guarded room"))
    return hc.assemble(structure, without_saturation(structure) if bare else None)


@pytest.fixture(scope="module")
def model():
    return room()


@pytest.mark.slow  # as in notebook 02
def test_without_the_policy_every_restart_breaks_it_in_a_few_steps(model):
    found = tried(model, policy=False, rate=1e-3, spread=1e-4, most=12)
    assert found.broken == found.restarts and max(found.steps) <= 12 and found.zero < 0.5


@pytest.mark.slow  # as in notebook 02
def test_with_the_policy_none_does_though_each_pushes_up_to_the_guard(model):
    found = tried(model, most=40)
    assert found.broken == 0 and found.zero < 1
    assert -2.2 < found.closest < -1.5, "it does drive the room to 28 degC, where the guard stops it"
    assert "0 of 8 restarts broke it; the others stayed 2.0" in str(found)


@pytest.mark.slow
def test_without_the_saturation_it_is_broken_again():
    found = tried(room(bare=True), most=40)
    assert found.broken > found.restarts / 2 and 0 < np.median(found.steps) <= 40


@pytest.mark.slow  # the ports themselves are tested in tests/safety/test_authority.py
def test_without_the_ports_an_overflow_breaks_it_and_with_them_not(model):
    assert tried(model, ported=False, spread=1e37, most=1).broken == 8
    assert tried(model, spread=1e37, most=1).broken == 0


@pytest.mark.slow
def test_the_figures_of_the_claim(model):
    whole = lambda model, **how: tried(model, restarts=64, **how).broken
    assert whole(model, policy=False, rate=1e-3, spread=1e-4) == 64
    assert whole(model) == 0 and whole(model, spread=0.3) == 0
    assert whole(room(bare=True)) > 40
    assert whole(model, spread=1e37, ported=False, most=1) == 64
    assert whole(model, spread=1e37, most=1) == 0


@pytest.mark.slow  # notebook 02 goes through it too
def test_a_single_grown_leak_suffices_and_shows_as_a_new_arrow(model):
    leak = grow_leak(model, initial=WARM)
    assert "writes landlord / control_action / heat; it may write thermostat" in str(leak.breach)
    assert model.audit(leak.weights) == (leak.breach,), "one entry alone"
    other = hc.assemble(model.structure)
    other.set_weights(leak.weights)
    assert hc.simulate(other, steps=200, initial=WARM).state["temperature"].max() < 29, (
        "under the policy it does nothing"
    )
    seen = hc.compare(model.structure, hc.recover(leak.weights, names=model.names))
    assert {(link.id.sender, link.id.receiver) for link in seen.extra} == {("thermostat", "landlord")}
    assert not hc.compare(model.structure, hc.recover(model)).extra


def test_margins_are_those_of_the_conditions():
    data = hc.load(find("guarded room")).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    when = [{"temperature": {"below": 5}}, {"temperature": {"above": 18, "below": 19}}]
    data["hazards"]["H-2"] = {"text": "cold or mild", "losses": ["L-1"], "when": when}
    structure = ControlStructure.model_validate(data)
    margin = margin_of(structure, world_of(structure))
    values = np.array([31.0, 30.0, 20.0, 18.25, 10.0, 5.0, 4.0], np.float32)
    wanted = [max(t - 30, 5 - t, min(t - 18, 19 - t)) for t in values]
    np.testing.assert_allclose(margin({"room": {"temperature": jnp.asarray(values)}}), wanted, atol=1e-5)


def test_what_cannot_be_attacked_is_said():
    with pytest.raises(hc.HandcraftedError, match="a structure with a Layer 0 controller"):
        attack(hc.assemble(hc.load(find("heated room"))))
    data = hc.load(find("guarded room")).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    del data["hazards"]["H-1"]["when"]
    with pytest.raises(hc.HandcraftedError, match="a whole number of restarts from 1"):
        tried(hc.assemble(hc.load(find("guarded room"))), restarts=0)
    with pytest.raises(hc.HandcraftedError, match="a hazard with `when` in guarded room, got none"):
        attack(hc.assemble(ControlStructure.model_validate(data)))
