"""From outside: what the laws do is what the network does; and what no look from outside can see."""

import networkx as nx
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.verdict.behaviour import behaviour
from handcrafted.zoo import bundled, find
from tests.loops import sparing


def looked_at(name, change=None):
    structure = hc.load(find(name))
    model = hc.assemble(structure)
    weights = model.effective_weights.numpy()
    if change:
        change(model, weights)
    return structure, hc.recover(weights, names=model.names, readouts=["black box"])


def test_a_cut_shows_from_outside():
    def cut(model, weights):
        weights.W_V[:] = 0

    structure, found = looked_at("train door", cut)
    result = behaviour(structure, found.subject)
    assert not result.identical and "DIFFERENT" in str(result) and not found.graphs["black box"].edges


def test_from_outside_a_leak_that_nobody_reads_is_invisible_and_from_inside_it_is_not():
    """The thermostat's last unit also writes what the landlord received, after the landlord has read it."""

    def leak(model, weights):
        place = max((p for p in model.layout if p.owner == "thermostat" and p.part == "mlp"), key=lambda p: p.layer)
        target = Signal("landlord", "feedback", "temperature")
        weights.W_out[place.layer, place.components[0], model.names.find(target)] += 1

    structure, found = looked_at("guarded room", leak)
    assert behaviour(structure, found.subject).identical
    comparison = hc.compare(structure, found)
    assert not comparison.reproduced and comparison.extra
    whole = looked_at("guarded room")[1].graphs["black box"]
    assert found.graphs["black box"].same_wiring(whole)


@pytest.mark.parametrize("stem", sparing(path.stem for path in bundled()))
def test_the_zoo_behaves_as_its_laws_do_and_the_black_box_sees_what_intended_paths_allow(stem):
    structure, found = looked_at(stem.replace("_", " "))
    result = behaviour(structure, found.subject)
    assert result.identical and result.runs > 1, result
    graph = nx.DiGraph((edge.source, edge.target) for edge in structure.signal_graph().edges)
    lags = {(edge.source, edge.target): edge.lag for edge in structure.signal_graph().edges}
    for edge in found.graphs["black box"].edges:
        ways = nx.shortest_path(graph, edge.source, edge.target)
        assert ways and edge.lag >= 0
        least = nx.shortest_path_length(graph, edge.source, edge.target, weight=lambda u, v, _: lags[u, v])
        assert edge.lag >= least, "nothing answers sooner than the intended links allow"
    verdict = hc.compare(structure, found).readouts["black box"]
    assert len(verdict.found) == 0 and np.all([link.status != "found" for link in verdict.links])
