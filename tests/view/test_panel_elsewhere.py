"""The panel where kernels come and go, twice on one page, and in Voila."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser import CHROMIUM, jupyterlab, page_of, run_all, voila

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine; .ci/run installs it")

CELLS = (
    "import handcrafted as hc\nmodel = hc.assemble(hc.load('heated room'))\npanel = hc.panel(model, steps=20)\npanel",
    "hc.panel(model, steps=20)",
)
KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
NAME = "thermostat.heat.on_below"


@pytest.fixture
def notebook(tmp_path):
    """Return a notebook with two panels of one model."""
    path = tmp_path / "two.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(text) for text in CELLS], metadata=KERNEL), path)
    return path


def pressed(page, number, key="ArrowLeft"):
    """Press a key on a slider of one of the panels; return how many answers that panel had had."""
    panel = page.locator(".hc-panel").nth(number)
    before = int(panel.get_attribute("data-count") or 0)
    panel.get_by_label(f"{NAME} slider").focus()
    page.keyboard.press(key)
    return before


def answered(page, number, count):
    """Wait until a panel has had so many answers."""
    there = "([n, count]) => document.querySelectorAll('.hc-panel')[n]?.dataset.count === String(count)"
    page.wait_for_function(there, arg=[number, count])


def saved(page, path):
    """Save the notebook; return the picture behind its first panel."""
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    panel, picture = nbformat.read(path, 4).cells[0].outputs
    assert "image/png" not in panel.data
    return picture.data


def shown(page, number):
    return page.locator(".hc-panel").nth(number).get_by_label(NAME, exact=True).input_value()


def test_in_voila_a_slider_moves_the_model_and_both_panels_follow(notebook):
    with voila(notebook) as address, page_of(address, kernel=False) as page:
        page.wait_for_function("() => document.querySelectorAll('.hc-panel .hc-svg svg').length === 2")
        other = int(page.locator(".hc-panel").nth(1).get_attribute("data-count") or 0)
        answered(page, 0, pressed(page, 0) + 1)
        answered(page, 1, other + 1)
        assert shown(page, 0) == shown(page, 1) == "18.9"
        assert "on_below'] = 18.9" in page.locator(".hc-lines").nth(1).inner_text()
        assert "reproduced" in page.locator(".hc-verdict").first.inner_text()


def test_a_kernel_that_is_restarted_is_missed_and_found_again(notebook):
    with jupyterlab(notebook.parent) as at, page_of(at(notebook.name)) as page:
        run_all(page)
        page.wait_for_function("() => document.querySelectorAll('.hc-panel .hc-svg svg').length === 2")
        first = saved(page, notebook)
        answered(page, 0, pressed(page, 0) + 1)
        assert "Expected" not in page.locator(".hc-message").first.inner_text()
        page.wait_for_timeout(4_000)
        then = saved(page, notebook)
        assert "(0 changes): reproduced" in first["text/plain"] and "(1 changes): reproduced" in then["text/plain"]
        assert then["image/png"] != first["image/png"], "the last state is what is kept"
        assert page.locator(".jp-RenderedImage").count() == 0, "where the panel is shown, its picture is not"
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        page.wait_for_function("() => document.querySelector('.hc-message').textContent.includes('not accepted')")
        before = pressed(page, 0)
        assert page.locator(".hc-panel").first.get_attribute("aria-busy") == "true"
        assert page.locator(".hc-panel").first.get_attribute("data-count") == str(before), "nothing looks accepted"
        assert page.locator(".hc-lines").first.inner_text().count("on_below") == 1
        page.evaluate("() => document.querySelectorAll('.hc-panel').forEach((one) => one.classList.add('old'))")
        run_all(page)
        page.wait_for_function("() => document.querySelectorAll('.hc-panel:not(.old) .hc-svg svg').length === 2")
        assert shown(page, 0) == "19" and "not accepted" not in page.locator(".hc-message").first.inner_text()
        answered(page, 0, pressed(page, 0) + 1)
        assert shown(page, 0) == shown(page, 1) == "18.9"
