"""An answer of a readout as a row of a table, which is kept as it comes and read again to draw it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from handcrafted.loading.control_structure import ControlStructure
from handcrafted.loading.yamltext import digest
from handcrafted.text import report as csvtext
from handcrafted.text.diagnostics import HandcraftedError, named
from handcrafted.text.ledger import Ledger
from handcrafted.text.letters import located, shown
from handcrafted.verdict.scoreboard.faults import FAULTS
from handcrafted.verdict.scoreboard.truth import Marks, Tally

MARKS = ("precision", "recall", "auroc", "sign", "lag")

COLUMNS = (
    "loop", "condition", "readout", "caught", "refused", "exact", *MARKS, "edges", "signals", "seed", "right by decade",
)  # fmt: skip

TIMES = ("loop", "condition", "readout", "seconds")

Key = tuple[str, str, str]
"""Loop, condition and readout."""


@dataclass(frozen=True)
class ScoreRow:
    """One readout's answer for one loop under one condition.

    Attributes:
        caught: whether it answers otherwise than for the network as it was made.
        edges: how many edges it gives.
        marks: how good the answer is.
        refused: whether it says that it cannot read the network, and why; such an answer has no edges.
        seed: of all that was drawn.
        seconds: how long it took, with compilation where it had to compile; another time it is another.
    """

    loop: str
    condition: str
    readout: str
    caught: bool
    edges: int
    signals: int
    marks: Marks
    refused: bool = False
    seed: int = 0
    seconds: float = 0.0

    @property
    def key(self) -> Key:
        """Which answer it is."""
        return self.loop, self.condition, self.readout

    @property
    def fault(self) -> bool:
        """Whether the condition is a planted fault, and not a distortion."""
        return self.condition in FAULTS


ROW = TypeAdapter(ScoreRow)


def as_csv(rows: Iterable[ScoreRow]) -> str:
    """Return a line per answer, the same whenever it is measured; what cannot be said is left empty.

    Of each decade of strength below the strongest edge it says how many edges are true, and how many there are:
    `0:12/12 -1:3/4`.
    """
    return csvtext.as_csv([COLUMNS, *map(_cells, rows)])


def times_csv(rows: Iterable[ScoreRow]) -> str:
    """Return a line per answer with the seconds that it took, which are others each time."""
    return csvtext.as_csv([TIMES, *([*row.key, f"{row.seconds:.3f}"] for row in rows)])


def _cells(row: ScoreRow) -> list[str]:
    marks = row.marks
    numbers = (row.caught, row.refused, marks.exact, *(getattr(marks, name) for name in MARKS))
    counts = (row.edges, row.signals, row.seed)
    decades = " ".join(f"{decade}:{right}/{given}" for decade, right, given in marks.answers)
    return [row.loop, row.condition, row.readout, *map(_number, (*numbers, *counts)), decades]


def _number(value: bool | int | float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else f"{value:.6g}"


def from_csv(text: str) -> list[ScoreRow]:
    """Read what `as_csv` wrote.

    Raises:
        HandcraftedError: if it is something else.
    """
    try:
        return [_row(cells) for cells in csvtext.from_csv(text)]
    except (ValueError, KeyError):
        raise HandcraftedError("Expected the table of a scoreboard, got something else. Run `score` anew.") from None


def _row(cells: dict[str, str]) -> ScoreRow:
    number = lambda name: float(cells[name]) if cells[name] else None
    marks = {name: number(name) for name in MARKS}
    exact = bool(int(cells["exact"])) if cells["exact"] else None
    answers = tuple(map(_tally, cells["right by decade"].split()))
    caught, refused, edges, signals, seed = (
        int(cells[name]) for name in ("caught", "refused", "edges", "signals", "seed")
    )
    return ScoreRow(
        cells["loop"], cells["condition"], cells["readout"], bool(caught), edges, signals,
        Marks(exact, **marks, answers=answers), bool(refused), seed,
    )  # fmt: skip


def _tally(text: str) -> Tally:
    decade, counts = text.split(":")
    right, given = counts.split("/")
    return int(decade), int(right), int(given)


class ScoreStore:
    """Rows in a file, to which rows are added as they come.

    Attributes:
        rows: those that it holds.
    """

    def __init__(self, path: Path, seed: int, structures: Mapping[str, ControlStructure]):
        """Open a file, new or with rows of the same seed.

        Args:
            path: of the file.
            seed: of all that is drawn.
            structures: the loops that are scored, by name.

        Raises:
            HandcraftedError: if it holds something else, rows of another seed or of another loop of the same name, or
                a row that is not as it was written.
        """
        self.digests = {name: digest(one) for name, one in structures.items()}
        self.ledger = Ledger(path, f"scoreboard of seed {seed} by handcrafted {version('handcrafted')}")
        self.rows: dict[Key, ScoreRow] = {}
        for record in self.ledger.records:
            with named(located(path)):
                self._take(dict(record))

    def _take(self, record: dict[str, Any]) -> None:
        try:
            made_of, row = record.pop("structure"), ROW.validate_python(record)
        except (ValueError, KeyError):
            raise HandcraftedError(
                "Expected rows of a scoreboard, got something else. Choose another folder."
            ) from None
        if made_of != self.digests.get(row.loop, made_of):
            raise HandcraftedError(
                f"Expected rows of {shown(row.loop)} as it is now, got some of an earlier version or of another "
                "file of that name. Choose another folder."
            )
        self.rows[row.key] = row

    def add(self, row: ScoreRow) -> None:
        """Add a row."""
        self.rows[row.key] = row
        self.ledger.add([{**asdict(row), "structure": self.digests[row.loop]}])
