"""Check a proof that a hazard never happens: one file, the standard library alone, whole numbers throughout.

    python check.py statement.json effective.safetensors certificate.json

The statement says what is claimed, of which arrays and of what lies outside them; it is trusted. The certificate lists
cells of what a loop can be in; it is not. Checked is that the loop starts inside the cells, that what is claimed can be
broken in none, and that each step ends inside them, whatever comes from outside. Cells are split for that.
Formula: a float32 sum is exact, in any order and with fused products or without, where all terms are multiples of 2^q
    and their sizes add up to 2^(q + 24) at most. Else it is off by at most 4 n u times the sum of sizes at the corner,
    u = 2^-24, for rounding is monotone in every term; a corner may be exact, too. What may overflow is refused.
"""

import hashlib
import itertools
import json
import struct
import sys
from fractions import Fraction
from math import ceil, floor, isfinite, isqrt, prod
from pathlib import Path

SCALE, FINEST, NORMAL, COARSE = 320, -149, -126, 10**6
ONE, TINY, LARGEST, HALF = 1 << SCALE, 1 << (SCALE - 126), (2**24 - 1) << (104 + SCALE), 1 << (103 + SCALE)
ANYTHING, NOTHING = (-LARGEST, LARGEST, FINEST), (0, 0, COARSE)
"""1, the least and largest normal numbers, what is left to infinity, in 2^-SCALE; intervals of multiples of 2^q."""
GAP, MOST, HALVINGS = Fraction(10398, 100), 1_000_000, 12  # exp(-103.98) < 2^-150; parts tried; how often one is halved


zeros = lambda number: (number & -number).bit_length() - 1 - SCALE if number else COARSE  # the most q with 2^q in it


class Refused(Exception):
    """What is claimed is not shown: the reason; and the part of a cell and the words for which it is not."""


def need(condition, text, error: type[Exception] = Refused):
    """Go on only under a condition."""
    if not condition:
        raise error(text)


def taken(entry, keys):
    """Return the values of an entry that has these keys and no others."""
    fits = isinstance(entry, dict) and set(entry) == set(keys.split())
    need(fits, f"Expected an entry with {keys}, got {sorted(entry) if isinstance(entry, dict) else entry}.", ValueError)
    return [entry[key] for key in keys.split()]


def exactly(text):
    """Return a number that is written in digits, at SCALE; no exponent, which would take all memory."""
    fits = isinstance(text, str) and len(text) < 1000 and not set(text) - set("0123456789-/.")
    need(fits, f"Expected a number as text, got {text!r:.40}.", ValueError)
    return Fraction(text) * ONE


def binary(text):
    """Return a number at SCALE, which can be written so."""
    need(exactly(text).denominator == 1, f"Expected a binary number, got {text!r:.40}.", ValueError)
    return int(exactly(text))


def interval(pair):
    """Return an interval of two texts, rounded outward, if at all."""
    return between(*(end(exactly(one)) for end, one in zip((floor, ceil), pair, strict=True)))


def between(low, high, q=FINEST):
    """Return an interval; one number is a multiple of what it is a multiple of."""
    need(low <= high, "Expected intervals with low <= high.", ValueError)
    return (low, high, zeros(low) if low == high else q)


def times(value, weight):
    """Return the term of a sum that a value and a weight make; what is below TINY may be read as 0."""
    ends = sorted(end * weight for end in (value[0] * (not 0 < value[0] < TINY), value[1] * (not -TINY < value[1] < 0)))
    return (ends[0] >> SCALE, -(-ends[1] >> SCALE), value[2] + zeros(weight))


