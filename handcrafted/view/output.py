"""Pictures as files, in notebooks, and as figures of a paper."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handcrafted.text.diagnostics import HandcraftedError, must_be
from handcrafted.text.files import write_whole
from handcrafted.text.letters import shown
from handcrafted.view.dot import FONT

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawn(build: Callable[[], Figure], form: str, dpi: float) -> bytes:
    """Draw a figure as `png`, `svg` or `pdf`, without a date and in the bundled font."""
    import matplotlib

    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    content = io.BytesIO()
    look: dict[Any, Any] = {
        "svg.hashsalt": "handcrafted",
        "font.family": FONT,
        "text.parse_math": False,
        "pdf.fonttype": 42,
    }  # a $ in a name is a $
    with matplotlib.rc_context(look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a box stands for it
        build().savefig(content, format=form, dpi=dpi, metadata=dates[form], bbox_inches="tight")
    return content.getvalue()


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


SECONDS = 600
"""How long one cell may take."""


def sources(folder: Path) -> tuple[Path, ...]:
    """Return the notebooks' sources in a folder, in order.

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
