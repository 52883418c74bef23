"""The library's one exception type."""

from __future__ import annotations

from handcrafted.control.letters import clipped, printable

MOST_LETTERS = 1_000
"""Letters of a whole message."""


class HandcraftedError(ValueError):
    """Something the user gave cannot be used; the message says what was expected, what was got and what to do.

    However long or hostile the thing was, the message is short and can be printed.

    Attributes:
        path: where in a control-structure file the fault lies, as a path of keys and list positions, if known.

    Example:
        >>> try:
        ...     hc.load("nowhere.yaml")
        ... except hc.HandcraftedError as error:
        ...     print(error)
        nowhere.yaml: Expected a file that can be read, got: ...
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()):
        super().__init__(clipped("\n".join(map(printable, message.split("\n"))), MOST_LETTERS))
        self.path = path
