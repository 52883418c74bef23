"""Every notebook: source and copy agree, cells are short, and running it again gives what is committed."""

import base64
import copy
import io
from pathlib import Path

import jupytext
import matplotlib.image
import nbformat
import numpy as np
import pytest

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.view.output import executed, sources

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sources(FOLDER)


def committed(source):
    return nbformat.read(source.with_suffix(".ipynb"), 4)


def texts(notebook):
    """Return kind and source of every cell."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def outputs(notebook):
    """Return all outputs in order as (kind, text or PNG bytes); other kinds may differ from run to run."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                found.append((output.name, output.text))
            for kind, value in sorted(output.get("data", {}).items()):
                if kind in ("text/plain", "image/png"):
                    found.append((kind, base64.b64decode(value) if kind == "image/png" else value))
    return found


def alike(one, two):
    """Compare two outputs; the rendering of fonts may differ by a shade between versions."""
    if one[0] != two[0] or one[0] != "image/png":
        return one == two
    old, new = (matplotlib.image.imread(io.BytesIO(png)) for png in (one[1], two[1]))
    if np.abs(np.array(old.shape) - new.shape).max() > 20:
        return False
    rows, columns = np.minimum(old.shape[:2], new.shape[:2])
    return bool(np.abs(old[:rows, :columns] - new[:rows, :columns]).mean() < 0.02)


def same_outputs(one, two):
    pairs = outputs(one), outputs(two)
    return len(pairs[0]) == len(pairs[1]) and all(map(alike, *pairs))


def test_there_are_notebooks_and_each_has_its_copy():
    assert NOTEBOOKS and {path.stem for path in NOTEBOOKS} == {path.stem for path in FOLDER.glob("*.ipynb")}


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_source_and_copy_agree_and_cells_are_short(source):
    assert texts(jupytext.read(source)) == texts(committed(source))
    for cell in committed(source).cells:
        assert cell.cell_type == "markdown" or len(cell.source.splitlines()) <= 10, cell.source


LONG = ("01_circuits", "02_chain_of_command", "03_readouts", "06_loss_scenarios")
"""Twenty seconds and more each; the other six run every time."""


@pytest.mark.parametrize(
    "source",
    [pytest.param(path, marks=pytest.mark.slow) if path.stem in LONG else path for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_running_it_again_gives_what_is_committed(source):
    """Renewed by `handcrafted notebooks --execute`."""
    old, new = committed(source), executed(source)
    assert len(outputs(old)) > 5
    for one, two in zip(outputs(old), outputs(new), strict=True):
        assert alike(one, two), (one[:200], two[:200])
    for kind in ("stdout", "image/png"):
        changed = copy.deepcopy(new)
        _spoil(changed, kind)
        assert not same_outputs(old, changed), kind


def _spoil(notebook, kind):
    """Change the last output of a kind a little."""
    found = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    if kind == "stdout":
        output = [o for o in found if o.get("name") == kind][-1]
        output.text = output.text.rstrip()[:-1] + "\n"
    else:
        pictures = [o for o in found if kind in o.get("data", {})]
        pictures[-1].data[kind] = pictures[0].data[kind]


def test_a_cell_that_fails_is_named(tmp_path):
    source = tmp_path / "00_wrong.py"
    source.write_text("# %%\nx = 1\n\n# %%\nprint(x / 0)\n")
    with pytest.raises(HandcraftedError, match=r"00_wrong\.py to run, got ZeroDivisionError: division by zero"):
        executed(source)
    with pytest.raises(HandcraftedError, match="Expected notebooks such as"):
        sources(tmp_path / "empty")
