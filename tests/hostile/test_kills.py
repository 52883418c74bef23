"""Processes that are killed while they write: what is there is old or new, and what was begun is ended."""

import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.craft.assemble import load_model
from handcrafted.model.saved import ARRAYS, STRUCTURE
from handcrafted.zoo import find
from handcrafted.zoo.examples import example

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")

SAVING = """
import sys
import handcrafted as hc
from handcrafted.zoo import find
models = []
for off_above in (22.5, 23.0):
    model = hc.assemble(hc.load(find("heated room")))
    model.parameters["thermostat.heat.off_above"] = off_above
    models.append(model)
while True:
    for model in models:
        model.save(sys.argv[1])
        print("saved", flush=True)
"""


@pytest.mark.parametrize(("count", "reads"), [(1, 10), pytest.param(100, 5, marks=pytest.mark.slow)])
def test_who_reads_beside_or_after_a_killed_save_gets_the_old_model_or_the_new_one(count, reads, tmp_path):
    rng, folder = random.Random(count), tmp_path / "model"
    known = {}
    for off_above in (22.5, 23.0):
        model = hc.assemble(hc.load(find("heated room")))
        model.parameters["thermostat.heat.off_above"] = off_above
        known[model.structure] = {name: np.asarray(array).tobytes() for name, array in model.weights.items()}

    def check():
        found = load_model(folder)
        assert {name: np.asarray(array).tobytes() for name, array in found.weights.items()} == known[found.structure]

    for _ in range(count):
        with subprocess.Popen([sys.executable, "-c", SAVING, str(folder)], stdout=subprocess.PIPE) as child:
            try:
                assert child.stdout is not None and child.stdout.readline() == b"saved\n"
                for _ in range(reads):
                    check()  # no read is refused, however the other process goes on
                time.sleep(rng.random() * 0.02)
            finally:
                child.kill()
        assert child.returncode == -signal.SIGKILL
        check()
    visible = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert visible == {ARRAYS, STRUCTURE}


KILLING = """
import hashlib, json, os, pathlib, random, signal, sys, time
import flax, jax, matplotlib.figure
import handcrafted.craft.assemble, handcrafted.view.output, handcrafted.safety.faults.campaign
from handcrafted.cli import main

root, count, commands, resumed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), *map(json.loads, sys.argv[3:])
rng = random.Random(count)

def start(command, name):  # nothing of JAX has run in this process, so that it may be forked
    folder = root / name
    folder.mkdir(exist_ok=True)
    if child := os.fork():
        return child
    try:
        os.chdir(folder)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1), os.dup2(quiet, 2)
        main(command)
    except SystemExit as done:
        os._exit(done.code)
    finally:
        os._exit(9)

def whole(command, name):
    assert os.waitpid(start(command, name), 0)[1] == 0, command
    return digests(name)

def digests(name):
    files = {str(path.relative_to(root / name)): path for path in sorted((root / name).rglob("*")) if path.is_file()}
    seen = {name: path for name, path in files.items() if not path.name.startswith(".") and path.name != "times.csv"}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in seen.items()}

started = time.monotonic()
known = [whole(command, f"known {i}") for i, command in enumerate(commands)]
seconds = (time.monotonic() - started) / len(commands)
left = []
resumed or whole(commands[0], "work")
number = 0
while number < count or (number < count + 5 and not any(in_time for in_time, *_ in left)):
    number += 1
    name = f"work {number}" if resumed else "work"
    child = start(commands[number % len(commands)], name)
    if resumed:  # soon after the first line was kept, or whenever it ends
        begun = time.monotonic()
        while not list((root / name).rglob("*.jsonl")) and time.monotonic() < begun + 60:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.1) * seconds)
    else:
        time.sleep(rng.uniform(0.2, 1.1) * seconds)
    os.kill(child, signal.SIGKILL)
    killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
    seconds *= 1.05 if killed else 0.9  # about two of three are killed in time, however fast the machine has become
    left.append([killed, digests(name), whole(commands[0], name) if resumed else None])
print(json.dumps([known, left, None if resumed else whole(commands[0], "work")]))
"""

FAULTS = """
steps: 2000
faults:
  - {sensor: all, bias: 1.5}
  - {sensor: all, zero: true}
  - {actuator: all, zero: true}
  - {actuator: all, stuck: 1}
  - {sensor: all, delay: 3}
"""


def killed(folder, count, commands, resumed=False):
    """Return what whole commands write, what each that was killed left, and what one then writes in the same folder.

    What was left is whether it was in time, the files, and with `resumed` the files after the same command once more.
    """
    for law in ("comparator", "saturation"):
        example(law).save(folder / f"{law}.yaml")
    (folder / "faults.yaml").write_text(FAULTS)
    run = [sys.executable, "-W", "ignore", "-c", KILLING, folder, str(count), json.dumps(commands), json.dumps(resumed)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def often(few, many):
    """Return how often a command is killed: some times usually, many times in a slow run."""
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.slow)])


def must_be_old_or_new(folder, count, *commands):
    known, left, after = killed(folder, count, commands)
    assert [*known[0]] == [*known[1]] and known[0] != known[1]
    for _, files, _ in left:
        assert files in known, files
    assert after == known[0] and sum(in_time for in_time, *_ in left) > count / 4


@often(20, 500)
def test_a_diagram_is_the_old_one_or_the_new_one(count, tmp_path):
    must_be_old_or_new(tmp_path, count, *(["draw", loop, "-o", "x.svg"] for loop in ("train door", "heated room")))


@often(4, 100)
def test_the_picture_of_a_check_is_the_old_one_or_the_new_one(count, tmp_path):
    must_be_old_or_new(
        tmp_path, count, *(["check", f"../{law}.yaml", "--png", "x.png"] for law in ("comparator", "saturation"))
    )


def must_be_ended(folder, count, command, ledger, timed=False):
    (known,), left, _ = killed(folder, count, [command], resumed=True)
    begun = 0
    for in_time, files, after in left:
        assert all(known[name] == digest for name, digest in files.items() if name != ledger)
        assert {**after, ledger: known[ledger]} == known and (timed or after == known)
        begun += in_time and ledger in files
    assert begun > count / 2


@often(1, 500)
def test_a_campaign_that_was_killed_is_ended_to_the_same_bytes(count, tmp_path):
    command = ["inject", "heated room", "../faults.yaml", "--resume", "-o", "x"]
    must_be_ended(tmp_path, count, command, "x/outcomes.jsonl")


@often(1, 100)
def test_scores_that_were_killed_are_ended_to_the_same_bytes(count, tmp_path):
    command = ["score", "heated room", "--readout", "wiring", "--readout", "patching", "--condition", "none", "-o", "x"]
    must_be_ended(tmp_path, count, command, "x/answers.jsonl", timed=True)
