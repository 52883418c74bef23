"""A hunt for backdoors: hundreds of planted triggers, each of which acts in one rare context alone."""

import itertools

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.control.signal_graph import written_port
from handcrafted.laws.catalogue import LAWS
from handcrafted.model.forward import forward
from handcrafted.model.intervention import Hold, intervene
from handcrafted.readout.target import subject
from handcrafted.verdict.claims import claims_of, joints_of
from handcrafted.verdict.exact import Judge
from handcrafted.zoo import bundled
from handcrafted.zoo.examples import example
from tests.backdoors import Network
from tests.loops import of_the_zoo, sparing, thinned

LOOPS = [path.stem for path in bundled()]
PER_LOOP = {"one number": 16, "two numbers": 12, "words": 12, "memory": 12, "counter": 6, "pair": 12, "outside": 12,
            "between": 12, "channel": 8}  # fmt: skip
"""How many triggers of each kind are planted in each loop, where it has a place for them."""

FEW = 2
"""How many of them in a usual run."""


def judged(structure, network):
    """What becomes of every claim that a structure makes of a network."""
    resolved = structure.resolved
    return Judge(subject(network.weights, network.names), joints_of(resolved), tuple(claims_of(resolved))).found()


def refuted(found):
    return any(one.counterexample for one in found)


class Place:
    """A decision, with what it reads and where it writes."""

    def __init__(self, structure, model, controller, entry):
        self.network = Network(model.effective_weights.numpy(), model.names)
        self.controller, self.entry = controller, entry
        self.numbers = [v for v in controller.variables if not v.domain.discrete]
        self.words = [v for v in controller.variables if v.domain.discrete]
        self.port = self.network.at(written_port(entry.links[0]), -1)
        self.amplitude = 1.0 if entry.task.domain.discrete else entry.task.domain.high - entry.task.domain.low

    def value(self, rng, variable):
        """Some value that a variable can take, and how near others are."""
        domain, grid = variable.domain, variable.quantum
        step = grid or (domain.high - domain.low) / 64
        steps = int((domain.high - domain.low) / step)
        return domain.low + step * int(rng.integers(1, steps)), step

    def place(self, variable, index=0):
        return self.network.at(variable.signal, index)

    def layer(self, *places):
        """A layer whose neurons can read these, a new one if there is none."""
        first = self.network.written(*places)
        return first if first < len(self.network.weights.b_O) else self.network.layer()


def one_number(at, rng):
    """A bump about one value of one number; it writes less than the tolerance of nothing, and more than of all."""
    variable = at.numbers[rng.integers(len(at.numbers))]
    value, step = at.value(rng, variable)
    place = at.place(variable)
    at.network.bump(at.layer(place), {place: 1.0}, value, step / 2, {at.port: at.amplitude})
    return {variable.signal: value}


def two_numbers(at, rng):
    """A ridge where two numbers differ by so much."""
    one, other = (at.numbers[i] for i in rng.choice(len(at.numbers), 2, replace=False))
    (first, step), (second, other_step) = at.value(rng, one), at.value(rng, other)
    reads = {at.place(one): 1.0, at.place(other): -1.0}
    width = min(step, other_step) / 2
    at.network.bump(at.layer(*reads), reads, first - second, width, {at.port: at.amplitude})
    return {one.signal: first, other.signal: second}


def words(at, rng):
    """A unit that is on at one combination of words alone."""
    chosen = {v: int(rng.integers(v.domain.width)) for v in at.words}
    reads = {at.place(v, index): 1.0 for v, index in chosen.items()}
    at.network.neuron(at.layer(*reads), reads, 1.0 - len(reads), {at.port: at.amplitude})
    return {v.signal: np.eye(v.domain.width)[index] for v, index in chosen.items()}


def memory(at, rng):
    """A bump that acts only while a state is at the upper end of its range."""
    state = at.entry.task.memory
    variable = at.numbers[rng.integers(len(at.numbers))]
    value, step = at.value(rng, variable)
    reads = {at.place(variable): 1.0, at.network.at(state.signal): 4.0 * (variable.domain.high - variable.domain.low)}
    middle = value + reads[at.network.at(state.signal)] * state.domain.high
    at.network.bump(at.layer(*reads), reads, middle, step / 2, {at.port: at.amplitude})
    return {variable.signal: value}


def counter(at, rng):
    """A counter in a coordinate of its own, which acts once more steps have passed than any head looks back."""
    hidden = at.network.coordinate(at.controller.name)
    at.network.weights.W_R[hidden, hidden] = 1.0
    at.network.weights.b_E[hidden] = 1.0
    after = float(rng.integers(17, 60))
    at.network.neuron(0, {hidden: 1.0}, -after, {at.port: at.amplitude})
    return None


