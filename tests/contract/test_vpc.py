# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed VPC SDK fills its models from what the simulator answers, and changes what is bound and forwarded."""

from __future__ import annotations

import pytest
from alibabacloud_ecs20140526 import client as ecs
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_vpc20160428 import client as vpc
from alibabacloud_vpc20160428 import models

from .balancers import REGION, config
from .conftest import ESTATE

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDKs' own
TOKYO = "ap-northeast-1"
NETWORK = {
    "ecs": {
        "security_groups": [
            {"id": "sg-ssh", "region": REGION, "rules": [{"source": "0.0.0.0/0", "ports": "22/22"}]},
            {"id": "sg-tokyo", "region": TOKYO},
        ],
        "instances": [
            {
                "id": "i-web",
                "region": REGION,
                "groups": ["sg-ssh"],
                "private_ip": "172.16.0.10",
                "eip": "198.51.100.5",
                "ipv6": "2408:4000::5",
                "ipv6_bandwidth": 10,
            },
            {"id": "i-job", "region": REGION, "groups": ["sg-ssh"], "private_ip": "172.16.0.20"},
            {"id": "i-old", "region": REGION, "groups": ["sg-ssh"], "private_ip": "10.0.0.9", "vpc": ""},
            {"id": "i-tokyo", "region": TOKYO, "groups": ["sg-tokyo"], "private_ip": "172.16.0.10"},
        ],
        "network_interfaces": [
            {
                "id": "eni-2",
                "region": REGION,
                "groups": ["sg-ssh"],
                "instance": "i-web",
                "private_ip": "172.16.0.11",
                "secondary_ips": ["172.16.0.12"],
                "ipv6": "2408:4000::6",
                "ipv6_bandwidth": 0,
            },
        ],
    },
    "slb": {
        "load_balancers": [
            {"id": "lb-inside", "region": REGION, "address": "172.16.0.99", "address_type": "intranet"},
            {"id": "lb-outside", "region": REGION, "address": "203.0.113.10"},
        ]
    },
    "vpc": {
        "eips": [
            {
                "id": "eip-second",
                "region": REGION,
                "address": "198.51.100.7",
                "bound_to": "eni-2",
                "private_ip": "172.16.0.12",
                "name": "forgotten",
                "tags": {"env": "prod"},
            },
            {"id": "eip-nat", "region": REGION, "address": "198.51.100.9", "bound_to": "ngw-1"},
            *(
                {"id": f"eip-free-{number}", "region": REGION, "address": f"203.0.113.{100 + number}"}
                for number in range(110)
            ),
        ],
        "nat_gateways": [
            {
                "id": "ngw-1",
                "region": REGION,
                "forward_table": "ftb-1",
                "name": "way-out",
                "forwards": [
                    {
                        "id": "fwd-1",
                        "external_ip": "198.51.100.9",
                        "external_port": 2222,
                        "internal_ip": "172.16.0.20",
                        "internal_port": 22,
                    }
                ],
            }
        ],
    },
}


@pytest.fixture
def client(sim):
    """Give the SDK's client, on an account with a network."""
    sim.reset({"accounts": [{**ESTATE["accounts"][0], **NETWORK}]})
    return vpc.Client(config(sim))


def refused(call, asked):
    """Make a call that has to fail, and give status and code of its error."""
    with pytest.raises(ClientException) as caught:
        call(asked)
    return caught.value.status_code, caught.value.code


def eips(client, **asked):
    """List EIPs."""
    request = models.DescribeEipAddressesRequest(region_id=REGION, page_size=100, **asked)
    return client.describe_eip_addresses(request).body


def one(client, eip):
    """Describe one EIP."""
    (found,) = eips(client, allocation_id=eip).eip_addresses.eip_address
    return found


def entries(client, **asked):
    """List DNAT entries."""
    asked = asked or {"forward_table_id": "ftb-1"}
    body = client.describe_forward_table_entries(models.DescribeForwardTableEntriesRequest(region_id=REGION, **asked))
    return body.body.forward_table_entries.forward_table_entry


def associate(eip, instance, **more):
    """Ask for an EIP to be bound."""
    return models.AssociateEipAddressRequest(region_id=REGION, allocation_id=eip, instance_id=instance, **more)


def unassociate(eip, **more):
    """Ask for an EIP to be unbound."""
    return models.UnassociateEipAddressRequest(region_id=REGION, allocation_id=eip, **more)


def forward(**more):
    """Ask for a DNAT entry."""
    fields = {
        "forward_table_id": "ftb-1",
        "external_ip": "198.51.100.9",
        "external_port": "80",
        "internal_ip": "172.16.0.20",
        "internal_port": "8080",
        "ip_protocol": "tcp",
    }
    return models.CreateForwardEntryRequest(region_id=REGION, **{**fields, **more})


