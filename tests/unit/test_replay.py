# SPDX-License-Identifier: GPL-3.0-or-later
"""Single changes undone: what they tell of the moment before, and what they leave unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import network_history, paths, trail
from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import Addresses
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Lists, Rule
from ansible_collections.hardening.alicloud.plugins.module_utils.moments import shown
from ansible_collections.hardening.alicloud.plugins.module_utils.network import (
    SOMETHING,
    AccessList,
    Backend,
    Balancer,
    Eip,
    Forward,
    Gap,
    Gateway,
    Group,
    Interface,
    Ipv6,
    Listener,
    Network,
    Server,
    ServerGroup,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.replay import KINDS, back, blind, matters, told

REGION = "cn-hangzhou"
BEGIN = datetime(2026, 2, 27, 4, tzinfo=UTC)
WORLD, OFFICE = "0.0.0.0/0", "203.0.113.0/24"


def event(name: str, request: dict | None = None, response: dict | None = None, service: str = "Ecs", minute: int = 0):
    """Write an event, so many minutes after the beginning."""
    return trail.event_of(
        {
            "eventId": f"{name}-{minute}",
            "eventTime": shown(BEGIN + timedelta(minutes=minute)),
            "eventName": name,
            "serviceName": service,
            "acsRegion": REGION,
            "requestParameters": request or {},
            "responseElements": response or {},
            "userIdentity": {"type": "ram-user", "userName": "ops"},
        }
    )


def permission(source: str = WORLD, **more: str) -> dict:
    """Write a rule as calls name it."""
    fields = {"SourceCidrIp": source, "IpProtocol": "tcp", "PortRange": "22/22", **more}
    return {"SecurityGroupId": "sg-1", **{f"Permissions.1.{name}": value for name, value in fields.items()}}


def ssh(source: str = WORLD, **more: object) -> Rule:
    """Write a rule as it is read."""
    return Rule(protocol="TCP", ports="22/22", cidr=source, **more)


def group(*rules: Rule) -> Network:
    """Make a network of one server whose group has these rules."""
    return Network().put(
        Server("i-1", REGION, "web", public_ips=("198.51.100.1",)),
        Interface("eni-1", REGION, "i-1", primary=True, private_ips=("10.0.0.1",), groups=("sg-1",)),
        Group("sg-1", REGION, "web", rules=rules),
    )


def before(network: Network, *events) -> Network:
    """Undo all of them."""
    return back(network, list(events))[0].network


def rules(network: Network) -> list[str] | None:
    """Say the group's rules; None if they are not known."""
    return sorted(map(str, network.groups["sg-1"].rules)) if "sg-1" in network.groups else None


IN = f"accept tcp 22 from {WORLD} (priority 1)"
PERHAPS = f"accept tcp 22 from {WORLD} (priority 1, perhaps)"
ADD, REMOVE = event("AuthorizeSecurityGroup", permission()), event("RevokeSecurityGroup", permission())
BY_ID = {"SecurityGroupId": "sg-1", "SecurityGroupRuleId.1": "sgr-1"}


@pytest.mark.parametrize(
    ("created", "was"),
    [
        ("", [PERHAPS]),
        ("2026-02-27T04:00:00Z", []),
        ("2026-02-27T04:00:02Z", []),
        ("2026-02-27T03:59:30Z", [PERHAPS]),
        ("2026-02-27T03:59Z", [PERHAPS]),
        ("2024-01-01T00:00:00Z", [IN]),
        ("no time at all", [PERHAPS]),
    ],
)
def test_a_rule_that_is_there_still_tells_when_it_was_created(created, was):
    """Where that is not known, or too close, an added rule may have been there before."""
    assert rules(before(group(ssh(created=created)), ADD)) == was


@pytest.mark.parametrize(("minute", "between"), [(0, [PERHAPS]), (1, [PERHAPS]), (3, [])])
def test_a_rule_that_was_added_twice_in_a_row(minute, between):
    """The time of its creation tells which of two calls made it only if they lie far enough apart."""
    other = event(
        "ModifySecurityGroupRule", {"SecurityGroupId": "sg-1", "SecurityGroupRuleId": "sgr-9", "Policy": "drop"}
    )
    again = event("AuthorizeSecurityGroup", permission(), minute=minute)
    born = shown(BEGIN + timedelta(minutes=minute))
    found = back(group(ssh(created=born)), [ADD, other, again])
    assert rules(found[-2].network) == between


@pytest.mark.parametrize(
    ("events", "now", "was"),
    [
        # Which of both succeeds without an effect, they do not tell.
        ([ADD], [ssh()], [PERHAPS]),
        ([REMOVE], [], [PERHAPS]),
        # Between them, it was there; before them, nobody knows.
        ([ADD, event("RevokeSecurityGroup", permission(), minute=6)], [], [PERHAPS]),
        # A rule that was removed is gone until it is added.
        ([REMOVE, event("AuthorizeSecurityGroup", permission(), minute=6)], [ssh()], [PERHAPS]),
        # The one rule that is known to be gone is the one that was removed by id.
        ([ADD, event("RevokeSecurityGroup", BY_ID, minute=6)], [], [PERHAPS]),
        (
            [ADD, event("RevokeSecurityGroup", BY_ID, minute=6)],
            [ssh(OFFICE)],
            [PERHAPS, f"accept tcp 22 from {OFFICE} (priority 1)"],
        ),
        # Ids alone tell nothing, and one that is gone explains one of two.
        ([event("RevokeSecurityGroup", BY_ID)], [ssh()], None),
        ([ADD, event("RevokeSecurityGroup", {**BY_ID, "SecurityGroupRuleId.2": "sgr-2"}, minute=6)], [], None),
        # What contradicts the rules that are there is not explained away.
        ([ADD], [], None),
        ([REMOVE], [ssh()], None),
        # A group that was made in the window had no rules.
        ([event("CreateSecurityGroup", {}, {"SecurityGroupId": "sg-1"}), ADD], [ssh()], None),
        # The form that calls had before there were lists of rules.
        (
            [
                event(
                    "RevokeSecurityGroup",
                    {"SecurityGroupId": "sg-1", "SourceCidrIp": WORLD, "IpProtocol": "TCP", "PortRange": "22/22"},
                )
            ],
            [],
            [PERHAPS],
        ),
    ],
)
def test_rules_before(events, now, was):
    """What the group's rules were before these events, from what they are now."""
    assert rules(before(group(*now), *events)) == was


