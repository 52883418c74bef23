"""What a result came from: versions, seed, and SHA-256 of the inputs and of the arrays."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Any

import numpy as np

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.readout.subject import TargetNetwork

PACKAGES = ("handcrafted", "jax", "flax", "numpy")


def digest(data: bytes) -> str:
    """Give the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def arrays_digest(subject: TargetNetwork) -> str:
    """Give the SHA-256 over every array's name, shape and float32 bytes, in declared order."""
    state = hashlib.sha256()
    for name, array in subject.weights.items():
        state.update(f"{name}{array.shape}".encode())
        state.update(np.ascontiguousarray(array, np.float32).tobytes())
    return state.hexdigest()


def manifest(structure: ControlStructure, subject: TargetNetwork) -> dict[str, Any]:
    """List what is needed to get the same result again."""
    text = json.dumps(structure.model_dump(mode="json", by_alias=True, exclude_defaults=True), ensure_ascii=True)
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "seed": subject.seed,
        "sha256": {"structure": digest(text.encode()), "arrays": arrays_digest(subject)},
    }
