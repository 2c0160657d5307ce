# SPDX-License-Identifier: GPL-3.0-or-later
"""A real OpenSSH server on loopback for as long as a test needs it, and what real clients made it log.

As root it runs in namespaces of its own, beside a journald of its own that owns its /dev/log, so its messages come with
the journal's fields. Elsewhere it writes them to its standard error, and the reader stamps each as a syslog daemon does
when it arrives; then there is no journal, and every line bears the one process id that is known.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
JOURNALD = Path("/lib/systemd/systemd-journald")
LIFETIME = 120  # seconds after which the server ends by itself, should nobody stop it
PATIENCE = 10
USER = getpass.getuser()
STRANGER = "nobody-here"
FORGED = "x from 192.0.2.66 port 5 ssh2"
PASSWORD = "correct-horse-battery"

CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/accepted.pub
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
MaxAuthTries 2
PidFile none
"""
# Nothing of it is seen outside: mounts and processes are in namespaces that end with their first process.
APART = """\
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/systemd /run/log/journal "$1/dev"
mount --bind "$1/journal" /run/log/journal
mount -t tmpfs tmpfs /etc/systemd
printf '[Journal]\\nStorage=volatile\\n' > /etc/systemd/journald@logins.conf
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs /dev
for node in null zero full random urandom tty; do touch /dev/$node; mount --bind "$1/dev/$node" /dev/$node; done
ln -s /run/systemd/journal.logins/dev-log /dev/log
"$3" logins &
while [ ! -S /dev/log ]; do sleep 0.1; done
exec "$2" -D -f "$1/sshd_config"
"""


@dataclass(frozen=True)
class Message:
    """What sshd wrote: when (seconds since 1970, UTC), in which process, and what."""

    moment: float
    pid: int
    text: str


@dataclass
class Recording:
    """What sshd wrote while clients came, and where its journal is (None: it had none)."""

    port: int
    folder: Path
    journal: Path | None = None
    messages: list[Message] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)  # the ports that the clients without ssh came from


def record(folder: Path) -> Recording:
    """Start the server, let clients come, stop it, and give what it wrote."""
    with serving(folder) as recording:
        come(recording)
    if recording.journal:
        recording.journal = next(recording.journal.iterdir())
        recording.messages = list(journaled(recording.journal))
    return recording


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Recording]:
    """The server, which ends with the block."""
    for name in ("host", "accepted", "wrong", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    recording = Recording(free_port(), folder)
    settings = CONFIGURATION.format(port=recording.port, folder=folder)
    (folder / "sshd_config").write_text(settings, encoding="utf-8")
    apart = os.geteuid() == 0 and JOURNALD.exists() and may_unshare()
    with journaling(recording) if apart else stamping(recording):
        wait_for_banner(recording.port)
        yield recording


def may_unshare() -> bool:
    """Whether this root may make namespaces and mount in them; in some containers it may not."""
    command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "tmpfs", "/run"]
    with contextlib.suppress(OSError):
        return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode == 0
    return False


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def journaling(recording: Recording) -> Iterator[None]:
    """The server beside a journald of its own."""
    recording.journal = recording.folder / "journal"
    recording.journal.mkdir()
    apart = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    script = ["sh", "-c", APART, "sh", str(recording.folder), SSHD, str(JOURNALD)]
    process = subprocess.Popen(["timeout", str(LIFETIME), *apart, *script])
    try:
        yield
    finally:
        stop(process)


@contextlib.contextmanager
def stamping(recording: Recording) -> Iterator[None]:
    """The server alone, each line stamped when it arrives."""
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    command = ["timeout", str(LIFETIME), SSHD, "-D", "-e", "-f", str(recording.folder / "sshd_config")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)

    def stamp() -> None:
        for line in process.stderr:
            text = line.decode("utf-8", "replace").rstrip()
            recording.messages.append(Message(time.time(), process.pid, text))

    reader = Thread(target=stamp)
    reader.start()
    try:
        yield
    finally:
        stop(process)
        reader.join(PATIENCE)
        process.stderr.close()


def stop(process: subprocess.Popen) -> None:
    """End a server: `timeout` hands the signal on to what it runs."""
    time.sleep(0.3)  # its last messages are on their way
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def journaled(journal: Path) -> Iterator[Message]:
    """What sshd wrote into the journal. Of a process that was gone at once, journald knows no command."""
    names = [f"SYSLOG_IDENTIFIER={name}" for name in ("sshd", "sshd-session", "sshd-auth")]
    command = ["journalctl", f"--directory={journal}", "--output=json", *names]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for record_ in map(json.loads, shown.splitlines()):
        yield Message(int(record_["__REALTIME_TIMESTAMP"]) / 1e6, int(record_["_PID"]), record_["MESSAGE"])


def wait_for_banner(port: int) -> None:
    """Wait until the server greets."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
            if line.recv(4) == b"SSH-":
                return
        time.sleep(0.1)
    pytest.fail("sshd did not start")


# Clients


def come(recording: Recording) -> None:
    """Everybody who knocks at the door, one after the other."""
    assert ssh(recording, USER, "accepted") == 0
    assert ssh(recording, USER, "wrong") != 0
    assert ssh(recording, STRANGER, "wrong") != 0
    assert ssh(recording, FORGED, "wrong") != 0
    assert ssh(recording, USER, "wrong", "other", "host") != 0
    assert ssh(recording, STRANGER, options=["KexAlgorithms=ecdh-sha2-nistp256", "Ciphers=3des-cbc"]) != 0
    assert guess(recording, STRANGER) != 0
    recording.ports["http"] = knock(recording.port, b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
    recording.ports["silent"] = knock(recording.port, b"")


def ssh(
    recording: Recording, user: str, *keys: str, options: tuple | list = ("BatchMode=yes",), **variables: str
) -> int:
    """One client of OpenSSH; its exit code."""
    settings = ["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "IdentitiesOnly=yes", "LogLevel=QUIET"]
    command = ["ssh", "-F", "none", "-p", str(recording.port), "-l", user]
    command += [word for setting in (*settings, *options) for word in ("-o", setting)]
    command += [word for key in keys for word in ("-i", str(recording.folder / key))]
    return subprocess.run(
        [*command, "127.0.0.1", "true"],
        env={"PATH": os.environ["PATH"], "HOME": str(recording.folder), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE * 2,
        check=False,
    ).returncode


def guess(recording: Recording, user: str) -> int:
    """A client that tries one password."""
    script = recording.folder / "guess"
    script.write_text(f"#!/bin/sh\necho {PASSWORD}\n", encoding="utf-8")
    script.chmod(0o700)
    options = ["NumberOfPasswordPrompts=1", "PubkeyAuthentication=no", "PreferredAuthentications=password"]
    return ssh(recording, user, options=options, SSH_ASKPASS=str(script), SSH_ASKPASS_REQUIRE="force", DISPLAY="none")


def knock(port: int, words: bytes) -> int:
    """A client that is none of SSH: it says this, or nothing, and leaves; the port that it came from."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as line:
        line.recv(256)
        if words:
            line.sendall(words)
            with contextlib.suppress(OSError):
                line.recv(256)
        return line.getsockname()[1]
