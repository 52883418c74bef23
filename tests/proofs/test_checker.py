"""The checker itself: alone, on tampered files, and taken apart."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportCallIssue=false

import ast
import copy
import hashlib
import json
import subprocess
import sys
import types
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from handcrafted.proofs import check
from handcrafted.proofs.prove import prove
from tests.loops import of_the_zoo

SOURCE = Path(check.__file__).read_text(encoding="utf-8")
UNUSABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


@cache
def files_of(name="heated_room", claim="H-2", others=False):
    """Statement, arrays and certificate of a proof."""
    proof = prove(of_the_zoo(name)[1], claim, any_subordinate=others)
    return proof.statement.text, proof.statement.arrays, proof.certificate


def renewed(statement, arrays, certificate):
    """The same with digests that fit, as somebody who tampers would make them."""
    said = json.loads(statement)
    said["arrays"] = hashlib.sha256(arrays).hexdigest()
    text = json.dumps(said).encode()
    shown = json.loads(certificate)
    shown["statement"] = hashlib.sha256(text).hexdigest()
    return text, arrays, json.dumps(shown).encode()


def accepted(files, checker=check):
    """Whether a checker accepts three files."""
    try:
        checker.check(*files)
    except (checker.Refused, *UNUSABLE):
        return False
    return True


def test_it_imports_the_standard_library_alone_and_is_short():
    tree = ast.parse(SOURCE)
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    assert len(SOURCE.splitlines()) < 400
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not calls & {"eval", "exec", "__import__", "compile", "float"}  # whole numbers throughout


def test_it_runs_alone(tmp_path):
    paths = [tmp_path / name for name in ("statement.json", "effective.safetensors", "certificate.json")]
    for path, content in zip(paths, files_of(), strict=True):
        path.write_bytes(content)
    (tmp_path / "check.py").write_text(SOURCE, encoding="utf-8")

    def run(*names):
        command = [sys.executable, "-I", "check.py", *names]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run(*(path.name for path in paths))
    assert done.returncode == 0 and done.stdout.startswith("holds: H-2") and not done.stderr
    said = json.loads(paths[2].read_bytes())
    said["cells"] = said["cells"][:1]
    paths[2].write_text(json.dumps(said), encoding="utf-8")
    done = run(*(path.name for path in paths))
    assert done.returncode == 1 and done.stdout.startswith("refused: ") and not done.stderr
    for names in ([], ["nothing.json"] * 3, [path.name for path in paths[::-1]]):
        done = run(*names)
        assert done.returncode == 2 and done.stdout.startswith("unusable: ") and not done.stderr


# ---- sabotage: digests kept


def test_a_changed_byte_of_any_file_is_refused_where_digests_are_kept():
    files, rng, tried = files_of(), np.random.default_rng(0), 0
    for which in (0, 1):
        for at in rng.choice(len(files[which]), 60, replace=False).tolist():
            content = bytearray(files[which])
            content[at] ^= 1 << int(rng.integers(7))
            tampered = [*files]
            tampered[which] = bytes(content)
            assert not accepted(tampered), (which, at)
            tried += 1
    assert tried == 120


# ---- sabotage: digests renewed. Some changes leave the claim true; simulation says which.


def heat_of(arrays, window=16):
    """What the heated room's network does, in numpy: heat and latch for each reading and latch."""
    w = {name: array.astype(np.float32) for name, array in load(arrays).items()}
    layers = range(len(w["W_in"]))
    with np.errstate(all="ignore"):
        angle = np.arange(window, dtype=np.float32)
        patterns = []
        for layer in layers:
            q, k = w["b_Q"][layer], w["b_K"][layer]
            cos, sin, x, y = np.cos(angle), np.sin(angle), q[:, :1], q[:, 1:2]
            scores = (cos * x - sin * y) * k[:, :1] + (sin * x + cos * y) * k[:, 1:2]
            scores = scores + (q[:, 2:] * k[:, 2:]).sum(-1, keepdims=True)
            grown = np.exp((scores - scores.max(-1, keepdims=True)) / np.float32(2))
            patterns.append(grown / grown.sum(-1, keepdims=True))

        def step(temperature, carry):
            x = (
                np.rint(temperature / 0.0625)[..., None].astype(np.float32) * np.float32(0.0625) @ w["W_E"]
                + w["b_E"]
                + carry
            )
            for layer in layers:
                z = np.einsum("...m,hmd->...hd", x, w["W_V"][layer]) + w["b_V"][layer]
                x = x + np.einsum("...hd,hdm->...m", z * patterns[layer][:, :1], w["W_O"][layer]) + w["b_O"][layer]
                x = x + np.maximum(x @ w["W_in"][layer] + w["b_in"][layer], 0) @ w["W_out"][layer] + w["b_out"][layer]
            return (x @ w["W_U"] + w["b_U"])[..., 0], x @ w["W_R"]

        return step, w["r_0"] @ w["W_R"]


