"""Layouts that a reviewer accepts, measured on the SVG; and that the measures see what a reviewer would object to."""

import builtins
from pathlib import Path

import pytest

import handcrafted as hc
from handcrafted.loading.zoom import Zoom
from handcrafted.view.drawing import control_diagram
from handcrafted.view.engine import render
from handcrafted.zoo import bundled
from tests.view.geometry import Box, Letters, crossed, faults, judged, read
from tests.view.structures import drawn_at_random, lane_keeping, metro, nested, peers

DATA = Path(__file__).parents[1] / "data"

CROSSINGS = {
    "aircraft_controlstructure": 6,
    "guarded_room": 1,
    "metro": 16,
    "peers_with_superior": 2,
    "wheel_brakes": 4,
}
"""At most so many arrows cross; in all others none."""


def svg_of(structure):
    return render(control_diagram(Zoom(structure)), "svg")


FILES = [*bundled(), *sorted((DATA / "topologies").glob("*.yaml")), *sorted((DATA / "published").glob("*.yaml"))]
MADE = (lane_keeping, nested, peers, metro)


@pytest.mark.parametrize("path", FILES, ids=lambda path: Path(path).stem)
def test_a_reviewer_accepts_the_layout_of_loops_and_published_structures(path):
    svg = svg_of(hc.load(path))
    assert faults(svg) == {}
    assert crossed(read(svg)) <= CROSSINGS.get(Path(path).stem, 0)
    assert b"laid out by" not in svg


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_a_reviewer_accepts_the_layout_of_structures_made_for_it(make):
    svg = svg_of(make())
    assert faults(svg) == {} and crossed(read(svg)) <= CROSSINGS.get(make.__name__, 0)


TELLING = (26, 46, 83, 105)
"""Seeds whose drawings come out wrong without one or the other step of the layout."""


@pytest.mark.parametrize(
    "seed",
    [*range(10), *TELLING, *(pytest.param(k, marks=pytest.mark.slow) for k in range(10, 130) if k not in TELLING)],
)
def test_a_reviewer_accepts_the_layout_of_structures_made_at_random(seed):
    assert faults(svg_of(drawn_at_random(seed))) == {}


def test_the_same_structure_is_the_same_drawing():
    assert svg_of(drawn_at_random(3)) == svg_of(drawn_at_random(3))


def middle(seen, name):
    """Return the middle of the first piece of the arrow that bears a label."""
    shown = {label: [one.text for one in texts] for label, texts in seen.letters.items()}
    number = int(next(label for label in shown if name in shown[label] and "label" in label).split()[-1])
    (x0, y0), (x1, y1), *_ = seen.arrows[number][2]
    return (x0 + x1) / 2, (y0 + y1) / 2


def around(point, by):
    return Box(point[0], point[1], point[0], point[1]).grown(by)


def around_all(seen):
    lefts, tops, rights, bottoms = zip(*seen.boxes.values(), strict=True)
    return Box(min(lefts) - 20, min(tops) - 20, max(rights) + 20, max(bottoms) + 20)


SPOILED = {
    "over a box": lambda seen: seen._replace(
        boxes=seen.boxes | {"in the way": around(middle(seen, "mode request"), 3)}
    ),
    "slanted": lambda seen: seen._replace(arrows=[("driver", "vehicle", [(0, 0), (10, 20)]), *seen.arrows[1:]]),
    "along a border": lambda seen: seen._replace(
        boxes=seen.boxes | {"outer": around_all(seen)},
        arrows=[("driver", "vehicle", [(around_all(seen).left, -100), (around_all(seen).left, -50)]), *seen.arrows[1:]],
    ),
    "labels overlap": lambda seen: seen._replace(labels=seen.labels | {" top x": next(iter(seen.labels.values()))}),
    "label of another arrow": lambda seen: seen._replace(
        labels=seen.labels | {" label 0": around(middle(seen, "torque"), 6)}
    ),
    "text outside its box": lambda seen: seen._replace(
        letters=seen.letters | {"driver": [Letters("driver", seen.boxes["driver"].grown(3))]}
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_what_a_reviewer_objects_to_is_seen(what):
    seen = read(svg_of(lane_keeping()))
    assert judged(seen) == {}
    assert what in judged(SPOILED[what](seen))


def test_crossing_arrows_are_counted():
    seen = read(svg_of(lane_keeping()))
    assert crossed(seen) == 0
    left, right = min(b.left for b in seen.boxes.values()) - 50, max(b.right for b in seen.boxes.values()) + 50
    height = (seen.boxes["driver"].bottom + seen.boxes["supervisor"].top) / 2
    spoiled = seen._replace(arrows=[*seen.arrows, ("a", "b", [(left, height), (right, height)])])
    assert crossed(spoiled) >= 2


def test_without_the_engine_graphviz_lays_out_and_it_says_so(monkeypatch, tmp_path):
    known = builtins.__import__

    def without(name, *rest, **more):
        if name == "graphlay":
            raise ImportError(name)
        return known(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    text = control_diagram(Zoom(lane_keeping()))
    assert "laid out by Graphviz: the package graphlay is missing" in text
    assert hc.draw(lane_keeping(), tmp_path / "a.png").stat().st_size > 1000


def test_an_engine_that_refuses_is_said_too(monkeypatch):
    import graphlay

    def refuse(*_, **__):
        raise graphlay.GraphlayError("a limit is exceeded")

    monkeypatch.setattr(graphlay, "layout", refuse)
    assert "graphlay says: a limit is exceeded" in control_diagram(Zoom(lane_keeping()))
    monkeypatch.undo()
    assert "laid out by" not in control_diagram(Zoom(lane_keeping()))


def pairs_of(structure):
    """Return, of two boxes that an action goes down between and a feedback up, where both leave the upper box."""
    kinds = {(one.sender, one.receiver): kind for kind, _, one in structure.links()}
    lines = {(tail, head): line for tail, head, line in read(svg_of(structure)).arrows}
    for (a, b), line in lines.items():
        back = lines.get((b, a))
        if (
            back
            and kinds.get((a, b)) == "control action"
            and kinds.get((b, a)) == "feedback"
            and line[0][1] < line[-1][1]
        ):
            yield (line[0][0], line[-1][0]), (back[-1][0], back[0][0])


def test_actions_go_down_left_of_the_feedback_that_comes_back():
    """Where both run alike; two lines that cross, or go round something, keep their sides."""
    pairs = [pair for path in FILES for pair in pairs_of(hc.load(path))]
    alike = [(down, up) for down, up in pairs if (down[0] < up[0]) == (down[1] < up[1])]
    assert len(alike) > 12 and all(down[0] < up[0] for down, up in alike)
