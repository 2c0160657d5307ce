# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_login_info reads of what a real OpenSSH server logged, in the formats in which servers keep it."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests import sshd
from tests.harness import ROOT, result_of, run
from tests.sshd import FORGED, PASSWORD, STRANGER, USER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.sshd import Message, Recording

pytestmark = [
    pytest.mark.usefixtures("collection"),
    pytest.mark.skipif(not sshd.SSHD or not shutil.which("ssh"), reason="OpenSSH (openssh-server) is not installed"),
]

DAY = 86400
# What the clients of tests/sshd.py leave behind: who came, with what end, and how they tried.
EXPECTED = {
    ("accepted", USER, "publickey"),
    ("disconnected", USER, None),
    ("invalid_user", STRANGER, None),
    ("invalid_user", FORGED, None),
    ("disconnected", FORGED, None),
    ("too_many_attempts", USER, None),
    ("failed", STRANGER, "password"),
    ("no_agreement", None, None),
    ("not_ssh", None, None),
    ("no_identification", None, None),
}
# A computer in three zones: whole hours ahead, half an hour more, and one that changes its clocks.
ZONES = ["UTC", "Asia/Tokyo", "Asia/Kolkata", "America/New_York"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Give what a real server wrote."""
    return sshd.record(tmp_path_factory.mktemp("sshd"))


def login_info(folder: Path, **options: object) -> dict:
    """Run the module on the logs in a folder, the machine's own journal left alone unless a directory is named."""
    given = {
        "paths": [f"{folder}/auth.log*", f"{folder}/secure*"],
        "journal": "journal_directory" in options,
        "config": str(folder / "sshd_config"),
        "timezone": "UTC",
        **options,
    }
    path = given.pop("PATH", os.environ["PATH"])
    variables = {"PATH": path, "PYTHONPATH": str(ROOT / ".ansible" / "collections")}
    return result_of(*run("ssh_login_info", given, variables))


def traditional(message: Message, zone: str = "UTC") -> str:
    """A message as a line of a syslog daemon on a server in this zone."""
    local = datetime.fromtimestamp(message.moment, ZoneInfo(zone))
    return f"{local:%b} {local.day:2d} {local:%H:%M:%S} web-1 sshd[{message.pid}]: {message.text}\n"


def rfc3339(message: Message, zone: str = "UTC") -> str:
    """The same in the format that newer syslog daemons use."""
    local = datetime.fromtimestamp(message.moment, ZoneInfo(zone))
    return f"{local.isoformat()} web-1 sshd[{message.pid}]: {message.text}\n"


def moved(messages: Iterable[Message], seconds: float) -> list[Message]:
    """The messages, as though they had been written at another time."""
    return [replace(message, moment=message.moment + seconds) for message in messages]


def write(path: Path, lines: Iterable[str], changed: float, pack=bytes) -> None:
    """A log file that was last changed at this moment."""
    path.write_bytes(pack("".join(lines).encode()))
    os.utime(path, (changed, changed))


def kept(folder: Path, messages: list[Message], zone: str = "UTC") -> None:
    """The messages in one file."""
    write(folder / "auth.log", [traditional(one, zone) for one in messages], messages[-1].moment)


def words(result: dict) -> set[tuple]:
    """The attempts without what differs from run to run."""
    return {(one["outcome"], one["user"], one["method"]) for one in result["attempts"]}


def utc(moment: float) -> str:
    """A moment as the result shows it."""
    return f"{datetime.fromtimestamp(moment, ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}"


def times(result: dict) -> list[str]:
    """When the attempts were."""
    return [one["time"] for one in result["attempts"]]


# What the server wrote


def test_through_ansible(recording, tmp_path):
    """Run as Ansible runs it on a server, the module tells what each client did, from where, and when."""
    kept(tmp_path, recording.messages)
    options = {"paths": [f"{tmp_path}/auth.log*"], "journal": False, "timezone": "UTC"}
    command = [
        *(Path(sys.executable).with_name("ansible"), "localhost", "-c", "local", "-i", "localhost,"),
        *("-e", json.dumps({"ansible_python_interpreter": sys.executable})),
        *("-m", "hardening.alicloud.ssh_login_info", "-a", json.dumps(options)),
    ]
    variables = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    shown = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout
    result = json.loads(shown.partition("=>")[2])
    assert words(result) >= EXPECTED
    assert {one["source"] for one in result["attempts"]} == {"127.0.0.1"}
    assert {one["host"] for one in result["attempts"]} == {"web-1"}
    assert result["unread"] == []


def test_clients_ports(recording, tmp_path):
    """A client that never speaks SSH is known by the port that it came from."""
    kept(tmp_path, recording.messages)
    came = {one["outcome"]: one["port"] for one in login_info(tmp_path)["attempts"]}
    assert came["not_ssh"] == recording.ports["http"]
    assert came["no_identification"] == recording.ports["silent"]


def test_journal(recording, tmp_path):
    """The journal that journald wrote gives the same attempts as the lines in a file, at the same times."""
    if not recording.journal:
        pytest.skip("a journald of its own needs root and namespaces")
    kept(tmp_path, recording.messages)
    from_file = login_info(tmp_path)
    from_journal = login_info(tmp_path, paths=[], journal_directory=str(recording.journal))
    assert words(from_journal) >= EXPECTED
    assert times(from_journal) == times(from_file)
    assert {one["line_source"] for one in from_journal["attempts"]} == {"journal"}


@pytest.mark.parametrize("form", [traditional, rfc3339])
def test_journal_and_file(recording, tmp_path, form):
    """What stands in the journal and in a file counts once; what only the file has counts too."""
    if not recording.journal:
        pytest.skip("a journald of its own needs root and namespaces")
    here = os.uname().nodename
    lines = [form(one).replace("web-1", here) for one in recording.messages]
    earlier = [form(one).replace("web-1", here) for one in moved(recording.messages, -3600)]
    write(tmp_path / "auth.log", earlier + lines, recording.messages[-1].moment)
    both = login_info(tmp_path, journal_directory=str(recording.journal))
    journal = login_info(tmp_path, paths=[], journal_directory=str(recording.journal))
    assert len(both["attempts"]) == 2 * len(journal["attempts"])
    assert [one["line_source"] for one in both["attempts"]].count("journal") == len(journal["attempts"])


def test_secrets(recording, tmp_path):
    """Neither a password nor what sshd says of a key is in the result."""
    kept(tmp_path, recording.messages)
    assert any("SHA256:" in one.text for one in recording.messages)
    shown = json.dumps(login_info(tmp_path))
    assert PASSWORD not in shown
    assert "SHA256" not in shown


def test_ports(tmp_path):
    """While the server runs, the port that it really listens on is named, and how much it logs."""
    with sshd.serving(tmp_path) as server:
        told = login_info(tmp_path)["server"]
    assert server.port in told["ports"]
    assert told["log_level"] == "INFO"


# Zones and years


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("form", [traditional, rfc3339])
def test_zones(recording, tmp_path, zone, form):
    """Whatever zone a server is in, the times are those in UTC."""
    lines = [form(one, zone) for one in recording.messages]
    write(tmp_path / "auth.log", lines, recording.messages[-1].moment)
    result = login_info(tmp_path, timezone=zone)
    expected = {utc(one.moment) for one in recording.messages}
    assert words(result) >= EXPECTED
    assert set(times(result)) <= expected
    assert {one["other_time"] for one in result["attempts"]} == {None}


def test_new_year(recording, tmp_path):
    """A log over the turn of a year, read in the following autumn, is dated in both years."""
    turn = datetime(2025, 12, 31, 15, 0, tzinfo=ZoneInfo("UTC")).timestamp()  # midnight in Tokyo
    half = len(recording.messages) // 2
    old = moved(recording.messages, turn - recording.messages[half].moment)
    kept(tmp_path, old, "Asia/Tokyo")
    result = login_info(tmp_path, timezone="Asia/Tokyo", since=utc(turn - DAY), until=utc(turn + DAY))
    assert words(result) >= EXPECTED
    assert set(times(result)) <= {utc(one.moment) for one in old}
    assert min(times(result)) < utc(turn)
    assert max(times(result)) >= utc(turn)


def test_hour_that_comes_twice(recording, tmp_path):
    """In the hour that New York's clocks show twice, both times are given, until the clock is seen to go back."""
    first = datetime(2025, 11, 2, 5, 30, tzinfo=ZoneInfo("UTC")).timestamp()  # 01:30, and again an hour later
    once = moved(recording.messages, first - recording.messages[0].moment)
    window = {"since": utc(first - DAY), "until": utc(first + DAY), "timezone": "America/New_York"}
    later = [replace(once[0], moment=first + 9 * 3600, text="Server listening on 127.0.0.1 port 22.")]
    kept(tmp_path, [*once, *later], "America/New_York")
    alone = login_info(tmp_path, **window)
    kept(tmp_path, [*once, *moved(once, 3600 - 600), *later], "America/New_York")
    twice = login_info(tmp_path, **window)
    assert {one["other_time"] is not None for one in alone["attempts"]} == {True}
    assert times(alone)[0] >= utc(first)
    assert {one["other_time"] for one in twice["attempts"]} == {None}
    assert len(twice["attempts"]) == 2 * len(alone["attempts"])


NOON = 1795435200  # 2026-11-23T12:00:00Z
FAILED = "sshd[7]: Failed password for root from 198.51.100.7 port 1 ssh2"


@pytest.mark.parametrize(
    "lines",
    [
        # Other lines that stand before, behind and among it, and are dated wrong
        ["2026-11-19T00:00:00Z web-1 cron: x", f"2026-11-23T04:00:00Z web-1 {FAILED}", "1999-12-31 00:00:00 x"],
        ["2030-01-01T00:00:00Z web-1 cron: x", f"2026-11-23T04:00:00Z web-1 {FAILED}"],
        ["Nov 19 00:00:00 web-1 cron: x", f"Nov 23 04:00:00 web-1 {FAILED}", "Nov 20 00:00:00 web-1 kernel: x"],
    ],
)
def test_wrong_clock(tmp_path, lines):
    """A line that is dated wrong hides no other, and the log is not taken for whole."""
    write(tmp_path / "auth.log", [f"{line}\n" for line in lines], NOON)
    result = login_info(tmp_path, since="2026-11-20", until="2026-11-24")
    assert times(result) == ["2026-11-23T04:00:00Z"]
    assert [log["complete"] for log in result["logs"]] == [False]
    assert "times leap" in result["logs"][0]["reason"]


def test_wrong_clock_in_the_next_file(tmp_path):
    """The year of a file does not follow from a line of the next one that is dated wrong."""
    wrong = "1999-12-31T00:00:00Z web-1 cron: x\n"
    write(tmp_path / "auth.log", [wrong, f"Nov 23 04:00:00 web-1 {FAILED}\n"], NOON)
    write(tmp_path / "auth.log.1", [f"Nov 22 12:00:00 web-1 {FAILED}\n"], NOON - DAY)
    result = login_info(tmp_path, since="2026-11-20", until="2026-11-24")
    assert times(result) == ["2026-11-22T12:00:00Z", "2026-11-23T04:00:00Z"]
    assert [log["complete"] for log in result["logs"]] == [False, False]


def test_zone_that_was_changed(recording, tmp_path):
    """Lines whose times don't fit the file's last change are told of: the server was in another zone then."""
    kept(tmp_path, recording.messages, "Asia/Tokyo")
    (log,) = login_info(tmp_path, timezone="UTC")["logs"]
    assert not log["complete"]
    assert "9:00 h after its last change" in log["reason"]
    assert "zone" not in (login_info(tmp_path, timezone="Asia/Tokyo")["logs"][0]["reason"] or "")


# Rotated files


PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("names", [("auth.log", "auth.log.1", "auth.log.2"), ("secure", "secure-{1}", "secure-{2}")])
def test_rotated(recording, tmp_path, packed, names):
    """Numbered, dated and compressed files are one log, whole from before the window's beginning to its end."""
    end = recording.messages[-1].moment
    days = [f"{datetime.fromtimestamp(end - age * DAY, ZoneInfo('UTC')):%Y%m%d}" for age in range(3)]
    for age, name in enumerate(names):
        path = tmp_path / (name.format(*days) + (packed if age else ""))
        lines = [traditional(one) for one in moved(recording.messages, -age * DAY)]
        write(path, lines, end - age * DAY, PACKED[packed] if age else bytes)
    result = login_info(tmp_path, since=utc(end - 2 * DAY + 3600), until=utc(end + 60))
    whole = login_info(tmp_path, since=utc(end - 9 * DAY), until=utc(end + 60))
    assert [log["file"] for log in result["logs"]] == [
        str(tmp_path / (name.format(*days) + (packed if age else ""))) for age, name in enumerate(names)
    ]
    assert {log["complete"] for log in result["logs"]} == {True}
    assert len(whole["attempts"]) * 2 == len(result["attempts"]) * 3
    assert [log["complete"] for log in whole["logs"]] == [True, True, False]
    assert "rotated away" in whole["logs"][-1]["reason"]
    assert whole["unread"] == result["unread"] == []


@pytest.mark.skipif(not shutil.which("zstd"), reason="zstd is not installed")
def test_zstd(recording, tmp_path):
    """A file compressed with zstd is read through the program of that name."""
    kept(tmp_path, recording.messages)
    subprocess.run(["zstd", "--quiet", "--rm", tmp_path / "auth.log"], check=True)
    assert words(login_info(tmp_path)) >= EXPECTED


def test_missing_file(recording, tmp_path):
    """A number that is missing among rotated files is a hole."""
    end = recording.messages[-1].moment
    for number, name in ((0, "auth.log"), (2, "auth.log.2")):
        write(tmp_path / name, map(traditional, moved(recording.messages, -number * DAY)), end - number * DAY)
    logs = {log["file"][-5:]: log for log in login_info(tmp_path)["logs"]}
    assert not logs["h.log"]["complete"]
    assert "auth.log.1 is missing" in logs["h.log"]["reason"]


def test_folded_lines(recording, tmp_path):
    """A line that stands for three more counts as three."""
    failed = next(one for one in recording.messages if one.text.startswith("Failed password"))
    folded = replace(failed, text=f"message repeated 3 times: [ {failed.text}]")
    dropped = "exited MaxStartups throttling after 00:00:10, 5 connections dropped"
    kept(tmp_path, [failed, folded, replace(folded, text=f"message repeated 3 times: [ {dropped}]")])
    result = login_info(tmp_path)
    assert [one["outcome"] for one in result["attempts"]] == ["failed"] * 4
    assert "dropped 15 connections" in result["logs"][0]["reason"]


# What can't be read


def test_no_log(tmp_path):
    """Where there is no log, that is told, and the module fails."""
    result = login_info(tmp_path)
    assert result["failed"]
    assert [one["code"] for one in result["unread"]] == ["NoLog"]


def test_damaged_file(recording, tmp_path):
    """Of a damaged file, what can be read is kept, and the rest is unread."""
    kept(tmp_path, recording.messages)
    whole = login_info(tmp_path)
    older = "".join(traditional(one) for one in moved(recording.messages * 200, -DAY))
    packed = gzip.compress(older.encode())
    (tmp_path / "auth.log.1.gz").write_bytes(packed[: len(packed) * 3 // 4])
    result = login_info(tmp_path)
    assert result["failed"]
    assert [one["what"] for one in result["unread"]] == [str(tmp_path / "auth.log.1.gz")]
    assert len(result["attempts"]) > len(whole["attempts"])
    assert [log["complete"] for log in result["logs"]] == [True, False]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\x04\x22\x4d\x18 lz4", "UnknownCompression"), (b"no log\n" * 9, "UnknownFormat"), (b"BZh9none", None)],
)
def test_file_of_another_kind(recording, tmp_path, content, code):
    """A file that is no log, or compressed in a way that is not known, is unread; the others are read."""
    kept(tmp_path, recording.messages)
    (tmp_path / "auth.log.1").write_bytes(content)
    result = login_info(tmp_path)
    assert result["failed"]
    assert [one["what"] for one in result["unread"]] == [str(tmp_path / "auth.log.1")]
    assert code in (None, result["unread"][0]["code"])
    assert words(result) >= EXPECTED


def test_journal_that_is_not_there(tmp_path):
    """A journal's directory that is named has to hold a journal."""
    result = login_info(tmp_path, journal_directory=str(tmp_path / "none"))
    assert result["failed"]
    assert "journal" in [one["what"] for one in result["unread"]]


def test_rotation_while_reading(recording, tmp_path):
    """Files that are renamed while they are read may have been missed, so the result is not taken for whole."""
    kept(tmp_path, recording.messages)
    (tmp_path / "auth.log.1").write_bytes(b"\x28\xb5\x2f\xfd and so on")
    program = tmp_path / "zstd"
    program.write_text(f"#!/bin/sh\nmv {tmp_path}/auth.log {tmp_path}/auth.log.2\n", encoding="utf-8")
    program.chmod(0o700)
    result = login_info(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert [one["code"] for one in result["unread"]] == ["Rotated"]


def test_log_that_nobody_writes_to(recording, tmp_path):
    """A log that was last written to before the window is no proof of silence within it."""
    kept(tmp_path, moved(recording.messages, -9 * DAY))
    result = login_info(tmp_path)
    assert result["attempts"] == []
    assert [log["complete"] for log in result["logs"]] == [False]
    assert "may go elsewhere" in result["logs"][0]["reason"]


JOURNAL_RECORD = {
    "__REALTIME_TIMESTAMP": "1795443968139536",
    "_COMM": "sshd",
    "MESSAGE": "Connection closed by 192.0.2.1",
}


@pytest.mark.parametrize(
    ("says", "ends", "code"),
    [
        ("Hint: You are currently not seeing messages from other users and the system.", 0, "EACCES"),
        ("No journal files were opened due to insufficient permissions.", 1, "EACCES"),
        ("Journal file system.journal is truncated, ignoring file.", 0, "Incomplete"),
        ("Failed to iterate through journal: Bad message", 1, "Failed"),
        ("", 1, "Failed"),
    ],
)
def test_journal_that_is_not_whole(tmp_path, says, ends, code):
    """Where journalctl can't show all of the journal, it is unread, and what it showed is kept."""
    program = tmp_path / "journalctl"
    program.write_text(
        f"#!/bin/sh\necho '{json.dumps(JOURNAL_RECORD)}'\necho '{says}' >&2\nexit {ends}\n", encoding="utf-8"
    )
    program.chmod(0o700)
    path = f"{tmp_path}:{os.environ['PATH']}"
    window = {"since": "2026-11-23T00:00:00Z", "until": "2026-11-24T00:00:00Z"}
    result = login_info(tmp_path, PATH=path, journal=True, **window)
    assert [one["code"] for one in result["unread"]] == [code]
    assert [one["outcome"] for one in result["attempts"]] == ["disconnected"]
    assert [log["complete"] for log in result["logs"]] == [False]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to nobody else")
def test_file_of_root(recording):
    """What another user may not read is unread, not empty."""
    folder = Path("/tmp") / f"logins-{os.getpid()}"  # noqa: S108 - pytest's own folders are closed to other users
    folder.mkdir()
    try:
        kept(folder, recording.messages)
        (folder / "auth.log").chmod(0o600)
        code = (
            "import os, sys; sys.path.insert(0, sys.argv[1]);"
            "from ansible_collections.hardening.alicloud.plugins.module_utils import login_reads as reads;"
            "os.setgid(65534); os.setuid(65534); list(reads.lines(sys.argv[2]))"
        )
        collections = str(ROOT / ".ansible" / "collections")
        command = [sys.executable, "-c", code, collections, str(folder / "auth.log")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Permission denied" in ended.stderr
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("level", ["QUIET", "ERROR"])
def test_silent_server(recording, tmp_path, level):
    """Logs of a server that is told to log no attempts are never complete."""
    kept(tmp_path, recording.messages)
    (tmp_path / "sshd_config").write_text(f"LogLevel {level}\n", encoding="utf-8")
    result = login_info(tmp_path)
    assert result["server"]["log_level"] == level
    assert {log["complete"] for log in result["logs"]} == {False}
    assert f"LogLevel is {level}" in result["logs"][0]["reason"]


def test_mounted_configuration(recording, tmp_path):
    """The ports of a configuration from elsewhere are its own, whatever listens on this machine."""
    kept(tmp_path, recording.messages)
    (tmp_path / "sshd_config").write_text("Port 2201\n", encoding="utf-8")
    assert login_info(tmp_path)["server"]["ports"] == [2201]


def test_limit(recording, tmp_path):
    """Beyond max_attempts only accepted logins are kept, and the others are told of."""
    kept(tmp_path, recording.messages)
    result = login_info(tmp_path, max_attempts=1)
    assert [one["outcome"] for one in result["attempts"]][-1] == "accepted"
    assert len(result["attempts"]) <= 2
    assert [one["code"] for one in result["unread"]] == ["TooMany"]


# Options


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"since": "yesterday"}, ["since", "'yesterday'", "2026-02-27"]),
        ({"since": "2026-02-30"}, ["since", "'2026-02-30'"]),
        ({"since": "2026-02-28", "until": "2026-02-27"}, ["since", "before until"]),
        ({"timezone": "Mars/Olympus"}, ["timezone", "'Mars/Olympus'", "Asia/Tokyo"]),
        ({"timezone": "../../etc/passwd"}, ["timezone", "Asia/Tokyo"]),
    ],
)
def test_wrong_option(tmp_path, options, parts):
    """An option that makes no sense is named, with how to write it."""
    said = login_info(tmp_path, **options)["msg"]
    assert [part for part in parts if part not in said] == []


def test_window(recording, tmp_path):
    """Only what lies in the window is returned; its end does not belong to it."""
    kept(tmp_path, recording.messages)
    everything = login_info(tmp_path)
    middle = times(everything)[len(everything["attempts"]) // 2]
    later = (datetime.fromisoformat(middle) + timedelta(days=1)).isoformat()
    assert times(login_info(tmp_path, since=middle, until=later)) == [one for one in times(everything) if one >= middle]
    earlier = (datetime.fromisoformat(middle) - timedelta(days=1)).isoformat()
    assert times(login_info(tmp_path, since=earlier, until=middle)) == [
        one for one in times(everything) if one < middle
    ]
