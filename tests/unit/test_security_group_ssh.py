# SPDX-License-Identifier: GPL-3.0-or-later
"""security_group_ssh: what its options mean, and what its changes and their undo say."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError, Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Lists, Rule
from ansible_collections.hardening.alicloud.plugins.module_utils.security_groups import Group, permission_of, rule_of
from ansible_collections.hardening.alicloud.plugins.module_utils.values import Plan, Resource
from ansible_collections.hardening.alicloud.plugins.modules import security_group_ssh as module

OPEN = Rule(ports="22/22", cidr="0.0.0.0/0", id="sgr-1", description="ops")
RESOURCE = Resource(
    "acs:ecs:cn-hangzhou:1:securitygroup/sg-1", "ACS::ECS::SecurityGroup", "sg-1", "web", "cn-hangzhou", "1"
)


@pytest.fixture(autouse=True)
def no_session(monkeypatch):
    """Nobody is logged in by SSH."""
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("SSH_CLIENT", raising=False)


def options(**more):
    """Give the options, with their defaults."""
    defaults = {
        "ports": [22],
        "allowed_sources": ["8.8.8.8"],
        "keep_sources": None,
        "include_private": False,
        "force": False,
    }
    return SimpleNamespace(**{**defaults, **more})


def group(*rules, **more):
    """Make a group that something uses."""
    return Group(RESOURCE, **{"rules": rules or (OPEN,), "rule_count": len(rules) or 1, "used": True, **more})


def findings(one, **more):
    """Give what each control says of a group."""
    return {finding.control: finding for finding in module.assess([one], options(**more))}


def internet(one, **more):
    """Give what the first control says."""
    return findings(one, **more)[module.INTERNET]


def test_the_session_of_whoever_started_it_is_kept(monkeypatch):
    """SSH_CONNECTION, or the older SSH_CLIENT, unless keep_sources says something else."""
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.5 50022 10.0.0.9 22")
    assert "203.0.113.5/32" in internet(group()).blocked_by
    assert internet(group(), keep_sources=[]).blocked_by is None
    assert internet(group(), allowed_sources=["203.0.113.0/24"]).blocked_by is None
    monkeypatch.delenv("SSH_CONNECTION")
    monkeypatch.setenv("SSH_CLIENT", "fe80::5%eth0 50022 22")
    assert internet(group()).blocked_by is None


def test_a_source_that_gets_in_by_another_port_only_is_not_cut_off():
    """Who could not connect before loses nothing."""
    rules = (Rule(ports="22/22", cidr="8.0.0.0/7"), Rule(ports="80/80", cidr="0.0.0.0/0"))
    assert internet(group(*rules), keep_sources=["203.0.113.5"]).blocked_by is None
    assert "9.9.9.9/32" in internet(group(*rules), keep_sources=["9.9.9.9"]).blocked_by


@pytest.mark.parametrize(
    ("used", "severity", "unread"),
    [
        (True, "critical", 0),
        (None, "critical", 0),
        (Unread("DescribeNetworkInterfaces", "Forbidden.RAM", "no", "1"), "critical", 1),
        (False, "high", 0),
    ],
)
def test_use_decides_about_severity(used, severity, unread):
    """A group that nothing uses is one severity better, and says so; what is not known is not hoped for."""
    finding = internet(group(used=used))
    assert (finding.severity, len(finding.unread)) == (severity, unread)
    assert any("no network interface uses this group" in line for line in finding.evidence) == (used is False)
    assert findings(group(used=used))[module.ALLOWED_ONLY].severity == ("low" if used is False else "medium")


EVERYTHING = Rule(protocol="ALL", ports="-1/-1", cidr="8.0.0.0/6", id="sgr-1")
UNREAD = Unread("DescribeSecurityGroupAttribute", "Forbidden.RAM", "no", "1")


@pytest.mark.parametrize(
    ("neighbour", "why"),
    [
        ({"rules": (Rule(ports="443/443", cidr="0.0.0.0/0"),)}, None),
        ({}, None),
        ({"managed": True}, "whom 'accept tcp 22 from 0.0.0.0/0 (priority 1)' lets in"),
        ({"in_scope": False}, "whom 'accept tcp 22 from 0.0.0.0/0 (priority 1)' lets in"),
        ({"managed": True, "rules": (Rule(ports="22/22", cidr="8.8.8.8"),)}, None),
        ({"unread": UNREAD}, "it is not known which groups share"),
    ],
)
def test_a_drop_speaks_for_the_groups_of_the_same_interface(neighbour, why):
    """It is only made where that takes nothing away from one that this run leaves alone."""
    finding = internet(group(EVERYTHING, neighbours=(group(**neighbour),)))
    assert why in finding.blocked_by if why else finding.blocked_by is None
    assert any("ESP" in line for line in finding.evidence) == bool(why)
    forced = internet(group(EVERYTHING, neighbours=(group(**neighbour),)), force=True)
    drops = [one for one in forced.changes[0].call.params["Permissions"] if one["Policy"] == "drop"]
    assert (forced.blocked_by, bool(drops)) == (None, why is None)


def test_what_closes_a_group_of_the_same_interface_too_says_so():
    """The whitelist may accept the other one's risk."""
    assert internet(group(EVERYTHING, neighbours=(group(),))).also == (RESOURCE.arn,)
    assert internet(group(neighbours=(group(),))).also == ()
    assert internet(group(EVERYTHING, neighbours=(group(in_scope=False),)), force=True).also == ()
    begun = internet(group(EVERYTHING)).changes[0].call.params["Permissions"]
    assert internet(group(EVERYTHING, *map(rule_of, begun), neighbours=(group(),))).also == (RESOURCE.arn,)


