"""The one font of all pictures: the DejaVu Sans that matplotlib brings, so that no machine draws boxes for letters."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

FONT = "DejaVu Sans"
VARIABLE = "FONTCONFIG_FILE"


@cache
def fontconfig_file() -> Path:
    """Write, once per process, a fontconfig file that names matplotlib's fonts and nothing else."""
    import matplotlib

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    folder = Path(tempfile.mkdtemp(prefix="handcrafted-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n'
        f"<fontconfig><dir>{escape(str(fonts))}</dir>\n"
        f"<cachedir>{escape(str(folder / 'cache'))}</cachedir></fontconfig>\n",
        encoding="utf-8",
    )
    return path


@contextmanager
def bundled_fonts() -> Iterator[None]:
    """Let Graphviz find the bundled fonts, and only them, while it starts and draws."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(fontconfig_file())
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
