# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed ECS SDK fills its models from what the simulator answers, and the simulator takes what it sends."""

from __future__ import annotations

import pytest
from alibabacloud_ecs20140526 import client as ecs
from alibabacloud_ecs20140526 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from .conftest import ESTATE, REGION

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's own
NETWORK = {
    "prefix_lists": [
        {"id": "pl-office", "region": REGION, "name": "office", "max_entries": 3, "entries": ["203.0.113.0/28"]}
    ],
    "port_lists": [{"id": "prl-admin", "region": REGION, "entries": ["22/22", "3389/3389"]}],
    "security_groups": [
        {
            "id": "sg-web",
            "region": REGION,
            "name": "web",
            "vpc": "vpc-1",
            "tags": {"env": "prod"},
            "rules": [
                {"source": "0.0.0.0/0", "ports": "443/443", "id": "sgr-https", "description": "https"},
                {"source": "::/0", "protocol": "ALL", "policy": "drop", "priority": 100},
                {"source": "pl-office", "port_list": "prl-admin"},
                {"source": "0.0.0.0/0", "ports": "-1/-1", "protocol": "ALL", "direction": "egress"},
            ],
        },
        {"id": "sg-managed", "region": REGION, "service_managed": True, "type": "enterprise"},
    ],
    "instances": [
        {
            "id": "i-web",
            "region": REGION,
            "groups": ["sg-web"],
            "vpc": "vpc-1",
            "private_ip": "10.0.0.5",
            "eip": "198.51.100.5",
            "ipv6": "2400:3200::5",
        }
    ],
    "network_interfaces": [
        {"id": "eni-2", "region": REGION, "groups": ["sg-web"], "instance": "i-web", "private_ip": "10.0.1.5"}
    ],
}


@pytest.fixture
def client(sim, key):
    """Give the SDK's client, on an account with a network."""
    sim.reset({"accounts": [{**ESTATE["accounts"][0], "ecs": NETWORK}]})
    config = Config(
        access_key_id=key[0],
        access_key_secret=key[1],
        region_id=REGION,
        endpoint=sim.url.removeprefix("http://"),
        protocol="HTTP",
    )
    return ecs.Client(config)


def ingress(client, group="sg-web"):
    """Give the inbound rules of a group."""
    asked = models.DescribeSecurityGroupAttributeRequest(region_id=REGION, security_group_id=group, direction="ingress")
    return client.describe_security_group_attribute(asked).body.permissions.permission


def permission(**fields):
    """Write one rule of AuthorizeSecurityGroup."""
    return models.AuthorizeSecurityGroupRequestPermissions(**fields)


def authorize(client, *permissions, group="sg-web"):
    """Add rules."""
    asked = models.AuthorizeSecurityGroupRequest(
        region_id=REGION, security_group_id=group, permissions=list(permissions)
    )
    return client.authorize_security_group(asked).body


def test_groups_fill_the_model(client):
    """Names, kinds, counts and tags arrive."""
    body = client.describe_security_groups(models.DescribeSecurityGroupsRequest(region_id=REGION, max_results=100)).body
    web, managed = body.security_groups.security_group
    assert (web.security_group_id, web.security_group_name, web.vpc_id, web.rule_count) == ("sg-web", "web", "vpc-1", 4)
    assert (web.security_group_type, web.service_managed) == ("normal", False)
    assert [(tag.tag_key, tag.tag_value) for tag in web.tags.tag] == [("env", "prod")]
    assert (managed.security_group_type, managed.service_managed) == ("enterprise", True)
    assert body.next_token == ""
    assert body.total_count is None


def test_rules_fill_the_model(client):
    """Every field of a rule that the collection reads arrives under its name."""
    https, everything, office = ingress(client)
    assert (https.security_group_rule_id, https.description, https.policy) == ("sgr-https", "https", "Accept")
    assert (https.source_cidr_ip, https.port_range, https.ip_protocol, https.priority) == (
        "0.0.0.0/0",
        "443/443",
        "TCP",
        "1",
    )
    assert (everything.ipv_6source_cidr_ip, everything.source_cidr_ip) == ("::/0", "")
    assert (everything.policy, everything.priority, everything.port_range) == ("Drop", "100", "-1/-1")
    assert (office.source_prefix_list_id, office.port_range_list_id) == ("pl-office", "prl-admin")
    assert all(rule.nic_type == "intranet" and rule.direction == "ingress" for rule in (https, everything, office))