@pytest.mark.parametrize(
    ("events", "now", "between"),
    [
        ([ADD, event("RevokeSecurityGroup", permission(), minute=6)], [], [IN]),
        ([ADD, event("RevokeSecurityGroup", BY_ID, minute=6)], [], [IN]),
        ([REMOVE, event("AuthorizeSecurityGroup", permission(), minute=6)], [ssh()], []),
        ([event("CreateSecurityGroup", {}, {"SecurityGroupId": "sg-1"}), ADD], [ssh()], []),
    ],
)
def test_rules_between(events, now, between):
    """What two events tell together, of the time between them."""
    assert rules(back(group(*now), events)[1].network) == between


def test_a_group_that_came_and_went_is_known_in_full():
    """Its rules are those that were added in its time."""
    made = event("CreateSecurityGroup", {}, {"SecurityGroupId": "sg-2"})
    added = event("AuthorizeSecurityGroup", permission() | {"SecurityGroupId": "sg-2"}, minute=1)
    deleted = event("DeleteSecurityGroup", {"SecurityGroupId": "sg-2"}, minute=2)
    moments = back(group(), [made, added, deleted])
    known = [
        list(map(str, moment.network.groups["sg-2"].rules)) if "sg-2" in moment.network.groups else None
        for moment in moments
    ]
    assert known == [None, [], [IN], None]
    assert moments[0].network.gaps == ()


@pytest.mark.parametrize(
    ("request_", "was"),
    [
        ({"Description": "new"}, [IN]),
        ({"SourceCidrIp": WORLD}, ["accept tcp 22 from ? (priority 1)"]),
        ({"PortRange": "22/22"}, [f"accept tcp ? from {WORLD} (priority 1)"]),
        ({"Policy": "accept"}, None),
        ({"DestCidrIp": "10.0.0.7/32"}, None),
        ({"Ipv6DestCidrIp": "2408::1/128"}, None),
        ({"SourcePortRange": "1024/65535"}, None),
    ],
)
def test_a_modified_rule_was_something_else(request_, was):
    """What was given was not so before; where it may have been a drop, or for others, nothing is known of the group."""
    changed = event("ModifySecurityGroupRule", {"SecurityGroupId": "sg-1", "SecurityGroupRuleId": "sgr-1", **request_})
    assert rules(before(group(ssh(id="sgr-1")), changed)) == was


def gaps(network: Network) -> list[tuple[str, str, str]]:
    """Say the gaps: kind, thing and the event that left it."""
    return [(gap.kind, gap.what, gap.unread.action) for gap in network.gaps]


def test_a_gap_names_the_event_that_left_it():
    """The latest one, where there are several."""
    one, two = event("RevokeSecurityGroup", BY_ID), event("RevokeSecurityGroup", BY_ID, minute=5)
    found = before(group(), one, two)
    assert gaps(found) == [("groups", "sg-1", "RevokeSecurityGroup")]
    assert found.gaps[0].unread.request_id == two.id


def test_a_public_address_that_an_instance_got():
    """It had none before, or this one: the call answers one that is there already."""
    given = event("AllocatePublicIpAddress", {"InstanceId": "i-1"}, {"IpAddress": "198.51.100.1"})
    found = before(group(), given)
    assert (found.servers["i-1"].public_ips, gaps(found)) == ((), [("servers", "i-1", "AllocatePublicIpAddress")])


def verdict(network: Network, server: str = "i-1") -> str:
    """Say whether the server's SSH can be reached."""
    return paths.of(network, server, 22).verdict


OLD = ssh(created="2024-01-01T00:00:00Z")
KEEPING = {"InstanceId": "i-1", "StoppedMode": "KeepCharging"}
STARTED = event("StartInstance", {"InstanceId": "i-1"}, minute=5)


def stopped(network: Network) -> Network:
    """Stop its one server, which has no public address then."""
    return network.put(Server("i-1", REGION, "web", "Stopped"))


@pytest.mark.parametrize(
    ("asked", "network", "was"),
    [
        ({"InstanceId": "i-1", "StoppedMode": "StopCharging"}, stopped(group(OLD)), "unknown"),
        ({"InstanceId": "i-1"}, stopped(group(OLD)), "unknown"),
        (KEEPING, stopped(group(OLD)), "not_reachable"),
        # It has its address still, or none of that kind beside an EIP.
        ({"InstanceId": "i-1"}, group(OLD).put(Server("i-1", REGION, "", "Stopped", ("192.0.2.1",))), "reachable"),
        ({"InstanceId": "i-1"}, stopped(group(OLD)).put(Eip("eip-1", REGION, "192.0.2.1", "", "i-1")), "reachable"),
    ],
)
def test_an_instance_may_lose_its_address_when_it_is_stopped(asked, network, was):
    """Nobody tells which one, so it is not known who reached it. No other server's matter."""
    network = network.put(Server("i-2", REGION), Interface("eni-2", REGION, "i-2", primary=True, groups=("sg-1",)))
    found = before(network, event("StopInstance", asked))
    assert (verdict(found), verdict(found, "i-2")) == (was, "not_reachable")
    openings = told_of(network, event("StopInstance", asked))["openings"]
    shown = [one["verdict"] for one in openings if one["kind"] == "server" and one["to"]]
    assert shown == ([] if was == "not_reachable" else [was])


