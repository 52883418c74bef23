"""One concept, one room: adding one touches one file and a line of a list, and nobody imports in a ring."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from handcrafted.components.circuit import Site
from handcrafted.laws.catalogue import LAWS
from handcrafted.laws.default import DefaultLinear
from handcrafted.laws.law import LawInput, law_of
from handcrafted.model.weights import FIELD_AXES
from handcrafted.zoo.examples import example

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "handcrafted"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def imports(package):
    """Draw who imports whom in a package: at the top, within functions, and for types alone."""
    names = {".".join(p.relative_to(package.parent).with_suffix("").parts): p for p in package.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): path for name, path in names.items()}
    graph = nx.DiGraph()
    graph.add_nodes_from(modules)
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = []
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            graph.add_edges_from((module, name) for name in found if name in modules and name != module)
    return graph


def rings(graph):
    return [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "handcrafted", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_no_module_imports_itself_by_way_of_others(copied):
    """Not even within a function or for its types alone."""
    package = copied / "handcrafted"
    assert not rings(imports(package))
    for text in (
        "def late():\n    import {}\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {}\n",
    ):
        path = package / "control" / "domain.py"
        kept = path.read_text(encoding="utf-8")
        path.write_text(kept + text.format("handcrafted.control.resolved"), encoding="utf-8")
        assert {"handcrafted.control.domain", "handcrafted.control.resolved"} <= {*rings(imports(package))[0]}
        path.write_text(kept, encoding="utf-8")


def test_the_wall_holds_at_run_time():
    """Reading a network loads nothing that knows what was intended, or how it was built."""
    script = (
        "import sys, types; package = types.ModuleType('handcrafted'); package.__path__ = [sys.argv[1]]\n"
        "sys.modules['handcrafted'] = package\n"
        "import handcrafted.readout.recover, handcrafted.readout.blind.blind\n"
        "parts = {name.split('.')[1] for name in sys.modules if name.startswith('handcrafted.')}\n"
        "print(*sorted(parts))"
    )
    run = [sys.executable, "-c", script, str(PACKAGE)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["control", "model", "readout", "text"]


# The plain law and the circuits share parameters, and nothing else.

COORDINATES = {"encode", "width", "discrete", "issue_values", "tested", "__init__", "next"}
"""What a signal's coordinates mean, and what a law reads: both sides must know it."""


def called(function):
    """Name the functions of this package, by module, that a call runs through; properties of laws are parameters."""
    found = set()

    def watch(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE) and not frame.f_code.co_name.startswith("<"):
            module = path.relative_to(PACKAGE).with_suffix("").as_posix()
            found.add((module, frame.f_code.co_name))

    sys.setprofile(watch)
    try:
        function()
    finally:
        sys.setprofile(None)
    return found


def both_sides(name):
    """Name what the plain law of an example runs through, and what its circuits do."""
    (controller,) = example(name).resolved.controllers.values()
    (entry,) = controller.entries
    task, (link,) = entry.task, entry.links
    assert link.port is not None
    sites = [Site(task.owner, tuple(read.signal for read in stage.reads), stage.signal) for stage in task.stages]
    sites.append(Site(task.owner, tuple(read.signal for read in task.result), link.port))
    now = tuple(read.domain.encode(read.initial).astype(float) for read in task.reads)
    state = None if task.memory is None else task.memory.domain.encode(task.memory.initial).astype(float)
    given = LawInput(now, lambda steps: now, state)
    law = law_of(task)
    plain = called(lambda: law.evaluate(task, given, task.domain))
    built = called(lambda: law.circuits(task, sites, task.domain))
    parameters = {name for name, value in inspect.getmembers(type(law)) if isinstance(value, property)}
    return plain, built, parameters


def shared(law):
    plain, built, parameters = both_sides(law)
    own = lambda names: {
        (module, name) for module, name in names if name.split(".")[-1] not in COORDINATES | parameters
    }
    return own(plain) & own(built)


@pytest.mark.parametrize("law", LAWS)
def test_a_plain_law_and_its_circuits_share_no_helper(law):
    plain, built, _ = both_sides(law)
    assert plain and built and not shared(law)
    assert not any(module.startswith(("components", "craft", "model")) for module, _ in plain)
    assert not any(module in ("laws/arithmetic", "laws/oracle") for module, _ in built)