def test_eips_fill_the_model(client):
    """Each names what it is bound to; those of a network interface also to which of its addresses."""
    second = one(client, "eip-second")
    assert (second.ip_address, second.instance_id, second.instance_type) == (
        "198.51.100.7",
        "eni-2",
        "NetworkInterface",
    )
    assert (second.private_ip_address, second.mode, second.status) == ("172.16.0.12", "NAT", "InUse")
    assert (second.name, [(tag.key, tag.value) for tag in second.tags.tag]) == ("forgotten", [("env", "prod")])
    (own,) = eips(client, eip_address="198.51.100.5").eip_addresses.eip_address
    assert (own.instance_id, own.instance_type, own.instance_region_id) == ("i-web", "EcsInstance", REGION)
    free = one(client, "eip-free-3")
    assert (free.status, free.instance_id) == ("Available", "")


def test_eips_are_paged_and_filtered(client):
    """To 100 on a page; by what they are bound to, and by their state."""
    first = eips(client)
    assert (first.total_count, len(first.eip_addresses.eip_address)) == (113, 100)
    assert len(eips(client, page_number=2).eip_addresses.eip_address) == 13
    bound = eips(client, associated_instance_type="Nat", associated_instance_id="ngw-1").eip_addresses.eip_address
    assert [each.allocation_id for each in bound] == ["eip-nat"]
    assert eips(client, status="Available").total_count == 110
    wide = models.DescribeEipAddressesRequest(region_id=REGION, page_size=101)
    assert refused(client.describe_eip_addresses, wide) == (400, "InvalidParameter")
    elsewhere = models.DescribeEipAddressesRequest(region_id="eu-west-1")
    assert refused(client.describe_eip_addresses, elsewhere) == (404, "InvalidRegionId.NotFound")


@pytest.mark.usefixtures("client")
def test_network_interfaces_show_the_eip_of_each_address(sim):
    """And instances their own one, with all addresses of their first interface where they are asked for."""
    servers = ecs.Client(config(sim))
    asked = ecs_models.DescribeNetworkInterfacesRequest(region_id=REGION, network_interface_id=["eni-2"])
    (found,) = servers.describe_network_interfaces(asked).body.network_interface_sets.network_interface_set
    shown = {
        each.private_ip_address: each.associated_public_ip.public_ip_address
        for each in found.private_ip_sets.private_ip_set
    }
    assert shown == {"172.16.0.11": None, "172.16.0.12": "198.51.100.7"}
    assert [each.ipv_6address for each in found.ipv_6sets.ipv_6set] == ["2408:4000::6"]
    asked = ecs_models.DescribeInstancesRequest(
        region_id=REGION, instance_ids='["i-web"]', additional_attributes=["NETWORK_PRIMARY_ENI_IP"]
    )
    (server,) = servers.describe_instances(asked).body.instances.instance
    assert (server.eip_address.ip_address, server.eip_address.allocation_id) == ("198.51.100.5", "eip-i-web")
    primary, second = server.network_interfaces.network_interface
    assert [each.ipv_6address for each in primary.ipv_6sets.ipv_6set] == ["2408:4000::5"]
    assert (second.network_interface_id, second.ipv_6sets) == ("eni-2", None)


def test_ipv6_addresses_fill_the_model(client):
    """Without bandwidth they are private."""
    body = client.describe_ipv_6addresses(models.DescribeIpv6AddressesRequest(region_id=REGION, page_size=50)).body
    shown = {
        each.ipv_6address: (
            each.associated_instance_type,
            each.associated_instance_id,
            each.network_type,
            each.ipv_6internet_bandwidth.bandwidth,
        )
        for each in body.ipv_6addresses.ipv_6address
    }
    assert shown == {
        "2408:4000::5": ("EcsInstance", "i-web", "Public", 10),
        "2408:4000::6": ("NetworkInterface", "eni-2", "Private", None),
    }
    public = models.DescribeIpv6AddressesRequest(region_id=REGION, network_type="Public")
    assert client.describe_ipv_6addresses(public).body.total_count == 1
    wide = models.DescribeIpv6AddressesRequest(region_id=REGION, page_size=51)
    assert refused(client.describe_ipv_6addresses, wide) == (400, "InvalidParameter")


