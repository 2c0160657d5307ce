# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed ECS SDK changes who gets in, and the simulator's state shows it."""

from __future__ import annotations

import pytest
from alibabacloud_ecs20140526 import client as ecs
from alibabacloud_ecs20140526 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from .conftest import ESTATE, REGION

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's own
NETWORK = {
    "prefix_lists": [{"id": "pl-office", "region": REGION, "max_entries": 2, "entries": ["203.0.113.0/28"]}],
    "security_groups": [
        {
            "id": "sg-web",
            "region": REGION,
            "rules": [
                {"id": "sgr-https", "source": "0.0.0.0/0", "ports": "443/443"},
                {"id": "sgr-ssh", "source": "10.0.0.0/8", "ports": "22/22", "description": "inside"},
                {"id": "sgr-office", "source": "pl-office", "ports": "22/22"},
            ],
        },
        {"id": "sg-open", "region": REGION},
        {"id": "sg-large", "region": REGION, "type": "enterprise"},
        {"id": "sg-else", "region": REGION, "vpc": "vpc-else"},
        {"id": "sg-far", "region": "ap-northeast-1"},
    ],
    "instances": [
        {"id": "i-web", "region": REGION, "groups": ["sg-web"], "private_ip": "10.0.0.5"},
        {"id": "i-old", "region": REGION, "groups": ["sg-web"], "status": "Stopped", "public_ip": "192.0.2.1"},
        {"id": "i-far", "region": REGION, "groups": ["sg-web"], "status": "Stopped"},
    ],
    "network_interfaces": [
        {"id": "eni-2", "region": REGION, "groups": ["sg-web"], "instance": "i-web", "private_ip": "10.0.1.5"},
        {"id": "eni-3", "region": REGION, "groups": ["sg-web"], "private_ip": "10.0.1.6"},
    ],
}


@pytest.fixture
def world(sim):
    """Give the state of a kind of thing, by id."""
    sim.reset({"accounts": [{**ESTATE["accounts"][0], "ecs": NETWORK}]})
    return lambda kind: {one["id"]: one for one in sim.state()["accounts"][0]["ecs"][kind]}


@pytest.fixture
def call(sim, world, key):  # noqa: ARG001 - the world is set up first
    """Send a request of the SDK by the name of its action, in snake case."""
    client = ecs.Client(
        Config(
            access_key_id=key[0],
            access_key_secret=key[1],
            region_id=REGION,
            endpoint=sim.url.removeprefix("http://"),
            protocol="HTTP",
        )
    )

    def send(name, **fields):
        request = getattr(models, f"{''.join(word.capitalize() for word in name.split('_'))}Request")
        return getattr(client, name)(request(**fields)).body

    return send


def refused(call, name, **fields):
    """Give the code with which a call is refused."""
    with pytest.raises(ClientException) as caught:
        call(name, **fields)
    return caught.value.code


RULE = {"region_id": REGION, "security_group_id": "sg-web", "security_group_rule_id": "sgr-ssh"}


def test_a_rule_is_modified_in_place(call, world):
    """What is not named stays, the id does too."""
    call("modify_security_group_rule", **RULE, source_cidr_ip="0.0.0.0/0", priority="5")
    rule = next(rule for rule in world("security_groups")["sg-web"]["rules"] if rule.get("id") == "sgr-ssh")
    assert (rule["source"], rule["ports"], rule["priority"], rule["description"]) == (
        "0.0.0.0/0",
        "22/22",
        5,
        "inside",
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"security_group_rule_id": "sgr-none"}, "SecurityGroupRule.NotFound"),
        ({"source_prefix_list_id": "pl-office"}, "InvalidParameter.SourceType"),
        ({"source_cidr_ip": "0.0.0.0/0", "port_range": "443/443"}, "SecurityGroupRule.Conflict"),
        ({"port_range": "22"}, "InvalidPortRange.Malformed"),
        ({"security_group_id": "sg-none"}, "InvalidSecurityGroupId.NotFound"),
    ],
)
def test_modified_rules_that_are_refused(call, world, fields, code):
    """An unknown rule, another kind of source, a rule that is there already, a bad value."""
    before = world("security_groups")
    assert refused(call, "modify_security_group_rule", **RULE | fields) == code
    assert world("security_groups") == before


def test_members_of_a_group_are_parted(call, world):
    """The policy inside a group is switched, but an enterprise group has none."""
    asked = {"region_id": REGION, "inner_access_policy": "Drop"}
    call("modify_security_group_policy", security_group_id="sg-web", **asked)
    assert world("security_groups")["sg-web"]["inner_access"] == "Drop"
    code = refused(call, "modify_security_group_policy", security_group_id="sg-large", **asked)
    assert code == "InvalidOperation.InvalidSecurityGroupType"


def test_a_prefix_list_is_modified(call, world):
    """Entries are added and removed in one call, or none of them."""
    added = [models.ModifyPrefixListRequestAddEntry(cidr="198.51.100.0/24")]
    removed = [models.ModifyPrefixListRequestRemoveEntry(cidr="203.0.113.0/28")]
    named = {"region_id": REGION, "prefix_list_id": "pl-office"}
    call("modify_prefix_list", **named, add_entry=added, remove_entry=removed)
    assert world("prefix_lists")["pl-office"]["entries"] == ["198.51.100.0/24"]
    assert refused(call, "modify_prefix_list", **named, remove_entry=removed) == "InvalidParameter.Cidr"
    many = [models.ModifyPrefixListRequestAddEntry(cidr=f"10.{number}.0.0/16") for number in range(2)]
    assert refused(call, "modify_prefix_list", **named, add_entry=many) == "LimitExceed.MaxEntries"
    assert world("prefix_lists")["pl-office"]["entries"] == ["198.51.100.0/24"]


