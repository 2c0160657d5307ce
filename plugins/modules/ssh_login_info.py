#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_login_info
short_description: Read from a server's own logs who tried to log in over SSH
version_added: "0.1.0"
description:
  - Runs on a server, reads what its sshd logged in a window of time, and changes nothing. It needs no key of the cloud.
  - Reads journald's journal and the files of the syslog daemon, rotated and compressed ones too. A message that stands
    in both counts once. All times come back in UTC.
  - Tells of each file when it begins and ends, and whether it holds the whole window. What could not be read stands in
    RV(unread); then the module fails at its end, and keeps everything that it found. Where there is no log at all, that
    is unread as well, never a server without attempts.
  - A file in syslog's traditional format names neither year nor zone. The year follows from the order of the lines and
    the file's last change, the zone is the server's. In the hour that its clocks show twice, an attempt may have two
    possible times. A file whose times go back by more than a day, or on by more than half a year, is not complete.
  - Sources are taken from where sshd itself wrote them, not from what a client chose as a name. Where that can't be
    told apart, the source is V(UNKNOWN).
requirements:
  - Linux. The program C(zstd), only where log files are compressed with it.
options:
  since:
    description:
      - Beginning of the window, as V(2026-02-27) or V(2026-02-27T04:00:00Z). Without a time zone it is UTC.
      - The default is seven days before O(until).
    type: str
  until:
    description:
      - End of the window. The default is now.
    type: str
  paths:
    description:
      - Patterns for the log files. They name rotated and compressed files as well.
    type: list
    elements: str
    default: ["/var/log/auth.log*", "/var/log/secure*"]
  journal:
    description:
      - Whether to read journald's journal too.
    type: bool
    default: true
  journal_directory:
    description:
      - A directory with the journal's files, to read instead of the server's own journal.
    type: path
  timezone:
    description:
      - The zone that times without one are in, as V(Asia/Tokyo) or V(+09:00). The default is that of the server,
        C(/etc/localtime).
      - It is only needed where the zone was changed since the lines were written, or the files come from elsewhere.
    type: str
  identifiers:
    description:
      - Names under which sshd logs. OpenSSH 9.8 and later log most as V(sshd-session).
    type: list
    elements: str
    default: [sshd, sshd-session, sshd-auth]
  config:
    description:
      - The configuration file of sshd. With another than the server's own, the ports of other sshd processes that run
        here don't count.
    type: path
    default: /etc/ssh/sshd_config
  instance_id:
    description:
      - Id of this server as an ECS instance. The default is what cloud-init noted on the server.
    type: str
  max_attempts:
    description:
      - How many attempts to return at most. Accepted logins are returned beyond it. Attempts that are left out are
        told of in RV(unread).
    type: int
    default: 100000
attributes:
  check_mode:
    description: Reads only, so it does the same.
    support: full
  diff_mode:
    description: Shows what changes.
    support: none
notes:
  - Run it as root, since others can read neither these files nor all of the journal.
  - It is in none of the collection's action groups, since it takes no options for a connection to the cloud.
  - Somebody who types a password where the name belongs leaves it in sshd's log as a name, and so in the result.
  - Every user of a server can write to its syslog. Files don't name the author. The journal does, so of what it holds
    only root's messages count, and of others those that tell how a connection ended.
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: What did sshd log in the last seven days?
  hardening.alicloud.ssh_login_info:
  become: true
  register: logins

- name: Who got in?
  ansible.builtin.debug:
    msg: "{{ logins.attempts | selectattr('outcome', '==', 'accepted') }}"

- name: One day, on a server whose clock was set to Tokyo then
  hardening.alicloud.ssh_login_info:
    since: "2026-02-27"
    until: "2026-02-28"
    timezone: Asia/Tokyo
  become: true

- name: The logs of a disk that is mounted elsewhere
  hardening.alicloud.ssh_login_info:
    paths: ["/mnt/var/log/auth.log*"]
    journal_directory: /mnt/var/log/journal
    config: /mnt/etc/ssh/sshd_config
    instance_id: i-bp1a2b3c4d5e6f7g8h9j
"""

RETURN = r"""
attempts:
  description:
    - What sshd said of those who came, oldest first, a message an attempt. One connection mostly leaves several.
  returned: always
  type: list
  elements: dict
  contains:
    time: {description: When it was logged., type: str, sample: "2026-02-27T04:01:15Z"}
    other_time:
      description: The other possible time, of a line in the hour that the clock showed twice; else null.
      type: str
    source:
      description: Address or name that it came from, or V(UNKNOWN).
      type: str
      sample: 23.129.64.201
    user: {description: The name that was given; null where the message names none., type: str, sample: root}
    outcome:
      description:
        - V(accepted), V(failed), V(partial) (one of several methods passed) and V(postponed) tell how a login went.
        - V(invalid_user), V(pam_failed), V(too_many_attempts) and V(refused) tell more of a login that failed.
        - V(disconnected) and V(timed_out) tell how a connection ended.
        - V(no_identification) came and said nothing, V(not_ssh) spoke something else, V(no_agreement) has no algorithm
          in common with the server.
        - V(dropped) was turned away at the door, V(penalised) will be, V(connected) is all that is known.
      type: str
      sample: failed
    method: {description: "How it was tried to log in, as V(password), or null.", type: str, sample: password}
    host: {description: Name of the server in the log., type: str, sample: web-1}
    port: {description: Port that it came from. Null where the message names none., type: int, sample: 50122}
    line_source: {description: "The file, or V(journal).", type: str, sample: /var/log/auth.log.1}