def total(terms, roundings=0):
    """Return a float32 sum of terms, in any order; or what is worked out of them with some roundings, never exact."""
    terms = [term for term in terms if term[0] or term[1]]
    sizes, q, n = [max(-low, high) for low, high, _ in terms], min((t[2] for t in terms), default=COARSE), len(terms)
    size, most, ends, n = sum(sizes), max(sizes, default=0), [], roundings or n
    exact = lambda size, q: not size or (not roundings and q >= NORMAL and size <= 1 << (q + 24 + SCALE))
    if exact(size, q):
        return between(sum(term[0] for term in terms), sum(term[1] for term in terms), q)
    fits = size + size // 2**8 <= LARGEST or (most <= LARGEST and (size - most) * 257 // 256 + ONE < HALF)
    need(fits, "a sum may become larger than float32 holds")
    for sign, corner in zip((-1, 1), zip(*terms, strict=True), strict=False):
        size = sum(map(abs, corner))
        off = 0 if exact(size, min(map(zeros, corner))) else (4 * n * size >> 24) + (n << (NORMAL + SCALE + 2)) + 1
        ends.append(sum(corner) + sign * off)
    return (max(ends[0], -LARGEST), min(ends[1], LARGEST), FINEST)


NAMES = "W_E b_E r_0 W_R W_U b_U W_Q W_K W_V b_Q b_K b_V W_O b_O W_in b_in W_out b_out".split()
SHAPES = dict(zip(NAMES, "im m m mm mo o lhmd lhmd lhmd lhd lhd lhd lhdm lm lmn ln lnm lm".split(), strict=True))


def arrays_of(data):
    """Return the sizes of the axes, and of each array its entries that are not 0, at SCALE."""
    length = struct.unpack_from("<Q", data)[0]
    header, body, sizes, found = json.loads(data[8 : 8 + length]), data[8 + length :], {}, {}
    need(set(header) == set(SHAPES), f"Expected the arrays {sorted(SHAPES)}, got {sorted(header)}.", ValueError)
    for name, entry in header.items():
        dtype, shape, (first, last) = taken(entry, "dtype shape data_offsets")
        same = [sizes.setdefault(axis, n) == n for axis, n in zip(SHAPES[name], shape, strict=True)]
        fits = dtype == "F32" and all(same) and last - first == 4 * prod(shape)
        need(fits, f"Expected {name} as float32, of a shape that fits the others.", ValueError)
        places = itertools.product(*map(range, shape))
        values = struct.unpack(f"<{prod(shape)}f", body[first:last])
        need(all(map(isfinite, values)), "an array holds a number that is not finite")
        need(all(not v or abs(v) >= 2.0**NORMAL for v in values), "an array holds a number that may be flushed to 0")
        found[name] = {at: int(Fraction(one) * ONE) for at, one in zip(places, values, strict=True) if one}
    return sizes, found


def one_lag(query, key, window, d_head):
    """Return how many steps back a head looks whose weights are 0 at all others; cos and sin are Taylor sums."""
    q, k = ([Fraction(one.get((d,), 0), ONE) for d in range(d_head)] for one in (query, key))
    scores, root = [], Fraction(isqrt(d_head << 80), 2**40)
    for lag in range(window):
        turn, term = [Fraction(0), Fraction(0)], Fraction(1)
        for n in range(4 * lag + 40):
            turn[n % 2] += term if n % 4 < 2 else -term
            term = term * lag / (n + 1)
        (cos, sin), rest = turn, zip(q[2:], k[2:], strict=True)
        first = (cos * q[0] - sin * q[1]) * k[0] + (sin * q[0] + cos * q[1]) * k[1]
        scores.append(sum((a * b for a, b in rest), first) / root)
    best = max(range(window), key=scores.__getitem__)
    size = 2 * sum(map(abs, q), Fraction(0)) * max(map(abs, k))  # of all products, of which rounding takes a share
    behind = min([scores[best] - score for lag, score in enumerate(scores) if lag != best], default=2 * GAP)
    need(behind - 2 * size * (d_head + 8) / root / 2**22 >= GAP, "a head mixes several steps")
    return best


within = lambda entries, first: {at[1:]: number for at, number in entries.items() if at[0] == first}
gathered = lambda pairs, read, others=(): total([*(times(read(m), number) for m, number in pairs), *others])
heard = lambda value, read: [gathered(pairs, read, bias) for pairs, bias in value]  # what a head takes from a step
singly = lambda entries: {at: [between(number, number)] for (at,), number in entries.items()}  # as terms of sums


