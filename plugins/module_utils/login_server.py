# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of itself: its name, its addresses, its zone, and where its sshd listens and how it logs.

Pure functions read the texts; the others fetch them, and give nothing where there is nothing to fetch.
The module that uses this runs on servers, whose Python may be as old as 3.8.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import socket
import subprocess
import time
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Iterator, NamedTuple

from .errors import OptionError
from .login_times import fixed_offset, shown_offset

LOCAL_ZONE = "/etc/localtime"
ZONES = "/usr/share/zoneinfo"
CONFIG = "/etc/ssh/sshd_config"
INSTANCE_ID = "/var/lib/cloud/data/instance-id"  # cloud-init's
SSHD_PLACES = "/usr/sbin:/usr/local/sbin:/sbin:/usr/bin"
SSHD_PATIENCE = 20  # seconds
LISTENING = "0A"
INCLUDES = 16  # as deep as sshd itself follows Include


class Sshd(NamedTuple):
    """How sshd is set, as far as it can be known; an empty text is what nobody told.

    log_file: where it writes its messages itself, instead of handing them to syslog.
    """

    ports: list[int]
    log_level: str = ""
    facility: str = ""
    log_file: str = ""


# The zone


def use_zone(name: str | None) -> str:
    """Have this process tell local times as this zone does, or as the server; the zone's name.

    The server's is that of its syslog daemon: /etc/localtime, not what the environment of a login says.
    """
    if name:
        os.environ["TZ"] = _as_posix(name)
        time.tzset()
        return name
    if Path(LOCAL_ZONE).exists():
        os.environ.pop("TZ", None)
    time.tzset()
    return _zone_name()


def _as_posix(name: str) -> str:
    seconds = fixed_offset(name)
    if seconds is not None:
        # POSIX counts westwards, and a name in brackets may hold no colon.
        return f"<{shown_offset(seconds).replace(':', '')}>{shown_offset(-seconds)}"
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", name) or not Path(ZONES, name).is_file():
        raise OptionError(f"timezone {name!r} is unknown on this server: write it as Asia/Tokyo or as +09:00.")
    return name


def _zone_name() -> str:
    place = os.path.realpath(LOCAL_ZONE)
    if "TZ" in os.environ or "zoneinfo/" not in place:
        return os.environ.get("TZ") or (_read("/etc/timezone") or time.tzname[0]).strip()
    return place.partition("zoneinfo/")[2]


def offset(moment: float) -> int:
    """Seconds that local time is ahead of UTC at a moment."""
    return time.localtime(moment).tm_gmtoff


# Name and addresses


def identity(instance_id: str | None, zone: str, moment: float) -> dict[str, object]:
    """What the result says of the server, sshd aside."""
    return {
        "host": socket.gethostname(),
        "instance_id": instance_id or (_read(INSTANCE_ID) or "").strip() or None,
        "addresses": addresses(_read("/proc/net/fib_trie") or "", _read("/proc/net/if_inet6") or ""),
        "timezone": zone,
        "utc_offset": shown_offset(offset(moment)),
    }


def addresses(fib_trie: str, if_inet6: str) -> list[str]:
    """A server's own addresses, from the kernel's tables; neither loopback nor link-local ones."""
    found = set(re.findall(r"\|-- ([\d.]+)\n\s+/32 host LOCAL", fib_trie))
    found |= {str(IPv6Address(int(line.split()[0], 16))) for line in if_inet6.splitlines() if line.strip()}
    kept = [one for one in map(ip_address, found) if not one.is_loopback and not one.is_link_local]
    return [str(one) for one in sorted(kept, key=lambda one: (one.version, int(one)))]


# sshd


def sshd(config: str) -> Sshd:
    """Where sshd listens: as the sockets show, else as it is set; and how it logs.

    Of a configuration that is not the server's own, only a process that was started with it counts: the file may be
    that of a disk which is mounted here.
    """
    told = _told(config)
    settings = effective(told) if told else configured(config)
    ports, log_file = listening("" if config == CONFIG else config)
    return settings._replace(ports=ports or settings.ports, log_file=log_file)


def _told(config: str) -> str:
    """What sshd says its settings are, if it can be asked."""
    program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:{SSHD_PLACES}")
    if not program:
        return ""
    command = [program, "-T", "-f", config]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SSHD_PATIENCE,
            check=False,
        )
        return "" if done.returncode else done.stdout.decode("utf-8", "replace")
    return ""


