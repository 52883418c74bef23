"""An answer of a readout as a row of a table, which is kept as it comes and read again to draw it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from handcrafted.text import report as csvtext
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.files import write_whole
from handcrafted.text.letters import located
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.truth import Marks, Tally

MARKS = ("precision", "recall", "auroc", "sign", "lag")

COLUMNS = (
    "loop", "condition", "readout", "caught", "refused", "exact", *MARKS, "edges", "signals", "seconds", "seed",
    "right by decade",
)  # fmt: skip

Key = tuple[str, str, str]
"""Loop, condition and readout."""


@dataclass(frozen=True)
class ScoreRow:
    """One readout's answer for one loop under one condition.

    Attributes:
        caught: whether it answers otherwise than for the network as it was made.
        edges: how many edges it gives.
        seconds: how long it took, with compilation where it had to compile.
        marks: how good the answer is.
        refused: whether it says that it cannot read the network, and why; such an answer has no edges.
        seed: of all that was drawn.
    """

    loop: str
    condition: str
    readout: str
    caught: bool
    edges: int
    signals: int
    seconds: float
    marks: Marks
    refused: bool = False
    seed: int = 0

    @property
    def key(self) -> Key:
        """Which answer it is."""
        return self.loop, self.condition, self.readout

    @property
    def fault(self) -> bool:
        """Whether the condition is a planted fault, and not a distortion."""
        return self.condition in FAULTS


def as_csv(rows: Iterable[ScoreRow], head: bool = True) -> str:
    """Return a line per answer; what cannot be said is left empty.

    Of each decade of strength below the strongest edge it says how many edges are true, and how many there are:
    `0:12/12 -1:3/4`.
    """
    return csvtext.as_csv([*([COLUMNS] if head else []), *map(_cells, rows)])


def _cells(row: ScoreRow) -> list[str]:
    marks = row.marks
    numbers = (row.caught, row.refused, marks.exact, *(getattr(marks, name) for name in MARKS))
    counts = (row.edges, row.signals, round(row.seconds, 3), row.seed)
    decades = " ".join(f"{decade}:{right}/{given}" for decade, right, given in marks.answers)
    return [row.loop, row.condition, row.readout, *map(_number, (*numbers, *counts)), decades]


def _number(value: bool | int | float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else f"{value:.6g}"


def from_csv(text: str) -> list[ScoreRow]:
    """Read what `as_csv` wrote; a last line that was cut off is left out."""
    head, *lines = text.split("\n")
    rows = []
    for line in lines[:-1]:
        try:
            (cells,) = csvtext.from_csv(f"{head}\n{line}")
            rows.append(_row(cells))
        except (ValueError, KeyError):
            continue
    return rows


def _row(cells: dict[str, str]) -> ScoreRow:
    number = lambda name: float(cells[name]) if cells[name] else None
    marks = {name: number(name) for name in MARKS}
    exact = bool(int(cells["exact"])) if cells["exact"] else None
    answers = tuple(map(_tally, cells["right by decade"].split()))
    caught, refused, edges, signals, seed = (
        int(cells[name]) for name in ("caught", "refused", "edges", "signals", "seed")
    )
    return ScoreRow(
        cells["loop"], cells["condition"], cells["readout"], bool(caught), edges, signals, float(cells["seconds"]),
        Marks(exact, **marks, answers=answers), bool(refused), seed,
    )  # fmt: skip


def _tally(text: str) -> Tally:
    decade, counts = text.split(":")
    right, given = counts.split("/")
    return int(decade), int(right), int(given)


class ScoreStore:
    """A table of rows in a file, to which rows are added as they come."""

    def __init__(self, path: Path, seed: int):
        """Open a file, new or with rows of the same seed.

        Raises:
            HandcraftedError: if it holds rows of another seed, or cannot be read or written.
        """
        self.path = path
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise HandcraftedError(f"{located(path)}: Expected a table of answers, got: {error}. Move it.") from None
        if text and not text.startswith(",".join(COLUMNS)):
            raise HandcraftedError(f"{located(path)}: Expected the columns of a scoreboard, got others. Move the file.")
        self.rows = {row.key: row for row in from_csv(text)}
        other = next((row.seed for row in self.rows.values() if row.seed != seed), seed)
        if other != seed:
            raise HandcraftedError(
                f"{located(path)}: Expected rows of seed {seed}, got some of {other}. Use that seed, or another folder."
            )
        if (whole := as_csv(self.rows.values())) != text:
            write_whole(path, whole.encode())

    def add(self, row: ScoreRow) -> None:
        """Add a row."""
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(as_csv([row], head=False))
