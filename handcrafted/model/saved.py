"""How much memory there is: what would not fit is refused in words before the system ends the process without any."""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from handcrafted.control.vocabulary import WINDOW
from handcrafted.loading.yamlfile import loads, text_of
from handcrafted.loading.yamltext import dumps
from handcrafted.model.arrays import formed, held
from handcrafted.model.network import Network, Rebuild
from handcrafted.model.sparse_array import SparseArray
from handcrafted.model.sparse_pattern import SparsePattern
from handcrafted.model.weights import FIELD_AXES, Weights, check_finite, must_have_sizes, sizes_of
from handcrafted.text.diagnostics import HandcraftedError, must_be, named
from handcrafted.text.files import must_be_regular, write_whole
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
"""The two files of a folder. The second holds the whole model: one file is the old one or the new one whenever a
process is ended, two could be of two models. The first is a copy of what it says of the structure, for people."""

COPY = "# A copy of what weights.safetensors holds, for reading. To change it, save it elsewhere. SHA-256: {}\n"
"""The first line of the copy, with the digest of all others: a copy that was changed is refused, not passed over."""

AT = ".at"
"""What follows an array's name where its positions stand: a sparse array is two, its entries and where they are."""

MAX_AXIS = 2**31
"""No axis of an array is as long as this."""

MAX_BYTES, MAX_HEADER = 4_000_000_000, 12_000_000
"""Larger files of arrays are not opened, nor those that say more of their arrays than any structure takes."""


def save_model(network: Network, folder: str | Path) -> Path:
    """Write a model as `structure.yaml` and `weights.safetensors`; see `Transformer.save`."""
    must_be(folder, str | Path, "a folder to write")
    if network.window != WINDOW:
        raise HandcraftedError(
            f"Expected a model whose heads see {WINDOW} steps, as `assemble` makes it, got {network.window}, which a "
            "folder does not say. Assemble its structure."
        )
    target, text, raw = Path(folder), dumps(network.structure), check_finite(network.weights).copy()
    try:
        target.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:  # the latter of a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        raise HandcraftedError(
            f"{located(target)}: Expected a folder that can be written, got: {reason}. Choose another place."
        ) from None
    for name, content in ((ARRAYS, as_arrays(text, raw)), (STRUCTURE, as_copy(text))):
        write_whole(target / name, content)
    return target


def as_arrays(text: str, arrays: Weights) -> bytes:
    """Return the file of arrays, with the text of the structure that they implement."""
    sparse = {name: array for name, array in arrays.items() if isinstance(array, SparseArray)}
    tensors = {name: np.asarray(held(array)) for name, array in arrays.items()}
    places = {name + AT: array.pattern.at for name, array in sparse.items()}
    shapes = {"sparse": json.dumps({name: array.shape for name, array in sparse.items()})} if sparse else {}
    return save({**tensors, **places}, {"structure": text, "sha256": _sum(text, arrays), **shapes})


def _sum(text: str, arrays: Weights) -> str:
    """Return the SHA-256 of a structure's text and of all arrays."""
    found = hashlib.sha256(text.encode())
    for name, array in arrays.items():
        found.update(f"{name} {array.shape}".encode())
        if isinstance(array, SparseArray):
            found.update(np.ascontiguousarray(array.pattern.at, "<i8").tobytes())
        found.update(np.ascontiguousarray(held(array), "<f4").tobytes())
    return found.hexdigest()


def as_copy(text: str) -> bytes:
    """Return the copy of a structure's text."""
    return (COPY.format(hashlib.sha256(text.encode()).hexdigest()) + text).encode()


class SavedModel:
    """A folder of a model, held open, so that whatever is saved into it meanwhile all of it is of one model.

    Attributes:
        structure: what the arrays implement.
        sizes: the length of every axis.
    """

    def __init__(self, path: Path, file: Any):
        """Read what a file of arrays says of its structure and of itself, before any array is read.

        Raises:
            HandcraftedError: if it is not what it should be.
        """
        self._path, self._file = path, file
        said = file.metadata() or {}
        self._sparse = _sparse_shapes(path, said.get("sparse", "{}"))
        shapes = _shapes(path, file, self._sparse)
        if not {"structure", "sha256"} <= set(said):
            raise HandcraftedError(
                f"{located(path)}: Expected a structure and a SHA-256 in its header, got none, as older versions wrote "
                f"it. Assemble {STRUCTURE}, and save the model anew."
            )
        self._text, self._sum = said["structure"], said["sha256"]
        self.structure = loads(self._text, str(path))
        with named(path):
            self.sizes = sizes_of(shapes)

    def arrays(self, sizes: Mapping[str, int]) -> Weights:
        """Read the raw arrays, if they are of the sizes that the structure asks for.

        Raises:
            HandcraftedError: if they are not, if one is not as it was written, or a number is not finite.
        """
        if self.sizes != sizes:
            raise HandcraftedError(
                f"{self._path}: Expected arrays of the sizes {dict(sizes)}, got {self.sizes}. Save the model anew."
            )
        with _refused(self._path):
            found = Weights(**{name: self._array(name) for name in FIELD_AXES})
        if _sum(self._text, found) != self._sum:
            raise HandcraftedError(
                f"{located(self._path)}: Expected the arrays and the structure that were written, of SHA-256 "
                f"{clipped(self._sum, 12)}, got others. Take the file back from a copy, or save the model anew."
            )
        with named(self._path):
            return check_finite(must_have_sizes(found, sizes)).map(formed)

    def _array(self, name: str) -> Any:
        """Read one array, a sparse one with its positions, which are in order and within it."""
        values = self._file.get_tensor(name)
        if name not in self._sparse:
            return values
        at, size = self._file.get_tensor(name + AT), math.prod(self._sparse[name])
        if at.shape != values.shape or np.any(np.diff(at) <= 0) or (len(at) and not 0 <= at[0] <= at[-1] < size):
            raise HandcraftedError(
                f"{located(self._path)}: Expected the positions of the entries of {name} in order, one for each, got "
                "others. Save the model anew."
            )
        return SparseArray(SparsePattern(self._sparse[name], at), values)


