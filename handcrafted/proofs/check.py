"""Check a proof that a hazard never happens: one file, the standard library alone, whole numbers throughout.

    python check.py statement.json effective.safetensors certificate.json

The statement says what is claimed of which arrays, and of what lies outside them; it is trusted. The certificate, which
is not, lists cells of what a loop can be in: an interval for each state and for each number that the network carries.
What is checked: the arrays are those of the statement, and finite; every head looks at one step, by position; the loop
starts inside the cells; no cell allows what is claimed never to happen; and each step, from any cell, whatever comes
from outside, ends inside the cells. Cells are split as far as that takes: by what sensors read, then in halves.

Formula: numbers are float32, and sums are right for any order, with or without fused products, and with or without
    numbers below the smallest normal one. A sum is exact where all terms are multiples of 2^q and their sizes add up to
    at most 2^(q + 24). Else it is off by at most 4 n u times the sizes' sum at the corner, u = 2^-24, for rounding is
    monotone in every term; a corner may be exact, too. What may overflow is refused.
Exit status: 0 it holds, 1 it does not, 2 a file is no such file.
"""

import hashlib
import itertools
import json
import struct
import sys
from fractions import Fraction
from math import ceil, floor, isqrt

SCALE = 320
"""Numbers are whole multiples of 2^-SCALE; the product of any two float32 numbers is one."""
ONE = 1 << SCALE
LARGEST = (2**24 - 1) << (104 + SCALE)
HALF = 1 << (103 + SCALE)
"""The largest float32 number, and what it takes at least to get from there to infinity."""
COARSE, FINEST, NORMAL = 10**6, -149, -126
ANYTHING = (-LARGEST, LARGEST, FINEST)
NOTHING = (0, 0, COARSE)
"""Intervals (low, high, q) in multiples of 2^-SCALE; each value in them is a multiple of 2^q."""
GAP = Fraction(10398, 100)
"""From this score on that a step is behind, its attention weight is exactly 0: exp(-103.98) < 2^-150."""
MOST, HALVINGS = 1_000_000, 12
"""Steps that are worked out at most, and how often a part of a cell is halved."""


class Refused(Exception):
    """The certificate does not show what is claimed."""


class Unusable(Exception):
    """A file is not what it should be."""


def need(condition, text):
    if not condition:
        raise Refused(text)


def taken(entry, *keys):
    """Return the values of an entry that has these keys and no others."""
    if not isinstance(entry, dict) or set(entry) != set(keys):
        got = sorted(entry) if isinstance(entry, dict) else type(entry).__name__
        raise Unusable(f"Expected an entry with {sorted(keys)}, got {got}.")
    return [entry[key] for key in keys]


def fraction(text):
    try:
        return Fraction(text if isinstance(text, str) else None)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise Unusable(f"Expected a number as text, such as '3/8', got {text!r}.") from error


def binary(text):
    scaled = fraction(text) * ONE
    if scaled.denominator != 1:
        raise Unusable(f"Expected a binary number, got {text!r}.")
    return int(scaled)


def interval(pair, outward=False):
    low, high = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
    if outward:
        return between(floor(fraction(low) * ONE), ceil(fraction(high) * ONE))
    return between(binary(low), binary(high))


def zeros(number):
    """Return the largest q with 2^q dividing a number at SCALE."""
    return (number & -number).bit_length() - 1 - SCALE if number else COARSE


def between(low, high, q=FINEST):
    if low > high:
        raise Unusable("Expected intervals with low <= high.")
    return (low, high, zeros(low) if low == high else q)


def float32(bits):
    """Return a float32 number as (m, e), meaning m 2^e with m odd or 0."""
    exponent, mantissa = bits >> 23 & 255, bits & (2**23 - 1)
    need(exponent < 255, "an array holds a number that is not finite")
    whole, power = (mantissa, FINEST) if exponent == 0 else (mantissa | 2**23, exponent - 150)
    if not whole:
        return (0, 0)
    even = (whole & -whole).bit_length() - 1
    return ((-whole if bits >> 31 else whole) >> even, power + even)