def test_rules_are_added_and_removed(client):
    """Authorize and revoke in the SDK's own form: lists of objects, and of ids."""
    added = permission(
        policy="accept",
        priority="7",
        ip_protocol="TCP",
        port_range="22/22",
        source_cidr_ip="10.0.0.0/8",
        description="in",
    )
    answer = authorize(client, added, permission(ip_protocol="tcp", port_range="22/22", ipv_6source_cidr_ip="fd00::/8"))
    assert answer.request_id
    fresh = [rule for rule in ingress(client) if rule.port_range == "22/22"]
    assert [(rule.source_cidr_ip, rule.ipv_6source_cidr_ip, rule.priority, rule.description) for rule in fresh] == [
        ("10.0.0.0/8", "", "7", "in"),
        ("", "fd00::/8", "1", ""),
    ]
    ids = [rule.security_group_rule_id for rule in fresh]
    client.revoke_security_group(
        models.RevokeSecurityGroupRequest(region_id=REGION, security_group_id="sg-web", security_group_rule_id=ids)
    )
    assert not [rule for rule in ingress(client) if rule.port_range == "22/22"]


def test_refusals_arrive_as_the_sdk_s_errors(client):
    """A managed group, and an unknown id."""
    rule = permission(ip_protocol="TCP", port_range="22/22", source_cidr_ip="10.0.0.0/8")
    with pytest.raises(ClientException) as caught:
        authorize(client, rule, group="sg-managed")
    assert caught.value.code == "InvalidOperation.ResourceManagedByCloudProduct"
    asked = models.RevokeSecurityGroupRequest(
        region_id=REGION, security_group_id="sg-web", security_group_rule_id=["sgr-none"]
    )
    with pytest.raises(ClientException) as caught:
        client.revoke_security_group(asked)
    assert caught.value.code == "InvalidParam.SecurityGroupRuleId"


def test_lists_fill_the_models(client):
    """Entries of a prefix list, and of a port list, which comes as a plain list."""
    asked = models.DescribePrefixListAttributesRequest(region_id=REGION, prefix_list_id="pl-office")
    found = client.describe_prefix_list_attributes(asked).body
    assert (found.prefix_list_name, found.address_family, found.max_entries) == ("office", "IPv4", 3)
    assert [entry.cidr for entry in found.entries.entry] == ["203.0.113.0/28"]
    asked = models.DescribePortRangeListEntriesRequest(region_id=REGION, port_range_list_id="prl-admin")
    entries = client.describe_port_range_list_entries(asked).body.entries
    assert [entry.port_range for entry in entries] == ["22/22", "3389/3389"]


def test_instances_and_interfaces_fill_the_models(client):
    """Addresses, groups and tags arrive."""
    (server,) = client.describe_instances(models.DescribeInstancesRequest(region_id=REGION)).body.instances.instance
    assert (server.instance_id, server.status, server.eip_address.ip_address) == ("i-web", "Running", "198.51.100.5")
    assert server.security_group_ids.security_group_id == ["sg-web"]
    assert server.vpc_attributes.private_ip_address.ip_address == ["10.0.0.5"]
    asked = models.DescribeNetworkInterfacesRequest(region_id=REGION, max_results=500)
    primary, second = client.describe_network_interfaces(asked).body.network_interface_sets.network_interface_set
    assert (primary.type, primary.instance_id, primary.security_group_ids.security_group_id) == (
        "Primary",
        "i-web",
        ["sg-web"],
    )
    assert [one.ipv_6address for one in primary.ipv_6sets.ipv_6set] == ["2400:3200::5"]
    assert (second.network_interface_id, second.type, second.private_ip_address) == ("eni-2", "Secondary", "10.0.1.5")
