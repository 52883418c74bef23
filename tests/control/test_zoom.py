"""What is seen when boxes are collapsed, against sets written down by hand and a second way round."""

import pytest
from hypothesis import given, settings

import handcrafted as hc
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.zoom import Zoom, zooms_of
from handcrafted.zoo import find
from tests.control.strategies import published


def structure(**groups):
    parts = {"a": 0, "b": 1, "c": 2, "d": 3}
    inside = {"c": {"inside": "b"}}
    links = [("go", "a", "b"), ("go", "a", "c"), ("on", "b", "c"), ("up", "c", "d")]
    return ControlStructure.model_validate(
        {
            "name": "x",
            "components": {
                name: {"kind": "controller" if name != "d" else "process", "level": level, **inside.get(name, {})}
                for name, level in parts.items()
            },
            "control actions": [{"name": name, "from": one, "to": two} for name, one, two in links],
            "groups": groups,
        }
    )


def seen(zoom):
    ids = [zoom.seen(link.id) for link in zoom.structure.resolved.links]
    return {f"{id}" for id in ids if id}


def test_collapsed_box_takes_links_of_what_it_holds():
    zoom = Zoom(structure(), ["b"])
    assert list(zoom.components) == ["a", "b", "d"] and zoom.held == {"b": {"b", "c"}}
    assert seen(zoom) == {"a -> b: go", "b -> d: up"}


def test_group_stands_at_its_highest_authority_and_controls_if_a_member_does():
    zoom = Zoom(structure(low=["c", "d"]), ["low"])
    assert (zoom.components["low"].level, zoom.components["low"].kind) == (2, "controller")
    assert seen(zoom) == {"a -> b: go", "a -> low: go", "b -> low: on"}
    assert zoom.components["low"].inside is None and "c" not in zoom.controllers


def test_inner_vanishes_in_outer():
    zoom = Zoom(structure(all=["a", "b"]), ["b", "all"])
    assert list(zoom.components) == ["all", "d"] and seen(zoom) == {"all -> d: up"}


@pytest.mark.parametrize(
    "groups, collapsed, message",
    [
        ({"one": ["a", "b"], "two": ["c", "d"]}, ["one", "two"], "one and two, which share c|two and one"),
        ({"d": ["a"]}, ["d"], "name no other component bears, got d"),
        ({"one": ["a"]}, ["tow"], "Expected a group or a box that holds others, got `tow`"),
    ],
)
def test_bad_collapses(groups, collapsed, message):
    with pytest.raises(hc.HandcraftedError, match=message):
        Zoom(structure(**groups), collapsed)


def test_names_of_what_can_be_collapsed():
    assert zooms_of(hc.load(find("wheel brakes"))) == ("braking", "brake system control unit")


@settings(max_examples=60)
@given(published())
def test_nothing_collapsed_is_the_structure_itself(structure):
    zoom = Zoom(structure)
    assert zoom.components == structure.components and dict(zoom.controllers) == structure.resolved.controllers
    assert all(zoom.seen(link.id) == link.id for link in structure.resolved.links)
