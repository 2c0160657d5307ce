# SPDX-License-Identifier: GPL-3.0-or-later
"""SLB 2014-05-15 (Classic Load Balancer): load balancers, listeners, server groups, access logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError
from simulator.paging import by_number, by_token, numbered, tokened
from simulator.parameters import Each, Json, Region, Text
from simulator.registry import Product, Section, known_keys

from . import _backends, ram, sls

if TYPE_CHECKING:
    from simulator.call import Call
    from simulator.estate import Account, World

    from ._backends import Backend

PROTOCOLS = ("tcp", "udp", "http", "https")
ROLES = ("AliyunServiceRoleForSlbLogDelivery", "AliyunLogArchiveRole")  # either of them lets SLB deliver

slb = Product(
    "slb",
    version="2014-05-15",
    hosts=("slb.aliyuncs.com", "slb.<region>.aliyuncs.com", "slb-vpc.<region>.aliyuncs.com"),
)


# --- state ---------------------------------------------------------------------------------------------------------


@dataclass
class Listener:
    """One listener. With a server group (vServer or primary/secondary), the servers' own ports count.

    `acl_type` white lets in what is in one of the lists, black what is in none; lists that are all empty let all in.
    """

    port: int
    protocol: str
    backend_port: int | None = None
    server_group: str = ""
    master_slave_group: str = ""
    status: str = "running"
    acl_status: str = "off"
    acl_type: str = "white"
    acls: list[str] = field(default_factory=list)


@dataclass
class Acl:
    """A list of addresses that listeners of a region let in or keep out."""

    id: str
    region: str
    entries: list[str] = field(default_factory=list)


@dataclass
class Balancer:
    """One CLB; `servers` are its default group. `access_log` is {project, logstore}; with `traffic`, an entry arrives
    as soon as logs are on.
    """

    id: str
    region: str
    name: str = ""
    address: str = ""
    address_type: str = "internet"
    status: str = "active"
    tags: dict[str, str] = field(default_factory=dict)
    servers: list[Backend] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    access_log: dict[str, str] | None = None
    traffic: bool = False


@dataclass
class Slb:
    """An account's CLBs, its vServer and primary/secondary groups, and its access control lists."""

    load_balancers: dict[str, Balancer] = field(default_factory=dict)
    server_groups: dict[str, _backends.Group] = field(default_factory=dict)
    acls: dict[str, Acl] = field(default_factory=dict)


def _load(data: Mapping[str, Any] | None, account: Account) -> Slb:
    data = data or {}
    known_keys(data, {"load_balancers", "server_groups", "acls"}, f"account {account.id}: slb")
    balancers = [_load_balancer(entry, account) for entry in data.get("load_balancers") or []]
    listeners = [(balancer, listener) for balancer in balancers for listener in balancer.listeners]
    used = [(name, each.region) for each, one in listeners for name in (one.server_group, one.master_slave_group)]
    asked = [(name, each.region) for each, one in listeners for name in one.acls]
    return Slb(
        {each.id: each for each in balancers},
        _backends.groups(data.get("server_groups") or {}, [each for each in used if each[0]], account),
        _load_acls(data.get("acls") or {}, asked, account),
    )


def _load_balancer(entry: Mapping[str, Any], account: Account) -> Balancer:
    where = f"load balancer {entry.get('id')}"
    known_keys(entry, set(Balancer.__dataclass_fields__), where)
    if not entry.get("id") or entry.get("region") not in account.regions:
        raise EstateError(f"{where}: an id and a region of the account are needed")
    listeners = [_load_listener(each, where) for each in entry.get("listeners") or []]
    if entry.get("access_log"):
        known_keys(entry["access_log"], {"project", "logstore"}, f"{where}: access_log")
    servers = _backends.servers(entry.get("servers") or [], where)
    return Balancer(**{**entry, "listeners": listeners, "servers": servers})


def _load_listener(entry: Mapping[str, Any], where: str) -> Listener:
    known_keys(entry, set(Listener.__dataclass_fields__), f"{where}: listener")
    listener = Listener(**entry)
    if isinstance(listener.acl_status, bool):  # YAML's idea of on and off
        listener.acl_status = "on" if listener.acl_status else "off"
    if listener.protocol not in PROTOCOLS:
        raise EstateError(f"{where}: the protocol of a listener is one of {', '.join(PROTOCOLS)}")
    if listener.acl_status not in ("on", "off") or listener.acl_type not in ("white", "black"):
        raise EstateError(f"{where}: acl_status is on or off, acl_type white or black")
    return listener


