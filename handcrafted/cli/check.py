"""The command that assembles, reads back and compares."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from handcrafted.cli.group import Several, friendly, loop_path, main, quiet
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import shown

if TYPE_CHECKING:
    from handcrafted.control.resolved import LinkId
    from handcrafted.verdict.comparison import Comparison
    from handcrafted.verdict.loops import ChainOfCommand

Checked = tuple["Comparison", "ChainOfCommand"]

PRINTED_LOOPS = 6
"""Feedback loops that `check` prints, the shortest ones; the others are counted."""


@main.command()
@click.argument("files", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of the table.")
@click.option(
    "--png", type=click.Path(path_type=Path), help="A folder for one picture per loop, or a .png for one loop."
)
@click.option("--readout", "readouts", multiple=True, help="Show a further readout, such as gradient; repeat for more.")
@click.option("--import", "module", help="A Python module that registers readouts; all of them are shown.")
@friendly
def check(
    files: tuple[str, ...], as_json: bool, png: Path | None, readouts: tuple[str, ...], module: str | None
) -> None:
    """Assemble each of FILES, read the weights back, and compare; without FILES, the bundled loops.

    A file that cannot be used ends none of the others: it is named at the end, in JSON by an object of its own with
    `file` and `error`, and the exit code is 2.

    Example: handcrafted check "train door" --png figures
    """
    from rich.console import Console
    from rich.progress import track

    from handcrafted.readout.recover import chosen as known
    from handcrafted.view.draw import draw
    from handcrafted.zoo import bundled

    chosen = tuple(map(str, files or bundled()))
    if png is not None and png.suffix == ".png" and len(chosen) > 1:
        raise HandcraftedError(f"Expected a folder for {len(chosen)} pictures, got {png}. Name a folder.")
    shown = (*readouts, *registered_by(module)) if module else readouts
    known(list(shown))
    watched = track(chosen, "checking", console=Console(stderr=True), disable=quiet(), transient=True)
    several, pictures, answers = Several(), [], []
    for file, picture in zip(watched, _places(png, chosen), strict=True):
        answer = None
        with several.each(file):
            answer = _check_one(loop_path(file), shown)
            if picture is not None:
                pictures.append(draw(answer[0], picture))
        answers.append((file, answer))
    if as_json:
        said = [summary(answer[0]) if answer else several.said(file) for file, answer in answers]
        click.echo(json.dumps(said, indent=2))
    else:
        _print([answer for _, answer in answers if answer], pictures)
    several.end(0 if all(answer[0].reproduced for _, answer in answers if answer) else 1)


def _print(answers: Sequence[Checked], pictures: Iterable[Path]) -> None:
    """Print the table, what was found inside each network, and where the pictures are."""
    from handcrafted.view.tables import print_comparisons

    if answers:
        print_comparisons([comparison for comparison, _ in answers])
    for comparison, chain in answers:
        _print_inside(comparison, chain)
    for picture in pictures:
        click.echo(f"wrote {picture}")


def _print_inside(comparison: Comparison, chain: ChainOfCommand) -> None:
    """Print below the table what was found inside one network."""
    name = comparison.structure.name
    for remark in chain.remarks():
        click.echo(f"{name}: {remark}")
    for loop in comparison.loops[:PRINTED_LOOPS]:
        click.echo(f"{name}: {loop}")
    if (more := len(comparison.loops) - PRINTED_LOOPS) > 0:
        click.echo(f"{name}: … and {more} longer feedback loops")


def registered_by(module: str) -> tuple[str, ...]:
    """Import a module, found beside the current folder too, and name the readouts that it registers.

    Raises:
        HandcraftedError: if it cannot be imported, or registers none.
    """
    from handcrafted.readout.registry import registered

    before = set(registered())
    sys.path.insert(0, str(Path.cwd()))
    try:
        importlib.import_module(module)
    except HandcraftedError:
        raise
    except Exception as error:
        raise HandcraftedError(
            f"Expected a module that registers readouts, got {shown(module)}, which cannot be imported: {error!r}."
        ) from None
    finally:
        sys.path.pop(0)
    if not (found := tuple(name for name in registered() if name not in before)):
        raise HandcraftedError(
            f"Expected a module that registers readouts, got {shown(module)}. Decorate a function in it."
        )
    return found


def _check_one(path: Path, readouts: tuple[str, ...]) -> Checked:
    """Return the comparison and the chain of command of one file."""
    from handcrafted.craft.build import build
    from handcrafted.loading.yamlfile import load
    from handcrafted.readout.recover import recover
    from handcrafted.verdict.compare import compare
    from handcrafted.verdict.loops import chain_of_command

    structure = load(path)
    recovered = recover(build(structure), readouts=readouts)
    return compare(structure, recovered), chain_of_command(structure, recovered)


def _places(target: Path | None, files: Sequence[str]) -> Sequence[Path | None]:
    """Say where each file's picture goes: files of one name in different folders get numbers."""
    if target is None or target.suffix == ".png":
        return [target for _ in files]
    target.mkdir(parents=True, exist_ok=True)
    from handcrafted.loading.namer import unique

    names: list[str] = []
    for file in files:
        names.append(unique(Path(file).stem, names))
    return [target / f"{name}.png" for name in names]


def summary(comparison: Comparison) -> dict[str, Any]:
    """Return what `check --json` prints for one structure."""
    return {
        "structure": comparison.structure.name,
        "links": len(comparison.found) + len(comparison.missing) + len(comparison.wrong),
        **_counts(comparison),
        "outside": [_link(id) for id in comparison.outside],
        "findings": [{"kind": finding.kind, "text": finding.text} for finding in comparison.findings],
        "reproduced": comparison.reproduced,
        "laws": comparison.how,
        "readouts": {
            name: {**_counts(verdicts), "reproduced": verdicts.reproduced}
            for name, verdicts in comparison.readouts.items()
        },
        "manifest": dict(comparison.manifest),
    }


def _counts(verdicts: Any) -> dict[str, Any]:
    lists = {name: [_link(link.id) for link in getattr(verdicts, name)] for name in ("missing", "extra", "wrong")}
    return {"found": len(verdicts.found), **lists}


def _link(id: LinkId) -> dict[str, str | None]:
    return {"kind": str(id.kind), "from": id.sender, "to": id.receiver, "name": id.name}
