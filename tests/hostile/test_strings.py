"""Hostile names and texts through everything that is written: each is found again as it was, and nothing acts on it."""

import csv
import html
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt
from openpyxl import load_workbook
from pydantic import ValidationError

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import load
from handcrafted.text.letters import UNSEEN
from handcrafted.text.report import from_csv
from tests.hostile.strings import HOSTILE, OF_TEXTS, REFUSED
from tests.nasty import nasty

NAMES = 23
"""How many names the structure has."""

TEXTS = (*HOSTILE, *OF_TEXTS)


def hostile(first=0):
    """Return a structure whose names are hostile, some at a time, and that has every text wherever it has texts."""
    names = [HOSTILE[(first + i) % len(HOSTILE)] for i in range(NAMES)]
    data = nasty(names).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    ((hazard, _),), ((constraint, _),) = data["hazards"].items(), data["constraints"].items()
    data["losses"] |= {f"L {i}": text for i, text in enumerate(TEXTS)}
    data["hazards"] |= {f"H {i}": {"text": text, "losses": ["L 0"]} for i, text in enumerate(TEXTS)}
    data["constraints"] |= {f"C {i}": {"text": text, "hazards": [hazard]} for i, text in enumerate(TEXTS)}
    duties = next(part["responsibilities"] for part in data["components"].values() if part.get("responsibilities"))
    duties |= {f"R {i}": {"text": text, "constraints": [constraint]} for i, text in enumerate(TEXTS)}
    (uca,) = data["unsafe control actions"]
    shared = {key: uca[key] for key in ("by", "action", "type", "hazards")}
    data["unsafe control actions"] += [{**shared, "id": f"W {i}", "text": text} for i, text in enumerate(TEXTS)]
    return ControlStructure.model_validate(data), names


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_what_a_terminal_obeys_or_no_file_can_hold_is_refused_and_not_repeated(text):
    data = nasty().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for place in ({"name": text}, {"losses": {"L": text}}, {"losses": {text: "L"}}, {"groups": {text: []}}):
        with pytest.raises(ValidationError) as caught:
            ControlStructure.model_validate(data | place)
        assert not any(UNSEEN.search(error["msg"]) for error in caught.value.errors()), place


@pytest.fixture(scope="module", params=[0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(19, 76, 19))])
def written(request, tmp_path_factory):
    """Return a folder with everything that is written of such a structure, what was printed, and its names."""
    folder = tmp_path_factory.mktemp("hostile")
    structure, names = hostile(request.param)
    structure.save(folder / "s.yaml")
    runner, printed = CliRunner(), {}
    for name, command in {
        "analyse": ["analyse", "s.yaml", "--no-faults", "-o", "report"],
        "dot": ["draw", "s.yaml", "-o", "s.dot"],
        "svg": ["draw", "s.yaml", "-o", "s.svg"],
        "check": ["check", "s.yaml"],
        "json": ["check", "s.yaml", "--json"],
        "csv": ["run", "s.yaml", "--steps", "5", "-o", "run.csv"],
        "stpa": ["export", "s.yaml", "-o", "s.stpa"],
    }.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            done = runner.invoke(main, command)
        assert done.exit_code in (0, 1, 3) and "Traceback" not in done.output, done.output
        printed[name] = done.output
    return folder, printed, structure, names


def squeezed(text):
    """Return a text as a browser shows it: blanks and line breaks are one blank."""
    return " ".join(text.split())


class Page(HTMLParser):
    """What a browser would make of a page: its text, its tags and their attributes."""

    def __init__(self, page):
        super().__init__()
        self.text, self.tags = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


SAFE = {
    *"html head meta title style body h1 h2 h3 h4 p table thead tbody tr th td ul ol li strong em code img br".split()
}  # fmt: skip


def must_be_harmless(page, structure, names):
    found = Page(page)
    for tag, attributes in found.tags:
        assert tag in SAFE, tag
        assert not {name for name in attributes if name.startswith("on") or name == "href"}, attributes
        assert not re.match(r"\w*:|//", attributes.get("src") or ""), attributes
    text = squeezed(" ".join(found.text))
    for one in (*names, *structure.losses.values()):
        assert squeezed(str(one)) in text or len(str(one)) > 1000, one


