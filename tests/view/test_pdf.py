"""PDFs: of one page, of the width that was asked for, their letters letters, the same bytes every time."""

import io

import pytest
from pypdf import PdfReader

import handcrafted as hc
from handcrafted.safety.stpa.analysis import analyse
from handcrafted.view.joined import join_pdf
from handcrafted.view.pdf import sizes_of
from handcrafted.zoo import find
from tests.view.structures import comparison, lane_keeping, nested


def page_of(path):
    reader = PdfReader(path)
    assert len(reader.pages) == 1 and reader.metadata is None
    return reader.pages[0]


@pytest.mark.parametrize("make", [lane_keeping, comparison], ids=["structure", "comparison"])
def test_names_are_text_and_fonts_are_inside(make, tmp_path):
    page = page_of(hc.draw(make(), tmp_path / "a.pdf"))
    text = " ".join(page.extract_text().split())
    assert all(name in text for name in (*lane_keeping().components, "steering angle", "steering state"))
    fonts = {font for font in page._get_fonts()[0]}
    assert fonts and all("DejaVu" in font for font in fonts)


@pytest.mark.parametrize("width", [3.35, 7.0])
def test_a_page_has_the_width_that_was_asked_for(width, tmp_path):
    page = page_of(hc.draw(lane_keeping(), tmp_path / "a.pdf", width=width))
    assert float(page.mediabox.width) == pytest.approx(72 * width, abs=0.01)


@pytest.mark.parametrize("make", [lambda: lane_keeping(), lambda: analyse(hc.assemble(hc.load(find("train door"))))])
def test_the_same_drawing_is_the_same_bytes(make, tmp_path, monkeypatch):
    thing = make()
    first = hc.draw(thing, tmp_path / "a.pdf").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert hc.draw(thing, tmp_path / "b.pdf").read_bytes() == first
    assert hc.draw(nested(), tmp_path / "c.pdf").read_bytes() != first


def test_parts_stand_side_by_side_and_below(tmp_path):
    parts = [hc.draw(make(), tmp_path / f"{make.__name__}.pdf").read_bytes() for make in (lane_keeping, nested, nested)]
    whole = join_pdf(parts)
    (width, height), sizes = sizes_of([whole])[0], sizes_of(parts)
    assert width >= sizes[0][0] + sizes[1][0] and height >= max(sizes[0][1], sizes[1][1]) + sizes[2][1]
    text = PdfReader(io.BytesIO(whole)).pages[0].extract_text()
    assert text.count("captain") == 2 and text.count("camera") == 1


@pytest.mark.parametrize("kind", ["trace", "weights"])
def test_runs_and_weights_too(kind, tmp_path):
    structure = hc.load(find("heated room"))
    thing = hc.assemble(structure) if kind == "weights" else hc.simulate(hc.assemble(structure), steps=5)
    assert page_of_matplotlib(hc.draw(thing, tmp_path / "a.pdf")).extract_text().strip()


def page_of_matplotlib(path):
    reader = PdfReader(path)
    assert "/CreationDate" not in (reader.metadata or {})
    return reader.pages[0]
