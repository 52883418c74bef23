"""Random edits of what is valid: of YAML text, of the trees in it, of bytes and of arrays."""

import json
import math
import re
import struct
from copy import deepcopy
from typing import Any

import numpy as np
from hypothesis import strategies as st
from ruamel.yaml import YAML

from handcrafted.laws.catalogue import LAWS
from handcrafted.zoo import bundled
from tests.nasty import NASTY

TEXTS = tuple(path.read_text(encoding="utf-8") for path in bundled())

SCALARS = (
    0, -1, 1, 2, 16, 999_999, 2**31, 2**53, 2**63, -(2**63), 10**30, 10**400, -(10**400), 0.1, -0.5, -0.0, 1e-300, 1e30,
    1e308, math.nan, math.inf, -math.inf, None, True, False, "", " ", "yes", "no", "all", "x" * 300, "\x07", "\ud800",
    "\u202e", "1e400", "0x10", ".nan", "2001-01-01", *NASTY,
)  # fmt: skip
"""What somebody may put in place of a number or a word."""

WRITTEN = (
    "1" + "0" * 400, "0x" + "f" * 2000, "-1e400", "1e-400", ".nan", "-.inf", "~", "[]", "{}", "!!binary aGk=", "!!x y",
    "2001-01-01", "<b>", "'a -> b: c'", "ключ", "😀", "x" * 5000, "1_000", "0o17", '"\\ud800"', '"\\0"', "? a",
    "&a [*a]", "*b", "- x", "9" * 5000, "[[1]]", "{a: {b: c}}", "true", "null", "1.5", "-1", "|", ">", "!!int x",
    "!!float y",
    "<<", "!!bool z", '"\\U0011ffff"', "---", "...", "%YAML 1.1", ": ", "? ", "@", "`", "1000000", "0.000001", "1e30",
    "[1, 2]", "'", "#1",
)  # fmt: skip
"""What somebody may type in place of a word of a file."""

FACTORS = (-1, 0, 0.5, 2, 3, 1e-6, 1e-3, 1e3, 1e6, 1e12)
"""How a number may be mistaken."""

WORD = re.compile(r"[\w.\-]+|\S")


@st.composite
def texts(draw, sources=TEXTS, most=4):
    """Draw a text with a few edits."""
    text = draw(st.sampled_from(sources))
    for _ in range(draw(st.integers(1, most))):
        text = draw(st.sampled_from(TEXT_EDITS))(draw, text)
    return text


def _other_word(draw, text):
    words = [*WORD.finditer(text)]
    if not words:
        return text
    at, other = draw(st.sampled_from(words)), draw(st.sampled_from(words))
    return text[: at.start()] + other.group() + text[at.end() :]


def _typed_word(draw, text):
    words = [*WORD.finditer(text)]
    if not words:
        return text
    at = draw(st.sampled_from(words))
    return text[: at.start()] + draw(st.sampled_from(WRITTEN)) + text[at.end() :]


def _moved_line(draw, text):
    lines = text.split("\n")
    line = lines[draw(st.integers(0, len(lines) - 1))]
    lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(["", " ", "    "])) + line)
    return "\n".join(lines)


def _less_line(draw, text):
    lines = text.split("\n")
    del lines[draw(st.integers(0, len(lines) - 1))]
    return "\n".join(lines)


def _letter(draw, text):
    at = draw(st.integers(0, len(text)))
    odd = "\0\t\n\r \"'#&*,-:<>?@[]{}|%`!\x07\x85\u2028\ufeff\ud800\u202e"
    return text[:at] + draw(st.sampled_from([*odd, "😀", "é"])) + text[at:]


def _cut(draw, text):
    at = draw(st.integers(0, len(text)))
    return text[:at] + text[at + draw(st.integers(1, 60)) :]


def _spliced(draw, text):
    other = draw(st.sampled_from(TEXTS))
    return text[: draw(st.integers(0, len(text)))] + other[draw(st.integers(0, len(other))) :]


TEXT_EDITS = (_other_word, _typed_word, _typed_word, _moved_line, _less_line, _letter, _cut, _spliced)