@pytest.mark.parametrize(
    ("mode", "since", "was"),
    [("KeepCharging", None, "reachable"), ("StopCharging", "2026-02-27T04:05:00Z", "unknown"), ("", None, "unknown")],
)
def test_an_instance_gets_another_address_when_it_is_started(mode, since, was):
    """Unless it was stopped in the mode that keeps it."""
    off = event("StopInstance", {"InstanceId": "i-1", **({"StoppedMode": mode} if mode else {})})
    moments = back(group(OLD), [off, STARTED])
    assert [verdict(moment.network) for moment in moments] == [was, "not_reachable", "reachable"]
    (held,) = told_of(group(OLD), off, STARTED)["addresses"]
    assert held["from"] == (since if mode else "2026-02-27T04:05:00Z")


def test_what_is_not_known_of_an_address_stays_so():
    """An older stop that kept the address does not tell which one it was."""
    events = [
        event("StopInstance", KEEPING),
        event("StartInstance", {"InstanceId": "i-1"}, minute=1),
        event("StopInstance", {"InstanceId": "i-1"}, minute=2),
        STARTED,
    ]
    found = [verdict(moment.network) for moment in back(group(OLD), events)]
    assert found == ["unknown", "not_reachable", "unknown", "not_reachable", "reachable"]


GIVEN = event("AllocatePublicIpAddress", {"InstanceId": "i-1"}, {"IpAddress": "192.0.2.1"})


def test_an_address_that_was_given_in_the_window_is_known_until_it_is_lost():
    """Whether by stopping, by being taken, or with the instance."""
    off = event("StopInstance", {"InstanceId": "i-1", "StoppedMode": "StopCharging"}, minute=1)
    moments = back(stopped(group(OLD)), [GIVEN, off])
    assert [verdict(moment.network) for moment in moments] == ["unknown", "reachable", "not_reachable"]
    deleted = event("DeleteInstance", {"InstanceId": "i-1"}, minute=1)
    (held,) = told_of(Network(), GIVEN, deleted)["addresses"]
    assert (held["address"], held["id"], held["from"], held["to"]) == (
        "192.0.2.1",
        "i-1",
        "2026-02-27T04:00:00Z",
        "2026-02-27T04:01:00Z",
    )


def test_a_public_address_that_was_taken():
    """The event says which; and whose, as a rule."""
    bare = group(OLD).put(Server("i-1", REGION, "web"))
    taken = event("ReleasePublicIpAddress", {"InstanceId": "i-1", "PublicIpAddress": "192.0.2.1"})
    assert (verdict(bare), verdict(before(bare, taken))) == ("not_reachable", "reachable")
    assert told(taken) == "took the public address 192.0.2.1 of i-1"
    unsaid = event("ReleasePublicIpAddress", {"PublicIpAddress": "192.0.2.1"})
    assert verdict(before(bare, unsaid)) == "unknown"


def test_an_instance_that_was_moved_had_another_private_address():
    """DNAT entries and load balancers may have led to it there."""
    network = group(OLD).put(
        Server("i-1", REGION, "web"),
        Gateway("ngw-1", REGION, tables=("ftb-1",)),
        Forward("fwd-1", REGION, "ngw-1", "ftb-1", "198.51.100.5", "22", "10.0.0.5", "22", "TCP"),
    )
    moved = event("ModifyInstanceVpcAttribute", {"InstanceId": "i-1", "VSwitchId": "vsw-2"})
    assert (verdict(network), verdict(before(network, moved))) == ("not_reachable", "unknown")


def test_instances_that_were_made_and_deleted():
    """What was made was not there; of what was deleted, nothing is known but that it was."""
    made = event("RunInstances", {}, {"InstanceIdSets": {"InstanceIdSet": ["i-1"]}})
    assert (before(group(), made).servers, before(group(), made).interfaces) == ({}, {})
    deleted = event("DeleteInstances", {"InstanceId.1": "i-7", "InstanceId.2": "i-8"})
    assert {name: one.status for name, one in before(group(), deleted).servers.items()} == {
        "i-1": "Running",
        "i-7": "",
        "i-8": "",
    }


@pytest.mark.parametrize(
    ("name", "status"),
    [("StartInstance", "Stopped"), ("StopInstance", "Running"), ("StartInstances", ""), ("StopInstances", "")],
)
def test_instances_that_were_turned_on_and_off(name, status):
    """A call for one is refused where it would change nothing; one for several is not."""
    asked = {"InstanceId.1": "i-1"} if name.endswith("s") else {"InstanceId": "i-1"}
    turned = event(name, asked)
    assert before(group(), turned).servers["i-1"].status == status
    assert KINDS["Ecs", name].resource(turned, "1") == f"acs:ecs:{REGION}:1:instance/i-1"


def test_an_eip_is_free_once_its_instance_is_deleted():
    """No event tells that; the one that bound it does."""
    allocated = event("AllocateEipAddress", {}, {"AllocationId": "eip-1", "EipAddress": "198.51.100.7"}, "Vpc")
    bound = event("AssociateEipAddress", {"AllocationId": "eip-1", "InstanceId": "i-9"}, {}, "Vpc", 1)
    deleted = event("DeleteInstance", {"InstanceId": "i-9"}, minute=2)
    network = group().put(Eip("eip-1", REGION, "198.51.100.7", kind="none"))
    moments = back(network, [allocated, bound, deleted])
    assert [moment.network.eips["eip-1"].bound_to for moment in moments[1:]] == ["", "i-9", ""]


def test_of_a_deleted_instance_nothing_is_known_but_when_it_was_off():
    """Whatever it was, it is none that nobody reached."""
    events = [
        event("StopInstance", {"InstanceId": "i-9", "StoppedMode": "KeepCharging"}),
        event("StartInstance", {"InstanceId": "i-9"}, minute=1),
        event("DeleteInstance", {"InstanceId": "i-9", "Force": "true"}, minute=2),
    ]
    assert [verdict(one.network, "i-9") for one in back(Network(), events)[:3]] == [
        "unknown",
        "not_reachable",
        "unknown",
    ]
    made = event("RunInstances", {}, {"InstanceIdSets": {"InstanceIdSet": ["i-9"]}})
    assert gaps(before(Network(), made, events[2])) == []


