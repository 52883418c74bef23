"""Load and save control structures as YAML 1.2; every complaint names the file and the line."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from handcrafted.control.complaint import FilePath, must_be, sentence
from handcrafted.control.errors import HandcraftedError
from handcrafted.control.faultlist import FaultList
from handcrafted.control.keys import known_keys
from handcrafted.control.parts import Part
from handcrafted.control.structure import ControlStructure

P = TypeVar("P", bound=Part)

MOST_BYTES = 5_000_000
MOST_NODES = 200_000
TAG = "tag:yaml.org,2002:"
FIRST = ("id", "name", "from", "to", "kind", "law", "text")


def load(path: str | Path) -> ControlStructure:
    """Read a control structure from a YAML file.

    Raises:
        HandcraftedError: if the file cannot be read or does not state a valid structure; file and line are named.

    Example:
        >>> hc.load(find("train door")).name
        'train door'
    """
    must_be(path, str | Path, "the path of a YAML file")
    return loads(_text(Path(path)), str(path))


def load_faults(path: str | Path) -> FaultList:
    """Read a fault list from a YAML file; raises as `load` does."""
    return parsed(_text(Path(path)), str(path), FaultList)


def _text(path: Path) -> str:
    """Read a text file of moderate size."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise HandcraftedError(f"{path}: Expected a file of at most {MOST_BYTES:,} bytes, got more. Split it.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise HandcraftedError(
            f"{path}: Expected a text file in UTF-8, got binary data or another encoding. Give a YAML file in UTF-8."
        ) from None
    except OSError as error:
        raise HandcraftedError(
            f"{path}: Expected a file that can be read, got: {error.strerror}. Check the path."
        ) from None


def loads(text: str, origin: str = "text") -> ControlStructure:
    """Read a control structure from YAML text; see `load`."""
    return parsed(text, origin, ControlStructure)


def parsed(text: str, origin: str, kind: type[P]) -> P:
    """Read what a kind of file says from YAML text.

    Raises:
        HandcraftedError: naming the line that is not valid.
    """
    lines: dict[FilePath, int] = {}
    try:
        data = _Converter(lines).convert(_compose(text, origin), ())
    except _Refused as refused:
        raise HandcraftedError(f"{origin}, line {refused.line}: {refused.text}") from None
    if not isinstance(data, dict):
        raise HandcraftedError(f"{origin}, line 1: Expected a mapping with {_keys_of(kind)} and so on, got no mapping.")
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise _translated(error, data, lines, origin, kind) from None


def _keys_of(kind: type[Part]) -> str:
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    return ", ".join(f"`{name}`" for name in required[:2])


def _compose(text: str, origin: str) -> Node:
    try:
        yaml = YAML(typ="safe", pure=True)
        nodes = list(itertools.islice(yaml.compose_all(StringIO(text)), 2))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HandcraftedError(
            f"{origin}, line {line}: Expected valid YAML, got: {error.problem}. Mend it there."
        ) from None
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise HandcraftedError(f"{origin}, line 1: Expected valid YAML, got: {reason}. Mend it there.") from None
    except RecursionError:
        raise HandcraftedError(
            f"{origin}, line 1: Expected a file of moderate depth, got deep nesting. Flatten it."
        ) from None
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        raise HandcraftedError(f"{origin}, line {line}: Expected one document, got a second one here. Split the file.")
    if not nodes:
        raise HandcraftedError(
            f"{origin}, line 1: Expected a control structure, got an empty file. See `handcrafted new`."
        )
    return nodes[0]


class _Refused(Exception):
    def __init__(self, node: Node, text: str):
        super().__init__(text)
        self.line, self.text = node.start_mark.line + 1, text


class _Converter:
    """Turns YAML nodes into plain data and notes the line of every path."""

    def __init__(self, lines: dict[FilePath, int]):
        self.lines, self.nodes, self.open = lines, 0, []
        self.scalars = YAML(typ="safe", pure=True).constructor

    def convert(self, node: Node, path: FilePath) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _Refused(
                node, f"Expected at most {MOST_NODES:,} entries, got more once aliases are expanded. Shorten it."
            )
        if any(node is other for other in self.open):
            raise _Refused(node, "Expected an alias to something before it, got one inside itself. Write it out.")
        self.lines.setdefault(path, node.start_mark.line + 1)
        self.open.append(node)
        try:
            return self._by_kind(node, path)
        finally:
            self.open.pop()

    def _by_kind(self, node: Node, path: FilePath) -> Any:
        if isinstance(node, MappingNode) and node.tag == TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == TAG + "seq":
            return [self.convert(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, ScalarNode) and node.tag.removeprefix(TAG) in ("str", "int", "float", "bool", "null"):
            return self._scalar(node)
        if isinstance(node, ScalarNode) and node.tag == TAG + "timestamp":
            return node.value
        raise _Refused(node, f"Expected plain data, got the tag {node.tag}. A file here is data only; drop the tag.")

    def _scalar(self, node: ScalarNode) -> Any:
        try:
            return self.scalars.construct_object(node)
        except (ValueError, YAMLError) as error:
            raise _Refused(node, f"Expected a word or a number, got {node.value!r} ({error}). Mend it.") from None

    def _mapping(self, node: MappingNode, path: FilePath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode) or key_node.value == "<<":
                raise _Refused(key_node, "Expected a word as a key, got something else. Write a plain key.")
            key = key_node.value
            if key in found:
                raise _Refused(key_node, f"Expected each key once, got `{key}` twice. Merge or rename one of them.")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.convert(value_node, (*path, key))
        return found


def _line(path: FilePath, lines: Mapping[FilePath, int]) -> int:
    """Give the line of the longest known beginning of a path."""
    return next(lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines)


def _translated(
    error: ValidationError, data: Any, lines: Mapping[FilePath, int], origin: str, kind: type[Part]
) -> HandcraftedError:
    """Make the first complaint one sentence with its line; count the others."""
    complaints = []
    for item in error.errors():
        cause = item.get("ctx", {}).get("error")
        path = _plain(item["loc"], data)
        if isinstance(cause, HandcraftedError) and cause.path:
            path = cause.path
        said = sentence(item, path, known_keys(path[:-1], kind))
        complaints.append(((_line(path, lines), item["type"] != "extra_forbidden"), path, said))
    complaints.sort(key=lambda complaint: complaint[0])  # a mistyped key before what is then missing
    (line, _), path, text = complaints[0]
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
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


def dumps(structure: ControlStructure) -> str:
    """Give the YAML text of a structure; loading it gives an equal structure."""
    data = structure.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    yaml = YAML()
    yaml.width, yaml.default_flow_style = 4096, False
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(_styled(data, depth=0), out)
    return out.getvalue()


def _styled(value: Any, depth: int) -> Any:
    """Set what has no mappings of mappings inside in one line, as a person would write it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, dict):
        order = sorted(value, key=lambda key: FIRST.index(key) if depth > 1 and key in FIRST else len(FIRST))
        styled: Any = CommentedMap({key: _styled(value[key], depth + 1) for key in order})
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


def save(structure: ControlStructure, path: str | Path) -> None:
    """Write a structure to a file, all or nothing.

    Raises:
        HandcraftedError: if the file cannot be written; an existing one is then untouched.
    """
    path = Path(path)
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False) as file:
            file.write(dumps(structure))
        Path(file.name).replace(path)
    except OSError as error:
        raise HandcraftedError(
            f"{path}: Expected a place that can be written, got: {error.strerror}. Check it."
        ) from None
