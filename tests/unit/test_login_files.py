# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files ssh_login_info takes for one log, in which order, and what it finds missing."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import login_files
from hypothesis import given
from hypothesis import strategies as st

LOG = "/var/log/auth.log"


def orders(*names: str, changed: dict[str, float] | None = None) -> list[list[str]]:
    """The names of each log's files, newest first."""
    files = [login_files.file(f"/var/log/{name}", (changed or {}).get(name, 0)) for name in names]
    return [[one.path[len("/var/log/") :] for one in log] for log in login_files.logs(files)]


@pytest.mark.parametrize(
    ("name", "log", "number", "date"),
    [
        ("auth.log", LOG, None, None),
        ("auth.log.1", LOG, 1, None),
        ("auth.log.12.gz", LOG, 12, None),
        ("auth.log.2.zst", LOG, 2, None),
        ("auth.log-20261120", LOG, None, "20261120"),
        ("auth.log-20261120.xz", LOG, None, "20261120"),
        ("auth.log-2026112004", LOG, None, "2026112004"),
        ("auth.log-20261120-040115.gz", LOG, None, "20261120040115"),
        ("auth.log-2026-11-20", LOG, None, "20261120"),
        ("auth.log-1795443968", LOG, None, "1795443968"),
        ("auth.log.bak", f"{LOG}.bak", None, None),
    ],
)
def test_file(name, log, number, date):
    """A file's name tells which log it belongs to, and its number or date there."""
    found = login_files.file(f"/var/log/{name}", 7.0)
    assert found == login_files.File(f"/var/log/{name}", log, number, date, 7.0)


@pytest.mark.parametrize(
    "expected",
    [
        [["auth.log", "auth.log.1", "auth.log.2.gz", "auth.log.10.gz"]],
        [["secure", "secure-20261120", "secure-20261113.gz", "secure-20251231.gz"]],
        [["secure", "secure-2026112014", "secure-20261120", "secure-2026111923"]],
        [["auth.log", "auth.log.1"], ["secure", "secure-20261120"]],
        [["auth.log"], ["auth.log.bak"]],
    ],
)
@given(data=st.data())
def test_order(expected, data):
    """Files are in the order of their rotation, newest first, however they were found."""
    names = data.draw(st.permutations([name for log in expected for name in log]))
    assert orders(*names) == expected


def test_order_of_mixed_names():
    """Where the way of rotation was changed, the last changes of the files decide."""
    changed = {"secure": 9, "secure-20261120": 7, "secure.1": 3, "secure.2": 2}
    assert orders(*reversed(changed), changed=changed) == [list(changed)]


@pytest.mark.parametrize(
    ("names", "position", "expected"),
    [
        (["auth.log", "auth.log.1", "auth.log.2.gz"], 2, None),
        (["auth.log", "auth.log.2.gz"], 1, f"{LOG}.1 is missing"),
        (["auth.log", "auth.log.1", "auth.log.4.gz"], 2, f"{LOG}.3 is missing"),
        (["auth.log.1"], 0, None),
        (["auth.log-20261101", "auth.log-20261120"], 1, None),
    ],
)
def test_hole(names, position, expected):
    """A number that is left out is a file that is missing."""
    files = [login_files.file(f"/var/log/{name}", 0) for name in names]
    assert login_files.hole(files, position) == expected


def test_stray():
    """A copy beside a log is no log of its own."""
    assert login_files.stray(f"{LOG}.bak", [LOG, f"{LOG}.bak"])
    assert not login_files.stray(LOG, [LOG, f"{LOG}.bak", "/var/log/secure"])


@pytest.mark.parametrize(
    ("level", "facility", "file", "everywhere", "in_files"),
    [
        ("INFO", "AUTH", "", None, None),
        ("verbose", "AUTHPRIV", "", None, None),
        ("", "", "", None, None),
        ("ERROR", "AUTH", "", "LogLevel is ERROR", "LogLevel is ERROR"),
        ("quiet", "LOCAL0", "", "LogLevel is quiet", "LogLevel is quiet"),
        ("INFO", "LOCAL0", "", None, "SyslogFacility is LOCAL0"),
        ("INFO", "AUTH", "/srv/sshd.log", "to /srv/sshd.log", "to /srv/sshd.log"),
    ],
)
def test_silence(level, facility, file, everywhere, in_files):
    """A server that logs no attempts, or logs them elsewhere, leaves no log complete."""
    for found, expected in zip(login_files.silence(level, facility, file), (everywhere, in_files), strict=True):
        assert (found is None) == (expected is None)
        assert expected is None or expected in found


def test_late():
    """A log that begins after the window's beginning is not complete, nor is one that holds nothing."""
    assert login_files.late(99, 100) is None
    assert login_files.late(100, 100) is None
    assert "1970-01-01T00:01:41Z" in login_files.late(101, 100)
    assert "no dated line" in login_files.late(None, 100)


@pytest.mark.parametrize(
    ("ends", "part"),
    [
        ([1_000_000], None),
        ([1_000_000 - 2], None),
        ([1_000_000 - 500], None),  # copied since
        ([1_000_000 - 9 * 3600], "9:00 h before"),
        ([1_000_000 + 5 * 3600 + 1800 - 1], "5:30 h after"),
        ([1_000_000 - 3600, 1_000_000], None),  # in the hour that comes twice
        ([1_000_000 - 40 * 3600], None),
    ],
)
def test_other_zone(ends, part):
    """A last line that is whole quarters of an hour away from its file's last change speaks of another zone."""
    found = login_files.other_zone(ends, 1_000_000)
    assert (found is None) == (part is None)
    assert part is None or part in found
