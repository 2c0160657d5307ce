# SPDX-License-Identifier: GPL-3.0-or-later
"""How the simulated security groups behave where it is easy to get wrong."""

from __future__ import annotations

import base64

import pytest

from simulator import Simulator
from simulator.errors import EstateError

ECS = "2014-05-26"
REGION = "cn-hangzhou"


def rule(number):
    """Write one of many different rules."""
    return {"source": f"10.{number // 250}.{number % 250}.0/24", "ports": "22/22"}


NETWORK = {
    "prefix_lists": [
        {"id": "pl-1", "region": REGION, "max_entries": 50, "entries": ["10.0.0.0/8"]},
        {"id": "pl-far", "region": "cn-shanghai", "entries": ["10.0.0.0/8"]},
    ],
    "port_lists": [{"id": "prl-1", "region": REGION, "entries": ["22/22"]}],
    "security_groups": [
        {"id": "sg-1", "region": REGION, "name": "first", "rules": [{**rule(1), "description": "one", "id": "sgr-1"}]},
        {"id": "sg-full", "region": REGION, "rules": [rule(number) for number in range(198)]},
        {"id": "sg-managed", "region": REGION, "service_managed": True, "rules": [rule(1)]},
        {"id": "sg-enterprise", "region": REGION, "type": "enterprise"},
        {"id": "sg-far", "region": "cn-shanghai"},
        {
            "id": "sg-classic",
            "region": REGION,
            "vpc": "",
            "rules": [{**rule(1), "nic": "internet"}, {**rule(2), "nic": "intranet"}],
        },
    ],
    "instances": [
        {"id": f"i-{number}", "region": REGION, "groups": ["sg-1" if number else "sg-full"]} for number in range(12)
    ],
}


@pytest.fixture
def ecs(sim, estate, writer):
    """Give a way to call ECS in one region of an account with a network: arrays as lists, as the SDKs flatten them."""
    estate["accounts"][0]["ecs"] = NETWORK
    sim.reset(estate)

    def call(action, **params):
        flat = {}
        for name, value in params.items():
            if isinstance(value, list):
                for index, item in enumerate(value, start=1):
                    flat |= (
                        {f"{name}.{index}.{key}": one for key, one in item.items()}
                        if isinstance(item, dict)
                        else {f"{name}.{index}": item}
                    )
            else:
                flat[name] = value
        return writer.rpc(ECS, action, **{"RegionId": REGION, **flat})

    return call


@pytest.fixture
def rules(ecs):
    """Give a group's inbound rules."""
    return lambda group: ecs(
        "DescribeSecurityGroupAttribute", SecurityGroupId=group, Direction="ingress", MaxResults=1000
    )["Permissions"]["Permission"]


def permission(**more):
    """Write a rule as AuthorizeSecurityGroup takes it."""
    return {"IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.9.0.0/16", **more}


def authorize(ecs, *permissions, group="sg-1"):
    """Add rules."""
    return ecs("AuthorizeSecurityGroup", SecurityGroupId=group, Permissions=list(permissions))


def test_adding_a_rule_twice_succeeds_and_adds_it_once(ecs, rules):
    """The description does not tell rules apart, and a block has many spellings."""
    authorize(
        ecs, permission(), permission(Description="again"), permission(SourceCidrIp="10.9.1.2/16", Policy="Accept")
    )
    authorize(ecs, permission(IpProtocol="tcp", Description="later"))
    assert [one["Description"] for one in rules("sg-1")] == ["one", ""]
    authorize(ecs, permission(Priority="2"), permission(Policy="drop"))
    assert len(rules("sg-1")) == 4


def test_rules_are_removed_by_id_or_by_content(ecs, rules, refused):
    """An unknown id is an error and nothing is removed; content that fits nothing is no error and removes nothing."""
    unknown = refused(ecs, "RevokeSecurityGroup", SecurityGroupId="sg-1", SecurityGroupRuleId=["sgr-1", "sgr-none"])
    assert unknown == (400, "InvalidParam.SecurityGroupRuleId")
    ecs("RevokeSecurityGroup", SecurityGroupId="sg-1", Permissions=[permission()])
    assert len(rules("sg-1")) == 1
    ecs("RevokeSecurityGroup", SecurityGroupId="sg-1", SecurityGroupRuleId=["sgr-1"])
    assert rules("sg-1") == []


