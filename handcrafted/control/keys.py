"""Which keys a file may have where, read off the file model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from handcrafted.control.parts import Part, to_key


def known_keys(path: tuple[str | int, ...], root: type[Part]) -> list[str]:
    """Give the keys known at a path of keys and positions of a kind of file; empty where names are free."""
    kinds: list[type[Part]] = [root]
    free: list[type[Part]] = []
    for part in path:
        if isinstance(part, int) or free:
            kinds, free = free or kinds, []
            continue
        field = next((f for kind in kinds for f in _fields(kind).items() if f[0] == part), None)
        if field is None:
            return []
        found = _parts(field[1])
        kinds, free = found, found if _maps(field[1]) else []
    return [] if free else [key for kind in kinds for key in _fields(kind)]


def _fields(kind: type[Part]) -> dict[str, Any]:
    return {field.alias or to_key(name): field.annotation for name, field in kind.model_fields.items()}


def _parts(annotation: Any) -> list[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return [annotation]
    return [part for arg in get_args(annotation) for part in _parts(arg)]


def _maps(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _maps(get_args(annotation)[0])
    return isinstance(origin, type) and issubclass(origin, Mapping)
