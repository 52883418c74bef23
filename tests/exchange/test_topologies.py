"""Shapes of control structures that published analyses have and the bundled loops have not; no law is stated in any."""

import itertools
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.loading.yamlfile import loads

FILES = sorted((Path(__file__).parents[1] / "data" / "topologies").glob("*.yaml"))


def shape(boxes, *arrows):
    """Return a structure of boxes (`name: kind level [in box]`) and arrows (`kind name: a > b`)."""
    keys = {"act": "control actions", "tell": "feedback", "other": "other inputs"}
    found = {"name": "a shape", "components": {}, **{key: [] for key in keys.values()}}
    for box in boxes:
        name, kind, level, *inside = box.replace(":", "").split()
        found["components"][name] = {"kind": kind, "level": int(level), **({"inside": inside[1]} if inside else {})}
    for arrow in arrows:
        kind, name, sender, _, receiver = arrow.replace(":", "").split()
        found[keys[kind]].append({"name": name, "from": sender, "to": receiver})
    return loads(json.dumps({key: part for key, part in found.items() if part}))


def peers(count):
    """Controllers side by side, each telling the next, the last telling the first."""
    names = [f"p{i}" for i in range(count)]
    boxes = [*(f"{name}: controller 0" for name in names), "car: process 1"]
    acts = [arrow for n in names for arrow in (f"act do-{n}: {n} > car", f"tell see-{n}: car > {n}")]
    return shape(
        boxes, *acts, *(f"other say-{a}: {a} > {b}" for a, b in zip(names, [*names[1:], names[0]], strict=True))
    )


def below(top, count):
    """Peers that talk both ways under one or two superiors."""
    bosses, names = [f"b{i}" for i in range(top)], [f"p{i}" for i in range(count)]
    boxes = [*(f"{b}: controller 0" for b in bosses), *(f"{n}: controller 1" for n in names), "car: process 2"]
    told = [f"act order-{b}-{n}: {b} > {n}" for b in bosses for n in names]
    acts = [arrow for n in names for arrow in (f"act do-{n}: {n} > car", f"tell see-{n}: car > {n}")]
    return shape(boxes, *told, *acts, "other ask: p0 > p1", "other answer: p1 > p0")


def chain(count):
    """Sensors of one level that hand on what the last measures."""
    names = ["c", *(f"s{i}" for i in range(count)), "body"]
    boxes = ["c: controller 0", *(f"s{i}: sensor 1" for i in range(count)), "body: process 2"]
    return shape(boxes, "act dose: c > body", *(f"tell report: {b} > {a}" for a, b in itertools.pairwise(names)))


def downwards(count):
    """Data that go down, level by level, to controllers that act on something of their own."""
    boxes = ["a: controller 0", "m: process 1", *(f"r{i}: controller {2 + i}" for i in range(count)), "s: process 9"]
    down = (arrow for i in range(count) for arrow in (f"tell data{i}: m > r{i}", f"act paint{i}: r{i} > s"))
    return shape(boxes, "act update: a > m", *down)


def nested(count):
    """Boxes in boxes, a controller in the innermost."""
    outer = [f"o{i}: controller {i + 1}" + (f" in o{i - 1}" if i else "") for i in range(count)]
    boxes = ["top: controller 0", *outer, f"low: controller {count + 1} in o{count - 1}", "road: process 9"]
    return shape(
        boxes, "act permit: top > low", "act steer: low > road", "tell seen: road > low", "tell state: low > top"
    )


VARIANTS = {
    "three peers": peers(3), "four peers": peers(4), "two superiors": below(2, 2), "three below": below(1, 3),
    "chain of two": chain(2), "chain of five": chain(5), "down to one": downwards(1), "down to three": downwards(3),
    "in two boxes": nested(2), "in four boxes": nested(4),
}  # fmt: skip


def must_be_read_back(structure, path):
    """Check that a structure is read back and drawn, that no law is claimed, and that a cut arrow is missed."""
    model = hc.assemble(structure)
    found = hc.compare(structure, hc.recover(model))
    assert found.reproduced and "no law is stated" in found.how
    svg = hc.draw(structure, path).read_text()
    assert all(f">{name}<" in svg for name in structure.components)
    raw = model.weights.numpy()
    raw.W_V[:, 0] = 0  # the first head of each layer
    model.set_weights(raw)
    assert not hc.compare(structure, hc.recover(model)).reproduced


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_read_back_and_drawn_no_law_is_claimed_and_a_cut_arrow_is_missed(path, tmp_path):
    must_be_read_back(hc.load(path), tmp_path / "x.svg")
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 0 and "placeholder" in done.output


@pytest.mark.parametrize("name", VARIANTS)
def test_so_are_two_more_of_each_kind(name, tmp_path):
    must_be_read_back(VARIANTS[name], tmp_path / "x.svg")


def test_five_are_there():
    assert len(FILES) == 5
