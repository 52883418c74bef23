"""Shapes of control structures that published analyses have and the bundled loops have not; no law is stated in any."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main

FILES = sorted((Path(__file__).parents[1] / "data" / "topologies").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_read_back_and_drawn_no_law_is_claimed_and_a_cut_arrow_is_missed(path, tmp_path):
    structure = hc.load(path)
    model = hc.assemble(structure)
    found = hc.compare(structure, hc.recover(model))
    assert found.reproduced and "no law is stated" in found.how
    svg = hc.draw(structure, tmp_path / "x.svg").read_text()
    assert all(f">{name}<" in svg for name in structure.components)
    done = CliRunner().invoke(main, ["check", str(path)])
    assert done.exit_code == 0 and "placeholder" in done.output
    raw = model.weights.numpy()
    raw.W_V[:, 0] = 0  # the first head of each layer
    model.set_weights(raw)
    assert not hc.compare(structure, hc.recover(model)).reproduced


def test_five_are_there():
    assert len(FILES) == 5
