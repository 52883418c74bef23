"""The checker's sums hold what float32 gives: in any order, fused or not, with small numbers flushed or not."""

from fractions import Fraction

import numpy as np
import pytest

from handcrafted.proofs import check

SMALLEST = np.float32(2.0**-126)


def scaled(number):
    """A float32 number as the checker has it."""
    return int(Fraction(float(number)) * check.ONE)


def float_of(fraction):
    """The float32 number nearest to a fraction, to the even one between two."""
    low = np.float32(float(fraction))  # may be rounded twice, so look at the neighbours
    near = [np.nextafter(low, np.float32(-np.inf)), low, np.nextafter(low, np.float32(np.inf))]
    finite = [one for one in near if np.isfinite(one)]
    return min(finite, key=lambda one: (abs(Fraction(float(one)) - fraction), int(one.view(np.uint32)) & 1))


def summed(weights, values, order, fused, flushed):
    """Add products up in an order, each product rounded or fused into its sum; what is flushed is so when read, too."""
    flush = lambda one: np.float32(0) if flushed and abs(one) < SMALLEST else one
    total = np.float32(0)
    for i in order:
        product = Fraction(float(weights[i])) * Fraction(float(flush(values[i])))
        if fused:
            total = flush(float_of(product + Fraction(float(total))))
        else:
            total = flush(np.float32(total + flush(float_of(product))))
    return total


def drawn(rng, kind, count):
    """Draw weights and values of a kind."""
    if kind == "grid":
        return rng.integers(-64, 65, count) / np.float32(16), rng.integers(-400, 401, count) / np.float32(8)
    if kind == "cancelling":
        half = rng.normal(size=count).astype(np.float32)
        return np.ones(count, np.float32), np.where(np.arange(count) % 2, -np.roll(half, 1), half).astype(np.float32)
    scale = {"usual": 1.0, "tiny": 1e-39, "amplified": 1e-39, "apart": 10.0 ** rng.integers(-20, 8, count)}[kind]
    gain = np.float32(1e30 if kind == "amplified" else 1)
    return gain * rng.normal(size=count).astype(np.float32), (rng.normal(size=count) * scale).astype(np.float32)


@pytest.mark.parametrize("kind", ["usual", "grid", "cancelling", "tiny", "amplified", "apart"])
@pytest.mark.parametrize("wide", [0.0, 0.01])
def test_sums_in_any_order_lie_inside(kind, wide):
    rng, exact = np.random.default_rng(1), 0
    for _ in range(60):
        weights, values = (np.asarray(part, np.float32) for part in drawn(rng, kind, 5))
        reach = np.abs(values) * np.float32(wide)
        boxes = [check.between(scaled(v - r), scaled(v + r)) for v, r in zip(values, reach, strict=True)]
        low, high, _ = check.total([check.times(b, scaled(w)) for b, w in zip(boxes, weights, strict=True)])
        exact += low == high
        for _ in range(8):
            inside = np.clip(rng.uniform(values - reach, values + reach), values - reach, values + reach)
            inside = inside.astype(np.float32)
            for fused in (False, True):
                for flushed in (False, True):
                    got = summed(weights, inside, rng.permutation(5), fused, flushed)
                    assert low <= scaled(got) <= high
    assert (exact == 60) == (kind == "grid" and not wide)  # on a grid nothing is rounded, and the checker knows


def test_a_bound_is_not_far_wider_than_what_floats_do():
    rng = np.random.default_rng(2)
    weights, values = rng.normal(size=8).astype(np.float32), rng.normal(size=8).astype(np.float32)
    terms = [check.times(check.between(scaled(v), scaled(v)), scaled(w)) for w, v in zip(weights, values, strict=True)]
    low, high, _ = check.total(terms)
    size = np.abs(weights.astype(float) * values).sum()
    assert 0 < (high - low) / check.ONE <= 2 * 4 * 8 * 2.0**-24 * size * 1.001


def test_every_point_of_every_small_box_lies_inside():
    """All pairs of float32 numbers in boxes of 8 by 8 neighbours, for one sum of two products."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        weights = rng.normal(size=2).astype(np.float32)
        start = rng.normal(size=2).astype(np.float32)
        steps = [[start[i]] for i in range(2)]
        for row in steps:
            for _ in range(7):
                row.append(np.nextafter(row[-1], np.float32(np.inf)))
        boxes = [check.between(scaled(row[0]), scaled(row[-1])) for row in steps]
        low, high, _ = check.total([check.times(b, scaled(w)) for b, w in zip(boxes, weights, strict=True)])
        for x in steps[0]:
            for y in steps[1]:
                got = [summed(weights, [x, y], order, fused, False) for order in ([0, 1], [1, 0]) for fused in (0, 1)]
                assert all(low <= scaled(one) <= high for one in got)


def test_what_may_overflow_is_refused_and_the_largest_number_is_not():
    largest = check.between(-check.LARGEST, check.LARGEST)
    one = check.between(check.ONE, check.ONE)
    assert check.total([one, check.times(largest, -check.ONE)])[2] == check.FINEST  # 1 - x, as a guard has it
    with pytest.raises(check.Refused, match="larger than float32"):
        check.total([largest, largest])
    with pytest.raises(check.Refused, match="larger than float32"):
        check.total([check.times(largest, 2 * check.ONE)])
    half = check.between(check.HALF, check.HALF)
    with pytest.raises(check.Refused, match="larger than float32"), np.errstate(over="ignore"):
        assert np.isinf(np.float32(check.LARGEST // check.ONE) + np.float32(check.HALF // check.ONE))
        check.total([largest, half])


def test_the_angle_of_a_lag_is_that_of_numpy_and_only_one_step_counts():
    d_head, window = 4, 16
    for lag in (0, 1, 4, 7):
        key = np.array([15, 0, 0, 0], np.float32)
        query = np.array([np.cos(lag) * 200, -np.sin(lag) * 200, 0, 0], np.float32)
        of = lambda part: {(d,): scaled(one) for d, one in enumerate(part) if one}
        angle = np.arange(window)
        scores = ((np.cos(angle) * query[0] - np.sin(angle) * query[1]) * key[0]) / np.sqrt(d_head)
        apart = np.sort(scores.astype(float))
        if apart[-1] - apart[-2] > 104.5:
            assert check.one_lag(of(query), of(key), window, d_head) == np.argmax(scores) == lag
        else:
            with pytest.raises(check.Refused, match="several steps"):
                check.one_lag(of(query), of(key), window, d_head)
    weak = {(0,): scaled(1.0)}
    with pytest.raises(check.Refused, match="several steps"):
        check.one_lag(weak, weak, window, d_head)


def test_what_is_worked_out_with_roundings_is_exact_only_where_it_is_zero():
    """A process rounds on the way, where a sum of its terms would be exact: by 4 u of them, for each rounding."""
    terms = [check.between(check.ONE, check.ONE), check.between(3 * check.ONE, 3 * check.ONE)]
    assert check.total(terms)[:2] == (4 * check.ONE, 4 * check.ONE)
    for roundings in (1, 3, 40):
        low, high, _ = check.total(terms, roundings)
        assert high - 4 * check.ONE == 4 * check.ONE - low >= roundings * 16 * check.ONE >> 24
    assert check.total([check.NOTHING, check.NOTHING], 3)[:2] == (0, 0)
    low, high, _ = check.total([check.between(0, check.ONE), check.between(0, check.ONE)], 3)
    assert low == 0 and high > 2 * check.ONE  # no corner of zeros is off