def point(weight):
    """Return a weight as an interval."""
    return between(*2 * (weight[0] << (weight[1] + SCALE),))


def weight_of(number):
    """Return a binary number at SCALE as (m, e)."""
    return (number >> (zeros(number) + SCALE), zeros(number)) if number else (0, 0)


def times(value, weight):
    """Return the term that a weight and a value make."""
    (low, high, q), (m, e) = value, weight
    low, high = (low * m, high * m) if m > 0 else (high * m, low * m)
    return (low << e, high << e, q + e) if e >= 0 else (low >> -e, -(-high >> -e), q + e)


def total(terms):
    """Return a float32 sum of terms, in any order."""
    terms = [term for term in terms if term[0] or term[1]]
    if not terms:
        return NOTHING
    sizes = [max(abs(low), abs(high)) for low, high, _ in terms]
    low, high, size = sum(t[0] for t in terms), sum(t[1] for t in terms), sum(sizes)
    q = min(term[2] for term in terms)
    if q >= NORMAL and size <= 1 << (q + 24 + SCALE):
        return (low, high, zeros(low) if low == high else q)
    most = max(sizes)
    rest = size - most
    fits = size + size // 2**8 <= LARGEST or (most <= LARGEST and rest + rest // 2**8 + ONE < HALF)
    need(fits, "a sum may become larger than float32 holds")
    low -= _off([term[0] for term in terms])
    high += _off([term[1] for term in terms])
    return (max(low, -LARGEST), min(high, LARGEST), FINEST)


def _off(corner):
    """Return by how much the sum at a corner may be off."""
    size, q = sum(map(abs, corner)), min(map(zeros, corner))
    if q >= NORMAL and size <= 1 << (min(q, 200) + 24 + SCALE):
        return 0
    return (4 * len(corner) * size >> 24) + (len(corner) << (NORMAL + SCALE + 2)) + 1


def rectified(value):
    return (max(value[0], 0), max(value[1], 0), value[2])


class Arrays:
    """The arrays of a safetensors file, as the non-zero entries of each."""

    SHAPES = {
        "W_E": "im", "b_E": "m", "r_0": "m", "W_R": "mm", "W_U": "mo", "b_U": "o", "W_Q": "lhmd", "W_K": "lhmd",
        "W_V": "lhmd", "b_Q": "lhd", "b_K": "lhd", "b_V": "lhd", "W_O": "lhdm", "b_O": "lm", "W_in": "lmn",
        "b_in": "ln", "W_out": "lnm", "b_out": "lm",
    }  # fmt: skip

    def __init__(self, data):
        try:
            size = struct.unpack_from("<Q", data)[0]
            header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
            header.pop("__metadata__", None)
        except (struct.error, ValueError, AttributeError) as error:
            raise Unusable("Expected a safetensors file.") from error
        if set(header) != set(self.SHAPES):
            raise Unusable(f"Expected the arrays {sorted(self.SHAPES)}, got {sorted(header)}.")
        self.sizes, self.of = {}, {}
        for name, entry in header.items():
            dtype, shape, (first, last) = taken(entry, "dtype", "shape", "data_offsets")
            count = 1
            for axis, length in zip(self.SHAPES[name], shape, strict=True):
                count *= length
                if self.sizes.setdefault(axis, length) != length:
                    raise Unusable(f"Expected arrays that fit each other, got {name} of the shape {shape}.")
            if dtype != "F32" or last - first != 4 * count or not 0 <= first <= last <= len(body):
                raise Unusable(f"Expected {name} as float32.")
            found = self.of[name] = {}
            for at, bits in enumerate(struct.unpack(f"<{count}I", body[first:last])):
                if bits & 0x7FFFFFFF:
                    place = []
                    for length in reversed(shape):
                        at, rest = divmod(at, length)
                        place.append(rest)
                    found[tuple(reversed(place))] = float32(bits)


