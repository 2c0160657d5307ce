#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_verdict
short_description: Conclude whether attacks on SSH could have reached a server
version_added: "0.1.0"
description:
  - Puts together what other modules read about attacks on SSH, and concludes for each event of Security Center what was
    attacked, whether it could have reached sshd of a server at that time, and which of eight explanations stand how.
  - It reads and changes nothing itself, and needs no connection to the cloud.
  - Nothing is confirmed or ruled out, and no server called not reachable, unless the data that decides it was read
    completely and holds for that time. What is left out of the options counts as not read, never as quiet.
  - Alerts are other records than attack events. Both are investigated, and O(alerts) only those that speak of logins.
options:
  attack_events:
    description:
      - The RV(hardening.alicloud.security_center_info#module:attack_events). Those of another type, at
        another port, are left out.
    type: list
    elements: dict
    default: []
  alerts:
    description:
      - The RV(hardening.alicloud.security_center_info#module:alerts).
    type: list
    elements: dict
    default: []
  exposure:
    description:
      - The whole result of M(hardening.alicloud.ssh_exposure_info), also if it failed. It has to be of all servers. If
        its O(hardening.alicloud.ssh_exposure_info#module:instances) left some out, they count as not read, as far as
        an address leads to them, and those that have none are taken not to exist.
    type: dict
    default: {}
  changes:
    description:
      - The whole result of M(hardening.alicloud.network_change_info), also if it failed. It has to be of the ports that
        O(exposure) is of.
    type: dict
    default: {}
  logins:
    description:
      - The whole results of M(hardening.alicloud.ssh_login_info), one of each server.
    type: list
    elements: dict
    default: []
  probes:
    description:
      - Connections that were tried from outside, each with C(address), C(port), C(vantage) (from where), C(open),
        C(time) and C(error).
    type: list
    elements: dict
    default: []
  source_lists:
    description:
      - Lists of CIDR blocks by name, as exits of Tor or offices of your own. Sources in them are marked so; that proves
        nothing.
    type: dict
    default: {}
  timezone:
    description:
      - The time zone of who reads it, by its IANA name.
    type: str
    default: UTC
  account_id:
    description:
      - The account that the events belong to.
    type: str
    default: ""
  at:
    description:
      - When all of this was read. The default is now.
    type: str
  regions:
    description:
      - The regions that were looked at, if not all of the account's. What lies in the others counts as not read.
    type: list
    elements: str
    default: []
  unread:
    description:
      - What else could not be read, a text each, as the servers that could not be reached.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Does the same in check mode.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: hardening.alicloud.security_center_info
  - module: hardening.alicloud.ssh_exposure_info
  - module: hardening.alicloud.network_change_info
  - module: hardening.alicloud.ssh_login_info
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Conclude
  hardening.alicloud.ssh_verdict:
    attack_events: "{{ center.attack_events }}"
    alerts: "{{ center.alerts }}"
    exposure: "{{ exposure }}"
    changes: "{{ changes }}"
    logins: "{{ [logins] }}"
    timezone: Asia/Tokyo
    source_lists:
      Tor exits: [23.129.64.0/24]
  register: verdict

- name: Say it
  ansible.builtin.debug:
    msg: "{{ verdict.investigations | map(attribute='sentence') }}"
"""

RETURN = r"""
investigations:
  description: One for each event about SSH, the gravest first.
  returned: always
  type: list
  elements: dict
  contains:
    id: {description: The same in every run that looks at this event., type: str, sample: attack-0f6d2c9f1f3a}
    account_id: {description: The account., type: str, sample: "1234567890123456"}
    kind: {description: V(attack) for an attack event or V(alert) for an alert., type: str, sample: attack}
    event:
      description: What Security Center says. What it does not say is null.
      type: dict
      contains:
        source: {description: Address that it came from., type: str, sample: 23.129.64.201}
        source_lists: {description: Names of the O(source_lists) that hold the source., type: list, elements: str}
        port: {description: Port that it went to., type: int, sample: 22}
        count: {description: How often., type: int, sample: 9}
        status: {description: V(block) for what was blocked; of an alert its level., type: str, sample: block}
        address: {description: Address that was attacked., type: str, sample: 203.0.113.80}
        private_ip: {description: Private address that it names., type: str}
        instance_id: {description: Instance that it names., type: str}
        instance_name: {description: Name that it gives., type: str, sample: acme-web-slb}
        region: {description: Region that it names., type: str}
        first_seen: {description: When it began., type: str, sample: "2026-02-27T04:01:15Z"}
        last_seen: {description: When it was last seen., type: str, sample: "2026-02-27T04:01:15Z"}
        local_time: {description: When it began in O(timezone)., type: str, sample: "2026-02-27 13:01:15"}
        timezone: {description: The O(timezone)., type: str, sample: Asia/Tokyo}
    target:
      description: What the attacked address belonged to at that time, as far as is known.
      type: dict
      contains:
        kind:
          description:
            - V(clb), V(nlb), V(alb), V(nat), V(eip), V(instance), V(ipv6), V(former) for an address that was given back
              before, V(none) for one that is none of the account, or V(unknown).
          type: str
          sample: clb
        id: {description: Its id., type: str, sample: lb-6weacmeweb}
        name: {description: Its name., type: str, sample: acme-web-slb}
        address: {description: The attacked address., type: str, sample: 203.0.113.80}
        text: {description: The same as a sentence., type: str}
    servers: {description: Ids of the servers that it may be about., type: list, elements: str}
    verdict:
      description:
        - Whether it could have reached sshd of one of these servers at that time, V(reachable), V(not_reachable) or
          V(unknown). What a server logged goes before what the configuration says.
      type: str
      sample: not_reachable
    sentence: {description: The conclusion in plain words., type: str}
    hypotheses:
      description: The eight explanations, the best first.
      type: list
      elements: dict
      contains:
        id: {description: V(H1) to V(H8)., type: str, sample: H1}
        name:
          description:
            - V(wrong-target), V(blocked-at-border), V(dropped-by-agent), V(time-or-rotation), V(open-for-a-while),
              V(another-path), V(stale-asset-mapping) or V(false-positive).
          type: str
          sample: wrong-target
        title: {description: The explanation as a sentence., type: str}
        standing:
          description: V(confirmed), V(likely), V(possible), V(undecided), V(unlikely) or V(ruled_out).
          type: str
          sample: likely
        for: {description: What speaks for it., type: list, elements: str}
        against: {description: What speaks against it., type: list, elements: str}
        decides: {description: What would decide it., type: list, elements: str}
    paths:
      description:
        - The paths of these servers as in RV(hardening.alicloud.ssh_exposure_info#module:servers), each with
          C(server), the id of the server, C(admits), whether it lets the event's source through today (null if not
          known), and C(stopped_by), the first gate that stops that source, or null.
      type: list
      elements: dict
    timeline:
      description: What bears on it, in the order of time.
      type: list
      elements: dict
      contains:
        time: {description: "In UTC; null for before anything was read.", type: str, sample: "2026-02-27T04:01:15Z"}
        until: {description: "Its end, if it lasted; null also for until now.", type: str}
        kind:
          description: V(attack), V(alert), V(change), V(opening), V(login), V(address) or V(probe).
          type: str
          sample: attack
        text: {description: What it is., type: str}
        actor: {description: Who did it., type: str}
        source: {description: From where., type: str}
        outcome: {description: "What came of it; V(possible) for an opening that is not known for sure.", type: str}
        count: {description: How many of the same it stands for., type: int, sample: 9}
    unread: {description: What could not be read that bears on this event., type: list, elements: str}
"""

from datetime import UTC, datetime
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.clues_reading import gather, moment
from ansible_collections.hardening.alicloud.plugins.module_utils.investigation import investigate
from ansible_collections.hardening.alicloud.plugins.module_utils.offline import conclude


def think(options: SimpleNamespace) -> dict:
    """The investigations of everything that the options hold."""
    return {"investigations": investigate(gather(options, moment(options.at, "at") or datetime.now(UTC)))}


def main() -> None:
    """Declare the options."""
    rows = {"type": "list", "elements": "dict", "default": []}
    result = {"type": "dict", "default": {}}
    conclude(
        spec={
            "attack_events": rows,
            "alerts": rows,
            "exposure": result,
            "changes": result,
            "logins": rows,
            "probes": rows,
            "source_lists": result,
            "timezone": {"type": "str", "default": "UTC"},
            "account_id": {"type": "str", "default": ""},
            "at": {"type": "str"},
            "regions": {"type": "list", "elements": "str", "default": []},
            "unread": {"type": "list", "elements": "str", "default": []},
        },
        think=think,
    )


if __name__ == "__main__":
    main()
