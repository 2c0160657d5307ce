#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_change_info
short_description: Find out who opened what to the internet, when, and for how long
version_added: "0.1.0"
description:
  - Reads from ActionTrail who changed security groups and their rules, prefix lists, network interfaces, EIPs,
    load balancers and DNAT entries of an account, and replays those changes backwards from the network of today. So it
    tells at which times public sources were let in to SSH, who opened and who closed it. It changes nothing.
  - Calls that the cloud refused changed nothing, and are left out.
  - What an event does not say of the time before it is not guessed. Unless something else tells, what it touched is
    V(unknown) for that time, and C(hidden_by) names the event. Adding a rule that is there already succeeds too, so
    whether an added rule had been there before is known from the time of its creation, while it is there, or from an
    event that removed it before. Rules are mostly removed by their ids, which tells what they were only if they were
    added within the window. What stood behind a load balancer, and whom its lists let by, is known from the events
    that made them.
  - An instance that is stopped in economical mode, which may be the account's default, loses its fixed public address,
    and gets another one when it is started. So who reached it before is V(unknown), unless the call that stopped it
    says that it keeps the address, it has that still, or an EIP. Its address counts as its own since it was started.
  - An instance that is stopped counts as stopped since the call that did it, or else all along. Whether an event tells
    of one that was shut down from within is not confirmed.
  - ActionTrail keeps 90 days. RV(complete_since) says from when on the replay holds.
  - Events show minutes late. How late is not documented, so of the last quarter of an hour before the run some may be
    missing; it can't be taken for quiet. RV(complete_until) is when that begins. A rule that was added meanwhile says
    so itself, though not who did it.
  - ActionTrail answers about two calls a second for an account, which is not confirmed either. A run takes a second
    for every two regions, and more where much is changed.
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
  ports:
    description:
      - The ports of servers whose opening matters.
    type: list
    elements: int
    default: [22]
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.attributes
seealso:
  - module: hardening.alicloud.ssh_exposure_info
  - module: hardening.alicloud.security_center_info
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Find out when SSH was open in the last week
  hardening.alicloud.network_change_info:
  register: history

- name: Show what opened something
  ansible.builtin.debug:
    msg: "{{ item.time }} {{ item.actor }} from {{ item.source_address }} {{ item.what }}"
  loop: "{{ history.changes | selectattr('opens') }}"

- name: Two months, and the port that sshd listens on
  hardening.alicloud.network_change_info:
    since: "2026-01-01"
    until: "2026-03-01"
    ports: [2222]