def grouped(entries, axis):
    """Group the entries of a matrix by one of its axes: {place: [(other place, number), …]}."""
    found = {}
    for at, number in sorted(entries.items()):
        found.setdefault(at[axis], []).append((at[1 - axis], number))
    return found


class NetworkBounds:
    """What the arrays do in one step, of intervals; what writes to free coordinates alone is left out."""

    def __init__(self, data, window, free):
        (self.sizes, of), self.free, self.layers = arrays_of(data), free, []
        self.embedding, self.recurrence, self.unembedding = (grouped(of[n], 1) for n in ("W_E", "W_R", "W_U"))
        self.start, self.first, self.end = (singly(of[n]) for n in ("b_E", "r_0", "b_U"))
        self.carried, self.ringed = sorted(set(self.recurrence) - free), []
        acts = lambda writes: not free or any(m not in free for m in writes)
        for layer in range(self.sizes["l"]):
            at_layer, heads = {n: within(of[n], layer) for n in of if SHAPES[n][0] == "l"}, []
            for head in range(self.sizes["h"]):
                one = {name: within(at_layer[name], head) for name in at_layer if SHAPES[name][1] == "h"}
                if acts([m for _, m in one["W_O"]]) and (one["W_V"] or one["b_V"]):
                    need(not one["W_Q"] and not one["W_K"], f"head {head} of layer {layer} looks by content")
                    lag = one_lag(one["b_Q"], one["b_K"], window, self.sizes["d"])
                    pairs, bias = grouped(one["W_V"], 1), singly(one["b_V"])
                    value = [(pairs.get(d, []), bias.get(d, [])) for d in range(self.sizes["d"])]
                    heads.append(((layer, head), lag, value, grouped(one["W_O"], 1)))
                    self.ringed += [(layer, head, k, d) for k in range(lag) for d in range(self.sizes["d"])]
            into, bias = grouped(at_layer["W_in"], 1), singly(at_layer["b_in"])
            every = ((into.get(n, []), bias.get(n, []), within(at_layer["W_out"], n)) for n in range(self.sizes["n"]))
            neurons = [one for one in every if any(one) and acts([m for (m,) in one[2]])]
            self.layers.append((heads, singly(at_layer["b_O"]), neurons, singly(at_layer["b_out"])))
        self.memory = [f"carry {m}" for m in self.carried] + [f"ring {at}" for at in self.ringed]

    def begin(self):
        """Return what is remembered before the first step."""
        read = lambda m: ANYTHING if m in self.free else (self.first.get(m) or [NOTHING])[0]
        values = {name: heard(value, read) for heads, *_ in self.layers for name, _, value, _ in heads}
        carried = (gathered(self.recurrence[m], read) for m in self.carried)
        return [*carried, *(values[layer, head][d] for layer, head, _, d in self.ringed)]

    def step(self, inputs, memory, columns):
        """Return chosen outputs, and what is remembered next."""
        known, x, seen = dict(zip([*self.carried, *self.ringed], memory, strict=True)), {}, {}
        for m in set(range(self.sizes["m"])) - self.free:
            given = [times(inputs[row], number) for row, number in self.embedding.get(m, [])]
            x[m] = total([*given, *self.start.get(m, []), known.get(m, NOTHING)])
        read = lambda m: ANYTHING if m in self.free else x[m]
        for heads, head_bias, neurons, neuron_bias in self.layers:
            added = {m: list(terms) for m, terms in head_bias.items()}
            for name, lag, value, writes in heads:
                seen[name] = now = heard(value, read)
                z = [known[(*name, lag - 1, d)] for d in range(self.sizes["d"])] if lag else now
                for m, pairs in writes.items():
                    added.setdefault(m, []).extend(times(z[d], number) for d, number in pairs)
            x |= {m: total([x[m], *added[m]]) for m in set(added) - self.free}
            added = {m: list(terms) for m, terms in neuron_bias.items()}
            for reads, bias, writes in neurons:
                low, high, q = gathered(reads, read, bias)
                for (m,), number in writes.items():
                    added.setdefault(m, []).append(times((max(low, 0), max(high, 0), q), number))
            x |= {m: total([x[m], *added[m]]) for m in set(added) - self.free}
        outputs = {o: gathered(self.unembedding.get(o, []), read, self.end.get(o, [])) for o in columns}
        newest = (known[layer, head, k - 1, d] if k else seen[layer, head][d] for layer, head, k, d in self.ringed)
        return outputs, [*(gathered(self.recurrence[m], read) for m in self.carried), *newest]