def test_a_page_and_markdown_show_every_name_and_text_and_load_nothing(written):
    folder, _, structure, names = written
    must_be_harmless((folder / "report" / "report.html").read_text(), structure, names[:2])
    raw = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    must_be_harmless(raw.render((folder / "report" / "report.md").read_text()), structure, names[:2])


def test_the_judge_of_pages_sees_what_acts():
    structure, names = hostile()
    for act in ("<script>x</script>", '<img src="//e/a.png">', '<p onclick="x">', '<a href="http://e">', "<p>nothing"):
        with pytest.raises(AssertionError):
            must_be_harmless(act, structure, names)


def test_no_cell_of_a_table_is_a_formula_and_each_comes_back(written):
    folder = written[0]
    for path in (folder / "run.csv", *(folder / "report").glob("*.csv")):
        text = path.read_bytes().decode()
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n")), (path, cell)
                assert not cell.startswith("-") or float(cell) <= 0, (path, cell)
    rules = from_csv((folder / "report" / "unsafe_control_actions.csv").read_bytes().decode())
    line_feeds = lambda text: text.replace("\r\n", "\n").replace("\r", "\n")
    assert [row["in words"] for row in rules if row["in words"]] == [*map(line_feeds, TEXTS)]
    book = load_workbook(folder / "report" / "tables.xlsx")
    assert {cell.data_type for sheet in book for row in sheet for cell in row if cell.value is not None} == {"s"}


def test_a_picture_holds_the_names_and_nothing_that_acts(written):
    folder, _, structure, _ = written
    drawing = ET.parse(folder / "s.svg").getroot()
    assert {element.tag.rpartition("}")[2] for element in drawing.iter()} <= {
        "svg", "g", "title", "polygon", "text", "path", "ellipse", "polyline", "defs", "style", "rect", "tspan", "desc",
    }  # fmt: skip
    for element in drawing.iter():
        assert not any("href" in name or name.startswith("on") for name in element.attrib), element.attrib
    shown = squeezed(html.unescape(" ".join(drawing.itertext())).replace("\u00a0", " "))
    dot = (folder / "s.dot").read_text()
    assert dot.startswith("digraph {") and "URL" not in dot.replace("evil", "")
    for name in structure.components:
        assert squeezed(name) in shown, name


def test_a_terminal_is_told_nothing_but_text(written):
    _, printed, structure, _ = written
    for command, text in printed.items():
        assert not any(letter in text for letter in "\x1b\x07\x08\x9b\r\u202e"), command
    (summary,) = (
        json.loads(printed["json"].splitlines()[0]) if printed["json"].startswith("[{") else json.loads(printed["json"])
    )
    assert summary["structure"] == structure.name


def test_the_file_itself_and_what_other_tools_read_keep_them(written, tmp_path):
    folder, printed, structure, _ = written
    assert load(folder / "s.yaml") == structure
    done = CliRunner().invoke(main, ["import", str(folder / "s.stpa"), "-o", str(tmp_path / "back.yaml")])
    assert done.exit_code == 0, done.output
    line = lambda text: squeezed(text) if len(text.splitlines()) > 1 or "\t" in text else text
    kept = lambda text: line(text.replace('"', "'") if "'" in text else text)
    assert [*map(kept, structure.losses.values())] == [*load(tmp_path / "back.yaml").losses.values()]
    assert "line breaks and tabs of texts: " in printed["stpa"]
    assert "double quotes beside single ones, written as single ones: " in printed["stpa"]


def test_a_notebook_shows_them_as_text(written):
    structure, names = written[2:]
    model = hc.assemble(structure)
    for thing in (hc.compare(structure, hc.recover(model)), model):
        for tag, attributes in Page(thing._repr_html_()).tags:
            assert tag in SAFE | {"div"} and set(attributes) <= {"style"}, (tag, attributes)
    assert names[0] in squeezed(" ".join(Page(model._repr_html_()).text))
