"""The building blocks of the file model: names, values, frozen mappings, conditions."""

from __future__ import annotations

import unicodedata
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
    Tag,
    model_validator,
)

from handcrafted.text.letters import CONTROL, shown

LONGEST_NAME = 120
"""Letters of a name."""

LONGEST_REFERENCE = 2 * LONGEST_NAME + 1
"""Letters of a name with its owner's before it."""

WRITABLE = r"^(?!\s)(?!.*\s$)[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+$"
"""What a name is, in the words of a JSON Schema."""


def _check_name(text: str) -> str:
    return _checked_name(text, LONGEST_NAME)


def _check_reference(text: str) -> str:
    return _checked_name(text, LONGEST_REFERENCE)


def _checked_name(text: str, longest: int) -> str:
    """Refuse what cannot stand in a line of its own; whoever draws or writes a name escapes it."""
    if CONTROL.search(text):
        raise ValueError(
            f"Expected a name without control characters and line breaks, got {shown(text)}. Names stand in diagrams, "
            "tables and commands; write free text under `text`"
        )
    if text != text.strip() or not any(unicodedata.category(letter)[0] not in "ZC" for letter in text):
        raise ValueError(f"Expected a name of letters, without outer blanks, got {shown(text)}. Write it without them")
    if len(text) > longest:
        raise ValueError(f"Expected a name of at most {longest} letters, got {len(text):,}: {shown(text)}. Cut it")
    return text


def _check_text(text: str) -> str:
    if CONTROL.search(text.translate(BLANKS)):
        raise ValueError(f"Expected text without control characters, got {shown(text)}. Leave them out")
    return text


BLANKS = dict.fromkeys(map(ord, "\n\r\t\x85\u2028\u2029"))
"""What free text, unlike a name, may have: line breaks and tabs."""


def _to_word(value: Any) -> Any:
    """Write a number or a truth value as the word that a file has in its place."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, int):
        if abs(value) >= 10**LONGEST_NAME:  # Python writes no whole number of more than 4,300 digits
            raise ValueError(f"Expected a name of at most {LONGEST_NAME} letters, got {shown(value)}. Cut it")
        return str(value)
    return value


def _as_word(longest: int) -> BeforeValidator:
    shape = Annotated[str, Field(min_length=1, max_length=longest, pattern=WRITABLE)]
    return BeforeValidator(_to_word, json_schema_input_type=shape | float | bool)


Name = Annotated[str, _as_word(LONGEST_NAME), AfterValidator(_check_name)]
"""A name: any letters, digits, spaces and punctuation in one line. Numbers and true/false are taken as words."""

Reference = Annotated[str, _as_word(LONGEST_REFERENCE), AfterValidator(_check_reference)]
"""What stands for something that has a name: that name, behind its owner's and a dot where others bear it too."""

Text = Annotated[str, AfterValidator(_check_text)]
"""Free text, of one line or several."""

Unit = Annotated[str, AfterValidator(_check_name)]
"""What a number is counted in."""

LEAST, MOST = 2.0**-126, 2.0**127
"""Sizes that float32 holds with all its digits."""


def _must_be_held(value: float) -> None:
    if value and not LEAST <= abs(value) <= MOST:
        raise ValueError(
            f"Expected 0 or a finite number between {LEAST:.2g} and {MOST:.2g} in size, which float32 holds, got "
            f"{shown(value)}. Choose a unit in which it is of usual size"
        )


def _held(value: float) -> float:
    _must_be_held(value)
    return float(value)


def _held_or_word(value: Any) -> Any:
    if not isinstance(value, bool | str):
        _must_be_held(value)
    return value


Number = Annotated[StrictFloat | StrictInt, AfterValidator(_held)]
"""A finite number that float32 holds."""

Positive = Annotated[Number, Field(gt=0)]
"""A finite number above zero that float32 holds."""

MAX_WHOLE = 2**53
"""Whole numbers up to here are exact wherever they are written, in JSON too."""

MAX_WORDS, MAX_ROWS = 1_000, 1_000
"""Values of one signal, and rows of one condition: each takes a coordinate, or a neuron."""

T = TypeVar("T")


def _freeze(mapping: Mapping) -> immutabledict:
    return immutabledict(mapping)


def _thaw(mapping: Mapping) -> dict:
    """Return plain dictionaries all the way down, for pydantic writes no others."""
    return {key: _thaw(value) if isinstance(value, Mapping) else value for key, value in mapping.items()}


FrozenMap = Annotated[Mapping[str, T], AfterValidator(_freeze), PlainSerializer(_thaw)]
NameMap = Annotated[Mapping[Name, T], AfterValidator(_freeze), PlainSerializer(_thaw)]
"""A mapping that cannot change, in declared order."""

ReferenceMap = Annotated[Mapping[Reference, T], AfterValidator(_freeze), PlainSerializer(_thaw)]
"""Such a mapping of what bears a name elsewhere."""


def to_key(field: str) -> str:
    """Return the YAML key of a Python field name: blanks for underscores."""
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


class AllNamed(Part):
    """Everything of one name that arrives, from whomever it is."""

    all_named: Reference

    def __str__(self) -> str:
        return f"{{all named: {self.all_named}}}"


def _read_kind(value: Any) -> str:
    return "all" if isinstance(value, Mapping | AllNamed) else "one"


Reads = Annotated[
    tuple[
        Annotated[Annotated[AllNamed, Tag("all")] | Annotated[Reference, Tag("one")], Discriminator(_read_kind)], ...
    ],
    BeforeValidator(as_tuple, json_schema_input_type=Reference | AllNamed | tuple[Reference | AllNamed, ...]),
    Field(min_length=1),
]
"""What is read: names, each of one thing, or all of one name."""


def _test_kind(value: Any) -> str:
    return "bounds" if isinstance(value, Mapping | Bounds) else "words"


Test = Annotated[Annotated[Bounds, Tag("bounds")] | Annotated[Words, Tag("words")], Discriminator(_test_kind)]
"""What one variable must be: a word, a list of words, or bounds."""

Conjunction = ReferenceMap[Test]
Condition = Annotated[
    tuple[Conjunction, ...],
    BeforeValidator(as_tuple, json_schema_input_type=Conjunction | tuple[Conjunction, ...]),
    Field(min_length=1, max_length=MAX_ROWS),
]
"""Any of several conjunctions; in the file a single mapping stands for a list of one."""

Scalar = Annotated[StrictFloat | StrictInt | bool | Text, AfterValidator(_held_or_word)]
"""A number that float32 holds, a truth value or a word."""


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
