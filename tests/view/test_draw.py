"""Files: what is written, and what is left alone when something is wrong."""

import re
import sys

import numpy as np
import pytest
from PIL import Image

import handcrafted as hc
from handcrafted.view import draw as draw_module
from handcrafted.view import engine
from handcrafted.view.draw import draw
from tests.loops import of_the_zoo, train_door
from tests.view.structures import comparison, lane_keeping, nested, peers

PNG = b"\x89PNG\r\n\x1a\n"


def pixels(path):
    from matplotlib.image import imread

    return imread(path)[..., :3]


@pytest.mark.parametrize("make", [lane_keeping, nested, peers, comparison])
def test_png_is_written_and_the_same_twice(make, tmp_path):
    first, second = (draw(make(), tmp_path / name) for name in ("a.png", "b.png"))
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(PNG)
    image = pixels(first)
    assert min(image.shape[:2]) > 300
    assert 0.005 < (image.min(axis=-1) < 0.5).mean() < 0.5


def test_letters_are_letters(tmp_path):
    """A machine without fonts draws one empty box per letter: then `iiii` and `mmmm` have about the same ink."""
    ink = lambda text: render_ink(f'digraph {{ a [shape=plain, fontname="DejaVu Sans", label="{text}"]; }}', tmp_path)
    assert ink("iiii") < 0.6 * ink("mmmm")


def render_ink(dot, folder):
    path = folder / "ink.png"
    path.write_bytes(engine.render(dot, "png"))
    return (pixels(path).min(axis=-1) < 0.5).sum()


@pytest.mark.parametrize("make", [lane_keeping, comparison])
def test_svg_holds_the_names(make, tmp_path):
    text = draw(make(), tmp_path / "a.svg").read_text()
    assert text.count("<svg") == (1 if make is lane_keeping else 5) and "steering angle" in text
    assert "DejaVu Sans" in text


def test_dot_is_text(tmp_path):
    assert draw(lane_keeping(), tmp_path / "a.dot").read_text().startswith("digraph {")


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.gif"])
def test_unknown_suffix(name, tmp_path):
    with pytest.raises(hc.HandcraftedError, match=r"Expected a suffix out of \.png, \.svg, \.pdf, \.dot, got"):
        draw(lane_keeping(), tmp_path / name)
    with pytest.raises(hc.HandcraftedError, match=r"Expected a suffix out of \.png, \.svg, \.pdf, got `\.dot`"):
        draw(comparison(), tmp_path / "a.dot")


def test_only_the_last_folder_is_made(tmp_path):
    assert draw(peers(), tmp_path / "new" / "a.png").exists()
    with pytest.raises(hc.HandcraftedError, match="Expected an existing folder"):
        draw(peers(), tmp_path / "x" / "y" / "a.png")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_existing_file_stays_when_drawing_fails(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"old")
    monkeypatch.setattr(draw_module, "control_diagram", lambda structure: "digraph {\n a [label=<<b>]; }")
    with pytest.raises(hc.HandcraftedError, match="without complaint"):
        draw(lane_keeping(), path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "dot", ["digraph { a [label=<<B>x</I>>]; }", "digraph { a [shape=plain, label=<x>]; a:nowhere -> a; }", "digraph {"]
)
def test_what_graphviz_only_warns_of_is_an_error(dot):
    with pytest.raises(hc.HandcraftedError, match="Expected Graphviz to draw without complaint, got"):
        engine.render(dot, "svg")


def test_missing_graphviz_gives_one_error_that_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr(engine.shutil, "which", lambda program: None)
    with pytest.raises(hc.HandcraftedError) as caught:
        draw(lane_keeping(), tmp_path / "a.png")
    for way in ("pip install", "apt-get install", "brew install", "winget install", "conda install"):
        assert way in str(caught.value)
    assert not (tmp_path / "a.png").exists()


def test_a_dot_program_is_used_where_pygraphviz_is_missing(tmp_path, monkeypatch):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\ncat > /dev/null\n[ -n "$FONTCONFIG_FILE" ] && echo "drawn $1"\n')
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr(engine.shutil, "which", lambda name: str(program))
    assert engine.render("digraph {}", "svg") == b"drawn -Tsvg\n"


def test_weights_of_a_model(tmp_path):
    _, model = train_door()
    path = draw(model, tmp_path / "weights.png", dpi=60)
    assert path.read_bytes().startswith(PNG)
    assert np.ptp(pixels(path)) > 0.5


def trace():
    return hc.simulate(of_the_zoo("heated_room")[1], steps=20)


@pytest.mark.parametrize("make", [lane_keeping, comparison, trace])
def test_a_picture_is_as_wide_as_a_page_asks(make, tmp_path):
    thing = make()
    for width, dpi in ((3.35, 300), (6.9, 150)):
        with Image.open(draw(thing, tmp_path / "a.png", width=width, dpi=dpi)) as image:
            assert image.width == round(width * dpi) and image.info["dpi"][0] == pytest.approx(dpi, rel=0.001)
            ink = np.array(image.convert("L")) < 128
        across = np.flatnonzero(ink.any(axis=0))
        assert np.ptp(across) > 0.85 * ink.shape[1], "it is scaled, and not set into white"
    with Image.open(draw(thing, tmp_path / "b.png", width=3.35)) as image:
        assert image.width == round(3.35 * 300)
    svg = draw(thing, tmp_path / "a.svg", width=3.35).read_text()
    head = svg[svg.index("<svg") :].partition(">")[0]
    assert f'width="{3.35 * 72:g}pt"' in head
    plain = draw(thing, tmp_path / "c.svg").read_text()
    sides = lambda text: [float(number) for number in re.findall(r'(?:width|height)="([\d.]+)pt"', text)[:2]]
    (width, height), (old_width, old_height) = sides(svg), sides(plain)
    assert width / height == pytest.approx(old_width / old_height, rel=1e-4)


@pytest.mark.parametrize(
    "options", [{"width": 0}, {"width": "wide"}, {"width": float("nan")}, {"dpi": 0}, {"dpi": True}, {"dpi": 1e9}]
)
def test_sizes_that_no_page_has(options, tmp_path):
    with pytest.raises(hc.HandcraftedError, match=r"Expected (width|dpi) from .* to .*, got"):
        draw(peers(), tmp_path / "a.png", **options)
    assert not list(tmp_path.iterdir())


def test_unknown_things_and_options(tmp_path):
    with pytest.raises(hc.HandcraftedError, match="got dict"):
        draw({}, tmp_path / "a.png")
    with pytest.raises(hc.HandcraftedError, match="Expected options out of dpi, width, collapse, got colour"):
        draw(peers(), tmp_path / "a.png", colour="red")
