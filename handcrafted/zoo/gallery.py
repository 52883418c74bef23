"""The picture of each law's worked example."""

from __future__ import annotations

from handcrafted.laws.catalogue import gives
from handcrafted.verdict.catalogue import Measured, measure, response
from handcrafted.view.gallery import gallery
from handcrafted.zoo.examples import example


def picture(law: str, form: str = "png", measured: Measured | None = None) -> bytes:
    """Draw a law's formulas and weights, and the network's answer beside the plain law's.

    Args:
        law: its name, such as `rate limiter`.
        form: `png` or `svg`.
        measured: its circuits and errors; None measures them.

    Raises:
        HandcraftedError: if there is no law of that name.
    """
    structure = example(law)
    return gallery(measured or measure(structure), gives(law), response(structure), form)
