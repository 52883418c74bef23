"""Disks that are full and folders that may not be written to: words, exit code 2, and the old file where one was."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.zoo import find
from handcrafted.zoo.examples import example

resource = pytest.importorskip("resource", reason="the limits of files are those of Unix")

FULL = """
import json, os, resource, sys
from click.testing import CliRunner
from handcrafted.cli import main

limit, commands = int(sys.argv[1]), json.loads(sys.argv[2])
said = []
for command in commands:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    done = CliRunner().invoke(main, command)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    said.append([done.exit_code, done.output])
print(json.dumps(said))
"""

FAULTS = "steps: 200\nfaults: [{sensor: all, bias: 1.5}, {sensor: all, zero: true}, {actuator: all, stuck: 1}]\n"


def in_full_disk(folder, limit, *commands):
    """Return the exit code and the output of commands that cannot write more than so many bytes into a file."""
    run = [sys.executable, "-B", "-c", FULL, str(limit), json.dumps(commands)]  # Python would keep half a module
    alone = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(folder.parent / "compiled")}  # and JAX half a program
    done = subprocess.run(run, capture_output=True, text=True, cwd=folder, check=False, env=alone)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def files(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_full_disk_is_said_and_leaves_the_old_file(tmp_path):
    example("comparator").save(tmp_path / "c.yaml")
    for name in ("old.svg", "old.png", "old.csv", "old.stpa", "old.yaml"):
        (tmp_path / name).write_bytes(b"old")
    before = files(tmp_path)
    commands = [
        ["draw", "c.yaml", "-o", "old.svg"], ["draw", "c.yaml", "-o", "new.svg"], ["draw", "c.yaml", "-o", "old.png"],
        ["check", "c.yaml", "--png", "old.png"], ["run", "heated room", "-o", "old.csv"],
        ["export", "train door", "-o", "old.stpa"], ["new", "tank", "-o", "old.yaml"],
        ["rename", "c.yaml", "controller", "x" * 100],
    ]  # fmt: skip
    for command, (code, said) in zip(commands, in_full_disk(tmp_path, 200, *commands), strict=True):
        assert code == 2 and "Expected" in said and "Traceback" not in said, (command, code, said)
    assert files(tmp_path) == before


def test_a_campaign_on_a_full_disk_goes_on_once_there_is_room(tmp_path):
    (tmp_path / "f.yaml").write_text(FAULTS)
    command = ["inject", "heated room", "f.yaml", "--resume", "-o"]
    ((code, said),) = in_full_disk(tmp_path, 900, [*command, "x"])
    assert code == 2 and "Traceback" not in said and "Expected" in said, said
    assert 0 < (tmp_path / "x" / "outcomes.jsonl").stat().st_size <= 900
    assert [code for code, _ in in_full_disk(tmp_path, 10**9, [*command, "x"], [*command, "y"])] == [0, 0]
    contents = lambda name: {path.name: content for path, content in files(tmp_path / name).items()}
    assert contents("x") == contents("y")


@contextmanager
def somebody():
    """Be a user who owns nothing, where one may choose; root may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_not_be_written_to_is_said():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = hc.assemble(hc.load(find("heated room")))
        model.save(folder / "model")
        (folder / "old.svg").write_bytes(b"old")
        (folder / "before").mkdir()
        targets = {
            "old.svg": ["draw"],
            "new.svg": ["draw"],
            "new.png": ["draw"],
            "made": ["inject", "--sample", "1"],
            "x.csv": ["run"],
        }
        for target, command in targets.items() if os.geteuid() == 0 else ():  # nobody may not import what is root's
            CliRunner().invoke(main, [*command, "heated room", "-o", str(folder / "before" / target)])
        before = files(folder)
        for path in (folder / "model", folder):
            path.chmod(0o555)
        try:
            with somebody():
                for target, command in targets.items():
                    done = CliRunner().invoke(main, [*command, "heated room", "-o", str(folder / target)])
                    assert done.exit_code == 2 and "Permission denied" in done.output, done.output
                for target in (folder / "model", folder / "made"):
                    with pytest.raises(hc.HandcraftedError, match="Permission denied"):
                        model.save(target)
                assert hc.load_model(folder / "model").structure == model.structure
        finally:
            folder.chmod(0o755)
        assert files(folder) == before
