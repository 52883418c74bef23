"""Files that runs go on from: whatever is changed, left out, put elsewhere or cut off is refused by its line."""

import errno
import json
import os
from pathlib import Path

import pytest

import handcrafted as hc
from handcrafted.text.files import write_whole
from handcrafted.text.ledger import Ledger

RECORDS = [{"n": n, "text": "as it is"} for n in range(5)]


@pytest.fixture
def path(tmp_path):
    """Return a file of five records."""
    Ledger(tmp_path / "records.jsonl", "key").add(RECORDS)
    return tmp_path / "records.jsonl"


def test_what_was_written_is_read_and_added_to(path):
    ledger = Ledger(path, "key")
    assert ledger.records == RECORDS
    ledger.add([{"n": 5}])
    assert Ledger(path, "key").records == [*RECORDS, {"n": 5}]
    assert all(json.loads(line) for line in path.read_text().splitlines())
    with pytest.raises(hc.HandcraftedError, match="Expected records of this run, got those of another"):
        Ledger(path, "other key")


def test_it_is_cut_off_anywhere_and_goes_on_to_the_same_bytes(path):
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        ledger = Ledger(path, "key")
        assert ledger.records == RECORDS[: max(0, whole[:end].count(b"\n") - 1)]
        ledger.add(RECORDS[len(ledger.records) :])
        assert path.read_bytes() == whole


def test_every_flipped_bit_is_refused_by_its_line(path):
    whole = path.read_bytes()
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(flipped)
        if at == len(whole) - 1:  # the end of the last line: it looks cut off, and is left out
            assert Ledger(path, "key").records == RECORDS[:-1]
            continue
        line = whole[:at].count(b"\n") + 1
        with pytest.raises(hc.HandcraftedError, match=rf"records.jsonl, line {line}: Expected the line as it was"):
            Ledger(path, "key")


def test_lines_left_out_or_exchanged_or_made_to_break_the_reader_are_refused(path):
    lines = path.read_bytes().splitlines(keepends=True)
    nested, long = b"[" * 100_000 + b"\n", b"x" * 2_000_000
    spoilt = {
        3: [*lines[:2], *lines[3:]],
        2: [lines[0], lines[2], lines[1], *lines[3:]],
        4: [*lines[:3], nested, *lines[3:]],
        7: [*lines, long],
        1: [b"somebody's own text"],
    }
    for line, content in spoilt.items():
        path.write_bytes(b"".join(content))
        with pytest.raises(hc.HandcraftedError, match=rf"line {line}: Expected the line as it was written"):
            Ledger(path, "key")
        assert path.read_bytes() == b"".join(content), "and stays as it is"


def test_of_two_runs_that_write_one_file_the_second_is_stopped(path):
    one, other = Ledger(path, "key"), Ledger(path, "key")
    one.add([{"n": 5}])
    with pytest.raises(hc.HandcraftedError, match="Let one run write it at a time"):
        other.add([{"n": 6}])
    with pytest.raises(hc.HandcraftedError, match="Let one run write it at a time"):
        other.rewrite(RECORDS)
    assert Ledger(path, "key").records == [*RECORDS, {"n": 5}]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "records.jsonl")
    with pytest.raises(hc.HandcraftedError, match="Expected a file that can be read, got something else"):
        Ledger(tmp_path / "records.jsonl", "key")


def test_a_disk_that_is_full_when_it_is_waited_for_leaves_the_old_file(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def none_to_wait_for(handle):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    write_whole(tmp_path / "file.csv", b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(hc.HandcraftedError, match="Expected a place to write to, got: No space left on device"):
        write_whole(tmp_path / "file.csv", b"new")
    with pytest.raises(hc.HandcraftedError, match="No space left on device"):
        Ledger(tmp_path / "records.jsonl", "key").add(RECORDS)
    assert (tmp_path / "file.csv").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(os, "fsync", none_to_wait_for)
    assert write_whole(tmp_path / "file.csv", b"new").read_bytes() == b"new"


def test_what_a_killed_process_left_beside_a_file_is_removed_by_the_next(tmp_path):
    left, own = tmp_path / ".file.csv-abc.part", tmp_path / ".file.csv-notes.txt"
    for path in (left, own):
        path.write_text("half")
    write_whole(tmp_path / "file.csv", b"whole")
    assert left.exists(), "it may be another process's that is still at it"
    for path in (left, own):
        os.utime(path, (0, 0))
    write_whole(tmp_path / "file.csv", b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [own.name, "file.csv"]
    assert Path(tmp_path / "file.csv").read_bytes() == b"whole"
