"""The access policy: circuits that reach where they may not are refused by name, and so is too small a budget."""

from dataclasses import replace

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.components.circuit import Neurons
from handcrafted.control.graph import Signal
from handcrafted.control.vocabulary import Role
from handcrafted.craft.plan import circuits_of
from handcrafted.loading.control_structure import ControlStructure

ROOM = "tests/data/guarded_room.yaml"
OWN = ("thermostat", "processing_for_action", "heat request band")
SUPERIOR = {
    "belief": ("landlord", "feedback_modelling", "temperature"),
    "received": ("landlord", "feedback", "temperature"),
    "processing": ("landlord", "processing_for_action", "heat veto"),
    "action": ("landlord", "control_action", "heat"),
    "goal, but not through its head": ("landlord", "control_action", "set point"),
}


def circuits():
    structure = hc.load(ROOM)
    return structure, list(circuits_of(structure.resolved))


def changed(signal, **how):
    """Return the room's circuits with the one that writes `signal` changed."""
    structure, found = circuits()
    at = next(i for i, circuit in enumerate(found) if circuit.writes == Signal(*signal))
    found[at] = replace(found[at], **how)
    return structure, found


def test_the_circuits_of_the_laws_keep_the_policy():
    assert hc.assemble(*circuits())


@pytest.mark.parametrize("what", SUPERIOR)
def test_nothing_inside_a_superior_is_readable_from_below(what):
    reads = (Signal(*SUPERIOR[what]),)
    body = Neurons(np.ones((1, 1)), np.zeros(1), np.ones((1, 1)))
    with pytest.raises(hc.HandcraftedError, match="band to read subspaces of thermostat"):
        hc.assemble(*changed(OWN, reads=reads, body=body))


def test_nothing_of_another_controller_is_writable():
    with pytest.raises(hc.HandcraftedError, match="to write subspaces of thermostat alone, got landlord"):
        hc.assemble(*changed(OWN, writes=Signal("landlord", "processing_for_action", "mine")))


def test_a_head_may_receive_its_own_link_alone():
    received = ("thermostat", "feedback", "set point")
    with pytest.raises(hc.HandcraftedError, match="the port of its link, landlord / control_action / set point,"):
        hc.assemble(*changed(received, reads=(Signal("room", "feedback", "temperature"),)))


def test_an_action_does_not_read_what_was_received_past_the_process_model():
    display = next(c for c in circuits()[1] if c.writes.name == "display")
    received = Signal("thermostat", "feedback", "temperature")
    with pytest.raises(hc.HandcraftedError, match="feedback_modelling or processing_for_action of thermostat"):
        hc.assemble(*changed(display.writes, reads=(received, display.reads[1])))


def test_what_the_recurrence_fills_is_not_written():
    with pytest.raises(hc.HandcraftedError, match="what no input and no recurrence fills"):
        hc.assemble(*changed(OWN, writes=Signal("thermostat", "processing_for_action", "heat request")))


def test_an_action_that_no_link_carries_has_no_port():
    with pytest.raises(hc.HandcraftedError, match="the port of a declared link of thermostat"):
        hc.assemble(*changed(OWN, writes=Signal("thermostat", "control_action", "blink"), role=Role.CONTROL_ACTION))


def budgeted(**budget):
    data = hc.load(ROOM).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data["components"]["thermostat"]["budget"] = budget
    return ControlStructure.model_validate(data)


def test_a_budget_holds_for_each_circuit_and_for_the_controllers_links():
    assert hc.assemble(budgeted(reads=3, writes=2))
    with pytest.raises(hc.HandcraftedError, match="at most 2 subspaces, the budget of thermostat, got 3: room temp"):
        hc.assemble(budgeted(reads=2))
    with pytest.raises(hc.HandcraftedError, match="at most 1 links, its budget, got 2: heat request, display"):
        hc.assemble(budgeted(writes=1))
