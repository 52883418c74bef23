"""Blind recovery: exact under a hidden disguise, symmetries counted; a planted fault destroys it and is named."""

import itertools
import math
import re
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from sympy.utilities.iterables import multiset_partitions

import handcrafted as hc
from handcrafted.control.graph import INPUT, OUTPUT
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.model.change_of_basis import change_basis
from handcrafted.readout.blind.blind import PartLink, Parts, blind
from handcrafted.verdict.blind.intended import partitions
from handcrafted.verdict.blind.isomorphism import Coloured, Parting, automorphisms, isomorphism
from handcrafted.verdict.blind.match import match
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.truth import Truth, mark
from handcrafted.zoo import bundled
from tests.control.strategies import published
from tests.loops import of_the_zoo

ZOO = [path.stem for path in bundled()]


def hidden(model, seed=0, weights=None):
    """Read a disguised copy, of which only the names of inputs and outputs are told."""
    weights = change_basis(weights or model.effective_weights.numpy(), seed)
    return blind(weights, model.names.inputs, model.names.outputs)


def is_exact(structure, found):
    matched, wanted = match(structure, found), structure.signal_graph()
    assert matched.exact, matched
    assert matched.graph.same_wiring(wanted)
    assert {edge.key: edge.sign for edge in matched.graph.edges} == {edge.key: edge.sign for edge in wanted.edges}
    return matched


@pytest.mark.parametrize("stem", ZOO)
def test_it_is_exact_on_every_bundled_loop_under_any_disguise(stem):
    structure, model = of_the_zoo(stem)
    for seed in range(3):
        assert str(is_exact(structure, hidden(model, seed))).startswith("as intended, in ")


@pytest.mark.parametrize("stem", ZOO)
def test_its_parts_are_those_of_the_drawing_cut_at_its_links(stem):
    """Cut the intended graph, which knows no circuits, here and without the library's code."""
    structure, model = of_the_zoo(stem)
    graph = nx.Graph()
    for edge in structure.signal_graph().edges:
        graph.add_nodes_from(end for end in edge.key[:2] if end.role not in (INPUT, OUTPUT))
        if edge.source.owner == edge.target.owner and edge.source in graph and edge.target in graph:
            graph.add_edge(*edge.key[:2])
    controllers = {name for name, part in structure.components.items() if part.kind == "controller"}
    wanted = sorted(found for found in nx.connected_components(graph) if next(iter(found)).owner in controllers)
    found = hidden(model)
    assert len(found.parts.members) == len(wanted)
    matched = match(structure, found)
    groups = [{matched.names[i] for i in members} for members in found.parts.members]
    assert all(any(group <= part for part in wanted) for group in groups)
    counted = [link for link in structure.resolved.links if link.counted]
    assert len(found.parts.links) == len(counted)
    assert sorted((link.lag, link.width) for link in found.parts.links) == sorted(
        (link.lag, link.domain.width) for link in counted
    )


def recovered_from_hiding(structure):
    model = hc.assemble(structure)
    is_exact(structure, hidden(model, len(model.names.residual)))


RELAXED = {"deadline": None, "suppress_health_check": (HealthCheck.too_slow, HealthCheck.data_too_large)}


@settings(max_examples=25, **RELAXED)
@given(published(most=16))
def test_it_is_exact_on_any_structure(structure):
    recovered_from_hiding(structure)


@pytest.mark.slow
@settings(max_examples=200, **RELAXED)
@given(published())
def test_it_is_exact_on_two_hundred_structures(structure):
    recovered_from_hiding(structure)


def faulty(stem, fault, seed):
    structure, model = of_the_zoo(stem)
    truth = Truth.intended(structure.signal_graph())
    planted: Any = FAULTS[fault](model, truth, np.random.default_rng(seed))
    return structure, model, planted


@pytest.mark.parametrize("fault", ["leak", "cut", "delayed link"])
@pytest.mark.parametrize("stem", ZOO)
def test_a_planted_fault_destroys_the_isomorphism_and_is_named_exactly(stem, fault):
    for seed in range(3):
        structure, model, planted = faulty(stem, fault, seed)
        matched = match(structure, hidden(model, seed, planted.weights))
        assert not matched.exact and not matched.isomorphic and 1 <= len(matched.differences) <= 2
        nodes = structure.signal_graph().nodes
        assert mark(matched.graph, planted.truth, nodes).exact, (seed, matched.differences)