def too_hot(arrays, runs=96, steps=600):
    """Whether a run of the heated room with these arrays gets above 25 degrees."""
    step, carry = heat_of(arrays)
    rng, share = np.random.default_rng(0), -np.expm1(-10 / 600)
    temperature, carry = np.full(runs, 15.0), np.broadcast_to(carry, (runs, len(carry)))
    held = rng.choice([-2.0, 2.0], (steps, runs))
    held[:, ::3] = 2.0
    with np.errstate(all="ignore"):
        for now in held:
            heat, carry = step(temperature, carry)
            temperature = temperature + share * (5 + 25 * heat + now - temperature)
            if not (temperature <= 25.01).all():
                return True
    return False


def test_the_reference_does_what_the_loop_does():
    assert not too_hot(files_of()[1])
    arrays = load(files_of()[1])
    arrays["b_U"] = arrays["b_U"] + np.float32(1)
    assert too_hot(save(arrays))


def test_changed_arrays_with_renewed_digests_are_refused_wherever_the_claim_breaks():
    statement, arrays, certificate = files_of()
    names, outcomes, rng = load(arrays), {"refused": 0, "still true": [], "broken": 0}, np.random.default_rng(1)
    places = [(name, tuple(at)) for name, array in names.items() for at in np.argwhere(array != 0).tolist()]
    others = [(name, tuple(rng.integers(array.shape).tolist())) for name, array in names.items() for _ in range(3)]
    for name, at in [*places * 4, *others]:
        changed = {key: array.copy() for key, array in names.items()}
        old = changed[name][at]
        bit = np.uint32(1) << np.uint32(rng.choice([31, 30, 28, 24, 23, 22, 20, 12]))
        changed[name][at] = (
            (old.view(np.uint32) ^ bit).view(np.float32) if old else np.float32(rng.choice([-1, 0.5, 30]))
        )
        if not np.isfinite(changed[name][at]):
            continue
        tampered = save(changed)
        ok, breaks = accepted(renewed(statement, tampered, certificate)), too_hot(tampered)
        assert not (ok and breaks), (name, at, old, changed[name][at])
        outcomes["broken"] += breaks
        outcomes["refused"] += not ok
        outcomes["still true"] += [f"{name}{list(at)}: {old} -> {changed[name][at]}"] * ok
    assert outcomes["broken"] >= 20 and outcomes["refused"] >= outcomes["broken"] and outcomes["still true"]
    assert outcomes["refused"] + len(outcomes["still true"]) >= 100


def opened(certificate):
    """A certificate with its intervals where they are used."""
    said = json.loads(certificate)
    pairs = said.pop("intervals")
    return said | {"cells": [[pairs[k] for k in cell] for cell in said["cells"]]}


def closed(said):
    """The same as bytes, with a table of intervals; what is no list of intervals stays."""
    pairs = []

    def numbered(cell):
        pairs.extend(cell if isinstance(cell, list) else [])
        return [*range(len(pairs) - len(cell), len(pairs))] if isinstance(cell, list) else cell

    cells = [*map(numbered, said["cells"])] if isinstance(said.get("cells"), list) else said.get("cells")
    whole = said | {"intervals": pairs} | ({"cells": cells} if "cells" in said else {})
    return json.dumps(whole).encode()


def test_a_cell_is_of_intervals_that_are_there():
    statement, arrays, certificate = files_of()
    said = json.loads(certificate)
    assert accepted((statement, arrays, closed(opened(certificate))))
    for change in (
        lambda s: s["cells"][0].__setitem__(0, -1), lambda s: s["cells"][0].__setitem__(0, 99),
        lambda s: s["cells"][0].__setitem__(0, "0"), lambda s: s["cells"][0].__setitem__(0, [0]),
        lambda s: s.update(intervals=[]), lambda s: s.update(intervals=7), lambda s: s.pop("intervals"),
        lambda s: s["intervals"].reverse(),
    ):  # fmt: skip
        tampered = copy.deepcopy(said)
        change(tampered)
        assert not accepted((statement, arrays, json.dumps(tampered).encode())), change


