"""What is left of a network after folding does the same bits as all of it, in XLA and in C; a spoiled one does not."""

import os
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handcrafted as hc
from handcrafted.laws.catalogue import LAWS
from handcrafted.model.fold import fold
from handcrafted.model.folded_program import PORT, FoldedNetwork
from handcrafted.model.forward import forward
from handcrafted.model.run_folded import run_folded, run_side_by_side
from handcrafted.readout.edges import sequences
from handcrafted.rollout import compile_c, native
from handcrafted.rollout.engine import ENGINES
from handcrafted.rollout.scalars import NotScalarError, traced
from handcrafted.text.cache import compiler
from handcrafted.zoo import bundled
from handcrafted.zoo.examples import example
from tests.loops import thinned

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler here")
KINDS = "state", "measured", "believed", "remembered", "command"
FEW = ("heated room", "guarded room")
ROUNDED = {("cruise control", "speed ahead rate")}
"""Of plants, not of networks: where two products meet in a sum XLA chooses which of them it rounds."""


@contextmanager
def without_compiler():
    before = os.environ.get("CC")
    os.environ["CC"] = ""
    try:
        yield
    finally:
        os.environ.pop("CC")
        if before is not None:
            os.environ["CC"] = before


def differing(one, other, name=""):
    """Name the signals of two traces that are not the same bits."""
    pairs = [(s.name, getattr(one, k)[s], getattr(other, k)[s]) for k in KINDS for s in getattr(one, k)]
    found = {signal for signal, a, b in pairs if np.asarray(a).tobytes() != np.asarray(b).tobytes()}
    for signal, a, b in pairs:
        if (name, signal) in ROUNDED:
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
            found.discard(signal)
    return found | {s.name for s in one.faults if not np.array_equal(one.faults[s], other.faults[s])}


def slow_but(names, usual):
    return [name if name in usual else pytest.param(name, marks=pytest.mark.slow) for name in names]


@needs_compiler
@pytest.mark.parametrize("name", slow_but([*FEW, "cruise control", "train door", "wheel brakes", "radiotherapy"], FEW))
@pytest.mark.parametrize("runs", [1, pytest.param(7, marks=pytest.mark.slow), 130])
def test_a_loop_does_the_same_bits_in_c_and_dense(name, runs):
    model, shock = hc.assemble(hc.load(name)), np.zeros((runs, 1), np.float32)
    for process in model.structure.components.values():
        if getattr(process.dynamics, "disturbance", None):
            shock = np.random.default_rng(runs).uniform(-2, 2, (runs, 40)).astype(np.float32)
    folded, dense = (hc.simulate(model, steps=40, disturbance=shock, engine=e) for e in ("folded", "dense"))
    assert not differing(folded, dense, name)


@needs_compiler
@pytest.mark.parametrize("law", slow_but(list(LAWS), ("hysteresis", "low pass", "delay", "linear", "table")))
def test_every_law_does_the_same_bits_in_c_in_xla_and_dense(law):
    model, rng, moving = hc.assemble(example(law)), np.random.default_rng(1), {}
    for signal in model.names.input_signals:
        domain = model.names.domain(signal)
        moving[signal.name] = (
            rng.choice(domain.values, 50) if domain.discrete else rng.uniform(domain.low, domain.high, 50)
        )
    run = lambda **options: hc.simulate(model, steps=50, inputs=moving, **options)
    dense, folded = run(engine="dense"), run()
    with without_compiler():
        by_xla = run()
    assert not differing(folded, dense) and not differing(by_xla, dense)


def folded_from(*arguments, **options):
    """Fold what can be folded."""
    found = fold(*arguments, **options)
    assert found is not None
    return found


@needs_compiler
def test_products_are_rounded_together_with_their_sum():
    """Gains that are no binary fractions show every rounding."""
    model, rng = hc.assemble(example("linear")), np.random.default_rng(2)
    model.parameters["controller.out.gains.x"], model.parameters["controller.out.gains.y"] = 0.3, -0.7
    moving = {name: rng.uniform(-3, 3, 200) for name in "xy"}
    folded, edited, dense = (hc.simulate(model, steps=200, inputs=moving, engine=e) for e in ENGINES)
    assert not differing(folded, dense) and not differing(edited, dense)


def ran(network, inputs):
    """Run a folded network open loop."""
    return np.asarray(run_folded(network, jnp.asarray(inputs)).outputs)


SIDE_BY_SIDE = [
    *(
        pytest.param(hc.load(path), id=path.stem, marks=[pytest.mark.slow] if place % 2 else [])
        for place, path in enumerate(bundled())
    ),
    *(
        pytest.param(example(law), id=law, marks=[pytest.mark.slow] if place % 6 else [])
        for place, law in enumerate(LAWS)
    ),
]