def test_calls_that_ecs_has_of_its_own_for_eips_and_dnat():
    """They are the same as those of VPC."""
    bound = event("AssociateEipAddress", {"AllocationId": "eip-1", "InstanceId": "i-1"})
    network = group().put(Eip("eip-1", REGION, "192.0.2.1", "", "i-1", "EcsInstance"))
    assert before(network, bound).eips["eip-1"].bound_to == ""


def test_an_eip_from_before_the_window_was_bound_to_an_instance_that_is_gone():
    """Its address is known from today."""
    bound = event("AssociateEipAddress", {"AllocationId": "eip-1", "InstanceId": "i-9"}, {}, "Vpc")
    deleted = event("DeleteInstance", {"InstanceId": "i-9"}, minute=2)
    moments = back(Network().put(Eip("eip-1", REGION, "192.0.2.1", "web", kind="none")), [bound, deleted])
    found = [moment.network.eips["eip-1"] for moment in moments]
    assert [(one.address, one.name, one.bound_to) for one in found] == [
        ("192.0.2.1", "web", ""),
        ("192.0.2.1", "web", "i-9"),
        ("192.0.2.1", "web", ""),
    ]


def test_an_interface_that_is_gone_was_somebody_s():
    """Where nothing else is known of it, any path may have led through it."""
    events = [
        event("DetachNetworkInterface", {"NetworkInterfaceId": "eni-9", "InstanceId": "i-1"}),
        event("DeleteNetworkInterface", {"NetworkInterfaceId": "eni-9"}, minute=1),
    ]
    found = before(group(), *events)
    assert (found.interfaces["eni-9"].server, found.interfaces["eni-9"].groups) == ("i-1", None)
    assert gaps(found) == [("interfaces", "eni-9", "DetachNetworkInterface")]


IN_GROUP = {"NetworkInterfaceId": "eni-9", "SecurityGroupId.1": "sg-2"}
MADE = event(
    "CreateNetworkInterface",
    {"SecurityGroupId": "sg-1"},
    {"NetworkInterfaceId": "eni-9", "PrivateIpAddress": "10.0.0.9"},
)
GONE = [
    event("AttachNetworkInterface", {"NetworkInterfaceId": "eni-9", "InstanceId": "i-1"}, minute=3),
    event("DetachNetworkInterface", {"NetworkInterfaceId": "eni-9", "InstanceId": "i-1"}, minute=4),
    event("DeleteNetworkInterface", {"NetworkInterfaceId": "eni-9"}, minute=5),
]


@pytest.mark.parametrize(
    ("changes", "interface"),
    [
        ([], (("sg-1",), ("10.0.0.9",))),
        ([event("ModifyNetworkInterfaceAttribute", IN_GROUP, minute=1)], (("sg-2",), ("10.0.0.9",))),
        (
            [event("AssignPrivateIpAddresses", {**IN_GROUP, "PrivateIpAddress.1": "10.0.0.5"}, minute=1)],
            (("sg-1",), ("10.0.0.9", "10.0.0.5")),
        ),
        ([event("AssignPrivateIpAddresses", IN_GROUP, minute=1)], (("sg-1",), ())),
    ],
)
def test_an_interface_that_came_and_went_is_known_by_all_that_happened_to_it(changes, interface):
    """Where that does not tell its addresses, a path may have led to one of them."""
    moments = back(group(), [MADE, *changes, *GONE])
    attached = moments[-3].network
    assert (attached.interfaces["eni-9"].groups, attached.interfaces["eni-9"].private_ips) == interface
    assert gaps(attached) == ([] if interface[1] else [("interfaces", "eni-9", "DetachNetworkInterface")])
    assert gaps(moments[0].network) == []


def test_groups_that_were_replaced():
    """What they were before is known from an earlier replacement alone."""
    first = event("ModifyInstanceAttribute", {"InstanceId": "i-1", "SecurityGroupIds": ["sg-2"]})
    second = event("ModifyInstanceAttribute", {"InstanceId": "i-1", "SecurityGroupIds": ["sg-1"]}, minute=1)
    found = [moment.network.interfaces["eni-1"].groups for moment in back(group(), [first, second])]
    assert found == [None, ("sg-2",), ("sg-1",)]


def test_the_classic_network_has_groups_too():
    """They are the server's own; what can't be known leads to nothing."""
    network = Network().put(Server("i-1", REGION, classic=True, groups=("sg-1", "sg-2")))
    joined = event("JoinSecurityGroup", {"InstanceId": "i-1", "SecurityGroupId": "sg-2"})
    assert before(network, joined).servers["i-1"].groups == ("sg-1",)
    replaced = event("ModifyInstanceAttribute", {"InstanceId": "i-1", "SecurityGroupIds": ["sg-1", "sg-2"]})
    assert set(before(network, replaced).servers["i-1"].groups) & {"sg-1", "sg-2"} == set()


def test_lists_of_prefixes():
    """What was removed had been there; of what was added that is not known."""
    network = Network(lists=Lists({"pl-1": Addresses.of(OFFICE)}))
    removed = event("ModifyPrefixList", {"PrefixListId": "pl-1", "RemoveEntry.1.Cidr": "192.0.2.0/24"})
    assert before(network, removed).lists.prefixes == {"pl-1": Addresses.of(OFFICE, "192.0.2.0/24")}
    added = event("ModifyPrefixList", {"PrefixListId": "pl-1", "AddEntry.1.Cidr": OFFICE})
    assert before(network, added).lists.prefixes == {}
    assert gaps(before(network, added)) == [("prefix_lists", "pl-1", "ModifyPrefixList")]