def test_tampered_certificates_are_refused_unless_they_show_it_still():
    statement, arrays, certificate = files_of()
    said, rng, refused, kept = opened(certificate), np.random.default_rng(2), 0, []
    low, high = said["cells"][0][0]
    changes = [
        lambda s: s.pop("cells"), lambda s: s.pop("order"), lambda s: s.update(cells=[]), lambda s: s.update(extra=1),
        lambda s: s.update(order=s["order"][:1]), lambda s: s.update(format="x"), lambda s: s.update(statement="0"),
        lambda s: s["cells"].pop(), lambda s: s["cells"].pop(0), lambda s: s["cells"][0].pop(),
        lambda s: s["cells"][0][0].reverse(), lambda s: s["cells"][0].__setitem__(0, [high, high]),
        lambda s: s["cells"][0].__setitem__(0, [low, "26"]),
        lambda s: s["cells"][0].__setitem__(0, [low, "nan"]), lambda s: s["cells"][0].__setitem__(0, [low, "inf"]),
        lambda s: s["cells"][0].__setitem__(0, [low, None]), lambda s: s["cells"][0].__setitem__(0, [low]),
        lambda s: s["cells"][1].__setitem__(1, ["0", "0"]), lambda s: s.update(cells=[[[low, high], ["7", "7"]]]),
        lambda s: s["cells"][0].__setitem__(0, [low, "1/0"]), lambda s: s["cells"][0].__setitem__(0, [low, True]),
        lambda s: s["cells"][0].__setitem__(0, [low, "1e999999999"]),
        lambda s: s["cells"][0].__setitem__(0, [low, "9" * 5000]),
        lambda s: s.update(cells=[[[low, "1"]]] * 3000),
        lambda s: s.update(cells=["x"]), lambda s: s.update(cells={"a": 1}), lambda s: s["cells"].append([]),
    ]  # fmt: skip
    for change in changes:
        tampered = copy.deepcopy(said)
        change(tampered)
        assert not accepted((statement, arrays, closed(tampered))), change
        refused += 1
    for _ in range(60):  # ends moved a little: some still show it
        tampered = copy.deepcopy(said)
        cell, end = int(rng.integers(2)), int(rng.integers(2))
        moved = ["0", "25"]
        moved[end] = str(float(moved[end]) + float(rng.choice([-4, -1, -0.25, 0.25, 1, 4])))
        tampered["cells"][cell][0] = moved
        if accepted((statement, arrays, closed(tampered))):
            kept.append((cell, moved))
        else:
            refused += 1
    assert refused >= 40 and kept
    # what is kept is wider below, where it only gets warmer, or leaves out what is never reached: still 25 at most
    assert all(float(high) <= 25 for _, (_, high) in kept)


def test_a_statement_with_other_keys_or_nothing_in_it_is_refused():
    statement, arrays, certificate = files_of()
    said = json.loads(statement)
    changes = [
        lambda s: s.update(claims=[]), lambda s: s["claims"][0].update(never=[]),
        lambda s: s["claims"][0].update(never=[[]]), lambda s: s.update(more=1), lambda s: s.pop("window"),
        lambda s: s.update(window=0), lambda s: s.update(window=99), lambda s: s.update(window="16"),
        lambda s: s["states"][0].update(unit="degC"), lambda s: s.update(sensors=[]), lambda s: s.update(plants=[]),
        lambda s: s["plants"][0].update(law="other"), lambda s: s["plants"][0].update(ends=[]),
        lambda s: s["plants"][0]["ends"][0]["most"][0]["row"].__setitem__(0, "1"),
        lambda s: s["plants"][0]["ends"][0]["least"][0]["row"].pop(), lambda s: s["plants"][0]["ends"][0].pop("least"),
        lambda s: s["plants"][0]["ends"][0].update(most=[]), lambda s: s["plants"][0]["ends"][0].update(even=[]),
        lambda s: s["plants"][0]["ends"][0]["most"][0].update(roundings=-1),
        lambda s: s["plants"][0]["ends"][0]["most"][0].update(roundings=1000),
        lambda s: s["plants"][0]["ends"][0]["most"][0].update(roundings="1"),
        lambda s: s.update(assumed=[[]]), lambda s: s.update(assumed=[[[0, 0]]]), lambda s: s.pop("assumed"),
        lambda s: s["claims"][0]["never"][0][0].update(of="nothing"), lambda s: s.update(free=[0]),
        lambda s: s["sensors"][0].update(resolution="3/32"), lambda s: s["sensors"][0].update(rows=[0, 0]),
        lambda s: s["states"][0].update(initial=["24", "26"]),
        lambda s: s["plants"][0].update(disturbance=["-2", "22"]),
    ]  # fmt: skip
    for change in changes:
        tampered = copy.deepcopy(said)
        change(tampered)
        assert not accepted(renewed(json.dumps(tampered).encode(), arrays, certificate)), change
    assert accepted(renewed(statement, arrays, certificate))


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda a: a["b_U"].fill(np.nan), "not finite"),
        (lambda a: a["b_U"].fill(1e-39), "flushed to 0"),
        (lambda a: a["W_Q"].__setitem__((0, 0, 0, 0), 1.0), "by content"),
        (lambda a: a["b_Q"].__imul__(np.float32(0.1)), "several steps"),
        (lambda a: a["W_U"].__imul__(np.float32(3e38)), "larger than float32"),
    ],
)
def test_arrays_of_which_nothing_can_be_said_are_refused_by_name(change, reason):
    statement, arrays, certificate = files_of()
    changed = {name: array.copy() for name, array in load(arrays).items()}
    heads = np.flatnonzero(np.any(changed["W_V"], axis=(1, 2, 3)))
    if heads.size and reason == "by content":
        changed["W_Q"][heads[0], 0, 0, 0] = 1.0
    else:
        change(changed)
    with pytest.raises(check.Refused, match=reason):
        check.check(*renewed(statement, save(changed), certificate))


