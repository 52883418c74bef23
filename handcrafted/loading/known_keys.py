"""The keys of a kind of file, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from handcrafted.control.parts import Part


class _Quiet(GenerateJsonSchema):
    """Leaves out defaults that JSON cannot say (empty frozen mappings) without a warning."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Stay silent about defaults; anything else is a warning."""
        if kind != "non-serializable-default":
            super().emit_warning(kind, detail)


def plain_schema(kind: type[Part]) -> dict[str, Any]:
    """Return the JSON Schema of a kind of file, by the keys that are written."""
    return kind.model_json_schema(by_alias=True, schema_generator=_Quiet)


@lru_cache(maxsize=8)
def _kept_schema(kind: type[Part]) -> dict[str, Any]:
    return plain_schema(kind)


def known_keys(path: tuple[str | int, ...], root: type[Part]) -> list[str]:
    """Return the keys known at a path of keys and positions of a kind of file; empty where names are free."""
    schema = _kept_schema(root)
    found = list(_choices(schema, schema))
    for part in path:
        found = [choice for one in found if (inner := _within(one, part)) for choice in _choices(inner, schema)]
    return [key for one in found for key in one.get("properties", {})]


def _within(schema: Mapping[str, Any], part: str | int) -> Mapping[str, Any] | None:
    """Return the schema of what stands under a key or a position."""
    if isinstance(part, int):
        return schema.get("items")
    named, free = schema.get("properties", {}), schema.get("additionalProperties")
    return named.get(part) or (free if isinstance(free, Mapping) else None)


def _choices(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return the schemas of which a value fits one, references followed."""
    if "$ref" in schema:
        yield from _choices(whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole)
    elif choices := [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        yield from (inner for choice in choices for inner in _choices(choice, whole))
    else:
        yield schema