class Loop:
    """The network, what lies outside it, and what is claimed of both."""

    def __init__(self, statement, data):
        keys = "format structure arrays run window free states words numbers sensors plants assumed claims"
        kind, _, sha, run, window, free, states, words, reals, sensors, plants, barred, claims = taken(statement, keys)
        need(kind == "handcrafted proof statement 3", "the statement is of another format")
        need(sha == hashlib.sha256(data).hexdigest(), "the arrays are not those of the statement")
        need(run == "blocks" or (run == "dense" and not free), "weights are free in a run in blocks alone")
        need(window in range(1, 65), "Expected a window of 1 to 64 steps.", ValueError)
        self.network, self.columns = NetworkBounds(data, window, frozenset(free)), set()
        states = [taken(one, "name initial") for one in states]
        self.initial, self.names = [interval(pair) for _, pair in states], [name for name, _ in states]
        self.order = [*self.names, *self.network.memory]
        self.sensors = [taken(one, "state rows resolution") for one in sensors]
        self.steps = [None if step is None else binary(step) for *_, step in self.sensors]
        need(all(step is None or step == step & -step > 0 for step in self.steps), "a sensor's step is no power of 2")
        reals, self.words = [taken(one, "rows range") for one in reals], [taken(one, "rows")[0] for one in words]
        self.numbers = [(rows, interval(pair)) for rows, pair in reals]
        given = [*(rows for _, rows, _ in self.sensors), *(rows for rows, _ in reals), *itertools.chain(*self.words)]
        need(sorted(itertools.chain(*given)) == [*range(self.network.sizes["i"])], "an input is not given once")
        self.plants = [ProcessBounds(plant, self) for plant in plants]
        moved = [i for plant in self.plants for i in plant.states]
        need(sorted(moved) == [*range(len(states))], "a state is not moved by one process")
        every = itertools.product(*(range(len(rows)) for rows in self.words))
        self.contexts = [one for one in every if not any(all(one[i] == k for i, k in row) for row in barred)]
        need(self.contexts and all(barred), "what is assumed leaves nothing")
        claims = [taken(one, "id never") for one in claims]
        need(claims and all(rows and all(rows) for _, rows in claims), "nothing is claimed")
        self.claims = [(name, [[self._test(*taken(one, "of at is than")) for one in row] for row in rows])
                       for name, rows in claims]  # fmt: skip

    def _test(self, of, at, way, mark):
        need(of in ("state", "output", "word") and way in ("above", "below"), "a test is of an unknown kind")
        self.columns |= {at} if of == "output" else set()
        return (of, at), way, exactly(mark)

    def sources(self, entries):
        """Return where a number comes from: [((kind, place), weight), …]."""
        found = [taken(one, "of at gain") for one in entries]
        self.columns |= {at for of, at, _ in found if of == "output"}
        return [((of, at), binary(gain)) for of, at, gain in found]

    def readings(self, box):
        """Return the least and the greatest that each sensor reads, in its steps, to the even one between two."""
        ends = lambda i, step: None if step is None else tuple(round(Fraction(end, step)) for end in box[i])
        return [ends(i, step) for (i, *_), step in zip(self.sensors, self.steps, strict=True)]

    def after(self, box, readings, chosen):
        """Return what tests and plants look at, and where a step ends, from a box [state or memory]."""
        inputs, count = {}, len(self.names)
        for (i, rows, _), step, ends in zip(self.sensors, self.steps, readings, strict=True):
            seen = between(*box[i]) if step is None else between(ends[0] * step, ends[1] * step, zeros(step))
            inputs |= dict.fromkeys(rows, seen)
        for rows, value in self.numbers:
            inputs |= dict.fromkeys(rows, value)
        known = {("state", i): between(*box[i]) for i in range(count)}
        known |= {("number", i): value for i, (_, value) in enumerate(self.numbers)}
        on = [k == word for rows, word in zip(self.words, chosen, strict=True) for k in range(len(rows))]
        for k, (said, ports) in enumerate(zip(on, itertools.chain(*self.words), strict=True)):
            known["word", k] = between(said * ONE, said * ONE)
            inputs |= dict.fromkeys(ports, known["word", k])
        memory = [between(*pair) for pair in box[count:]]
        outputs, memory = self.network.step(inputs, memory, sorted(self.columns))
        known |= {("output", o): value for o, value in outputs.items()}
        moved = {i: value for plant in self.plants for i, value in plant.after(known).items()}
        return known, [value[:2] for value in (*(moved[i] for i in range(count)), *memory)]

    def doubt(self, box, readings, chosen, n):
        """Return how much stays open of what the network says and carries once a sensor reads its least."""
        known, end = self.after(box, [*readings[:n], readings[n][:1] * 2, *readings[n + 1 :]], chosen)
        said = [value for (of, _), value in known.items() if of == "output"]
        return sum(one[1] - one[0] for one in [*said, *end[len(self.names) :][: len(self.network.carried)]])

    def broken(self, known):
        """Return a claim that may be broken; None where none is."""
        may = lambda at, way, mark: known[at][0] < mark if way == "below" else known[at][1] > mark
        return next((name for name, rows in self.claims if any(all(may(*t) for t in row) for row in rows)), None)


