"""The command line as a user meets it: exit codes, one message on stderr, files all or nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from handcrafted.cli import main
from handcrafted.components.circuit import Neurons
from handcrafted.zoo import bundled, loop_path

DOOR = str(next(path for path in bundled() if path.stem == "train_door"))
HEATED = str(next(path for path in bundled() if path.stem == "heated_room"))


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


def test_check_prints_the_agreed_json():
    result = run("check", DOOR, "--json")
    assert result.exit_code == 0
    (summary,) = json.loads(result.stdout)
    assert list(summary) == [
        "structure", "links", "found", "missing", "extra", "wrong", "outside", "findings", "reproduced", "laws",
        "readouts", "manifest",
    ]  # fmt: skip
    assert (summary["links"], summary["found"], summary["reproduced"]) == (4, 4, True)
    assert set(summary["readouts"]) == {"wiring", "subspace", "patching", "law"}
    for readout in summary["readouts"].values():
        assert readout == {"found": 4, "missing": [], "extra": [], "wrong": [], "reproduced": True}
    assert set(summary["manifest"]) == {"versions", "seed", "sha256"}


def test_a_network_that_does_not_do_its_law_exits_with_1(monkeypatch):
    from handcrafted.components import rows as decision_table

    honest = decision_table.table_rows

    def lazy(*args):
        circuit = honest(*args)
        assert isinstance(circuit.body, Neurons)
        circuit.body.bias[0] -= 1
        return circuit

    monkeypatch.setattr("handcrafted.components.rows.table_rows", lazy)
    result = run("check", DOOR)
    assert result.exit_code == 1
    assert "NOT reproduced" in result.output and "wrong: control action door controller -> door" in result.output


def test_draw_at_the_width_of_a_column(tmp_path):
    done = run("draw", DOOR, "-o", str(tmp_path / "a.png"), "--width", "3.35", "--dpi", "200")
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "a.png") as image:
        assert image.width == 670
    wrong = run("draw", DOOR, "-o", str(tmp_path / "b.png"), "--width", "-1")
    assert wrong.exit_code == 2 and "Expected width from 0.5 to 60, got -1.0" in wrong.output
    assert not (tmp_path / "b.png").exists()


def test_a_bundled_loop_is_found_by_its_name_and_a_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        run("draw", "Train_Door", "-o", "door.dot").exit_code == 0 and "door controller" in Path("door.dot").read_text()
    )
    wrong = run("draw", "train dor", "-o", "no.dot")
    assert wrong.exit_code == 2 and "Did you mean `train door`?" in wrong.output and "Traceback" not in wrong.output
    missing = run("draw", "train_door.yaml", "-o", "no.dot")
    assert missing.exit_code == 2 and "Expected a file that can be read" in missing.output
    Path("train door").write_text(Path(HEATED).read_text())
    assert run("draw", "train door", "-o", "own.dot").exit_code == 0 and "thermostat" in Path("own.dot").read_text()
    assert not Path("no.dot").exists()


@pytest.mark.parametrize("suffix", ["png", "svg", "dot"])
def test_draw_writes_the_picture(tmp_path, suffix):
    target = tmp_path / f"door.{suffix}"
    result = run("draw", DOOR, "-o", str(target))
    assert result.exit_code == 0, result.output
    assert target.stat().st_size > 500


def test_explain_names_the_entries():
    result = run("explain", DOOR, "door controller -> door: open doors")
    assert result.exit_code == 0
    assert "W_out[2, 0, " in result.output and "W_U[" in result.output and "McCulloch" not in result.output
    assert "door controller.open doors.any: y = issued" in result.output


def test_new_gives_a_file_that_checks(tmp_path):
    target = tmp_path / "loop.yaml"
    assert run("new", "my loop", "-o", str(target)).exit_code == 0
    assert run("check", str(target)).exit_code == 0
    before = target.read_text()
    again = run("new", "other", "-o", str(target))
    assert again.exit_code == 2 and "which exists" in again.stderr and target.read_text() == before


def test_schema_is_json():
    assert json.loads(run("schema").stdout)["title"] == "handcrafted control structure"


def bad_files(folder):
    (folder / "bad.yaml").write_text("name: x\ncomponets: {}\n")
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    return folder


BAD = {
    "a missing file": (("check", "no.yaml"), "No such file"),
    "an unknown key": (
        ("check", "bad.yaml"),
        "line 2: Expected a known key, got `componets`. Did you mean `components`?",
    ),
    "a binary file": (("draw", "binary.yaml", "-o", "x.png"), "binary data"),
    "an unknown suffix": (("draw", DOOR, "-o", "x.jpeg"), "Expected"),
    "no output": (("draw", DOOR), "Missing option"),
    "an unknown command": (("chek",), "No such command"),
    "a name that would leave the folder": (("new", "../x"), "Name the file with -o"),
    "an unknown link": (("explain", DOOR, "a -> b: c"), "train -> door controller: emergency"),
    "one picture for several loops": (("check", DOOR, DOOR, "--png", "x.png"), "Name a folder"),
    "a name that cannot be one": (("new", "a\nb"), "without control characters"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_exits_with_2_and_one_message(case, tmp_path, monkeypatch):
    monkeypatch.chdir(bad_files(tmp_path))
    before = sorted(tmp_path.iterdir())
    arguments, words = BAD[case]
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert words in result.stderr and "Traceback" not in result.output
    assert result.stderr.count("Error: ") == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", ["check", "circuits", "doctor", "draw", "explain", "new", "schema"])
def test_help_has_an_example(command):
    assert "Example: handcrafted " in run(command, "--help").output


def test_run_prints_a_table_and_writes_a_picture_or_numbers(tmp_path):
    result = run("run", HEATED, "--steps", "40", "-o", str(tmp_path / "trace.csv"))
    assert result.exit_code == 0, result.output
    assert "heated room: 40 steps" in result.output and "room.temperature" in result.output
    lines = (tmp_path / "trace.csv").read_text().splitlines()
    assert len(lines) == 41 and lines[0].startswith("time,true state: room.temperature")
    again = run("run", HEATED, "--steps", "40", "-o", str(tmp_path / "again.csv"))
    other = run("run", HEATED, "--steps", "40", "--seed", "1", "-o", str(tmp_path / "other.csv"))
    assert again.exit_code == other.exit_code == 0
    assert (tmp_path / "again.csv").read_text().splitlines() == lines
    assert (tmp_path / "other.csv").read_text().splitlines() != lines
    for suffix, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        path = tmp_path / f"trace.{suffix}"
        assert run("run", HEATED, "--steps", "40", "-o", str(path)).exit_code == 0
        assert path.read_bytes().startswith(start)


def test_run_says_what_left_its_range(tmp_path):
    cold = tmp_path / "cold.yaml"
    cold.write_text(Path(HEATED).read_text().replace("inputs: {heat: 25}", "inputs: {heat: -25}"))
    result = run("run", str(cold), "--steps", "200")
    assert result.exit_code == 0 and "room.temperature (true) left its range 0 … 40 degC at step" in result.output
    assert "left its range" not in run("run", HEATED, "--steps", "200").output


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        (("value: 10", "value: 0"), (), "greater than 0"),
        (("on below: 19", "on below: 22"), (), "Expected `on below` at or under `off above`, got 22 and 21"),
        (("time constant: 600", "time constant: -1"), (), "greater than 0"),
        (("initial: 15\n", "initial: 55\n"), (), "within its range 0 … 40 degC, got 55"),
        (("", ""), ("--steps", "0"), "0 is not in the range x>=1"),
        (("", ""), ("--seed", "-1"), "-1 is not in the range x>=0"),
        (("", ""), ("-o", "trace.jpg"), "Expected a suffix out of .png, .svg, .pdf, .csv"),
        (("", ""), ("-o", "no/such/folder/trace.csv"), "Expected a place to write to"),
    ],
)
def test_run_refuses_with_one_message(tmp_path, monkeypatch, change, arguments, words):
    monkeypatch.chdir(tmp_path)
    Path("room.yaml").write_text(Path(HEATED).read_text().replace(*change))
    result = run("run", "room.yaml", *arguments)
    assert result.exit_code == 2 and words in result.stderr and "Traceback" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["room.yaml"]


def test_check_prints_feedback_loops():
    result = run("check", HEATED)
    assert "balancing loop through the process, 1 step round" in result.output
    assert "reinforcing loop inside the network" in result.output


def test_circuits_prints_formula_arrays_and_errors_of_one_law():
    result = run("circuits", "dead band")
    assert result.exit_code == 0 and "y = r(x - 1) - r(-x - 1)" in result.output
    assert "[[ 1. -1.]]" in result.output and "proved" in result.output


def test_circuits_of_an_unknown_law():
    result = run("circuits", "dead bnd")
    assert result.exit_code == 2 and "Did you mean `dead band`" in result.output and "Traceback" not in result.output


def test_a_terminal_without_a_name_s_letters_gets_them_written_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner(charset="cp1252").invoke(main, ["new", "ключ"])
    assert done.exit_code == 0 and done.stdout == r"wrote \u043a\u043b\u044e\u0447.yaml" + "\n"
    assert Path("ключ.yaml").exists()


BROKEN = "name: x\ncomponets: {}\n"


@pytest.fixture
def mixed(tmp_path, monkeypatch):
    """Return files in a folder of which some can be used, good ones first, in the middle and last."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "sub/a"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(f"{name}.yaml").write_text(Path(HEATED).read_text().replace("name: heated room", f"name: room {name}"))
    Path("bad.yaml").write_text(BROKEN)
    return ["a.yaml", "bad.yaml", "b.yaml", "no.yaml", "no such loop", "sub/a.yaml"]


