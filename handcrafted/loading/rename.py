"""Something in a file under another name, wherever the file speaks of it; all else of its text stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamlfile import loads
from handcrafted.text.diagnostics import HandcraftedError, nearest
from handcrafted.text.letters import listed, shown

COMPONENT, SIGNAL, ID = "component", "signal", "id"
KINDS = (COMPONENT, SIGNAL, ID)
"""What has a name: boxes; what arrows carry and controllers believe; losses, hazards, rules and all that has an id."""

LINKS = ("control actions", "requests", "feedback", "other inputs", "other outputs")
WITH_IDS = (
    "losses", "hazards", "constraints", "assume", "controller constraints", "loss scenarios", "requirements",
    "responsibilities",
)  # fmt: skip
CONDITIONS = ("when", "permit", "context", "never", "then")

GIVES = ("output", "outputs", "inputs", "speed", "position", "rate")
"""Keys of dynamics under which signals are named."""

Place = tuple[Any, Any, str]
"""A mapping with a key, or a list or mapping with where a value stands, and of what kind the name there is."""


def renamed(text: str, origin: str, old: str, new: str, kind: str | None = None) -> str:
    """Return the text of a file in which something is called otherwise.

    Args:
        text: of a control-structure file.
        origin: what the file is called.
        old: the name as it is.
        new: the name as it is to be.
        kind: `component`, `signal` or `id`; needed where `old` names more than one kind of thing.

    Raises:
        HandcraftedError: if nothing is called so, several kinds of things are, or the file would not be valid then.
    """
    before = loads(text, origin)
    data = YAML().load(text)
    keys, values = list(_keys(data)), list(_values(data))
    named = {(str(key), what) for mapping, key, what in keys}
    named |= {(str(holder[at]), what) for holder, at, what in values if what in (SIGNAL, ID) and at in ("name", "id")}
    kinds = [what for what in KINDS if (old, what) in named and kind in (None, what)]
    if not kinds:
        known = [name for name, what in named if kind in (None, what)]
        raise HandcraftedError(f"{origin}: Expected the name of something, got {shown(old)}.{nearest(old, known)}")
    if len(kinds) > 1:
        said = listed((f"a {what}" for what in kinds), " and ")
        raise HandcraftedError(f"{origin}: Expected one thing that is called {shown(old)}, got {said}. Say which kind.")
    kind = kinds[0]
    concerned = lambda what: what == kind or (what == SIGNAL and kind == COMPONENT)
    edits: dict[tuple[int, int], tuple[str, str]] = {}
    for holder, at, what in values:
        if concerned(what) and (other := _other(holder[at], old, new, what == kind, kind)) != holder[at]:
            edits[_place(holder, at, False)] = str(holder[at]), other
    for mapping, key, what in keys:
        if concerned(what) and (other := _other(key, old, new, what == kind, kind)) != key:
            if other in mapping:
                text = f"{origin}: Expected a name that is free, got {shown(new)}, which stands beside it."
                raise HandcraftedError(f"{text} Choose another.")
            edits[_place(mapping, key, True)] = str(key), other
    found = _edited(text, edits)
    after = loads(found, f"{origin} with {shown(old)} as {shown(new)}")
    if _measured(before) != _measured(after):
        raise HandcraftedError(
            f"{origin}: Expected processes that give what they gave, got others once {shown(old)} is {shown(new)}. "
            "Rename it by hand."
        )
    return found


def _measured(structure: ControlStructure) -> list[bool]:
    """Say of each link whether a process gives what it carries."""
    components, carried = structure.components, structure.true_state.carried.values()
    dynamics = ((part.dynamics if (part := components.get(owner)) else None, name) for owner, name in carried)
    return [own is not None and name in own.first_outputs for own, name in dynamics]


def _place(holder: Any, at: Any, is_key: bool) -> tuple[int, int]:
    """Return line and column of a key, of its value, or of an item of a list."""
    found = holder.lc.data[at]
    return tuple(found[:2]) if is_key or isinstance(holder, CommentedSeq) else tuple(found[2:4])


def _edited(text: str, edits: dict[tuple[int, int], tuple[str, str]]) -> str:
    """Return a text with words exchanged, each at its line and column, in whatever quotes it stands."""
    lines = text.splitlines(keepends=True)
    for (line, column), (old, new) in sorted(edits.items(), reverse=True):
        before, after = lines[line][:column], lines[line][column:]
        forms = (old, f"'{old.replace(chr(39), 2 * chr(39))}'", json.dumps(old, ensure_ascii=False), json.dumps(old))
        stands = next((form for form in forms if after.startswith(form)), None)
        if stands is None:
            raise HandcraftedError(
                f"Expected {shown(old)} in one line, as it is, got it written otherwise in line {line + 1}. Write "
                "it so there first."
            )
        lines[line] = (
            f"{before}{new if PLAIN.match(new) else json.dumps(new, ensure_ascii=False)}{after[len(stands) :]}"
        )
    return "".join(lines)


PLAIN = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[^\W\d][\w .()/+-]*(?<! )$", re.IGNORECASE)
"""Names that need no quotes."""


def _other(name: Any, old: str, new: str, whole: bool, kind: str) -> Any:
    """Return a name as it is to be: changed as a whole, or as the owner or the signal of `owner.signal`."""
    text = str(name)
    if whole and text == old:
        return new
    if kind == COMPONENT and text.startswith(f"{old}."):
        return f"{new}{text[len(old) :]}"
    if kind == SIGNAL and text.endswith(f".{old}"):
        return f"{text[: -len(old)]}{new}"
    return name


def _keys(data: Any) -> Iterator[Place]:
    """Return every key that is a name."""
    for name in list(data.get("components") or ()):
        part = data["components"][name]
        yield data["components"], name, COMPONENT
        for section in ("process model", "control algorithm"):
            for key in list(part.get(section) or ()):
                yield part[section], key, SIGNAL
                yield from _condition_keys(part[section][key])
                parameters = (part[section][key] or {}).get("parameters")
                if isinstance(parameters, dict) and isinstance(gains := parameters.get("gains"), dict):
                    yield from ((gains, gain, SIGNAL) for gain in list(gains))
        dynamics = part.get("dynamics") or {}
        for section in ("inputs", "outputs", "initial"):
            if isinstance(inner := dynamics.get(section), dict):
                yield from ((inner, key, SIGNAL) for key in list(inner))
        for transition in dynamics.get("transitions") or ():
            yield from _condition_keys(transition)
        for key in list(part.get("responsibilities") or ()):
            yield part["responsibilities"], key, ID
    for section in WITH_IDS:
        for key in list(data.get(section) or ()):
            yield data[section], key, ID
            yield from _condition_keys(data[section][key])
    for section in ("unsafe control actions", "not hazardous"):
        for rule in data.get(section) or ():
            yield from _condition_keys(rule)
    for start in (data.get("trial") or {}).get("start") or ():
        yield from _condition_keys(start)
        yield from ((start["state"], key, SIGNAL) for key in list(start.get("state") or ()))


def _condition_keys(entry: Any) -> Iterator[Place]:
    for field in CONDITIONS if isinstance(entry, dict) else ():
        rows = entry.get(field) or ()
        for row in [rows] if isinstance(rows, dict) else rows:
            yield from ((row, key, SIGNAL) for key in list(row))


def _values(data: Any) -> Iterator[Place]:
    """Return every place of a value that is a name."""
    for part in (data.get("components") or {}).values():
        yield from _named(part, "inside", COMPONENT)
        for section in ("process model", "control algorithm"):
            for entry in (part.get(section) or {}).values():
                yield from _named(entry, "gates", SIGNAL)
                yield from _listed(entry, "reads", SIGNAL)
        for field in GIVES:
            yield from _listed(part.get("dynamics") or {}, field, SIGNAL)
        for duty in (part.get("responsibilities") or {}).values():
            yield from _listed(duty, "constraints", ID)
    for section in LINKS:
        for link in data.get(section) or ():
            yield from _named(link, "name", SIGNAL)
            yield from _named(link, "of", SIGNAL)
            yield from (place for end in ("from", "to") for place in _named(link, end, COMPONENT))
    for section in ("unsafe control actions", "not hazardous"):
        for rule in data.get(section) or ():
            yield from _named(rule, "by", COMPONENT)
            yield from _named(rule, "action", SIGNAL)
            yield from _named(rule, "id", ID)
            yield from _listed(rule, "hazards", ID)
    for section in WITH_IDS:
        for entry in (data.get(section) or {}).values():
            yield from (place for field in ("losses", "hazards", "for") for place in _listed(entry, field, ID))
            yield from _named(entry, "part of", ID)
    for members in (data.get("groups") or {}).values():
        yield from ((members, i, COMPONENT) for i in range(len(members)))


def _named(entry: Any, field: str, kind: str) -> Iterator[Place]:
    if isinstance(entry, dict) and isinstance(entry.get(field), str | int | float):
        yield entry, field, kind


def _listed(entry: Any, field: str, kind: str) -> Iterator[Place]:
    """Return a name, each of a list of names, or what stands under `all named`."""
    yield from _named(entry, field, kind)
    inner = entry.get(field) if isinstance(entry, dict) else None
    for one in [inner] if isinstance(inner, dict) else inner if isinstance(inner, list) else ():
        yield from _named(one, "all named", kind)
    if isinstance(inner, CommentedSeq):
        yield from ((inner, i, kind) for i, one in enumerate(inner) if not isinstance(one, dict | list))
