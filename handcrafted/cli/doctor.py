"""The command that says what is there to run with: versions, what draws, what compiles, where it is kept."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import click

from handcrafted.cli.group import friendly, main
from handcrafted.model.run import SMALL
from handcrafted.text.cache import cache_folder, compiler

PACKAGES = ("handcrafted", "numpy", "jax", "flax", "matplotlib", "graphlay")

ABSENT = "not found"


@main.command()
@friendly
def doctor() -> None:
    """Say what is there to run with: versions, what draws, what compiles `simulate`, where it is kept.

    Exit code 1 where something is missing without which a command does not work.

    Example: handcrafted doctor
    """
    rows = list(_found())
    width = max(len(name) for name, _ in rows)
    for name, said in rows:
        click.echo(f"{name:{width}}  {said}")
    raise SystemExit(1 if any(said.startswith(ABSENT) for _, said in rows) else 0)


def _found() -> Iterator[tuple[str, str]]:
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, f"{ABSENT}: install it"
    yield "drawing", _drawing()
    yield "readouts", f"numpy up to {SMALL} coordinates, beyond them jax"
    yield "simulate", _engine()
    cache = cache_folder()
    writable = os.access(next(folder for folder in (cache, *cache.parents) if folder.exists()), os.W_OK)
    yield "compiled kept", f"{cache}{'' if writable else ', which cannot be written: compiled anew each time'}"


def _drawing() -> str:
    """Say what lays diagrams out."""
    if find_spec("pygraphviz") is not None:
        return "Graphviz of the package pygraphviz"
    program = shutil.which("dot")
    return f"Graphviz at {program}" if program else f"{ABSENT}: install Graphviz, or the package pygraphviz"


def _engine() -> str:
    """Say which back end runs closed loops."""
    if (found := compiler()) is not None:
        return f"folded, in C by {found}; in XLA where C does not pay or a process cannot be put in C"
    why = "CC is empty" if os.environ.get("CC") == "" else "no C compiler is found"
    return f"folded, in XLA: {why}"