def test_internet_bandwidth_of_ipv6():
    """It is given to an address, and taken from it by an id of its own."""
    network = Network().put(Ipv6("2408::1", REGION, 5, "ipv6-1", "ipv6bw-1"), Ipv6("2408::2", REGION, 0, "ipv6-2"))
    given = event(
        "AllocateIpv6InternetBandwidth", {"Ipv6AddressId": "ipv6-1"}, {"InternetBandwidthId": "ipv6bw-1"}, "Vpc"
    )
    assert before(network, given).ipv6["2408::1"].bandwidth == 0
    taken = event("DeleteIpv6InternetBandwidth", {"Ipv6AddressId": "ipv6-2"}, {}, "Vpc")
    assert before(network, taken).ipv6["2408::2"].bandwidth > 0
    unsaid = event("DeleteIpv6InternetBandwidth", {"Ipv6InternetBandwidthId": "ipv6bw-9"}, {}, "Vpc")
    assert list(before(network, unsaid).ipv6) == ["2408::1"]


def test_an_eip_that_is_gone():
    """Its address is known if it was allocated in the window."""
    allocated = event("AllocateEipAddress", {}, {"AllocationId": "eip-1", "EipAddress": "198.51.100.7"}, "Vpc")
    bound = event("AssociateEipAddress", {"AllocationId": "eip-1", "InstanceId": "i-1"}, {}, "Vpc", 1)
    unbound = event("UnassociateEipAddress", {"AllocationId": "eip-1"}, {}, "Vpc", 2)
    released = event("ReleaseEipAddress", {"AllocationId": "eip-1"}, {}, "Vpc", 3)
    moments = back(group(), [allocated, bound, unbound, released])
    assert [moment.network.eips.get("eip-1") and moment.network.eips["eip-1"].bound_to for moment in moments] == [
        None,
        "",
        "i-1",
        "",
        None,
    ]
    assert moments[2].network.eips["eip-1"].address == "198.51.100.7"
    alone = before(group(), unbound, released)
    assert alone.eips["eip-1"] == Eip("eip-1", REGION, "", kind="none")
    assert gaps(alone) == [("eips", "eip-1", "UnassociateEipAddress")]


@pytest.mark.parametrize(
    ("more", "private_ip"),
    [
        ({"InstanceId": "eni-1"}, SOMETHING),
        ({"InstanceId": "eni-1", "PrivateIpAddress": "10.0.0.2"}, "10.0.0.2"),
        ({"InstanceId": "i-1"}, ""),
    ],
)
def test_an_eip_that_was_unbound(more, private_ip):
    """At which address of an interface it was, is known only if the event says it."""
    unbound = event("UnassociateEipAddress", {"AllocationId": "eip-1", **more}, {}, "Vpc")
    assert before(group(), unbound).eips["eip-1"].private_ip == private_ip


BALANCED = Network().put(
    Balancer("lb-1", REGION, "clb", addresses=("198.51.100.80",)),
    Listener("lb-1:tcp:22", REGION, "lb-1", "tcp", 22, 22, 22, ("lb-1",)),
    ServerGroup("lb-1", REGION, (Backend("i-1", 0, 100),)),
    AccessList("acl-1", REGION, entries=(OFFICE,)),
)
NAMED = {"LoadBalancerId": "lb-1", "ListenerPort": "22"}


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        (event("CreateLoadBalancerTCPListener", NAMED, {}, "Slb"), None),
        (event("CreateLoadBalancer", {}, {"LoadBalancerId": "lb-1"}, "Slb"), None),
        (event("StartLoadBalancerListener", NAMED, {}, "Slb"), (22, ("lb-1",), True, True, ("?",))),
        (event("StopLoadBalancerListener", NAMED, {}, "Slb"), (22, ("lb-1",), True, True, ("?",))),
        (
            event("SetLoadBalancerTCPListenerAttribute", {**NAMED, "VServerGroupId": "lb-1"}, {}, "Slb"),
            (0, ("?",), True, False, ()),
        ),
        (
            event("SetLoadBalancerTCPListenerAttribute", {**NAMED, "MasterSlaveServerGroup": "off"}, {}, "Slb"),
            (0, ("?",), True, False, ()),
        ),
        (
            event(
                "SetLoadBalancerTCPListenerAttribute",
                {**NAMED, "VServerGroupId": "rsp-1", "AclStatus": "on"},
                {},
                "Slb",
            ),
            (0, ("?",), True, True, ("?",)),
        ),
        (
            event("SetListenerAccessControlStatus", {**NAMED, "AccessControlStatus": "open_white_list"}, {}, "Slb"),
            (22, ("lb-1",), True, True, ("?",)),
        ),
        (
            event("SetLoadBalancerTCPListenerAttribute", {**NAMED, "AclStatus": "off"}, {}, "Slb"),
            (22, ("lb-1",), True, True, ("?",)),
        ),
        (
            event("SetLoadBalancerTCPListenerAttribute", {**NAMED, "Bandwidth": "5"}, {}, "Slb"),
            (22, ("lb-1",), True, False, ()),
        ),
    ],
)
def test_listeners_before(changed, shown):
    """What was made was not there; what was turned on or off may have been either; what was set was something."""
    assert matters(changed) == (shown != (22, ("lb-1",), True, False, ()))
    found = before(BALANCED, changed).listeners.get("lb-1:tcp:22")
    assert shown == (found and (found.back_port, found.server_groups, found.running, found.acl, found.acls))


def test_a_deleted_listener_led_somewhere():
    """To what the call that made it says, else to nobody knows whom."""
    made = event(
        "CreateLoadBalancerTCPListener",
        {"LoadBalancerId": "lb-1", "ListenerPort": "2222", "BackendServerPort": "22"},
        {},
        "Slb",
    )
    deleted = event("DeleteLoadBalancerListener", {"LoadBalancerId": "lb-1", "ListenerPort": "2222"}, {}, "Slb", 1)
    between = back(BALANCED, [made, deleted])[1].network.listeners["lb-1:tcp:2222"]
    assert (between.back_port, between.server_groups) == (22, ("lb-1",))
    alone = before(BALANCED, deleted).listeners["lb-1:tcp:2222"]
    assert (alone.first, alone.back_port, alone.server_groups) == (2222, 0, ("?",))