def test_a_bad_file_loses_no_answer_in_json(mixed):
    done = run("check", "--json", *mixed)
    said = json.loads(done.stdout)
    assert done.exit_code == 2 and "Traceback" not in done.output
    assert [one.get("structure") for one in said] == ["room a", None, "room b", None, None, "room sub/a"]
    assert all(one["reproduced"] for one in said if "structure" in one)
    assert [sorted(one) for one in said if "structure" not in one] == [["error", "file"]] * 3
    assert said[1] == {
        "file": "bad.yaml",
        "error": "bad.yaml, line 2: Expected a known key, got `componets`. Did you mean `components`?",
    }
    assert done.stderr.count("Error: ") == 3 and "got 'no such loop'" in done.stderr


def test_a_bad_file_loses_no_answer_in_the_table_and_no_picture(mixed):
    done = run("check", *mixed, "--png", "pictures")
    assert done.exit_code == 2 and done.stderr.count("Error: ") == 3
    assert done.stdout.count(" reproduced") == 3 and done.stdout.count("wrote ") == 3
    assert sorted(path.name for path in Path("pictures").iterdir()) == ["a#2.png", "a.png", "b.png"]


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_checked(mixed, monkeypatch):
    monkeypatch.setattr("handcrafted.cli.check._check_one", None)
    done = run("check", "a.yaml", "b.yaml", "--png", "bad.yaml")
    assert done.exit_code == 2 and "Expected to read or write bad.yaml, got: File exists" in done.stderr


