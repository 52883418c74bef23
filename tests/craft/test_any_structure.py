"""Whatever anybody may have published: drawn at random, assembled, run, read back; and with one link spoiled."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import handcrafted as hc
from handcrafted.control.vocabulary import ComponentKind
from handcrafted.model.forward import forward
from handcrafted.model.padding import padded, widened
from tests.control.strategies import published

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
STEPS = 1000


def traits(structure):
    """Say which of the things that make a structure hard it has, from the file alone."""
    links = [(link.sender, link.receiver) for _, _, link in structure.links() if link.sender and link.receiver]
    parts = structure.components.values()
    controllers = {name for name, part in structure.components.items() if part.kind == ComponentKind.CONTROLLER}
    levels = [part.level for part in parts]
    return {
        "nesting": any(part.inside for part in parts),
        "peers": len(set(levels)) < len(levels),
        "cycles": not nx.is_directed_acyclic_graph(nx.DiGraph([link for link in links if set(link) <= controllers])),
        "several labels": len(set(links)) < len(links),
        "variables with values": any(v.values for part in parts for v in part.process_model.values()),
        "no control algorithm": any(
            part.kind == ComponentKind.CONTROLLER and not part.control_algorithm for part in parts
        ),
    }


def test_what_is_drawn_is_as_varied_as_what_is_published():
    found, sizes = [], []

    @settings(max_examples=150, database=None, derandomize=True, suppress_health_check=SLOW)
    @given(published())
    def draw(structure):
        found.append(traits(structure))
        sizes.append(len(structure.components))

    draw()
    shares = {trait: np.mean([one[trait] for one in found]) for trait in found[0]}
    assert min(shares.values()) >= 0.2, shares
    assert min(sizes) == 1 and max(sizes) >= 25


def assemble_and_run(structure, seed):
    """Check that it assembles and stays within what enters it, over 1,000 steps of random inputs."""
    model = hc.assemble(structure)
    weights = padded(model.effective_weights)
    rng = np.random.default_rng(seed)
    inputs = np.zeros((STEPS, len(model.names.inputs)), np.float32)
    for signal, at in model.names.input_signals.items():
        domain = model.names.domain(signal)
        some = np.eye(domain.width)[rng.integers(domain.width, size=STEPS)] if domain.discrete else None
        inputs[:, at] = rng.uniform(domain.low, domain.high, (STEPS, 1)) if some is None else some
    _, seen = forward(weights, widened(inputs, weights.sizes["n_in"]))
    most = max(1.0, float(np.abs(inputs).max(initial=0)), float(np.abs(weights.r_0).max()))
    assert float(np.abs(seen["final"]).max()) <= most * (1 + 1e-4)
    return model


@settings(max_examples=2, suppress_health_check=SLOW)
@given(published(12), st.integers(0, 100))
def test_any_structure_runs_and_is_reproduced(structure, seed):
    model = assemble_and_run(structure, seed)
    assert hc.compare(structure, hc.recover(model)).reproduced


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=SLOW)
@given(published(), st.integers(0, 100))
def test_many_structures_run_and_are_reproduced(structure, seed):
    model = assemble_and_run(structure, seed)
    assert hc.compare(structure, hc.recover(model)).reproduced


def plain_unheard(structure, links):
    """Count the pairs of a controller and what it acts on from which nothing comes back, by paths in plain graphs."""
    kind = {name: part.kind for name, part in structure.components.items()}
    controllers = {name for name in kind if kind[name] == ComponentKind.CONTROLLER}
    back = nx.DiGraph([(o.sender, o.receiver) for k, o in links if o.sender and k in ("feedback", "other input")])
    back.add_nodes_from(kind)
    onwards = nx.DiGraph([(o.sender, o.receiver) for _, o in links if kind.get(o.sender) == "actuator" and o.receiver])
    onwards.add_nodes_from(kind)
    heard_by = lambda *ends: back.subgraph((set(kind) - controllers) | {*ends})
    deaf = set()
    for _, link in ((k, o) for k, o in links if k == "control action" and o.sender in controllers and o.receiver):
        own = set(nx.ancestors(heard_by(link.sender), link.sender))
        for other in controllers - {link.sender}:
            if nx.has_path(heard_by(link.sender, other), other, link.sender):
                own |= nx.ancestors(heard_by(other), other)
        reached = [link.receiver, *nx.bfs_tree(onwards, link.receiver)]
        processes = [name for name in reached if kind[name] == ComponentKind.PROCESS]
        commanded = not processes and any(kind[name] == ComponentKind.CONTROLLER for name in reached)
        if not commanded and not own & set(reached):
            deaf.add((link.sender, (processes or reached)[0]))
    return len(deaf)


def plain_findings(structure):
    """Count findings by kind with nothing but the lists of the file."""
    links = [(kind, link) for kind, _, link in structure.links()]
    found = {"missing feedback": 0, "unread variable": 0, "unused command": 0, "unread feedback": 0, "default law": 0}
    for name, part in structure.components.items():
        if part.kind != ComponentKind.CONTROLLER:
            continue
        arriving = [(kind, link.name) for kind, link in links if link.receiver == name]
        leaving = {link.name for _, link in links if link.sender == name}
        reads = {v: list(own.reads or ()) for v, own in part.process_model.items()}
        for variable, own in reads.items():
            reads[variable] = own or [link for _, link in arriving]
        if not reads:
            reads = {link: [link] for _, link in arriving}
        found["missing feedback"] += sum(not own for own in reads.values())
        found["unread variable"] += 0 if leaving else len(reads)
        found["default law"] += len(leaving)
        known = {link for own in reads.values() for link in own}
        for kind, link in arriving:
            if link not in known:
                found["unused command" if kind == "control action" else "unread feedback"] += 1
    level = lambda end: structure.components[end].level
    for kind, link in links:
        if kind == "control action" and link.sender and link.receiver:
            up = level(link.receiver) < level(link.sender)
            beside = level(link.receiver) == level(link.sender)
            beside = beside and structure.components[link.receiver].kind == ComponentKind.CONTROLLER
            for way in ["up"] * up + ["sideways"] * beside:
                found[f"control action {way}"] = found.get(f"control action {way}", 0) + 1
    found["missing feedback"] += plain_unheard(structure, links)
    if not any(
        {getattr(structure.components.get(end or ""), "kind", None) for end in (link.sender, link.receiver)}
        & {ComponentKind.CONTROLLER}
        for _, link in links
    ):
        found["no link"] = 1
    return {kind: count for kind, count in found.items() if count}


@settings(max_examples=60, suppress_health_check=SLOW)
@given(published())
def test_findings_are_those_of_a_plain_count(structure):
    found: dict[str, int] = {}
    for finding in structure.resolved.findings:
        found[finding.kind] = found.get(finding.kind, 0) + 1
    assert found == plain_findings(structure)


def spoil(model, link, how, rng):
    """Cut, flip or rewire a link at its receiver's head, or else where it leaves."""
    weights = model.effective_weights.numpy()
    if link.received is None:
        at = np.ix_(model.names.find(link.port), model.names.output_signals[link.port._replace(role="output")])
        weights.W_U[at] *= {"cut": 0, "flip": -1, "rewire": 0}[how]
        return weights
    place = next(place for place in model.layout if place.writes == link.received)
    head = (place.layer, place.components[0])
    if how == "rewire":
        rows = model.names.find(link.port)
        others = [
            i for i in range(len(model.names.residual)) if i not in rows and i not in model.names.find(link.received)
        ]
        weights.W_V[head][rows], moved = 0, weights.W_V[head][rows].copy()
        if others:
            weights.W_V[head][rng.choice(others, len(rows))] += moved
    else:
        weights.W_O[head] *= {"cut": 0, "flip": -1}[how]
    return weights


def spoiled_link_is_named(structure, how, seed):
    counted = [link for link in structure.resolved.links if link.counted]
    if not counted:
        return
    rng, model = np.random.default_rng(seed), hc.assemble(structure)
    link = counted[rng.integers(len(counted))]
    comparison = hc.compare(structure, hc.recover(spoil(model, link, how, rng), names=model.names))
    assert link.id in [verdict.id for verdict in (*comparison.missing, *comparison.wrong)], (link.id, comparison)


HOW = st.sampled_from(["cut", "flip", "rewire"])


@settings(max_examples=2, suppress_health_check=SLOW)
@given(published(10), HOW, st.integers(0, 1000))
def test_a_spoiled_link_is_named(structure, how, seed):
    spoiled_link_is_named(structure, how, seed)


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=SLOW)
@given(published(15), HOW, st.integers(0, 1000))
def test_every_spoiled_link_is_named(structure, how, seed):
    spoiled_link_is_named(structure, how, seed)