def test_groups_are_joined_and_left(call, world):
    """By an instance, which means its primary interface, and by another interface."""
    call("join_security_group", region_id=REGION, security_group_id="sg-open", instance_id="i-web")
    call("join_security_group", region_id=REGION, security_group_id="sg-open", network_interface_id="eni-2")
    assert world("instances")["i-web"]["groups"] == ["sg-web", "sg-open"]
    assert world("network_interfaces")["eni-2"]["groups"] == ["sg-web", "sg-open"]
    call("leave_security_group", region_id=REGION, security_group_id="sg-web", network_interface_id="eni-web")
    assert world("instances")["i-web"]["groups"] == ["sg-open"]


@pytest.mark.parametrize(
    ("name", "fields", "code"),
    [
        ("join", {"security_group_id": "sg-web", "instance_id": "i-web"}, "InvalidInstanceId.AlreadyExists"),
        ("join", {"security_group_id": "sg-none", "instance_id": "i-web"}, "InvalidSecurityGroupId.NotFound"),
        ("join", {"security_group_id": "sg-open", "instance_id": "i-none"}, "InvalidInstanceId.NotFound"),
        ("join", {"security_group_id": "sg-open", "network_interface_id": "eni-9"}, "InvalidEniId.NotFound"),
        (
            "join",
            {"security_group_id": "sg-large", "instance_id": "i-web"},
            "InvalidOperation.InvalidSecurityGroupType",
        ),
        ("join", {"security_group_id": "sg-else", "instance_id": "i-web"}, "InvalidSecurityGroupId.VPCMismatch"),
        ("join", {"security_group_id": "sg-open"}, "InvalidParameter.InvalidInstanceIdOrEniId"),
        ("leave", {"security_group_id": "sg-web", "instance_id": "i-web"}, "InstanceLastSecurityGroup"),
        ("leave", {"security_group_id": "sg-open", "instance_id": "i-web"}, "InstanceNotInSecurityGroup"),
    ],
)
def test_memberships_that_are_refused(call, name, fields, code):
    """What is there already or not, another type of group, another VPC, the last group."""
    assert refused(call, f"{name}_security_group", region_id=REGION, **fields) == code


def test_groups_are_replaced(call, world):
    """All at once, of an instance and of an interface."""
    call("modify_instance_attribute", instance_id="i-web", security_group_ids=["sg-open"])
    asked = {"region_id": REGION, "network_interface_id": "eni-2"}
    call("modify_network_interface_attribute", **asked, security_group_id=["sg-open", "sg-web"])
    assert world("instances")["i-web"]["groups"] == ["sg-open"]
    assert world("network_interfaces")["eni-2"]["groups"] == ["sg-open", "sg-web"]
    code = refused(call, "modify_instance_attribute", instance_id="i-web", security_group_ids=["sg-far"])
    assert code == "InvalidSecurityGroupId.NotFound"


def test_interfaces_are_moved(call, world):
    """A free one can be attached, an attached one detached, the primary one neither."""
    moved = {"region_id": REGION, "network_interface_id": "eni-3", "instance_id": "i-web"}
    call("attach_network_interface", **moved)
    assert world("network_interfaces")["eni-3"]["instance"] == "i-web"
    assert refused(call, "attach_network_interface", **moved) == "InvalidOperation.InvalidEniState"
    call("detach_network_interface", **moved)
    assert world("network_interfaces")["eni-3"]["instance"] == ""
    primary = moved | {"network_interface_id": "eni-web"}
    assert refused(call, "detach_network_interface", **primary) == "InvalidOperation.InvalidEniType"


def test_instances_are_started_and_stopped(call, world):
    """From the other state alone."""
    call("stop_instance", instance_id="i-web", stopped_mode="KeepCharging")
    call("start_instance", instance_id="i-old")
    assert {name: one["status"] for name, one in world("instances").items()} == {
        "i-web": "Stopped",
        "i-old": "Running",
        "i-far": "Stopped",
    }
    assert refused(call, "stop_instance", instance_id="i-web") == "IncorrectInstanceStatus"


def test_a_public_address_is_given_once(call, world):
    """A free one, which the answer names."""
    given = call("allocate_public_ip_address", instance_id="i-web").ip_address
    assert world("instances")["i-web"]["public_ip"] == given == "192.0.2.2"
    assert call("allocate_public_ip_address", instance_id="i-web").ip_address == given


def test_an_instance_loses_its_address_where_it_is_stopped_in_economical_mode(call, world):
    """It gets another one when it is started, but keeps it in the other mode."""
    call("allocate_public_ip_address", instance_id="i-web")
    for mode, stopped, started in (("KeepCharging", "192.0.2.2", "192.0.2.2"), ("StopCharging", "", "192.0.2.3")):
        call("stop_instance", instance_id="i-web", stopped_mode=mode)
        assert world("instances")["i-web"]["public_ip"] == stopped
        if not stopped:
            call("allocate_public_ip_address", instance_id="i-far")  # somebody else has it now
        call("start_instance", instance_id="i-web")
        assert world("instances")["i-web"]["public_ip"] == started
