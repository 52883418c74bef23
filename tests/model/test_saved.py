"""Models in folders: exact, whole, and refused where arrays and structure do not belong together."""

import json
import pickle

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import handcrafted as hc
from handcrafted.craft.assemble import load_model
from handcrafted.loading.yamltext import digest
from handcrafted.model.saved import ARRAYS, STRUCTURE, as_arrays
from handcrafted.model.weights import Weights
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


def resign(where):
    """Make all sums of a folder's arrays right, as somebody would who knows the format."""
    with safe_open(where / ARRAYS, framework="numpy") as file:
        text = file.metadata()["structure"]
    (where / ARRAYS).write_bytes(as_arrays(text, Weights(**load_file(where / ARRAYS))))


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
    elif how == "an edited copy":
        text = (where / STRUCTURE).read_text()
        assert "off above: 22.5" in text
        (where / STRUCTURE).write_text(text.replace("off above: 22.5", "off above: 22"))
    elif how == "another structure":
        assert data.count(b"off above: 22.5") == 1
        path.write_bytes(data.replace(b"off above: 22.5", b"off above: 22.0"))
    elif how == "an older version":
        save_file(load_file(path), path, {"structure": "0" * 64})
    elif how == "yaml that calls":
        text = "!!python/object/apply:os.system ['touch /tmp/hostile']"
        path.write_bytes(as_arrays(text, Weights(**load_file(path))))
    elif how == "one array less":
        spoil_arrays(where, W_K=lambda array: None)
    elif how == "another shape":
        spoil_arrays(where, W_U=lambda array: np.zeros((3, 1), np.float32))
    elif how == "another type":
        spoil_arrays(where, W_U=lambda array: array.astype(np.float64))
    elif how == "not finite":
        spoil_arrays(where, W_U=lambda array: array * np.float32("nan"))
    elif how == "not finite, with all sums right":
        spoil_arrays(where, W_U=lambda array: array * np.float32("nan"))
        resign(where)


DAMAGE = {
    "truncated": "safetensors format",
    "pickle": "safetensors format",
    "empty": "safetensors format",
    "huge header": "safetensors format",
    "gone": "Expected a file that can be read",
    "an edited copy": "structure.yaml: Expected the copy of what weights.safetensors says",
    "another structure": "Expected the arrays and the structure that were written",
    "an older version": "Expected a structure and a SHA-256 in its header, got none",
    "yaml that calls": "weights.safetensors, line 1",
    "one array less": "differs in W_K",
    "another shape": "Expected d_model = ",
    "another type": "Expected float32, F32, in W_U, got F64",
    "not finite": "Expected the arrays and the structure that were written",
    "not finite, with all sums right": "Expected finite numbers in W_U",
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


def test_the_copy_for_people_is_not_what_is_loaded(folder, tmp_path):
    """It may be of another save, which was ended or ran beside this one; one that somebody edited is refused."""
    model, where = folder
    (where / STRUCTURE).unlink()
    assert same(load_model(where), model)
    other = hc.assemble(hc.load(find("heated room"))).save(tmp_path / "other")
    (where / STRUCTURE).write_bytes((other / STRUCTURE).read_bytes())
    assert same(load_model(where), model) and load_model(where).structure == model.structure
    assert hc.load(other / STRUCTURE) == hc.load(find("heated room")), "it is read like any structure, by itself"


def test_no_flipped_bit_is_loaded(folder):
    """Of all bytes of both files by turns, each with another bit."""
    model, where = folder
    for name in (STRUCTURE, ARRAYS):
        data = (where / name).read_bytes()
        for at in range(0, len(data), 97):
            flipped = bytearray(data)
            flipped[at] ^= 1 << at % 8
            (where / name).write_bytes(flipped)
            with pytest.raises(hc.HandcraftedError, match="Expected"):
                load_model(where)
        (where / name).write_bytes(data)
    assert same(load_model(where), model)


def test_a_layer_0_that_was_tampered_with_is_not_saved(tmp_path):
    model = hc.assemble(hc.load(find("guarded room")))
    assert model.save(tmp_path / "honest").is_dir()
    where = np.argwhere(np.asarray(model.masks.W_in) & ~np.asarray(model.trainable.W_in))[0]
    name = "W_in"
    stored = getattr(model, name)  # behind the back of `edit`, which refuses it
    stored[...] = stored[...].at[tuple(where)].add(1.0)
    with pytest.raises(hc.HandcraftedError, match="Expected the Layer 0 controller landlord as it was assembled"):
        model.save(tmp_path / "tampered")
    assert not (tmp_path / "tampered").exists()


def test_arrays_of_another_network_are_refused(folder, tmp_path):
    _, where = folder
    door = hc.assemble(hc.load(find("train door")))
    with pytest.raises(hc.HandcraftedError, match="Expected a model of the same circuits"):
        door.restore(where)
    room = hc.assemble(hc.load(find("guarded room")))
    room.save(tmp_path / "guarded")
    spoil_arrays(tmp_path / "guarded", b_in=lambda array: array + 1)
    resign(tmp_path / "guarded")
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
