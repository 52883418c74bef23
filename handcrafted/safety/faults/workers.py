"""Faults that are run by several processes, on this machine or on others, through Dask distributed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from handcrafted.control.numbers import whole
from handcrafted.craft.assemble import assemble
from handcrafted.loading.yamlfile import loads
from handcrafted.safety.faults.fault import Fault
from handcrafted.safety.faults.outcome import Outcome
from handcrafted.safety.faults.runner import Runner
from handcrafted.safety.faults.target import FaultTarget
from handcrafted.text.diagnostics import HandcraftedError, must_be

TOGETHER = 256
"""Faults that a worker is given at a time: what it has done is kept once it has done all of them."""

MAX_WORKERS = 4096

Found = dict[str, Outcome]
"""Outcomes by the words of the fault."""


@dataclass(frozen=True)
class RunnerSpec:
    """All that outcomes depend on but the fault, as plain data that a worker builds a `Runner` from.

    Attributes:
        key: a hash of it, as the runner says it.
        structure: as the text of a file.
        arrays: the raw weights by name.
        options: of `Runner`, after the target.
    """

    key: str
    structure: str = field(repr=False)
    arrays: Mapping[str, np.ndarray] = field(repr=False)
    options: tuple[Any, ...] = field(repr=False)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunnerSpec) and self.key == other.key


@lru_cache(maxsize=2)
def _runner(spec: RunnerSpec) -> Runner:
    """Build a runner in a worker, once for all faults of a campaign.

    Raises:
        HandcraftedError: if it is not the same one, as where the worker has another version.
    """
    model = assemble(loads(spec.structure))
    model.set_weights(model.weights.replace(**spec.arrays))
    runner = Runner(FaultTarget(model), *spec.options)
    if runner.key != spec.key:
        raise HandcraftedError(
            "Expected workers with the same version of everything, got one that makes another loop of the same data. "
            "Install the same versions there."
        )
    return runner


def run(spec: RunnerSpec, faults: Sequence[Fault]) -> Found:
    """Run faults in this process."""
    runner, found = _runner(spec), Found()
    for part in runner.parts(faults):
        found |= {str(fault): outcome for fault, outcome in zip(part.faults, runner.run(part), strict=True)}
    return found


@dataclass(frozen=True)
class Workers:
    """Processes that run faults.

    Attributes:
        count: how many to start here, or 0.
        scheduler: the address of a Dask scheduler to use instead, or nothing.
    """

    count: int = 0
    scheduler: str = ""

    def __post_init__(self) -> None:
        """Check what was given.

        Raises:
            HandcraftedError: if both are given, or one does not fit.
        """
        whole("a whole number of workers", self.count, 0, MAX_WORKERS)
        must_be(self.scheduler, str, "the address of a Dask scheduler, such as `tcp://host:8786`")
        if self.count and self.scheduler:
            raise HandcraftedError(
                "Expected a number of workers or a scheduler, got both. A scheduler has workers of its own: leave the "
                "number out."
            )

    def __bool__(self) -> bool:
        return bool(self.count or self.scheduler)

    def run(self, spec: RunnerSpec, faults: Sequence[Fault]) -> Iterator[Found]:
        """Run faults; give outcomes as they come, in whichever order.

        Raises:
            HandcraftedError: if Dask is not installed, nobody answers at the address, or a worker is lost.
        """
        with self._client() as client:
            from distributed import CancelledError, KilledWorker, as_completed

            [sent] = client.scatter([spec], broadcast=True)
            parts = [faults[first : first + TOGETHER] for first in range(0, len(faults), TOGETHER)]
            running = [client.submit(run, sent, part, pure=False) for part in parts]
            try:
                for done in as_completed(running):
                    yield done.result()
            except (KilledWorker, CancelledError, OSError) as error:
                raise HandcraftedError(
                    f"Expected workers that last, got {type(error).__name__}. What was found so far is kept with "
                    "`store` (`--resume`): begin again, with fewer workers if memory was short."
                ) from None

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Connect to a scheduler, or start one with workers.

        Raises:
            HandcraftedError: if Dask is not installed, or nobody answers.
        """
        try:
            from dask import config
            from distributed import Client, LocalCluster
        except ImportError:
            raise HandcraftedError(
                "Expected the package distributed to run faults by several processes, got none. Install "
                "handcrafted[workers]."
            ) from None
        quiet = {"distributed.logging.distributed": "error", "distributed.worker.memory.terminate": False}
        with config.set(quiet):
            if not self.scheduler:
                options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": logging.ERROR}
                with (
                    _started(lambda: LocalCluster(n_workers=self.count, **options)) as cluster,
                    Client(cluster) as client,
                ):
                    yield client
                return
            try:
                client = Client(self.scheduler, timeout=WAIT)
            except (OSError, ValueError) as error:
                raise HandcraftedError(
                    f"Expected a Dask scheduler at {self.scheduler}, got {type(error).__name__}. Start one with "
                    "`dask scheduler`, and workers with `dask worker ADDRESS`."
                ) from None
            with client:
                yield client


def _started(start: Callable[[], Any]) -> Any:
    """Start processes.

    Raises:
        HandcraftedError: if they do not start.
    """
    try:
        return start()
    except (RuntimeError, OSError) as error:
        raise HandcraftedError(
            f"Expected worker processes to start, got: {error}. Call it from a file, below "
            '`if __name__ == "__main__":`, or use fewer workers.'
        ) from None


WAIT = 10
"""Seconds until a scheduler must have answered."""