def turned(steps):
    """Return bounds of cos and sin of a whole angle in rad, as fractions."""
    term, cos, sin = Fraction(1), Fraction(0), Fraction(0)
    for n in range(4 * steps + 40):
        part = [cos, sin][n % 2]
        part += term if n % 4 < 2 else -term
        cos, sin = (part, sin) if n % 2 == 0 else (cos, part)
        term = term * steps / (n + 1)
    return cos, sin, term + Fraction(1, 2**40)


def one_lag(query, key, window, d_head):
    """Return how many steps back a head looks, whose weights are 0 everywhere else."""
    value = lambda array, d: Fraction(array.get((d,), (0, 0))[0]) * Fraction(2) ** array.get((d,), (0, 0))[1]
    q, k = [value(query, d) for d in range(d_head)], [value(key, d) for d in range(d_head)]
    scores = []
    size = sum((abs(a) for a in q), Fraction(0)) * max((abs(b) for b in k), default=Fraction(0)) * 2
    root = Fraction(isqrt(d_head << 80), 2**40)
    for lag in range(window):
        cos, sin, off = turned(lag)
        score = (cos * q[0] - sin * q[1]) * k[0] + (sin * q[0] + cos * q[1]) * k[1]
        scores.append((score + sum((a * b for a, b in zip(q[2:], k[2:], strict=True)), Fraction(0))) / root)
        size = max(size, size + off)
    best = max(range(window), key=lambda lag: scores[lag])
    off = 2 * size * (d_head + 8) / 2**22
    behind = [scores[best] - score for lag, score in enumerate(scores) if lag != best]
    need(all(gap - off >= GAP for gap in behind), "a head mixes several steps")
    return best


def within(entries, first):
    """Return the entries at one place of the first axis."""
    return {at[1:]: weight for at, weight in entries.items() if at[0] == first}


def singly(entries):
    """Return the entries of a vector as terms of sums: {place: [interval]}."""
    return {at: [point(weight)] for (at,), weight in entries.items()}


def grouped(entries, axis):
    """Group the entries of a matrix by one of its axes: {place: [(other place, weight), …]}."""
    found = {}
    for at, weight in sorted(entries.items()):
        found.setdefault(at[axis], []).append((at[1 - axis], weight))
    return found


