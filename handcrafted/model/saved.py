"""How much memory there is: what would not fit is refused in words before the system ends the process without any."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from handcrafted.control.vocabulary import WINDOW
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import load
from handcrafted.loading.yamltext import dumps
from handcrafted.model.network import Network, Rebuild
from handcrafted.model.weights import FIELD_AXES, Weights, check_finite, must_have_sizes, sizes_of
from handcrafted.text.diagnostics import HandcraftedError, must_be, named
from handcrafted.text.letters import clipped, listed, located

GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container says how much its processes may take."""


def memory() -> int:
    """Return how many bytes this process may take at most: of the machine, of its container, of its own limits."""
    return min(_limits(), default=sys.maxsize)


def _limits() -> Iterator[int]:
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for group in map(Path, GROUPS):
        with suppress(ValueError, OSError):  # `max`, or no such file
            yield int(group.read_text(encoding="ascii"))
    with suppress(ImportError):
        import resource

        for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
            if (limit := resource.getrlimit(kind)[0]) != resource.RLIM_INFINITY:
                yield limit


STRUCTURE, ARRAYS = "structure.yaml", "weights.safetensors"
"""The two files of a folder."""

MAX_BYTES, MAX_HEADER = 4_000_000_000, 1_000_000
"""Larger files of arrays are not opened, nor those that say more of their arrays than anybody needs to."""


def save_model(network: Network, folder: str | Path) -> Path:
    """Write a model as `structure.yaml` and `weights.safetensors`; see `Transformer.save`."""
    must_be(folder, str | Path, "a folder to write")
    if network.window != WINDOW:
        raise HandcraftedError(
            f"Expected a model whose heads see {WINDOW} steps, as `assemble` makes it, got {network.window}, which a "
            "folder does not say. Assemble its structure."
        )
    target = Path(folder)
    text, raw = dumps(network.structure), check_finite(network.weights)
    arrays = save({name: np.asarray(array) for name, array in raw.items()}, {"structure": digest(network.structure)})
    try:
        target.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".saving-") as beside:
            for name, content in ((STRUCTURE, text.encode()), (ARRAYS, arrays)):
                (Path(beside) / name).write_bytes(content)
            for name in (STRUCTURE, ARRAYS):
                (Path(beside) / name).replace(target / name)
    except (OSError, ValueError) as error:  # the latter of a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        raise HandcraftedError(
            f"{located(target)}: Expected a folder that can be written, got: {reason}. Choose another place."
        ) from None
    return target


def digest(structure: ControlStructure) -> str:
    """Return the SHA-256 of what a structure says, however its file is laid out."""
    return hashlib.sha256(dumps(structure).encode()).hexdigest()


class Header(NamedTuple):
    """What a folder says of its model before any array is read.

    Attributes:
        structure: what the arrays implement; they name its digest.
        arrays: the file.
        sizes: the length of every axis.
    """

    structure: ControlStructure
    arrays: Path
    sizes: dict[str, int]


def read_header(folder: str | Path) -> Header:
    """Read the structure of a folder, and what its file of arrays says of itself.

    Raises:
        HandcraftedError: if a file is missing, damaged or not what it should be, or if the two do not belong together.
    """
    must_be(folder, str | Path, "the folder of a model")
    structure, arrays = load(Path(folder) / STRUCTURE), Path(folder) / ARRAYS
    with _opened(arrays) as file:
        shapes, said = _shapes(arrays, file), (file.metadata() or {}).get("structure", "")
    if said != digest(structure):
        raise HandcraftedError(
            f"{arrays}: Expected the arrays of the structure beside it, got those of another one, or of an earlier "
            f"version of it. Save the model anew, or assemble {STRUCTURE} alone."
        )
    with named(arrays):
        return Header(structure, arrays, sizes_of(shapes))


def read_arrays(header: Header, sizes: Mapping[str, int]) -> Weights:
    """Read the raw arrays of a folder, if they are of the sizes that its structure asks for.

    Raises:
        HandcraftedError: if they are not, or if a number is not finite.
    """
    if header.sizes != sizes:
        raise HandcraftedError(
            f"{header.arrays}: Expected arrays of the sizes {dict(sizes)}, got {header.sizes}. Save the model anew."
        )
    with _opened(header.arrays) as file:
        found = Weights(**{name: file.get_tensor(name) for name in FIELD_AXES})
    with named(header.arrays):
        return check_finite(must_have_sizes(found, sizes))


def restored(network: Network, rebuild: Rebuild, folder: str | Path) -> Network:
    """Return what a network becomes by a folder; see `Transformer.restore`."""
    header = read_header(folder)
    other = rebuild(header.structure)
    if not network.same_circuits(other):
        raise HandcraftedError(
            f"{folder}: Expected a model of the same circuits, got one that needs others. Load it by itself."
        )
    weights = read_arrays(header, network.weights.sizes)
    return network.becoming(weights, header.structure, other.layout)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file of arrays; safetensors holds plain numbers, checked against the file's length, and runs nothing."""
    try:
        _check_size(path)
        with safe_open(path, framework="numpy") as file:
            yield file
    except SafetensorError as error:
        raise HandcraftedError(
            f"{located(path)}: Expected a file in the safetensors format, got a damaged one or another "
            f"({clipped(str(error))}). Save it anew."
        ) from None
    except OSError as error:
        raise HandcraftedError(
            f"{located(path)}: Expected a file that can be read, got: {error.strerror or error}. Check the folder."
        ) from None


def _check_size(path: Path) -> None:
    """Refuse a file or a header that nobody could hold, before either is read."""
    size = path.stat().st_size
    if not path.is_file():
        raise HandcraftedError(
            f"{located(path)}: Expected a file that can be read, got something else. Check the folder."
        )
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if size > MAX_BYTES or MAX_HEADER < header <= size:
        raise HandcraftedError(
            f"{located(path)}: Expected at most {MAX_BYTES / 1e9:g} GB, and {MAX_HEADER / 1e6:g} MB of header, got "
            "more. Is it a model's file?"
        )


def _shapes(path: Path, file: Any) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array, as the header says it."""
    if unfit := sorted(set(file.keys()) ^ set(FIELD_AXES)):
        raise HandcraftedError(
            f"{located(path)}: Expected the {len(FIELD_AXES)} arrays {', '.join(FIELD_AXES)}, and no others, got a "
            f"file that differs in {listed(unfit)}. Save the model anew."
        )
    said = {name: file.get_slice(name) for name in FIELD_AXES}
    for name, one in said.items():
        if (kind := one.get_dtype()) != "F32":
            raise HandcraftedError(
                f"{located(path)}: Expected float32, F32, in {name}, got {kind}. Save the model anew."
            )
    return {name: tuple(one.get_shape()) for name, one in said.items()}
