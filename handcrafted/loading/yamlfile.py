"""Load control structures from YAML 1.2; every complaint names the file and the line."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from handcrafted.control.parts import Part
from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.known_keys import known_keys
from handcrafted.text.diagnostics import MAX_MORE, FilePath, HandcraftedError, must_be, sentence
from handcrafted.text.letters import clipped, located, shown

P = TypeVar("P", bound=Part)

MAX_BYTES = 5_000_000


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
            found = file.read(MAX_BYTES + 1)  # a device or a pipe does not say its size
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        raise HandcraftedError(
            f"{where}: Expected a text file in UTF-8, got binary data or another encoding. Give a YAML file in UTF-8."
        ) from None
    except (OSError, ValueError) as error:  # the latter of a path with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        raise HandcraftedError(f"{where}: Expected a file that can be read, got: {reason}. Check the path.") from None
    if len(found) > MAX_BYTES:
        raise HandcraftedError(f"{where}: Expected a file of at most {MAX_BYTES:,} bytes, got more. Split it.")
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


def parsed_data(data: Mapping[str, Any], origin: str) -> ControlStructure:
    """Read a structure from plain data that stands in no text of ours.

    Raises:
        HandcraftedError: naming the entry that is not valid.
    """
    try:
        return ControlStructure.model_validate(data)
    except ValidationError as error:
        found = _translated(error, data, {(): 0}, origin, ControlStructure)
        where = " / ".join(map(str, found.path)) or "the whole"
        raise HandcraftedError(f"{origin}: {where}: {str(found).partition(': ')[2]}", found.path) from None


def _keys_of(kind: type[Part]) -> str:
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    return ", ".join(f"`{name}`" for name in required[:2])


def _line(path: FilePath, lines: Mapping[FilePath, int]) -> int:
    """Return the line of the longest known beginning of a path."""
    return next(lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines)


def _translated(
    error: ValidationError, data: Any, lines: Mapping[FilePath, int], origin: str, kind: type[Part]
) -> HandcraftedError:
    """Make every complaint one sentence with its line, in the order of lines."""
    found: list[tuple[tuple[int, bool], FilePath, Callable[[], str]]] = []
    for item in error.errors(include_url=False):
        cause = item.get("ctx", {}).get("error")
        path = _plain(item["loc"], data)
        if not isinstance(cause, HandcraftedError):
            key = (_line(path, lines), item["type"] != "extra_forbidden")
            found.append((key, path, partial(_sentence, item, path, kind)))
            continue
        for one in (cause, *cause.more):
            own = one.path or path
            found.append(((_line(own, lines), True), own, partial(_sentence, _saying(item, one), own, kind)))
    found.sort(key=lambda one: one[0])  # a mistyped key before what is then missing
    said: dict[str, FilePath] = {}
    for (line, _), path, text in found[: 1 + MAX_MORE]:
        said.setdefault(f"{origin}, line {line}: {text()}", path)
    first, *more = (HandcraftedError(text, path) for text, path in said.items())
    return HandcraftedError(str(first), first.path, tuple(more), max(0, len(found) - 1 - MAX_MORE))


def _sentence(item: Any, path: FilePath, kind: type[Part]) -> str:
    return sentence(item, path, known_keys(path[:-1], kind) if item["type"] == "extra_forbidden" else ())


def _saying(item: Any, error: HandcraftedError) -> dict[str, Any]:
    """Return what pydantic found with one of several complaints as its cause."""
    return {**item, "ctx": {"error": error.args[0]}}


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


MAX_NODES = 200_000
MAX_DEPTH = 40
TAG = "tag:yaml.org,2002:"


class _Refused(Exception):
    """What may not stand at a node, in words."""

    def __init__(self, node: Any, text: str):
        super().__init__(text)
        self.line, self.text = node.start_mark.line + 1, text


class _Composer(Composer):
    """Counts nodes as they are made; an anchor that is set anew means the later one from there on, as YAML has it."""

    def __init__(self, loader: Any = None):
        super().__init__(loader)
        self.warn_double_anchors = False
        self.nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Make a node unless there are too many."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Refused(self.parser.peek_event(), f"Expected at most {MAX_NODES:,} entries, got more. Shorten it.")
        return super().compose_node(parent, index)


def plain_data(text: str, origin: str) -> tuple[Any, dict[FilePath, int]]:
    """Return the data of YAML text, and the line of every path in it.

    Raises:
        HandcraftedError: naming the line that is no YAML, or no plain data.
    """
    lines: dict[FilePath, int] = {}
    try:
        return _Converter(lines).convert(_compose(text, origin), ()), lines
    except _Refused as refused:
        raise HandcraftedError(f"{origin}, line {refused.line}: {refused.text}") from None


def _compose(text: str, origin: str) -> Node:
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer, yaml.max_depth = _Composer, MAX_DEPTH
    try:
        nodes = list(itertools.islice(yaml.compose_all(StringIO(text)), 2))
    except MaxDepthExceededError as error:
        line = error.problem_mark.line + 1
        raise HandcraftedError(
            f"{origin}, line {line}: Expected at most {MAX_DEPTH} levels, got deep nesting. Flatten it."
        ) from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HandcraftedError(
            f"{origin}, line {line}: Expected valid YAML, got: {clipped(str(error.problem))}. Mend it there."
        ) from None
    except (YAMLError, ValueError, NotImplementedError) as error:  # the last two of odd escapes and directives
        reason = clipped(" ".join(str(error).split()), 200)
        raise HandcraftedError(f"{origin}, line 1: Expected valid YAML, got: {reason}. Mend it there.") from None
    if len(nodes) > 1:
        line = nodes[1].start_mark.line + 1
        raise HandcraftedError(f"{origin}, line {line}: Expected one document, got a second one here. Split the file.")
    if not nodes:
        raise HandcraftedError(
            f"{origin}, line 1: Expected a control structure, got an empty file. See `handcrafted new`."
        )
    return nodes[0]


class _Converter:
    """Turns YAML nodes into plain data and notes the line of every path."""

    def __init__(self, lines: dict[FilePath, int]):
        self.lines, self.nodes, self.open = lines, 0, []
        self.scalars = YAML(typ="safe", pure=True).constructor

    def convert(self, node: Node, path: FilePath) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Refused(
                node, f"Expected at most {MAX_NODES:,} entries, got more once aliases are expanded. Shorten it."
            )
        if any(node is other for other in self.open):
            raise _Refused(node, "Expected an alias to something before it, got one inside itself. Write it out.")
        if len(path) > MAX_DEPTH:
            raise _Refused(node, f"Expected at most {MAX_DEPTH} levels, got more through aliases. Flatten it.")
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
        raise _Refused(
            node, f"Expected plain data, got the tag {clipped(node.tag)}. A file here is data only; drop the tag."
        )

    def _scalar(self, node: ScalarNode) -> Any:
        try:
            return self.scalars.construct_object(node)
        except (ValueError, LookupError, YAMLError):  # the second of a word that is neither true nor false
            raise _Refused(node, f"Expected a word or a number, got {shown(node.value)}. Mend it.") from None

    def _mapping(self, node: MappingNode, path: FilePath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode) or key_node.tag == TAG + "merge":
                raise _Refused(key_node, "Expected a word as a key, got something else. Write a plain key.")
            key = key_node.value
            if key in found:
                raise _Refused(
                    key_node, f"Expected each key once, got `{clipped(key)}` twice. Merge or rename one of them."
                )
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.convert(value_node, (*path, key))
        return found
