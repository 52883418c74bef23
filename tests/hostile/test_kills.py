"""Processes that are killed while they save: the folder then holds the old model or the new one, never a mixture."""

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


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
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
