"""From DOT to pixels or SVG: pygraphviz's own Graphviz, else a `dot` on the PATH, else one error that says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, BinaryIO

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.fonts import bundled_fonts

INSTALL = """Expected Graphviz to draw with, got neither the package pygraphviz nor a program `dot`. Install one:
  pip install "pygraphviz>=2.0.4"      (brings Graphviz along)
  apt-get install graphviz             (Debian, Ubuntu)
  brew install graphviz                (macOS)
  winget install Graphviz.Graphviz     (Windows)
  conda install -c conda-forge graphviz"""

HARMLESS = ("Unable to reclaim box space", "too small for label")
"""Warnings about the route of a line or the room around a text; everything drawn is still what was asked for."""

_one_at_a_time = Lock()


def render(dot: str, form: str) -> bytes:
    """Lay out and draw a DOT text as `png`, `svg` or `plain` (positions as text).

    Raises:
        HandcraftedError: if Graphviz is missing, or complains about the DOT text.
    """
    with _one_at_a_time, bundled_fonts():
        package = _pygraphviz()
        if package is not None:
            return _with_package(package, dot, form)
        if program := shutil.which("dot"):
            return _with_program(program, dot, form)
    raise HandcraftedError(INSTALL)


def _pygraphviz() -> Any:
    """Import pygraphviz as late as possible: it is large, and its fonts are settled when it first draws."""
    try:
        import pygraphviz
    except ImportError:
        return None
    return pygraphviz


def _with_package(package: Any, dot: str, form: str) -> bytes:
    with tempfile.TemporaryFile() as messages:
        try:
            with _standard_error_to(messages):
                graph = package.AGraph(string=dot)
                drawn = graph.draw(format=form, prog="dot")
                graph.close()
        except Exception as error:
            raise HandcraftedError(_complaint(f"{error} {_read(messages)}")) from error
        _check(_read(messages))
    return drawn


def _with_program(program: str, dot: str, form: str) -> bytes:
    done = subprocess.run([program, f"-T{form}"], input=dot.encode(), capture_output=True, check=False)
    messages = done.stderr.decode(errors="replace")
    if done.returncode:
        raise HandcraftedError(_complaint(messages))
    _check(messages)
    return done.stdout


@contextmanager
def _standard_error_to(file: BinaryIO) -> Iterator[None]:
    """Catch what Graphviz prints: it knows no other way to say that a label or a port was wrong."""
    kept = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _read(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _check(messages: str) -> None:
    spoken = [line for line in messages.splitlines() if line.startswith(("Warning", "Error", "Fontconfig error"))]
    if any(not any(known in line for known in HARMLESS) for line in spoken):
        raise HandcraftedError(_complaint(messages))


def _complaint(messages: str) -> str:
    said = " ".join(messages.split()) or "nothing more"
    return f"Expected Graphviz to draw without complaint, got: {said}. Please report this with the structure's file."
