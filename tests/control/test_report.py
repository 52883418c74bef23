"""How things show themselves: the same as text and as HTML, nothing of the user's breaks the page, long tables end."""

import html
import re

import pytest

import handcrafted as hc
from handcrafted.text.report import MAX_ROWS, Report
from handcrafted.zoo import find
from tests.loops import train_door


@pytest.fixture(scope="module")
def things():
    structure, model = train_door()
    recovered = hc.recover(model)
    return {
        "structure": structure,
        "model": model,
        "recovered": recovered,
        "comparison": hc.compare(structure, recovered),
        "trace": hc.simulate(hc.assemble(hc.load(find("heated room"))), steps=30),
    }


def cells(page):
    return [html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", page)]


@pytest.mark.parametrize("name", ["structure", "model", "recovered", "trace", "comparison"])
def test_text_and_html_say_the_same(things, name):
    thing = things[name]
    report, page = thing.report(), thing._repr_html_()
    assert cells(page) == [cell for row in report.rows for cell in row] and report.rows
    assert all(len(row) == len(report.heading) for row in report.rows)
    text = repr(thing)
    assert text == str(thing) and text.splitlines()[0] == report.title and len(text) < 8000
    if name != "comparison":  # its text names only what differs
        assert all(cell in text for cell in cells(page))


def test_what_it_says_is_what_happened(things):
    trace = things["trace"]
    (row,) = [row for row in trace.report().rows if row[:2] == ("room.temperature", "true state")]
    low, high = trace.state["temperature"].min(), trace.state["temperature"].max()
    assert [float(cell) for cell in row[2:4]] == pytest.approx([low, high], rel=1e-5)
    edges = {(str(e.source), str(e.target), str(e.lag)) for e in things["recovered"].wired.edges}
    assert {row[:3] for row in things["recovered"].report().rows} == edges
    assert not any(row[-1] for row in things["recovered"].report().rows)
    structure, model = train_door()
    dead = model.weights.numpy()
    dead.b_in[1] = -100  # its neurons never fire: still wired, no longer used
    silent = {row[-1] for row in hc.recover(dead, names=model.names).report().rows}
    assert any("patching" in names and "wiring" not in names for names in silent)
    weights = model.weights.numpy()
    weights.W_V[0, 0] = 0
    broken = hc.compare(structure, hc.recover(weights, names=model.names))
    assert [row for row in broken.report().rows if row[0] == "missing" and "train motion" in row[2]]


def test_what_a_user_named_stays_text():
    page = Report("<script>alert(1)</script>", ("a & b",), [("<b>x",)], ["<i>"]).html()
    assert not re.search("<script>|<b>|<i>", page) and "&lt;script&gt;" in page and "a &amp; b" in page


def test_a_long_table_ends_with_a_count_on_a_page_and_is_whole_as_text():
    report = Report("many", ("n",), [(str(n),) for n in range(MAX_ROWS + 7)])
    assert "… and 7 more rows" in report.html() and len(cells(report.html())) == MAX_ROWS
    assert report.text().splitlines()[-1] == str(MAX_ROWS + 6)
