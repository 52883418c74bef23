"""What a user gets: the wheel alone in an empty environment; and the same on the other Pythons that are supported."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = os.environ.get("UV") or shutil.which("uv") or ""
PYTHONS = ("3.11", "3.13")
OTHERS = [version for version in PYTHONS if version != f"{sys.version_info.major}.{sys.version_info.minor}"]

pytestmark = pytest.mark.skipif(not UV, reason="uv builds the wheel and the environments, and is not there")


def run(*words, folder, **more):
    """Run a command in a folder, with that folder as home and nothing of this environment but the compilation cache."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    uv_cache = (
        os.environ.get("UV_CACHE_DIR") or subprocess.run([UV, "cache", "dir"], capture_output=True, text=True).stdout
    )
    env = kept | {"HOME": str(folder), "UV_CACHE_DIR": uv_cache.strip(), "JAX_PLATFORMS": "cpu"} | more
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The folder of programs of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("installed")
    run(UV, "build", "--wheel", "-q", "-o", folder / "dist", ROOT, folder=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    run(UV, "venv", "-q", "--python", sys.executable, folder / "env", folder=folder)
    programs = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    run(UV, "pip", "install", "-q", "--python", programs / "python", wheel, folder=folder)
    return programs


def test_the_wheel_works_without_the_repository(programs, tmp_path):
    look = "import sys, handcrafted; print(handcrafted.__file__, *(name for name in sys.modules if '.' not in name))"
    place, *modules = run(programs / "python", "-c", look, folder=tmp_path).split()
    assert Path(place).is_relative_to(programs.parent)
    assert not {"matplotlib", "igraph", "ipywidgets", "pygraphviz"} & set(modules), "what takes long comes when needed"
    run(programs / "handcrafted", "new", "my loop", "-o", "mine.yaml", folder=tmp_path)
    assert "my loop" in run(programs / "handcrafted", "check", "mine.yaml", folder=tmp_path)
    run(programs / "handcrafted", "draw", "mine.yaml", "-o", "mine.png", folder=tmp_path)
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")


def interpreter(version):
    """Find an interpreter that runs, on the PATH or among those that pyenv keeps; None if there is none."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*/bin")
    for folder in [*map(Path, os.environ["PATH"].split(os.pathsep)), *kept]:
        program = folder / f"python{version}"
        if program.exists() and not subprocess.run([program, "-V"], capture_output=True, check=False).returncode:
            return program
    return None


NOTEBOOKS = "tests/test_notebooks.py"
USUAL = ("tests/model/test_dependence.py",)
"""What looks into jax's own programs, and is the first to notice another version."""
WHOLE = ("tests/test_repository.py", NOTEBOOKS, "-k", "readme_examples or running_it_again")


@pytest.mark.parametrize("chosen", [USUAL, pytest.param(WHOLE, marks=pytest.mark.slow)], ids=["usual", "whole"])
@pytest.mark.parametrize("version", OTHERS)
def test_the_front_page_and_notebooks_run_on_another_python(version, chosen, tmp_path):
    if (python := interpreter(version)) is None:
        pytest.skip(f"there is no python{version} on the PATH or among pyenv's")  # uv may not be able to fetch one
    files = [ROOT / word if word.startswith("tests/") else word for word in chosen]
    words = (UV, "run", "-q", "--python", python, "--project", ROOT, "pytest", "-q", "-p", "no:cacheprovider")
    said = run(*words, "--rootdir", ROOT, *files, folder=tmp_path, UV_PROJECT_ENVIRONMENT=str(tmp_path / "env"))
    assert " passed" in said and "failed" not in said
