"""Where a picture is written: an existing file stays whole until the new one is ready."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from handcrafted.control.errors import HandcraftedError


def checked_path(path: str | Path, suffixes: Sequence[str]) -> Path:
    """Check that a picture can be written there; make its folder if only that one is missing.

    Raises:
        HandcraftedError: if the suffix is not among `suffixes`, or the folder is missing and so is the folder above it.
    """
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        got = f"`{path.suffix}`" if path.suffix else "none"
        raise HandcraftedError(
            f"Expected a suffix out of {', '.join(suffixes)}, got {got} in {path}. Change the suffix."
        )
    if path.is_dir():
        raise HandcraftedError(f"Expected a file to write, got the folder {path}. Add a file name.")
    folder = path.parent
    if not folder.exists() and not folder.parent.is_dir():
        raise HandcraftedError(f"Expected an existing folder, got {folder}, which is missing. Create it first.")
    return path


def write(path: Path, content: bytes) -> Path:
    """Write a finished picture in one go: first beside its place, then over it.

    Raises:
        HandcraftedError: if the operating system refuses.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(_usual_mode())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise HandcraftedError(f"Expected to write {path}, got {error.strerror}. Choose another place.") from error
    return path


def _usual_mode() -> int:
    """The permissions a new file gets; a temporary file is private to its owner."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
