"""Under other settings of JAX the numbers keep their bits; in a forked process nothing hangs: it is said what to do."""

import json
import os
import subprocess
import sys

import pytest

EVERYTHING = """
import hashlib, json, sys
import jax
import numpy as np
import handcrafted as hc
from handcrafted.readout.registry import registered
from handcrafted.safety.faults.faultlist import FaultList
from handcrafted.zoo import find

def digest(thing):
    found = hashlib.sha256()
    for leaf in jax.tree.leaves(thing):
        array = np.asarray(leaf)
        found.update(leaf.encode() if isinstance(leaf, str) else array.tobytes() + str(array.dtype).encode())
    return found.hexdigest()

KINDS = "state", "measured", "believed", "command", "remembered"
def run(engine, **given):
    trace = hc.simulate(model, steps=30, engine=engine, **given)
    return [{str(signal): values for signal, values in getattr(trace, kind).items()} for kind in KINDS]

model = hc.assemble(hc.load(find(sys.argv[1])))
found = {
    "folded": run("folded"),
    "dense": run("dense"),
    "runs": run("dense", initial={"temperature": [18.0, 21.5]}),
    "call": model(np.full((5, len(model.names.inputs)), 20.0, np.float32)),
    "batch": model(np.full((2, 5, len(model.names.inputs)), 20.0, np.float32))[0],
}
if len(sys.argv) > 2:
    recovered = hc.recover(model, readouts=[*registered()])
    found["comparison"] = str(hc.compare(model.structure, recovered))
    listed = FaultList.model_validate({"faults": [{"sensor": "all", "bias": 1.5}], "steps": 30})
    found["faults"] = [str(outcome) for outcome in hc.inject(model, listed).outcomes]
    found["stpa"] = str(hc.analyse(model))
print(json.dumps({name: digest(value) for name, value in found.items()}))
"""

STRICT = {
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_NUMPY_DTYPE_PROMOTION": "strict",
    "JAX_DEBUG_NANS": "1",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
}
OTHER = [
    STRICT,
    {"JAX_ENABLE_X64": "1"},
    *[pytest.param({name: value}, marks=pytest.mark.slow) for name, value in STRICT.items()],
    pytest.param({"JAX_DEFAULT_MATMUL_PRECISION": "tensorfloat32"}, marks=pytest.mark.slow),
]


def child(*command, **flags):
    """Run Python in a process of its own, with other settings of JAX."""
    usual = {name: value for name, value in os.environ.items() if name not in (*STRICT, "JAX_ENABLE_X64")}
    run = [sys.executable, *map(str, command)]
    done = subprocess.run(run, env=usual | flags, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def numbers(*words, program=EVERYTHING, **flags):
    """Return the digest of everything that the program computes."""
    return json.loads(child("-c", program, *words, **flags))


@pytest.fixture(
    scope="module", params=[("guarded room",), pytest.param(("guarded room", "all"), marks=pytest.mark.slow)]
)
def usual(request):
    """Return what is to be run, and what comes out without other settings."""
    return request.param, numbers(*request.param)


@pytest.mark.parametrize("flags", OTHER, ids=lambda flags: "+".join(flags))
def test_other_settings_of_jax_leave_every_bit_as_it_is(usual, flags):
    words, expected = usual
    assert numbers(*words, **flags) == expected


def test_one_other_bit_would_be_seen(usual):
    words, expected = usual
    found = numbers(*words, program=EVERYTHING.replace("inputs)), 20.0", "inputs)), 20.000002"))
    assert {name for name in expected if found[name] != expected[name]} == {"call", "batch"}


PROCESSES = """
import multiprocessing, sys, warnings
warnings.simplefilter("ignore")  # JAX's own, of forks
import handcrafted as hc
from handcrafted.zoo import find

def work(off_above):
    model = hc.assemble(hc.load(find("heated room")))
    model.parameters["thermostat.heat.off_above"] = off_above
    return float(hc.simulate(model, steps=50, engine="dense").state["temperature"].sum())

def outcome(off_above):
    try:
        return work(off_above)
    except hc.HandcraftedError as error:
        return str(error)

if __name__ == "__main__":
    here = work(22.0) if sys.argv[2] == "started" else None
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        there = pool.map(outcome, [22.0, 23.0])
    print(here, *there, sep=chr(10))
"""


def processes(folder, method, before):
    """Return what was computed here, and what in a process that was started by that method."""
    path = folder / "processes.py"
    path.write_text(PROCESSES)
    return child(path, method, before).split("\n")[:3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no such way to start a process")
def test_a_process_forked_from_one_in_which_jax_ran_is_told_to_be_spawned(tmp_path):
    here, *there = processes(tmp_path, "fork", "started")
    assert float(here) > 900
    assert there == [there[0]] * 2 and "got one forked" in there[0] and 'get_context("spawn")' in there[0]


@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=pytest.mark.slow)])
def test_processes_started_anew_or_before_jax_compute_the_same(method, tmp_path):
    here, *there = processes(tmp_path, method, "started" if method == "spawn" else "not started")
    assert here in (there[0], "None") and 900 < float(there[0]) < float(there[1])