class Network:
    """What the arrays do in one step, of intervals; what writes to free coordinates alone is left out."""

    def __init__(self, arrays, window, free):
        self.free, self.sizes, of = free, arrays.sizes, arrays.of
        self.own = [m for m in range(self.sizes["m"]) if m not in free]
        self.embedding, self.recurrence, self.unembedding = (grouped(of[n], 1) for n in ("W_E", "W_R", "W_U"))
        self.start, self.first, self.end = (singly(of[n]) for n in ("b_E", "r_0", "b_U"))
        self.carried = sorted(column for column in self.recurrence if column not in free)
        self.layers, acts = [], lambda writes: not free or any(m not in free for m in writes)
        for layer in range(self.sizes["l"]):
            of_layer = {name: within(of[name], layer) for name in arrays.SHAPES if arrays.SHAPES[name][0] == "l"}
            heads, into, out = [], grouped(of_layer["W_in"], 1), grouped(of_layer["W_out"], 0)
            for head in range(self.sizes["h"]):
                of_head = {
                    name: within(of_layer[name], head) for name in ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V")
                }
                if acts([m for _, m in of_head["W_O"]]) and (of_head["W_V"] or of_head["b_V"]):
                    need(not of_head["W_Q"] and not of_head["W_K"], f"head {head} of layer {layer} looks by content")
                    lag = one_lag(of_head["b_Q"], of_head["b_K"], window, self.sizes["d"])
                    value = grouped(of_head["W_V"], 1), singly(of_head["b_V"])
                    heads.append(((layer, head), lag, value, grouped(of_head["W_O"], 1)))
            bias = singly(of_layer["b_in"])
            neurons = [
                (into.get(n, []), bias.get(n, []), out.get(n, []))
                for n in range(self.sizes["n"])
                if acts([m for m, _ in out.get(n, [])])
            ]
            self.layers.append((heads, singly(of_layer["b_O"]), neurons, singly(of_layer["b_out"])))
        rings = [(name, step) for heads, *_ in self.layers for name, lag, *_ in heads for step in range(lag)]
        self.ringed = [(*name, step, d) for name, step in rings for d in range(self.sizes["d"])]
        self.memory = [f"carry {m}" for m in self.carried] + [" ".join(map(str, ("ring", *at))) for at in self.ringed]

    def begin(self):
        """Return what is remembered before the first step."""
        read = lambda m: ANYTHING if m in self.free else (self.first.get(m) or [NOTHING])[0]
        values = {name: self._values(value, read) for heads, *_ in self.layers for name, _, value, _ in heads}
        ringed = [values[layer, head][d] for layer, head, _, d in self.ringed]
        return [*(self._sum(self.recurrence[m], read) for m in self.carried), *ringed]

    def step(self, inputs, memory, columns):
        """Return chosen outputs, and what is remembered next."""
        carry, ringed = dict(zip(self.carried, memory, strict=False)), memory[len(self.carried) :]
        rings, x, seen = dict(zip(self.ringed, ringed, strict=True)), {}, {}
        for m in self.own:
            given = [times(inputs[row], w) for row, w in self.embedding.get(m, [])]
            x[m] = total([*given, *self.start.get(m, []), carry.get(m, NOTHING)])
        read = lambda m: ANYTHING if m in self.free else x[m]
        for heads, head_bias, neurons, neuron_bias in self.layers:
            added = {m: list(terms) for m, terms in head_bias.items()}
            for name, lag, value, writes in heads:
                seen[name] = z = self._values(value, read)
                z = [rings[(*name, lag - 1, d)] for d in range(self.sizes["d"])] if lag else z
                for m, pairs in writes.items():
                    added.setdefault(m, []).extend(times(z[d], w) for d, w in pairs)
            self._add(x, added)
            added = {m: list(terms) for m, terms in neuron_bias.items()}
            for reads, bias, writes in neurons:
                post = self._sum(reads, read, *bias)
                for m, w in writes:
                    added.setdefault(m, []).append(times((max(post[0], 0), max(post[1], 0), post[2]), w))
            self._add(x, added)
        outputs = {o: self._sum(self.unembedding.get(o, []), read, *self.end.get(o, [])) for o in columns}
        newest = lambda layer, head, step, d: rings[layer, head, step - 1, d] if step else seen[layer, head][d]
        ringed = [newest(*at) for at in self.ringed]
        return outputs, [*(self._sum(self.recurrence[m], read) for m in self.carried), *ringed]

    def _sum(self, pairs, read, *others):
        return total([*(times(read(m), w) for m, w in pairs), *others])

    def _values(self, value, read):
        reads, bias = value
        return [self._sum(reads.get(d, []), read, *bias.get(d, [])) for d in range(self.sizes["d"])]

    def _add(self, x, added):
        for m in set(added) - self.free:
            x[m] = total([x[m], *added[m]])