def test_a_shared_helper_would_be_seen(monkeypatch):
    from handcrafted.components import linear
    from handcrafted.laws import saturation as law

    monkeypatch.setattr(
        law, "clipped", lambda value, low, high, domain: np.clip(value, *linear.limits(low, high, domain))
    )
    assert shared("saturation") == {("components/linear", "limits")}


def test_every_law_is_final_and_says_what_it_gives():
    for law in (*LAWS.values(), DefaultLinear):
        assert (
            getattr(law, "__final__", False)
            and (law.__doc__ or "").split("\n")[0].endswith(".")
            and not law.__subclasses__()
        )
    assert len({law.__module__ for law in LAWS.values()}) == len(LAWS), "one law to a file"


# Adding one: the README's templates, as files.


def template(marker):
    """Return the class of a README snippet as the text of a file: up to the line that lists it."""
    (snippet,) = [text for text in re.findall(r"```python\n(.*?)```", README, flags=re.S) if marker in text]
    return snippet[: snippet.index(marker)].rstrip() + "\n", snippet


def python(folder, script):
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def changed(folder):
    """List the files that differ from the package's own."""
    here = {path.relative_to(folder): path for path in folder.rglob("*.py")}
    return sorted(
        str(name) for name, path in here.items()
        if not (PACKAGE / name).exists() or (PACKAGE / name).read_text() != path.read_text()
    )  # fmt: skip


def add_line(path, line, before):
    """Add one line to a list, before the first line that holds a text."""
    text = path.read_text(encoding="utf-8")
    at = text.index(before)
    path.write_text(text[:at] + line + "\n" + text[at:], encoding="utf-8")


def test_a_law_is_one_file_and_one_line(copied):
    package = copied / "handcrafted"
    text, _ = template("from handcrafted.laws.catalogue import LAWS")
    (package / "laws" / "positive_part.py").write_text('"""Positive part."""\n\n' + text, encoding="utf-8")
    line = "from handcrafted.laws.positive_part import PositivePart as PositivePart"
    add_line(package / "laws" / "catalogue.py", line, "from handcrafted.laws.rate_limiter")
    assert changed(package) == ["laws/catalogue.py", "laws/positive_part.py"]
    script = (
        "import handcrafted as hc\nfrom click.testing import CliRunner\nfrom handcrafted.cli import main\n"
        "from handcrafted.zoo.examples import example\nstructure = example('positive part')\n"
        "print(hc.compare(structure, hc.recover(hc.assemble(structure))).how)\n"
        "print(CliRunner().invoke(main, ['circuits', 'positive part']).output)"
    )
    found = python(copied, script)
    assert "proved for all inputs" in found and "The read where it is above 0, else 0." in found


def test_a_plant_is_one_file_and_one_line(copied):
    package = copied / "handcrafted"
    text, _ = template("plant = DelayedPush")
    head = '"""Delayed push."""\n\nimport numpy as np\n\n'
    (package / "plants" / "delayed_push.py").write_text(head + text, encoding="utf-8")
    line = "from handcrafted.plants.delayed_push import DelayedPush as DelayedPush"
    add_line(package / "plants" / "catalogue.py", line, "from handcrafted.plants.finite_state")
    assert changed(package) == ["plants/catalogue.py", "plants/delayed_push.py"]
    script = (
        "import handcrafted as hc, sys\nfrom handcrafted.plants.catalogue import PLANTS\n"
        "from handcrafted.loading.yamlfile import loads\nfrom handcrafted.loading.schema import json_schema\n"
        f"sys.path.insert(0, {str(ROOT)!r})\nfrom tests.control.test_processes import over\n"
        "structure = over(PLANTS['delayed push'].example)\n"
        "print(hc.simulate(hc.assemble(structure), steps=5).state['y'].tolist())\n"
        "print('DelayedPush' in json_schema()['$defs'])"
    )
    assert python(copied, script).splitlines() == ["[0.0, 0.0, 0.25, 0.5, 0.75]", "True"]


def test_a_fault_place_is_one_file_and_one_line(copied):
    package = copied / "handcrafted"
    text, _ = template("from handcrafted.safety.faults.target import")
    (package / "safety/fault_places/supply.py").write_text('"""Supply."""\n\n' + text, encoding="utf-8")
    line = "from handcrafted.safety.fault_places.supply import SupplyPlace as SupplyPlace"
    add_line(package / "safety/fault_places/catalogue.py", line, "from handcrafted.safety.fault_places.weight")
    assert changed(package) == ["safety/fault_places/catalogue.py", "safety/fault_places/supply.py"]
    script = (
        "import handcrafted as hc\nfrom handcrafted.safety.faults.campaign import inject\n"
        "from handcrafted.safety.faults.faultlist import FaultList\nfrom handcrafted.loading.yamlfile import parsed\n"
        "from handcrafted.zoo import find\nmodel = hc.assemble(hc.load(find('heated room')))\n"
        "listed = parsed('faults: [{supply: all, zero: true}]', 'text', FaultList)\n"
        "(fault,) = inject(model, listed, steps=20).faults\nprint(fault, fault.factor, sep='; ')"
    )
    assert python(copied, script).strip() == "supply power is 0; action not carried out"


