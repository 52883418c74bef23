"""The dependence check sees what a program reads: through loops, branches and calls, and no more than that."""

import jax
import jax.numpy as jnp
import numpy as np

import handcrafted as hc
from handcrafted.model.dependence import dependence
from handcrafted.model.run_blocks import run_blocks, split
from handcrafted.safety.authority import leaks_of
from handcrafted.zoo import find


def leaves(found):
    return {key: {int(name[1]) for name in names} for key, names in found.items()}


def test_through_calls_and_arithmetic():
    found = dependence(lambda a, b, c: (a + 1, jax.nn.relu(b) * jax.jit(jnp.sin)(a), jnp.zeros(2)), 1.0, 2.0, 3.0)
    assert leaves(found) == {"[0]": {0}, "[1]": {0, 1}, "[2]": set()}


def test_through_a_scan_until_nothing_new_comes():
    """What enters the last of three places needs three rounds to reach the first."""
    turn = lambda carry, x: ((carry[1], carry[2], x), carry[0])
    found = dependence(lambda a, b, c: jax.lax.scan(turn, (a, a, b), c), 1.0, 2.0, jnp.ones(3))
    assert leaves(found) == {"[0][0]": {0, 1, 2}, "[0][1]": {0, 1, 2}, "[0][2]": {1, 2}, "[1]": {0, 1, 2}}


def test_what_decides_counts():
    loop = lambda a, b, n: jax.lax.while_loop(lambda s: s[1] < n, lambda s: (s[0] + a, s[1] + 1), (b, 0))[0]
    assert leaves(dependence(loop, 1.0, 2.0, 3))[""] == {0, 1, 2}
    branch = lambda a, b, n: jax.lax.cond(n > 1, lambda x, y: x, lambda x, y: 2 * x, a, b)
    assert leaves(dependence(branch, 1.0, 2.0, 3))[""] == {0, 2}


def test_a_multiplication_by_zero_is_a_dependence():
    assert leaves(dependence(lambda a, b: a * 0 + b, 1.0, 2.0))[""] == {0, 1}


def room():
    model = hc.assemble(hc.load(find("guarded room")))
    return split(model.blocks, model.effective_weights)


def test_the_brain_depends_on_no_other_array_and_the_guard_does():
    cut = room()
    assert leaks_of(cut, "landlord") == frozenset()
    assert any("thermostat" in leak for leak in leaks_of(cut, "guard of heat request in landlord"))


def test_a_planted_dependence_of_the_brain_is_found():
    """Even one that adds exactly nothing to any finite number."""
    inputs = np.zeros((2, 1), np.float32)

    def leaky(cut, now):
        return run_blocks(cut, now).residual["landlord"] + 0 * cut.arrays["thermostat"].ends.output_bias.sum()

    (found,) = dependence(leaky, room(), inputs).values()
    assert [name for name in found if "thermostat" in name] == ["[0].arrays['thermostat'].ends.output_bias"]