SERVERS = {"LoadBalancerId": "lb-1", "BackendServers": '[{"ServerId": "i-1", "Weight": "50"}]'}


def test_what_stood_behind_a_load_balancer():
    """It is known from the making of the load balancer on, until weights are set; and never from one call alone."""
    made = event("CreateLoadBalancer", {"AddressType": "internet"}, {"LoadBalancerId": "lb-1"}, "Slb")
    added = event("AddBackendServers", SERVERS, {}, "Slb", 1)
    removed = event("RemoveBackendServers", {**SERVERS, "BackendServers": '["i-1"]'}, {}, "Slb", 2)
    weighed = event("SetBackendServers", SERVERS, {}, "Slb", 3)
    moments = [moment.network for moment in back(BALANCED, [made, added, removed, weighed, added])]
    known = [one.server_groups["lb-1"].backends if "lb-1" in one.server_groups else None for one in moments]
    assert known[1:5] == [(), (Backend("i-1", 0, 50),), (), None]
    for alone in (added, removed, weighed):
        found = before(BALANCED, alone)
        assert (found.server_groups, gaps(found)) == ({}, [("server_groups", "lb-1", alone.name)])


def test_entries_of_access_control_lists():
    """They are known from the making of the list on, and never from one call alone."""
    entries = {"AclId": "acl-1", "AclEntrys": f'[{{"entry": "{OFFICE}", "comment": ""}}]'}
    made = event("CreateAccessControlList", {}, {"AclId": "acl-1"}, "Slb")
    added = event("AddAccessControlListEntry", entries, {}, "Slb", 1)
    removed = event("RemoveAccessControlListEntry", entries, {}, "Slb", 2)
    moments = [moment.network for moment in back(BALANCED, [made, added, removed])]
    assert [one.acls["acl-1"].entries for one in moments[1:3]] == [(), (OFFICE,)]
    for alone in (added, removed):
        assert gaps(before(BALANCED, alone)) == [("acls", "acl-1", alone.name)]


def test_network_load_balancers_name_things_by_ids():
    """A listener that is gone without a trace leaves a gap; servers come and go in lists."""
    network = Network().put(
        Balancer("nlb-1", REGION, "nlb", groups=("sg-1",)), ServerGroup("sgp-1", REGION, (Backend("i-1", 22),))
    )
    deleted = event("DeleteListener", {"ListenerId": "lsn-1"}, {}, "Nlb")
    assert gaps(before(network, deleted)) == [("nlb", "lsn-1", "DeleteListener")]
    servers = {"ServerGroupId": "sgp-1", "Servers.1.ServerId": "i-1", "Servers.1.Port": "22"}
    made = event("CreateServerGroup", {"PreserveClientIpEnabled": "false"}, {"ServerGroupId": "sgp-1"}, "Nlb")
    added = event("AddServersToServerGroup", servers, {}, "Nlb", 1)
    between = back(network, [made, added])[1].network.server_groups["sgp-1"]
    assert (between.backends, between.preserve_client) == ((), False)
    joined = event(
        "LoadBalancerJoinSecurityGroup", {"LoadBalancerId": "nlb-1", "SecurityGroupIds.1": "sg-1"}, {}, "Nlb"
    )
    assert before(network, joined).balancers["nlb-1"].groups == ()


def test_only_what_bears_on_reaching_a_server_matters():
    """Others' events and renamed things are left out; everything else has a sentence."""
    assert not matters(event("CreateSnapshot"))
    assert not matters(event("ModifyInstanceAttribute", {"InstanceId": "i-1", "InstanceName": "other"}))
    assert (
        told(event("ModifyPrefixList", {"PrefixListId": "pl-1", "AddEntry.1.Cidr": WORLD})) == "added 0.0.0.0/0 in pl-1"
    )
    for (service, name), kind in KINDS.items():
        assert isinstance(kind.what(event(name, {}, {}, service)), str)


def test_of_a_region_without_events_nothing_is_known():
    """Neither whether its servers ran, nor what its groups let in, nor what led to them."""
    found = blind(group(ssh()), {REGION: Unread("LookupEvents", "NoPermission", "no", "r-1")})
    assert (found.servers["i-1"].status, found.groups) == ("", {})
    assert {gap.kind for gap in found.gaps} >= {"interfaces", "eips", "forwards", "clb"}


def test_what_an_event_names_and_is_gone_is_no_gap():
    """A group that was deleted meanwhile can't be read, and there is nothing wrong with that."""
    asked = network_history.named([event("AuthorizeSecurityGroup", permission())])
    assert asked == {("groups", REGION, "sg-1")}
    gone = Gap("groups", REGION, Unread("Describe", "InvalidSecurityGroupId.NotFound", "", ""), "sg-1")
    lists = event("SetLoadBalancerTCPListenerAttribute", {**NAMED, "AclId": "acl-1,acl-2"}, {}, "Slb")
    assert network_history.named([lists]) == {("acls", REGION, "acl-1"), ("acls", REGION, "acl-2")}
    denied = Gap("groups", REGION, Unread("Describe", "Forbidden.RAM", "", ""), "sg-1")
    assert network_history.without_gone(Network(gaps=(gone, denied)), asked).gaps == (denied,)


def told_of(network: Network, *events, since: datetime = BEGIN - timedelta(days=7)) -> dict:
    """Make the results of a window that ends an hour after the beginning."""
    until = BEGIN + timedelta(hours=1)
    history = trail.History(tuple(events), since, until, (REGION,))
    return network_history.tell(network, history, [22], until, "1234567890123456")


def test_a_rule_whose_event_does_not_show_yet():
    """It says itself since when it is there, though not who added it."""
    found = told_of(group(ssh(id="sgr-1", created="2026-02-27T04:50:00Z")))
    assert [(one["actor"], one["actor_type"], one["opens"]) for one in found["changes"]] == [("", "unseen", True)]
    server = next(one for one in found["openings"] if one["kind"] == "server")
    assert (server["from"], server["to"]) == ("2026-02-27T04:50:00Z", None)
    assert found["complete_until"] == "2026-02-27T04:45:00Z"