def test_a_bad_file_loses_no_score(mixed):
    done = run("score", *mixed, "--readout", "wiring", "--condition", "permuted", "-o", "scores")
    assert done.exit_code == 2, done.output
    assert done.stderr.count("Error: ") == 4 and "Expected files of different names, got a twice" in done.stderr
    rows = Path("scores/scoreboard.csv").read_text().splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {"a", "b"}
    assert run("score", "bad.yaml").exit_code == 2


WITHOUT_JAX = """import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("jax", "flax", "optax"):
            raise ImportError(f"{name} is not to be imported")
sys.meta_path.insert(0, Refuse())
from handcrafted.cli import main
main()
"""


def without_jax(*words, folder=None):
    return subprocess.run([sys.executable, "-c", WITHOUT_JAX, *words], cwd=folder, capture_output=True, text=True)


COMMANDS = (
    "--help", "schema", "doctor", "new a", "draw heated_room -o a.png", "check heated_room --png a.png",
    "explain heated_room --equations",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_what_compiles_nothing_runs_where_jax_cannot_be_imported(tmp_path, command):
    words = command.replace("heated_room", str(loop_path("heated room"))).split()
    done = without_jax(*words, folder=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_doctor_says_what_is_there_and_what_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr("handcrafted.cli.doctor.find_spec", lambda name: None)
    for tool in ("dot", "cc"):
        (tmp_path / tool).write_text("")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    done = run("doctor")
    assert done.exit_code == 0 and f"Graphviz at {tmp_path}/dot" in done.output
    assert f"folded, in C by {tmp_path}/cc" in done.output
    monkeypatch.setenv("CC", "")
    assert "folded, in XLA: CC is empty" in run("doctor").output
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    done = run("doctor")
    assert done.exit_code == 1 and "not found: install Graphviz" in done.output
    assert "folded, in XLA: no C compiler is found" in done.output


def test_a_check_says_the_same_where_jax_cannot_be_imported(tmp_path):
    loops = "train door", "guarded room", "heated room"
    done = without_jax("check", "--json", *loops)
    assert done.returncode == 0 and json.loads(done.stdout) == json.loads(run("check", "--json", *loops).stdout)
    assert [one["reproduced"] for one in json.loads(done.stdout)] == [True] * 3
    explained = without_jax("explain", "train door", "train -> door controller: train motion")
    assert explained.stdout == run("explain", "train door", "train -> door controller: train motion").stdout


def test_a_simulation_does_not_run_where_jax_cannot_be_imported(tmp_path):
    """So the block does block."""
    done = without_jax("run", str(loop_path("heated room")), "--steps", "3", folder=tmp_path)
    assert done.returncode != 0 and "jax is not to be imported" in done.stderr
