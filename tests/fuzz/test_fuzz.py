"""200 cases by default, 20,000 with `-m slow`, in pieces by kind: `pytest tests/fuzz -m slow -k folder`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st
from pydantic import ValidationError

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.craft.assemble import load_model
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import loads, parsed
from handcrafted.loading.yamltext import dumps
from handcrafted.loading.zoom import Zoom
from handcrafted.model.forward import forward
from handcrafted.model.saved import ARRAYS, STRUCTURE
from handcrafted.model.weights import FIELD_AXES
from handcrafted.safety.faults.faultlist import FaultList, expand
from handcrafted.safety.faults.usual import usual_faults
from handcrafted.text.letters import UNSEEN
from handcrafted.view.drawing import control_diagram
from handcrafted.view.editor.experiment import Experiment
from handcrafted.view.editor.parts import parts_of
from handcrafted.view.editor.workbench import COMMANDS as COMMANDS_OF_THE_PANEL
from handcrafted.view.editor.workbench import Workbench
from handcrafted.zoo import find
from tests.control.strategies import published
from tests.fuzz.bounds import run
from tests.fuzz.mutations import SCALARS, arrays, as_yaml, spoilt, texts, trees
from tests.nasty import nasty

pytest.importorskip("resource", reason="the limits of memory are those of Unix")

SHARES = {
    "text": 0.28,
    "tree": 0.24,
    "structure": 0.08,
    "folder": 0.2,
    "fault list": 0.08,
    "weights": 0.04,
    "command": 0.04,
    "message": 0.04,
}
"""Of all cases, by kind."""


def cases(kind):
    """Mark a test to run its share of 200 cases by default, and of 20,000 with the slow ones."""
    few, many = (max(1, round(total * SHARES[kind])) for total in (200, 20_000))
    return pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.slow)])


def refused(call, *arguments, **named):
    """Call something; give what came of it, or the words of a refusal, which must be fit to be printed."""
    try:
        return call(*arguments, **named), ""
    except hc.HandcraftedError as error:
        text = str(error)
        *lines, last = text.split("\n")
        assert "Expected" in text and len(lines) <= 21 and len(last) <= 1_000, text
        assert all(len(line) <= 1_000 for line in lines), text
        text.encode()
        assert not UNSEEN.search(text.replace("\n", "")), text
        return None, text


def sound(structure):
    """Check that what was accepted can be used: saved and read again, drawn, assembled or refused in words."""
    assert loads(dumps(structure)) == structure
    assert str(structure) and structure._repr_html_() and control_diagram(Zoom(structure)).encode()
    refused(hc.assemble, structure)


@cases("text")
def test_mutated_text_is_read_or_refused(count):
    def check(text):
        structure, _ = refused(loads, text, "fuzz.yaml")
        if structure is not None:
            sound(structure)

    run(texts(), check, count)


@cases("tree")
def test_mutated_trees_are_read_or_refused(count):
    def check(tree):
        structure, _ = refused(loads, as_yaml(tree), "fuzz.yaml")
        if structure is not None:
            sound(structure)
        try:
            ControlStructure.model_validate(tree)
        except (ValidationError, hc.HandcraftedError):
            pass

    run(trees(), check, count)


@cases("structure")
def test_valid_structures_are_assembled(count):
    run(published(most=12), sound, count)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return folders with a saved model each."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("heated room", "train door", "guarded room"):
        hc.assemble(hc.load(find(name))).save(folder / name)
    hc.assemble(nasty()).save(folder / "nasty")
    return sorted(folder.iterdir())


@st.composite
def folders(draw, models):
    """Draw the contents of a saved model with one or both of its files spoilt, or exchanged with another's."""
    one, other = draw(st.sampled_from(models)), draw(st.sampled_from(models))
    contents = {name: (one / name).read_bytes() for name in (STRUCTURE, ARRAYS)}
    what = draw(st.sampled_from(("arrays", "arrays", "structure", "text", "exchanged", "resigned", "gone")))
    if what == "structure":
        contents[STRUCTURE] = draw(spoilt(contents[STRUCTURE]))
    elif what == "text":
        contents[STRUCTURE] = draw(texts([contents[STRUCTURE].decode()])).encode(errors="surrogatepass")
    elif what == "exchanged":
        contents[STRUCTURE] = (other / STRUCTURE).read_bytes()
    elif what == "resigned":
        contents = _resigned(draw, contents)
    elif what == "gone":
        del contents[draw(st.sampled_from((STRUCTURE, ARRAYS)))]
    if what == "arrays" or (ARRAYS in contents and draw(st.booleans())):
        contents[ARRAYS] = draw(spoilt(contents[ARRAYS]))
    return contents


