from pathlib import Path

import jsonschema
import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.schema import json_schema, template
from handcrafted.loading.yamlfile import load, loads
from handcrafted.loading.yamltext import dumps
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.zoo import bundled
from tests.control.strategies import lawful, structures
from tests.nasty import NASTY

EXAMPLE = Path(__file__).parent.parent / "data" / "guarded_room.yaml"


@pytest.mark.parametrize("path", [EXAMPLE, *bundled()], ids=lambda path: path.stem)
def test_files_round_trip(path, tmp_path):
    structure = load(path)
    assert loads(dumps(structure)) == structure
    structure.save(tmp_path / "again.yaml")
    assert load(tmp_path / "again.yaml") == structure
    assert hash(load(tmp_path / "again.yaml")) == hash(structure)


@settings(max_examples=60)
@given(st.one_of(structures(), lawful()))
def test_any_structure_round_trips(structure):
    assert loads(dumps(structure)) == structure
    structure.model_dump_json()


@settings(max_examples=60)
@given(structures())
def test_lags_from_levels_leave_no_loop_within_a_step(structure):
    graph = nx.DiGraph((e.source, e.target) for e in structure.signal_graph().edges if e.lag == 0)
    assert nx.is_directed_acyclic_graph(graph)


def test_a_difference_is_not_lost_on_the_way():
    structure = load(EXAMPLE)
    text = dumps(structure).replace("value: 20", "value: 21")
    assert loads(text) != structure


def test_a_failed_save_leaves_the_file_as_it_was(tmp_path):
    structure = load(EXAMPLE)
    with pytest.raises(HandcraftedError, match="Expected a place to write to"):
        structure.save(tmp_path / "missing" / "file.yaml")
    assert not list(tmp_path.iterdir())


def test_structures_cannot_be_changed():
    structure = load(EXAMPLE)
    with pytest.raises(ValueError, match="frozen"):
        structure.name = "other"
    with pytest.raises(TypeError):
        structure.components["x"] = None  # pyright: ignore[reportIndexIssue]  # that is what is tested


def test_yes_and_no_stay_words():
    structure = loads("name: on\nlosses: {no: yes, off: on}\n")
    assert structure.name == "on" and dict(structure.losses) == {"no": "yes", "off": "on"}


def test_the_schema_accepts_what_loads_and_refuses_what_does_not():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    plain = YAML(typ="safe", pure=True)
    for path in (EXAMPLE, *bundled()):
        jsonschema.validate(plain.load(path.read_text()), schema)
    for bad in ({"name": "x", "component": {}}, {"name": "x", "components": {"a": {"kind": "box", "level": 0}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_the_template_loads_and_takes_its_name():
    assert loads(template("my loop")).name == "my loop"
    for name in NASTY:
        assert loads(template(name)).name == name
    with pytest.raises(HandcraftedError, match="without control characters"):
        template("a\nb")


def test_defaults():
    structure = load(EXAMPLE)
    resolved = structure.resolved
    links = {(str(link.id)): link for link in resolved.links}
    assert links["landlord -> thermostat: set point"].lag == 0
    assert links["thermostat -> landlord: heat request"].lag == 0
    (variable,) = resolved.controllers["landlord"].variables
    assert variable.signal.name == "temperature"  # one per arriving link, requests never
    assert [str(link.id) for link in resolved.links if not link.counted] == ["-> room: weather"]
    assert {finding.kind for finding in resolved.findings} == {"default law"}


def test_findings_are_named():
    structure = loads(
        "name: x\ncomponents:\n"
        "  a: {kind: controller, level: 0, process model: {w: {reads: [f]}}}\n"
        "  b: {kind: controller, level: 1, process model: {u: {reads: [g]}}}\n"
        "  c: {kind: process, level: 2}\n"
        "control actions: [{from: a, to: b, name: go}, {from: a, to: c}]\n"
        "feedback: [{from: c, to: a, name: f}, {from: c, to: b, name: g}, {from: b, to: a, name: up}]\n"
    )
    kinds = [finding.kind for finding in structure.resolved.findings]
    assert kinds.count("placeholder name") == 1
    assert "unused command" in kinds and "unread feedback" in kinds
    lags = {str(link.id): link.lag for link in structure.resolved.links}
    assert lags["b -> a: up"] == 1 and lags["a -> b: go"] == 0


def test_links_and_variables_share_domains():
    text = (
        "name: x\ncomponents:\n"
        "  a: {kind: controller, level: 0, process model: {v: {values: [p, q], reads: [f]}}}\n"
        "  b: {kind: controller, level: 1}\n  c: {kind: process, level: 2}\n"
        "feedback: [{name: f, from: c, to: a}, {name: f, from: c, to: b}, {name: g, from: c, to: b}]\n"
    )
    domains = {str(link.id): link.domain for link in loads(text).resolved.links}
    assert domains["c -> a: f"].values == domains["c -> b: f"].values == ("p", "q")
    assert (domains["c -> b: g"].low, domains["c -> b: g"].high) == (-1.0, 1.0)


def test_python_users_get_the_same_rules():
    with pytest.raises(ValueError, match="Expected the name of a component, got `z`"):
        ControlStructure.model_validate({"name": "x", "feedback": [{"name": "f", "from": "z", "to": "z"}]})
