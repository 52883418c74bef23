"""WebSTAMP's JSON is read with its rules, and what is no such JSON is refused."""

import json

import pytest

import handcrafted as hc
from handcrafted.exchange.from_webstamp import from_webstamp
from handcrafted.safety.stpa.analysis import analyse

PROJECT = {
    "name": "Gate", "losses": [{"id": 1, "name": "Somebody is hurt"}], "missions": [], "system_goals": [{"id": 1}],
    "hazards": [{"id": 2, "name": "It closes on somebody", "losseshazards_relations": [{"loss_id": 1}]}],
    "system_safety_constraints": [
        {"id": 3, "name": "It must not", "system_safety_constraint_hazards_relations": [{"ssc_id": 3, "hazard_id": 2}]}
    ],
    "assumptions": [{"id": 4, "name": "The gate is there"}],
    "actuators": [{"id": 1, "name": "Motor"}], "sensors": [{"id": 1, "name": "Eye"}],
    "controlled_process": {"id": 1, "name": "Gate leaf"},
    "controllers": [{
        "id": 1, "name": "Keeper",
        "variables": [{"id": 1, "name": "Way", "states": [{"id": 5, "name": "free"}, {"id": 6, "name": "blocked"}]}],
        "controlactions": [{
            "id": 1, "name": "Close", "context_tables": [{"context": "6"}],
            "safety_constraints": [{
                "id": 7, "type": "Provided", "context": "6", "unsafe_control_action": "Keeper closes on somebody",
                "safety_constraint": "Keeper must not close while the way is blocked",
                "rules_safety_constraints_hazards_relations": [{"rule_id": 1, "sc_id": 7, "hazard_id": 2}],
            }],
        }],
    }],
    "connections": [
        {"type_output": by, "output_component_id": 1, "type_input": to, "input_component_id": 1}
        for by, to in (("controller", "actuator"), ("controlled_process", "sensor"), ("sensor", "controller"))
    ],
}  # fmt: skip


def test_a_project_becomes_a_structure():
    found = from_webstamp(json.dumps(PROJECT), "gate.json")
    structure = found.structure
    assert {name: part.kind for name, part in structure.components.items()} == {
        "Keeper": "controller", "Motor": "actuator", "Eye": "sensor", "Gate leaf": "process",
    }  # fmt: skip
    assert [str(id) for id in structure.named_links] == [
        "Keeper -> Motor: Close", "Motor -> Gate leaf: Close", "Gate leaf -> Eye: Way", "Eye -> Keeper: Way",
    ]  # fmt: skip
    (rule,) = structure.unsafe_control_actions
    assert (rule.id, rule.type, rule.context, rule.hazards) == ("UCA-7", "provided", ({"Way": ("blocked",)},), ("H-2",))
    assert structure.controller_constraints["CC-7"].text == "Keeper must not close while the way is blocked"
    assert structure.hazards["H-2"].losses == ("L-1",) and structure.constraints["SC-3"].hazards == ("H-2",)
    assert found.dropped[0] == "1 system goal" and "1 row of context tables" in found.dropped[1]
    assert "Motor acts on Gate leaf" in found.taken
    (one,) = analyse(hc.assemble(structure)).actions
    assert [axis.name for axis in one.contexts.axes] == ["Way"] and one.run is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1: Expected JSON"),
        ("[1, 2]", "Expected a project that WebSTAMP exported"),
        ('{"controllers": [], "controlled_process": 3}', "Expected WebSTAMP's fields"),
        ('{"controllers": 5, "controlled_process": {"id": 1, "name": "x"}}', "Expected WebSTAMP's fields"),
        (json.dumps({**PROJECT, "name": 7}), "Expected WebSTAMP's fields"),
    ],
)
def test_what_is_no_such_project_is_refused(text, said):
    with pytest.raises(hc.HandcraftedError) as error:
        from_webstamp(text, "gate.json")
    assert said in str(error.value) and str(error.value).startswith("gate.json")
