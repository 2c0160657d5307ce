# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils import report_folder

FIRST, SECOND = "20261123T110203Z-000001", "20261123T110203Z-000002"


def put(folder, run, content):
    (folder / run).mkdir(parents=True)
    (folder / run / "report.json").write_text(content, encoding="utf-8")


def test_a_run_is_named_after_its_start():
    """Names sort by time, also within one second."""
    moments = [datetime(2026, 11, 23, 11, 2, 3, micro, UTC) for micro in (1, 2, 100000)]
    names = [report_folder.run_id(moment) for moment in moments]
    assert names[:2] == [FIRST, SECOND]
    assert names == sorted(names)


def test_a_run_gets_a_folder_of_its_own(tmp_path):
    """The files are there under their names, and nothing else is."""
    folder = report_folder.write(tmp_path / "new" / "reports", FIRST, {"report.json": "{}", "report.txt": "é"})
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {
        "report.json": "{}",
        "report.txt": "é",
    }


def test_a_run_that_can_not_be_written_leaves_nothing(tmp_path):
    """A file that fails takes the run's folder with it, so that nobody reads half a report."""
    with pytest.raises(OSError):  # noqa: PT011  which error depends on the file system
        report_folder.write(tmp_path, FIRST, {"report.json": "{}", "no/such/folder": ""})
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_run_is_never_overwritten(tmp_path):
    """Two runs of one name are an error, and the first stays whole."""
    report_folder.write(tmp_path, FIRST, {"report.json": "first"})
    with pytest.raises(FileExistsError):
        report_folder.write(tmp_path, FIRST, {"report.json": "second"})
    assert (tmp_path / FIRST / "report.json").read_text() == "first"


def test_latest_moves_to_the_newest(tmp_path):
    """The link is relative, so the folder can be moved, and is replaced as a whole."""
    for run in (FIRST, SECOND):
        report_folder.write(tmp_path, run, {"report.json": run})
        report_folder.point_latest(tmp_path, run)
        assert (tmp_path / "latest" / "report.json").read_text() == run
    assert str((tmp_path / "latest").readlink()) == SECOND
    assert sorted(path.name for path in tmp_path.iterdir()) == [FIRST, SECOND, "latest"]


def test_a_folder_called_latest_stays(tmp_path):
    """What is no link is not ours to replace."""
    (tmp_path / "latest").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  which error depends on the file system
        report_folder.point_latest(tmp_path, FIRST)
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_earlier_reports_come_newest_first(tmp_path):
    """Each once, although latest points at one of them; broken and foreign entries are passed over."""
    put(tmp_path, FIRST, '{"n": 1}')
    put(tmp_path, SECOND, '{"n": 2}')
    put(tmp_path, "20261123T110203Z-000003", '{"n": 3')
    put(tmp_path, "20261123T110203Z-000004", "[1, 2]")
    put(tmp_path, "20261123T110203Z-000005", "[" * 100000)
    put(tmp_path, "notes", '{"n": 6}')
    (tmp_path / "20261123T110203Z-000007").write_text("a file")
    (tmp_path / "20261123T110203Z-000008").mkdir()
    (tmp_path / "20261123T110203Z-000009").mkdir()
    (tmp_path / "20261123T110203Z-000009" / "report.json").write_bytes(b"\xff\xfe")
    report_folder.point_latest(tmp_path, SECOND)
    assert [report["n"] for report in report_folder.earlier(tmp_path)] == [2, 1]


def test_no_folder_means_no_earlier_reports(tmp_path):
    """The first run of all finds nothing, and makes no fuss."""
    assert list(report_folder.earlier(tmp_path / "none")) == []


def test_old_reports_are_not_read_for_ever(tmp_path, monkeypatch):
    """The search ends after a number of reports, so a long history costs no time."""
    monkeypatch.setattr(report_folder, "HISTORY_DEPTH", 2)
    for number in range(4):
        put(tmp_path, f"20261123T110203Z-00000{number}", json.dumps({"n": number}))
    assert [report["n"] for report in report_folder.earlier(tmp_path)] == [3, 2]


def test_only_the_newest_are_kept(tmp_path):
    """Older runs go; what latest points at, and what no run has left, stays."""
    runs = [f"20261123T110203Z-00000{number}" for number in range(5)]
    for run in runs:
        put(tmp_path, run, "{}")
    report_folder.point_latest(tmp_path, runs[0])
    (tmp_path / "notes").mkdir()
    (tmp_path / "20261123T110203Z-000009").write_text("a file")
    assert report_folder.keep_newest(tmp_path, 0) == []
    assert len(list(tmp_path.iterdir())) == 8
    assert report_folder.keep_newest(tmp_path, 3) == []
    kept = {runs[0], runs[3], runs[4], "20261123T110203Z-000009", "latest", "notes"}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_the_last_audit_outlives_investigations(tmp_path):
    """However many runs that looked for no risks come after it, the next audit finds what it is compared with."""
    runs = [f"20261123T11020{second}Z-000000" for second in range(6)]
    for second, run in enumerate(runs):
        put(tmp_path, run, '{"summaries": [{"module": "oss_bucket_acl"}]}' if second < 3 else '{"summaries": []}')
    assert report_folder.keep_newest(tmp_path, 2) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [runs[2], *runs[4:]]


def test_a_run_that_is_a_link_is_not_followed(tmp_path):
    """Somebody may have put an archive there; neither the link nor what it leads to is removed."""
    archive = tmp_path / "archive"
    archive.mkdir()
    reports = tmp_path / "reports"
    put(reports, SECOND, "{}")
    (reports / FIRST).symlink_to(archive)
    report_folder.keep_newest(reports, 1)
    assert archive.is_dir()
    assert (reports / FIRST).is_symlink()