@pytest.mark.parametrize("structure", SIDE_BY_SIDE)
def test_sequences_side_by_side_in_numpy_end_as_the_arrays_say(structure):
    """Products and sums are rounded one after the other here: gains that are no binary fractions may show it."""
    model = hc.assemble(structure)
    inputs = sequences(model.names, 6, 0)
    network = folded_from(model.effective_weights, model.window, range(len(model.names.residual)))
    outputs, residual = run_side_by_side(network, inputs)
    wanted, seen = model(inputs)
    np.testing.assert_allclose(outputs, np.asarray(wanted)[:, -1], rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(residual, np.asarray(seen["final"])[:, -1], rtol=2e-6, atol=2e-6)
    before = run_side_by_side(network, inputs[:, :-1])[1]
    assert structure.name == "constant" or not np.allclose(before, residual), "the last step counts"


def test_one_spoiled_number_of_a_program_shows_and_a_dead_unit_comes_back_to_life():
    model = hc.assemble(hc.load("heated room"))
    inputs = np.array([[15.0], [19.0], [23.0], [21.0]], np.float32)
    weights = model.effective_weights.numpy()
    network = folded_from(weights, model.window)
    right = ran(network, inputs)
    spoiled = network.values.copy()
    spoiled[np.argmax(np.abs(spoiled))] *= -1
    assert (ran(FoldedNetwork(network.program, spoiled), inputs) != right).any()

    layer, neuron = np.argwhere(~np.any(weights.W_out != 0, axis=2))[0]
    alive, port = model.effective_weights.numpy(), model.names.find(next(iter(model.layout[-1:])).writes)
    alive.b_in[layer, neuron], alive.W_out[layer, neuron, port] = 1.0, 0.25
    revived = folded_from(alive, model.window)
    assert len(revived.program.steps) > len(network.program.steps)
    dense = np.asarray(forward(alive, inputs, window=model.window)[0])
    assert ran(revived, inputs).tobytes() == dense.tobytes() != right.tobytes()


def test_other_numbers_are_the_same_program_and_flipped_bits_do_what_they_do_dense():
    model, rng = hc.assemble(hc.load("heated room")), np.random.default_rng(3)
    inputs = rng.uniform(10, 30, (30, 1)).astype(np.float32)
    weights = model.effective_weights.numpy()
    first = folded_from(weights, model.window)
    moved = hc.assemble(hc.load("heated room"))
    moved.parameters["thermostat.heat.off_above"] = 22.5
    other = folded_from(moved.effective_weights.numpy(), moved.window)
    assert other.program == first.program and other.values.tobytes() != first.values.tobytes()
    places = [(name, at) for name, array in weights.items() for at in np.argwhere(array != 0).tolist() if name != "b_Q"]
    tried = 0
    for place in rng.permutation(len(places))[:12]:
        name, at = places[place]
        flipped = model.effective_weights.numpy()
        bits = flipped[name].view(np.int32)
        bits[tuple(at)] ^= np.int32(1) << rng.integers(0, 31)
        if not np.isfinite(flipped[name]).all() or name in ("b_K", "W_Q", "W_K"):
            continue
        folded, dense = fold(flipped, model.window), np.asarray(forward(flipped, inputs, window=model.window)[0])
        if folded is not None and np.isfinite(dense).all():
            tried += 1
            assert ran(folded, inputs).tobytes() == dense.tobytes(), (name, at)
    assert tried >= 5


@needs_compiler
def test_a_port_in_c_catches_what_it_catches_in_blocks():
    """The request of a subordinate overflows: the base controller must never see it."""
    model = hc.assemble(hc.load("guarded room"))
    weights, free = model.weights.numpy(), model.trainable.numpy()
    for name in ("W_in", "W_out"):
        weights[name][free[name] & (weights[name] != 0)] *= np.float32(1e30)
    wild = hc.assemble(hc.load("guarded room"))
    wild.set_weights(weights)
    folded, dense = hc.simulate(wild, steps=60), hc.simulate(wild, steps=60, engine="dense")
    assert any(caught.any() for caught in folded.faults.values())
    lost = {s.name for s, value in dense.believed.items() if not np.isfinite(value).all() and s.owner == "thermostat"}
    assert lost and differing(folded, dense) <= lost  # 0 times infinity is left out where it is folded
    program = folded_from(wild.effective_weights, wild.window, blocks=wild.blocks).program
    assert any(step.kind == PORT for step in program.steps)
    bare = folded_from(wild.effective_weights, wild.window, blocks=wild.blocks, ported=False).program
    assert not any(step.kind == PORT for step in bare.steps)


def test_what_cannot_be_folded_runs_dense_and_what_is_no_arithmetic_runs_in_xla():
    model = hc.assemble(hc.load("heated room"))
    weights = model.effective_weights.numpy()
    for name, value in (("W_Q", 1.0), ("b_Q", 0.0), ("W_in", np.nan)):
        other = model.effective_weights.numpy()
        other[name].flat[0 if name != "b_Q" else slice(None)] = value
        assert fold(other, model.window) is None, name
    assert fold(weights, model.window) is not None

    def looping(state, actions):
        return {"temperature": jax.lax.fori_loop(0, 3, lambda i, x: x * 0.999, state["temperature"] + actions["heat"])}

    one, edited, other = (
        hc.simulate(model, looping, steps=20, initial={"temperature": 18.0}, engine=e) for e in ENGINES
    )
    assert not differing(one, other) and not differing(edited, other)
    with pytest.raises(NotScalarError, match=r"scan|while"):
        traced(lambda x: jax.lax.fori_loop(0, 3, lambda i, y: y * 2, x), jnp.float32(1))
    with pytest.raises(hc.HandcraftedError, match="Expected an engine, got 'fast'"):
        hc.simulate(model, steps=3, engine="fast")


@needs_compiler
def test_a_loop_is_compiled_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    native._built.cache_clear()
    model, calls, run = hc.assemble(hc.load("heated room")), [], compile_c.subprocess.run
    monkeypatch.setattr(compile_c.subprocess, "run", lambda *a, **k: (calls.append(a), run(*a, **k))[1])
    first = hc.simulate(model, steps=30)
    model.parameters["thermostat.heat.off_above"] = 22.5
    hc.simulate(model, steps=50)
    native._built.cache_clear()
    assert len(calls) == 1 and len(list(tmp_path.rglob("*.so"))) == 1
    (kept,) = tmp_path.rglob("*.so")
    kept.unlink()
    kept.write_bytes(b"no program")
    native._built.cache_clear()
    model.parameters["thermostat.heat.off_above"] = 23
    assert not differing(hc.simulate(model, steps=30), first)  # XLA takes over
    native._built.cache_clear()
    assert ENGINES == ("folded", "edited", "dense")


@pytest.mark.parametrize("path", thinned(bundled(), every=2), ids=lambda path: path.stem)
def test_an_edit_of_an_entry_leaves_the_program_as_it_is_where_numbers_stand_apart(path):
    model, rng = hc.assemble(hc.load(path)), np.random.default_rng(1)
    weights = model.effective_weights.numpy()
    merged, apart = fold(weights, model.window), fold(weights, model.window, apart=True)
    assert merged and apart and len(merged.values) < len(apart.values)
    other = model.effective_weights.numpy()
    at = tuple(rng.choice(np.argwhere(weights["b_in"] != 0)))
    other["b_in"][at] += 1 / 64
    again = folded_from(other, model.window, apart=True)
    assert again.program == apart.program and not np.array_equal(again.values, apart.values)
    other["b_in"][at] = 0
    assert folded_from(other, model.window, apart=True).program != apart.program


@needs_compiler
def test_numbers_below_the_smallest_normal_one_are_0_in_c_too():
    model, tiny = hc.assemble(hc.load("heated room")), {"temperature": 1e-36}
    fades = lambda state, actions: {"temperature": state["temperature"] * jnp.float32(1e-3)}
    one, edited, other = (hc.simulate(model, fades, steps=5, initial=tiny, engine=e) for e in ENGINES)
    assert not differing(one, other) and one.state["temperature"][1] == 0
    assert not differing(edited, other)


def written_out(network, ends):
    """Write what some values are made of, numbers included, down to inputs, states and ports.

    Of a state follows what it is in the first step and in the next one.
    """
    steps, told, waiting, seen = network.program.steps, [], list(ends), set()

    def text(node):
        if node is None:
            return "0"
        kind, values, slots, place = steps[node]
        if kind == "state":
            waiting.extend([network.program.first[place], network.program.next[place]])
            return "state"
        if kind == PORT:
            return f"port({network.values[slots[0]].tobytes().hex()})"
        numbers = [network.values[slot].tobytes().hex() for slot in slots]
        return f"{kind}{place if kind == 'input' else ''}{numbers}({', '.join(map(text, values))})"

    while waiting:
        if (node := waiting.pop(0)) not in seen:
            seen.add(node)
            told.append(text(node))
    return told


@pytest.mark.parametrize("name", slow_but(["guarded room", "radiotherapy"], FEW))
def test_what_layer_0_does_folded_is_made_of_nothing_outside_it_but_ports(name):
    """Whatever the other weights are, the program of the base controller stays the same to the letter."""
    model, rng = hc.assemble(hc.load(name)), np.random.default_rng(4)
    base, free = model.blocks[0].owner, model.trainable.numpy()
    places = [i for block in model.blocks if block.owner == base for i in block.own]
    columns = [i for block in model.blocks if block.owner == base for i in block.outputs]

    def told(weights, blocks):
        found = folded_from(weights, model.window, places, blocks)
        return written_out(found, [*(found.program.outputs[i] for i in columns), *found.program.residual])

    usual = told(model.effective_weights, model.blocks)
    assert any(text.startswith("port") or "port(" in text for text in usual)
    for scale in (1e-3, 1.0, 1e30):
        other = model.weights.map(
            lambda a, may, s=scale: np.where(may, rng.normal(0, s, np.shape(a)), np.asarray(a)).astype(np.float32), free
        )
        hard = {f"{a}_{k}": np.asarray(model.weights[f"{a}_{k}"]) for a in "Wb" for k in "QK"}
        other = other.replace(**hard)
        assert told(other, model.blocks) == usual, scale
        assert scale == 1e-3 or told(other, ()) != usual or len(columns) == 0  # without ports the others are in it
