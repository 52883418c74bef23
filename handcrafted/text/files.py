"""How files are written: an existing one stays whole until the new one is ready and on the disk."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import located

PART = ".part"
"""How the name of a file ends that is being written beside its place."""

ABANDONED = 600.0
"""Seconds after which such a file was left by a process that was ended; the next one that writes there removes it."""


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file in one go: first beside its place, then over it.

    Whenever the process or the machine is stopped, the old file is there or the new one.

    Raises:
        HandcraftedError: if the operating system refuses; nothing is left behind then.
    """
    beside = f".{path.name[:40]}-"
    try:
        _sweep(path.parent, beside)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=beside, suffix=PART)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                sync(file.fileno())
            Path(temporary).chmod(_usual_mode())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except (OSError, ValueError) as error:  # a path with a zero byte, or with half a surrogate pair
        reason = error.strerror if isinstance(error, OSError) else error
        raise HandcraftedError(
            f"{located(path)}: Expected a place to write to, got: {reason}. Choose another."
        ) from None
    return path


def sync(handle: int) -> None:
    """Wait until what was written is on the disk, where there is one to wait for.

    Raises:
        OSError: if it does not get there, such as onto a full disk.
    """
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a pipe, a terminal, some network drives
            raise


def must_be_regular(path: Path) -> None:
    """Refuse what is no file: a pipe makes who opens it wait, a device has no end.

    Raises:
        HandcraftedError: if it is none.
        OSError: if there is nothing there, or nobody may look.
    """
    if not path.exists():  # neither is a path with a zero byte
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if not path.is_file():
        raise HandcraftedError(
            f"{located(path)}: Expected a file that can be read, got something else. Check the folder."
        )


def _sweep(folder: Path, beside: str) -> None:
    """Remove what was left beside its place by processes that were ended while they wrote it."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(beside) and entry.name.endswith(PART):
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < time.time() - ABANDONED:
                        Path(entry).unlink()


def _sync_folder(folder: Path) -> None:
    """Wait until a folder's new entry is on the disk; Windows opens no folders, and needs none of this."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            sync(handle)
        finally:
            os.close(handle)


def _usual_mode() -> int:
    """The permissions a new file gets; a temporary file is private to its owner."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
