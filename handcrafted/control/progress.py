"""Progress bars, whose titles are plain text: square brackets and colons in a name mean nothing."""

from __future__ import annotations

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


def progress_bar(shown: bool) -> Progress:
    """Give a bar that is gone once it is full, or none."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, disable=not shown, transient=True)
