# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed SDKs of CLB, NLB and ALB on what load balancers hand on: from whom, and to which servers."""

from __future__ import annotations

import json

import pytest
from alibabacloud_alb20200616 import client as alb
from alibabacloud_alb20200616 import models as alb_models
from alibabacloud_nlb20220430 import client as nlb
from alibabacloud_nlb20220430 import models as nlb_models
from alibabacloud_slb20140515 import client as slb
from alibabacloud_slb20140515 import models as slb_models
from alibabacloud_tea_openapi.exceptions import ClientException

from .balancers import REGION, config
from .conftest import ESTATE

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDKs' own
CLB, NLB = "203.0.113.10", "203.0.113.90"  # their addresses
OFFICE, WORLD = "192.0.2.7", "8.8.8.8"
NETWORK = {
    "ecs": {
        "security_groups": [{"id": "sg-web", "region": REGION}],
        "instances": [{"id": "i-web", "region": REGION, "groups": ["sg-web"], "private_ip": "172.16.0.10"}],
        "network_interfaces": [
            {"id": "eni-2", "region": REGION, "groups": ["sg-web"], "instance": "i-web", "private_ip": "172.16.0.11"}
        ],
    },
    "slb": {
        "load_balancers": [
            {
                "id": "lb-1",
                "region": REGION,
                "address": CLB,
                "servers": [{"server": "i-web", "weight": 50}],
                "listeners": [
                    {"port": 2222, "protocol": "tcp", "backend_port": 22, "acl_status": "on", "acls": ["acl-office"]},
                    {"port": 2223, "protocol": "tcp", "server_group": "rsp-1"},
                    {"port": 2224, "protocol": "tcp", "master_slave_group": "rsp-2"},
                    {"port": 2223, "protocol": "udp", "backend_port": 53},
                ],
            }
        ],
        "server_groups": {
            "rsp-1": [{"server": "eni-2", "port": 22, "weight": 10}],
            "rsp-2": [{"server": "i-web", "port": 22}, {"server": "eni-2", "port": 22}],
        },
        "acls": {"acl-office": [f"192.0.2.{number}" for number in range(60)], "acl-world": ["0.0.0.0/0"]},
    },
    "nlb": {
        "load_balancers": [
            {
                "id": "nlb-1",
                "region": REGION,
                "addresses": [NLB],
                "local_addresses": ["172.16.9.4"],
                "security_groups": ["sg-web"],
                "listeners": [{"id": "lsn-1", "port": 22, "server_group": "sgp-1"}],
            }
        ],
        "server_groups": {
            "sgp-1": {"servers": [{"server": "i-web", "port": 22}], "preserve_client_ip": True},
            "sgp-2": {"servers": [{"server": "172.16.0.11", "port": 0, "weight": 5}], "preserve_client_ip": False},
        },
    },
    "alb": {
        "load_balancers": [
            {
                "id": "alb-1",
                "region": REGION,
                "addresses": ["203.0.113.91"],
                "local_addresses": ["172.16.9.5"],
                "security_groups": ["sg-web"],
                "listeners": [{"id": "lsn-2", "port": 443, "protocol": "HTTPS", "server_groups": ["sgp-3"]}],
            }
        ],
        "server_groups": {"sgp-3": [{"server": "eni-2", "port": 8080}]},
    },
}


@pytest.fixture
def network(sim):
    """Give the simulator with load balancers that hand on to servers."""
    sim.reset({"accounts": [{**ESTATE["accounts"][0], **NETWORK}]})
    return sim


@pytest.fixture
def classic(network):
    return slb.Client(config(network))


@pytest.fixture
def layer_4(network):
    return nlb.Client(config(network))


@pytest.fixture
def layer_7(network):
    return alb.Client(config(network, f"alb.{REGION}.aliyuncs.com"))


def refused(call, asked):
    """Make a call that has to fail, and give status and code of its error."""
    with pytest.raises(ClientException) as caught:
        call(asked)
    return caught.value.status_code, caught.value.code


def listeners(classic):
    """List the CLB's listeners by port and protocol."""
    asked = slb_models.DescribeLoadBalancerListenersRequest(region_id=REGION, max_results=100)
    found = classic.describe_load_balancer_listeners(asked).body.listeners
    return {(each.listener_port, each.listener_protocol): each for each in found}


