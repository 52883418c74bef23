"""The building blocks of the file model: names, values, frozen mappings, conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from immutabledict import immutabledict
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    StrictFloat,
    StrictInt,
    StringConstraints,
    Tag,
    model_validator,
)

NAME_PATTERN = re.compile(r"[^\x00-\x1f\x7f-\U0010ffff\"'`<>\\]+")
NUMBERED = re.compile(r"#\d+$")


def _check_name(text: str) -> str:
    if text != text.strip() or not NAME_PATTERN.fullmatch(text):
        raise ValueError(
            f"Expected a name of plain ASCII characters without quotes, backslashes, angle brackets or outer blanks, "
            f"got {text!r}. Names stand in diagrams, tables and commands; write free text under `text`"
        )
    if NUMBERED.search(text):
        raise ValueError(f"Expected a name, got {text!r}. Endings like `#2` are given by the library; leave it out")
    return text


def _to_word(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else value


Name = Annotated[
    str,
    BeforeValidator(_to_word, json_schema_input_type=str | float | bool),
    StringConstraints(min_length=1, max_length=120),
    AfterValidator(_check_name),
]
"""A name: plain ASCII, no quotes or angle brackets. Numbers and true/false are taken as words."""

LEAST, MOST = 2.0**-126, 2.0**127
"""Sizes that float32 holds with all its digits."""


def _held(value: float) -> float:
    if value and not LEAST <= abs(value) <= MOST:
        raise ValueError(
            f"Expected 0 or a number between {LEAST:.2g} and {MOST:.2g} in size, which float32 holds, got {value:.3g}. "
            "Choose a unit in which it is of usual size"
        )
    return float(value)


Number = Annotated[StrictFloat | StrictInt, Field(allow_inf_nan=False), AfterValidator(_held)]
"""A finite number that float32 holds."""

Positive = Annotated[StrictFloat | StrictInt, Field(allow_inf_nan=False, gt=0), AfterValidator(_held)]
"""A finite number above zero that float32 holds."""

T = TypeVar("T")


def _freeze(mapping: Mapping) -> immutabledict:
    return immutabledict(mapping)


def _thaw(mapping: Mapping) -> dict:
    """Give plain dictionaries all the way down, for pydantic writes no others."""
    return {key: _thaw(value) if isinstance(value, Mapping) else value for key, value in mapping.items()}


FrozenMap = Annotated[Mapping[str, T], AfterValidator(_freeze), PlainSerializer(_thaw)]
NameMap = Annotated[Mapping[Name, T], AfterValidator(_freeze), PlainSerializer(_thaw)]
"""A mapping that cannot change, in declared order."""


def to_key(field: str) -> str:
    """Give the YAML key of a Python field name: blanks for underscores."""
    return field.replace("_", " ")


class Part(BaseModel):
    """A piece of a control-structure file: immutable, with no keys but the declared ones."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_key, validate_by_name=True, validate_by_alias=True
    )


class Bounds(Part):
    """A test of a real variable: strictly above, strictly below, or both."""

    above: Number | None = None
    below: Number | None = None

    @model_validator(mode="after")
    def _some_and_ordered(self) -> Bounds:
        if self.above is None and self.below is None:
            raise ValueError("Expected {above: x}, {below: x} or both, got neither. Give at least one bound")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"Expected above < below, got above {self.above:g} and below {self.below:g}. Swap them")
        return self


def as_tuple(value: Any) -> Any:
    """Wrap a single item, so that `x` and `[x]` read the same."""
    if isinstance(value, str | bytes | Mapping | BaseModel) or not isinstance(value, Iterable):
        return (value,)
    return tuple(value)


Words = Annotated[
    tuple[Name, ...],
    BeforeValidator(as_tuple, json_schema_input_type=Name | tuple[Name, ...]),
    Field(min_length=1),
]


def _test_kind(value: Any) -> str:
    return "bounds" if isinstance(value, Mapping | Bounds) else "words"


Test = Annotated[Annotated[Bounds, Tag("bounds")] | Annotated[Words, Tag("words")], Discriminator(_test_kind)]
"""What one variable must be: a word, a list of words, or bounds."""

Conjunction = NameMap[Test]
Condition = Annotated[
    tuple[Conjunction, ...],
    BeforeValidator(as_tuple, json_schema_input_type=Conjunction | tuple[Conjunction, ...]),
    Field(min_length=1),
]
"""Any of several conjunctions; in the file a single mapping stands for a list of one."""

Scalar = StrictFloat | StrictInt | bool | str


def _parameter_kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "mapping"
    if isinstance(value, str) or not isinstance(value, Iterable):
        return "scalar"
    rows = [item for item in value if isinstance(item, Iterable) and not isinstance(item, str)]
    return "matrix" if rows else "list"


Parameter = Annotated[
    Annotated[Scalar, Tag("scalar")]
    | Annotated[tuple[Scalar, ...], Tag("list")]
    | Annotated[tuple[tuple[Scalar, ...], ...], Tag("matrix")]
    | Annotated[FrozenMap[Scalar | tuple[Scalar, ...]], Tag("mapping")],
    Discriminator(_parameter_kind),
]
"""The value of a law's parameter: a number, a word, a list, a matrix, or a mapping to words, numbers or lists."""

EMPTY: immutabledict = immutabledict()
