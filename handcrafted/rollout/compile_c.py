"""A function in C: compiled once where a compiler is found, and kept."""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from handcrafted.text.cache import cache_folder, compiler, processor

FLAGS = (
    "-O1", "-ftree-loop-vectorize", "-ftree-loop-if-convert", "-fvect-cost-model=unlimited", "-march=native",
    "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC",
)  # fmt: skip
"""More optimisation turns choices into jumps before the loop over runs is vectorised, and then it is not."""


def compiled_c(text: str, arrays: int, sizes: int) -> Any:
    """Return the function `run` of a C text, compiled now or before; None where no compiler takes it.

    Args:
        text: in C.
        arrays: how many pointers it is given first.
        sizes: how many whole numbers it is given then.
    """
    cc = compiler()
    if cc is None:
        return None
    key = hashlib.sha256("\0".join([text, cc, *FLAGS, processor()]).encode()).hexdigest()
    folder = cache_folder() / "native"
    path = folder / f"{key}.so"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=folder) as made:
                source, built = Path(made) / "loop.c", Path(made) / "loop.so"
                source.write_text(text)
                subprocess.run([cc, *FLAGS, str(source), "-o", str(built), "-lm"], check=True, capture_output=True)
                built.replace(path)
        found = ctypes.CDLL(str(path)).run
    except (OSError, subprocess.SubprocessError, AttributeError):
        return None
    found.argtypes = [ctypes.c_void_p] * arrays + [ctypes.c_long] * sizes
    found.restype = None
    return found
