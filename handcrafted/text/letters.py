"""Text from outside: which letters a name may not have, and how a message quotes what it got, whatever that is."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from reprlib import Repr
from typing import Any

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17))
    + "]"
)
"""Control characters and line breaks, marks that turn the writing direction of all that follows, and what no UTF-8 or
XML file can hold: halves of surrogate pairs and the code points that are no characters."""

UNSEEN = re.compile(f"{CONTROL.pattern[:-1]}\u00ad\u180e\u200b\u2060\ufeff]")
"""These, and letters of no width that shape no other: a name may have them, a message shows them."""

MAX_QUOTED = 80
"""Letters of what was got that a message quotes."""

MAX_LISTED, MAX_PATH = 400, 300
"""Letters of a list of choices, and of a path."""


def printable(text: str) -> str:
    """Write what a terminal would obey, a file cannot hold or nobody sees, as `\\x1b` and the like."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def clipped(text: str, most: int = MAX_QUOTED) -> str:
    """Leave out the middle of a long text: its beginning says what it is, its end what to do."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 3]} … {text[-end:]}"


def written(name: str) -> str:
    """Write a name so that it can stand in `from -> to: name`: in quotes where it would be read otherwise."""
    free = '"' not in name and " -> " not in f" {name} " and ": " not in f"{name} "
    return name if free else json.dumps(name, ensure_ascii=False)


class _Short(Repr):
    """Quotes things in a few words, without writing out the rest."""

    def __init__(self):
        super().__init__()
        self.maxstring = self.maxother = MAX_QUOTED
        self.maxlevel = 3

    def repr_int(self, x: int, level: int) -> str:
        """Write a whole number; of a long one only the size, for Python refuses to write more than 4,300 digits."""
        digits = math.floor(x.bit_length() * math.log10(2))
        return repr(x) if digits <= 20 else f"{'-' if x < 0 else ''}10^{digits} or so"


_SHORT = _Short()


def shown(value: Any) -> str:
    """Quote what was got, in at most `MAX_QUOTED` letters."""
    return clipped(printable(_SHORT.repr(value)))


def located(path: object) -> str:
    """Write a path at the beginning of a message."""
    return clipped(str(path), MAX_PATH)


def listed(words: Iterable[str], separator: str = ", ") -> str:
    """Join words, as many as fit; the others are counted."""
    given = list(words)
    kept, room = [], MAX_LISTED
    for word in given:
        short = clipped(word)
        room -= len(short) + len(separator)
        if room < 0 and kept:
            return f"{separator.join(kept)}{separator}and {len(given) - len(kept):,} more"
        kept.append(short)
    return separator.join(kept)


def counted(number: int, word: str) -> str:
    """Return a number with what it counts: `1 part`, `2 parts`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def possessive(name: str) -> str:
    """Return whose something is: `the room's`, `the brakes'`, `the process's`."""
    return f"{name}'" if name.endswith("s") and not name.endswith("ss") else f"{name}'s"
