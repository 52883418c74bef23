"""CPU seconds of each command, as a ratio to `python -c "import numpy"`, cold and with what was compiled kept.

    uv run python benchmarks/start.py

Each command runs in a process of its own, with an empty cache folder first and then twice with what the first one left
there; the better of these two counts as warm. The last column says whether the command also works where JAX, Flax and
Optax cannot be imported.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = Path(__file__).with_suffix(".csv")
BLOCKED = """import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("jax", "flax", "optax"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from handcrafted.cli import main
main()
"""
CELL = Path(__file__).with_name("robot_cell.yaml")
"""A structure of 16 unsafe control actions and some 1,000 faults."""

COMMANDS = (
    ["--help"],
    ["schema"],
    ["new", "a loop", "-o", "loop.yaml"],
    ["draw", "train door", "-o", "door.png"],
    ["explain", "train door", "train -> door controller: train motion"],
    ["check", "train door"],
    ["run", "heated room", "--steps", "100"],
    ["analyse", "robot cell"],
)


def seconds(command: list[str], cache: str) -> tuple[float, int]:
    """Return the CPU seconds of a process in an empty folder, and its exit status."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": cache}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.returncode


def main() -> None:
    """Print a line per command, and write them beside this file."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as none:
        numpy = min(seconds([python, "-c", "import numpy"], none)[0] for _ in range(5))
    rows = []
    print(f"import numpy: {numpy:.2f} CPU s")
    print(f"{'command':34}{'cold':>8}{'warm':>8}{'cold / numpy':>14}{'warm / numpy':>14}  without JAX")
    for command in COMMANDS:
        with tempfile.TemporaryDirectory() as cache:
            whole = [python, "-m", "handcrafted", *(str(CELL) if word == "robot cell" else word for word in command)]
            cold, warm = seconds(whole, cache)[0], min(seconds(whole, cache)[0] for _ in range(2))
            bare = seconds([python, "-c", BLOCKED, *command], cache)[1] == 0
        name = " ".join(command[:2])
        rows.append((name, cold, warm, cold / numpy, warm / numpy, bare))
        ratios = f"{cold / numpy:14.1f}{warm / numpy:14.1f}"
        print(f"{name:34}{cold:8.2f}{warm:8.2f}{ratios}  {'yes' if bare else 'no'}", flush=True)
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["command", "cold [CPU s]", "warm [CPU s]", "cold / numpy", "warm / numpy", "without JAX"])
        writer.writerows([row[0], *(f"{x:.3g}" for x in row[1:5]), row[5]] for row in rows)


if __name__ == "__main__":
    main()
