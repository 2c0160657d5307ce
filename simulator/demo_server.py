# SPDX-License-Identifier: GPL-3.0-or-later
"""The one server of the demo: what its sshd could have logged, and an inventory in which this machine stands for it.

The simulated cloud has no machines, so there is nothing to log in to. The log is made up: work from the office, and
not a word of the attack.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKYO = timezone(timedelta(hours=9))
DAYS = 9  # the investigation asks for eight
NAME, INSTANCE, OFFICE = "acme-web-1", "i-6weacmeweb1", "203.0.113.10"


def server(folder: Path) -> Path:
    """Write the server's log and sshd's configuration into a folder; return the inventory that leads to them."""
    log = folder / "auth.log"
    log.write_text("".join(f"{line}\n" for line in messages(datetime.now(UTC))), encoding="utf-8")
    (folder / "sshd_config").write_text("Port 22\n", encoding="utf-8")
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "alicloud_instance_id": INSTANCE,
        "ssh_investigation_logins_become": False,
        "ssh_investigation_logins_journal": False,
        "ssh_investigation_logins_paths": [f"{log}*"],
        "ssh_investigation_logins_config": str(folder / "sshd_config"),
        "ssh_investigation_logins_timezone": "Asia/Tokyo",
    }
    inventory = folder / "servers.yml"
    inventory.write_text(yaml.safe_dump({"ssh_servers": {"hosts": {NAME: variables}}}), encoding="utf-8")
    return inventory


def messages(now: datetime) -> Iterator[str]:
    """The lines of the log until now, oldest first, as a syslog daemon writes them in Tokyo."""
    moment = (now - timedelta(days=DAYS)).astimezone(TOKYO).replace(minute=17, second=1, microsecond=0)
    number = 2000
    while moment <= now:
        number += 1
        session = "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)"
        yield f"{moment.isoformat()} {NAME} CRON[{number}]: {session}"
        if moment.hour == 10:
            login, logout = moment + timedelta(minutes=4), moment + timedelta(minutes=31)
            who = f"{OFFICE} port {40000 + number}"
            yield f"{login.isoformat()} {NAME} sshd[{number}]: Accepted publickey for deploy from {who} ssh2"
            yield f"{logout.isoformat()} {NAME} sshd[{number}]: Disconnected from user deploy {who}"
        moment += timedelta(hours=1)