@contextmanager
def saved_model(folder: str | Path) -> Iterator[SavedModel]:
    """Open a folder that `Transformer.save` wrote.

    Raises:
        HandcraftedError: if it is missing, damaged or hostile, or somebody changed the copy of the structure in it.
    """
    must_be(folder, str | Path, "the folder of a model")
    path = Path(folder) / ARRAYS
    with _refused(path):
        _check_size(path)
        opened = safe_open(path, framework="numpy")  # holds plain numbers, checked against the length, and runs nothing
    with opened as file:
        saved = SavedModel(path, file)
        with _refused(path.with_name(STRUCTURE)):
            _check_copy(path.with_name(STRUCTURE))
        yield saved


def _check_copy(path: Path) -> None:
    """Refuse a copy that somebody changed; that of another save, which was ended, says nothing."""
    if not path.exists():
        return
    must_be_regular(path)
    first, _, rest = text_of(path).partition("\n")
    if f"{first}\n{rest}".encode() != as_copy(rest):
        raise HandcraftedError(
            f"{located(path)}: Expected the copy of what {ARRAYS} says, as it was written, got another text. Load and "
            "assemble it by itself, or save the model anew."
        )


def restored(network: Network, rebuild: Rebuild, folder: str | Path) -> Network:
    """Return what a network becomes by a folder; see `Transformer.restore`."""
    with saved_model(folder) as saved:
        other = rebuild(saved.structure)
        if not network.same_circuits(other):
            raise HandcraftedError(
                f"{folder}: Expected a model of the same circuits, got one that needs others. Load it by itself."
            )
        return network.becoming(saved.arrays(network.weights.sizes), saved.structure, other.layout)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Say in words what the operating system or the format refuses."""
    try:
        yield
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
    must_be_regular(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if size > MAX_BYTES or MAX_HEADER < header <= size:
        raise HandcraftedError(
            f"{located(path)}: Expected at most {MAX_BYTES / 1e9:g} GB, and {MAX_HEADER / 1e6:g} MB of header, got "
            "more. Is it a model's file?"
        )


def _sparse_shapes(path: Path, said: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of those arrays that are sparse, as the header says them."""
    with suppress(ValueError, TypeError, RecursionError):
        shapes = {name: tuple(shape) for name, shape in json.loads(said).items()}
        sizes = [size for shape in shapes.values() for size in shape]
        if set(shapes) <= set(FIELD_AXES) and all(type(size) is int and 0 <= size < MAX_AXIS for size in sizes):
            return shapes
    raise HandcraftedError(
        f"{located(path)}: Expected the shapes of sparse arrays in its header, got {clipped(said)}. "
        "Save the model anew."
    )


def _shapes(path: Path, file: Any, sparse: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every array, as the header says it."""
    if unfit := sorted(set(file.keys()) ^ {*FIELD_AXES, *(name + AT for name in sparse)}):
        raise HandcraftedError(
            f"{located(path)}: Expected the {len(FIELD_AXES)} arrays {', '.join(FIELD_AXES)}, and no others, got a "
            f"file that differs in {listed(unfit)}. Save the model anew."
        )
    said = {name: file.get_slice(name) for name in file.keys()}
    for name, one in said.items():
        wanted = ("F32", "float32") if name in FIELD_AXES else ("I64", "int64")
        if (kind := one.get_dtype()) != wanted[0]:
            raise HandcraftedError(
                f"{located(path)}: Expected {wanted[1]}, {wanted[0]}, in {name}, got {kind}. Save the model anew."
            )
        if (held := len(one.get_shape())) != 1 and (name in sparse or name not in FIELD_AXES):
            raise HandcraftedError(
                f"{located(path)}: Expected the entries of a sparse array one behind the other in {name}, got {held} "
                "axes. Save the model anew."
            )
    return {name: sparse.get(name, tuple(said[name].get_shape())) for name in FIELD_AXES}