class Loop:
    """The network, what lies outside it, and what is claimed of both."""

    KEYS = "format structure arrays run window free states words numbers sensors plants claims".split()

    def __init__(self, statement, data):
        kind, _, digest, run, window, free, states, self.words, numbers, sensors, plants, claims = taken(
            statement, *self.KEYS
        )
        need(kind == "handcrafted proof statement 1", "the statement is of another format")
        need(digest == hashlib.sha256(data).hexdigest(), "the arrays are not those of the statement")
        need(run == "blocks" or not free, "weights are free in a run in blocks alone")
        need(claims, "nothing is claimed")
        if not isinstance(window, int) or not 1 <= window <= 64:
            raise Unusable("Expected a window of 1 to 64 steps.")
        self.network = Network(Arrays(data), window, frozenset(free))
        self.names, self.initial = [], []
        for name, initial in (taken(one, "name", "initial") for one in states):
            self.names.append(name)
            self.initial.append(interval(initial, outward=True))
        self.order = [*self.names, *self.network.memory]
        self.sensors = [(i, rows, None if r is None else weight_of(binary(r)))
                        for i, rows, r in (taken(one, "state", "rows", "resolution") for one in sensors)]  # fmt: skip
        if any(r is not None and r[0] != 1 for *_, r in self.sensors):
            raise Unusable("Expected sensors whose steps are powers of two.")
        self.numbers = [(rows, interval(pair)) for rows, pair in (taken(one, "rows", "range") for one in numbers)]
        self.counts = [(rows, len(rows)) for (rows,) in (taken(one, "rows") for one in self.words)]
        given = [row for _, rows, _ in self.sensors for row in rows] + [row for rows, _ in self.numbers for row in rows]
        given += [row for rows, _ in self.counts for ports in rows for row in ports]
        if sorted(given) != list(range(self.network.sizes["i"])):
            raise Unusable("Expected each input to be given once.")
        self.plants, self.columns, moved = [], set(), []
        for plant in plants:
            self.plants.append(First(plant, self) if plant.get("law") == "first order" else Matrices(plant, self))
            moved += self.plants[-1].states
        if sorted(moved) != list(range(len(states))):
            raise Unusable("Expected each state to be moved by one plant.")
        self.claims = [(name, [[self._test(one) for one in row] for row in rows])
                       for name, rows in (taken(one, "id", "never") for one in claims)]  # fmt: skip
        need(all(rows and all(rows) for _, rows in self.claims), "a claim is empty")

    def _test(self, test):
        of, at, way, mark = taken(test, "of", "at", "is", "than")
        if of == "output":
            self.columns.add(at)
        if (of, way) == ("word", "chosen"):
            return (of, tuple(at), way, None)
        if of not in ("state", "output") or way not in ("above", "below"):
            raise Unusable(f"Expected a test of a state, an output or a word, got {test!r}.")
        return (of, at, way, fraction(mark) * ONE)

    def terms(self, sources):
        """Return where a number comes from, as (kind, place, weight)."""
        found = []
        for of, at, gain in (taken(one, "of", "at", "gain") for one in sources):
            if of == "output":
                self.columns.add(at)
            elif of not in ("state", "number", "word"):
                raise Unusable(f"Expected a source of a known kind, got {of!r}.")
            found.append((of, tuple(at) if of == "word" else at, weight_of(binary(gain))))
        return found

    def readings(self, box):
        """Return the least and the greatest step of each sensor."""
        return [None if r is None else tuple(_nearest(end, r[1] + SCALE) for end in box[i]) for i, _, r in self.sensors]

    def after(self, box, readings, words):
        """Return what tests and plants look at, and where a step ends, from a box [state or memory]."""
        inputs, count = {}, len(self.names)
        for (i, rows, r), steps in zip(self.sensors, readings, strict=True):
            seen = between(*box[i]) if r is None else between(*(s << (r[1] + SCALE) for s in steps), r[1])
            inputs |= dict.fromkeys(rows, seen)
        for rows, value in self.numbers:
            inputs |= dict.fromkeys(rows, value)
        for (rows, _), word in zip(self.counts, words, strict=True):
            for k, ports in enumerate(rows):
                inputs |= dict.fromkeys(ports, between(ONE, ONE) if k == word else NOTHING)
        memory = [between(*pair) for pair in box[count:]]
        outputs, memory = self.network.step(inputs, memory, sorted(self.columns))
        known = {("output", o): value for o, value in outputs.items()}
        known |= {("state", i): between(*box[i]) for i in range(count)}
        known |= {("number", i): value for i, (_, value) in enumerate(self.numbers)}
        known |= {("word", (w, k)): between(ONE, ONE) if k == word else NOTHING
                  for w, word in enumerate(words) for k in range(self.counts[w][1])}  # fmt: skip
        moved = {i: value for plant in self.plants for i, value in plant.after(known).items()}
        return known, [*(moved[i][:2] for i in range(count)), *(value[:2] for value in memory)]

    def broken(self, known):
        """Return a claim that may be broken; None where none is."""

        def may(of, at, way, mark):
            low, high, _ = known[of, at]
            return high > 0 if way == "chosen" else high > mark if way == "above" else low < mark

        return next((name for name, rows in self.claims if any(all(may(*t) for t in row) for row in rows)), None)