def test_a_clb_shows_its_default_group(classic):
    """With addresses and weights, beside its listeners in short."""
    asked = slb_models.DescribeLoadBalancerAttributeRequest(region_id=REGION, load_balancer_id="lb-1")
    body = classic.describe_load_balancer_attribute(asked).body
    (server,) = body.backend_servers.backend_server
    assert (server.server_id, server.server_ip, server.type, server.weight) == ("i-web", "172.16.0.10", "ecs", 50)
    shown = body.listener_ports_and_protocol.listener_port_and_protocol
    assert (shown[0].listener_port, shown[0].listener_protocol) == (2222, "tcp")
    asked.load_balancer_id = "lb-none"
    assert refused(classic.describe_load_balancer_attribute, asked) == (404, "InvalidLoadBalancerId.NotFound")


def test_vserver_groups_fill_the_models(classic):
    """The list counts servers and names listeners; the details have the servers."""
    asked = slb_models.DescribeVServerGroupsRequest(region_id=REGION, load_balancer_id="lb-1", include_listener=True)
    (group,) = classic.describe_vserver_groups(asked).body.vserver_groups.vserver_group
    assert (group.vserver_group_id, group.server_count) == ("rsp-1", 1)
    assert [(each.port, each.protocol) for each in group.associated_objects.listeners.listener] == [(2223, "tcp")]
    asked = slb_models.DescribeVServerGroupAttributeRequest(region_id=REGION, vserver_group_id="rsp-1")
    body = classic.describe_vserver_group_attribute(asked).body
    (server,) = body.backend_servers.backend_server
    assert (server.server_id, server.server_ip, server.type) == ("eni-2", "172.16.0.11", "eni")
    assert (server.port, server.weight, body.load_balancer_id) == (22, 10, "lb-1")


def test_primary_and_secondary_servers_are_told_apart(classic):
    """By ServerType."""
    asked = slb_models.DescribeMasterSlaveServerGroupAttributeRequest(
        region_id=REGION, master_slave_server_group_id="rsp-2"
    )
    servers = classic.describe_master_slave_server_group_attribute(asked).body.master_slave_backend_servers
    shown = [(each.server_id, each.server_type, each.port) for each in servers.master_slave_backend_server]
    assert shown == [("i-web", "Master", 22), ("eni-2", "Slave", 22)]


def test_each_kind_of_server_group_has_an_action_of_its_own(classic):
    """Their ids look alike; a group of the other kind is not there."""
    paired = slb_models.DescribeVServerGroupAttributeRequest(region_id=REGION, vserver_group_id="rsp-2")
    assert refused(classic.describe_vserver_group_attribute, paired) == (400, "InvalidParameter")
    single = slb_models.DescribeMasterSlaveServerGroupAttributeRequest(
        region_id=REGION, master_slave_server_group_id="rsp-1"
    )
    assert refused(classic.describe_master_slave_server_group_attribute, single) == (400, "InvalidParameter")
    taken = slb_models.SetLoadBalancerTCPListenerAttributeRequest(
        region_id=REGION, load_balancer_id="lb-1", listener_port=2223, vserver_group_id="rsp-2"
    )
    assert refused(classic.set_load_balancer_tcplistener_attribute, taken) == (400, "InvalidParameter")


def test_access_control_lists_fill_the_models(classic):
    """Entries stand on pages of 50 at most, whose number is called Page; listeners name their lists."""
    listed = slb_models.DescribeAccessControlListsRequest(region_id=REGION, page_size=50)
    assert [each.acl_id for each in classic.describe_access_control_lists(listed).body.acls.acl] == [
        "acl-office",
        "acl-world",
    ]
    asked = slb_models.DescribeAccessControlListAttributeRequest(
        region_id=REGION, acl_id="acl-office", page=2, page_size=50
    )
    body = classic.describe_access_control_list_attribute(asked).body
    assert (body.total_acl_entry, len(body.acl_entrys.acl_entry)) == (60, 10)
    assert body.acl_entrys.acl_entry[0].acl_entry_ip == "192.0.2.50/32"
    (user,) = body.related_listeners.related_listener
    assert (user.load_balancer_id, user.listener_port, user.acl_type) == ("lb-1", 2222, "white")
    shown = listeners(classic)
    guarded, open_ = shown[2222, "tcp"], shown[2223, "tcp"]
    assert (guarded.acl_status, guarded.acl_type, guarded.acl_ids) == ("on", "white", ["acl-office"])
    assert (open_.acl_status, open_.acl_ids) == ("off", None)
    asked.page_size = 51
    assert refused(classic.describe_access_control_list_attribute, asked) == (400, "InvalidParameter")


