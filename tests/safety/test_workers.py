"""Faults that several processes run come to what one process finds, to the byte of the file that keeps them."""

import subprocess
import sys

import pytest

import handcrafted as hc
from handcrafted.safety.faults.usual import usual_faults
from handcrafted.safety.faults.workers import Workers

SCRIPT = """
import sys
from pathlib import Path
import handcrafted as hc
from handcrafted.safety.faults import workers
from handcrafted.safety.faults.usual import usual_faults

if __name__ == "__main__":
    folder, (alone, spread, resumed) = Path(sys.argv[1]), ("alone", "spread", "resumed")
    model = hc.assemble(hc.load("heated room"))
    model.edit("b_in[1, 0]", 3.0)  # raw arrays travel, not only the structure
    options = {"steps": 250, "sample": 40}
    workers.TOGETHER = 8
    one = hc.inject(model, usual_faults(), store=folder / alone, **options)
    two = hc.inject(model, usual_faults(), store=folder / spread, workers=2, **options)
    assert one.outcomes == two.outcomes and len(one) == 40
    text = (folder / alone).read_bytes()
    assert (folder / spread).read_bytes() == text
    (folder / resumed).write_bytes(b"".join(text.splitlines(keepends=True)[:12]) + b'{"sum": "cut o')
    from distributed import LocalCluster
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        hc.inject(model, usual_faults(), store=folder / resumed, scheduler=cluster.scheduler_address, **options)
    assert (folder / resumed).read_bytes() == text
    print("same")
"""


def test_two_workers_and_a_scheduler_find_what_one_process_finds_also_after_an_interruption(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run([sys.executable, path, tmp_path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "same" in done.stdout, done.stderr[-3000:]


def test_what_does_not_fit_is_refused(monkeypatch):
    model = hc.assemble(hc.load("heated room"))
    with pytest.raises(hc.HandcraftedError, match="Expected a whole number of workers"):
        hc.inject(model, usual_faults(), workers=-1)
    with pytest.raises(hc.HandcraftedError, match="Expected a number of workers or a scheduler, got both"):
        hc.inject(model, usual_faults(), workers=2, scheduler="tcp://127.0.0.1:1")
    monkeypatch.setattr("handcrafted.safety.faults.workers.WAIT", 1)
    with pytest.raises(hc.HandcraftedError, match=r"Expected a Dask scheduler at tcp://127\.0\.0\.1:1, got"):
        hc.inject(model, usual_faults(), steps=250, sample=2, scheduler="tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(hc.HandcraftedError, match=r"Install\s+handcrafted\[workers\]"):
        next(Workers(count=2).run(None, []))  # pyright: ignore[reportArgumentType]  # not reached
