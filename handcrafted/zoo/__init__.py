"""Worked loops: a YAML file each."""

from __future__ import annotations

from pathlib import Path


def bundled() -> tuple[Path, ...]:
    """Give the paths of the bundled control structures, in alphabetical order."""
    return tuple(sorted(Path(__file__).parent.glob("*.yaml")))
