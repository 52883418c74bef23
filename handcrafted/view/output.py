"""Where a picture is written: an existing file stays whole until the new one is ready."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.files import write_whole
from handcrafted.text.letters import shown


def checked_path(path: str | Path, suffixes: Sequence[str]) -> Path:
    """Check that a picture can be written there; make its folder if only that one is missing.

    Raises:
        HandcraftedError: if the suffix is not among `suffixes`, or the folder is missing and so is the folder above it.
    """
    must_be(path, str | Path, "the path of a picture to write")
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        got = f"`{path.suffix}`" if path.suffix else "none"
        raise HandcraftedError(
            f"Expected a suffix out of {', '.join(suffixes)}, got {got} in {shown(str(path))}. Change the suffix."
        )
    if path.is_dir():
        raise HandcraftedError(f"Expected a file to write, got the folder {shown(str(path))}. Add a file name.")
    folder = path.parent
    if not folder.exists() and not folder.parent.is_dir():
        raise HandcraftedError(
            f"Expected an existing folder, got {shown(str(folder))}, which is missing. Create it first."
        )
    return path


def write(path: Path, content: bytes) -> Path:
    """Write a finished picture in one go, and make its folder if only that one is missing.

    Raises:
        HandcraftedError: if the operating system refuses.
    """
    with suppress(OSError, ValueError):  # what is wrong with the folder shows when it is written to
        path.parent.mkdir(exist_ok=True)
    return write_whole(path, content)