def test_a_rule_whose_event_shows_is_told_once():
    """The cloud's own time of creation is a moment after the call."""
    found = told_of(group(ssh(id="sgr-1", created="2026-02-27T04:00:01Z")), ADD)
    assert [one["actor"] for one in found["changes"]] == ["ops"]
    server = [one for one in found["openings"] if one["kind"] == "server"]
    assert [(one["from"], one["verdict"], one["opened_by"]["actor"]) for one in server] == [
        ("2026-02-27T04:00:00Z", "reachable", "ops")
    ]


RULE = {"SecurityGroupId": "sg-1", "SecurityGroupRuleId": "sgr-1", "SourceCidrIp": WORLD}


@pytest.mark.parametrize(
    ("events", "seen"),
    [
        ([event("ModifySecurityGroupPolicy", {"SecurityGroupId": "sg-1"}, minute=49)], False),
        ([event("AuthorizeSecurityGroup", permission(OFFICE), minute=49)], False),
        ([event("AuthorizeSecurityGroup", permission(), minute=49)], True),
        ([event("ModifySecurityGroupRule", RULE, minute=49)], True),
        ([event("ModifySecurityGroupRule", {**RULE, "SecurityGroupRuleId": "sgr-2"}, minute=49)], False),
        # What was added was something else, until it was changed.
        (
            [
                event("AuthorizeSecurityGroup", permission(OFFICE), minute=50),
                event("ModifySecurityGroupRule", RULE, minute=55),
            ],
            True,
        ),
    ],
)
def test_only_what_can_make_a_rule_explains_it(events, seen):
    """Whatever else happened to its group at that time."""
    found = told_of(group(ssh(id="sgr-1", created="2026-02-27T04:50:00Z")), *events)
    assert ("unseen" in {one["actor_type"] for one in found["changes"]}) is not seen


def test_a_rule_from_before_the_window_is_no_change():
    """Nor is one that does not say when it was created."""
    for created in ("2024-01-01T00:00:00Z", ""):
        assert told_of(group(ssh(created=created)))["changes"] == []


def test_who_is_let_in_all_along_has_one_opening_and_the_six_minutes_another():
    """Openings lie within each other; each has those who began and ended it."""
    closed = event("RevokeSecurityGroup", permission(), minute=6)
    found = told_of(group(ssh(OFFICE)), REMOVE, event("AuthorizeSecurityGroup", permission(), minute=1), closed)
    server = [one for one in found["openings"] if one["kind"] == "server"]
    shown = [(one["verdict"], one["sources"], one["possible_sources"], one["from"], one["to"]) for one in server]
    assert shown == [
        ("unknown", [], [WORLD], None, "2026-02-27T04:00:00Z"),
        ("reachable", [OFFICE], [OFFICE], None, None),
        ("reachable", [WORLD], [WORLD], "2026-02-27T04:01:00Z", "2026-02-27T04:06:00Z"),
    ]
    assert [one["hidden_by"] and one["hidden_by"]["event"] for one in server] == ["RevokeSecurityGroup", None, None]
    assert [one["opened_by"] and one["opened_by"]["time"] for one in server] == [None, None, "2026-02-27T04:01:00Z"]


def test_addresses_of_an_interface_come_and_go():
    """Named by the call or by its answer; of both families."""
    network = Network().put(Interface("eni-1", REGION, "i-1", private_ips=("10.0.0.1", "10.0.0.2"), ipv6=("2408::1",)))
    named = {"NetworkInterfaceId": "eni-1"}
    given = event("AssignPrivateIpAddresses", {**named, "PrivateIpAddress.1": "10.0.0.2"})
    assert before(network, given).interfaces["eni-1"].private_ips == ("10.0.0.1",)
    answer = {"AssignedPrivateIpAddressesSet": {"PrivateIpSet": {"PrivateIpAddress": ["10.0.0.2"]}}}
    counted = event("AssignPrivateIpAddresses", {**named, "SecondaryPrivateIpAddressCount": "1"}, answer)
    assert before(network, counted).interfaces["eni-1"].private_ips == ("10.0.0.1",)
    taken = event("UnassignPrivateIpAddresses", {**named, "PrivateIpAddress.1": "10.0.0.3"})
    assert before(network, taken).interfaces["eni-1"].private_ips == ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    six = event("AssignIpv6Addresses", named, {"Ipv6Sets": {"Ipv6Address": ["2408:0::1"]}})
    assert before(network, six).interfaces["eni-1"].ipv6 == ()
    lost = event("UnassignIpv6Addresses", {**named, "Ipv6Address.1": "2408:0::2"})
    assert before(network, lost).interfaces["eni-1"].ipv6 == ("2408::1", "2408::2")
    unsaid = event("AssignPrivateIpAddresses", {**named, "SecondaryPrivateIpAddressCount": "1"})
    assert gaps(before(network, unsaid)) == [("interfaces", "eni-1", "AssignPrivateIpAddresses")]


def test_internet_bandwidth_of_an_instance():
    """With it comes a public address, and without it one goes that nobody tells."""
    given = event("ModifyInstanceNetworkSpec", {"InstanceId": "i-1", "AllocatePublicIp": "true"})
    assert before(group(), given).servers["i-1"].public_ips == ()
    taken = event("ModifyInstanceNetworkSpec", {"InstanceId": "i-1", "InternetMaxBandwidthOut": "0"})
    assert gaps(before(group(), taken)) == [("eips", "", "ModifyInstanceNetworkSpec")]
    assert not matters(event("ModifyInstanceNetworkSpec", {"InstanceId": "i-1", "InternetMaxBandwidthOut": "5"}))


