"""Load control structures from YAML 1.2; every complaint names the file and the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from handcrafted.control.parts import Part
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlnodes import known_keys, plain_data
from handcrafted.text.diagnostics import FilePath, HandcraftedError, must_be, sentence
from handcrafted.text.letters import located

P = TypeVar("P", bound=Part)

MOST_BYTES = 5_000_000


def load(path: str | Path) -> ControlStructure:
    """Read a control structure from a YAML file.

    Raises:
        HandcraftedError: if the file cannot be read or does not state a valid structure; file and line are named.

    Example:
        >>> hc.load(find("train door")).name
        'train door'
    """
    return loads(text_of(path), str(path))


def text_of(path: str | Path) -> str:
    """Read a text file of moderate size."""
    must_be(path, str | Path, "the path of a YAML file")
    where = located(path)
    try:
        with Path(path).open("rb") as file:
            found = file.read(MOST_BYTES + 1)  # a device or a pipe does not say its size
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        raise HandcraftedError(
            f"{where}: Expected a text file in UTF-8, got binary data or another encoding. Give a YAML file in UTF-8."
        ) from None
    except (OSError, ValueError) as error:  # the latter of a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        raise HandcraftedError(f"{where}: Expected a file that can be read, got: {reason}. Check the path.") from None
    if len(found) > MOST_BYTES:
        raise HandcraftedError(f"{where}: Expected a file of at most {MOST_BYTES:,} bytes, got more. Split it.")
    return text


def loads(text: str, origin: str = "text") -> ControlStructure:
    """Read a control structure from YAML text; see `load`."""
    return parsed(text, origin, ControlStructure)


def parsed(text: str, origin: str, kind: type[P]) -> P:
    """Read what a kind of file says from YAML text.

    Raises:
        HandcraftedError: naming the line that is not valid.
    """
    origin = located(origin)
    data, lines = plain_data(text, origin)
    if not isinstance(data, dict):
        raise HandcraftedError(f"{origin}, line 1: Expected a mapping with {_keys_of(kind)} and so on, got no mapping.")
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise _translated(error, data, lines, origin, kind) from None


def _keys_of(kind: type[Part]) -> str:
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    return ", ".join(f"`{name}`" for name in required[:2])


def _line(path: FilePath, lines: Mapping[FilePath, int]) -> int:
    """Give the line of the longest known beginning of a path."""
    return next(lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines)


def _translated(
    error: ValidationError, data: Any, lines: Mapping[FilePath, int], origin: str, kind: type[Part]
) -> HandcraftedError:
    """Make the first complaint one sentence with its line; count the others."""
    found = []
    for item in error.errors(include_url=False):
        cause = item.get("ctx", {}).get("error")
        path = _plain(item["loc"], data)
        if isinstance(cause, HandcraftedError) and cause.path:
            path = cause.path
        found.append(((_line(path, lines), item["type"] != "extra_forbidden"), path, item))
    (line, _), path, item = min(found, key=lambda one: one[0])  # a mistyped key before what is then missing
    text = sentence(item, path, known_keys(path[:-1], kind))
    more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
    return HandcraftedError(f"{origin}, line {line}: {text}{more}", path)


def _plain(loc: Sequence[str | int], data: Any) -> FilePath:
    """Leave out of pydantic's location what is no key of the file."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(data, dict) and (part in data or part == loc[-1]):
            data = data.get(part)
            path.append(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
            path.append(part)
    return tuple(path)
