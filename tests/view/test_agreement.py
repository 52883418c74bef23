"""Statuses can be told apart by colour and, in black and white, by the line."""

import re

import pytest

import handcrafted as hc
from handcrafted.control.graph import Signal
from handcrafted.control.resolved import Finding
from handcrafted.loading.zoom import Zoom
from handcrafted.verdict.comparison import Status
from handcrafted.view.agreement import (
    LOOKS,
    MAX_FINDINGS,
    MEANING,
    OUTSIDE,
    UNDERMINED,
    UNUSED,
    comparison_diagrams,
    judged,
    legend,
    remarks,
)
from handcrafted.view.engine import render
from handcrafted.view.joined import places
from handcrafted.view.lawbox import OFF
from tests.loops import heated_room, recompare, train_door
from tests.view.statements import arrow_with, label_with
from tests.view.structures import comparison, lane_keeping


def whole(comparison):
    """Return a comparison and the view of it in which nothing is collapsed."""
    return comparison, Zoom(comparison.structure)


def diagrams(comparison):
    return comparison_diagrams(*whole(comparison))


def alike(looks):
    """Name pairs of statuses that share a colour, or share both style and width."""
    pairs = [(a, b) for a in looks for b in looks if a < b]
    same = lambda a, b: a.color == b.color or (a.style, a.width) == (b.style, b.width)
    return [(a, b) for a, b in pairs if same(looks[a], looks[b])]


def test_every_status_has_its_own_colour_and_line():
    assert set(LOOKS) == {*Status, UNUSED, UNDERMINED, OUTSIDE}
    assert alike(LOOKS) == []


def test_sabotage_missing_drawn_like_found_is_noticed():
    assert alike({**LOOKS, Status.MISSING: LOOKS[Status.FOUND]})


@pytest.mark.parametrize(
    "name, status",
    [
        ("mode request", Status.MISSING),
        ("enable steering", Status.WRONG),
        ("mode", Status.FOUND),
        ("leak", Status.EXTRA),
        ("torque", OUTSIDE),
    ],
)
def test_arrows_on_the_right_have_the_look_of_their_status(name, status):
    left, right = diagrams(comparison())
    edge = arrow_with(right, name)
    look = LOOKS[status]
    assert f'color="{look.color}"' in edge and f'style="{look.style}"' in edge and f'penwidth="{look.width:g}"' in edge
    assert all(look.color not in left for look in LOOKS.values())


def test_reason_stands_beside_what_is_wrong():
    _, right = diagrams(comparison())
    assert "(sign is -1)" in right


def test_extra_is_unseen_on_the_left():
    left, _ = diagrams(comparison())
    assert 'color="#ffffff00"' in arrow_with(left, "leak")
    assert 'COLOR="#ffffff00">leak' in label_with(left, "leak")


def test_both_sides_have_the_same_places():
    place = lambda dot: re.findall(r"^node (\S+|\"[^\"]*\") (\S+ \S+ \S+ \S+)", render(dot, "plain").decode(), re.M)
    left, right = diagrams(comparison())
    assert place(left) == place(right)


def test_legend_counts():
    text = legend(*whole(comparison()))
    assert "missing (1)" in text and "wrong (1)" in text and "extra (1)" in text and "outside the network (3)" in text


def test_remarks_are_cut_after_a_few():
    some = comparison()
    assert "no head copies it" in (remarks(*whole(some)) or "")
    findings = tuple(Finding("unread", f"finding & {number} " + "word " * 60) for number in range(9))
    many = type(some)(some.links, some.structure, {}, (), findings)
    text = remarks(*whole(many)) or ""
    assert text.count("•") == MAX_FINDINGS and "and 6 more" in text and "&amp;" in text
    assert render(text, "svg")


def test_nothing_to_remark():
    bare = comparison(lane_keeping())
    assert remarks(*whole(type(bare)(bare.links[2:3], bare.structure, {}))) is None


def test_an_extra_way_of_a_found_link_hides_neither():
    """A leak may bear the name of an intended link: both are drawn, and both are counted."""
    structure, model = train_door()

    def leak(w):
        w.W_in[2, model.names.find(Signal("train", "feedback", "emergency"))[0], 0] = 0.5

    comparison = recompare(structure, model, leak)
    statuses = [status for id, status, _ in judged(*whole(comparison)) if id.name == "emergency"]
    assert statuses == ["found", "extra"]
    assert all("emergency" in side for side in diagrams(comparison))


def test_both_sides_stand_in_the_middle_above_a_wide_legend():
    corners, size = places([(10, 20), (10, 15), (60, 5)], 4)
    assert corners == [(18, 0), (32, 0), (0, 22)] and size == (60, 27)


def test_a_decision_that_goes_by_what_is_missing_is_not_plainly_found():
    """The feedback is cut, and what is left of the hysteresis is `heat = 1`."""
    structure, model = heated_room()
    cut = recompare(structure, model, lambda w: w.W_V[0, 0].fill(0))
    zoom = Zoom(structure)
    looks = {id.name: (status, reason) for id, status, reason in judged(cut, zoom)}
    assert looks["heat"] == (UNDERMINED, "decided as its law says, but without temperature, which is missing")
    _, right = comparison_diagrams(cut, zoom)
    assert "recovered law, not as intended" in right and f'COLOR="{OFF}"><B>heat</B>' in right
    assert MEANING[UNDERMINED] in legend(cut, zoom) and "without temperature" in str(remarks(cut, zoom))
    whole = hc.compare(structure, hc.recover(model))
    assert UNDERMINED not in [status for _, status, _ in judged(whole, zoom)]
    assert OFF not in comparison_diagrams(whole, zoom)[1] and MEANING[UNDERMINED] not in legend(whole, zoom)