def _nearest(number, shift):
    """Return a number in units of 2^shift, rounded to the nearest, to the even one between two."""
    whole, rest = divmod(number, 1 << shift)
    return whole + (2 * rest > 1 << shift or (2 * rest == 1 << shift and whole % 2 == 1))


class First:
    """A process that goes a share of the way to rest plus what drives it; the law is bounded as a whole."""

    def __init__(self, plant, loop):
        _, state, share, rest, inputs, disturbance = taken(
            plant, "law", "state", "share", "rest", "inputs", "disturbance"
        )
        self.states, share = [state], binary(share)
        need(0 <= share <= ONE, "a share is none")
        self.share, self.stay, self.inputs = weight_of(share), weight_of(ONE - share), loop.terms(inputs)
        self.rest, self.disturbance = interval([rest, rest]), interval(disturbance, outward=True)

    def after(self, known):
        """Return where the state ends: rounded eight times at most on the way."""
        now, (m, e) = known["state", self.states[0]], self.share
        target = [times(known[of, at], (m * a, e + b)) for of, at, (a, b) in self.inputs]
        target += [times(value, self.share) for value in (self.rest, self.disturbance, now)]
        terms = [times(now, self.stay), *target[:-1]]
        off = 8 * sum(max(abs(low), abs(high)) for low, high, _ in (now, *terms, target[-1])) >> 24
        off += 1 << (NORMAL + SCALE + 8)
        return {self.states[0]: (sum(t[0] for t in terms) - off, sum(t[1] for t in terms) + off, FINEST)}


class Matrices:
    """A process x' = A x + B u."""

    def __init__(self, plant, loop):
        law, self.states, a, b, inputs, disturbance = taken(plant, "law", "states", "A", "B", "inputs", "disturbance")
        need(law == "matrices", "a process moves by an unknown law")
        self.a, self.b = ([[weight_of(binary(one)) for one in row] for row in rows] for rows in (a, b))
        self.inputs, self.disturbance = [loop.terms(one) for one in inputs], interval(disturbance, outward=True)
        fits = all(len(x) == len(self.states) and len(u) == len(inputs) for x, u in zip(self.a, self.b, strict=True))
        need(fits and len(self.a) == len(self.states), "matrices do not fit")

    def after(self, known):
        """Return where the states end."""
        u = [total([times(known[of, at], w) for of, at, w in one] + [self.disturbance]) for one in self.inputs]
        x = [known["state", i] for i in self.states]
        rows = zip(self.states, self.a, self.b, strict=True)
        return {i: total([*map(times, x, a), *map(times, u, b)]) for i, a, b in rows}


def covered(box, cells, first=0):
    """Whether every point of a box lies in a cell."""
    for n in range(first, len(cells)):
        if any(low > top or high < bottom for (low, high), (bottom, top) in zip(box, cells[n], strict=True)):
            continue
        for i, (bottom, top) in enumerate(cells[n]):
            low, high = box[i]
            outside = [(low, bottom)] * (low < bottom) + [(top, high)] * (top < high)
            if not all(covered([*box[:i], one, *box[i + 1 :]], cells, n + 1) for one in outside):
                return False
            box = [*box[:i], (max(low, bottom), min(high, top)), *box[i + 1 :]]
        return True
    return False


