# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore journal as a file: what stands in it, and what is made of a broken one."""

from __future__ import annotations

import errno
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import JournalError
from ansible_collections.hardening.alicloud.plugins.module_utils.journal import Journal, default_path, load, new_run
from ansible_collections.hardening.alicloud.plugins.module_utils.values import Call

from tests.unit.examples import ACCOUNT, REGION, set_acl

CHANGE = set_acl("acme-site", "private")
WORDED = replace(CHANGE, call=Call("oss", "PutBucketAcl", {"bucket": "acme-site", "note": "公開 é"}))


@pytest.fixture
def path(tmp_path):
    """Where the journal of a test lies: in folders that are not there yet."""
    return tmp_path / "state" / "journals" / "run.jsonl"


def lines(path) -> list[dict]:
    """What stands in the file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(path, *changes) -> list[bytes]:
    """The lines of a journal of these changes, all of them sent."""
    journal = Journal(path, "run-1")
    for change in changes or (CHANGE, WORDED):
        journal.close(journal.plan(change))
    return path.read_bytes().splitlines(keepends=True)


def test_a_change_is_one_line_with_its_undo(path):
    """All that a restore needs stands in the line, under the names that the documentation gives."""
    assert Journal(path, "run-1").plan(CHANGE) == 1
    (line,) = lines(path)
    assert line.pop("time").endswith("Z")
    assert line == {
        "journal": 1,
        "run": "run-1",
        "seq": 1,
        "account_id": ACCOUNT,
        "region": REGION,
        "resource": CHANGE.resource.arn,
        "resource_type": "ACS::OSS::Bucket",
        "resource_id": "acme-site",
        "resource_name": "acme-site",
        **CHANGE.as_dict(),
    }


@pytest.mark.parametrize(
    "outcome",
    [{"outcome": "sent"}, {"outcome": "failed", "error": "no (X)."}, {"outcome": "refused", "error": "no (X)."}],
)
def test_an_outcome_is_one_line(path, outcome):
    """It names the change by its run and number."""
    journal = Journal(path, "run-1")
    journal.close(journal.plan(CHANGE), **outcome)
    assert lines(path)[1] == {"run": "run-1", "seq": 1, **outcome}
    assert len(load(path)) == (outcome["outcome"] != "refused")


def test_a_refusal_takes_back_its_own_change_only(path):
    """Be it between others of its run, or in a later run of the same name."""
    for refused in (2, 1):
        journal = Journal(path, "run-1")
        for number in (1, 2):
            journal.close(journal.plan(CHANGE if number == 1 else WORDED), "refused" if number == refused else "sent")
    assert [entry.call for entry in load(path)] == [CHANGE.call, WORDED.call]


def test_a_journal_is_made_with_its_first_change(path):
    """Its folders too; a run that changes nothing leaves nothing behind."""
    journal = Journal(path, "run-1")
    assert (path.parent.exists(), journal.used) == (False, False)
    journal.plan(CHANGE)
    assert (path.exists(), journal.used) == (True, True)


def test_only_the_owner_may_read_it(path):
    """Whatever the user's own mask allows."""
    mask = os.umask(0)
    try:
        Journal(path, "run-1").plan(CHANGE)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_lies_under_the_users_state(monkeypatch, tmp_path):
    """In XDG's place or below the home directory, named by account and run."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path(ACCOUNT, "run-1") == tmp_path / "hardening.alicloud" / f"{ACCOUNT}-run-1.jsonl"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path / ".local" / "state" in default_path(ACCOUNT, new_run()).parents


def test_runs_share_a_journal(path):
    """The tasks of a playbook may write to one file, line by line."""
    assert len(written(path) + written(path)[4:]) == 8
    assert all(path.read_text(encoding="utf-8").splitlines())
    assert [entry.call for entry in load(path)] == [CHANGE.call, WORDED.call] * 2


def test_threads_share_a_journal(path):
    """Every change gets its own number and its own whole line."""
    journal = Journal(path, "run-1")
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _unused: journal.plan(WORDED), range(64)))
    assert sorted(numbers) == list(range(1, 65))
    assert sorted(line["seq"] for line in lines(path)) == list(range(1, 65))


@pytest.mark.parametrize("needs", [(), ("acs:log:cn-hangzhou:1:project/p",)])
@pytest.mark.parametrize("undo", [None, CHANGE.undo, replace(CHANGE.undo, partial="only nearly")])
def test_what_was_written_is_read_again(path, undo, needs):
    """Resource, call, undo and what it needs come back as they were, oldest first."""
    one, two = replace(CHANGE, undo=undo, needs=needs), WORDED
    written(path, one, two)
    found = load(path)
    assert [(entry.resource, entry.call, entry.undo, entry.needs) for entry in found] == [
        (change.resource, change.call, change.undo, change.needs) for change in (one, two)
    ]


def test_a_torn_last_line_is_left_out(path):
    """A run that died while it wrote leaves every line before readable, wherever in the last one it died."""
    before = b"".join(written(path))
    Journal(path, "run-2").plan(WORDED)
    after = path.read_bytes()
    for end in range(len(before), len(after) - 1):
        path.write_bytes(after[:end])
        assert [entry.call for entry in load(path)] == [CHANGE.call, WORDED.call], after[:end][-20:]


@pytest.mark.parametrize("length", [1, 50, 300])
def test_a_run_that_died_does_not_spoil_the_next_ones_journal(path, length):
    """Where a second run writes behind a torn line, all that both were to change is read."""
    text = b"".join(written(path))
    for _unused in range(2):
        path.write_bytes(text + b"{" + text[1:length])
        written(path, CHANGE)
        assert [entry.call for entry in load(path)] == [CHANGE.call, WORDED.call, CHANGE.call]


@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize("length", [1, 30, 100, -1])
def test_a_run_that_died_does_not_spoil_the_journal_of_one_beside_it(path, length, line):
    """What the other one wrote on in the same line, and all behind it, is read."""
    other = Journal(path, "run-2")
    other.close(other.plan(WORDED))
    text = path.read_bytes()
    dead = Journal(path.with_name("dead"), "run-1")
    dead.close(dead.plan(CHANGE))
    torn = b"".join(dead.path.read_bytes().splitlines(keepends=True)[: line + 1])
    start = torn.rindex(b"{", 0, -1) if line else 0
    path.write_bytes(text + (torn[: start + length] if length > 0 else torn[:-1]))
    other.close(other.plan(WORDED))
    other.plan(CHANGE)
    whole = [CHANGE.call] if line or length < 0 else []
    assert [entry.call for entry in load(path)] == [WORDED.call, *whole, WORDED.call, CHANGE.call]


@pytest.mark.parametrize("kept", [0, 40])
def test_a_power_cut_does_not_spoil_a_journal(path, kept):
    """What a file system fills with NULs was a line that was never finished."""
    text = b"".join(written(path))
    path.write_bytes(text + text[:kept] + b"\0" * 50)
    assert len(load(path)) == 2
    Journal(path, "run-2").plan(CHANGE)
    assert len(load(path)) == 3


def test_a_line_that_was_lost_from_a_run_that_goes_on_is_refused(path):
    """Whoever wrote behind it."""
    whole = written(path, CHANGE, CHANGE, CHANGE)
    path.write_bytes(b"".join(whole))
    Journal(path, "run-2").plan(CHANGE)
    other = path.read_bytes().splitlines(keepends=True)[-1]
    path.write_bytes(b"".join([*whole[:2], b"\0\0\n", other, *whole[4:]]))
    with pytest.raises(JournalError, match="Line 3 of"):
        load(path)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_torn_line_between_others_is_refused(path, place):
    """A file that was damaged in its middle is not trusted, and the place is named."""
    whole = written(path)
    whole[place] = whole[place][:20] + b"\n"
    path.write_bytes(b"".join(whole))
    with pytest.raises(JournalError, match=f"Line {place + 1} of .*run.jsonl"):
        load(path)


@pytest.mark.parametrize(
    "text",
    [
        b"hello",
        b"hello\n",
        b"hello\nworld\n",
        b"\xff\xfe\x00",
        b"\x89PNG\r\n\x1a\n\x00",
        b"[]\n",
        b"{}\n",
        b'{"a": 1}',
        b'{\n  "risks": []\n}\n',
        b'{"journal": 1}\n',
        b'{"journal": 1, "resource": "r", "undo": []}\n',
    ],
)
def test_another_kind_of_file_is_refused(path, text):
    """It is told that this is no journal; never are there silently no changes in it."""
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    with pytest.raises(JournalError, match=r"run\.jsonl"):
        load(path)


def test_a_journal_of_another_version_is_refused(path):
    """The sentence names both versions."""
    whole = written(path)
    path.write_bytes(whole[0].replace(b'"journal": 1', b'"journal": 2'))
    with pytest.raises(JournalError, match="version 2; this collection reads version 1"):
        load(path)


@pytest.mark.parametrize("missing", ["resource", "region", "account_id", "product", "action", "params", "undo", "time"])
def test_an_entry_without_one_of_its_fields_is_refused(path, missing):
    """A restore never guesses."""
    entry = json.loads(written(path)[0])
    del entry[missing]
    path.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    with pytest.raises(JournalError, match=f"without '{missing}'"):
        load(path)


def test_a_journal_that_is_not_there_is_told(path):
    """With the reason that the system gives."""
    with pytest.raises(JournalError, match="No such file"):
        load(path)


def test_an_empty_journal_holds_nothing(path):
    """A run that died before its first line changed nothing."""
    path.parent.mkdir(parents=True)
    path.touch()
    assert load(path) == []


def test_a_place_that_can_not_be_written_is_told(tmp_path):
    """The sentence names the place and the reason, and the journal is of no more use."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    journal = Journal(tmp_path / "file" / "run.jsonl", "run-1")
    with pytest.raises(JournalError, match=r"run\.jsonl can't be written .*option journal"):
        journal.plan(CHANGE)
    assert (bool(journal.broken), journal.used) == (True, False)


def test_a_full_disk_breaks_the_journal_for_good(path, monkeypatch):
    """After a line that did not go in whole nothing more is written behind it, even if there is room again."""
    journal = Journal(path, "run-1")
    journal.close(journal.plan(CHANGE))
    write = os.write
    with monkeypatch.context() as full:
        room = [30]

        def short(handle: int, data: bytes) -> int:
            if not room[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken = write(handle, data[: room[0]])
            room[0] -= taken
            return taken

        full.setattr(os, "write", short)
        with pytest.raises(JournalError, match="No space left on device"):
            journal.plan(WORDED)
    with pytest.raises(JournalError):
        journal.plan(CHANGE)
    assert [entry.call for entry in load(path)] == [CHANGE.call]


def test_a_write_in_pieces_is_a_whole_line(path, monkeypatch):
    """A system that takes only a part of a line at a time gets the rest as well."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    written(path)
    assert len(load(path)) == 2


def test_runs_have_names_of_their_own():
    """A run's name begins with its time, so that journals sort by it."""
    assert new_run()[8] == "T"
    assert str(os.getpid()) in new_run()
