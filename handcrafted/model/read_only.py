"""Attributes of a model that nobody assigns: what its claims rest on changes through its methods alone."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from handcrafted.text.diagnostics import HandcraftedError

T = TypeVar("T")

ANEW = "Assemble a structure anew."
CHANGES = "Set `parameters`, or use `edit`, `change` or `restore`."


class ReadOnly(Generic[T]):
    """An attribute that is read and not assigned; the model keeps it under its name with a line before it.

    Args:
        instead: what to do instead of assigning, as a sentence.
    """

    def __init__(self, instead: str):
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, owner: type | None = None) -> T:
        return getattr(model, f"_{self.name}")

    def __set__(self, model: Any, value: Any) -> None:
        raise HandcraftedError(
            f"Expected `{self.name}` of a model to be read, got an assignment; what is claimed of the model rests on "
            f"it. {self.instead}"
        )

    def __delete__(self, model: Any) -> None:
        self.__set__(model, None)
