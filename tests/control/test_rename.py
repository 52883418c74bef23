"""What is renamed is renamed wherever the file speaks of it, and nothing else in its text changes."""

import difflib

import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.loading.rename import renamed
from handcrafted.loading.yamlfile import loads
from handcrafted.rollout.environment import world_of
from handcrafted.zoo import bundled, find

ROOM = find("guarded room").read_text(encoding="utf-8")


def names_in(path):
    structure = hc.load(path)
    links = {link.name for _, _, link in structure.links() if link.name}
    ids = {*structure.losses, *structure.hazards, *structure.constraints}
    return {"component": set(structure.components), "signal": links, "id": ids}


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["component", "signal", "id"])
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_names_of_every_loop_can_be_changed_and_changed_back(path, kind, every):
    text = path.read_text(encoding="utf-8")
    for name in sorted(names_in(path)[kind])[::every]:
        other = renamed(text, path.name, name, "quite: another", kind)
        assert name not in names_in_text(other)[kind] and "quite: another" in names_in_text(other)[kind]
        assert loads(renamed(other, path.name, "quite: another", name, kind)) == hc.load(path)
        assert len(other.splitlines()) == len(text.splitlines())
        sources = lambda read: sorted(one.kind for one in world_of(read).measurements.values())
        assert sources(loads(other)) == sources(hc.load(path))  # processes give what they gave


def names_in_text(text):
    structure = loads(text)
    links = {link.name for _, _, link in structure.links() if link.name}
    return {
        "component": set(structure.components),
        "signal": links,
        "id": {*structure.losses, *structure.hazards, *structure.constraints},
    }


def test_nothing_but_the_name_changes():
    other = renamed(ROOM, "room", "landlord", "owner")
    changed = [line for line in difflib.ndiff(ROOM.splitlines(), other.splitlines()) if line[0] in "+-"]
    assert all("landlord" in line if line[0] == "-" else "owner" in line for line in changed)
    assert other.replace("owner", "landlord") == ROOM


OWNED = """
name: two   # of everything
components:
  keeper:
    kind: controller
    level: 0
    process model: {'left': {reads: [A.speed]}, both: {reads: {all named: speed}}}
    control algorithm: {act: {law: linear, reads: [left], parameters: {gains: {left: 0.5}}}}
  A: {kind: sensor, level: 1}
  B: {kind: sensor, level: 1}
control actions: [{name: act, from: keeper, to: B}]
feedback:
  - {name: speed, from: A, to: keeper}
  - {name: "speed", from: B, to: keeper}
unsafe control actions:
  - {id: U, by: keeper, action: act, type: provided, context: {A.speed: {above: 0.5}}}
groups: {all: [A, B]}
"""


def test_owners_and_all_of_a_name_are_renamed_too():
    by_owner = renamed(OWNED, "two", "A", "front")
    assert "reads: [front.speed]" in by_owner and "{front.speed: {above: 0.5}}" in by_owner and "[front, B]" in by_owner
    by_name = renamed(OWNED, "two", "speed", "pace")
    assert "{all named: pace}" in by_name and "A.pace: {above" in by_name and "name: pace, from: B" in by_name
    assert "{gains: {port: 0.5}}" in renamed(OWNED, "two", "left", "port") and "# of everything" in by_name


@pytest.mark.parametrize(
    ("old", "new", "kind", "said"),
    [
        ("C", "D", None, "Expected the name of something, got 'C'"),
        ("keeper", "A", None, "Expected a name that is free, got 'A'"),
        ("act", "\n", None, "Expected a name without control characters"),
        ("keeper", "x", "signal", "Expected the name of something, got 'keeper'"),
    ],
)
def test_what_cannot_be_renamed_is_refused(old, new, kind, said):
    with pytest.raises(hc.HandcraftedError) as error:
        renamed(OWNED, "two", old, new, kind)
    assert said in str(error.value)


def test_a_name_of_two_kinds_needs_the_kind():
    both = OWNED.replace("speed", "A")
    with pytest.raises(hc.HandcraftedError, match="got a component and a signal"):
        renamed(both, "two", "A", "C")
    assert "C.A" in renamed(both, "two", "A", "C", "component") and "A.C" in renamed(both, "two", "A", "C", "signal")


def test_the_command_changes_the_file_or_leaves_it(tmp_path):
    path = tmp_path / "room.yaml"
    path.write_text(ROOM, encoding="utf-8")
    run = lambda *args: CliRunner().invoke(main, ["rename", str(path), *args])
    assert run("nobody", "x").exit_code == 2 and path.read_text(encoding="utf-8") == ROOM
    assert run("landlord", "owner", "-o", str(tmp_path / "other.yaml")).exit_code == 0
    assert path.read_text(encoding="utf-8") == ROOM and "owner" in hc.load(tmp_path / "other.yaml").components
    assert run("landlord", "owner").exit_code == 0 and "owner" in hc.load(path).components
