"""Each public function says in words what is wrong with each of its arguments, before anything is traced."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

FAIR = ("fine", "HandcraftedError")


@pytest.fixture(scope="module", params=["--thin", pytest.param("", marks=pytest.mark.slow)])
def outcomes(request, tmp_path_factory):
    """Return what calls end in, in a process of its own: here types are checked before. A usual run tries a quarter."""
    program = [sys.executable, str(Path(__file__).parent / "arguments.py"), *filter(None, [request.param])]
    done = subprocess.run(program, cwd=tmp_path_factory.mktemp("here"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_wrong_arguments_are_refused_in_words_and_never_by_a_traceback(outcomes):
    calls = outcomes["calls"]
    assert {name: said for name, said in calls.items() if said[0] not in FAIR} == {}
    assert Counter(kind for kind, _ in calls.values())["HandcraftedError"] > 550
    assert {name: said for name, said in calls.items() if ":" not in name and said[0] != "fine"} == {}


def test_every_refusal_says_what_was_expected_what_was_got_and_what_to_do(outcomes):
    refused = {**outcomes["calls"], **outcomes["slips"]}
    for name, (kind, text) in refused.items():
        if kind == "HandcraftedError":
            ended = text.endswith((".", "?")) or "Use one of:\n" in text
            assert "Expected" in text and ", got" in text and ended and len(text) < 600, (name, text)


def test_what_people_get_wrong_is_refused_in_words(outcomes):
    slips = outcomes["slips"]
    assert {name: said for name, said in slips.items() if said[0] != "HandcraftedError"} == {}
    for name, words in {
        "one run in place of a batch": "Expected the inputs of the shape [batch, time, n_in = 1], got (3, 1).",
        "a lambda for an intervention": "Expected an intervention: Zero, Noise, Patch, Swap or Hold, got function.",
        "forward of a model": "Expected arrays, such as `model.weights`, got Transformer. Pass that.",
        "diff of arrays": "Expected two models, as `hc.assemble` gives them, got Weights. Pass that.",
        "inputs of another model": "inputs of the shape [time, n_in = 1] or [batch, time, n_in = 1], got (3, 6).",
        "an environment's step": "Expected step to be written with `jax.numpy`, for its values are traced, got",
        "an environment's step of one argument": "Expected a process as a function of (state, actions)",
        "a process that gives another shape": "of the shape () that it starts with, got (3,).",
    }.items():
        assert words in slips[name][1], slips[name]


def test_what_is_fine_stays_fine_under_jit_vmap_grad_and_scan(outcomes):
    assert {name: said for name, said in outcomes["fine"].items() if said[0] != "fine"} == {}