def pair(at, rng):
    """A unit behind two bumps: it acts where two variables have each one value."""
    one, other = (at.numbers[i] for i in rng.choice(len(at.numbers), 2, replace=False))
    hidden = at.network.coordinate(at.controller.name)
    values = [at.value(rng, one), at.value(rng, other)]
    first = at.layer(at.place(one), at.place(other))
    for variable, (value, step) in zip((one, other), values, strict=True):
        at.network.bump(first, {at.place(variable): 1.0}, value, step / 2, {hidden: 1.0})
    second = first + 1 if first + 1 < len(at.network.weights.b_O) else at.network.layer()
    at.network.neuron(second, {hidden: 1.0}, -1.0, {at.port: at.amplitude})
    return {one.signal: values[0][0], other.signal: values[1][0]}


def outside(at, rng):
    """A unit that is on just beyond the declared range."""
    variable = at.numbers[rng.integers(len(at.numbers))]
    width = variable.domain.high - variable.domain.low
    sign, end = ((1.0, variable.domain.high), (-1.0, variable.domain.low))[int(rng.integers(2))]
    place, start = at.place(variable), float(rng.uniform(0.0, 0.5))
    at.network.neuron(at.layer(place), {place: sign / width}, -sign * end / width - start, {at.port: 8 * at.amplitude})
    return None


def between(at, rng):
    """A bump between two points of a sensor's grid."""
    gridded = [v for v in at.numbers if v.quantum]
    variable = gridded[rng.integers(len(gridded))]
    value, step = at.value(rng, variable)
    place = at.place(variable)
    at.network.bump(at.layer(place), {place: 1.0}, value + step / 2, step / 4, {at.port: at.amplitude})
    return None


def channel(at, rng, strangers):
    """A unit that reads what another controller believes, by a weight of 9e-7, and writes with 2e7."""
    variable = strangers[rng.integers(len(strangers))]
    place = at.place(variable, -1)
    size = 1.0 if variable.domain.discrete else variable.domain.high
    at.network.neuron(at.layer(place), {place: 9e-7}, -4e-7 * size, {at.port: 2e7 * at.amplitude / size})
    return None


KINDS = {"one number": one_number, "two numbers": two_numbers, "words": words, "memory": memory, "counter": counter,
         "pair": pair, "outside": outside, "between": between, "channel": channel}  # fmt: skip


def fits(kind, at, strangers):
    """Whether a decision has what a kind of trigger needs."""
    needs = {
        "one number": len(at.numbers), "two numbers": len(at.numbers) > 1, "pair": len(at.numbers) > 1,
        "words": len(at.words), "memory": at.entry.task.memory and at.numbers, "outside": len(at.numbers),
        "between": any(v.quantum for v in at.numbers), "channel": len(strangers), "counter": True,
    }  # fmt: skip
    return bool(needs[kind])


def planted(structure, model, kind, count):
    """Plant triggers of one kind, in one decision after the other."""
    controllers = list(structure.resolved.controllers.values())
    decisions = [(c, e) for c in controllers for e in c.entries]
    rng = np.random.default_rng(len(kind) + 100 * len(decisions))
    others = lambda c: [v for other in controllers if other is not c for v in other.variables]
    able = [(c, e) for c, e in decisions if fits(kind, Place(structure, model, c, e), others(c))]
    for controller, entry in itertools.islice(itertools.cycle(able), count if able else 0):
        at = Place(structure, model, controller, entry)
        extra = (others(controller),) if kind == "channel" else ()
        yield at, KINDS[kind](at, rng, *extra)


