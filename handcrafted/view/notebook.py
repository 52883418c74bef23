"""Notebooks: percent scripts are the source, executed copies with their outputs stand beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.output import write

SECONDS = 600
"""How long one cell may take."""


def sources(folder: Path) -> tuple[Path, ...]:
    """Give the notebooks' sources in a folder, in order.

    Raises:
        HandcraftedError: if there is none.
    """
    found = tuple(sorted(folder.glob("[0-9]*.py")))
    if not found:
        raise HandcraftedError(f"Expected notebooks such as 00_first_loop.py in {folder}, got none. Name their folder.")
    return found


def executed(source: Path) -> Any:
    """Run a notebook from its source, in its folder; give it with its outputs.

    Raises:
        HandcraftedError: if a cell fails, naming the notebook and the cell.
    """
    import jupytext
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem[:2]}-{number}"
    client = NotebookClient(
        notebook, timeout=SECONDS, coalesce_streams=True, resources={"metadata": {"path": str(source.parent)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        text = f"Expected {source} to run, got {error.ename}: {error.evalue}. Run it cell by cell and mend it."
        raise HandcraftedError(text) from None
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the time of day
    notebook.metadata.get("language_info", {}).pop("version", None)
    return notebook


def execute(folder: Path) -> Iterator[Path]:
    """Run every notebook of a folder and write it, with its outputs, beside its source."""
    import nbformat

    for source in sources(folder):
        yield write(source.with_suffix(".ipynb"), (nbformat.writes(executed(source)) + "\n").encode())