def _load_acls(data: Mapping[str, Any], used: list[tuple[str, str]], account: Account) -> dict[str, Acl]:
    """Load access control lists; one that does not say where it is, is where it is used, or in the first region."""
    places = dict(used)
    result = {}
    for name, entry in data.items():
        given = entry if isinstance(entry, Mapping) else {"entries": entry}
        known_keys(given, {"region", "entries"}, f"acl {name}")
        region = given.get("region") or places.get(name) or account.regions[0]
        result[name] = Acl(name, region, [network(each) for each in given.get("entries") or []])
    for name, region in used:
        if name not in result or result[name].region != region:
            raise EstateError(f"a listener in {region} names the access control list {name}, which is not there")
    return result


def network(text: str) -> str:
    """Give an entry of an access control list in its one spelling. EstateError: it is none."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise EstateError(f"{text} is no address or block of addresses") from None


def _dump(state: Slb) -> dict[str, Any]:
    balancers = [
        vars(each) | {"listeners": [asdict(one) for one in each.listeners], "servers": _backends.show(each.servers)}
        for each in state.load_balancers.values()
    ]
    acls = {name: {"region": acl.region, "entries": list(acl.entries)} for name, acl in state.acls.items()}
    return {"load_balancers": balancers, "server_groups": _backends.show_groups(state.server_groups), "acls": acls}


def _check(world: World) -> None:
    for account in world.accounts.values():
        state = section.of(account)
        for each in (*state.load_balancers.values(), *state.server_groups.values()):
            _backends.check(each.servers, account, each.region, each.id)


section = Section("slb", _load, _dump, _check)


# --- reading -------------------------------------------------------------------------------------------------------


def _here(call: Call) -> list[Balancer]:
    return [each for each in section.of(call.account).load_balancers.values() if each.region == call.region]


@slb.action("DescribeLoadBalancers", params={"RegionId": Region(required=True), **numbered(100, 50)})
def describe_load_balancers(call: Call) -> dict[str, Any]:
    """List a region's load balancers."""
    page, paging = by_number(_here(call), call.params)
    return {"LoadBalancers": {"LoadBalancer": [_show(each) for each in page]}, **paging}


def _show(balancer: Balancer) -> dict[str, Any]:
    return {
        "LoadBalancerId": balancer.id,
        "LoadBalancerName": balancer.name,
        "LoadBalancerStatus": balancer.status,
        "Address": balancer.address,
        "AddressType": balancer.address_type,
        "AddressIPVersion": "ipv4",
        "NetworkType": "vpc" if balancer.address_type == "intranet" else "classic",
        "RegionId": balancer.region,
        "RegionIdAlias": balancer.region,
        "VpcId": "",
        "Tags": {"Tag": [{"TagKey": key, "TagValue": value} for key, value in balancer.tags.items()]},
    }


@slb.action(
    "DescribeLoadBalancerListeners",
    params={
        "RegionId": Region(required=True),
        "LoadBalancerId": Each(most=10),
        "ListenerProtocol": Text(choices=PROTOCOLS),
        **tokened(100),
    },
)
def describe_load_balancer_listeners(call: Call) -> dict[str, Any]:
    """List a region's listeners, in one flat list."""
    wanted = call.params.get("LoadBalancerId")
    protocol = call.params.get("ListenerProtocol")
    listeners = [
        _show_listener(balancer, each)
        for balancer in _here(call)
        if wanted is None or balancer.id in wanted
        for each in balancer.listeners
        if protocol in (None, each.protocol)
    ]
    page, token = by_token(listeners, call.params)
    paging = {"NextToken": token} if token else {}
    return {"Listeners": page, "MaxResults": call.params["MaxResults"], "TotalCount": len(listeners), **paging}


def _show_listener(balancer: Balancer, listener: Listener) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "LoadBalancerId": balancer.id,
        "ListenerPort": listener.port,
        "ListenerProtocol": listener.protocol,
        "Status": listener.status,
        "AclStatus": "off",
        "Bandwidth": -1,
    }
    if listener.backend_port is not None:
        shown["BackendServerPort"] = listener.backend_port
    if listener.server_group:
        shown["VServerGroupId"] = listener.server_group
    if listener.master_slave_group:
        shown[f"{listener.protocol.upper()}ListenerConfig"] = {"MasterSlaveServerGroupId": listener.master_slave_group}
    return shown


def _group(call: Call, name: str) -> list[dict[str, Any]]:
    group = section.of(call.account).server_groups.get(call.params[name])
    if group is None:
        raise ApiError("InvalidParameter", f"The specified {name} does not exist.", 400)
    return [
        {"ServerId": _backends.server_id(each, place), "Port": each.port, "Weight": each.weight}
        for place, each in enumerate(group.servers)
    ]


@slb.action(
    "DescribeVServerGroupAttribute", params={"RegionId": Region(required=True), "VServerGroupId": Text(required=True)}
)
def describe_vserver_group_attribute(call: Call) -> dict[str, Any]:
    """List the servers of a vServer group."""
    servers = _group(call, "VServerGroupId")
    return {"VServerGroupId": call.params["VServerGroupId"], "BackendServers": {"BackendServer": servers}}