def test_a_rule_that_is_added_again_has_another_id(ecs, rules):
    """Ids are never given twice."""
    authorize(ecs, permission())
    (first,) = [one["SecurityGroupRuleId"] for one in rules("sg-1") if one["SecurityGroupRuleId"] != "sgr-1"]
    ecs("RevokeSecurityGroup", SecurityGroupId="sg-1", SecurityGroupRuleId=[first])
    authorize(ecs, permission())
    assert first not in [one["SecurityGroupRuleId"] for one in rules("sg-1")]


def test_a_group_holds_200_rules(ecs, rules, refused):
    """What does not fit is refused as a whole; a prefix list counts as many as it may have entries."""
    three = [permission(SourceCidrIp=f"172.16.{number}.0/24") for number in range(3)]
    assert refused(authorize, ecs, *three, group="sg-full") == (403, "AuthorizationLimitExceed")
    by_list = {"IpProtocol": "TCP", "PortRange": "22/22", "SourcePrefixListId": "pl-1"}
    assert refused(authorize, ecs, by_list, group="sg-full") == (403, "AuthorizationLimitExceed")
    assert len(rules("sg-full")) == 198
    authorize(ecs, *three[:2], group="sg-full")
    assert len(rules("sg-full")) == 200


def test_of_several_sources_one_counts(ecs, rules):
    """An address block beats a source group, which beats a prefix list; a range of ports beats a list."""
    authorize(ecs, permission(SourceGroupId="sg-far", SourcePrefixListId="pl-1", PortRangeListId="prl-1"))
    found = rules("sg-1")[-1]
    assert (found["SourceCidrIp"], found["SourceGroupId"], found["SourcePrefixListId"]) == ("10.9.0.0/16", "", "")
    assert (found["PortRange"], found["PortRangeListId"]) == ("22/22", "")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"Priority": "0"}, (400, "InvalidPriority.ValueNotSupported")),
        ({"Priority": "110"}, (400, "InvalidPriority.ValueNotSupported")),
        ({"Priority": "high"}, (400, "InvalidPriority.Malformed")),
        ({"Policy": "allow"}, (400, "InvalidPolicy.Malformed")),
        ({"IpProtocol": "SSH"}, (400, "InvalidIpProtocol.ValueNotSupported")),
        ({"PortRange": "22"}, (400, "InvalidPortRange.Malformed")),
        ({"PortRange": "30/20"}, (400, "InvalidPortRange.Malformed")),
        ({"PortRange": "-1/-1"}, (400, "InvalidPortRange.Malformed")),
        ({"IpProtocol": "ALL"}, (400, "InvalidPortRange.Malformed")),
        ({"SourceCidrIp": "10.0.0.0/33"}, (400, "InvalidSourceCidrIp.Malformed")),
        ({"SourceCidrIp": ""}, (400, "MissingParameter.Source")),
        ({"SourceCidrIp": "", "SourcePrefixListId": "pl-none"}, (404, "InvalidPrefixListId.NotFound")),
        ({"SourceCidrIp": "", "SourceGroupId": "sg-none"}, (404, "InvalidSourceGroupId.NotFound")),
        ({"PortRange": "", "PortRangeListId": "prl-none"}, (404, "InvalidPortRangeListId.NotFound")),
    ],
)
def test_a_wrong_rule_is_refused(ecs, rules, refused, wrong, error):
    """Each wrong field has its own code, and the good rule beside it is not added either."""
    assert refused(authorize, ecs, permission(), permission(**wrong)) == error
    assert len(rules("sg-1")) == 1


def test_nobody_writes_to_a_managed_group(ecs, refused):
    """The service does."""
    managed = (403, "InvalidOperation.ResourceManagedByCloudProduct")
    assert refused(authorize, ecs, permission(), group="sg-managed") == managed
    assert refused(ecs, "RevokeSecurityGroup", SecurityGroupId="sg-managed", SecurityGroupRuleId=["sgr-x"]) == managed


def test_an_enterprise_group_takes_no_source_group(ecs, refused):
    """Its rules name addresses only."""
    asked = {"IpProtocol": "TCP", "PortRange": "22/22", "SourceGroupId": "sg-1"}
    assert refused(authorize, ecs, asked, group="sg-enterprise")[0] == 400


def test_groups_are_there_in_their_own_region_only(ecs, refused):
    """What is in another region does not exist here."""
    for action in ("DescribeSecurityGroupAttribute", "RevokeSecurityGroup"):
        assert refused(
            ecs, action, SecurityGroupId="sg-far", **{"SecurityGroupRuleId.1": "x"} if "Rev" in action else {}
        ) == (
            404,
            "InvalidSecurityGroupId.NotFound",
        )
    assert refused(ecs, "DescribePrefixListAttributes", PrefixListId="pl-far")[0] == 404


