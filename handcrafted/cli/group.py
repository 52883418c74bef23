"""The group of commands, and how errors end them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from handcrafted.text.diagnostics import HandcraftedError

os.environ.setdefault("JAX_PLATFORMS", "cpu")


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