def test_eips_bound_together():
    """None of them was bound before."""
    network = Network().put(*(Eip(name, REGION, "198.51.100.7", bound_to="eni-1") for name in ("eip-1", "eip-2")))
    batch = event(
        "AssociateEipAddressBatch", {"BindedInstanceId": "eni-1", "InstanceIds": ["eip-1", "eip-2"]}, {}, "Vpc"
    )
    assert {one.bound_to for one in before(network, batch).eips.values()} == {""}
    unbound = event("UnassociateEipAddress", {"AllocationId": "eip-1"}, {}, "Vpc", 1)
    between = back(network.put(Eip("eip-1", REGION, "198.51.100.7", kind="none")), [batch, unbound])[1].network
    assert (between.eips["eip-1"].bound_to, between.eips["eip-1"].private_ip) == ("eni-1", SOMETHING)
    assert gaps(between) == []


def test_a_load_balancer_that_the_internet_no_longer_reaches():
    """Its listeners are not read then, so whatever they led to may have been open."""
    unbound = event("UnassociateEipAddress", {"AllocationId": "eip-1", "InstanceId": "lb-1"}, {}, "Vpc")
    assert gaps(before(BALANCED, unbound)) == []
    assert gaps(before(group(), unbound)) == [("clb", "lb-1", "UnassociateEipAddress")]
    inside = BALANCED.put(Balancer("lb-1", REGION, "clb", internet=False))
    assert gaps(before(inside, unbound)) == [("clb", "lb-1", "UnassociateEipAddress")]
    other = inside.put(Eip("eip-2", REGION, "192.0.2.2", "", "lb-1", "SlbInstance"))
    assert gaps(before(other, unbound)) == []


@pytest.mark.parametrize(
    ("began", "ended", "kind"),
    [
        (
            event("CreateLoadBalancer", {}, {"LoadBalancerId": "lb-9"}, "Slb"),
            event("DeleteLoadBalancer", {"LoadBalancerId": "lb-9"}, {}, "Slb", 5),
            "clb",
        ),
        (
            event("AllocateEipAddress", {}, {"AllocationId": "eip-5", "EipAddress": "192.0.2.5"}, "Vpc"),
            event("UnassociateEipAddress", {"AllocationId": "eip-5"}, {}, "Vpc", 5),
            "eips",
        ),
        (
            event("CreateNatGateway", {}, {"NatGatewayId": "ngw-9"}, "Vpc"),
            event("DeleteNatGateway", {"NatGatewayId": "ngw-9"}, {}, "Vpc", 5),
            "gateways",
        ),
        (
            event("CreateNetworkInterface", {}, {"NetworkInterfaceId": "eni-5"}),
            event("DetachNetworkInterface", {"NetworkInterfaceId": "eni-5", "InstanceId": "i-1"}, minute=5),
            "interfaces",
        ),
    ],
)
def test_what_was_made_in_the_window_hid_nothing_before(began, ended, kind):
    """The gap that its end leaves goes as far back as its beginning."""
    kinds = [[gap.kind for gap in moment.network.gaps] for moment in back(group(), [began, ended])]
    assert kinds == [[], [kind], []]


def test_a_load_balancer_is_one_to_the_internet_unless_it_is_said():
    """So its address is the account's until it is deleted."""
    answer = {"LoadBalancerId": "lb-9", "Address": "192.0.2.9"}
    deleted = event("DeleteLoadBalancer", {"LoadBalancerId": "lb-9"}, {}, "Slb", 5)
    for asked, addresses in (({}, ["192.0.2.9"]), ({"AddressType": "intranet"}, [])):
        found = told_of(Network(), event("CreateLoadBalancer", asked, answer, "Slb"), deleted)
        assert [one["address"] for one in found["addresses"]] == addresses


def test_older_lists_and_addresses_of_load_balancers():
    """They tell nothing of what was before."""
    item = event("AddListenerWhiteListItem", {**NAMED, "SourceItems": OFFICE}, {}, "Slb")
    assert before(BALANCED, item).listeners["lb-1:tcp:22"].acls == ("?",)
    zones = event("UpdateLoadBalancerZones", {"LoadBalancerId": "nlb-1"}, {}, "Nlb")
    assert gaps(before(BALANCED, zones)) == [("nlb", "", "UpdateLoadBalancerZones")]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (ADD, f"authorized tcp 22 from {WORLD} in sg-1"),
        (
            event("AuthorizeSecurityGroup", permission(Policy="drop")),
            f"authorized a drop of tcp 22 from {WORLD} in sg-1",
        ),
        (REMOVE, f"revoked tcp 22 from {WORLD} from sg-1"),
        (event("RevokeSecurityGroup", BY_ID), "revoked rule sgr-1 from sg-1"),
        (event("JoinSecurityGroup", {"InstanceId": "i-1", "SecurityGroupId": "sg-1"}), "put i-1 into sg-1"),
        (event("StopInstance", {"InstanceId": "i-1"}), "stopped i-1"),
        (
            event("AssociateEipAddress", {"AllocationId": "eip-1", "InstanceId": "i-1"}, {}, "Vpc"),
            "bound EIP eip-1 to i-1",
        ),
        (
            event("CreateLoadBalancerTCPListener", {**NAMED, "BackendServerPort": "2222"}, {}, "Slb"),
            "created the listener tcp 22 of lb-1 to port 2222",
        ),
        (
            event("SetLoadBalancerTCPListenerAttribute", {**NAMED, "AclStatus": "off"}, {}, "Slb"),
            "set the listener tcp 22 of lb-1: AclStatus off",
        ),
        (
            event("AddListenerWhiteListItem", {**NAMED, "SourceItems": OFFICE}, {}, "Slb"),
            f"added {OFFICE} to the list of listener 22 of lb-1",
        ),
        (event("AddBackendServers", SERVERS, {}, "Slb"), "added i-1 behind lb-1"),
        (event("DeleteListener", {"ListenerId": "lsn-1"}, {}, "Nlb"), "deleted the listener lsn-1"),
        (event("CreateLoadBalancer", {}, {"LoadBalancerId": "alb-1"}, "Alb"), "created ALB alb-1"),
    ],
)
def test_changes_are_told_in_plain_words(changed, sentence):
    """Without a subject and without a full stop."""
    assert told(changed) == sentence
