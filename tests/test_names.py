"""Names hold any letters and punctuation: from the file through the network to every picture, table and report."""

import csv
import html
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image
from ruamel.yaml import YAML

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.tuning import knobs
from handcrafted.loading.yamlfile import load, loads
from handcrafted.loading.yamltext import dumps
from handcrafted.loading.zoom import Zoom
from handcrafted.text.letters import CONTROL
from handcrafted.text.report import FORMULA, as_csv, from_csv, markdown_list, markdown_table, plain
from handcrafted.view.drawing import control_diagram
from handcrafted.view.editor.experiment import Experiment
from handcrafted.view.editor.parts import parts_of
from handcrafted.view.editor.workbench import Workbench
from tests.nasty import NASTY, nasty, turned

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=120).filter(
    lambda name: name == name.strip() and not CONTROL.search(name) and re.search(r"\w", name)
)


@settings(max_examples=60)
@given(st.lists(NAMES, min_size=17, max_size=17, unique=True))
def test_any_name_comes_back_from_a_file(names):
    structure = nasty(names)
    assert loads(dumps(structure)) == structure


@pytest.mark.parametrize("by", range(len(NASTY)))
def test_a_nasty_name_comes_back_from_a_file_wherever_it_stands(by, tmp_path):
    structure = nasty(turned(by))
    structure.save(tmp_path / "s.yaml")
    assert load(tmp_path / "s.yaml") == structure
    assert YAML(typ="safe", pure=True).load((tmp_path / "s.yaml").read_text())["name"] == structure.name


