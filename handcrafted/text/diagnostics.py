"""What is wrong with an input, as one sentence: what was expected, what was got, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from handcrafted.text.letters import clipped, listed, printable, shown

MAX_LETTERS = 1_000
"""Letters of one message."""

MAX_MORE = 20
"""So many further messages are shown beside one."""


class HandcraftedError(ValueError):
    """Something the user gave cannot be used; the message says what was expected, what was got and what to do.

    However long or hostile the thing was, the message is short and can be printed.

    Attributes:
        path: where in a control-structure file the fault lies, as a path of keys and list positions, if known.
        more: what else is wrong with the same thing, up to `MAX_MORE` where there is very much.

    Example:
        >>> try:
        ...     hc.load("nowhere.yaml")
        ... except hc.HandcraftedError as error:
        ...     print(error)
        nowhere.yaml: Expected a file that can be read, got: ...
    """

    def __init__(
        self, message: str, path: tuple[str | int, ...] = (), more: tuple[HandcraftedError, ...] = (), left: int = 0
    ):
        """Keep a message.

        Args:
            message: in words.
            path: see above.
            more: see above.
            left: how many others there are besides.
        """
        said = clipped("\n".join(map(printable, message.split("\n"))), MAX_LETTERS)
        rest = [str(one) for one in more]
        super().__init__("\n".join([said, *rest, *([f"... and {left:,} more"] if left else [])]))
        self.path, self.more = path, more


T = TypeVar("T")
FilePath = tuple[str | int, ...]

LONGEST, MAX_COMPARED = 200, 20_000
"""Letters of a word, and known words, beyond which nobody looks for the nearest: it would take minutes."""


class Complaints:
    """What several checks find wrong: each is made, whatever the others found."""

    def __init__(self) -> None:
        self.found: list[HandcraftedError] = []

    def of(self, check: Callable[..., object], *given: Any) -> None:
        """Make a check, and keep what it refuses."""
        try:
            check(*given)
        except HandcraftedError as error:
            self.found.append(error)

    def end(self) -> None:
        """Refuse all that was found wrong, if anything was.

        Raises:
            HandcraftedError: the first, with the others as what else is wrong.
        """
        if self.found:
            first, *more = self.found
            first.more = tuple(more)
            raise first


def refuse(path: FilePath, text: str) -> NoReturn:
    """Raise the library's error for the entry at `path`."""
    raise HandcraftedError(text, path)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` or the list of what is known, with a leading blank."""
    known = list(dict.fromkeys(known))
    plain = {_plain(one): one for one in known}
    few = len(word) <= LONGEST and len(known) <= MAX_COMPARED
    close = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=0.5) if few else ()
    if close:
        return f" Did you mean `{clipped(plain[close[0]])}`?"
    return f" Known are: {listed(known)}." if known else " None is declared."


def must_be(thing: Any, kind: Any, what: str) -> None:
    """Refuse an argument of another type."""
    if not isinstance(thing, kind):
        raise HandcraftedError(f"Expected {what}, got {type(thing).__name__}. Pass that.")


def all_are(things: Any, kind: type[T], what: str) -> list[T]:
    """Return a list of things, all of one type; refuse others."""
    must_be(things, Iterable, what)
    listed = list(things)
    for thing in listed:
        must_be(thing, kind, f"a {kind.__name__} among {what}")
    return listed


@contextmanager
def named(origin: object) -> Iterator[None]:
    """Let what is wrong with what a file says name the file."""
    try:
        yield
    except HandcraftedError as error:
        raise error if str(error).startswith(f"{origin}") else HandcraftedError(f"{origin}: {error}") from None


def _plain(word: str) -> str:
    """Return a word as it is compared: case and underscores are easily mistaken."""
    return word.casefold().replace("_", " ")


def must_be_known(path: FilePath, what: str, word: str, known: Collection[str]) -> None:
    """Refuse a word that is not among the known ones."""
    if word not in known:
        refuse(path, f"Expected {what}, got `{clipped(word)}`.{nearest(word, known)}")


def sentence(item: Mapping[str, Any], path: FilePath, known: Iterable[str]) -> str:
    """Say what pydantic found in one sentence; `known` are the keys that could stand there."""
    where = f"`{printable(clipped(str(path[-1])))}`" if path else "the file"
    got, kind, ctx = item.get("input"), item["type"], item.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return f"Expected a known key, got {where}.{nearest(str(path[-1]), known)}"
        case "missing":
            return f"Expected the key {where}, got none. Add it."
        case "value_error":
            said = str(ctx["error"])
            return said if said.endswith((".", "?")) else f"{said}."
        case "enum" | "literal_error":
            near = nearest(str(got), _quoted(ctx["expected"]))
            return f"Expected {where} to be one of {ctx['expected']}, got {shown(got)}.{near}"
        case "union_tag_invalid":
            expected, tag = ctx["expected_tags"], ctx["tag"]
            return f"Expected `law` to be one of {expected}, got {shown(tag)}.{nearest(tag, _quoted(expected))}"
        case "union_tag_not_found":
            return "Expected the key `law`, got none. Name the law of the process."
        case _:
            return f"Expected {where} otherwise: {item['msg']}, got {shown(got)}. Mend it."


def _quoted(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").replace("'", "").split(", ")
