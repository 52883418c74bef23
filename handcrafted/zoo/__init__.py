"""Worked loops: a YAML file each."""

from __future__ import annotations

from pathlib import Path

from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import shown


def bundled() -> tuple[Path, ...]:
    """Return the paths of the bundled control structures, in alphabetical order."""
    return tuple(sorted(Path(__file__).parent.glob("*.yaml")))


def find(name: str) -> Path:
    """Return the path of the bundled control structure called `name`, such as `heated room`.

    Raises:
        HandcraftedError: if there is none of that name.
    """
    known = {path.stem.replace("_", " "): path for path in bundled()}
    plain = name.casefold().replace("_", " ").strip()
    if plain not in known:
        raise HandcraftedError(f"Expected the name of a bundled loop, got {shown(name)}.{nearest(name, known)}")
    return known[plain]


def loop_path(value: str | Path) -> Path:
    """Return the path of a file, or of the bundled loop of that name; a file of that name comes first.

    Raises:
        HandcraftedError: if what has neither a suffix nor a folder is neither.
    """
    path = Path(value)
    try:
        plain = not path.suffix and len(path.parts) == 1 and not path.exists()
    except (OSError, ValueError):  # too long for a file's name, or with a zero byte: whoever opens it will say so
        plain = False
    if not plain:
        return path
    try:
        return find(str(value))
    except HandcraftedError as error:
        raise HandcraftedError(f"{error} Or give the path of a file.") from None