class ProcessBounds:
    """A process: each state ends between the greatest of some sums and the greatest of some others."""

    def __init__(self, plant, loop):
        self.states, inputs, rest, shock, ends = taken(plant, "states inputs rest disturbance ends")
        self.inputs, self.given = [loop.sources(one) for one in inputs], [interval([rest, rest]), interval(shock)]
        sums = lambda some: [([*map(binary, row)], n) for row, n in (taken(one, "row roundings") for one in some)]
        ends = [taken(one, "least most limits") for one in ends]
        self.ends = [(interval(one) if one else ANYTHING, sums(least), sums(most)) for least, most, one in ends]
        need(all(n in range(1000) for _, *pair in self.ends for some in pair for _, n in some), "too many roundings")

    def after(self, known):
        """Return where the states end."""
        u = [total([*(times(known[at], gain) for at, gain in one), *self.given]) for one in self.inputs]
        values = [*(known["state", i] for i in self.states), *u]
        value = lambda row, n: total([times(*pair) for pair in zip(values, row, strict=True)], n)
        ends = [[min(max(low, *(value(*one)[k] for one in some)), high) for k, some in enumerate(pair)]
                for (low, high, _), *pair in self.ends]  # fmt: skip
        return dict(zip(self.states, ends, strict=True))


def nearby(cells):
    """Return a function of a box: the cells that it may meet, by the variable of which most begin at another place."""
    i, found = max(range(len(cells[0])), key=lambda i: len({cell[i][0] for cell in cells})), {}
    for cell in cells:
        found.setdefault(cell[i], []).append(cell)
    return lambda box: [cell for (a, b), some in found.items() if a <= box[i][1] and box[i][0] <= b for cell in some]


