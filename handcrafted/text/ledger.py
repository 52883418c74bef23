"""Records in a file, a line each: a run adds to them as they come, and another goes on where it was ended.

A line is a JSON object. Its first entry, `sum`, is the SHA-256 of the line before it and of its own other entries, so
that no line can be changed, left out or put elsewhere without notice. It is no signature: who writes all sums anew has
written another file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.files import must_be_regular, sync, write_whole
from handcrafted.text.letters import located

MAX_LINE = 1_000_000
"""Bytes of a line."""

LINE = re.compile(rb'\{"sum": "([0-9a-f]{64})", (.*\})\n', re.DOTALL)


class Ledger:
    """A file of records.

    Attributes:
        path: of the file, which need not be there.
        records: what it holds, in order.
    """

    def __init__(self, path: Path, key: str):
        """Read what is there; a last line that was cut off is left out, and written over.

        Args:
            path: of the file.
            key: what the records depend on, such as a hash of a specification; the first line bears it.

        Raises:
            HandcraftedError: if it cannot be read, is of another key, or a line is not as it was written.
        """
        self.path, self.records = path, list[dict[str, Any]]()
        self._first = {"of": key}
        self._last, self._size, self._seen = "", 0, 0
        try:
            if path.exists():
                must_be_regular(path)
                with path.open("rb") as file:
                    self._read(file)
        except (OSError, ValueError) as error:
            if isinstance(error, HandcraftedError):
                raise
            reason = error.strerror if isinstance(error, OSError) else error
            raise HandcraftedError(
                f"{located(path)}: Expected a file that can be read, got: {reason}. Choose another."
            ) from None

    def _read(self, file: IO[bytes]) -> None:
        number = 0
        while (line := file.readline(MAX_LINE + 1)).endswith(b"\n"):
            number += 1
            found = self._parsed(line, number)
            if number > 1:
                self.records.append(found)
            elif found != self._first:
                raise HandcraftedError(
                    f"{located(self.path)}: Expected records of this run, got those of another: of another structure, "
                    "seed, length or version. Choose another folder, or remove the file."
                )
            self._size += len(line)
        if len(line) > MAX_LINE or not (number or self._begins(line)):
            self._refuse(number + 1)
        self._seen = self._size + len(line)

    def _begins(self, line: bytes) -> bool:
        """Whether something that was cut off can be the beginning of this file, and is nobody else's."""
        first, self._last = self._lines([self._first]), ""
        return first.startswith(line)

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        found = LINE.fullmatch(line)
        if found is None:
            self._refuse(number)
        rest = b"{" + found[2]
        if found[1].decode() != self._sum(rest):
            self._refuse(number)
        try:
            record = json.loads(rest)
        except (ValueError, RecursionError):
            self._refuse(number)
        self._last = found[1].decode()
        return record

    def _refuse(self, number: int) -> NoReturn:
        raise HandcraftedError(
            f"{located(self.path)}, line {number}: Expected the line as it was written, after those before it, got "
            "another one. Take the file back from a copy, or remove it and begin anew."
        )

    def _refuse_another(self) -> NoReturn:
        raise HandcraftedError(
            f"{located(self.path)}: Expected the file as this run left it, got another. Let one run write it at a time."
        ) from None

    def _sum(self, body: bytes) -> str:
        return hashlib.sha256(self._last.encode() + body).hexdigest()

    def _lines(self, records: Iterable[Mapping[str, Any]]) -> bytes:
        lines = []
        for record in records:
            body = json.dumps(record).encode()
            self._last = self._sum(body)
            lines.append(b'{"sum": "%s", %s\n' % (self._last.encode(), body[1:]))
        return b"".join(lines)

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add records, and wait until they are on the disk.

        Raises:
            HandcraftedError: if the file cannot be written, or somebody else has written it meanwhile.
        """
        new = list(map(dict, records))
        self.records += new
        content = self._lines(new if self._size else [self._first, *new])
        try:
            with self.path.open("r+b" if self.path.exists() else "xb") as file:
                if file.seek(0, 2) != self._seen:
                    raise FileExistsError
                file.seek(self._size)
                file.truncate()
                file.write(content)
                file.flush()
                sync(file.fileno())
        except FileExistsError:
            self._refuse_another()
        except OSError as error:
            raise HandcraftedError(
                f"{located(self.path)}: Expected a place to write to, got: {error.strerror}. Choose another."
            ) from None
        self._size = self._seen = self._size + len(content)

    def rewrite(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Replace all records, such as by the same in another order.

        Raises:
            HandcraftedError: if the file cannot be written, or somebody else has written it meanwhile.
        """
        if (self.path.stat().st_size if self.path.exists() else 0) != self._seen:
            self._refuse_another()
        self.records, self._last = list(map(dict, records)), ""
        content = self._lines([self._first, *self.records])
        write_whole(self.path, content)
        self._size = self._seen = len(content)
