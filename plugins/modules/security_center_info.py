#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_center_info
short_description: Read the Secure Score of Security Center, and what stands behind it
version_added: "0.1.0"
description:
  - Reads the score with its deductions, the findings of the config assessment for each check item and each resource,
    open vulnerabilities, unhandled alerts, and the attacks that were seen in a window of time. It changes nothing.
  - Each finding is joined to the control of this collection that it speaks of, and each of its resources to the ARN
    that the control modules report it under.
  - What the account's edition does not offer stands in RV(unavailable), and is no failure. What could not be read
    stands in RV(unread); then the module fails at its end, and keeps everything that it found.
  - Security Center's results are those of its last check. M(hardening.alicloud.security_center_whitelist) can have
    resources checked again.
options:
  since:
    description:
      - Beginning of the window for attacks, as V(2026-02-27) or V(2026-02-27T04:00:00Z). Without a time zone it is UTC.
      - The default is seven days before O(until).
    type: str
  until:
    description:
      - End of the window for attacks. The default is now.
    type: str
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.security_center
  - hardening.alicloud.attributes
seealso:
  - module: hardening.alicloud.security_center_whitelist
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Read the score and what stands behind it
  hardening.alicloud.security_center_info:
  register: center

- name: Show what deducts points
  ansible.builtin.debug:
    msg: "{{ center.score }}, because of {{ center.deductions }}"

- name: The attacks of one day
  hardening.alicloud.security_center_info:
    since: "2026-02-27"
    until: "2026-02-28"
"""

RETURN = r"""
score:
  description: The number that the console shows, V(home_security_score) where the account has it; null if unreadable.
  returned: always
  type: float
  sample: 85
scores:
  description: The score by each of Security Center's two models, V(legacy) and V(home_security_score), or null.
  returned: always
  type: dict
  sample: {legacy: 85, home_security_score: null}
band:
  description: Where the score lies, V(secure) from 95, V(few_risks) from 85, V(many_risks) from 70, else V(high_risk).
  returned: always
  type: str
  sample: few_risks
deductions:
  description: What takes points off, as the API gives it.
  returned: always
  type: list
  elements: dict
  contains:
    model: {description: V(legacy) or V(home_security_score)., type: str, sample: legacy}
    type: {description: Kind of risk., type: str, sample: SS_CLOUD_HC}
    sub_type: {description: Kind of risk within it., type: str, sample: CLOUD_HC_HIGH_LEVEL}
    title: {description: What it is called., type: str, sample: High-risk items of config assessment}
    points: {description: Points of the suggestion that this belongs to., type: int, sample: 3}
findings:
  description: Every check item that has not passed, whitelisted ones included.
  returned: always
  type: list
  elements: dict
  contains:
    check_id: {description: Id of the check item., type: int, sample: 41202}
    name: {description: Its English name., type: str, sample: OSS-Bucket Access Permissions}
    status: {description: "The API's word, as V(NOT_PASS) or V(WHITELIST).", type: str, sample: NOT_PASS}
    severity: {description: "V(high), V(medium) or V(low).", type: str, sample: high}
    control: {description: The control of this collection that it speaks of; null if there is none., type: str}
    controls: {description: All of them. Some items speak of several., type: list, elements: str}
    checked: {description: When it was last checked., type: str, sample: "2026-02-27T04:01:15Z"}
    instances:
      description:
        - The resources that have not passed, each with C(id), C(name), C(region), C(status) and C(resource), its ARN.
      type: list
      elements: dict
checks:
  description: Numbers of check items by status, those that passed or were never checked included.
  returned: always
  type: dict
  sample: {PASS: 120, NOT_PASS: 3, NOT_CHECK: 41}
vulnerabilities:
  description: Open vulnerabilities, the most severe first.
  returned: always
  type: list
  elements: dict
alerts:
  description: Alerts that nobody has handled, the most severe first.
  returned: always
  type: list
  elements: dict
