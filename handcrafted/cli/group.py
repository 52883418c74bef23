"""The command line's entry: errors in words, a loop's file by name, and the catalogue of laws."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from handcrafted.text.cache import keep_compiled
from handcrafted.text.diagnostics import HandcraftedError, named
from handcrafted.zoo import loop_path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
keep_compiled()


def friendly(command: Callable[..., None]) -> Callable[..., None]:
    """Turn every error that a user can cause into one message on stderr and exit code 2."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except HandcraftedError as error:
            raise _BadInputError(str(error)) from None
        except BrokenPipeError:  # whoever read the output has seen enough
            raise
        except OSError as error:
            raise _BadInputError(f"Expected to read or write {error.filename}, got: {error.strerror}.") from None

    return wrapped


class _BadInputError(click.ClickException):
    """Ends the command with exit code 2 and one message."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="handcrafted")
def main() -> None:
    """Set transformer weights by hand from an STPA control structure, and check what readouts see in them.

    Example: handcrafted check --png figures
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may hold letters that a terminal or a pipe has not
            stream.reconfigure(errors="backslashreplace")


def quiet() -> bool:
    """Whether nobody watches a progress bar."""
    return not os.isatty(2)


class LoopFile(click.Path):
    """The path of a file, or what has neither a suffix nor a folder: the name of a bundled loop."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
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
        """Return what stands in a list of answers for a file that could not be used."""
        return {"file": file, "error": self.errors[file]}

    def end(self, code: int) -> NoReturn:
        """End the command: with 2 if a file could not be used, each with its message, else with `code`."""
        for error in self.errors.values():
            click.echo(f"Error: {error}", err=True)
        raise SystemExit(2 if self.errors else code)


@main.command()
@click.argument("name", required=False)
@click.option("--png", type=click.Path(path_type=Path), help="A folder for a picture of each law, or a file for one.")
@click.option("--keep", is_flag=True, help="Keep twice the deviations measured as regression bounds, in the package.")
@friendly
def circuits(name: str | None, png: Path | None, keep: bool) -> None:
    """Print the catalogue of laws, or one law's circuits: formula, source, arrays and errors.

    Example: handcrafted circuits "rate limiter" --png rate_limiter.png
    """
    from rich.progress import track

    from handcrafted.laws.catalogue import LAWS, gives
    from handcrafted.verdict.catalogue import measure
    from handcrafted.view.output import checked_path, write
    from handcrafted.view.tables import print_catalogue, print_circuits
    from handcrafted.zoo.examples import REGRESSION, example, keep_regression
    from handcrafted.zoo.pictures import picture

    laws = [name] if name is not None else list(LAWS)
    if png is not None and png.suffix and name is None:
        raise HandcraftedError(f"Expected a folder for {len(laws)} pictures, got {png}. Name a folder, or a law.")
    file = lambda law: png if png is None or png.suffix else png / f"{law.replace(' ', '_')}.png"
    paths = {law: checked_path(path, (".png", ".svg", ".pdf")) for law in laws if (path := file(law))}
    measured = [measure(example(law)) for law in track(laws, "measuring", disable=quiet(), transient=True)]
    if keep and name is None:
        click.echo(f"wrote {keep_regression({found.law: found.within for found in measured})}")
    if name is not None:
        print_circuits(measured[0], gives(name), REGRESSION)
    else:
        print_catalogue(measured, REGRESSION)
    for found in track(measured if paths else [], "drawing", disable=quiet(), transient=True):
        path = paths[found.law]
        click.echo(f"wrote {write(path, picture(found.law, path.suffix[1:], found))}")
