"""How a case is run: so many of a kind, each within a time, all of them within a memory."""

import resource
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

EVERY: Any = list(HealthCheck)

SECONDS = 60.0
"""For one case; the machine may be busy with others."""

USUAL = 300
"""Up to so many cases of one kind are drawn alike in every run."""

GIGABYTES = 3.0
"""Beyond what the process holds before."""


@contextmanager
def bounded_memory():
    """Let the process take only so much more, or fail with a `MemoryError` and not at the hands of the system."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData"))
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (held + int(GIGABYTES * 1e9), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def run(strategy, check, cases):
    """Run a check on so many cases; say how many there were and how long the slowest took."""
    taken = []

    usual = cases <= USUAL  # the same cases every time; the slow ones are others in every run

    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=EVERY, derandomize=usual)
    @given(strategy)
    def one(case):
        start = time.perf_counter()
        check(case)
        taken.append(time.perf_counter() - start)
        assert taken[-1] < SECONDS

    with bounded_memory():
        one()
    print(f"{len(taken)} cases, the slowest {max(taken):.1f} s, all {sum(taken):.0f} s")
    assert len(taken) >= cases
