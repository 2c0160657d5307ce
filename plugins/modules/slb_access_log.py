#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: slb_access_log
short_description: Keep the access logs of load balancers switched on
version_added: "0.1.0"
description:
  - Finds every load balancer (CLB and ALB) of an account whose access logs don't arrive in Log Service, and switches
    them on, with all that they need. In check mode it only reports.
  - The Log Service project and logstore, its full-text index, and for CLBs the service-linked role that may write to
    Log Service, are made where they are missing. What is there already is used as it is, and never changed.
  - A CLB without a layer-7 listener (HTTP, HTTPS) and an NLB have no access logs. They count as V(not_applicable).
  - A log setting whose project or logstore no longer exists counts as off, and so does one to the logstore that this
    module chooses (see O(log_project) and O(log_store)) while that has no index, since nobody can search it.
  - So does the setting of a CLB while the account has none of the two roles that may deliver, since SLB then delivers
    nothing and says nothing of it. Where they can't be read, it is V(unknown). For ALBs no role is looked for.
  - Also finds listeners that lead to an administration port. Which of them can go, no call can tell, so these risks are
    reported with C(blocked_by), and left to be closed by hand.
  - An undo deletes a project, a logstore or an index only while it holds no logs, and the role only where no CLB had a
    log setting before. What is kept is named in the result of M(hardening.alicloud.restore).
options:
  types:
    description:
      - The kinds of load balancers to look at.
    type: list
    elements: str
    choices: [clb, alb, nlb]
    default: [clb, alb]
  names:
    description:
      - Patterns of names or ids, as a shell has them. A pattern that begins with V(!) leaves load balancers out.
    type: list
    elements: str
    default: ["*"]
  tags:
    description:
      - Only load balancers that have all of these tags.
    type: dict
    default: {}
  log_project:
    description:
      - Name of the Log Service project for the logs of a region, which has to lie in that region. Names are global, so
        one without V({region}) is for load balancers of one region; none is made while those of several want it.
      - V({region}) and V({account_id}) stand for the region and the account.
      - Without it, C(hardening-slb-{account_id}-{region}) is where logs are sent that go nowhere, and load balancers
        that log to another place are left as they are. With it, those are moved.
    type: str
  log_store:
    description:
      - Name of the logstore. V({type}) stands for C(clb) or C(alb), beside V({region}) and V({account_id}).
      - Without it, C({type}-access-log). As with O(log_project), giving it moves the load balancers that log elsewhere.
    type: str
  retention_days:
    description:
      - How long a logstore that is made keeps its logs. V(3650) is for ever.
      - A logstore that is there keeps its own retention. A shorter one is warned about.
    type: int
    default: 180
  admin_ports:
    description:
      - Ports that no listener should lead to, neither by its own port nor by that of its servers. Empty looks at none.
    type: list
    elements: int
    default: [22, 3389]
  verify_delivery:
    description:
      - After logs were switched on, wait until an entry has arrived in each logstore. A load balancer without traffic
        delivers none, and then the task fails.
    type: bool
    default: false
  verify_timeout:
    description:
      - How many seconds to wait for that. A new logstore takes its first entry after a minute or more.
    type: int
    default: 300
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.run
  - hardening.alicloud.attributes
requirements:
  - aliyun-log-python-sdk >= 0.9.52, where access logs are on or are to be switched on
notes:
  - Moving logs takes two calls (there is none that changes the setting), and what is asked between them is not logged.
  - The published policy for enforcement lets a restore delete only in projects whose names begin with C(hardening-).
  - Which of the two roles that may deliver (C(AliyunServiceRoleForSlbLogDelivery), or C(AliyunLogArchiveRole) of older
    accounts) the service uses today is unconfirmed. Where neither exists, the first is made.
  - For CLBs, server groups of TCP listeners are looked at. For ALBs, those of default actions, not of forwarding rules.
seealso:
  - module: hardening.alicloud.restore
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Switch access logs on wherever they are off
  hardening.alicloud.slb_access_log:

- name: Send the logs of production to one place, and wait until they arrive
  hardening.alicloud.slb_access_log:
    tags: {env: prod}
    log_project: "acme-access-{region}"
    log_store: balancers
    retention_days: 365
    verify_delivery: true

- name: Look for listeners that lead to a shell or a desktop, NLBs included
  hardening.alicloud.slb_access_log:
    types: [clb, alb, nlb]
    admin_ports: [22, 3389, 5985, 5986]
  check_mode: true
"""

RETURN = r"""
risks:
  description: Every load balancer that fails a control. See M(hardening.alicloud.oss_bucket_acl) for the fields.
  returned: always
  type: list
  elements: dict
summary:
  description: Counts of load balancers, each under one status.
  returned: always
  type: dict
  sample: {examined: 12, compliant: 10, open: 1, fixed: 0, whitelisted: 0, unknown: 0, not_applicable: 1}
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
journal:
  description: The restore journal that the changes were written to.
  returned: when something was changed
  type: str