@slb.action(
    "DescribeMasterSlaveServerGroupAttribute",
    params={"RegionId": Region(required=True), "MasterSlaveServerGroupId": Text(required=True)},
)
def describe_master_slave_server_group_attribute(call: Call) -> dict[str, Any]:
    """List the servers of a primary/secondary group."""
    servers = _group(call, "MasterSlaveServerGroupId")
    group = call.params["MasterSlaveServerGroupId"]
    return {"MasterSlaveServerGroupId": group, "MasterSlaveBackendServers": {"MasterSlaveBackendServer": servers}}


# --- access logs ---------------------------------------------------------------------------------------------------


@slb.action(
    "DescribeAccessLogsDownloadAttribute",
    params={
        "RegionId": Region(required=True),
        "LoadBalancerId": Text(),
        "LogType": Text(choices=("layer7",)),
        **numbered(50),
    },
)
def describe_access_logs_download_attribute(call: Call) -> dict[str, Any]:
    """List where the region's access logs go; of one load balancer, or of all."""
    wanted = call.params.get("LoadBalancerId")
    logging = [each for each in _here(call) if each.access_log and wanted in (None, each.id)]
    page, paging = by_number(logging, call.params)
    shown = [
        {
            "LoadBalancerId": each.id,
            "LogProject": each.access_log["project"],
            "LogStore": each.access_log["logstore"],
            "LogType": "layer7",
            "Region": each.region,
        }
        for each in page
    ]
    return {"LogsDownloadAttributes": {"LogsDownloadAttribute": shown}, **paging}


def _rule(call: Call) -> Mapping[str, str]:
    """Give the one rule of a call. Whether LogProject or logProject is right is UNCONFIRMED: both are taken."""
    rules = call.params["LogsDownloadAttributes"]
    if len(rules) != 1 or not isinstance(rules[0], Mapping):
        raise ApiError("InvalidParameter", "The specified parameter LogsDownloadAttributes is not valid.", 400)
    rule = {name[:1].upper() + name[1:]: value for name, value in rules[0].items()}
    if set(rule) != {"LoadBalancerId", "LogProject", "LogStore"}:
        raise ApiError("InvalidParameter", "The specified parameter LogsDownloadAttributes is not valid.", 400)
    return rule


def _balancer_arn(call: Call) -> str:
    return call.arn(f"loadbalancer/{_rule(call)['LoadBalancerId']}")


def _balancer(call: Call) -> Balancer:
    wanted = _rule(call)["LoadBalancerId"]
    if call.params.get("LoadBalancerId", wanted) != wanted:
        raise ApiError("InvalidParameter", "LoadBalancerId is not the one in LogsDownloadAttributes.", 400)
    found = next((each for each in _here(call) if each.id == wanted), None)
    if found is None:
        raise ApiError("InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId does not exist.", 404)
    return found


RULES = {
    "RegionId": Region(required=True),
    "LogsDownloadAttributes": Json(required=True, most=50),
    "LoadBalancerId": Text(),
}


@slb.action("SetAccessLogsDownloadAttribute", writes=True, resource=_balancer_arn, params=RULES)
def set_access_logs_download_attribute(call: Call) -> dict[str, Any]:
    """Switch a load balancer's access logs on; never changes where they go.

    Without a role that lets SLB write to Log Service it succeeds all the same, and nothing is delivered. Whether the
    call would make the service-linked role itself is UNCONFIRMED; here it does not.
    """
    balancer, rule = _balancer(call), _rule(call)
    if balancer.access_log:
        raise ApiError("Operation.NotAllowed", "The AccessLogDownloadAttribute already exists.", 400)
    project = sls.section.of(call.account).projects.get(rule["LogProject"])
    if project is None or project.region != balancer.region:
        raise ApiError("InvalidProject.NotExist", "The specified project does not exist.", 400)
    store = project.logstores.get(rule["LogStore"])
    if store is None:
        # The code of this one is UNCONFIRMED.
        raise ApiError("InvalidLogStore.NotExist", "The specified logstore does not exist.", 400)
    balancer.access_log = {"project": rule["LogProject"], "logstore": rule["LogStore"]}
    seven = any(each.protocol in ("http", "https") for each in balancer.listeners)
    if balancer.traffic and seven and set(ROLES) & set(ram.section.of(call.account).roles):
        sls.deliver(store, slbid=balancer.id, status="200", request_uri="/")
    return {}


@slb.action("DeleteAccessLogsDownloadAttribute", writes=True, resource=_balancer_arn, params=RULES)
def delete_access_logs_download_attribute(call: Call) -> dict[str, Any]:
    """Switch a load balancer's access logs off."""
    balancer = _balancer(call)
    if not balancer.access_log:
        raise ApiError("Operation.NotAllowed", "The AccessLogDownloadAttribute does not exists.", 400)
    balancer.access_log = None
    return {}
