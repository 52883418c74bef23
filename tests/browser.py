"""A real JupyterLab in headless Chromium, for tests of what a person sees and clicks."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
"""Where Chromium is; None where it is not."""

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": json.dumps(
        {"fetchNews": "false", "checkForUpdates": False}
    )
}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def jupyterlab(folder):
    """Start JupyterLab in a folder, with settings of its own; give the address of a notebook there."""
    port, token = free_port(), secrets.token_hex(16)
    arguments = [
        "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
        f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True", f"--notebook-dir={folder}",
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with _served(arguments, f"{address}/api?token={token}"):
        yield lambda path: f"{address}/lab/tree/{path}?token={token}"


@contextmanager
def voila(notebook):
    """Start Voila on a notebook; give its address."""
    port = free_port()
    arguments = ["voila", "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}", str(notebook)]
    with _served(arguments, f"http://127.0.0.1:{port}/voila/static/voila.js"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _served(arguments, answers):
    """Run a server, with settings of its own, from when an address answers."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        settings = Path(home) / "settings"
        for name, text in SETTINGS.items():
            (settings / name).parent.mkdir(parents=True, exist_ok=True)
            (settings / name).write_text(text)
        own = {f"JUPYTER_{name}_DIR": str(Path(home) / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {"HOME": home, "JUPYTERLAB_SETTINGS_DIR": str(settings), "IPYTHONDIR": str(Path(home) / "ipython")}
        command = [sys.executable, "-m", *arguments]
        with (Path(home) / "log").open("w") as log:
            server = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(answers, server, Path(home) / "log")
            yield
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(url, server, log, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"The server did not start:\n{log.read_text()[-2000:]}")


@contextmanager
def page_of(url, width=1200, height=900, kernel=True):
    """Open a page in Chromium with a fresh profile; give it once the notebook's kernel answers, if one is expected."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as play:
        browser = play.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, headless=True, viewport={"width": width, "height": height},
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        page = browser.pages[0]
        page.set_default_timeout(60_000)
        page.goto(url)
        if kernel:
            page.wait_for_function(THERE)
            page.evaluate(READY)
        yield page
        browser.close()


THERE = """() => {
  const app = window.jupyterapp;
  return Boolean(app?.commands?.hasCommand('notebook:run-all-cells') && app.shell.currentWidget?.sessionContext);
}"""

READY = """async () => {
  const context = window.jupyterapp.shell.currentWidget.sessionContext;
  await context.ready;
  await context.session.kernel.info;
}"""


def run_all(page):
    """Run all cells of the notebook."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
