"""The chain of command that the weights show runs as the levels say; where not, or where none shows, that is said."""

import pytest

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.verdict.loops import chain_of_command
from handcrafted.zoo import bundled, find


def chain_of(structure, told=None):
    return chain_of_command(told or structure, hc.recover(hc.assemble(structure)))


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_every_loop_of_the_zoo_commands_downwards(path):
    structure = hc.load(path)
    chain = chain_of(structure)
    downwards = [
        (link.id.sender, link.id.receiver)
        for link in structure.resolved.links
        if link.sent_by_controller and link.received_by_controller and not link.lag and link.id.kind != "request"
    ]
    assert chain.holds and set(chain.agreeing) == set(downwards)


def test_what_the_weights_leave_open_is_said():
    chain = chain_of(hc.load(find("wheel brakes")))
    assert [sorted(pair) for pair in chain.undetermined] == [
        ["brake system control unit", "crew"], ["brake system control unit", "hydraulic controller"]
    ]  # fmt: skip
    assert "crew is to stand above brake system control unit; the order of the two cannot be told" in str(chain)
    assert not chain_of(hc.load(find("radiotherapy"))).undetermined


def pair(**link):
    """Return two controllers and one link from the lower to the higher."""
    parts = {name: {"kind": "controller", "level": level} for name, level in (("a", 0), ("b", 1))}
    ends = [{"name": "x", "from": "p", "to": "b"}]
    return ControlStructure.model_validate(
        {
            "name": "pair",
            "components": {**parts, "p": {"kind": "process", "level": 2}},
            "feedback": [*ends, {"name": "report", "from": "b", "to": "a", **link}],
            "control actions": [{"name": "act", "from": "a", "to": "p"}],
        }
    )


def test_a_report_through_the_recurrence_is_no_command_and_one_within_the_step_is():
    assert chain_of(pair()).against == () and chain_of(pair()).undetermined == (("a", "b"),)
    upwards = chain_of(pair(recurrent=False))
    assert upwards.against == (("b", "a"),) and not upwards.holds and not upwards.undetermined
    assert "b commands a within a step, AGAINST the intended levels" in str(upwards)


def test_a_request_is_no_command():
    structure = hc.load(find("guarded room"))
    assert chain_of(structure).agreeing == (("landlord", "thermostat"),)


def test_other_levels_than_those_it_was_built_with_are_contradicted():
    built = hc.load(find("cruise control"))
    data = built.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data["components"]["supervisor"]["level"], data["components"]["speed controller"]["level"] = 1, 1
    told = ControlStructure.model_validate(data)
    assert chain_of(built, told).against == (("supervisor", "speed controller"),)
