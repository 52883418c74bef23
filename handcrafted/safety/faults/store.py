"""Outcomes in a file, a line each, so that a campaign that was cut off goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from handcrafted.safety.faults.outcome import Outcome
from handcrafted.text.diagnostics import HandcraftedError

OUTCOME = TypeAdapter(Outcome)


class Store:
    """What is known of faults, and the file that keeps it; without a file it is kept in memory alone.

    Attributes:
        found: outcomes by the words of the fault.
    """

    def __init__(self, path: str | Path | None, key: str):
        """Read what is there; lines that were cut off are left out.

        Raises:
            HandcraftedError: if the file cannot be read, holds none, or some of another loop.
        """
        self.path, self.key = Path(path) if path else None, key
        self.found: dict[str, Outcome] = {}
        if self.path is None or not self.path.exists():
            return
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise HandcraftedError(f"{path}: Expected a file of outcomes, got: {error}. Choose another.") from None
        for line in lines:
            self._take(line)
        if lines and not self.found:
            raise HandcraftedError(f"{path}: Expected a file of outcomes, got something else. Choose another.")

    def _take(self, line: str) -> None:
        try:
            data = json.loads(line)
            key, fault, outcome = data.pop("of"), str(data.pop("fault")), OUTCOME.validate_python(data)
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        if key != self.key:
            raise HandcraftedError(
                f"{self.path}: Expected outcomes of this loop, its steps and its seed, got others. Choose another file."
            )
        self.found[fault] = outcome

    def add(self, new: Mapping[str, Outcome]) -> None:
        """Keep outcomes.

        Raises:
            HandcraftedError: if the file cannot be written.
        """
        self.found.update(new)
        if self.path is None:
            return
        lines = ["\n" + json.dumps({"fault": fault, **asdict(one), "of": self.key}) for fault, one in new.items()]
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.writelines(lines)
        except OSError as error:
            raise HandcraftedError(
                f"{self.path}: Expected a place to write to, got: {error.strerror}. Choose another."
            ) from None
