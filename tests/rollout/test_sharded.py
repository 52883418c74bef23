"""Runs that are shared out over devices, of one process and of two, are the runs of a single device, bit for bit."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.rollout import sharded
from handcrafted.zoo import find

COMMON = """
import sys
import jax, numpy as np
import handcrafted as hc
from handcrafted.rollout import sharded

def numbers(trace):
    groups = trace.state, trace.measured, trace.believed, trace.command, trace.disturbance
    return np.concatenate([np.asarray(array, np.float64).ravel() for group in groups for array in group.values()
                           if np.asarray(array).dtype.kind in "fib"])
"""

EIGHT = """
for name in ("heated room", "guarded room"):
    model, mesh = hc.assemble(hc.load(name)), jax.make_mesh((2, 4), ("hosts", "chips"))
    held, gathered = [], sharded.Shares.gathered
    sharded.Shares.gathered = lambda self, tree: (held.extend(jax.tree.leaves(tree)), gathered(self, tree))[1]
    one, many = (hc.simulate(model, steps=30, runs=101, seed=3, mesh=m) for m in (None, mesh))
    assert many.runs == 101 and np.array_equal(numbers(one), numbers(many)), name
    shares = {shard.data.shape[0] for array in held for shard in array.addressable_shards}
    assert all(len(array.sharding.device_set) == 8 for array in held) and shares == {13}, shares
    sharded.Shares.gathered = gathered
print("same")
"""

TWO = """
jax.distributed.initialize(sys.argv[1], num_processes=2, process_id=int(sys.argv[2]))
assert jax.process_count() == 2 and jax.device_count() == 4 and len(jax.local_devices()) == 2
model = hc.assemble(hc.load("heated room"))
trace = hc.simulate(model, steps=30, runs=9, seed=3, mesh=jax.make_mesh((4,), ("runs",)))
alone = hc.simulate(model, steps=30, runs=9, seed=3)
assert np.array_equal(numbers(trace), numbers(alone))
print("same")
"""


def started(text, devices, *arguments):
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", COMMON + text, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def must_end_well(process):
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0 and "same" in said, said


def test_eight_devices_give_what_one_gives_and_each_has_its_share():
    must_end_well(started(EIGHT, 8))


def test_two_processes_give_what_one_gives():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    pair = [started(TWO, 2, address, str(number)) for number in range(2)]
    for process in pair:
        must_end_well(process)


def test_each_run_has_disturbances_of_its_own_whatever_the_number_of_runs():
    model = hc.assemble(hc.load(find("heated room")))
    few, more = (hc.simulate(model, steps=20, runs=runs) for runs in (3, 5))
    assert few.runs == 3 and np.array_equal(few.state["temperature"], more.state["temperature"][:3])
    assert len({tuple(row) for row in more.disturbance["room.disturbance"].tolist()}) == 5
    one = hc.simulate(model, steps=20, runs=1)
    assert one.state["temperature"].shape == (1, 20) and not np.array_equal(
        few.state["temperature"][0], few.state["temperature"][1]
    )


@pytest.mark.parametrize(
    "options, said",
    [
        ({"runs": 0}, "Expected a whole number of runs"),
        ({"runs": 2.5}, "Expected a whole number of runs"),
        ({"runs": 3, "initial": {"temperature": [15.0, 16.0]}}, "Expected one number of runs, got 3 for `runs` and 2"),
        ({"mesh": 8}, "Expected the devices as a `jax.sharding.Mesh`"),
    ],
)
def test_what_does_not_fit_is_refused(options, said):
    model = hc.assemble(hc.load(find("heated room")))
    with pytest.raises(hc.HandcraftedError, match=said):
        hc.simulate(model, steps=5, **options)


def test_runs_that_do_not_fill_the_devices_are_filled_up_and_cut_off_again():
    class Four(sharded.Shares):
        def __init__(self):
            self.runs, self.spare = 5, 3

    assert Four.gathered(Four(), {"a": np.arange(8)})["a"].tolist() == [0, 1, 2, 3, 4]
