"""Readouts of others: registered in a few lines, shown beside the rest, and judged without judging."""

import sys

import numpy as np
import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.control.graph import SignalGraph
from handcrafted.readout.registry import chosen, registered, unregister
from handcrafted.zoo import find

TEN_LINES = '''
import numpy as np
import handcrafted as hc
from handcrafted.control.graph import Edge, SignalGraph

@hc.register("any number", kind="structural")
def any_number(subject):
    """Whoever has an entry to read u and one to write v."""
    w, spaces = subject.weights, subject.spaces
    touch = np.abs(w.W_in[0]) @ np.abs(w.W_out[0])
    edges = [Edge(u, v) for u, i in spaces.items() for v, j in spaces.items() if touch[np.ix_(i, j)].any()]
    return SignalGraph(spaces, edges)
'''


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    (tmp_path / "my_readout.py").write_text(TEN_LINES)
    monkeypatch.chdir(tmp_path)
    yield "my_readout"
    if "any number" in registered():
        unregister("any number")
    sys.modules.pop("my_readout", None)


def run(*arguments):
    return CliRunner().invoke(main, ["check", str(find("train door")), *arguments], terminal_width=200)


def test_a_readout_of_ten_lines_appears_in_check_and_judges_nothing(plugin):
    shown = run("--import", plugin)
    assert shown.exit_code == 0, shown.output
    assert "any" in shown.output and "reproduced" in shown.output and "NOT" not in shown.output


def test_it_has_verdicts_of_its_own(plugin):
    run("--import", plugin)
    structure = hc.load(find("train door"))
    recovered = hc.recover(hc.assemble(structure), readouts=["any number"])
    comparison = hc.compare(structure, recovered)
    assert comparison.reproduced and not comparison.readouts["any number"].reproduced
    assert list(recovered.graphs) == ["wiring", "subspace", "patching", "any number"]


def test_what_is_wrong_with_a_readout_is_said(plugin, tmp_path):
    assert (
        "Expected the name of a readout, got 'gradent'. Did you mean `gradient`" in run("--readout", "gradent").output
    )
    assert run("--readout", "gradent").exit_code == 2
    assert "cannot be imported" in run("--import", "no_such_module").output
    (tmp_path / "empty_module.py").write_text("")
    assert "registers readouts, got 'empty_module'" in run("--import", "empty_module").output
    with pytest.raises(hc.HandcraftedError, match="'gradient', which is taken"):
        hc.register("gradient")
    with pytest.raises(hc.HandcraftedError, match="structural or causal, got 'heard'"):
        hc.register("x", kind="heard")
    with pytest.raises(hc.HandcraftedError, match="the name of a readout"):
        chosen(["x"])


def test_only_three_judge():
    assert [readout.name for readout in chosen(None)] == ["wiring", "subspace", "patching"]
    assert {"gradient", "integrated gradients", "ablation (zero)", "ablation (mean)", "ablation (noise)"} <= set(
        registered()
    )
    assert np.all([readout.kind in ("structural", "causal") for readout in registered().values()])


def test_the_words_of_before_still_register_with_a_warning():
    with pytest.warns(DeprecationWarning, match="now `kind` and `required`"):
        hc.register("as before", sees="wired", judges=True)(lambda subject: SignalGraph((), ()))
    assert (registered()["as before"].kind, registered()["as before"].required) == ("structural", True)
    unregister("as before")
    with pytest.raises(TypeError, match="unexpected keyword argument 'heard'"):
        hc.register("x", heard="wired")


def test_a_comparison_needs_no_registry(plugin):
    """What a readout says of itself is kept by what it recovered."""
    structure = hc.load(find("train door"))

    @hc.register("passing", kind="structural", required=True)
    def passing(subject):
        return SignalGraph(subject.spaces, [])

    try:
        recovered = hc.recover(hc.assemble(structure))
    finally:
        unregister("passing")
    said = [[str(link) for link in hc.compare(structure, recovered).links] for _ in range(2)]
    assert said[0] == said[1] and all("missing" in link and "passing" in link for link in said[0])
    assert not hc.compare(structure, recovered).reproduced
    assert hc.compare(structure, hc.recover(hc.assemble(structure))).reproduced