def test_rules_come_in_pages(ecs, refused):
    """From 10 to 1000, 500 unless asked; the token leads through all of them."""
    for size in ("9", "1001"):
        assert refused(ecs, "DescribeSecurityGroupAttribute", SecurityGroupId="sg-full", MaxResults=size)[0] == 400
    seen, token = [], ""
    while True:
        page = ecs("DescribeSecurityGroupAttribute", SecurityGroupId="sg-full", MaxResults="90", NextToken=token)
        seen += page["Permissions"]["Permission"]
        token = page["NextToken"]
        if not token:
            break
    assert len({one["SecurityGroupRuleId"] for one in seen}) == len(seen) == 198


def test_lists_come_in_pages(ecs, refused):
    """Groups by 100 at most, with a total only beside page numbers; interfaces by 500, instances by 100."""
    for action, most in (
        ("DescribeSecurityGroups", 100),
        ("DescribeNetworkInterfaces", 500),
        ("DescribeInstances", 100),
    ):
        assert refused(ecs, action, MaxResults=str(most + 1))[0] == 400
        ecs(action, MaxResults=str(most))
    page = ecs("DescribeSecurityGroups", MaxResults="2")
    assert "TotalCount" not in page
    assert [one["SecurityGroupId"] for one in page["SecurityGroups"]["SecurityGroup"]] == ["sg-1", "sg-full"]
    assert ecs("DescribeSecurityGroups", PageNumber="2", PageSize="2")["TotalCount"] == 5
    first = ecs("DescribeNetworkInterfaces", MaxResults="10")
    assert len(first["NetworkInterfaceSets"]["NetworkInterfaceSet"]) == 10
    rest = ecs("DescribeNetworkInterfaces", MaxResults="10", NextToken=first["NextToken"])
    assert len(rest["NetworkInterfaceSets"]["NetworkInterfaceSet"]) == 2
    for token in ("x", base64.urlsafe_b64encode(b"from:-1").decode()):
        assert refused(ecs, "DescribeNetworkInterfaces", NextToken=token)[0] == 400


def test_a_tag_has_a_key(ecs, refused):
    """A value alone asks for nothing."""
    assert refused(ecs, "DescribeSecurityGroups", Tag=[{"Value": "prod"}])[0] == 400


def test_a_classic_group_has_rules_for_two_networks(ecs):
    """The internet's unless asked for the others."""
    for asked, expected in (({}, "internet"), ({"NicType": "intranet"}, "intranet")):
        found = ecs("DescribeSecurityGroupAttribute", SecurityGroupId="sg-classic", **asked)["Permissions"][
            "Permission"
        ]
        assert [one["NicType"] for one in found] == [expected]


def test_instances_that_may_not_be_seen_are_an_empty_list(ecs, reader):
    """No error tells that the key lacks the permission."""
    assert ecs("DescribeInstances")["TotalCount"] == 12
    assert reader.rpc(ECS, "DescribeInstances", RegionId=REGION)["TotalCount"] == 0


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"security_groups": [{"id": "sg-1", "region": "cn-beijing"}]}, "cn-beijing"),
        ({"security_groups": [{"id": "sg-1", "region": REGION, "rules": [{"source": "pl-none"}]}]}, "pl-none"),
        ({"security_groups": [{"id": "sg-1", "region": REGION, "rules": [{"source": "sg-none"}]}]}, "sg-none"),
        ({"security_groups": [{"id": "sg-1", "region": REGION, "rules": [{"source": "anywhere"}]}]}, "anywhere"),
        ({"instances": [{"id": "i-1", "region": REGION, "groups": ["sg-none"]}]}, "sg-none"),
        ({"instances": [{"id": "i-1", "region": REGION}]}, "groups"),
        ({"security_groups": [{"id": "sg-1", "region": REGION, "colour": "red"}]}, "colour"),
    ],
)
def test_an_estate_that_makes_no_sense_is_refused(estate, network, words):
    """What an estate names must exist."""
    estate["accounts"][0]["ecs"] = network
    with pytest.raises(EstateError, match=words):
        Simulator(estate)


def test_the_state_is_an_estate(sim, ecs):
    """Loaded again, it is the same world, whatever order its rules were made in."""
    authorize(ecs, permission(), permission(Priority="2"))
    state = sim.state()
    sim.reset(state)
    assert sim.state() == state
