"""Models in folders: exact, whole, and refused where arrays and structure do not belong together."""

import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import handcrafted as hc
from handcrafted.craft.assemble import load_model
from handcrafted.model.saved import ARRAYS, STRUCTURE, digest
from handcrafted.zoo import bundled, find


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a model that was edited."""
    model = hc.assemble(hc.load(find("heated room")))
    model.parameters["thermostat.heat.off_above"] = 22.5
    model.edit("b_in[1, 0]", 0.1)
    model.edit("W_U[5, 0]", 0.75, unlock=True)
    model.save(tmp_path / "model")
    return model, tmp_path / "model"


def same(a, b):
    return all(np.asarray(x).tobytes() == np.asarray(b.weights[n]).tobytes() for n, x in a.weights.items())


def test_a_model_comes_back_bit_for_bit(folder):
    model, where = folder
    back = load_model(where)
    assert same(model, back) and back.structure == model.structure and str(back.history) == "no changes"
    assert sorted(path.name for path in where.iterdir()) == sorted([STRUCTURE, ARRAYS])
    assert not hc.diff(model, back).entries and repr(hc.diff(model, back)) == "no difference"
    back.save(where)
    assert same(load_model(where), model)


@pytest.mark.parametrize("path", bundled(), ids=lambda path: path.stem)
def test_every_structure_is_the_same_after_it_was_saved(path, tmp_path):
    structure = hc.load(path)
    structure.save(tmp_path / "s.yaml")
    assert digest(hc.load(tmp_path / "s.yaml")) == digest(structure)


def test_restoring_is_a_change_like_any_other(folder):
    model, where = folder
    other = hc.assemble(hc.load(find("heated room")))
    before = {name: np.asarray(a).tobytes() for name, a in other.weights.items()}
    other.restore(where)
    assert same(other, model) and other.structure == model.structure
    other.undo()
    assert {name: np.asarray(a).tobytes() for name, a in other.weights.items()} == before
    assert other.structure == hc.load(find("heated room"))


def spoil_arrays(where, **changes):
    arrays = load_file(where / ARRAYS)
    with (where / ARRAYS).open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        metadata = json.loads(file.read(size))["__metadata__"]
    for name, change in changes.items():
        changed = change(arrays.pop(name))
        if changed is not None:
            arrays[name] = changed
    save_file(arrays, where / ARRAYS, metadata)


def damaged(where, how):
    """Spoil a folder."""
    path = where / ARRAYS
    data = path.read_bytes()
    if how == "truncated":
        path.write_bytes(data[:-100])
    elif how == "pickle":
        path.write_bytes(pickle.dumps({"W_E": np.zeros(3)}))
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "huge header":
        path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    elif how == "gone":
        path.unlink()
    elif how == "no structure":
        (where / STRUCTURE).unlink()
    elif how == "another structure":
        text = (where / STRUCTURE).read_text()
        assert "off above: 22.5" in text
        (where / STRUCTURE).write_text(text.replace("off above: 22.5", "off above: 22"))
    elif how == "yaml that calls":
        (where / STRUCTURE).write_text("!!python/object/apply:os.system ['touch /tmp/hostile']")
    elif how == "one array less":
        spoil_arrays(where, W_K=lambda array: None)
    elif how == "another shape":
        spoil_arrays(where, W_U=lambda array: np.zeros((3, 1), np.float32))
    elif how == "another type":
        spoil_arrays(where, W_U=lambda array: array.astype(np.float64))
    elif how == "not finite":
        spoil_arrays(where, W_U=lambda array: array * np.float32("nan"))


DAMAGE = {
    "truncated": "safetensors format",
    "pickle": "safetensors format",
    "empty": "safetensors format",
    "huge header": "safetensors format",
    "gone": "Expected a file that can be read",
    "no structure": "Expected a file that can be read",
    "another structure": "Expected the arrays of the structure beside it",
    "yaml that calls": "structure.yaml",
    "one array less": "differs in W_K",
    "another shape": "Expected d_model = ",
    "another type": "Expected float32, F32, in W_U, got F64",
    "not finite": "Expected finite numbers in W_U",
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_folder_is_refused_and_nothing_changes(folder, how):
    _, where = folder
    damaged(where, how)
    with pytest.raises(hc.HandcraftedError, match=DAMAGE[how]):
        load_model(where)
    model = hc.assemble(hc.load(find("heated room")))
    before = hc.assemble(model.structure)
    with pytest.raises(hc.HandcraftedError, match=DAMAGE[how]):
        model.restore(where)
    assert same(model, before) and not model.history.done


def test_arrays_of_another_network_are_refused(folder, tmp_path):
    _, where = folder
    door = hc.assemble(hc.load(find("train door")))
    with pytest.raises(hc.HandcraftedError, match="Expected a model of the same circuits"):
        door.restore(where)
    room = hc.assemble(hc.load(find("guarded room")))
    room.save(tmp_path / "guarded")
    spoil_arrays(tmp_path / "guarded", b_in=lambda array: array + 1)
    with pytest.raises(hc.HandcraftedError, match="Layer 0 controller landlord"):
        load_model(tmp_path / "guarded")


def test_what_cannot_be_saved_says_so(tmp_path):
    model = hc.assemble(hc.load(find("train door")))
    with pytest.raises(hc.HandcraftedError, match="Expected a folder that can be written"):
        model.save(tmp_path / "not" / "there")
    (tmp_path / "file").write_text("x")
    with pytest.raises(hc.HandcraftedError, match="Expected a folder that can be written"):
        model.save(tmp_path / "file")
    with pytest.raises(hc.HandcraftedError, match="Expected a model whose circuits follow"):
        hc.assemble(model.structure, circuits=()).save(tmp_path)
    weights = model.weights.numpy()
    weights.W_U[:] = np.inf
    model.set_weights(weights)
    with pytest.raises(hc.HandcraftedError, match="Expected finite numbers in W_U"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()