logs:
  description: The logs that were found, newest file first.
  returned: always
  type: list
  elements: dict
  contains:
    file: {description: "The file, or V(journal).", type: str, sample: /var/log/auth.log.2.gz}
    first: {description: When it begins., type: str, sample: "2026-02-20T00:00:04Z"}
    last: {description: When it ends., type: str, sample: "2026-02-26T23:59:51Z"}
    complete:
      description: Whether nothing of the window is missing in it, or before it.
      type: bool
      sample: true
    reason: {description: "Why not, or why it was not read; else null.", type: str}
server:
  description: What the server says of itself.
  returned: always
  type: dict
  contains:
    host: {description: Its name., type: str, sample: web-1}
    instance_id: {description: Its id as an ECS instance; null if unknown., type: str, sample: i-bp1a2b3c4d5e6f7g8h9j}
    addresses: {description: Its addresses beyond the loopback., type: list, elements: str, sample: [172.16.0.11]}
    timezone: {description: The zone that times without one were taken to be in., type: str, sample: Asia/Tokyo}
    utc_offset: {description: How far that zone is ahead of UTC at the window's end., type: str, sample: "+09:00"}
    ports:
      description: The ports on which sshd listens; where that can't be seen, those that it is set to listen on.
      type: list
      elements: int
      sample: [22]
    log_level: {description: "sshd's LogLevel. V(ERROR) and less leave attempts out.", type: str, sample: INFO}
since:
  description: Beginning of the window.
  returned: always
  type: str
  sample: "2026-02-20T04:00:00Z"
until:
  description: End of the window.
  returned: always
  type: str
  sample: "2026-02-27T04:00:00Z"
unread:
  description: What could not be read, each with C(what), C(action), C(code), C(message), and an empty C(request_id).
  returned: always
  type: list
  elements: dict
"""

from datetime import datetime, timezone
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils import login_server as server
from ansible_collections.hardening.alicloud.plugins.module_utils import login_times as times
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError
from ansible_collections.hardening.alicloud.plugins.module_utils.login_files import silence
from ansible_collections.hardening.alicloud.plugins.module_utils.login_lines import IDENTIFIERS
from ansible_collections.hardening.alicloud.plugins.module_utils.login_logs import Logs, Window
from ansible_collections.hardening.alicloud.plugins.module_utils.login_merge import Attempt, Attempts
from ansible_collections.hardening.alicloud.plugins.module_utils.offline import inform

DAYS = 7
SPEC = {
    "since": {"type": "str"},
    "until": {"type": "str"},
    "paths": {"type": "list", "elements": "str", "default": ["/var/log/auth.log*", "/var/log/secure*"]},
    "journal": {"type": "bool", "default": True},
    "journal_directory": {"type": "path"},
    "timezone": {"type": "str"},
    "identifiers": {"type": "list", "elements": "str", "default": list(IDENTIFIERS)},
    "config": {"type": "path", "default": server.CONFIG},
    "instance_id": {"type": "str"},
    "max_attempts": {"type": "int", "default": 100000},
}


def look(options: SimpleNamespace) -> dict:
    """The journal first, since its times are exact; then the files, and what they have beyond it."""
    window = window_of(options, datetime.now(timezone.utc).timestamp())
    zone = server.use_zone(options.timezone)
    sshd = server.sshd(options.config)
    attempts = Attempts(options.max_attempts)
    logs = Logs(window, attempts)
    if options.journal:
        logs.read_journal(options.journal_directory)
    logs.read_files(options.paths)
    logs.conclude(*silence(sshd.log_level, sshd.facility, sshd.log_file))
    about = server.identity(options.instance_id, zone, window.until)
    return {
        "attempts": [row(one) for one in attempts.in_order()],
        "logs": logs.found,
        "server": {**about, "ports": sshd.ports, "log_level": sshd.log_level},
        "since": times.shown(window.since),
        "until": times.shown(window.until),
        "unread": logs.unread,
    }


def window_of(options: SimpleNamespace, now: float) -> Window:
    """The window that the options ask for."""
    until = times.option("until", options.until, now)
    since = times.option("since", options.since, until - DAYS * times.DAY)
    if since >= until:
        raise OptionError(f"since ({times.shown(since)}) has to be before until ({times.shown(until)}).")
    return Window(since, until, frozenset(options.identifiers))


def row(one: Attempt) -> dict:
    """An attempt as the result shows it."""
    return {
        "time": times.shown(one.moment),
        "other_time": times.shown(one.other),
        "source": one.fact.source,
        "user": one.fact.user,
        "outcome": one.fact.outcome,
        "method": one.fact.method,
        "host": one.host,
        "port": one.fact.port,
        "line_source": one.source,
    }


def main() -> None:
    """Declare the options."""
    inform(SPEC, look)


if __name__ == "__main__":
    main()