# ---- the checker taken apart: each mutant accepts a false claim that the checker refuses


def mutant(*replacements):
    """The checker with something changed in its text."""
    text = SOURCE
    for old, new in replacements:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    module = types.ModuleType("mutant")
    exec(compile(text, "mutant", "exec"), module.__dict__)
    return module


def with_statement(files, change):
    """The same files with a statement that claims something else."""
    said = json.loads(files[0])
    change(said)
    return renewed(json.dumps(said).encode(), *files[1:])


def with_cells(files, cells):
    """The same files with other cells."""
    return renewed(*files[:2], closed(opened(files[2]) | {"cells": cells}))


def claim(said, *tests):
    said["claims"] = [
        {"id": "F", "never": [[dict(zip(("of", "at", "is", "than"), test, strict=True)) for test in tests]]}
    ]


def false_claims():
    """False claims by what they are about."""
    room, door = files_of(), files_of("train_door", "UCA-1")
    open_doors = json.loads(door[0])["claims"][0]["never"][0][-1]["at"]
    cells = opened(room[2])["cells"]
    hot = load(room[1])
    hot["b_U"] = hot["b_U"] + np.float32(1)
    of_hot = renewed(room[0], save(hot), room[2])
    narrow = [[["14", "16"], ["0", "0"]]]
    twice = load(room[1])
    twice["b_Q"] = twice["b_Q"] * np.float32(0.01)
    return {
        "starts outside": with_statement(room, lambda s: s["states"][0].update(initial=["15", "30"])),
        "already there": with_statement(room, lambda s: claim(s, ("state", 0, "above", "20"))),
        "leaves": with_cells(room, narrow),
        "pushed": with_statement(room, lambda s: s["plants"][0].update(disturbance=["-2", "22"])),
        "other arrays": (of_hot[0], room[1], of_hot[2]),
        "never open": with_statement(door, lambda s: claim(s, ("output", open_doors, "above", "1/2"))),
        "nothing": with_statement(room, lambda s: s.update(claims=[])),
        "no number": renewed(room[0], save({**hot, "b_U": np.float32([np.nan])}), room[2]),
        "mixes": renewed(room[0], save(twice), room[2]),
        "one latch": with_cells(room, cells[:1]),
    }


MUTANTS = {
    "starts outside": ['need(covered(start, cells), "the loop may start outside the cells")', "pass"],
    "already there": ["loop.broken(known) or bad(end)", "bad(end)"],
    "leaves": ["loop.broken(known) or bad(end)", "loop.broken(known)"],
    "pushed": ["[interval([rest, rest]), interval(shock)]", "[interval([rest, rest])]"],
    "other arrays": ["need(sha == hashlib.sha256(data).hexdigest(), ", "need(True, "],
    "never open": [
        "self.contexts = [one for one in every if",
        "self.contexts = [one for one in [*every][-1:] if",
    ],
    "nothing": ["need(claims and all(", "need(all("],
    "no number": [
        'need(all(map(isfinite, values)), "an array holds a number that is not finite")',
        "values = [one if isfinite(one) else 0.0 for one in values]",
    ],
    "mixes": ["need(behind - 2 * size * (d_head + 8) / root / 2**22 >= GAP, ", "need(True, "],
    "one latch": [
        "for (low, high), (bottom, top) in zip(box, cell, strict=True))]",
        "for (low, high), (bottom, top) in zip(box[:1], cell[:1], strict=True))]",
        "for i, ends in enumerate(cells[0])",
        "for i, ends in enumerate(cells[0][:1])",
    ],
}
"""By what they accept: pieces of the checker's text, each with what stands in its place."""


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_each_mutant_accepts_what_the_checker_refuses(name):
    files = false_claims()[name]
    assert not accepted(files), "the claim is false"
    pieces = iter(MUTANTS[name])
    broken = mutant(*zip(pieces, pieces, strict=True))
    assert accepted(files, broken)
