"""The panel as a person meets it: a real JupyterLab in headless Chromium, clicked and typed into."""

import ast
import shutil
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, jupyterlab, page_of, run_all

REST = ("radiotherapy", 800), ("wheel brakes", 1200), ("radiotherapy", 1200), ("wheel brakes", 1600)

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_edit.ipynb"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine; .ci/run installs it")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return a page with the notebook on editing, all of it run, and the folder in which its kernel works."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(NOTEBOOK, folder)
    with jupyterlab(folder) as at, page_of(at(NOTEBOOK.name), 1280, 1000) as opened:
        errors = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        run_all(opened)
        opened.wait_for_selector(".hc-panel .hc-svg svg")
        opened.wait_for_function(FINISHED)
        opened.evaluate("() => document.querySelector('.hc-panel').scrollIntoView()")
        yield opened
        assert errors == []


@pytest.fixture(autouse=True)
def as_it_was(page):
    """Undo what a test has done, so that each stands for itself."""
    yield
    python(page, "[panel.handle({'do': 'undo'}) for _ in list(model.history.done)]")
    for command in ("'unlock', 'value': False", "'whole', 'value': False", "'select', 'part': 'thermostat'"):
        python(page, "panel.handle({'do': " + command + "})")
    python(page, "panel.handle({'do': 'experiment', 'name': 'initial:room.temperature', 'value': 15})")
    python(page, "model.history.undone.clear()")
    page.wait_for_selector(f".hc-panel[data-count='{python(page, 'panel.count')}']")


FINISHED = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter((cell) => cell.model.type === 'code');
  return cells.every((cell) => cell.model.executionCount) && cells.at(-1).model.executionState !== 'running';
}"""


def python(page, expression):
    """Return what an expression is in the notebook's kernel, as text."""
    return page.evaluate(
        """async (code) => {
          const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const done = await kernel.requestExecute({code: '', user_expressions: {x: code}}).done;
          const found = done.content.user_expressions.x;
          return found.data ? found.data['text/plain'] : `${found.ename}: ${found.evalue}`;
        }""",
        expression,
    )


def after(page, action):
    """Do something, and wait until the panel has shown what came of it."""
    count = int(page.get_attribute(".hc-panel", "data-count"))
    action()
    page.wait_for_selector(f".hc-panel[data-count='{count + 1}']")


def typed(page, label, value, exact=True):
    field = page.get_by_label(label, exact=exact).and_(page.locator("input[type=text]"))
    field.fill(value)
    field.press("Enter")


def cell(page, entry):
    return page.locator(f'.hc-panel input[data-entry="{entry}"]')


def message(page):
    return page.inner_text(".hc-message")


def plot(page):
    """Return the drawn curves of the closed loop."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.hc-plot path.after')].map((p) => p.getAttribute('d')).join()"
    )


def test_the_notebook_has_run_and_everything_is_there(page):
    failed = page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.widgets
          .flatMap((cell) => cell.model.outputs ? cell.model.outputs.toJSON() : [])
          .filter((output) => output.output_type === 'error').length"""
    )
    assert failed == 0 and python(page, "len(model.history.done)") == "0"
    assert page.locator(".hc-svg a").count() >= 6
    assert "reproduced" in page.inner_text(".hc-verdict")
    assert "constraint SC-1: kept" in page.inner_text(".hc-verdicts")
    assert page.locator(".hc-plot path.before").count() == page.locator(".hc-plot path.after").count() == 3


def test_an_entry_is_edited_and_state_diagram_plot_and_log_follow(page):
    old = plot(page), page.inner_html(".hc-svg")
    field = cell(page, "W_in[1, 2, 0]")
    field.fill("-113")
    after(page, lambda: field.press("Enter"))
    assert message(page) == ""
    assert python(page, "model.W_in[1, 2, 0].item()") == "-113.0"
    assert python(page, "model.parameters['thermostat.heat.off_above'].value") == "26.0"
    assert plot(page) != old[0] and page.inner_html(".hc-svg") != old[1]
    assert 'model.edit("W_in[1, 2, 0]", -113.0)' in page.inner_text(".hc-lines")
    assert "constraint SC-1: broken" in page.inner_text(".hc-verdicts"), "the room gets hotter than 25 degC"