def tree_of(text):
    """Return the plain data of a text, every word as it is written."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


@st.composite
def trees(draw, sources=TEXTS, most=3):
    """Draw the tree of a valid text with a few edits."""
    tree = {"": deepcopy(draw(st.sampled_from([tree_of(text) for text in sources])))}
    for _ in range(draw(st.integers(1, most))):
        places = [*_places(tree)]
        parent, key = draw(st.sampled_from(places))
        other, at = draw(st.sampled_from(places))
        what = draw(
            st.sampled_from(("scalar", "scalar", "gone", "other", "wrapped", "renamed", "many", "number", "law"))
        )
        if what in ("number", "law"):
            likely = [(p, k) for p, k in places if (k == "law" if what == "law" else _is_number(p[k]))]
            parent, key = draw(st.sampled_from(likely or places))
        if what == "gone" and key != "":
            del parent[key]
        elif what == "other":
            parent[key] = deepcopy(other[at])
        elif what == "wrapped":
            parent[key] = draw(st.sampled_from([[parent[key]], {"x": parent[key]}, [parent[key], parent[key]]]))
        elif what == "renamed" and isinstance(parent, dict) and key != "":
            parent[draw(st.sampled_from(NASTY))] = parent.pop(key)
        elif what == "many":
            count = draw(st.sampled_from((100, 1_001, 5_000)))
            parent[key] = draw(
                st.sampled_from([["w"] * count, [f"w{i}" for i in range(count)], dict.fromkeys(range(count), 1)])
            )
        elif what == "number" and _is_number(parent[key]):
            parent[key] = draw(st.sampled_from([parent[key] * f for f in FACTORS] + [parent[key] + 1]))
        elif what == "law":
            parent[key] = draw(st.sampled_from([*LAWS]))
        else:
            parent[key] = draw(st.sampled_from(SCALARS))
    return tree[""]


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300  # or beyond a float


def _places(tree: Any):
    """Return every place of a tree as what holds it and the key there."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


def as_yaml(tree):
    """Write a tree as YAML that says just that: JSON, but for numbers that JSON has not."""
    text = json.dumps(tree, ensure_ascii=True)
    return re.sub(
        r"(?<=[\s\[:])(-?)(NaN|Infinity)\b", lambda found: f"{found[1]}.{'nan' if found[2] == 'NaN' else 'inf'}", text
    )


@st.composite
def spoilt(draw, content, most=4):
    """Draw bytes with a few edits."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        what = draw(st.sampled_from(("flip", "flip", "header", "cut", "more", "length", "zeros")))
        if what == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "header" and data:
            data[min(at, draw(st.integers(0, 400)))] = draw(st.sampled_from(b'0123456789[]{},:" F\0\xff'))
        elif what == "cut":
            del data[at : at + draw(st.sampled_from((1, 8, 100, len(data))))]
        elif what == "more":
            data[at:at] = draw(st.sampled_from((b"\0", b"9" * 20, b"\xff" * 100, b"{}", bytes(data[:200]))))
        elif what == "length":
            data[:8] = struct.pack("<Q", draw(st.sampled_from((0, 1, 7, len(data), 2**31, 2**62, 2**64 - 1))))
        else:
            data[at : at + 64] = b"\0" * 64
    return bytes(data)


NUMBERS = (np.nan, np.inf, -np.inf, 1e30, -1e30, 3e38, 1e-40, 0.0, 1.0, -1.0, 64.0)


@st.composite
def arrays(draw, weights):
    """Draw arrays of which some are of other numbers, shapes or types."""
    found = dict(weights.numpy().items())
    for name in draw(st.lists(st.sampled_from([*found]), min_size=1, max_size=3, unique=True)):
        array = found[name]
        what = draw(st.sampled_from(("entry", "entry", "entry", "all", "shape", "type", "thing")))
        if what == "entry" and array.size:
            array.flat[draw(st.integers(0, array.size - 1))] = np.float32(draw(st.sampled_from(NUMBERS)))
        elif what == "all":
            array[...] = np.float32(draw(st.sampled_from(NUMBERS)))
        elif what == "shape":
            found[name] = draw(
                st.sampled_from([array[..., :-1], array[None], array.ravel(), array[:0], np.zeros(()), array.T])
            )
        elif what == "type":
            kinds = (np.float64, np.float16, np.int32, bool, complex, object, str, "datetime64[s]")
            found[name] = np.zeros(array.shape, draw(st.sampled_from(kinds)))
        else:
            found[name] = draw(st.sampled_from([None, "x", 1.0, [], array.tolist()]))
    return weights.replace(**found)