def test_entries_of_lists_change_who_gets_in(classic, network):
    """At once; what is there is not added again, and what is not there cannot be removed."""
    entry = json.dumps([{"entry": "8.8.8.0/24", "comment": "a guest"}])
    named = {"region_id": REGION, "acl_id": "acl-office", "acl_entrys": entry}
    assert network.reach(WORLD, CLB, 2222) == []
    add, remove = (
        slb_models.AddAccessControlListEntryRequest(**named),
        slb_models.RemoveAccessControlListEntryRequest(**named),
    )
    classic.add_access_control_list_entry(add)
    assert network.reach(WORLD, CLB, 2222) == [["i-web", 22]]
    assert refused(classic.add_access_control_list_entry, add)[0] == 400
    classic.remove_access_control_list_entry(remove)
    assert network.reach(WORLD, CLB, 2222) == []
    assert refused(classic.remove_access_control_list_entry, remove)[0] == 400
    add.acl_entrys = json.dumps([{"entry": "somewhere"}])
    assert refused(classic.add_access_control_list_entry, add) == (400, "InvalidParameter")
    add.acl_id = "acl-none"
    assert refused(classic.add_access_control_list_entry, add)[0] == 400


def test_a_tcp_listener_is_born_stopped(classic, network):
    """And serves from its start to its stop; a second one on its port is refused."""
    made = slb_models.CreateLoadBalancerTCPListenerRequest(
        region_id=REGION, load_balancer_id="lb-1", listener_port=443, backend_server_port=22, bandwidth=-1
    )
    one = {
        "region_id": REGION,
        "load_balancer_id": "lb-1",
        "listener_port": 443,
        "listener_protocol": "tcp",
    }
    classic.create_load_balancer_tcplistener(made)
    assert listeners(classic)[443, "tcp"].status == "stopped"
    assert network.reach(WORLD, CLB, 443) == []
    classic.start_load_balancer_listener(slb_models.StartLoadBalancerListenerRequest(**one))
    assert network.reach(WORLD, CLB, 443) == [["i-web", 22]]
    assert refused(classic.create_load_balancer_tcplistener, made) == (400, "ListenerAlreadyExists")
    classic.stop_load_balancer_listener(slb_models.StopLoadBalancerListenerRequest(**one))
    assert network.reach(WORLD, CLB, 443) == []
    gone = slb_models.DeleteLoadBalancerListenerRequest(**one)
    classic.delete_load_balancer_listener(gone)
    assert refused(classic.delete_load_balancer_listener, gone)[0] == 404
    made.load_balancer_id = "lb-none"
    assert refused(classic.create_load_balancer_tcplistener, made) == (404, "InvalidLoadBalancerId.NotFound")


def test_a_port_may_have_a_listener_of_each_kind(classic):
    """Then the protocol says which is meant."""
    asked = slb_models.StopLoadBalancerListenerRequest(region_id=REGION, load_balancer_id="lb-1", listener_port=2223)
    assert refused(classic.stop_load_balancer_listener, asked) == (400, "MissingParameter")
    asked.listener_protocol = "udp"
    classic.stop_load_balancer_listener(asked)
    shown = listeners(classic)
    assert (shown[2223, "udp"].status, shown[2223, "tcp"].status) == ("stopped", "running")
    one = {"region_id": REGION, "load_balancer_id": "lb-1", "listener_port": 2223}
    classic.delete_load_balancer_listener(slb_models.DeleteLoadBalancerListenerRequest(**one, listener_protocol="tcp"))
    classic.create_load_balancer_tcplistener(
        slb_models.CreateLoadBalancerTCPListenerRequest(**one, vserver_group_id="rsp-1", bandwidth=-1)
    )
    assert listeners(classic)[2223, "tcp"].vserver_group_id == "rsp-1"


