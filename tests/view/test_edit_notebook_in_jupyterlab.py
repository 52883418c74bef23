"""The notebook on editing, opened by a person: it runs, and the panel shows, at 800 pixels and in the dark too."""

import shutil
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, jupyterlab, page_of, run_all

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_edit.ipynb"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine; .ci/run installs it")


def test_the_tutorial_runs_in_the_browser(tmp_path):
    shutil.copy(NOTEBOOK, tmp_path)
    with jupyterlab(tmp_path) as at, page_of(at(NOTEBOOK.name), 900, 800) as page:
        run_all(page)
        page.wait_for_selector(".hc-panel .hc-svg svg")
        page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.content.widgets.slice(-2)[0].model.executionCount > 10"
        )
        errors = page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
              .flatMap((cell) => cell.model.outputs ? cell.model.outputs.toJSON() : [])
              .filter((output) => output.output_type === 'error').length"""
        )
        assert errors == 0
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
