"""What holds for every test: types are checked at run time, and JAX promotes no dtype silently."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

from jaxtyping import install_import_hook

HOOKED = [f"handcrafted.{part}" for part in ("model", "craft", "readout", "verdict")]
install_import_hook(HOOKED, "beartype.beartype")

import hypothesis
import jax

jax.config.update("jax_numpy_dtype_promotion", "strict")
hypothesis.settings.register_profile("default", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("default")
