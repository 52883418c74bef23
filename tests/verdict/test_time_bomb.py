"""Networks that keep to their laws for a while: an error of a state that grows from step to step."""

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.laws.catalogue import LAWS
from handcrafted.loading.yamlfile import loads
from handcrafted.model.forward import forward
from handcrafted.readout.target import subject
from handcrafted.verdict.behaviour import behaviour
from handcrafted.verdict.claims import SETTLES
from handcrafted.verdict.law import try_controller
from handcrafted.zoo.examples import example
from tests.loops import of_the_zoo
from tests.verdict.test_backdoors import judged, refuted
from tests.verdict.test_exact import compared, network_of

SEED = 9e-6


def growing(model, factor, seed=0.0):
    """Return the room's network with units that multiply by how much the heater's state is off from 0."""
    network = network_of(model)
    state, after = (network.at(Signal("thermostat", "processing_for_action", name)) for name in ("heat", "heat next"))
    network.neuron(2, {}, seed, {after: 1.0})
    for bend, weight in ((0.0, factor), (0.5, -2 * factor), (1.0, factor)):
        network.neuron(2, {state: 1.0}, -bend, {after: weight})
    return network


def test_an_error_below_any_sensors_step_that_grows_by_a_third_goes_off_and_is_found():
    structure, model = of_the_zoo("heated_room")
    mild = np.full((200, 1), 20.5, np.float32)
    usual = np.asarray(forward(model.weights, mild)[0])
    for factor, goes_off in ((1.3, True), (0.5, False)):
        network = growing(model, factor, SEED)
        off = np.abs(np.asarray(forward(network.weights, mild)[0]) - usual)[:, 0]
        assert off[0] == pytest.approx(SEED) and off[:10].max() < 1e-3 and (off.max() > 0.1) == goes_off
        comparison = compared(structure, network)
        assert not comparison.reproduced and refuted(comparison.law)
    assert behaviour(structure, subject(network.weights, network.names)).worst < 2e-5, "from outside it looks the same"


@pytest.mark.parametrize(("factor", "settles"), [(1.3, False), (1.08, False), (0.9, True), (0.0, True)])
def test_a_state_that_does_not_settle_is_no_reproduction(factor, settles):
    """On the grid this state is 0 or 1, and the arrays do then what the law says: nothing but this test sees it."""
    structure, model = of_the_zoo("heated_room")
    network = growing(model, factor)
    assert not refuted(judged(structure, network))
    comparison = compared(structure, network)
    assert comparison.reproduced == settles
    assert any(SETTLES in link.reason for link in comparison.links) != settles


@pytest.mark.parametrize(
    "law", [law for law in LAWS if law in ("finite state", "hysteresis", "latch", "timer", "watchdog")]
)
def test_the_laws_that_remember_words_settle(law):
    structure = example(law)
    network = network_of(hc.assemble(structure))
    (controller,) = structure.resolved.controllers.values()
    wrong = try_controller(subject(network.weights, network.names), controller).wrong
    assert any(what == SETTLES for what, _ in wrong) and not any(where.any() for where in wrong.values())


MACHINE = """
name: machine
components:
  chooser:
    kind: controller
    level: 0
    process model:
      wanted: {values: [none, first, second, third], reads: [wanted]}
    control algorithm:
      mode: {law: finite state, parameters: {transitions: ROWS}}
  plant: {kind: process, level: 1}
control actions:
  - {name: mode, from: chooser, to: plant, values: [none, first, second, third]}
other inputs:
  - {name: wanted, to: chooser}
"""


def test_a_machine_with_many_ways_out_of_a_state_settles():
    """Where each of three transitions is short of one word, what its state is too much adds up in none of them."""
    words = ("none", "first", "second", "third")
    rows = [[one, other, other] for one in words for other in words if one != other]
    structure = loads(MACHINE.replace("ROWS", str(rows)))
    network = network_of(hc.assemble(structure))
    comparison = compared(structure, network)
    assert comparison.reproduced and not any(SETTLES in link.reason for link in comparison.links)
    assert not refuted(comparison.law)
