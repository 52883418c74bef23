"""The command that holds readouts against known answers."""

from __future__ import annotations

from pathlib import Path

import click

from handcrafted.cli.check import registered_by
from handcrafted.cli.group import friendly, main, quiet
from handcrafted.cli.loop_file import Several, loop_path
from handcrafted.text.diagnostics import HandcraftedError

SQUEEZED = ("train door", "heated room")
"""Loops whose streams are squeezed unless others are named: one without dynamics, one with."""


@main.command()
@click.argument("files", nargs=-1)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for scoreboard.csv, .md and .png.")
@click.option(
    "--readout", "readouts", multiple=True, help="Score this readout, or blind; repeat for more. Default: all."
)
@click.option("--condition", "conditions", multiple=True, help="Only this distortion or fault; repeat for more.")
@click.option("--import", "module", help="A Python module that registers readouts.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn.")
@click.option("--full", is_flag=True, help="Run noise and random weights for large loops too; this takes hours.")
@click.option("--compression", is_flag=True, help="Squeeze the streams of loops instead, by default of two small ones.")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="How often, with --compression."
)
@friendly
def score(
    files: tuple[str, ...],
    output: Path | None,
    readouts: tuple[str, ...],
    conditions: tuple[str, ...],
    module: str | None,
    seed: int,
    full: bool,
    compression: bool,
    seeds: int,
) -> None:
    """Score readouts on FILES, by default the bundled loops, distorted and with planted faults.

    With a folder, answers are kept in its scoreboard.csv as they come, and the same command goes on where it was
    stopped. A file that cannot be used ends none of the others; the exit code is then 2.

    Example: handcrafted score -o scores --readout wiring --readout gradient
    """
    from handcrafted.craft.assemble import assemble
    from handcrafted.loading.yamlfile import load
    from handcrafted.readout.recover import chosen
    from handcrafted.readout.registry import registered
    from handcrafted.verdict.scoreboard.calibrate import confidences
    from handcrafted.verdict.scoreboard.report import as_markdown
    from handcrafted.verdict.scoreboard.run import BLIND
    from handcrafted.verdict.scoreboard.run import score as run
    from handcrafted.view.output import write
    from handcrafted.view.scoreboard import scoreboard
    from handcrafted.zoo import bundled

    if compression:
        _squeeze(files, output, seeds, others=bool(readouts or conditions or module or full or seed))
        return
    extra = registered_by(module) if module else ()
    blindly = not readouts or BLIND in readouts
    scored = chosen([*(name for name in readouts if name != BLIND), *extra] if readouts else list(registered()))
    several, structures = Several(), {}
    for file in map(str, files or bundled()):
        with several.each(file):
            name = loop_path(file).stem
            if name in structures:
                raise HandcraftedError(f"Expected files of different names, got {name} twice. Rename one.")
            structure = load(loop_path(file))
            assemble(structure)  # what cannot be assembled is known before hours are spent
            structures[name] = structure
    if not structures:
        several.end(0)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    store = output / "scoreboard.csv" if output else None
    rows = run(structures, scored, conditions or None, seed, store, full, not quiet(), blindly)
    judged = confidences(rows)
    summary = as_markdown(rows, judged)
    if output is None:
        click.echo(summary)
        several.end(0)
    click.echo(f"wrote {store}")
    for suffix, content in {"md": summary.encode(), "png": scoreboard(rows, judged)}.items():
        click.echo(f"wrote {write(output / f'scoreboard.{suffix}', content)}")
    several.end(0)


def _squeeze(files: tuple[str, ...], output: Path | None, seeds: int, others: bool) -> None:
    """Write what is left of each loop at each width as compression_LOOP.csv and .png, or print the tables alone."""
    from handcrafted.loading.yamlfile import load
    from handcrafted.verdict.compression.sweep import as_csv, sweep
    from handcrafted.view.compression import compression
    from handcrafted.view.output import write

    if others:
        raise HandcraftedError("Expected --compression with files, --seeds and -o alone, got more. Leave the rest out.")
    several = Several()
    for file in files or SQUEEZED:
        with several.each(file):
            rows = sweep(load(loop_path(file)), seeds, progress=not quiet())
            if output is None:
                click.echo(as_csv(rows))
                continue
            output.mkdir(parents=True, exist_ok=True)
            for suffix, content in (("csv", as_csv(rows).encode()), ("png", compression(rows))):
                click.echo(f"wrote {write(output / f'compression_{loop_path(file).stem}.{suffix}', content)}")
    several.end(0)