def effective(text: str) -> Sshd:
    """The settings in what `sshd -T` prints: a keyword and its value a line."""
    return _settings([tuple(line.split(None, 1)) for line in text.splitlines() if " " in line])


def configured(path: str) -> Sshd:
    """The settings in sshd's configuration files, what they leave out as sshd takes it."""
    found = _settings(list(_keywords(path, INCLUDES)))
    return Sshd(found.ports or [22], found.log_level or "INFO", found.facility or "AUTH")


def _settings(pairs: list[tuple]) -> Sshd:
    """Of repeated settings the first counts, except for ports; an address with a port makes Port idle for it."""
    values: dict[str, list[str]] = {}
    for keyword, value in pairs:
        values.setdefault(keyword.lower(), []).append(value.strip().strip('"'))
    ports = {int(one) for one in values.get("port", []) if one.isdigit()} or {22}
    listen = [_port(one) for one in values.get("listenaddress", [])]
    if listen:
        ports = {one for one in listen if one} | (ports if None in listen else set())
    first = {keyword: found[0] for keyword, found in values.items()}
    level = first.get("loglevel", "").upper()
    # `sshd -T` has a name of its own for this one.
    return Sshd(sorted(ports), "QUIET" if level == "SILENT" else level, first.get("syslogfacility", "").upper())


def _port(address: str) -> int | None:
    """The port of a ListenAddress: `host:port`, `[v6]:port`; None for `host` and `v6`."""
    found = re.match(r"(?:\[[^\]]*\]|[^:\s]*):(\d+)(?:\s|$)", address)
    return int(found[1]) if found else None


def _keywords(path: str, deep: int) -> Iterator[tuple]:
    """The keywords of a configuration file and those it includes, up to what holds for some connections only."""
    for line in (_read(path) or "").splitlines():
        found = re.match(r"\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$", line)
        if not found:
            continue
        keyword, value = found[1].lower(), found[2]
        if keyword == "match":
            return
        if keyword != "include":
            yield keyword, value
        elif deep:
            for pattern in value.split():
                place = os.path.join("/etc/ssh", pattern.strip('"'))  # noqa: PTH118
                for included in sorted(glob.glob(place)):  # noqa: PTH207
                    yield from _keywords(included, deep - 1)


def listening(config: str = "") -> tuple:
    """The ports that running sshd's listen on, and a file that one of them writes its messages to.

    config: only those that were started with this configuration. Both are empty where another user's processes can't
    be looked into.
    """
    tables = [_read(f"/proc/net/{name}") or "" for name in ("tcp", "tcp6")]
    opened = [one for table in tables for one in open_ports(table)]
    ports: set[int] = set()
    log_file = ""
    for process, command in _listeners():
        if config and own_config(command) != config:
            continue
        inodes = _sockets(process)
        here = {port for port, inode in opened if inode in inodes}  # none for a server in a container
        ports |= here
        log_file = (here and own_log(command)) or log_file
    return sorted(ports), log_file


def _listeners() -> Iterator[tuple]:
    """The processes of sshd that take connections, not those that serve one: these listen for what they forward."""
    for process in glob.glob("/proc/[0-9]*"):  # noqa: PTH207
        command = (_read(f"{process}/cmdline") or "").replace("\0", " ")
        if (_read(f"{process}/comm") or "").strip() == "sshd" and is_listener(command):
            yield process, command


def own_log(command: str) -> str:
    """The file that a command line of sshd has it write its messages to, or an empty text."""
    found = re.search(r"\s-E\s*(\S+)", command)
    return found[1] if found else ""


def own_config(command: str) -> str:
    """The configuration file that a command line of sshd names, or an empty text."""
    found = re.search(r"\s-f\s*(\S+)", command)
    return found[1] if found else ""


def is_listener(command: str) -> bool:
    """Whether a command line of sshd is that of one that takes connections."""
    return "[listener]" in command or not command.startswith("sshd: ")


def _sockets(process: str) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for handle in os.scandir(f"{process}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(handle.path)
                if target.startswith("socket:["):
                    found.add(target[len("socket:[") : -1])
    return found


def open_ports(table: str) -> Iterator[tuple]:
    """(port, inode) of each listening socket in the kernel's table of TCP sockets."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTENING:
            yield int(fields[1].rpartition(":")[2], 16), fields[9]


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