def test_undo_gives_the_identical_bytes(page):
    field = cell(page, "W_in[1, 2, 0]")
    field.fill("-113")
    after(page, lambda: field.press("Enter"))
    after(page, lambda: page.locator(".hc-log").get_by_role("button", name="Undo").click())
    assert python(page, "hc.diff(model, hc.assemble(hc.load('heated room'))).bits") == "0"
    assert "constraint SC-1: kept" in page.inner_text(".hc-verdicts")
    after(page, lambda: page.locator(".hc-log").get_by_role("button", name="Redo").click())
    assert python(page, "model.W_in[1, 2, 0].item()") == "-113.0"
    after(page, lambda: page.locator(".hc-log").get_by_role("button", name="Reset").click())
    assert python(page, "model.W_in[1, 2, 0].item()") == "-33.0"


def test_a_slider_is_dragged(page):
    slider = page.get_by_label("thermostat.heat.on_below slider")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2

    def drag():
        page.mouse.move(box["x"] + box["width"] / 2, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.44, middle, steps=4)
        page.mouse.up()

    after(page, drag)
    value = float(python(page, "model.parameters['thermostat.heat.on_below'].value"))
    assert 14 < value < 18.5 and f"'thermostat.heat.on_below'] = {value}" in page.inner_text(".hc-lines")
    shown = page.get_by_label("thermostat.heat.on_below", exact=True).input_value()
    assert float(shown) == value, "panel and model agree"


def test_a_node_an_edge_and_the_keyboard_select(page):
    after(page, lambda: page.locator('.hc-svg a[data-part="thermostat: control algorithm"]').click())
    assert "Selected: control algorithm" in page.inner_text(".hc-selection h3")
    point = page.evaluate(
        """() => {
          const path = [...document.querySelectorAll('.hc-svg a[data-part^="feedback"] path.hit')][0];
          const at = path.getPointAtLength(path.getTotalLength() / 3);
          const there = new DOMPoint(at.x, at.y).matrixTransform(path.getScreenCTM());
          return [there.x, there.y];
        }"""
    )
    after(page, lambda: page.mouse.click(*point))
    assert page.input_value(".hc-part") == "feedback room -> thermostat: temperature"
    assert cell(page, "W_E[0, 6]").count() == 1, "the wire of the link is among its weights"
    box = page.locator('.hc-svg a[data-part="thermostat"]').first
    box.focus()
    after(page, lambda: page.keyboard.press("Enter"))
    assert page.input_value(".hc-part") == "thermostat"


@pytest.mark.parametrize("wrong", ["abc", "inf", "1e99", "", "nan"])
def test_wrong_numbers_are_refused_and_nothing_changes(page, wrong):
    field = cell(page, "W_in[1, 2, 0]")
    field.fill(wrong)
    after(page, lambda: field.press("Enter"))
    assert "Expected a finite number that float32 holds for W_in[1, 2, 0]" in message(page)
    assert cell(page, "W_in[1, 2, 0]").input_value() == "-33"
    assert python(page, "model.W_in[1, 2, 0].item()") == "-33.0"


def test_locked_entries_say_why_until_they_are_unlocked(page):
    after(page, lambda: page.get_by_label("show rows of zeros").check())
    locked = cell(page, "W_in[0, 6, 0]")
    assert locked.get_attribute("readonly") is not None
    locked.focus()
    after(page, lambda: page.keyboard.press("5"))
    assert "which is locked" in message(page) and "it may read" in message(page)
    after(page, lambda: page.get_by_label("unlock what the policy masks").check())
    field = cell(page, "W_in[0, 6, 0]")
    field.fill("1")
    after(page, lambda: field.press("Enter"))
    assert python(page, "len(model.audit())") == "1"
    assert "breaks the access policy" in page.inner_text(".hc-said")