"""

from dataclasses import dataclass
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.alb import DISABLE, ENABLE
from ansible_collections.hardening.alicloud.plugins.module_utils.balancers import (
    KINDS,
    LAYER_7,
    Balancer,
    Listener,
    read_balancers,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.delivery import (
    OLDER_ROLE,
    ROLE,
    Delivery,
    Target,
    arrived,
    check_names,
    obstacle,
    prepare,
    read_delivery,
    role_for,
    strays,
    target,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import enforce
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError, Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.retry import wait_for
from ansible_collections.hardening.alicloud.plugins.module_utils.slb import DELETE, SET
from ansible_collections.hardening.alicloud.plugins.module_utils.sls import Place
from ansible_collections.hardening.alicloud.plugins.module_utils.values import (
    COMPLIANT,
    FIXED,
    NOT_APPLICABLE,
    OPEN,
    UNKNOWN,
    Call,
    Change,
    Finding,
)

LOGS = "slb-instance-log-enabled"
PORTS = "slb-listener-risk-ports-check"
EXPECTED = "access logs that arrive in Log Service"
BY_HAND = "nothing tells which listeners can go: remove it by hand, or whitelist it"
# Kind to product, and the calls that switch logs on and off.
CALLS = {"clb": ("slb", SET, DELETE), "alb": ("alb", ENABLE, DISABLE)}


@dataclass(frozen=True)
class State:
    """The load balancers in scope, and what their logs need."""

    balancers: list[Balancer]
    delivery: Delivery


def read(cloud: Cloud, options: SimpleNamespace, only: frozenset[str] | None) -> State:
    """Every load balancer in scope by lists of whole regions; of Log Service and RAM only what their logs need."""
    if not all(1 <= port <= 65535 for port in options.admin_ports):
        raise OptionError("admin_ports: a port is a number from 1 to 65535.")
    check_names(options, cloud.account_id)
    balancers = read_balancers(cloud, options, only)
    loggers = [balancer for balancer in balancers if not balancer.unread and silent(balancer) is None]
    return State(balancers, read_delivery(cloud, options, loggers))


def assess(state: State, options: SimpleNamespace) -> list[Finding]:
    """Each load balancer under both controls; an unreadable region is unknown under the first."""
    findings = []
    for balancer in state.balancers:
        findings.append(judge_log(state.delivery, balancer, options))
        if options.admin_ports and not balancer.unread:
            findings.append(judge_ports(balancer, options.admin_ports))
    return findings


def silent(balancer: Balancer) -> str | Unread | None:
    """Why a load balancer has no access logs to speak of; Unread where that can't be told, None where it has."""
    if balancer.kind == "nlb":
        return "an NLB has no access logs; flow logs of its VPC come nearest"
    if balancer.kind == "alb":
        return None
    if isinstance(balancer.listeners, Unread):
        return balancer.listeners
    if any(listener.protocol in LAYER_7 for listener in balancer.listeners):
        return None
    return "it has no layer-7 listener (HTTP or HTTPS), and only those are logged"


def judge_log(delivery: Delivery, balancer: Balancer, options: SimpleNamespace) -> Finding:
    """Whether the access logs of a load balancer arrive somewhere."""
    resource = balancer.resource
    reason = balancer.unread or silent(balancer)
    if isinstance(reason, str):
        return Finding(LOGS, resource, NOT_APPLICABLE, EXPECTED, evidence=(reason,))
    for unread in (reason, balancer.log):
        if isinstance(unread, Unread):
            return Finding(LOGS, resource, UNKNOWN, EXPECTED, "not readable", unread=(unread,))
    place = delivery.places[(resource.region, *balancer.log)] if balancer.log else None
    role = role_for(delivery, balancer.kind)
    if strays(balancer, options, delivery.account_id, delivery.places):
        wanted = target(options, delivery.account_id, resource.region, balancer.kind)
        evidence = (
            f"access logs go to {'/'.join(balancer.log)}, which {amiss(place)}" if place else "access logs are off"
        )
        return close(delivery, balancer, options, wanted, evidence)
    unread = tuple(one for one in (place, role) if isinstance(one, Unread))
    if unread:
        return Finding(LOGS, resource, UNKNOWN, EXPECTED, f"logs to {'/'.join(balancer.log)}", unread=unread)
    if not role:
        evidence = f"neither the role {ROLE} nor {OLDER_ROLE} exists, so nothing is delivered"
        return close(delivery, balancer, options, balancer.log, evidence)
    return Finding(LOGS, resource, COMPLIANT)


def amiss(place: Place) -> str:
    """What is wrong with the place that logs go to, where something is."""
    if not place.there:
        return "does not exist any more"
    if place.indexed is False:
        return "has no index, so that nobody can search them"
    return "is not where log_project and log_store want them"


