"""Each public name has a docstring with an example that runs and gives what it says."""

import doctest
import importlib
import io
from contextlib import redirect_stdout

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.zoo import find

LOOK = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def example_of(thing, folder):
    names = {"hc": hc, "np": np, "find": find, "folder": folder}
    return doctest.DocTestParser().get_doctest(thing.__doc__ or "", names, "example", None, None)


def failures(test):
    said = io.StringIO()
    with redirect_stdout(said):
        failed, tried = doctest.DocTestRunner(optionflags=LOOK, verbose=False).run(test, out=said.write)
    return failed, tried, said.getvalue()


NAMES = {**hc.PLACES, **hc.MOVED}

ELSEWHERE = ("attack", "panel")
"""Long ones that notebooks go through in every run."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in ELSEWHERE else name for name in NAMES]
)
def test_the_example_of_each_public_name_runs(name, tmp_path):
    test = example_of(getattr(importlib.import_module(f"handcrafted.{NAMES[name]}"), name), tmp_path)
    assert any(f"{name}" in one.source or one.want for one in test.examples), f"{name} has no example"
    failed, tried, said = failures(test)
    assert tried and not failed, said


def test_a_wrong_example_is_noticed(tmp_path):
    class Wrong:
        """Something.

        >>> 1 + 1
        3
        """

    assert failures(example_of(Wrong, tmp_path))[0] == 1