@pytest.mark.parametrize("fault", ["sign flip", "swapped controllers"])
@pytest.mark.parametrize("stem", ZOO)
def test_a_flip_or_a_swap_destroys_it_and_is_named_where_it_first_tells(stem, fault):
    """A flip before a copy and one behind it are the same network in another order; so are two swaps."""
    for seed in range(3):
        structure, model, planted = faulty(stem, fault, seed)
        if planted is None:
            continue
        matched = match(structure, hidden(model, seed, planted.weights))
        assert not matched.exact and not matched.isomorphic and matched.differences
        intended = {edge.key: edge.sign for edge in structure.signal_graph().edges}
        truth = planted.truth
        if fault == "sign flip":
            spoiled = {key[1].owner for key, sign in truth.signs.items() if sign != intended[key]}
            assert all(said.startswith("sign turned round") for said in matched.differences)
        else:
            spoiled = {key[1].owner for key in truth.edges ^ intended.keys() if key[0].role != INPUT}
        for said in matched.differences:
            owner = re.search(r"-> (.+?) / ", said)
            assert owner and owner[1] in spoiled, (said, spoiled)


@pytest.mark.parametrize("fault", ["random", "masked random"])
def test_random_weights_are_not_laid_on_anything(fault):
    structure, model, planted = faulty("guarded_room", fault, 0)
    matched = match(structure, hidden(model, 0, planted.weights))
    assert not matched.isomorphic and not matched.exact


def test_what_no_disguise_changes_is_all_that_is_read():
    _, model = of_the_zoo("cruise_control")
    plain = blind(model)
    for seed in range(3):
        found = hidden(model, seed)
        assert len(found.flows.arrows) == len(plain.flows.arrows) and len(found.flows.units) == len(plain.flows.units)
        assert not np.allclose(found.flows.units[0].write, plain.flows.units[0].write), "another basis"
    assert "3 parts, 8 links" in repr(plain)
    assert {node.owner for node in plain.graph.nodes if node.role == "head"} == {"part 1", "part 2", "part 3"}


def hub(spokes, links=1, outputs=False):
    """Draw one controller that commands many alike, which report back and touch nothing else."""
    parts: dict = {"hub": {"kind": "controller", "level": 0}, "plant": {"kind": "process", "level": 2}}
    actions = [{"name": "run", "from": "hub", "to": "plant"}]
    feedback = [{"name": "speed", "from": "plant", "to": "hub"}]
    for i in range(spokes):
        parts[f"spoke {i}"] = {"kind": "controller", "level": 1}
        for k in range(links):
            actions.append({"name": f"order {k}", "from": "hub", "to": f"spoke {i}"})
        feedback.append({"name": f"report {i}", "from": f"spoke {i}", "to": "hub"})
        if outputs:
            actions.append({"name": f"valve {i}", "from": f"spoke {i}", "to": "plant"})
    return ControlStructure.model_validate(
        {"name": "hub", "components": parts, "control actions": actions, "feedback": feedback}
    )


def by_enumeration(structure):
    """Count the automorphisms of the drawing: controllers, named ends, and a node for each link, by networkx."""
    graph = nx.DiGraph()
    controllers = {name for name, part in structure.components.items() if part.kind == "controller"}
    graph.add_nodes_from((name, {"kind": "controller"}) for name in controllers)
    for number, link in enumerate(one for one in structure.resolved.links if one.counted):
        graph.add_node(number, kind=(link.lag, link.domain.width))
        for end, way in ((link.id.sender, 0), (link.id.receiver, 1)):
            at = end if end in controllers else (end, link.port.name)
            if at not in graph:
                graph.add_node(at, kind=at)
            graph.add_edge(*((at, number) if way == 0 else (number, at)))
    same = lambda one, other: one["kind"] == other["kind"]
    matcher = nx.algorithms.isomorphism.DiGraphMatcher(graph, graph, node_match=same)
    return sum(1 for _ in matcher.isomorphisms_iter())


@pytest.mark.parametrize("stem", ZOO)
def test_symmetries_are_counted_as_by_enumeration(stem):
    structure, model = of_the_zoo(stem)
    assert match(structure, hidden(model)).ways == by_enumeration(structure)


@pytest.mark.parametrize(
    ("spokes", "links", "outputs", "wanted"), [(3, 1, False, 6), (2, 3, False, 72), (3, 1, True, 1)]
)
def test_symmetric_structures_say_in_how_many_ways(spokes, links, outputs, wanted):
    structure = hub(spokes, links, outputs)
    matched = is_exact(structure, hidden(hc.assemble(structure)))
    assert matched.ways == by_enumeration(structure) == wanted


@pytest.mark.parametrize("spokes", [40, pytest.param(100, marks=pytest.mark.slow)])
def test_a_hub_with_many_spokes_is_recovered(spokes):
    structure = hub(spokes)
    found = hidden(hc.assemble(structure))
    assert is_exact(structure, found).ways == math.factorial(spokes)
    assert str(partitions(found.parts)) == f"{spokes + 1} parts, merge not determined; too many to list"


