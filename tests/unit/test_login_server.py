# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_login_info finds out about a server and its sshd, and that it needs no Python newer than a server has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import login_server
from ansible_collections.hardening.alicloud.plugins.module_utils.login_server import Sshd

ROOT = Path(__file__).resolve().parents[2]
FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 172.16.0.0
           /20 link UNICAST
        |-- 172.16.0.11
           /32 host LOCAL
        |-- 172.16.15.255
           /32 link BROADCAST
        |-- 169.254.3.1
           /32 host LOCAL
Local:
        |-- 172.16.0.11
           /32 host LOCAL
        |-- 10.0.0.5
           /32 host LOCAL
"""
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fe8000000000000002163efffe000001 02 40 20 80     eth0
24084000000000000000000000000007 02 40 00 00     eth0
"""
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11111 1 0 100 0 0 10 0
   1: 0100007F:177A 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 22222 1 0 100 0 0 10 0
   2: 0B0010AC:0016 076433C6:C3CA 01 00000000:00000000 00:00000000 00000000     0        0 33333 1 0 20 4 30 10 -1
"""


def test_addresses():
    """A server's addresses are those that the kernel calls its own, without loopback and link-local ones."""
    assert login_server.addresses(FIB_TRIE, IF_INET6) == ["10.0.0.5", "172.16.0.11", "2408:4000::7"]
    assert login_server.addresses("", "") == []


def test_open_ports():
    """Only listening sockets count."""
    assert list(login_server.open_ports(TCP)) == [(22, "11111"), (6010, "22222")]
    assert list(login_server.open_ports("")) == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", True),
        ("/usr/sbin/sshd\0-D\0", True),
        ("sshd: root@pts/0", False),
        ("sshd: ops [priv]", False),
    ],
)
def test_listener(command, expected):
    """The process of a login listens for what that login forwards, not for logins."""
    assert login_server.is_listener(command) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sshd: /usr/sbin/sshd -D -E /srv/sshd.log [listener] 0 of 10-100 startups", "/srv/sshd.log"),
        ("/usr/sbin/sshd -D -E/srv/sshd.log ", "/srv/sshd.log"),
        ("/usr/sbin/sshd -D -e ", ""),
    ],
)
def test_own_log(command, expected):
    """A server that is told to write to a file of its own is known by its command line."""
    assert login_server.own_log(command) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sshd: /usr/sbin/sshd -D -f /srv/sshd_config [listener] 0 of 10-100 startups", "/srv/sshd_config"),
        ("/usr/sbin/sshd -f/srv/sshd_config ", "/srv/sshd_config"),
        ("/usr/sbin/sshd -D ", ""),
    ],
)
def test_own_config(command, expected):
    """A server that is started with a configuration of its own is known by its command line."""
    assert login_server.own_config(command) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("port 22\nloglevel INFO\nsyslogfacility AUTH\n", Sshd([22], "INFO", "AUTH")),
        ("port 22\nport 2222\nloglevel VERBOSE\nsyslogfacility LOCAL0\n", Sshd([22, 2222], "VERBOSE", "LOCAL0")),
        ("port 2222\nlistenaddress 0.0.0.0:2022\nlistenaddress [::]:2023\n", Sshd([2022, 2023], "", "")),
        ("loglevel SILENT\n", Sshd([22], "QUIET", "")),
    ],
)
def test_effective(text, expected):
    """What sshd says of itself gives its ports, its level and its facility."""
    assert login_server.effective(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Sshd([22], "INFO", "AUTH")),
        ("# Port 2222\n", Sshd([22], "INFO", "AUTH")),
        ("Port 2222\n  port=2223\nLogLevel quiet\nLogLevel DEBUG\n", Sshd([2222, 2223], "QUIET", "AUTH")),
        ("ListenAddress 172.16.0.11\nListenAddress [::]:2022\nPort 2222\n", Sshd([2022, 2222], "INFO", "AUTH")),
        ("ListenAddress ::\nPort 2222\n", Sshd([2222], "INFO", "AUTH")),
        ("Match User ops\nLogLevel QUIET\n", Sshd([22], "INFO", "AUTH")),
        ("Include {folder}/parts/*.conf\nPort 2222\n", Sshd([2022, 2222], "ERROR", "AUTH")),
        ("Include {folder}/sshd_config\nSyslogFacility LOCAL3\n", Sshd([22], "INFO", "LOCAL3")),
    ],
)
def test_configured(tmp_path, text, expected):
    """The same is read from the configuration files where sshd can't be asked."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "10-port.conf").write_text("Port 2022\nMatch all\nPort 1\n", encoding="utf-8")
    (tmp_path / "parts" / "20-level.conf").write_text("LogLevel error\n", encoding="utf-8")
    (tmp_path / "sshd_config").write_text(text.format(folder=tmp_path), encoding="utf-8")
    assert login_server.configured(str(tmp_path / "sshd_config")) == expected


@pytest.fixture(scope="module")
def shipped() -> set[str]:
    """Give the shared files that Ansible sends to a server along with the module."""
    code = (
        "import sys; import ansible_collections.hardening.alicloud.plugins.modules.ssh_login_info;"
        "print(*(name.rpartition('.')[2] for name in sys.modules if '.alicloud.plugins.module_utils.' in name))"
    )
    variables = {"PYTHONPATH": str(ROOT / ".ansible" / "collections")}
    shown = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    return set(shown.stdout.split())


def test_nothing_of_the_cloud_is_shipped(shipped):
    """The module needs none of the parts that reach the cloud, which need a newer Python and the SDKs."""
    assert {one for one in shipped if not one.startswith("login_")} == {"errors", "offline"}


def test_oldest_python(shipped):
    """What runs on a server needs nothing that came after Python 3.8, the oldest that ansible-core supports there."""
    shared = [ROOT / "plugins" / "module_utils" / f"{name}.py" for name in sorted(shipped)]
    files = [ROOT / "plugins" / "modules" / "ssh_login_info.py", *shared]
    command = [Path(sys.executable).with_name("vermin"), "--target=3.8-", "--violations", "--no-tips", *files]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
