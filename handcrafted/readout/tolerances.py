"""Every tolerance and floor by which a network is judged, each with what it is derived from.

`tests/verdict/test_tolerances.py` shows for each that half of it would refuse what is right, and twice of it would let
something wrong pass.
"""

from __future__ import annotations

EXACT = 2.0**-36
"""Difference of a word, a bit or a number on a grid in exact arithmetic, as a share of its size.

Float64 rounds by 2^-53; corners of regions are worked out through slopes of up to 2^14, a ramp's gain on its scale.
"""

STATE = 2.0**-20
"""Difference of a state that is handed to the next step, as a share of its size.

Arrays are rounded to float32 by 2^-24 of each term; a clamped sum has up to sixteen such.
"""

RESULT = 1e-5
"""Difference of any other number in exact arithmetic, as a share of its size.

Tables of many points and observers add up to 80 terms, each rounded by 2^-23.
"""

ROUNDED = 1e-5
"""Difference of a number in a float32 run, as a share of the larger of 1 and the largest value that its law gives."""

START = 2.0**-24
"""Difference from what is declared for the time before t = 0: one rounding to float32."""

BAND = 2.0**-14 * (1 + 2.0**-4)
"""Off a grid a comparison may go either way within so much of the size of its terms, about its threshold.

A float32 ramp that is to be exact outside needs 2^-14 of them, and 2^-5 of its width free on both sides.
"""
