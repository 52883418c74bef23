"""Files: read from other tools', written for them, and with something called otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from handcrafted.cli.group import LoopFile, friendly, main
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import located

LOST = 1
"""Exit code where something was lost that --strict does not allow."""


@main.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The YAML file to write; default: the terminal.")
@click.option("--strict", is_flag=True, help="Write nothing where anything would be dropped.")
@friendly
def import_(file: Path, output: Path | None, strict: bool) -> None:
    """Read a structure from FILE, PASTA's `.stpa` or WebSTAMP's `.json`, and write it as a file of ours.

    What FILE says and our file does not is listed as dropped, what it leaves open as taken. Such files state no control
    laws: `check` then says placeholder, and `analyse` leaves those decisions free. Exit code 1 with --strict: something
    would be dropped.

    Example: handcrafted import cell.stpa -o cell.yaml
    """
    from handcrafted.exchange.from_pasta import from_pasta
    from handcrafted.exchange.from_webstamp import from_webstamp
    from handcrafted.loading.yamlfile import text_of
    from handcrafted.loading.yamltext import dumps, save

    readers = {".stpa": from_pasta, ".json": from_webstamp}
    if file.suffix.lower() not in readers:
        raise HandcraftedError(f"{located(file)}: Expected a file of PASTA (.stpa) or WebSTAMP (.json), got another.")
    found = readers[file.suffix.lower()](text_of(file), located(file))
    _say(found.dropped, "dropped", strict)
    _say(found.taken, "taken")
    if output is None:
        click.echo(dumps(found.structure))
        return
    save(found.structure, output)
    click.echo(f"wrote {output}")


@main.command()
@click.argument("file", type=LoopFile())
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A .stpa or .reqif file; default: .stpa to the terminal.",
)
@click.option("--strict", is_flag=True, help="Write nothing where anything would be dropped.")
@friendly
def export(file: Path, output: Path | None, strict: bool) -> None:
    """Write FILE as PASTA's `.stpa` text, or what it states in words as `.reqif` for tools of requirements engineering.

    What the other format has no place for is listed as dropped. Exit code 1 with --strict: something would be dropped.

    Example: handcrafted export "train door" -o train_door.stpa
    """
    from handcrafted.exchange.to_pasta import to_pasta
    from handcrafted.exchange.to_reqif import to_reqif
    from handcrafted.loading.yamlfile import load
    from handcrafted.view.output import checked_path, write

    path = None if output is None else checked_path(output, (".stpa", ".reqif"))
    structure = load(file)
    if path is not None and path.suffix.lower() == ".reqif":
        text, dropped = to_reqif(structure, datetime.now(UTC))
    else:
        text, dropped = to_pasta(structure)
    _say(dropped, "dropped", strict)
    click.echo(text if path is None else f"wrote {write(path, text.encode())}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("old")
@click.argument("new")
@click.option(
    "--kind", type=click.Choice(("component", "signal", "id")), help="Of what; where OLD names several kinds."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Another file to write; default: FILE itself.")
@friendly
def rename(file: Path, old: str, new: str, kind: str | None, output: Path | None) -> None:
    """Call what FILE calls OLD by NEW, wherever FILE speaks of it; all else of its text stays.

    A component is a box, a signal what arrows carry and controllers believe, an id that of a loss, a hazard, a rule and
    so on. Nothing is written where the file would not be valid then.

    Example: handcrafted rename loop.yaml thermostat "room controller"
    """
    from handcrafted.loading.rename import renamed
    from handcrafted.loading.yamlfile import text_of
    from handcrafted.text.files import write_whole

    text = renamed(text_of(file), located(file), old, new, kind)
    click.echo(f"wrote {write_whole(output or file, text.encode())}")


def _say(sentences: tuple[str, ...], what: str, strict: bool = False) -> None:
    """Say on the side what was lost or taken; with --strict nothing may be lost."""
    for sentence in sentences:
        click.echo(f"{what}: {sentence}", err=True)
    if strict and sentences:
        click.echo("Nothing was written, for --strict allows nothing to be dropped.", err=True)
        raise SystemExit(LOST)