def test_nobody_to_be_kept_falls_into_a_hole():
    """Not even who gets in by another group of the interface only."""
    rules = (replace(EVERYTHING, priority=100), Rule(policy="drop", ports="22/22", cidr="9.9.9.9", priority=100))
    other = group(Rule(ports="22/22", cidr="9.9.9.9", priority=99))
    assert "9.9.9.9/32" in internet(group(*rules, neighbours=(other,)), keep_sources=["9.9.9.9"]).blocked_by
    assert internet(group(*rules), keep_sources=["9.9.9.9"]).blocked_by is None


@pytest.mark.parametrize("used", [None, UNREAD])
def test_no_drop_is_made_where_the_interfaces_are_not_known(used):
    """In the classic network there are none, and who may not list them knows nothing of them."""
    assert "it is not known which groups share" in internet(group(EVERYTHING, used=used)).blocked_by


def test_without_allowed_sources_there_is_one_control():
    """The other one has nothing to judge by."""
    assert list(findings(group(), allowed_sources=[])) == [module.INTERNET]
    assert list(findings(group())) == [module.INTERNET, module.ALLOWED_ONLY]


def test_the_changes_and_what_undoes_them():
    """First what is missing is added, then the old rule goes by its id; each undo needs the other rules there."""
    add, remove = internet(group()).changes
    new, old = add.call.params["Permissions"], remove.call.params["Permissions"]
    assert [add.call.action, remove.call.action] == ["AuthorizeSecurityGroup", "RevokeSecurityGroup"]
    assert remove.call.params["SecurityGroupRuleId"] == ["sgr-1"]
    assert old == [
        {
            "Policy": "accept", "Priority": "1", "IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "0.0.0.0/0",
            "Description": "ops",
        }
    ]  # fmt: skip
    assert remove.call.params["After"] == new
    assert (add.undo.action, add.undo.params["Permissions"], add.undo.params["After"]) == (
        "RevokeSecurityGroup",
        new,
        old,
    )
    assert (remove.undo.action, remove.undo.params["Permissions"]) == ("AuthorizeSecurityGroup", old)


