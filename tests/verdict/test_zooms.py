"""The same picture at every zoom: what is spoiled inside a box is not seen from outside it, and nothing else is."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.control.graph import Edge, SignalGraph
from handcrafted.loading.zoom import Zoom, zooms_of
from handcrafted.verdict.comparison import Status
from handcrafted.verdict.loops import contracted, differences
from tests.control.strategies import published
from tests.craft.test_any_structure import spoil
from tests.loops import of_the_zoo


def wheel_brakes():
    return of_the_zoo("wheel_brakes")


def spoiled(name, how):
    """Compare the wheel brakes with one link spoiled, and give that link."""
    structure, model = wheel_brakes()
    link = next(link for link in structure.resolved.links if str(link.id) == name)
    weights = spoil(model, link, how, np.random.default_rng(0))
    return hc.compare(structure, hc.recover(weights, names=model.names)), link


def test_hand_set_weights_are_alike_at_every_zoom():
    structure, model = wheel_brakes()
    comparison = hc.compare(structure, hc.recover(model))
    assert comparison.zooms == {"braking": [], "brake system control unit": []}


@pytest.mark.parametrize(
    "name, how, different",
    [
        ("autobrake -> hydraulic controller: brake demand", "cut", []),
        ("autobrake -> hydraulic controller: brake demand", "flip", []),
        ("hydraulic controller -> brakes: valve", "cut", ["brake system control unit"]),
        ("crew -> autobrake: pedals", "cut", ["brake system control unit", "braking"]),
        ("crew -> autobrake: autobrake switch", "flip", ["brake system control unit", "braking"]),
        ("aircraft -> autobrake: speed", "cut", ["brake system control unit", "braking"]),
    ],
)
def test_damage_is_seen_exactly_where_it_crosses(name, how, different):
    comparison, link = spoiled(name, how)
    assert not comparison.reproduced
    assert sorted(zoom for zoom, ways in comparison.zooms.items() if ways) == different
    inner = Zoom(comparison.structure, ["braking"]).seen(link.id)
    at = comparison.at(Zoom(comparison.structure, ["braking"]))
    assert [v.status is not Status.FOUND for v in at.links if v.id == inner] == ([True] if inner else [])


def test_leak_out_of_a_box_is_seen_and_leak_inside_is_not():
    structure, model = wheel_brakes()
    graph = hc.recover(model).wired
    belief_of = lambda owner: next(s for s in graph.nodes if (s.owner, s.role) == (owner, "feedback_modelling"))
    leak = lambda owner: Edge(belief_of("hydraulic controller"), belief_of(owner))
    seen = lambda edge: differences(structure, structure.signal_graph(), SignalGraph((), [*graph.edges, edge]))
    assert not any(seen(leak("autobrake")).values())
    assert all(seen(leak("crew")).values())


@settings(max_examples=100, suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large))
@given(published(), st.data())
def test_contracted_graph_joins_the_boxes_that_the_collapsed_file_joins(structure, data):
    names = zooms_of(structure)
    if not names:
        return
    zoom = Zoom(structure, [data.draw(st.sampled_from(names))])
    ids = [zoom.seen(link.id) for link in structure.resolved.links if link.counted]
    found = {(way.sender, way.receiver) for way in contracted(structure.signal_graph(), zoom)}
    assert found == {(id.sender, id.receiver) for id in ids if id}
