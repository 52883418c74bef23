"""What compiles, and where compiled programs are kept from one run to the next: in the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder, which need not be there yet; where nobody has a home, one for temporary files."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        base = tempfile.gettempdir()
    return Path(base) / "handcrafted"


@lru_cache(maxsize=1)
def processor() -> str:
    """Say what the processor can do: what is compiled for one is not for another."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


def keep_compiled() -> None:
    """Let XLA keep what it compiles, unless the environment says where or that it is not to; before JAX is imported."""
    kind = hashlib.sha256(processor().encode()).hexdigest()[:12]
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_folder() / "xla" / kind))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def compiler() -> str | None:
    """Return the C compiler that is found; `CC` says which, and an empty `CC` that none is to be used."""
    named = os.environ.get("CC")
    return shutil.which(named) if named else None if named == "" else shutil.which("cc") or shutil.which("gcc")
