"""Pictures and pages of proofs: what was claimed, where the loop stays, and nothing that a name could smuggle in."""

import json
import re

import pytest
from matplotlib.figure import Figure

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.loading.yamltext import dumps
from handcrafted.proofs.prove import prove
from handcrafted.proofs.report import as_markdown
from handcrafted.view.invariant import _hatch, as_html
from tests.loops import of_the_zoo

NASTY = "<b>*bold*</b> [link](http://x) | $y$"


def texts(svg):
    """The texts of an SVG, as matplotlib leaves them beside their outlines."""
    return " ".join(re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8"), re.S))


@pytest.mark.parametrize(
    "name, claim, said, unsaid",
    [
        ("heated_room", "H-2", ["room.temperature", "never left", "claimed never to happen"], ["the run that does it"]),
        ("wheel_brakes", "H-1", ["aircraft.position", "the run that does it", "refuted"], ["never left"]),
        ("heated_room", "UCA-1", ["room.temperature", "thermostat.heat", "steps of runs"], ["time"]),
        ("train_door", "UCA-2", ["stopped, elsewhere, no", "open doors = yes", "what is done"], ["time"]),
    ],
)
def test_each_kind_of_claim_has_its_picture(name, claim, said, unsaid, tmp_path):
    proof = prove(of_the_zoo(name)[1], claim)
    found = texts(hc.draw(proof, tmp_path / "proof.svg"))
    assert all(one in found for one in said) and not any(one in found for one in unsaid)
    assert hc.draw(proof, tmp_path / "proof.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(hc.HandcraftedError, match="collapse"):
        hc.draw(proof, tmp_path / "proof.png", collapse=[])


def test_the_widest_that_is_proved_is_drawn_where_it_was_asked_for(tmp_path):
    model = of_the_zoo("heated_room")[1]
    wider = prove(model, "H-2", margin="start")
    assert "runs under the widest proved" in texts(hc.draw(wider, tmp_path / "wider.svg"))
    assert "runs under the widest proved" not in texts(hc.draw(prove(model, "H-2"), tmp_path / "own.svg"))


def test_names_and_texts_of_a_file_are_text_on_the_page():
    text = dumps(of_the_zoo("heated_room")[0]).replace("The room is too hot", json.dumps(NASTY))
    proof = prove(hc.assemble(loads(text)), "H-2")
    page = as_html(proof, "proof.png")
    assert "<b>" not in page and "<a " not in page and page.count("<img") == 1 and "&lt;b&gt;" in page
    assert "*bold*" in re.sub(r"\\", "", as_markdown(proof)) and "python check.py statement.json" in page


@pytest.mark.parametrize(
    "marks, expected",
    [
        ({"above": -100.0, "below": 100.0}, [(-100, 100)]), ({"above": 30.0, "below": 5.0}, [(30, 40), (0, 5)]),
        ({"above": 30.0}, [(30, 40)]), ({"below": 5.0}, [(0, 5)]),
    ],
)  # fmt: skip
def test_what_lies_between_two_marks_is_hatched_between_them(marks, expected):
    """Beyond each of two, where either is a test by itself."""
    axes = Figure().subplots()
    _hatch(axes, marks, 0.0, 40.0)
    spans = [one.get_path().get_extents(one.get_patch_transform()) for one in axes.patches]
    assert [(one.y0, one.y1) for one in spans] == expected
