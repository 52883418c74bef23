"""The picture of each law's worked example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handcrafted.craft.assemble import assemble
from handcrafted.laws.catalogue import LAWS, gives
from handcrafted.loading.yamlfile import load
from handcrafted.loading.zoom import Zoom
from handcrafted.proofs.prove import prove
from handcrafted.readout.recover import recover
from handcrafted.text.report import as_csv
from handcrafted.verdict.catalogue import Measured, Response, measure, response
from handcrafted.verdict.compare import compare
from handcrafted.verdict.compression import sweep
from handcrafted.verdict.scoreboard import row
from handcrafted.verdict.scoreboard.report import as_markdown, confidences
from handcrafted.view.agreement import comparison_diagrams, comparison_picture
from handcrafted.view.dot import at_resolution, without_places
from handcrafted.view.drawing import control_diagram
from handcrafted.view.engine import render
from handcrafted.view.gallery import gallery, staircase
from handcrafted.view.invariant import invariant_picture
from handcrafted.view.scaling import scaling
from handcrafted.view.scoreboard import compression, scoreboard
from handcrafted.zoo import bundled, find
from handcrafted.zoo.examples import example


def picture(law: str, form: str = "png", measured: Measured | None = None) -> bytes:
    """Draw a law's formulas and weights, and the network's answer beside the plain law's.

    Args:
        law: its name, such as `rate limiter`.
        form: `png`, `svg` or `pdf`.
        measured: its circuits and errors; None measures them.

    Raises:
        HandcraftedError: if there is no law of that name.
    """
    structure = example(law)
    return gallery(measured or measure(structure), gives(law), response(structure), form)


DPI, THUMBNAIL, PLAIN = 200, 60, 100
"""Dots per inch of comparisons, of thumbnails, and of the staircase."""

SCORES, SCALING = "scoreboard", "scaling"

DATA = "data"
"""The folder, within that of the pictures, of what they show as text."""


class Made(NamedTuple):
    """A finished picture, and what it shows as text: DOT, CSV or Markdown, by its suffix; none where a CSV is shown."""

    png: bytes
    text: str = ""
    suffix: str = ""


class Drawable(NamedTuple):
    """A picture of the front page or the gallery that is not drawn yet.

    Attributes:
        name: its path without suffix, within the folder of pictures.
        make: draws it, given that folder.
        measured: whether it is drawn from measurements, which lie beside it; then what it shows as text does so too.
    """

    name: str
    make: Callable[[Path], Made]
    measured: bool = False

    def data(self, suffix: str) -> str:
        """Return the path of what it shows as text."""
        return f"{self.name}.{suffix}" if self.measured else f"{DATA}/{self.name}.{suffix}"


def drawables(figures: Path) -> Iterator[Drawable]:
    """List all pictures; those of measurements for what lies in the folder already."""
    for path in bundled():
        yield Drawable(path.stem, partial(_comparison, path))
        yield Drawable(f"thumbnails/{path.stem}", partial(_thumbnail, path))
    for law in LAWS:
        yield Drawable(f"circuits/{law.replace(' ', '_')}", partial(_law, law))
    for path in sorted(figures.glob("compression_*.csv")):
        yield Drawable(path.stem, partial(_compression, path.name), measured=True)
    if (figures / f"{SCORES}.csv").exists():
        yield Drawable(SCORES, _scoreboard, measured=True)
    if (figures / f"{SCALING}.csv").exists():
        yield Drawable(SCALING, _scaling, measured=True)
    yield Drawable("proof", _proof)
    yield Drawable("proof_bound", _proof_bound)
    yield Drawable("staircase", _staircase)


def _comparison(path: Path, figures: Path) -> Made:
    structure = load(path)
    comparison, zoom = compare(structure, recover(assemble(structure))), Zoom(structure, ())
    texts = "".join(comparison_diagrams(comparison, zoom))
    return Made(comparison_picture(comparison, zoom, "png", DPI), without_places(texts), "dot")


def _thumbnail(path: Path, figures: Path) -> Made:
    text = control_diagram(Zoom(load(path), ()))
    return Made(render(at_resolution(text, THUMBNAIL), "png"), without_places(text), "dot")


def _law(law: str, figures: Path) -> Made:
    return Made(picture(law), _answers(response(example(law))), "csv")


def _answers(shown: Response) -> str:
    """Return what was put in, the network's answer and the plain law's, a row per step."""
    answers = shown.answers
    named = {f"in: {signal.name}": values for signal, values in answers.inputs.items()}
    named |= {"network": answers.found, "plain law": answers.wanted}
    heading = [f"{title} {i}" for title, values in named.items() for i in range(values.shape[1])]
    numbers = np.concatenate([*named.values()], axis=1)
    return as_csv([heading, *([f"{number:.6g}" for number in row] for row in numbers)])


def _compression(name: str, figures: Path) -> Made:
    return Made(compression(sweep.from_csv((figures / name).read_text(encoding="utf-8"))))


def _scoreboard(figures: Path) -> Made:
    rows = row.from_csv((figures / f"{SCORES}.csv").read_text(encoding="utf-8"))
    judged = confidences(rows)
    return Made(scoreboard(rows, judged), as_markdown(rows, judged), "md")


def _scaling(figures: Path) -> Made:
    return Made(scaling((figures / f"{SCALING}.csv").read_text(encoding="utf-8")))


def _proof(figures: Path) -> Made:
    """The guarded room's hazard, whatever the weights outside Layer 0 are: its cells as text."""
    proof = prove(assemble(load(find("guarded room"))), "H-1", any_subordinate=True, margin="disturbance")
    shown = [{**cell, **(proof.margin or {})} for cell in proof.cells]
    rows = [[f"{end:g}" for pair in one.values() for end in pair] for one in shown]
    names = [f"{name}: {end}" for name in shown[0] for end in ("low", "high")]
    return Made(invariant_picture(proof), as_csv([names, *rows]), "csv")


def _proof_bound(figures: Path) -> Made:
    """The wheel brakes' hazard, with weight on the wheels: the bound of the position at each speed as text."""
    proof = prove(assemble(load(find("wheel brakes"))), "H-1", assume={"weight on wheels": "yes"})
    reach = proof.reach("aircraft.position", "aircraft.speed")
    rows = [[f"{end:g}" for end in (*speed, *position)] for speed, position in reach.items()]
    heading = ["speed: low", "speed: high", "position: low", "position: high"]
    return Made(invariant_picture(proof), as_csv([heading, *rows]), "csv")


def _staircase(figures: Path) -> Made:
    text = staircase(Path(__file__).parents[1])
    return Made(render(at_resolution(text, PLAIN), "png"), text, "dot")