def ring(*sizes):
    nodes, arrows = 0, []
    for size in sizes:
        arrows += [(nodes + i, nodes + (i + 1) % size, "to") for i in range(size)]
        nodes += size
    return Coloured(("x",) * nodes, tuple(arrows))


def test_graphs_that_refinement_cannot_tell_apart_are():
    assert isinstance(isomorphism(ring(6), ring(3, 3)), Parting)
    mapping = isomorphism(ring(6), ring(6))
    assert isinstance(mapping, list) and sorted(mapping) == list(range(6))
    assert automorphisms(ring(6)) == 6 and automorphisms(ring(3, 3)) == 18
    turned = Coloured(("x", "y"), ((0, 1, "to"),)), Coloured(("x", "y"), ((1, 0, "to"),))
    assert isinstance(isomorphism(*turned), Parting)
    parting = isomorphism(Coloured(("x", "y"), ()), Coloured(("x", "x"), ()))
    assert isinstance(parting, Parting) and parting.rounds == 0 and parting.only == ((1,), (0, 1))
    coloured = Coloured(("x", "x"), ((0, 1, "a"),)), Coloured(("x", "x"), ((0, 1, "b"),))
    assert isinstance(isomorphism(*coloured), Parting)


def by_definition(count, apart, hears, acts):
    """Return the sizes of both sets of groupings from all set partitions."""
    all_ = [tuple(map(tuple, p)) for p in multiset_partitions(list(range(count)))] if count else [()]
    fits = [p for p in all_ if not any(set(pair) <= set(group) for pair in apart for group in p)]
    whole = [p for p in fits if all(set(g) & hears and set(g) & acts for g in p)]
    return {frozenset(map(frozenset, p)) for p in fits}, {frozenset(map(frozenset, p)) for p in whole}


@pytest.mark.parametrize("seed", range(8))
def test_the_groupings_of_parts_are_those_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 7))
    ends = lambda: (int(rng.integers(count)), int(rng.integers(count)))
    links = [PartLink(u, v, 0, 1) for u, v in (ends() for _ in range(int(rng.integers(0, 5)))) if u != v]
    links += [PartLink(("p", f"in {i}"), int(rng.integers(count)), 0, 1) for i in range(int(rng.integers(1, 4)))]
    links += [PartLink(int(rng.integers(count)), ("p", f"out {i}"), 0, 1) for i in range(int(rng.integers(1, 4)))]
    found = partitions(Parts(tuple((i,) for i in range(count)), tuple(links)))
    number = lambda end: isinstance(end, int)
    consistent, grammatical = by_definition(
        count,
        [link[:2] for link in links if number(link.source) and number(link.target)],
        {link.target for link in links if number(link.target)},
        {link.source for link in links if number(link.source)},
    )
    assert found.consistent is not None and found.grammatical is not None
    as_sets = lambda groupings: {frozenset(map(frozenset, one)) for one in groupings}
    assert as_sets(found.consistent) == consistent and as_sets(found.grammatical) == grammatical
    assert len(found.consistent) == len(consistent)


def test_the_controllers_that_were_drawn_are_among_the_groupings():
    for stem in ZOO:
        structure, model = of_the_zoo(stem)
        found = hidden(model)
        names = match(structure, found).names
        owners = [{names[i].owner for i in members} for members in found.parts.members]
        drawn = {
            frozenset(i for i, own in enumerate(owners) if own == {name}) for name in itertools.chain(*owners)
        }  # fmt: skip
        possible = partitions(found.parts)
        assert possible.consistent is not None and possible.grammatical is not None
        assert drawn in [set(map(frozenset, one)) for one in possible.consistent]
        assert drawn in [set(map(frozenset, one)) for one in possible.grammatical]


def test_what_cannot_be_read_is_refused():
    _, model = of_the_zoo("heated_room")
    weights = model.effective_weights.numpy()
    with pytest.raises(hc.HandcraftedError, match=r"names of inputs and outputs beside bare weights"):
        blind(weights)
    with pytest.raises(hc.HandcraftedError, match=r"Expected 1 names for the axis n_in, got 2"):
        blind(weights, [*model.names.inputs, model.names.inputs[0]], model.names.outputs)
    weights.W_in[0, 0, 0] = np.nan
    with pytest.raises(hc.HandcraftedError, match=r"Expected finite numbers in W_in"):
        blind(weights, model.names.inputs, model.names.outputs)
    nothing = weights.map(np.zeros_like)
    assert not blind(nothing, model.names.inputs, model.names.outputs).flows.arrows