class Failure(Refused):
    """A part of a cell for which what is claimed is not shown."""

    def __init__(self, reason, box, words):
        super().__init__(reason)
        self.box, self.words = box, words


def steps_from(loop, cell, good):
    """Split a cell until every part is good, and return how many parts were tried; raises at the first that is not."""
    choices = itertools.product(*(range(count) for _, count in loop.counts))
    waiting, tried = [(cell, loop.readings(cell), words, 0) for words in choices], 0
    while waiting:
        box, readings, words, halved = waiting.pop()
        tried += 1
        need(tried <= MOST, f"more than {MOST} steps have to be worked out")
        try:
            known, end = loop.after(box, readings, words)
            reason = loop.broken(known) or good(end)
        except Refused as refused:
            reason = str(refused)
        if not reason:
            continue
        apart = [0 if steps is None else steps[1] - steps[0] for steps in readings]
        wide = [
            (high - low) / (top - bottom) if high > low else 0
            for (low, high), (bottom, top) in zip(box, cell, strict=True)
        ]
        if any(apart):
            n = apart.index(max(apart))
            i, _, (_, e) = loop.sensors[n]
            middle = sum(readings[n]) // 2
            edge = (2 * middle + 1) << (e + SCALE - 1)
            sides = ((0, edge), (readings[n][0], middle)), ((edge, 1), (middle + 1, readings[n][1]))
            for (end, steps), low in zip(sides, (True, False), strict=True):
                side = (box[i][0], min(box[i][1], edge)) if low else (max(box[i][0], edge), box[i][1])
                if side[0] <= side[1]:
                    waiting.append(
                        ([*box[:i], side, *box[i + 1 :]], [*readings[:n], steps, *readings[n + 1 :]], words, halved)
                    )
        elif any(wide) and halved < HALVINGS:
            i = wide.index(max(wide))
            middle = sum(box[i]) // 2
            for side in ((box[i][0], middle), (middle, box[i][1])):
                waiting.append(([*box[:i], side, *box[i + 1 :]], readings, words, halved + 1))
        else:
            raise Failure(reason, box, words)
    return tried


def check(statement, data, certificate):
    """Check a certificate against a statement (bytes each) and arrays; return the steps that were worked out.

    Raises:
        Refused: if it does not show what is claimed.
        Unusable: if something is not what it should be.
    """
    loop = Loop(_json(statement), data)
    kind, digest, order, cells = taken(_json(certificate), "format", "statement", "order", "cells")
    need(kind == "handcrafted proof certificate 1", "the certificate is of another format")
    need(digest == hashlib.sha256(statement).hexdigest(), "the certificate is of another statement")
    need(order == loop.order, f"the cells must be of {loop.order}")
    need(cells and all(len(cell) == len(order) for cell in cells), "there are no cells of all that is remembered")
    cells = [[interval(pair)[:2] for pair in cell] for cell in cells]
    start = [value[:2] for value in (*loop.initial, *loop.network.begin())]
    need(covered(start, cells), "the loop may start outside the cells")
    good = lambda end: None if covered(end, cells) else "a step may leave the cells"
    return sum(steps_from(loop, cell, good) for cell in cells)


def _json(data):
    try:
        return json.loads(data)
    except ValueError as error:
        raise Unusable("Expected JSON.") from error


def main(paths):
    """Check three files, and say so."""
    try:
        files = [open(path, "rb").read() for path in paths]
        tried = check(*files)
    except Refused as refused:
        print(f"refused: {refused}")
        return 1
    except (OSError, Unusable, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        print(f"unusable: {error}")
        return 2
    claims = [claim["id"] for claim in json.loads(files[0])["claims"]]
    print(f"holds: {', '.join(claims)}: never, whatever comes from outside; {tried} steps worked out")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:4]))