"""

RETURN = r"""
changes:
  description: Every change of the window that bears on who reaches a server, the oldest first.
  returned: always
  type: list
  elements: dict
  contains:
    time: {description: When., type: str, sample: "2026-02-27T04:01:15Z"}
    event: {description: The API's name., type: str, sample: AuthorizeSecurityGroup}
    service: {description: The product., type: str, sample: Ecs}
    region: {description: Its region., type: str, sample: ap-northeast-1}
    account_id: {description: The account., type: str, sample: "1234567890123456"}
    actor: {description: "User or role, V(root) for the account itself.", type: str, sample: ops}
    actor_type:
      description:
        - V(root-account), V(ram-user), V(assumed-role), or V(service-role) for what a product of the cloud did by
          itself, as Security Center does when it blocks addresses. V(unseen) for a rule that was created though no
          event tells by whom.
      type: str
      sample: ram-user
    access_key_id: {description: "The access key that was used, masked.", type: str, sample: LTAI…0001}
    source_address: {description: Where the call came from., type: str, sample: 203.0.113.10}
    user_agent: {description: What it was made with., type: str, sample: aliyun-cli}
    resource: {description: ARN of what was changed., type: str}
    resource_id: {description: Its id., type: str, sample: sg-bp1web}
    what: {description: What was done., type: str, sample: authorized tcp 22 from 0.0.0.0/0 in sg-bp1web}
    event_id: {description: Id of the event., type: str}
    opens: {description: Whether it let in anybody more to one of the ports; null if that is not known., type: bool}
openings:
  description:
    - Times in which public sources were let in, or may have been. What did not change within the window is here too.
    - Times may lie within each other. An office that is let in all along, and everybody for six minutes, are two.
  returned: always
  type: list
  elements: dict
  contains:
    kind: {description: "V(security_group), V(server), V(eip), V(listener) or V(forward).", type: str, sample: server}
    resource: {description: Its ARN., type: str, sample: "acs:ecs:ap-northeast-1:1234567890123456:instance/i-bp1web"}
    resource_id: {description: Its id., type: str, sample: i-bp1web}
    name: {description: Its name., type: str, sample: web-1}
    region: {description: Its region., type: str, sample: ap-northeast-1}
    port: {description: The port of servers., type: int, sample: 22}
    verdict: {description: "V(reachable), or V(unknown) where nobody gets in for sure.", type: str, sample: reachable}
    sources: {description: Public sources that got in for sure., type: list, elements: str, sample: [0.0.0.0/0]}
    possible_sources: {description: "Those, and the ones that may have.", type: list, elements: str}
    from: {description: When it began; null for before the window., type: str, sample: "2026-02-27T03:58:00Z"}
    to: {description: When it ended; null for not yet., type: str, sample: "2026-02-27T04:04:00Z"}
    opened_by: {description: "The change that began it, or null.", type: dict}
    closed_by: {description: "The change that ended it, or null.", type: dict}
    hidden_by:
      description: The change that does not say what was before it, for a V(unknown) time that it ends; else null.
      type: dict
    paths: {description: "Rules of a group, or paths, that let them in.", type: list, elements: str}
addresses:
  description: What each public address of the account belonged to, former ones included.
  returned: always
  type: list
  elements: dict
  contains:
    address: {description: "The address, empty where no event tells it.", type: str, sample: 203.0.113.80}
    kind: {description: "V(clb), V(nlb), V(alb), V(nat), V(eip), V(instance) or V(ipv6).", type: str, sample: eip}
    id: {description: Id of what had it., type: str, sample: eip-bp1old}
    region: {description: Its region., type: str, sample: ap-northeast-1}
    bound_to: {description: "Id of the instance or interface that an EIP was bound to, or empty.", type: str}
    from: {description: Since when; null for before the window., type: str}
    to: {description: Until when; null for still., type: str}
complete_since:
  description: The moment from which on the replay holds; null if no events could be read.
  returned: always
  type: str
  sample: "2026-02-20T12:00:00Z"
complete_until:
  description: The moment after which events may still be missing.
  returned: always
  type: str
  sample: "2026-02-27T11:45:00Z"
since:
  description: Beginning of the window.
  returned: always
  type: str
until:
  description: End of the window.
  returned: always
  type: str
unread:
  description: What could not be read, with the action, the error code and the request id.
  returned: always
  type: list
  elements: dict
account_id:
  description: The account that was looked at.
  returned: always
  type: str
  sample: "1234567890123456"
"""

from datetime import UTC, datetime
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils import moments, network_history, network_reads, trail
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import inform
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError


def look(cloud: Cloud, options: SimpleNamespace) -> dict:
    """Read the events first, for they name what else has to be read of the network, and replay them."""
    now = datetime.now(UTC)
    since, until = moments.window(options, now)
    check_ports(options.ports)
    history = trail.read(cloud, trail.regions_of(cloud, options.regions), since, now)
    network = network_reads.read(cloud, options, options.ports, also=network_history.named(history.events))
    found = network_history.tell(network, history, options.ports, until, cloud.account_id)
    return {**found, "since": moments.shown(since), "until": moments.shown(until)}


def check_ports(ports: list[int]) -> None:
    """OptionError for what is no port."""
    wrong = [str(port) for port in ports if not 1 <= port <= 65535]
    if wrong or not ports:
        raise OptionError(f"ports: {', '.join(wrong) or 'nothing'} is no TCP port from 1 to 65535.")


def main() -> None:
    """Declare the options."""
    inform(
        spec={
            "since": {"type": "str"},
            "until": {"type": "str"},
            "ports": {"type": "list", "elements": "int", "default": [22]},
        },
        look=look,
    )


if __name__ == "__main__":
    main()