@pytest.mark.parametrize("by", [0, 9, 18, 27])
def test_a_diagram_holds_every_name_and_no_other_box(by):
    structure = nasty(turned(by))
    dot = control_diagram(Zoom(structure))
    drawn = html.unescape(" ".join(re.findall(r">([^<>]+)<", dot))).replace("\u00a0", " ")
    links = [link.id.name for link in structure.resolved.links]
    for name in (*structure.components, *links):
        assert " ".join(name.split()) in " ".join(drawn.split()), name
    boxes = set(re.findall(r'^ *"((?:[^"\\]|\\.)*)" \[label=<<TABLE', dot, flags=re.M))
    assert {name for name in boxes if not name.startswith(" ")} == {
        name.replace("\\", "\\\\").replace('"', '\\"') for name in structure.components
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a file that has nasty names."""
    folder = tmp_path_factory.mktemp("names")
    nasty().save(folder / "nasty.yaml")
    return folder


def run(folder, command, *more):
    done = CliRunner().invoke(main, [command, str(folder / "nasty.yaml"), *map(str, more)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output and done.exit_code in (0, 1), done.output
    return done


def test_check_says_every_name_as_it_is(folder):
    (summary,) = json.loads(run(folder, "check", "--json").stdout)
    structure = nasty()
    assert summary["reproduced"] and summary["structure"] == structure.name and summary["found"] == 4
    table = run(folder, "check").stdout
    assert structure.name in table and " reproduced" in table
    assert f"{NASTY[2]}'s {NASTY[3]} -> {NASTY[1]}'s {NASTY[4]}: balancing loop" in table


@pytest.mark.parametrize("suffix", ["png", "svg", "dot"])
def test_draw_gives_a_whole_picture(folder, suffix):
    path = folder / f"s.{suffix}"
    run(folder, "draw", "-o", path)
    _must_be_whole(path)


def _must_be_whole(path):
    if path.suffix == ".svg":
        words = " ".join(filter(None, ET.parse(path).getroot().itertext())).replace("\u00a0", " ")
        assert path.stem != "s" or (NASTY[0] in words and NASTY[5] in words)
    elif path.suffix == ".png":
        with Image.open(path) as image:
            image.verify()
    else:
        assert path.read_text().startswith("digraph {")


def test_weights_and_runs_are_drawn_with_a_box_where_the_font_has_no_letter(folder):
    """Warnings are errors here: a missing letter must not be told of on every picture."""
    hc.draw(hc.assemble(load(folder / "nasty.yaml")), folder / "w.png", dpi=60)
    run(folder, "run", "--steps", 20, "-o", folder / "t.svg")
    for path in (folder / "w.png", folder / "t.svg"):
        _must_be_whole(path)


def texts(page):
    """Return the text of a page of HTML, without its tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def test_tables_and_reports_hold_the_names_as_text(folder):
    run(folder, "run", "--steps", 20, "-o", folder / "t.csv")
    run(folder, "analyse", "-o", folder / "report")
    page = (folder / "report" / "report.html").read_text()
    assert "<b>" not in page and "<script" not in page and "<em>b" not in page and "<a " not in page
    (title,) = re.findall("<h1>(.*?)</h1>", page)
    assert texts(title) == f"STPA of {NASTY[10]}"
    for name in NASTY[:2] + NASTY[3:8]:
        assert name in texts(page), name
    for path in (folder / "t.csv", *(folder / "report").glob("*.csv")):
        for row in csv.reader(path.read_text().splitlines()):
            assert not any(cell.startswith(("=", "@")) for cell in row), row


def test_every_link_is_found_as_it_is_written(folder):
    structure = nasty()
    for link in structure.resolved.links:
        if link.counted:
            assert f"{link.id.kind} {link.id}" in run(folder, "explain", str(link.id)).stdout
            assert f"{link.id}" in run(folder, "explain", link.id.bare).stdout


def arrows(*links):
    boxes = dict.fromkeys(end for link in links for end in link[:2])
    parts = {name: {"kind": "controller", "level": level} for level, name in enumerate(boxes)}
    listed = [{"name": name, "from": sender, "to": receiver} for sender, receiver, name in links]
    return ControlStructure.model_validate({"name": "arrows", "components": parts, "control actions": listed})


def test_two_links_that_look_alike_are_told_apart_by_quotes():
    model = hc.assemble(arrows(("a", "b -> c", "d"), ("a -> b", "c", "d"), ("a", "b", '"x: y"'), ("a", "b", "x: y")))
    with pytest.raises(hc.HandcraftedError, match="got 2 written 'a -> b -> c: d'") as caught:
        hc.explain(model, "a -> b -> c: d")
    assert 'control action a -> "b -> c": d`, `control action "a -> b" -> c: d`' in str(caught.value)
    assert hc.explain(model, '"a -> b" -> c: d').link[1:] == ("a -> b", "c", "d")
    assert hc.explain(model, 'a -> "b -> c": d').link[1:] == ("a", "b -> c", "d")
    assert hc.explain(model, 'a -> b: "x: y"').link.name == "x: y"
    assert hc.explain(model, 'a -> b: "\\"x: y\\""').link.name == '"x: y"'
    assert len({str(link.id) for link in model.structure.resolved.links}) == 4


LONG = ("b" * 120, "c" * 120, "s" * 120)
LONG_NAMES = """
name: long names
losses: {{L-1: harm}}
hazards: {{H-1: {{text: it is so, losses: [L-1], when: {{"{0}.{2}": "yes"}}}}}}
components:
  boss:
    kind: controller
    level: 0
    process model:
      one: {{reads: ["{0}.{2}"], values: ["no", "yes"]}}
      two: {{reads: ["{1}.{2}"], values: ["no", "yes"]}}
    control algorithm: {{go: {{law: decision table, when: {{one: "yes"}}}}}}
  "{0}": {{kind: process, level: 1}}
  "{1}": {{kind: process, level: 1}}
control actions: [{{name: go, from: boss, to: "{0}", values: ["no", "yes"]}}]
feedback:
  - {{name: "{2}", from: "{0}", to: boss, values: ["no", "yes"]}}
  - {{name: "{2}", from: "{1}", to: boss, values: ["no", "yes"]}}
unsafe control actions:
  - {{id: UCA-1, by: boss, action: go, type: provided, context: {{"{1}.{2}": "yes"}}, hazards: [H-1]}}
"""


def test_two_names_of_full_length_stand_for_one_thing():
    structure = loads(LONG_NAMES.format(*LONG))
    assert loads(dumps(structure)) == structure
    model = hc.assemble(structure)
    assert hc.compare(structure, hc.recover(model)).reproduced
    assert [arising.rule.id for arising in hc.analyse(model).arising] == ["UCA-1"]
    for names in (("b" * 121, *LONG[1:]), (*LONG[:2], "s" * 121)):
        with pytest.raises(hc.HandcraftedError, match=r"at most (120|241) letters, got"):
            loads(LONG_NAMES.format(*names))


def test_blanks_in_a_name_need_not_be_counted():
    model = hc.assemble(arrows(("a  b", "c", "d e")))
    assert hc.explain(model, " a b  -> c:  d e ").complete and hc.explain(model, "a  b -> c: d e").complete


def test_everything_in_the_panel_can_be_clicked():
    structure = nasty(turned(7))
    bench = Workbench(hc.assemble(structure), Experiment(steps=5))
    assert len(parts_of(structure)) == 12
    for part in parts_of(structure):
        bench.do({"do": "select", "part": part})
        assert not bench.message and bench.selected == part
    for name in bench.model.parameters:
        bench.do({"do": "parameter", "name": name, "value": bench.model.parameters[name].value})
        assert not bench.message


def test_parameters_that_would_be_called_the_same_are_numbered():
    structure = loads(
        "name: x\ncomponents:\n  a:\n    kind: controller\n    level: 0\n    control algorithm:\n"
        "      b c: {law: constant, parameters: {value: 1}}\n      b_c: {law: constant, parameters: {value: 0}}\n"
        "other outputs: [{name: b c, from: a}, {name: b_c, from: a}]\n"
    )
    assert {name: knob.value for name, knob in knobs(structure).items()} == {"a.b_c.value": 1, "a.b_c.value#2": 0}


def test_numbers_stay_different_words():
    structure = loads("name: 1234567\nlosses: {L-1: x}\ngroups: {1: []}\n")
    assert structure.name == "1234567"
    assert loads("name: 1.50\n").name == "1.5" and loads("name: 2.0\n").name == "2" and loads("name: on\n").name == "on"


@pytest.mark.parametrize("name", NASTY)
def test_csv_and_markdown_give_the_name_back(name):
    text = as_csv([["name", "n"], [name, -1.5]])
    assert from_csv(text) == [{"name": name, "n": "-1.5"}]
    (_, (cell, _)) = csv.reader(text.splitlines())
    assert not cell.startswith(tuple(set(FORMULA) - {"'"})) or cell == "- 1"
    page = MarkdownIt("commonmark", {"html": False}).enable("table")
    name = " ".join(name.split())
    for written in (markdown_list([plain(name)]), f"# {plain(name)}", markdown_table([["h"], [name]])):
        assert name in texts(page.render(written)).replace("\u00a0", " ")


def test_new_writes_beside_us_and_nowhere_else(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("../x", ".", "..", "a/b", "a\\b", ".x", "/x"):
        done = CliRunner().invoke(main, ["new", name])
        assert done.exit_code == 2 and "Name the file with -o" in done.stderr, name
    assert not list(Path().iterdir()) and [path.name for path in tmp_path.iterdir()] == ["here"]
    for name in (
        *(name for name in NASTY if name[0] != "-" and "\\" not in name and "/" not in name),
        "x" * 120,
        "日" * 120,
    ):
        done = CliRunner().invoke(main, ["new", name])
        assert done.exit_code == 0, (name, done.output)
        (written,) = Path().iterdir()
        assert done.stdout == f"wrote {written}\n" and load(written).name == name
        written.unlink()
    assert CliRunner().invoke(main, ["new", "-o", "x.yaml", "--", "-rf"]).exit_code == 0