def _resigned(draw, contents):
    """Return the same arrays with another structure and all sums right, as somebody would who knows the format."""
    from safetensors.numpy import load

    from handcrafted.model.saved import as_arrays, as_copy
    from handcrafted.model.weights import Weights

    text = as_yaml(draw(trees([contents[STRUCTURE].decode()], most=1)))
    return {STRUCTURE: as_copy(text), ARRAYS: as_arrays(text, Weights(**load(contents[ARRAYS])))}


@cases("folder")
def test_damaged_folders_are_read_or_refused_and_change_nothing(count, models, tmp_path):
    room = hc.assemble(hc.load(find("heated room")))
    before = {name: np.asarray(array).tobytes() for name, array in room.weights.items()}
    folder = tmp_path / "model"

    def check(contents):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        found, _ = refused(load_model, folder)
        _, said = refused(room.restore, folder)
        if not said:
            room.undo()
            room.history.forget()
        assert {name: np.asarray(array).tobytes() for name, array in room.weights.items()} == before
        assert sorted(path.name for path in folder.iterdir()) == sorted(contents)
        if found is not None:
            found.save(folder)
            assert not hc.diff(load_model(folder), found).entries

    run(folders(models), check, count)


FAULTS = (
    as_yaml(usual_faults().model_dump(mode="json", by_alias=True, exclude_defaults=True)),
    "steps: 40\nfaults:\n  - {sensor: all, stuck: [18, 30], from: [0, 5]}\n  - {weight: all, flip: all}\n",
    "faults: [{link: 'room -> thermostat: temperature', delay: 3, for: 9, when: {temperature: {above: 20}}}]\n",
    "faults: [{activation: [L0H0, heat], bias: 1}, {process: room, parameter: {time constant: 1}}]\n",
    "faults: [{network: all, hold: true}, {recurrence: all, noise: 0.1}, {history: all, zero: true, of: thermostat}]\n",
)  # fmt: skip


@cases("fault list")
def test_mutated_fault_lists_are_expanded_or_refused(count):
    room = hc.assemble(hc.load(find("heated room")))

    def check(text):
        listed, _ = refused(parsed, text, "faults.yaml", FaultList)
        if listed is not None:
            faults, _ = refused(expand, room, listed)
            assert all(str(fault) for fault in (faults or ())[:100])

    run(texts(FAULTS) | trees(FAULTS).map(as_yaml), check, count)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what overflows may say so
@cases("weights")
def test_arrays_of_any_numbers_shapes_and_types_are_run_or_refused(count, tmp_path):
    structure = hc.load(find("heated room"))
    model = hc.assemble(structure)
    inputs = np.full((3, 1), 20, np.float32)
    there_and_back = np.concatenate([np.arange(30, 10, -0.5), np.arange(10, 30, 0.5)]).astype(np.float32)[:, None]
    wanted = forward(model.effective_weights, there_and_back)[0]

    def check(weights):
        recovered, _ = refused(hc.recover, weights, model.names)
        comparison, _ = refused(hc.compare, structure, recovered) if recovered is not None else (None, "")
        if comparison is not None and comparison.reproduced:
            np.testing.assert_allclose(forward(weights, there_and_back)[0], wanted, atol=1e-3)
        refused(forward, weights, inputs)
        refused(hc.explain, model, "thermostat -> room: heat", weights)
        refused(model.audit, weights)
        changed = hc.assemble(structure)
        _, said = refused(changed.set_weights, weights)
        if not said:
            refused(hc.simulate, changed, steps=3)
            refused(hc.diff, model, changed)
            refused(changed.save, tmp_path / "model")
        assert not list(tmp_path.rglob(".*"))

    run(arrays(model.weights), check, count)


