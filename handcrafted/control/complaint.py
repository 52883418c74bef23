"""How rules complain: one sentence, the path of the entry at fault, and the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NoReturn

from handcrafted.control.errors import HandcraftedError

FilePath = tuple[str | int, ...]


def refuse(path: FilePath, text: str) -> NoReturn:
    """Raise the library's error for the entry at `path`."""
    raise HandcraftedError(text, path)


def nearest(word: str, known: Iterable[str]) -> str:
    """Give ` Did you mean …?` or the list of what is known, with a leading blank."""
    known = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f" Did you mean `{close[0]}`?"
    return f" Known are: {', '.join(known)}." if known else " None is declared."


def must_be_known(path: FilePath, what: str, word: str, known: Iterable[str]) -> None:
    """Refuse a word that is not among the known ones."""
    known = list(known)
    if word not in known:
        refuse(path, f"Expected {what}, got `{word}`.{nearest(word, known)}")
