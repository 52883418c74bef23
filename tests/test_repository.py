"""Habits of the repository, each with a planted breach that must be caught."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import handcrafted as hc
from handcrafted.cli import main
from handcrafted.laws.catalogue import LAWS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "handcrafted"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def contracts_hold(folder):
    run = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "handcrafted", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_import_contracts_hold(copied):
    result = contracts_hold(copied)
    assert result.returncode == 0 and "6 kept, 0 broken" in result.stdout, result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("readout/wiring.py", "import handcrafted.craft.plan"),
        ("readout/wiring.py", "import handcrafted.laws.linear"),
        ("readout/wiring.py", "import handcrafted.loading.resolve"),
        ("model/names.py", "import handcrafted.loading.resolve"),
        ("control/graph.py", "import handcrafted.laws.law"),
        ("craft/plan.py", "import matplotlib"),
        ("model/names.py", "import handcrafted.verdict.compare"),
        ("components/linear.py", "import handcrafted.laws.arithmetic"),
        ("craft/plan.py", "import handcrafted.laws.oracle"),
        ("model/transformer.py", "import handcrafted.laws.oracle"),
        ("laws/arithmetic.py", "import handcrafted.components.linear"),
        ("laws/oracle.py", "import handcrafted.components.linear"),
        ("verdict/law.py", "import handcrafted.components.comparator"),
        ("verdict/pieces.py", "import handcrafted.craft.plan"),
    ],
)
def test_a_planted_breach_of_a_contract_is_caught(copied, module, line):
    path = copied / "handcrafted" / module
    future = "from __future__ import annotations\n"
    path.write_text(path.read_text().replace(future, f"{future}{line}\n", 1))
    assert contracts_hold(copied).returncode != 0


SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.S)
TABLES: tuple[Any, ...] = (LAWS,)
"""What a template of the README adds a law to."""


@pytest.fixture
def as_it_was():
    kept = [dict(table) for table in TABLES]
    yield
    for table, old in zip(TABLES, kept, strict=True):
        table.clear()
        table.update(old)


def test_the_readme_examples_print_what_their_comments_say(capsys, tmp_path, monkeypatch, as_it_was):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for snippet in SNIPPETS:
        exec(compile(snippet, "README", "exec"), names)
        printed = capsys.readouterr().out.strip().splitlines()
        expected = [
            text for text in re.findall(r"^print\(.*\) +# (.+)$", snippet, flags=re.M) if "which head" not in text
        ]
        assert len(expected) == 3
        assert printed[-3:] == expected
    assert (tmp_path / "room.png").exists()


def test_the_first_example_and_the_templates_are_short():
    assert len(SNIPPETS[0].splitlines()) <= 25
    assert all(len(snippet.splitlines()) < 60 for snippet in SNIPPETS)


def anchors(text):
    """Return the anchors that a Markdown page gets from its headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(text, folder):
    """Name the links and pictures that lead to no file and no heading; addresses elsewhere must be whole ones."""
    links = [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'(?:src|href)="([^"]+)"', text)]
    for link in links:
        path, _, heading = link.partition("#")
        if re.match(r"https://[\w.-]+\.\w+(/\S*)?$", link):
            continue
        inside = not path or (folder / path).exists()
        if not inside or (heading and not path and heading not in anchors(text)):
            yield link


def test_links_resolve():
    assert not list(broken_links(README, ROOT))
    for notebook in (ROOT / "notebooks").glob("*.py"):
        assert not list(broken_links(notebook.read_text(encoding="utf-8"), notebook.parent)), notebook
    wrong = "[a](#nowhere) [b](figures/none.png) [c](http:/x) ![d](README.md) # Here\n<img src='a' href=\"no.md\">"
    assert list(broken_links(wrong, ROOT)) == ["#nowhere", "figures/none.png", "http:/x", "no.md"]


def test_check_of_the_zoo_holds():
    """Its pictures are those of test_figures.py."""
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == 0, result.output
    assert "train door" in result.output and "reproduced" in result.output


def public_objects():
    return [(name, getattr(hc, name)) for name in hc.__all__]


def test_every_public_name_has_a_docstring():
    assert hc.__all__ == sorted(hc.__all__) == sorted([*hc.PLACES, *hc.MODULES]) and len(hc.__all__) <= 23
    for name, thing in public_objects():
        assert (thing.__doc__ or "").strip(), name


READOUTS = {"wiring", "subspace", "patching", "process_edges", "feedback_loops"}


def builders():
    """Return path, name and docstring of every function that builds a circuit, and of every readout."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = {
                call.func.id
                for call in ast.walk(node)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
            }
            if node.name in READOUTS or (path.parent.name in ("components", "laws") and "circuit" in calls):
                yield path.stem, node.name, ast.get_docstring(node) or ""


def test_circuits_and_readouts_state_formula_source_and_error():
    found = list(builders())
    for module, name, text in found:
        assert all(part in text for part in ("Formula:", "Source:", "Error:")), (module, name)
        bounds = ("proved bound", "regression bound") if name not in READOUTS else ()
        assert all(part in " ".join(text.split()) for part in bounds), (module, name)
    assert {"band", "bits", "ramps", "gap", "steps_ago", "any_row", "wiring", "patching"} <= {
        name for _, name, _ in found
    }


def test_untrusted_files_stay_data_and_paths_stay_out():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bpickle\b|yaml\.load\(|allow_pickle|\beval\(|\bexec\(", text), path
        assert not re.search(r"[\"'(]/(home|root|tmp|usr|opt)/", text), path


def test_the_lock_file_stays_out_of_git():
    assert "uv.lock" in (ROOT / ".gitignore").read_text().split()


SLIPS = """
import handcrafted as hc
from handcrafted.zoo import find
path, structure = find("heated room"), hc.load(find("heated room"))
model = hc.assemble(structure)
for slip in (
    lambda: hc.load(None), lambda: hc.assemble(path), lambda: hc.simulate(structure),
    lambda: hc.explain(structure, "a"), lambda: hc.compare(structure, model), lambda: hc.compare(model, structure),
    lambda: hc.panel(structure),
):
    try:
        slip()
    except hc.HandcraftedError as error:
        print(error)
"""


def test_an_argument_of_another_type_is_refused_in_words(tmp_path):
    """In a process of its own, since in tests the types of half of the package are checked before."""
    run = [sys.executable, "-c", SLIPS]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split("got ")[1] for line in done.stdout.splitlines()] == [
        "NoneType. Pass that.", "PosixPath. Pass that.", "ControlStructure. Pass that.", "ControlStructure. Pass that.",
        "Transformer. Pass that.", "Transformer. Pass that.", "ControlStructure. Pass that.",
    ]  # fmt: skip


def test_names_that_moved_still_come_with_a_warning():
    for name, module in hc.MOVED.items():
        with pytest.warns(DeprecationWarning, match=f"from handcrafted.{module} import {name}"):
            assert getattr(hc, name).__module__ == f"handcrafted.{module}"
    with pytest.raises(AttributeError, match="no attribute 'assembel'"):
        hc.assembel  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018  # a slip, made on purpose


def test_importing_the_package_loads_nothing_before_it_is_asked_for():
    script = (
        "import sys, handcrafted as hc; print('jax' in sys.modules, 'pydantic' in sys.modules); "
        "hc.load('train door'); print('matplotlib' in sys.modules)"
    )
    run = [sys.executable, "-c", script]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.split() == ["False"] * 3
