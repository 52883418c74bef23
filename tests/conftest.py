"""What holds for every test: types are checked at run time, and JAX promotes no dtype silently."""

import os
import re
import sys
from pathlib import Path

CACHE = Path(__file__).parents[1] / ".pytest_cache"

os.environ["JAX_PLATFORMS"] = "cpu"
# Half of a run is compiling, and workers and the commands that tests start compile the same programs.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # each command would compile two thousand modules anew, for seconds
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(CACHE / "bytecode")

# Workers beside each other are faster if each keeps to its own core: their thread pools would fight for all of them.
if (worker := os.environ.get("PYTEST_XDIST_WORKER", "")) and hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})

from jaxtyping import install_import_hook

from tests.typed import check_types_of

ROOT = Path(__file__).parents[1]
OFTEN = {
    f"handcrafted.{name}"
    for name in ("readout.compiler", "readout.program", "verdict.pieces", "verdict.forms", "verdict.regions")
}
"""Modules of small functions that run a million times in a verdict; checks would take three times as long."""

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for part in ("model", "craft", "readout", "verdict")
    for path in (ROOT / "handcrafted" / part).rglob("*.py")
    if path.stem != "__init__"
}
HOOKED = [module for module in FILES if module not in OFTEN]
SHAPED = [m for m in HOOKED if re.search(r"from jaxtyping import|TYPE_CHECKING", FILES[m].read_text(encoding="utf-8"))]
"""Modules whose annotations give shapes, or name what is not imported. Their hook binds the arguments of every call,
which takes ten times as long as to check types alone."""
if "UNTYPED" not in os.environ:  # a broken module comes by an import hook of its own, see mutation.py
    check_types_of(module for module in HOOKED if module not in SHAPED)
    install_import_hook(SHAPED, "beartype.beartype")

import hypothesis
import jax

jax.config.update("jax_numpy_dtype_promotion", "strict")
hypothesis.settings.register_profile("default", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("default")
