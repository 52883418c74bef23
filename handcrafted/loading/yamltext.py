"""Control structures as YAML 1.2 text, as a person would write it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from handcrafted.loading.structure import StructureFile
from handcrafted.text.diagnostics import must_be
from handcrafted.text.files import write_whole

FIRST = ("id", "name", "from", "to", "kind", "law", "text")


def dumps(structure: StructureFile) -> str:
    """Return the YAML text of a structure; loading it gives an equal structure."""
    data = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    yaml = YAML()
    yaml.width, yaml.default_flow_style = 4096, False
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(_styled(data, depth=0), out)
    return out.getvalue()


def digest(structure: StructureFile) -> str:
    """Return the SHA-256 of what a structure says, however its file is laid out."""
    return hashlib.sha256(dumps(structure).encode()).hexdigest()


def _quoted(text: str) -> str:
    """Quote what the writer would leave plain although no reader takes it so within braces."""
    return DoubleQuotedScalarString(text) if text.startswith((":", "?")) else text


def _styled(value: Any, depth: int) -> Any:
    """Set what has no mappings of mappings inside in one line, as a person would write it."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, dict):
        order = sorted(value, key=lambda key: FIRST.index(key) if depth > 1 and key in FIRST else len(FIRST))
        styled: Any = CommentedMap({_quoted(key): _styled(value[key], depth + 1) for key in order})
    elif isinstance(value, list):
        styled = CommentedSeq([_styled(item, depth + 1) for item in value])
    else:
        return value
    if (depth > 1 and sum(1 for _ in _leaves(value)) <= 8) or (isinstance(value, list) and depth > 2):
        styled.fa.set_flow_style()
    return styled


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value


def save(structure: StructureFile, path: str | Path) -> None:
    """Write a structure to a file, all or nothing.

    Raises:
        HandcraftedError: if the file cannot be written; an existing one is then untouched.
    """
    must_be(path, str | Path, "the path of a file to write")
    write_whole(Path(path), dumps(structure).encode())