def close(delivery: Delivery, balancer: Balancer, options: SimpleNamespace, wanted: Target, evidence: str) -> Finding:
    """The finding that the logs are lost, with the changes that make them arrive at wanted, or what is in their way."""
    resource = balancer.resource
    actual = f"logs to {'/'.join(balancer.log)}" if balancer.log else "off"
    blocked_by, unread = obstacle(options, delivery, resource.region, wanted, balancer.kind)
    changes: tuple[Change, ...] = ()
    if not blocked_by:
        prepared, needs = prepare(options, delivery, resource.region, wanted, balancer.kind)
        changes = (*prepared, *redirect(balancer, wanted, needs))
    return Finding(LOGS, resource, OPEN, EXPECTED, actual, (evidence,), changes, blocked_by, unread=unread)


def redirect(balancer: Balancer, wanted: Target, needs: tuple[str, ...]) -> tuple[Change, ...]:
    """The changes of a load balancer's own setting: none replaces another, so that one is switched off before."""
    old = balancer.log
    if old == wanted:
        return ()
    product, on, off = CALLS[balancer.kind]

    def call(action: str, place: Target) -> Call:
        at = {"RegionId": balancer.resource.region, "LoadBalancerId": balancer.resource.id}
        return Call(product, action, {**at, "LogProject": place[0], "LogStore": place[1]})

    line = f"access_log: {'/'.join(wanted)}"
    switch_on = Change(balancer.resource, call(on, wanted), call(off, wanted), "access_log: off", line, needs)
    if old is None:
        return (switch_on,)
    before = f"access_log: {'/'.join(old)}"
    switch_off = Change(balancer.resource, call(off, old), call(on, old), before, "access_log: off")
    return (switch_off, switch_on)


def judge_ports(balancer: Balancer, admin_ports: list[int]) -> Finding:
    """Whether a listener leads to an administration port, by its own port or by that of its servers."""
    expected = f"no listener that leads to port {', '.join(map(str, admin_ports))}"
    listeners = balancer.listeners
    if isinstance(listeners, Unread):
        return Finding(PORTS, balancer.resource, UNKNOWN, expected, "not readable", unread=(listeners,))
    risky = [sentence for listener in listeners for sentence in leads(listener, admin_ports)]
    if risky:
        evidence = (*risky, f"the load balancer faces the {balancer.exposure}") if balancer.exposure else tuple(risky)
        return Finding(
            PORTS, balancer.resource, OPEN, expected, "; ".join(risky), evidence=evidence, blocked_by=BY_HAND
        )
    unread = {listener.back for listener in listeners if isinstance(listener.back, Unread)}
    if unread:
        return Finding(PORTS, balancer.resource, UNKNOWN, expected, "not readable", unread=tuple(unread))
    return Finding(PORTS, balancer.resource, COMPLIANT)


def leads(listener: Listener, admin_ports: list[int]) -> list[str]:
    """A sentence for a listener that leads to administration ports; none for another."""
    front = {port for port in admin_ports if listener.first <= port <= listener.last}
    back = set() if isinstance(listener.back, Unread) else listener.back.intersection(admin_ports)
    if not front | back:
        return []
    one = listener.first == listener.last
    name = f"{listener.protocol} listener on port {listener.first if one else f'{listener.first}-{listener.last}'}"
    return [f"{name} leads to port {', '.join(map(str, sorted(front | back)))}"]


def verify(cloud: Cloud, options: SimpleNamespace, findings: list[Finding]) -> list[str]:
    """What has not arrived within the time, where logs were switched on and somebody wants to see them."""
    if not options.verify_delivery:
        return []
    waiting = {
        (finding.resource.region, *target(options, cloud.account_id, finding.resource.region, kind_of(finding)))
        for finding in findings
        if (finding.control, finding.status) == (LOGS, FIXED)
    }
    waiting, errors = wait_for(waiting, lambda place: arrived(cloud, place), cloud, options.verify_timeout)
    return errors + [
        f"Access logs are on, but no entry arrived in {project}/{logstore} within {options.verify_timeout} seconds; "
        "a load balancer without traffic logs nothing."
        for _unused, project, logstore in sorted(waiting)
    ]


def kind_of(finding: Finding) -> str:
    """clb or alb, by the resource's type."""
    return "alb" if finding.resource.type == "ACS::ALB::LoadBalancer" else "clb"


def main() -> None:
    """Declare the options."""
    enforce(
        spec={
            "types": {"type": "list", "elements": "str", "choices": list(KINDS), "default": ["clb", "alb"]},
            "names": {"type": "list", "elements": "str", "default": ["*"]},
            "tags": {"type": "dict", "default": {}},
            "log_project": {"type": "str"},
            "log_store": {"type": "str"},
            "retention_days": {"type": "int", "default": 180},
            "admin_ports": {"type": "list", "elements": "int", "default": [22, 3389]},
            "verify_delivery": {"type": "bool", "default": False},
            "verify_timeout": {"type": "int", "default": 300},
        },
        read=read,
        assess=assess,
        verify=verify,
    )


if __name__ == "__main__":
    main()