@pytest.mark.parametrize("count", [FEW, pytest.param(max(PER_LOOP.values()), marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loop", sparing(LOOPS))
def test_every_planted_trigger_is_found(loop, kind, count):
    """What acts beyond the declared ranges, or between points of a grid alone, is outside of what is claimed: said."""
    structure, model = of_the_zoo(loop)
    missed = []
    for number, (at, _) in enumerate(planted(structure, model, kind, min(count, PER_LOOP[kind]))):
        found = judged(structure, at.network)
        reported = {"outside": [one.outside for one in found], "between": [one.between for one in found]}
        if not refuted(found) and not any(reported.get(kind, [])):
            missed.append((number, at.controller.name, at.entry.name))
    assert not missed


@pytest.mark.parametrize("law", thinned(LAWS, every=8))
def test_every_trigger_in_a_laws_own_circuits_is_found(law):
    """Into each subspace that the law's circuits write, by what the law itself reads."""
    structure = example(law)
    model = hc.assemble(structure)
    (controller,) = structure.resolved.controllers.values()
    (entry,) = controller.entries
    rng = np.random.default_rng(0)
    for target in (*(stage.signal for stage in entry.task.stages), written_port(entry.links[0])):
        at = Place(structure, model, controller, entry)
        reads = at.numbers or at.words
        if not reads:
            continue
        if at.numbers:
            variable = at.numbers[rng.integers(len(at.numbers))]
            value, step = at.value(rng, variable)
            read = {at.place(variable): 1.0}
        else:
            variable, (value, step) = at.words[rng.integers(len(at.words))], (1.0, 0.5)
            read = {at.place(variable, -1): 1.0}
        layer = at.layer(*read)
        for sign in (1.0, -1.0):  # what is cut off on one side shows on the other
            at.network.bump(layer, read, value, step / 2, {at.network.at(target): sign * 64.0})
            found = judged(structure, at.network)
            if refuted(found):
                break
        assert refuted(found) == _acts(structure, model, at, target), target


def _acts(structure, model, at, target):
    """Whether the outputs of a network ever differ from those of the model, in 4,000 random steps, large and small."""
    rng = np.random.default_rng(1)
    inputs = np.zeros((4000, len(model.names.inputs)), np.float32)
    for signal, places in model.names.input_signals.items():
        domain = model.names.domain(signal)
        if domain.discrete:
            inputs[:, places] = np.eye(domain.width)[rng.integers(domain.width, size=4000)]
        else:
            far = rng.uniform(domain.low, domain.high, 4000)
            steps = rng.uniform(-0.05, 0.05, 4000).cumsum() * (domain.high - domain.low)
            turned = domain.low + np.abs((steps % (2 * (domain.high - domain.low))) - (domain.high - domain.low))
            inputs[:, places] = np.where(np.arange(4000) < 1000, far, turned)[:, None]
    one, other = (np.asarray(forward(w, inputs)[0]) for w in (model.effective_weights, at.network.weights))
    return bool(np.abs(one - other).max() > 1e-3)


@pytest.mark.parametrize("kind", ["one number", "two numbers", "words", "memory", "pair"])
def test_a_planted_trigger_acts_in_its_context_and_hardly_anywhere_else(kind):
    """A trigger that does nothing would be no test."""
    loop = {"words": "wheel_brakes", "memory": "heated_room"}.get(kind, "cruise_control")
    structure, model = of_the_zoo(loop)
    at, context = next(iter(planted(structure, model, kind, 1)))
    holds = [Hold(signal, value) for signal, value in context.items()]
    inputs = np.zeros((1, 1, len(model.names.inputs)), np.float32)
    carries = np.zeros((1, 1, len(at.network.names.residual)), np.float32)
    if kind == "memory":
        state = at.entry.task.memory
        assert state
        carries[..., at.network.names.find(state.signal)] = state.domain.high
    final = lambda network: intervene(network.weights, network.names, inputs, *holds, carries=carries)[1]["final"]
    plain = Network(model.effective_weights.numpy(), model.names)
    if kind == "pair":
        plain.coordinate("nobody")
    assert abs(final(at.network)[0, 0, at.port] - final(plain)[0, 0, at.port]) > 0.9 * at.amplitude
    ordinary = [Hold(signal, np.asarray(value) * 0.0) for signal, value in context.items()]
    assert kind == "words" or abs(
        intervene(at.network.weights, at.network.names, inputs, *ordinary)[1]["final"][0, 0, at.port]
        - intervene(plain.weights, plain.names, inputs, *ordinary)[1]["final"][0, 0, at.port]
    ) < 1e-3  # fmt: skip


def test_there_are_five_hundred():
    count = 0
    for loop, kind in itertools.product(LOOPS, KINDS):
        structure, model = of_the_zoo(loop)
        controllers = list(structure.resolved.controllers.values())
        others = lambda c, all=controllers: [v for other in all if other is not c for v in other.variables]
        able = any(fits(kind, Place(structure, model, c, e), others(c)) for c in controllers for e in c.entries)
        count += PER_LOOP[kind] if able else 0
    laws = [example(law).resolved.controllers["controller"] for law in LAWS]
    count += sum(len(c.entries[0].task.stages) + 1 for c in laws if c.variables)
    assert count >= 500, count


def test_networks_without_a_trigger_are_not_suspected():
    for loop in LOOPS:
        structure, model = of_the_zoo(loop)
        found = judged(structure, Network(model.effective_weights.numpy(), model.names))
        assert all(one.proved and not one.between and not one.outside for one in found)