def covered(box, cells):
    """Whether every point of a box lies in a cell: it is cut at the sides of a cell that it meets, and so on."""
    waiting = [(list(box), cells)]
    while waiting:
        box, cells = waiting.pop()
        cells = [cell for cell in cells if all((low < top and bottom < high) or bottom <= low == high <= top
                 for (low, high), (bottom, top) in zip(box, cell, strict=True))]  # fmt: skip
        if not cells:
            return False
        cuts = ((i, at) for i, ends in enumerate(cells[0]) for at in ends if box[i][0] < at < box[i][1])
        for i, at in itertools.islice(cuts, 1):
            waiting += [([*box[:i], side, *box[i + 1 :]], cells) for side in ((box[i][0], at), (at, box[i][1]))]
    return True


def steps_from(loop, cell, bad):
    """Split a cell until each part is good, and return how many parts were tried; raises at the first that is not."""
    waiting, tried = [(list(cell), loop.readings(cell), words, 0) for words in loop.contexts], 0
    while waiting:
        box, readings, words, halved = waiting.pop()
        tried += 1
        need(tried <= MOST, f"more than {MOST} steps have to be worked out")
        try:
            known, end = loop.after(box, readings, words)
            reason = loop.broken(known) or bad(end)
        except Refused as refused:
            reason = str(refused)
        if not reason:
            continue
        apart = {n: ends[1] - ends[0] for n, ends in enumerate(readings) if ends and ends[0] < ends[1]}
        wide = [Fraction(b - a, d - c) if b > a else 0 for (a, b), (c, d) in zip(box, cell, strict=True)]
        if apart:
            n = min(apart, key=lambda n: (len(apart) > 1 and loop.doubt(box, readings, words, n), -apart[n]))
            i, middle = loop.sensors[n][0], sum(readings[n]) // 2
            at, ends = (2 * middle + 1) * loop.steps[n] // 2, ((readings[n][0], middle), (middle + 1, readings[n][1]))
            sides = zip(ends, ((box[i][0], min(box[i][1], at)), (max(box[i][0], at), box[i][1])), strict=True)
            parts = [([*readings[:n], pair, *readings[n + 1 :]], side) for pair, side in sides if side[0] <= side[1]]
        elif any(wide) and halved < HALVINGS:
            i, halved = wide.index(max(wide)), halved + 1
            parts = [(readings, side) for side in ((box[i][0], sum(box[i]) // 2), (sum(box[i]) // 2, box[i][1]))]
        else:
            raise Refused(reason, box, words)
        waiting += [([*box[:i], side, *box[i + 1 :]], ends, words, halved) for ends, side in parts]
    return tried


def check(statement, data, certificate):
    """Check a certificate, of a statement and arrays, all as bytes; return how many parts of cells were tried."""
    loop = Loop(json.loads(statement), data)
    kind, digest, order, pairs, cells = taken(json.loads(certificate), "format statement order intervals cells")
    need(kind == "handcrafted proof certificate 2", "the certificate is of another format")
    need(digest == hashlib.sha256(statement).hexdigest(), "the certificate is of another statement")
    need(order == loop.order, f"the cells must be of {loop.order}")
    need(cells and all(len(cell) == len(order) for cell in cells), "there are no cells of all that is remembered")
    pairs = dict(enumerate(interval(pair)[:2] for pair in pairs))
    cells = [[pairs[k] for k in cell] for cell in cells]
    start = [value[:2] for value in (*loop.initial, *loop.network.begin())]
    near = nearby(cells) if order else lambda box: cells
    need(covered(start, cells), "the loop may start outside the cells")
    bad = lambda end: None if covered(end, near(end)) else "a step may leave the cells"
    return sum(steps_from(loop, cell, bad) for cell in cells)


def main(paths):
    """Check three files; return 0 if what is claimed holds, 1 if it is not shown, 2 if a file cannot be used."""
    try:
        files = [Path(path).read_bytes() for path in paths]
        tried = check(*files)
    except Refused as refused:
        print(f"refused: {refused.args[0]}")
        return 1
    except Exception as error:  # whatever a file is that is no such file
        print(f"unusable: {type(error).__name__}: {error}")
        return 2
    ids = ", ".join(claim["id"] for claim in json.loads(files[0])["claims"])
    print(f"holds: {ids}: never, whatever comes from outside; {tried} parts of cells tried")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:4]))