def test_the_log_is_copied_saved_and_loaded(page):
    folder = Path(ast.literal_eval(python(page, "__import__('os').getcwd()")))
    field = page.get_by_label("thermostat.heat.off_above", exact=True)
    field.fill("22")
    after(page, lambda: field.press("Enter"))
    page.locator(".hc-log").get_by_role("button", name="Copy as Python").click()
    page.wait_for_selector("text=Copied")
    assert "model.parameters['thermostat.heat.off_above'] = 22" in page.evaluate("() => navigator.clipboard.readText()")
    page.get_by_role("textbox", name="folder").fill("kept")
    after(page, lambda: page.locator(".hc-log").get_by_role("button", name="Save").click())
    assert "saved in kept" in message(page) and (folder / "kept" / "weights.safetensors").exists()
    after(page, lambda: page.locator(".hc-log").get_by_role("button", name="Undo").click())
    after(page, lambda: page.locator(".hc-log").get_by_role("button", name="Load").click())
    assert python(page, "model.parameters['thermostat.heat.off_above'].value") == "22.0"
    path = folder / "kept" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-50])
    before = python(page, "len(model.history.done)")
    after(page, lambda: page.locator(".hc-log").get_by_role("button", name="Load").click())
    assert "Expected a file in the safetensors format" in message(page)
    assert python(page, "len(model.history.done)") == before


def test_a_change_from_another_cell_shows(page):
    after(page, lambda: python(page, "model.edit('b_in[1, 0]', 3.0)"))
    assert cell(page, "b_in[1, 0]").input_value() == "3"
    assert "NOT reproduced" in page.inner_text(".hc-verdict") and "off its formula" in page.inner_text(".hc-said")


def test_the_experiment_is_changed_and_refused(page):
    after(page, lambda: typed(page, "room.temperature at first", "5"))
    assert python(page, "panel.workbench.experiment.initial") == "{'room.temperature': 5.0}"
    after(page, lambda: typed(page, "steps", "1.5"))
    assert "Expected a whole number from 1 to 2000 for the steps" in message(page)
    assert page.get_by_label("steps", exact=True).input_value() == "200"


@pytest.mark.parametrize("width", [1200, 800])
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_it_fits_and_can_be_read_by_day_and_by_night(page, width, theme):
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.wait_for_function(
        f"() => document.querySelector('.hc-panel').classList.contains('dark') === {str('Dark' in theme).lower()}"
    )
    assert page.evaluate(
        "() => { const p = document.querySelector('.hc-panel'); return p.scrollWidth <= p.clientWidth; }"
    )
    contrast = page.evaluate(CONTRAST)
    assert contrast >= 4.5, f"text and paper differ by {contrast:.1f} : 1"


