"""A model in a folder: its structure as YAML, its raw arrays as safetensors, each holding the other to its word."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from handcrafted.control.errors import HandcraftedError
from handcrafted.control.structure import ControlStructure
from handcrafted.control.yamlfile import dumps, load
from handcrafted.model.forward import WINDOW
from handcrafted.model.history import Edited
from handcrafted.model.parameters import Built, Rebuild, same_circuits
from handcrafted.model.weights import FIELD_AXES, Weights, check_finite, check_shapes

if TYPE_CHECKING:
    from handcrafted.model.transformer import Transformer

STRUCTURE, ARRAYS = "structure.yaml", "weights.safetensors"
"""The two files of a folder."""

MOST_BYTES = 4_000_000_000
"""Larger files of arrays are not opened."""


def save_model(model: Transformer, folder: str | Path) -> Path:
    """Write a model as `structure.yaml` and `weights.safetensors`; see `Transformer.save`."""
    if model.window != WINDOW:
        raise HandcraftedError(
            f"Expected a model whose heads see {WINDOW} steps, as `assemble` makes it, got {model.window}, which a "
            "folder does not say. Assemble its structure."
        )
    target = Path(folder)
    text, raw = dumps(model.structure), check_finite(model.weights)
    arrays = save({name: np.asarray(array) for name, array in raw.items()}, {"structure": digest(model.structure)})
    try:
        target.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".saving-") as beside:
            for name, content in ((STRUCTURE, text.encode()), (ARRAYS, arrays)):
                (Path(beside) / name).write_bytes(content)
            for name in (STRUCTURE, ARRAYS):
                (Path(beside) / name).replace(target / name)
    except OSError as error:
        raise HandcraftedError(
            f"{target}: Expected a folder that can be written, got: {error.strerror}. Choose another place."
        ) from None
    return target


def digest(structure: ControlStructure) -> str:
    """Give the SHA-256 of what a structure says, however its file is laid out."""
    return hashlib.sha256(dumps(structure).encode()).hexdigest()


def read_model(folder: str | Path) -> tuple[ControlStructure, Weights]:
    """Read the structure and the raw arrays of a folder.

    Raises:
        HandcraftedError: if a file is missing, damaged or not what it should be, or if the two do not belong together.
    """
    source = Path(folder)
    structure, arrays = load(source / STRUCTURE), source / ARRAYS
    weights, said = _arrays(arrays)
    if said != digest(structure):
        raise HandcraftedError(
            f"{arrays}: Expected the arrays of the structure beside it, got those of another one, or of an earlier "
            f"version of it. Save the model anew, or assemble {STRUCTURE} alone."
        )
    return structure, weights


def restored(model: Transformer, rebuild: Rebuild, folder: str | Path) -> Edited:
    """Give what a model becomes by a folder; see `Transformer.restore`."""
    structure, weights = read_model(folder)
    own, other = Built(model.weights, model.masks, model.names, model.layout), rebuild(structure)
    if not same_circuits(own, other):
        raise HandcraftedError(
            f"{folder}: Expected a model of the same circuits, got one that needs others. Load it by itself."
        )
    if weights.sizes != own.weights.sizes:
        raise HandcraftedError(
            f"{folder}: Expected arrays of the sizes {own.weights.sizes}, got {weights.sizes}. Save the model anew."
        )
    return Edited(weights, structure, other.layout, f"model.restore({str(folder)!r})")


def _arrays(path: Path) -> tuple[Weights, str]:
    """Read arrays and what is said of their structure; safetensors holds plain numbers and runs nothing."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise HandcraftedError(f"{path}: Expected at most {MOST_BYTES / 1e9:g} GB, got more. Is it a model's file?")
        with safe_open(path, framework="numpy") as file:
            if sorted(file.keys()) != sorted(FIELD_AXES):
                unfit = sorted(set(file.keys()) ^ set(FIELD_AXES))
                raise HandcraftedError(
                    f"{path}: Expected the {len(FIELD_AXES)} arrays {', '.join(FIELD_AXES)}, and no others, got a "
                    f"file that differs in {', '.join(unfit)}. Save the model anew."
                )
            found, said = {name: file.get_tensor(name) for name in FIELD_AXES}, (file.metadata() or {})
    except SafetensorError as error:
        raise HandcraftedError(
            f"{path}: Expected a file in the safetensors format, got a damaged one or another ({error}). Save it anew."
        ) from None
    except OSError as error:
        raise HandcraftedError(
            f"{path}: Expected a file that can be read, got: {error.strerror or error}. Check the folder."
        ) from None
    for name, array in found.items():
        if array.dtype != np.float32:
            raise HandcraftedError(f"{path}: Expected float32 in {name}, got {array.dtype}. Save the model anew.")
    try:
        return check_finite(check_shapes(Weights(**found))), said.get("structure", "")
    except HandcraftedError as error:
        raise HandcraftedError(f"{path}: {error}") from None
