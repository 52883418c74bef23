"""Two loops that others verify, against the plain laws written down once more, and what is published of them."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import handcrafted as hc
from handcrafted.loading.yamlfile import loads
from handcrafted.proofs import check
from handcrafted.proofs.proof import PROVED, REFUTED
from tests.proofs.test_checker import closed, opened

FOLDER = Path(__file__).parents[2] / "benchmarks"
RATES = (-19.5, -22.5, -25.5, -28.5)
LEAD = {"road.gap": (79, 100), "car.closing speed": (-2.25, -1.75)}

CLIMBS = ("CL1500", "SCL1500", "SCL2500")
DESCENDS = ("DES1500", "SDES1500", "SDES2500")
PAIRS = [*zip(("DND", *CLIMBS), ("DNC", *DESCENDS), strict=True)]
MIRRORED: dict[str, str] = {"COC": "COC", **dict(PAIRS), **{two: one for one, two in PAIRS}}
WANTED = {"DND": 0, "CL1500": 25, "SCL1500": 25, "SCL2500": 41.67}
G = 32.2


def model_of(name, *replacements):
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return hc.assemble(loads(text, name))


def advice(before, height):
    """The next advisory, of an intruder below; one above is the same upside down."""
    if height > 0:
        return MIRRORED[advice(MIRRORED[before], -height)]
    if height <= -1200:
        return "COC"
    if height <= -600:
        return "DND"
    if before in DESCENDS:
        return "SCL1500"
    if before not in CLIMBS:
        return "CL1500"
    return "SCL2500" if height > -200 else before


def acceleration(advisory, rate, choice):
    """What a pilot does, of what is published: from g / 4 to g / 3, g / 3 if strengthened, up to g / 8 if clear."""
    if advisory == "COC":
        return choice * G / 8
    if advisory not in WANTED:
        return -acceleration(MIRRORED[advisory], -rate, -choice)
    if rate >= WANTED[advisory]:
        return 0.0
    return G / 3 if advisory.startswith("S") else 7 * G / 24 + choice * G / 24


def flight(height, rate, choices):
    """Heights of the intruder and climb rates, in double precision, without a network."""
    advisory, found = "COC", []
    for choice in choices:
        found.append((height, rate))
        read = lambda value: np.round(value * 8) / 8
        advisory = advice(advisory, read(height))
        pull = acceleration(advisory, read(rate), choice)
        height, rate = np.clip(height - rate - pull / 2, -3000, 3000), np.clip(rate + pull, -64, 64)
    return np.array(found)


@pytest.fixture(scope="module")
def avoidance():
    return model_of("vertical_avoidance")


def test_the_network_flies_as_the_plain_rules_say(avoidance):
    """From above and below, with advisories that strengthen, reverse and end; no two words ever differ."""
    rng = np.random.default_rng(0)
    runs, steps = 200, 60
    choices = np.round(rng.uniform(-1, 1, (runs, steps)) * 4) / 4
    start = {"encounter.height": rng.uniform(-1500, 1500, runs), "aircraft.climb rate": rng.uniform(-60, 60, runs)}
    trace = hc.simulate(
        avoidance, steps=steps, runs=runs, inputs={"choice": choices.astype(np.float32)},
        initial={name: value.astype(np.float32) for name, value in start.items()},
    )  # fmt: skip
    plain = np.array([flight(height, rate, some) for height, rate, some in zip(*start.values(), choices, strict=True)])
    far = np.abs(np.stack([trace.state["height"], trace.state["climb rate"]], axis=-1) - plain).max(axis=(1, 2))
    assert np.mean(far < 0.01) > 0.95  # the rest met a reading half-way between two steps of its sensor
    words = {str(word) for word in np.unique(trace.words(trace.remembered, "advisory"))}
    assert words >= {"COC", "DND", "DNC", "CL1500", "DES1500", "SCL2500", "SDES2500"}


def closest(rate, ways):
    """The least distance in height over all choices of the first six seconds, and none thereafter."""
    some = itertools.product(ways, repeat=6)
    return min(np.abs(flight(-129.0, rate, [*one, *[0.0] * 10])[:, 0]).min() for one in some)


def test_the_plain_rules_agree_with_what_is_published():
    """With the middle choice: verified from -19.5 and -22.5 ft/s, falsified from -25.5 and -28.5."""
    assert [closest(rate, [0.0]) > 100 for rate in RATES] == [True, True, False, False]
    assert [closest(rate, [-1.0, 0.0, 1.0]) > 100 for rate in RATES] == [True, True, False, False]


@pytest.mark.parametrize("rate", [RATES[2], pytest.param(RATES[3], marks=pytest.mark.slow)])
def test_what_is_falsified_is_refuted_by_a_flight(avoidance, rate):
    """The counterexample, flown once more by the plain rules, comes as near."""
    start = {"encounter.height": (-133, -129), "aircraft.climb rate": (rate, rate)}
    proof = hc.prove(avoidance, "H-1", start=start)
    assert proof.verdict == REFUTED and proof.counterexample is not None
    found = proof.counterexample.trace
    height, choices = np.ravel(found.state["height"]), np.ravel(found.measured["choice"])
    assert -133 <= height[0] <= -129 and np.abs(height).min() < 100
    assert np.abs(flight(height[0], rate, choices)[:, 0]).min() == pytest.approx(np.abs(height).min(), abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES[:2])
def test_what_is_verified_is_proved_for_all_time_and_any_choice(avoidance, rate):
    """Flights with any choices stay below the bound of their climb rate."""
    start = {"encounter.height": (-133, -129), "aircraft.climb rate": (rate, rate)}
    proof = hc.prove(avoidance, "H-1", start=start)
    assert proof.verdict == PROVED
    assert max(cell["encounter.height"][1] for cell in proof.cells) <= -100
    reach = proof.reach("encounter.height", "aircraft.climb rate")
    rng = np.random.default_rng(1)
    for _ in range(300):
        for height, now in flight(rng.uniform(-133, -129), rate, rng.choice([-1.0, 0.0, 1.0], 60)):
            assert any(low <= now <= high and height <= top for (low, high), (_, top) in reach.items())


def test_a_car_keeps_its_gap_behind_one_that_does_as_it_likes():
    """A state that must not fall below its mark; a car ahead that brakes as hard as this one can is hit in the end."""
    model = model_of("adaptive_cruise")
    proof = hc.prove(model, "H-1", start=LEAD)
    statement, certificate = proof.statement, proof.certificate
    assert proof.verdict == PROVED and statement is not None
    assert check.check(statement.text, statement.arrays, certificate) == proof.tried
    nearer, at = opened(certificate), statement.states.index("road.gap")
    for cell in nearer["cells"]:
        low, high = map(Fraction, cell[at])
        cell[at] = [str(int(low + (high - low) / 3)), cell[at][1]]  # a third of what the gap may come to
    with pytest.raises(check.Refused, match=r"a step may leave the cells|may start outside"):
        check.check(statement.text, statement.arrays, closed(nearer))
    reach = proof.reach("road.gap", "car.closing speed")
    rng = np.random.default_rng(0)
    trace = hc.simulate(
        model, steps=4000, runs=64, disturbance={"car": rng.choice([-2, 2], (64, 4000)).astype(np.float32)}
    )
    gap, closing = (np.ravel(trace.state[name]) for name in ("gap", "closing speed"))
    assert gap.min() < 45
    within = [(closing >= low) & (closing <= high) & (gap >= least) for (low, high), (least, _) in reach.items()]
    assert np.any(within, axis=0).all()


@pytest.mark.parametrize(
    "change, lead", [(("brake: -6", "brake: 0"), 2), (("brake: -6", "brake: -2"), 3), (("below: 40", "below: 12"), 2)]
)
def test_a_car_that_cannot_keep_its_gap_gets_no_proof(change, lead):
    """Without its brake, with one weaker than that of the car ahead, and with one that is applied too late."""
    proof = hc.prove(model_of("adaptive_cruise", change), "H-1", start=LEAD, disturbance={"car": (-lead, lead)})
    assert proof.verdict != PROVED
    if change[1] != "below: 12":
        assert proof.verdict == REFUTED
