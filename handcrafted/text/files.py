"""How files are written: an existing one stays whole until the new one is ready."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import located


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file in one go: first beside its place, then over it.

    Raises:
        HandcraftedError: if the operating system refuses; nothing is left behind then.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix[:40])
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(_usual_mode())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:  # a path with a zero byte, or with half a surrogate pair
        reason = error.strerror if isinstance(error, OSError) else error
        raise HandcraftedError(
            f"{located(path)}: Expected a place to write to, got: {reason}. Choose another."
        ) from None
    return path


def _usual_mode() -> int:
    """The permissions a new file gets; a temporary file is private to its owner."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
