"""What a structure states reaches tools of requirements engineering: valid by OMG's schema, read by others' reader."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # has no types
from reqif.cli.cli_arg_parser import ValidateCommandConfig
from reqif.commands.validate.validate import ValidateCommand
from reqif.parser import ReqIFParser

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.exchange.to_reqif import to_reqif
from handcrafted.loading.yamlfile import loads
from handcrafted.zoo import bundled, find
from tests.hostile.test_strings import hostile
from tests.safety.test_practice import AFTER, ASSUMED, BRAKES

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def written(folder, structure):
    """Write a structure as ReqIF, validate it, and return what another's reader makes of it."""
    path = folder / "s.reqif"
    path.write_text(to_reqif(structure, NOW)[0], encoding="utf-8", newline="")
    return path, read(path)


def problems(path):
    found = ValidateCommand._validate(ValidateCommandConfig(input_file=str(path), use_reqif_schema=True))
    return [*found.xml_errors, *found.schema_errors, *found.semantic_warnings]


def read(path):
    """Return entries {(kind, id): {name: value}} and relations {(relation, from, to)} of a file."""
    bundle: Any = ReqIFParser.parse(str(path))
    content = bundle.core_content.req_if_content
    types = {one.identifier: one for one in content.spec_types}
    entries, places = {}, {}
    for one in content.spec_objects:
        kind = types[one.spec_object_type]
        names = {attribute.identifier: attribute.long_name for attribute in kind.attribute_definitions or ()}
        said = {names[value.definition_ref]: value for value in one.attributes}
        text = {name: value.value for name, value in said.items() if name != "ReqIF.Text"}
        places[one.identifier] = kind.long_name, text["ReqIF.ForeignID"]
        entries[places[one.identifier]] = text | {"": lines(said["ReqIF.Text"].value)}
    relations = {
        (types[one.relation_type_ref].long_name, places[one.source], places[one.target])
        for one in content.spec_relations
    }
    (specification,) = content.specifications
    assert [places[child.spec_object] for child in specification.children or ()] == [*entries]
    return entries, relations


def lines(division):
    """Return the text of a division of XHTML, its line breaks as line feeds."""
    root = etree.fromstring(f'<d xmlns:xhtml="http://www.w3.org/1999/xhtml">{division.strip()}</d>')
    for line_break in root.iter("{http://www.w3.org/1999/xhtml}br"):
        line_break.tail = f"\n{line_break.tail or ''}"
    return "".join(root.itertext())


def test_every_entry_and_every_arrow_between_them_is_there(tmp_path):
    structure = loads(BRAKES + ASSUMED + AFTER)
    path, (entries, relations) = written(tmp_path, structure)
    assert not problems(path)
    assert {id: said[""] for (kind, id), said in entries.items() if kind == "loss"} == structure.losses
    by_kind = {
        "hazard": structure.hazards, "system constraint": structure.constraints, "assumption": structure.assume,
        "controller constraint": structure.controller_constraints, "loss scenario": structure.loss_scenarios,
        "requirement": structure.requirements,
    }  # fmt: skip
    for kind, own in by_kind.items():
        assert {id: said[""] for (of, id), said in entries.items() if of == kind} == {
            id: e.text for id, e in own.items()
        }
    rules = {rule.id: rule for rule in structure.unsafe_control_actions}
    assert {id for kind, id in entries if kind == "unsafe control action"} == {*rules}
    for id, rule in rules.items():
        said = entries["unsafe control action", id]
        assert (said["Controller"], said["Control action"], said["Type"]) == (rule.by, rule.action, rule.type)
    ended = lambda relation, kind: {(a, b) for name, (of, a), (_, b) in relations if (name, of) == (relation, kind)}
    assert ended("leads to", "hazard") == {(id, loss) for id, one in structure.hazards.items() for loss in one.losses}
    assert ended("leads to", "unsafe control action") == {(id, h) for id, rule in rules.items() for h in rule.hazards}
    assert ended("explains", "loss scenario") == {
        (id, rule) for id, one in structure.loss_scenarios.items() for rule in one.about
    }
    assert ended("is asked because of", "requirement") == {
        (id, other) for id, one in structure.requirements.items() for other in one.about
    }
    assert len(relations) == sum(
        [len(one.losses) + bool(one.part_of) for one in structure.hazards.values()]
        + [len(one.hazards) + bool(one.part_of) for one in structure.constraints.values()]
        + [len(duty.constraints) for part in structure.components.values() for duty in part.responsibilities.values()]
        + [len(one.about) for one in structure.controller_constraints.values()]
        + [len(one.about) + len(one.hazards) for one in structure.loss_scenarios.values()]
        + [len(one.about) for one in structure.requirements.values()]
        + [len(rule.hazards) for rule in rules.values()]
    )


@pytest.mark.parametrize("loop", [path.stem for path in bundled()])
def test_every_bundled_loop_is_valid_and_the_same_each_time(loop, tmp_path):
    structure = hc.load(find(loop))
    path, _ = written(tmp_path, structure)
    assert not problems(path)
    assert to_reqif(structure, NOW) == to_reqif(structure, NOW)


def test_hostile_names_and_texts_come_back(tmp_path):
    structure, _ = hostile()
    path, (entries, _) = written(tmp_path, structure)
    assert not problems(path)
    line_feeds = lambda text: re.sub(r"\r\n|[\r\x85\u2028\u2029]", "\n", text)
    found = {id: said[""] for (kind, id), said in entries.items() if kind == "loss"}
    assert found == {id: line_feeds(str(text)) for id, text in structure.losses.items()}
    allowed = {"div", "br"}
    page = etree.parse(str(path))
    assert {etree.QName(one).localname for one in page.iter("{http://www.w3.org/1999/xhtml}*")} <= allowed


def test_the_judge_sees_a_broken_file(tmp_path):
    path, _ = written(tmp_path, hc.load(find("train door")))
    text = path.read_text()
    path.write_text(text.replace('LAST-CHANGE="2026', 'LAST-CHANGE="the year 2026', 1))
    assert problems(path)
    path.write_text(re.sub(r"<SPEC-OBJECT-REF>[^<]*", "<SPEC-OBJECT-REF>_nowhere", text, count=1))
    assert problems(path)


def test_export_writes_it_and_says_what_it_drops(tmp_path):
    path = tmp_path / "door.reqif"
    done = CliRunner().invoke(main, ["export", "train door", "-o", str(path)])
    assert done.exit_code == 0 and not problems(path), done.output
    assert "dropped: the control structure itself: 3 components, 4 links" in done.output
    path.unlink()
    done = CliRunner().invoke(main, ["export", "train door", "--strict", "-o", str(path)])
    assert done.exit_code == 1 and not path.exists()
    done = CliRunner().invoke(main, ["export", "train door", "-o", str(tmp_path / "door.doc")])
    assert done.exit_code == 2 and ".stpa" in done.output and ".reqif" in done.output
