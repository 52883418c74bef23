"""The command that does STPA on a structure and its network."""

from __future__ import annotations

from pathlib import Path

import click

from handcrafted.cli.group import friendly, main, named, quiet


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for the report, tables and diagram.")
@click.option("--sample", type=click.IntRange(min=1), help="Draw so many contexts where there are more.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn.")
@friendly
def analyse(file: Path, output: Path | None, sample: int | None, seed: int) -> None:
    """Analyse the unsafe control actions of FILE and hold its network against them.

    Without a folder the report goes to the terminal. Exit code 1: the network does what a rule calls unsafe.

    Example: handcrafted analyse train_door.yaml -o report
    """
    from handcrafted.control.yamlfile import load
    from handcrafted.craft.assemble import assemble
    from handcrafted.safety.stpa.analysis import analyse as run
    from handcrafted.safety.stpa.report import PICTURE, as_markdown
    from handcrafted.safety.stpa.tables import as_csv, tables
    from handcrafted.view.output import write
    from handcrafted.view.unsafe import as_html, unsafe_picture

    with named(file):
        found = run(assemble(load(file)), sample=sample, seed=seed, progress=not quiet())
    if output is None:
        click.echo(as_markdown(found, picture=False))
    else:
        output.mkdir(parents=True, exist_ok=True)
        parts = {"report.md": as_markdown(found).encode(), "report.html": as_html(found).encode()}
        parts |= {f"{name}.csv": as_csv(rows).encode() for name, rows in tables(found).items()}
        parts[PICTURE] = unsafe_picture(found)
        for name, content in parts.items():
            click.echo(f"wrote {write(output / name, content)}")
    raise SystemExit(1 if found.arising or found.broken else 0)
