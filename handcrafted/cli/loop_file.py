"""Which loop a command is about: a file, or a bundled loop by its name; and what becomes of several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from handcrafted.text.diagnostics import HandcraftedError, named
from handcrafted.zoo import find


def loop_path(value: str | Path) -> Path:
    """Give the path of a file, or of the bundled loop of that name; a file of that name comes first.

    Raises:
        HandcraftedError: if what has neither a suffix nor a folder is neither.
    """
    path = Path(value)
    if path.suffix or len(path.parts) != 1 or path.exists():
        return path
    try:
        return find(str(value))
    except HandcraftedError as error:
        raise HandcraftedError(f"{error} Or give the path of a file.") from None


class LoopFile(click.Path):
    """The path of a file, or what has neither a suffix nor a folder: the name of a bundled loop."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Give the path."""
        try:
            return loop_path(str(value))
        except HandcraftedError as error:
            self.fail(str(error), param, ctx)


class Several:
    """Goes through several files: what is wrong with one is said at the end, and the others' answers stand.

    Attributes:
        errors: by file, what is wrong with it.
    """

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    @contextmanager
    def each(self, file: str | Path) -> Iterator[None]:
        """Keep what is wrong with a file, so that the next one has its turn."""
        try:
            with named(file):
                yield
        except HandcraftedError as error:
            self.errors[str(file)] = str(error)
        except BrokenPipeError:  # whoever read the output has seen enough
            raise
        except OSError as error:
            self.errors[str(file)] = f"{file}: Expected to read or write {error.filename}, got: {error.strerror}."

    def said(self, file: str) -> dict[str, str]:
        """Give what stands in a list of answers for a file that could not be used."""
        return {"file": file, "error": self.errors[file]}

    def end(self, code: int) -> NoReturn:
        """End the command: with 2 if a file could not be used, each with its message, else with `code`."""
        for error in self.errors.values():
            click.echo(f"Error: {error}", err=True)
        raise SystemExit(2 if self.errors else code)