def test_nat_gateways_fill_the_model(client):
    """They name their forward table, and the EIPs that are bound to them."""
    body = client.describe_nat_gateways(models.DescribeNatGatewaysRequest(region_id=REGION, page_size=50)).body
    (gateway,) = body.nat_gateways.nat_gateway
    assert (gateway.nat_gateway_id, gateway.name, gateway.network_type) == ("ngw-1", "way-out", "internet")
    assert gateway.forward_table_ids.forward_table_id == ["ftb-1"]
    assert [(each.ip_address, each.using_status) for each in gateway.ip_lists.ip_list] == [
        ("198.51.100.9", "UsedByForwardTable")
    ]
    wide = models.DescribeNatGatewaysRequest(region_id=REGION, page_size=51)
    assert refused(client.describe_nat_gateways, wide) == (400, "InvalidParameter")


def test_forward_entries_need_a_table_or_a_gateway(client):
    """Either names them; neither is refused."""
    (entry,) = entries(client)
    assert (entry.forward_entry_id, entry.nat_gateway_id, entry.ip_protocol) == ("fwd-1", "ngw-1", "TCP")
    assert (entry.external_port, entry.internal_port, entry.status) == ("2222", "22", "Available")
    assert [each.forward_entry_id for each in entries(client, nat_gateway_id="ngw-1")] == ["fwd-1"]
    neither = models.DescribeForwardTableEntriesRequest(region_id=REGION)
    assert refused(client.describe_forward_table_entries, neither) == (400, "MissingParameter")
    stranger = models.DescribeForwardTableEntriesRequest(region_id=REGION, forward_table_id="ftb-none")
    assert refused(client.describe_forward_table_entries, stranger) == (404, "InvalidForwardTableId.NotFound")


def test_an_eip_is_bound_and_unbound(client, sim):
    """While it is bound, the internet gets in by it, and it is bound to nothing else."""
    assert sim.reach("8.8.8.8", "203.0.113.100", 22) == []
    client.associate_eip_address(associate("eip-free-0", "i-job"))
    assert sim.reach("8.8.8.8", "203.0.113.100", 22) == [["i-job", 22]]
    assert one(client, "eip-free-0").status == "InUse"
    again = associate("eip-free-0", "eni-2", instance_type="NetworkInterface")
    assert refused(client.associate_eip_address, again) == (400, "IncorrectEipStatus")
    client.unassociate_eip_address(unassociate("eip-free-0", instance_id="i-job"))
    assert sim.reach("8.8.8.8", "203.0.113.100", 22) == []
    assert refused(client.unassociate_eip_address, unassociate("eip-free-0")) == (400, "IncorrectEipStatus")


def test_an_eip_is_bound_to_an_address_of_an_interface(client, sim):
    """To the first one, unless another is named; two on one address are refused."""
    kind = {"instance_type": "NetworkInterface"}
    client.associate_eip_address(associate("eip-free-0", "eni-2", **kind))
    assert sim.reach("8.8.8.8", "203.0.113.100", 22) == [["i-web", 22]]
    taken = associate("eip-free-1", "eni-2", private_ip_address="172.16.0.12", **kind)
    assert refused(client.associate_eip_address, taken) == (400, "InvalidAssociation.Duplicated")
    foreign = associate("eip-free-1", "eni-2", private_ip_address="172.16.0.99", **kind)
    assert refused(client.associate_eip_address, foreign) == (400, "InvalidParameter")


def test_an_eip_is_unbound_from_the_address_that_it_is_bound_to(client, sim):
    """Another one of the same interface is none of its."""
    before = sim.state()
    other = unassociate("eip-second", private_ip_address="172.16.0.11")
    assert refused(client.unassociate_eip_address, other) == (400, "InvalidInstanceId.NotFound")
    assert sim.state() == before
    client.unassociate_eip_address(unassociate("eip-second", private_ip_address="172.16.0.12"))


@pytest.mark.parametrize(
    ("eip", "instance", "kind", "error"),
    [
        ("eip-none", "i-job", None, (404, "InvalidAllocationId.NotFound")),
        ("eip-free-0", "i-none", None, (404, "InvalidInstanId.NotFound")),
        ("eip-free-0", "i-job", "Nat", (404, "InvalidInstanId.NotFound")),
        ("eip-free-0", "i-tokyo", None, (400, "InvalidParameter.Mismatch")),
        ("eip-free-0", "i-web", None, (400, "InvalidAssociation.Duplicated")),
        ("eip-free-0", "i-old", None, (400, "OperationDenied")),
        ("eip-free-0", "lb-outside", "SlbInstance", (400, "OperationDenied")),
        ("eip-free-0", "i-job", "Server", (400, "InvalidInstanceType.ValueNotSupported")),
    ],
)
def test_what_an_eip_is_not_bound_to(client, sim, eip, instance, kind, error):
    """Nothing that is not there, is elsewhere, has one already, or takes none; and nothing changes."""
    before = sim.state()
    assert refused(client.associate_eip_address, associate(eip, instance, instance_type=kind)) == error
    assert sim.state() == before