def test_a_listener_gets_other_servers_and_other_lists(classic, network):
    """By SetLoadBalancerTCPListenerAttribute; what does not exist is refused."""
    asked = slb_models.SetLoadBalancerTCPListenerAttributeRequest(
        region_id=REGION, load_balancer_id="lb-1", listener_port=2223, acl_status="on", acl_type="white"
    )
    assert refused(classic.set_load_balancer_tcplistener_attribute, asked) == (400, "MissingParameter")
    asked.acl_id = "acl-none"
    assert refused(classic.set_load_balancer_tcplistener_attribute, asked)[0] == 404
    asked.acl_id = "acl-office"
    classic.set_load_balancer_tcplistener_attribute(asked)
    assert (network.reach(WORLD, CLB, 2223), network.reach(OFFICE, CLB, 2223)) == ([], [["i-web", 22]])
    asked.acl_type = "black"
    classic.set_load_balancer_tcplistener_attribute(asked)
    assert (network.reach(WORLD, CLB, 2223), network.reach(OFFICE, CLB, 2223)) == ([["i-web", 22]], [])
    off = slb_models.SetLoadBalancerTCPListenerAttributeRequest(
        region_id=REGION, load_balancer_id="lb-1", listener_port=2223, acl_status="off", vserver_group="off"
    )
    classic.set_load_balancer_tcplistener_attribute(off)
    assert listeners(classic)[2223, "tcp"].vserver_group_id is None
    assert network.reach(OFFICE, CLB, 2223) == []  # no group, and no port for the default one


def test_the_default_group_changes(classic, network):
    """Servers come with a weight, and go; strangers are refused."""
    entry = [{"ServerId": "eni-2", "Weight": "100", "Type": "eni"}, {"ServerId": "i-web", "Weight": "0"}]
    named = {"region_id": REGION, "load_balancer_id": "lb-1"}
    add = slb_models.AddBackendServersRequest(**named, backend_servers=json.dumps(entry))
    body = classic.add_backend_servers(add).body
    assert [(each.server_id, each.type) for each in body.backend_servers.backend_server] == [
        ("i-web", "ecs"),
        ("eni-2", "eni"),
    ]
    assert network.reach(OFFICE, CLB, 2222) == [["i-web", 22]]
    remove = slb_models.RemoveBackendServersRequest(**named, backend_servers=json.dumps([{"ServerId": "eni-2"}]))
    body = classic.remove_backend_servers(remove).body
    assert [(each.server_id, each.weight) for each in body.backend_servers.backend_server] == [("i-web", 0)]
    assert network.reach(OFFICE, CLB, 2222) == []  # nothing is handed on to a weight of 0
    add.backend_servers = json.dumps([{"ServerId": "i-none"}])
    assert refused(classic.add_backend_servers, add) == (404, "InvalidServerId.NotFound")


def test_nlbs_show_their_addresses_and_groups(layer_4):
    """In their zones: the public ones in the list, those from which they speak to servers one by one."""
    listed = layer_4.list_load_balancers(nlb_models.ListLoadBalancersRequest(region_id=REGION)).body
    (balancer,) = listed.load_balancers
    (address,) = balancer.zone_mappings[0].load_balancer_addresses
    assert address.public_ipv_4address == NLB
    asked = nlb_models.GetLoadBalancerAttributeRequest(region_id=REGION, load_balancer_id="nlb-1")
    body = layer_4.get_load_balancer_attribute(asked).body
    (shown,) = body.zone_mappings[0].load_balancer_addresses
    assert (shown.public_ipv_4address, shown.ipv_4local_addresses) == (NLB, ["172.16.9.4"])
    assert shown.private_ipv_4address == address.private_ipv_4address != "172.16.9.4"
    asked.load_balancer_id = "nlb-none"
    assert refused(layer_4.get_load_balancer_attribute, asked) == (404, "ResourceNotFound.loadBalancer")
    assert (balancer.security_group_ids, balancer.vpc_id) == (["sg-web"], "vpc-default")


