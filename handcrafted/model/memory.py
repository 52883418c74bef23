"""How much memory there is: what would not fit is refused in words before the system ends the process without any."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container says how much its processes may take."""


def memory() -> int:
    """Give how many bytes this process may take at most: of the machine, of its container, of its own limits."""
    return min(_limits(), default=sys.maxsize)


def _limits() -> Iterator[int]:
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for group in map(Path, GROUPS):
        with suppress(ValueError, OSError):  # `max`, or no such file
            yield int(group.read_text(encoding="ascii"))
    with suppress(ImportError):
        import resource

        for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
            if (limit := resource.getrlimit(kind)[0]) != resource.RLIM_INFINITY:
                yield limit