def test_the_diff_is_made_of_rules_as_people_read_them():
    """Those that go, and those that come."""
    (shown,) = Plan.of(module.assess([group()], options())).diff()
    assert shown["before"] == "accept tcp 22 from 0.0.0.0/0 (priority 1)\n"
    assert shown["after"].splitlines()[0] == "accept tcp 22 from 8.8.8.8/32 (priority 1)"
    assert len(shown["after"].splitlines()) == 7


def test_a_change_that_was_begun_is_only_finished():
    """What is there already is not added, and the rule to remove still waits for all of it."""
    add, remove = internet(group()).changes
    (only,) = internet(group(OPEN, *map(rule_of, add.call.params["Permissions"]))).changes
    assert only == remove


def test_more_rules_than_a_call_takes_go_in_several_calls():
    """By hundreds, and nothing is removed before the last of them."""
    finding = internet(group(), allowed_sources=[f"8.{number}.0.1" for number in range(0, 254, 2)])
    calls = [(change.call.action, len(change.call.params["Permissions"])) for change in finding.changes]
    assert calls == [("AuthorizeSecurityGroup", 100), ("AuthorizeSecurityGroup", 33), ("RevokeSecurityGroup", 1)]
    assert len(finding.changes[-1].call.params["After"]) == 133


@pytest.mark.parametrize(("other_rules", "blocked"), [(192, False), (193, True)])
def test_the_quota_counts_rules_of_both_directions(other_rules, blocked):
    """The one open rule, seven new ones, and all others."""
    finding = internet(group(rule_count=1 + other_rules))
    assert ("a group holds 200" in (finding.blocked_by or "")) == blocked


def test_a_managed_group_has_no_changes():
    """They are its service's business."""
    finding = internet(group(managed=True))
    assert "manages this group" in finding.blocked_by
    assert finding.changes == ()


def test_what_was_not_read_but_does_not_decide_is_told_of():
    """An open group with an unread list stays open, and the run has to say that it could not read all."""
    lists = Lists({"pl-1": Unread("DescribePrefixListAttributes", "Forbidden.RAM", "no", "1")})
    finding = internet(group(OPEN, Rule(ports="22/22", prefix_list="pl-1"), lists=lists))
    assert (finding.status, len(finding.unread), len(finding.changes)) == ("open", 1, 2)


def test_members_of_groups_are_told_of_where_private_sources_count():
    """Source groups, and the group's own members where they may talk to each other."""
    one = group(OPEN, Rule(ports="22/22", group="sg-jump"), inner=True)
    told = "members of sg-1, sg-jump get in too, and keep their access"
    assert told in internet(one, include_private=True).evidence
    assert told not in internet(one).evidence
    enterprise = group(OPEN, Rule(ports="22/22", group="sg-jump"), inner=True, enterprise=True)
    assert not [line for line in internet(enterprise, include_private=True).evidence if "members" in line]


@pytest.mark.parametrize(
    "wrong",
    [{"ports": []}, {"ports": [0]}, {"allowed_sources": ["office"]}, {"keep_sources": ["10.0.0.0/40"]}],
)
def test_options_that_make_no_sense(wrong):
    """They are refused."""
    with pytest.raises(OptionError):
        module.assess([], options(**wrong))


def test_a_rule_survives_the_way_to_the_api_and_back():
    """All of its fields but the id."""
    rules = [
        Rule(policy="drop", priority=7, protocol="ICMPV6", ports="-1/-1", cidr6="::/0", description="x"),
        Rule(port_list="prl-1", prefix_list="pl-1", source_ports="1/9", to="10.0.0.5/32"),
        Rule(ports="22/22", group="sg-1", group_owner="2", nic="internet", to6="fd00::1"),
    ]
    assert [rule_of(permission_of(rule)) for rule in rules] == rules


def test_a_port_list_beats_the_range_that_means_all():
    """So that a rule by list is not taken for one about every port."""
    assert rule_of({"IpProtocol": "TCP", "PortRange": "-1/-1", "PortRangeListId": "prl-1", "Priority": 5}).ports == ""