def test_a_readout_is_one_file_and_one_line(copied):
    package = copied / "handcrafted"
    text, _ = template('read = hc.recover(thermostat, readouts=["shared neuron"])')
    text = text.replace("@hc.register", "@register").replace("hc.", "").replace("unregister", "register")
    head = '"""Shared neurons."""\n\nimport numpy as np\n\nfrom handcrafted.control.graph import Edge, SignalGraph\n'
    (package / "readout" / "shared_neuron.py").write_text(head + text, encoding="utf-8")
    recover = package / "readout" / "recover.py"
    listed = "BUILT_IN = (wiring, subspace, patching, by_equations, gradient, ablation, probe, black_box)"
    assert listed in recover.read_text(encoding="utf-8")
    add_line(recover, "from handcrafted.readout import shared_neuron as shared_neuron", "from handcrafted.readout.")
    assert changed(package) == ["readout/recover.py", "readout/shared_neuron.py"]
    script = (
        "import handcrafted as hc\nfrom handcrafted.zoo import find\n"
        "model = hc.assemble(hc.load(find('heated room')))\n"
        "print(len(hc.recover(model, readouts=['shared neuron']).graphs['shared neuron']))"
    )
    assert python(copied, script).strip() == "5"


# Names.


def class_names():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name


def naming_arrays(package):
    """List the modules that name an array of the network: as an attribute, or as a word of its own."""
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if isinstance(node, ast.Attribute | ast.Constant) and named in FIELD_AXES:
                found.add(path.relative_to(package).as_posix())
    return found


def test_two_files_alone_know_how_the_arrays_lie(copied):
    """Everything else asks `handcrafted.model.component`; pictures may say what an array is called.

    The checker of proofs knows nothing of the package, and so it says it again."""
    assert naming_arrays(PACKAGE) == {"model/weights.py", "model/component.py", "view/gallery.py", "proofs/check.py"}
    late = copied / "handcrafted" / "readout" / "late.py"
    for line in ("x = weights.W_in[0]", 'x = weights["b_O"]'):
        late.write_text(line)
        assert "readout/late.py" in naming_arrays(late.parent.parent)


def test_no_class_name_is_used_twice():
    assert not [name for name, count in Counter(class_names()).items() if count > 1]


RETIRED = {
    "Answer", "Bench", "Built", "Excursion", "Given", "Knob", "LawForm", "Moment", "Seen", "Settings", "Some",
    "Subject",
    "Task", "Touch", "World",
}  # fmt: skip
"""Class names that the glossary has replaced."""


def test_the_glossary_stands_and_what_it_replaces_is_gone():
    glossary = (PACKAGE / "GLOSSARY.md").read_text(encoding="utf-8")
    words = [row.split("|")[1].strip() for row in glossary.splitlines() if row.startswith("| ")][1:]
    assert len(words) == len(set(words)) > 25
    assert not RETIRED & set(class_names())
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'"""Give ', text) and not re.search(r"\bMOST_[A-Z]", text), path


def test_the_page_of_promises_names_tests_that_are_there():
    rows = [row for row in (PACKAGE / "PROMISES.md").read_text(encoding="utf-8").splitlines() if row.startswith("| ")]
    named = {row.split("|")[1].strip(): re.findall(r"`([\w/]+(?:\.py|/))`", row.split("|")[2]) for row in rows}
    tests = [name for promise, names in named.items() if promise != "promise" for name in names or [promise]]
    assert len(tests) > 20 and not [name for name in tests if not (ROOT / "tests" / name).exists()]


def test_files_are_of_a_size_that_one_reads_at_once():
    """A law, a plant and a fault place are small on purpose; the limit is for all others."""
    long = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    checker = long.pop("proofs/check.py")  # one file on purpose: it runs alone
    assert checker < 400 and not {name: lines for name, lines in long.items() if lines > 300}