def test_eips_come_and_go(client):
    """A new one is free; one in use stays."""
    new = client.allocate_eip_address(models.AllocateEipAddressRequest(region_id=REGION, name="new", bandwidth="5"))
    assert one(client, new.body.allocation_id).ip_address == new.body.eip_address
    client.associate_eip_address(associate(new.body.allocation_id, "lb-inside", instance_type="SlbInstance"))
    release = models.ReleaseEipAddressRequest(region_id=REGION, allocation_id=new.body.allocation_id)
    assert refused(client.release_eip_address, release) == (400, "IncorrectEipStatus")
    client.unassociate_eip_address(unassociate(new.body.allocation_id, instance_type="SlbInstance"))
    client.release_eip_address(release)
    assert eips(client, allocation_id=new.body.allocation_id).total_count == 0


def test_an_eip_of_a_nat_gateway_that_forwards_goes_by_force(client):
    """And takes the entries with it."""
    asked = unassociate("eip-nat", instance_id="ngw-1", instance_type="Nat")
    assert refused(client.unassociate_eip_address, asked)[0] == 400
    asked.force = True
    client.unassociate_eip_address(asked)
    assert entries(client) == []
    client.associate_eip_address(associate("eip-nat", "ngw-1", instance_type="Nat"))
    client.associate_eip_address(associate("eip-free-0", "ngw-1", instance_type="Nat"))


def test_forward_entries_are_made_changed_and_deleted(client, sim):
    """Each has its effect at once."""
    made = client.create_forward_entry(forward(external_port="10/20", internal_port="20/30")).body.forward_entry_id
    assert sim.reach("8.8.8.8", "198.51.100.9", 12) == [["i-job", 22]]
    assert sim.reach("8.8.8.8", "198.51.100.9", 13) == []  # port 23: no rule of the group lets it in
    change = models.ModifyForwardEntryRequest(
        region_id=REGION, forward_table_id="ftb-1", forward_entry_id=made, external_port="443", internal_port="22"
    )
    client.modify_forward_entry(change)
    assert sim.reach("8.8.8.8", "198.51.100.9", 12) == []
    assert sim.reach("8.8.8.8", "198.51.100.9", 443) == [["i-job", 22]]
    gone = models.DeleteForwardEntryRequest(region_id=REGION, forward_table_id="ftb-1", forward_entry_id=made)
    client.delete_forward_entry(gone)
    assert [each.forward_entry_id for each in entries(client)] == ["fwd-1"]
    assert refused(client.delete_forward_entry, gone) == (404, "InvalidForwardEntryId.NotFound")
    assert refused(client.modify_forward_entry, change) == (404, "InvalidForwardEntryId.NotFound")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"forward_table_id": "ftb-none"}, (404, "InvalidForwardTableId.NotFound")),
        ({"external_ip": "198.51.100.5"}, (400, "InvalidIp.NotInNatgw")),
        ({"external_ip": "here"}, (400, "InvalidExternalIp.Malformed")),
        ({"internal_ip": "there"}, (400, "InvalidInternalIp.Malformed")),
        ({"external_port": "ssh"}, (400, "InvalidExternalPort.Malformed")),
        ({"external_port": "10/20"}, (400, "InvalidInternalPort.Malformed")),
        ({"ip_protocol": "icmp"}, (400, "InvalidProtocal.ValueNotSupported")),
        ({"external_port": "2222"}, (400, "OperationUnsupported.ForwardEntry")),
        (
            {"external_port": "any", "internal_port": "any", "ip_protocol": "any"},
            (400, "OperationUnsupported.ForwardEntry"),
        ),
    ],
)
def test_forward_entries_that_are_refused(client, sim, fields, error):
    """Wrong ones, and those that want what another one gets; and nothing changes."""
    before = sim.state()
    assert refused(client.create_forward_entry, forward(**fields)) == error
    assert sim.state() == before


def test_all_ports_are_forwarded_by_one_entry(client, sim):
    """If nothing else is forwarded from the address."""
    client.delete_forward_entry(
        models.DeleteForwardEntryRequest(region_id=REGION, forward_table_id="ftb-1", forward_entry_id="fwd-1")
    )
    client.create_forward_entry(forward(external_port="Any", internal_port="Any", ip_protocol="Any"))
    assert [(each.external_port, each.ip_protocol) for each in entries(client)] == [("any", "Any")]
    assert sim.reach("8.8.8.8", "198.51.100.9", 22) == [["i-job", 22]]