CONTRAST = """() => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255);
    const [r, g, b] = parts.map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.querySelector('.hc-panel'));
  const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""
"""The contrast of text and background, as the Web Content Accessibility Guidelines define it (2.1, section 1.4.3)."""


def value_of(page, name):
    return float(python(page, f"model.parameters['{name}'].value"))


def focused(page):
    return page.evaluate("() => document.activeElement.getAttribute('aria-label')")


def test_sliders_listen_to_keys(page):
    """A notebook takes the arrows for itself: the event comes already prevented."""
    name = "thermostat.heat.on_below"
    slider = page.get_by_label(f"{name} slider")
    low, step = (float(slider.get_attribute(what)) for what in ("min", "step"))
    for key, wanted in (("ArrowLeft", 19 - step), ("ArrowRight", 19.0), ("ArrowDown", 19 - step), ("Home", low)):
        slider.focus()
        after(page, lambda key=key: page.keyboard.press(key))
        assert value_of(page, name) == pytest.approx(wanted), key
        assert focused(page) == f"{name} slider"


def test_tab_goes_from_field_to_field(page):
    first = page.get_by_label("thermostat.heat.on_below", exact=True)
    first.focus()
    page.keyboard.press("Tab")
    assert (
        page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "thermostat.heat.off_above slider"
    )


def test_undo_and_redo_by_key(page):
    field = page.get_by_label("thermostat.heat.off_above", exact=True)
    field.fill("22")
    after(page, lambda: field.press("Enter"))
    page.locator('.hc-svg a[data-part="thermostat"]').first.focus()
    after(page, lambda: page.keyboard.press("Control+z"))
    assert value_of(page, "thermostat.heat.off_above") == 21
    after(page, lambda: page.keyboard.press("Control+y"))
    assert value_of(page, "thermostat.heat.off_above") == 22


def test_what_is_being_typed_is_undone_in_its_field(page):
    field = page.get_by_label("thermostat.heat.off_above", exact=True)
    changes = python(page, "len(model.history.done)")
    field.fill("22")
    field.press("Control+z")
    assert python(page, "len(model.history.done)") == changes and value_of(page, "thermostat.heat.off_above") == 21
    field.fill("21")


def test_quick_edits_are_merged_and_work_in_progress_shows(page):
    """Ten changes of one slider while the first is under way are two commands: the first, and the last."""
    seen = page.evaluate(
        """async () => {
          const root = document.querySelector('.hc-panel'), busy = [];
          const slider = () => [...root.querySelectorAll('input[type=range]')][0];
          const before = Number(root.dataset.count), start = Number(slider().value), step = Number(slider().step);
          for (let k = 1; k <= 10; k += 1) {
            slider().value = String(start - k * step);
            slider().dispatchEvent(new Event('change'));
            busy.push(root.getAttribute('aria-busy'), getComputedStyle(root.querySelector('.hc-verdict')).opacity);
          }
          while (root.getAttribute('aria-busy') === 'true') await new Promise((done) => setTimeout(done, 50));
          return [busy, Number(root.dataset.count) - before];
        }"""
    )
    assert seen[0] == ["true", "0.4"] * 10 and seen[1] == 2
    assert python(page, "len(model.history.done)") == "2"
    assert value_of(page, "thermostat.heat.on_below") == pytest.approx(
        float(page.locator(".hc-panel input[type=range]").first.input_value())
    )


def test_what_an_edit_has_changed_flashes(page):
    after(page, lambda: python(page, "model.edit('W_E[0, 6]', 0.0)"))
    changed = page.evaluate("() => [...document.querySelectorAll('.hc-svg a.changed')].map((a) => a.dataset.part)")
    assert any("temperature" in part for part in changed)
    assert any(part not in changed for part in ("thermostat: process model: room temperature", "room"))


@pytest.mark.parametrize(
    ("loop", "width"),
    [
        ("wheel brakes", 800),
        ("radiotherapy", 1600),
        *(pytest.param(loop, width, marks=pytest.mark.slow) for loop, width in REST),
    ],
)
def test_diagram_and_weights_stand_side_by_side(page, other_model, loop, width):
    """Both are in view at once, and nothing is wider than the panel; JupyterLab's sidebar is open."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("() => window.jupyterapp.shell.expandLeft()")
    python(
        page,
        f"setattr(panel, 'workbench', type(panel.workbench)(hc.assemble(hc.load('{loop}')), Experiment(steps=20)))",
    )
    after(page, lambda: python(page, "panel.refresh()"))
    page.evaluate("() => document.querySelector('.hc-panel').scrollIntoView()")
    found = page.evaluate(
        """() => {
          const box = (what) => document.querySelector('.hc-panel ' + what).getBoundingClientRect().toJSON();
          const panel = document.querySelector('.hc-panel');
          return [box('.hc-diagram'), box('.hc-selection'), panel.scrollWidth <= panel.clientWidth];
        }"""
    )
    diagram, selection, fits = found
    assert fits and diagram["height"] > 200 and selection["height"] > 150
    below, right = selection["top"] >= diagram["bottom"], selection["left"] >= diagram["right"]
    assert below or right, "they do not lie on each other"
    assert right or width == 800
    assert max(diagram["bottom"], selection["bottom"]) - min(diagram["top"], selection["top"]) <= 900


@pytest.fixture
def other_model(page):
    """Show other models for a while."""
    python(page, "globals().__setitem__('kept', panel.workbench)")
    python(page, "exec('from handcrafted.view.editor.experiment import Experiment', globals())")
    yield
    after(page, lambda: python(page, "[setattr(panel, 'workbench', kept), panel.refresh()]"))
    page.set_viewport_size({"width": 1280, "height": 1000})


@pytest.mark.slow
def test_a_saved_notebook_shows_the_panel_as_a_picture_before_anything_runs(tmp_path):
    shutil.copy(NOTEBOOK, tmp_path)
    with jupyterlab(tmp_path) as at, page_of(at(NOTEBOOK.name), 1280, 1000) as opened:
        opened.wait_for_selector(".jp-RenderedImage img")
        assert opened.locator(".jp-RenderedImage img").first.evaluate("(one) => one.naturalWidth") > 200
        assert opened.locator(".hc-panel").count() == 0