@st.composite
def messages(draw, parts, parameters):
    """Draw what a browser, or whoever speaks for it, may send: a command with what belongs to it, any of it wrong."""
    anything = st.sampled_from([*SCALARS, [], {}, [1], {"a": 1}])
    mostly = lambda *right: st.sampled_from(right) if draw(st.integers(0, 3)) else anything
    what = draw(mostly(*COMMANDS_OF_THE_PANEL))
    entry = st.builds(lambda name, *at: f"{name}[{', '.join(map(str, at))}]", st.sampled_from(sorted(FIELD_AXES)),
                      *[st.integers(-1, 4)] * draw(st.integers(1, 4)))  # fmt: skip
    said = {
        "do": what,
        "part": draw(mostly(*parts)),
        "name": draw(mostly(*parameters, "steps", "seed", "disturbance", "room.temperature")),
        "entry": draw(entry if draw(st.booleans()) else anything),
        "value": draw(mostly(*SCALARS, "21.5", "0.5", "12", 19.0, 3, 60)),
        "folder": draw(mostly("model", "model/inner", "other")),
    }
    for key in draw(st.lists(st.sampled_from([*said]), max_size=1)):
        del said[key]
    return said if draw(st.integers(0, 9)) else draw(anything)


@cases("message")
def test_messages_to_the_panel_are_carried_out_or_refused_and_then_change_nothing(count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bench = Workbench(hc.assemble(hc.load(find("heated room"))), Experiment(steps=20))

    def state():
        arrays = {name: np.asarray(array).tobytes() for name, array in bench.model.weights.items()}
        return arrays, bench.model.structure, bench.experiment, bench.selected, str(bench.model.history)

    def check(message):
        before = state()
        bench.do(message)
        if bench.message and not bench.message.startswith("saved in "):
            assert "Expected" in bench.message and len(bench.message) <= 21_000, bench.message
            assert not UNSEEN.search(bench.message.replace("\n", "")) and state() == before
        json.dumps([bench.selection(), bench.loop(), bench.log()], allow_nan=False)
        assert not list(tmp_path.rglob(".*"))

    run(messages([*parts_of(bench.model.structure)], [*bench.model.parameters]), check, count)
    assert bench.diagram()["svg"]


COMMANDS = (
    ("draw", "fuzz.yaml", "-o", "out.dot"),
    ("explain", "fuzz.yaml", "a -> b: c"),
    ("explain", "fuzz.yaml", "--equations"),
    ("check", "fuzz.yaml", "good.yaml", "--json"),
    ("new", "NAME"),
    ("inject", "good.yaml", "fuzz.yaml", "--sample", "1"),
    ("run", "fuzz.yaml", "--steps", "3", "-o", "out.csv"),
)


@cases("command")
def test_commands_end_with_their_codes_and_leave_no_halves(count, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def check(case):
        command, text, name = case
        for path in tmp_path.iterdir():
            path.unlink()
        Path("good.yaml").write_text(find("heated room").read_text())
        Path("fuzz.yaml").write_text(text, errors="surrogatepass")
        done = CliRunner().invoke(main, [name if word == "NAME" else word for word in command])
        assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
        assert done.exit_code in (0, 1, 2) and "Traceback" not in done.output
        assert done.exit_code != 2 or "Error: " in done.stderr
        if "--json" in command:
            assert len(json.loads(done.stdout)) == 2
        made = {path.name for path in tmp_path.iterdir()} - {"good.yaml", "fuzz.yaml"}
        assert len(made) <= (done.exit_code != 2) and not any(name.startswith(".") for name in made)

    texts_ = texts() | trees().map(as_yaml)
    names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20).filter(lambda n: n[0] != "-")
    run(st.tuples(st.sampled_from(COMMANDS), texts_, names), check, count)
