"""Types are checked in every call while tests run, of modules with shapes and of those without."""

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintParamViolation
from jaxtyping import TypeCheckError

from handcrafted.model.padding import bucket
from handcrafted.model.run_folded import run_side_by_side
from handcrafted.readout.edges import within


def test_a_wrong_type_is_refused_and_a_right_one_is_not():
    with pytest.raises(BeartypeCallHintParamViolation, match="values"):
        within([1.0, 2.0])  # pyright: ignore[reportArgumentType]
    assert within(np.ones(2)).dtype == np.float32


def test_a_wrong_shape_is_refused():
    with pytest.raises(TypeCheckError, match="inputs"):
        run_side_by_side(None, np.zeros((2, 2)))  # pyright: ignore[reportArgumentType]
    assert bucket(3, 4) == 4