def test_nlb_server_groups_fill_the_models(layer_4):
    """It is the group that preserves clients' addresses, or does not."""
    listed = layer_4.list_server_groups(nlb_models.ListServerGroupsRequest(region_id=REGION, max_results=100)).body
    shown = {
        each.server_group_id: (each.preserve_client_ip_enabled, each.server_group_type, each.related_load_balancer_ids)
        for each in listed.server_groups
    }
    assert shown == {"sgp-1": (True, "Instance", ["nlb-1"]), "sgp-2": (False, "Ip", [])}
    asked = nlb_models.ListServerGroupServersRequest(region_id=REGION, max_results=100)
    servers = {
        each.server_group_id: (each.server_id, each.server_ip, each.server_type, each.port, each.weight)
        for each in layer_4.list_server_group_servers(asked).body.servers
    }
    assert servers == {
        "sgp-1": ("i-web", "172.16.0.10", "Ecs", 22, 100),
        "sgp-2": ("172.16.0.11", "172.16.0.11", "Ip", 0, 5),
    }
    wide = nlb_models.ListServerGroupsRequest(region_id=REGION, max_results=101)
    assert refused(layer_4.list_server_groups, wide) == (400, "InvalidParameter")


def test_nlb_listeners_come_and_go(layer_4, network):
    """One takes a port, or a range; two on one port are refused."""
    asked = nlb_models.CreateListenerRequest(
        region_id=REGION,
        load_balancer_id="nlb-1",
        listener_protocol="TCP",
        listener_port=0,
        start_port=2000,
        end_port=2999,
        server_group_id="sgp-1",
    )
    dry = nlb_models.CreateListenerRequest(**{**vars(asked), "dry_run": True})
    assert refused(layer_4.create_listener, dry) == (400, "DryRunOperation")
    made = layer_4.create_listener(asked).body
    assert made.job_id
    assert network.reach(WORLD, NLB, 2500) == [["i-web", 22]]
    asked.listener_port, asked.start_port, asked.end_port = 2500, None, None
    assert refused(layer_4.create_listener, asked) == (400, "ResourceAlreadyExist.listener")
    layer_4.create_listener(nlb_models.CreateListenerRequest(**{**vars(asked), "listener_protocol": "UDP"}))
    gone = nlb_models.DeleteListenerRequest(region_id=REGION, listener_id=made.listener_id)
    layer_4.delete_listener(gone)
    assert network.reach(WORLD, NLB, 2500) == []
    assert refused(layer_4.delete_listener, gone) == (404, "ResourceNotFound.listener")
    asked.load_balancer_id = "nlb-none"
    assert refused(layer_4.create_listener, asked)[0] == 404


def test_albs_show_their_addresses_one_by_one(layer_7):
    """The list has their groups, the details have their addresses too."""
    (listed,) = layer_7.list_load_balancers(alb_models.ListLoadBalancersRequest()).body.load_balancers
    assert listed.security_group_ids == ["sg-web"]
    asked = alb_models.GetLoadBalancerAttributeRequest(load_balancer_id="alb-1")
    body = layer_7.get_load_balancer_attribute(asked).body
    (address,) = body.zone_mappings[0].load_balancer_addresses
    assert (address.address, address.ipv_4local_addresses) == ("203.0.113.91", ["172.16.9.5"])
    assert body.region_id == REGION
    asked.load_balancer_id = "alb-none"
    assert refused(layer_7.get_load_balancer_attribute, asked) == (404, "ResourceNotFound.LoadBalancer")


def test_alb_server_groups_fill_the_models(layer_7):
    """With real servers."""
    (group,) = layer_7.list_server_groups(alb_models.ListServerGroupsRequest(max_results=100)).body.server_groups
    assert (group.server_group_id, group.server_count, group.related_load_balancer_ids) == ("sgp-3", 1, ["alb-1"])
    asked = alb_models.ListServerGroupServersRequest(server_group_id="sgp-3", max_results=100)
    (server,) = layer_7.list_server_group_servers(asked).body.servers
    assert (server.server_id, server.server_ip, server.server_type) == ("eni-2", "172.16.0.11", "Eni")
    assert (server.port, server.weight) == (8080, 100)
    wide = alb_models.ListServerGroupsRequest(max_results=101)
    assert refused(layer_7.list_server_groups, wide) == (400, "InvalidParameter")