attack_events:
  description: Attacks that Security Center saw within the window, oldest first. They are no alerts.
  returned: always
  type: list
  elements: dict
  contains:
    type: {description: "The API's code; V(5) is SSH brute force.", type: str, sample: "5"}
    type_name: {description: Its name., type: str, sample: SSH brute-force attacks}
    source: {description: Address that it came from., type: str, sample: 23.129.64.201}
    port: {description: Port that it went to., type: int, sample: 22}
    public_ip: {description: Address that was attacked., type: str, sample: 203.0.113.10}
    count: {description: How often., type: int, sample: 17}
    status: {description: V(block) for what was blocked., type: str, sample: block}
    first_seen: {description: When it began., type: str, sample: "2026-02-27T04:01:15Z"}
    last_seen: {description: When it was last seen., type: str, sample: "2026-02-27T04:01:15Z"}
since:
  description: Beginning of the window.
  returned: always
  type: str
until:
  description: End of the window.
  returned: always
  type: str
unavailable:
  description: What the account's edition does not offer, with the action and the error code.
  returned: always
  type: list
  elements: dict
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

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils import moments
from ansible_collections.hardening.alicloud.plugins.module_utils import security_center_events as events
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import inform
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center import (
    SPEC,
    Gaps,
    Instance,
    Item,
    SecurityCenter,
    read_scores,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.values import SEVERITIES

QUIET = ("PASS", "NOT_CHECK")


def look(cloud: Cloud, options: SimpleNamespace) -> dict:
    """Everything at once: each part is read beside the others, and what one part lacks takes nothing from them."""
    since, until = moments.window(options, datetime.now(UTC))
    center, gaps = SecurityCenter(cloud, options), Gaps()
    parts: list[Callable[[], dict]] = [
        lambda: read_scores(center, gaps.attempt),
        lambda: read_findings(center, gaps),
        lambda: read_vulnerabilities(center, gaps),
        lambda: {"alerts": ranked(gaps.attempt("alerts", lambda: events.alerts(center)) or [])},
        lambda: {"attack_events": gaps.attempt("attack_events", lambda: events.attacks(center, since, until)) or []},
    ]
    found = {"since": moments.shown(since), "until": moments.shown(until)}
    for part in center.together(lambda read: read(), parts):
        found |= part
    return {**found, "unavailable": in_order(gaps.unavailable), "unread": in_order(gaps.unread)}


def in_order(notes: list[dict]) -> list[dict]:
    """Notes that came as the answers came, in an order that is the same every time."""
    return sorted(notes, key=lambda one: (one["what"], one["action"], one["request_id"]))


def read_findings(center: SecurityCenter, gaps: Gaps) -> dict:
    """The results findings and checks. Items of our controls are looked into even when they pass as a whole."""
    items = gaps.attempt("findings", center.items) or []
    wanted = [item for item in items if item.status not in QUIET or (item.controls and item.status == "PASS")]
    instances = center.together(
        lambda item: gaps.attempt(f"findings: {item.name}", lambda: center.instances(item)), wanted
    )
    findings = [finding(item, found or []) for item, found in zip(wanted, instances, strict=True)]
    return {
        "findings": [one for one in findings if one["status"] != "PASS" or one["instances"]],
        "checks": dict(Counter(item.status for item in items)),
    }


def finding(item: Item, instances: list[Instance]) -> dict:
    """A check item with its resources that have not passed."""
    return {
        "check_id": item.id,
        "name": item.name,
        "status": item.status,
        "severity": item.severity,
        "control": item.controls[0] if item.controls else None,
        "controls": list(item.controls),
        "checked": moments.of_milliseconds(item.checked),
        "instances": [
            {
                "id": one.id,
                "name": one.resource.name,
                "region": one.resource.region,
                "status": one.status,
                "resource": one.resource.arn,
            }
            for one in instances
            if one.status not in QUIET
        ],
    }


def read_vulnerabilities(center: SecurityCenter, gaps: Gaps) -> dict:
    """The result vulnerabilities: a list for each type."""

    def read(kind: str) -> list[dict]:
        return gaps.attempt("vulnerabilities", lambda: events.vulnerabilities(center, kind)) or []

    found = center.together(read, events.VULNERABILITY_TYPES)
    return {"vulnerabilities": ranked([one for part in found for one in part])}


def ranked(found: list[dict]) -> list[dict]:
    """The most severe first."""
    return sorted(found, key=lambda one: SEVERITIES.index(one["severity"]))


def main() -> None:
    """Declare the options."""
    inform(spec={**SPEC, "since": {"type": "str"}, "until": {"type": "str"}}, look=look)


if __name__ == "__main__":
    main()
