"""Which loop a command is about: a file, or a bundled loop by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from handcrafted.control.errors import HandcraftedError
from handcrafted.zoo import find


class LoopFile(click.Path):
    """The path of a file, or what has neither a suffix nor a folder: the name of a bundled loop."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Give the path; a file of that name comes first."""
        path = Path(value)
        if path.suffix or len(path.parts) != 1 or path.exists():
            return super().convert(value, param, ctx)
        try:
            return find(str(value))
        except HandcraftedError as error:
            self.fail(f"{error} Or give the path of a file.", param, ctx)
