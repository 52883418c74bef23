"""What runs of a model: what is left of its arrays once zeros and copies are gone, or all, whole or in blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handcrafted.model.fold import fold
from handcrafted.model.run_blocks import split
from handcrafted.model.transformer import Transformer
from handcrafted.rollout.loop import Runnable
from handcrafted.text.diagnostics import HandcraftedError
from handcrafted.text.letters import listed, shown

FOLDED, EDITED, DENSE = "folded", "edited", "dense"
ENGINES = FOLDED, EDITED, DENSE
"""How a model can run, see `handcrafted.rollout.simulate.simulate`."""


def must_be_engine(engine: str, known: Sequence[str] = ENGINES) -> None:
    """Check the name of an engine.

    Raises:
        HandcraftedError: if there is none of that name.
    """
    if engine not in known:
        raise HandcraftedError(f"Expected an engine, got {shown(engine)}. Use one of: {listed(known)}.")


def network_of(model: Transformer, kept: Sequence[int] | np.ndarray = (), engine: str = DENSE) -> Runnable:
    """Return what runs: folded, or the arrays; in blocks where there is a Layer 0 controller to protect.

    Args:
        model: whose network.
        kept: coordinates of the residual stream that are recorded of a folded network.
        engine: one of `ENGINES`.

    Raises:
        HandcraftedError: if there is no such engine.
    """
    must_be_engine(engine)
    blocks = model.blocks if model.seal is not None else ()
    if engine != DENSE:
        places, apart = np.asarray(kept, int).tolist(), engine == EDITED
        if found := fold(model.effective_weights, model.window, places, blocks, apart=apart):
            return found
    return split(blocks, model.effective_weights) if blocks else model.effective_weights.dense()
