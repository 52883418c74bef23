"""Many runs of a closed loop on many devices, of this machine or of several: each device has its share of the runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax import Array
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from handcrafted.control.graph import Signal
from handcrafted.control.library import compiled
from handcrafted.model.names import Names
from handcrafted.rollout.environment import Environment
from handcrafted.rollout.loop import ClosedLoop, Runnable, StepRecord, run_steps
from handcrafted.text.diagnostics import must_be


class Shares:
    """How the runs of a loop are shared out.

    Where they are not as many as a multiple of the devices, the last one fills up.

    Args:
        mesh: the devices, of which every axis counts.
        runs: how many.

    Raises:
        HandcraftedError: if it is no mesh.
    """

    def __init__(self, mesh: Mesh, runs: int):
        must_be(mesh, Mesh, 'the devices as a `jax.sharding.Mesh`, such as `jax.make_mesh((8,), ("runs",))`')
        self.mesh, self.runs = mesh, runs
        self.spare = -runs % mesh.size
        self.sharding = NamedSharding(mesh, PartitionSpec(mesh.axis_names))

    def spread(self, tree: Any) -> Any:
        """Place arrays [run, …] on the devices; every process gives all of them, and keeps its own."""

        def placed(array: Any) -> Array:
            full = np.asarray(array)
            filled = np.concatenate([full, np.repeat(full[-1:], self.spare, axis=0)])
            return jax.make_array_from_callback(filled.shape, self.sharding, lambda at: filled[at])

        return jax.tree.map(placed, tree)

    def gathered(self, tree: Any) -> Any:
        """Return arrays [run, …] of all devices in numpy, to every process."""
        whole = multihost_utils.process_allgather(tree, tiled=True) if jax.process_count() > 1 else jax.device_get(tree)
        return jax.tree.map(lambda array: array[: self.runs], whole)


@compiled("world", "names", "steps", "mesh")
def run_sharded(
    network: Runnable,
    world: Environment,
    names: Names,
    loop: ClosedLoop,
    moving: Mapping[Signal, Array],
    kept: Array,
    steps: int,
    mesh: Mesh,
) -> tuple[ClosedLoop, StepRecord]:
    """Run steps of the closed loop as `run_steps` does, on every device those of the runs that it holds."""

    def own(network: Runnable, loop: ClosedLoop, moving: Mapping[Signal, Array], kept: Array) -> Any:
        return run_steps(network, world, names, loop, moving, kept, steps)

    all_of, each = PartitionSpec(), PartitionSpec(mesh.axis_names)
    share = jax.shard_map(own, mesh=mesh, in_specs=(all_of, each, each, all_of), out_specs=each, check_vma=False)
    return share(network, loop, moving, kept)
