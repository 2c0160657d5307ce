# SPDX-License-Identifier: GPL-3.0-or-later
"""ALB 2020-06-16: load balancers, listeners, access logs. Calls name no region: the endpoint does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, LoudError
from simulator.paging import paged, tokened
from simulator.parameters import Bool, Each, Text
from simulator.registry import Product, Section, known_keys

from . import _backends, _balancers, ram, sls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call
    from simulator.estate import Account, World

JOB_LOOKS = 2  # an asynchronous job has its effect when it is looked at for this time
SERVICE = "logdelivery.alb.aliyuncs.com"

alb = Product("alb", version="2020-06-16", hosts=("alb.<region>.aliyuncs.com", "alb-vpc.<region>.aliyuncs.com"))


# --- state ---------------------------------------------------------------------------------------------------------


@dataclass
class Listener:
    """One listener; `server_groups` are those of its default action."""

    id: str
    port: int
    protocol: str = "HTTP"
    server_groups: list[str] = field(default_factory=list)
    status: str = "Running"


@dataclass
class Balancer:
    """One ALB, with addresses and groups as an NLB has them. `access_log` is {project, logstore}; with `traffic`, an
    entry arrives as soon as logs are on.
    """

    id: str
    region: str
    name: str = ""
    address_type: str = "Internet"
    status: str = "Active"
    vpc: str = "vpc-default"
    addresses: list[str] = field(default_factory=list)
    local_addresses: list[str] = field(default_factory=list)
    security_groups: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    access_log: dict[str, str] | None = None
    traffic: bool = False


@dataclass
class Job:
    """An asynchronous job that sets where a load balancer's access logs go, or None."""

    id: str
    balancer: str
    api: str
    access_log: dict[str, str] | None
    looks: int = 0


@dataclass
class Alb:
    """An account's ALBs, its server groups, and the jobs of this run (no part of the estate)."""

    load_balancers: dict[str, Balancer] = field(default_factory=dict)
    server_groups: dict[str, _backends.Group] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)


def _load(data: Mapping[str, Any] | None, account: Account) -> Alb:
    data = data or {}
    known_keys(data, {"load_balancers", "server_groups"}, f"account {account.id}: alb")
    balancers = list(_balancers.load(data, account, "ALB", Balancer, Listener))
    used = [(name, each.region) for each in balancers for one in each.listeners for name in one.server_groups]
    groups = _backends.groups(data.get("server_groups") or {}, used, account)
    return Alb({each.id: each for each in balancers}, groups)


def _check(world: World) -> None:
    for account in world.accounts.values():
        _balancers.check(section.of(account), account)


section = Section("alb", _load, _balancers.dump, _check)


# --- reading -------------------------------------------------------------------------------------------------------


def region(call: Call) -> str:
    """Give the region that the endpoint names."""
    if not call.region:
        raise LoudError(
            "MissingRegionId", "Neither the host nor RegionId tells the simulator which region is meant.", 400
        )
    return call.region


def _arn(call: Call) -> str:
    return call.arn(f"loadbalancer/{call.params['LoadBalancerId']}")


def here(call: Call) -> list[Balancer]:
    """List the load balancers of the call's region."""
    place = region(call)
    return [each for each in section.of(call.account).load_balancers.values() if each.region == place]


@alb.action("ListLoadBalancers", params={"LoadBalancerIds": Each(most=20), **tokened(100)})
def list_load_balancers(call: Call) -> dict[str, Any]:
    """List a region's load balancers, each with where its access logs go."""
    for job in section.of(call.account).jobs.values():
        _busy(call, job)
    wanted = call.params.get("LoadBalancerIds")
    return paged(call, "LoadBalancers", [_show(each) for each in here(call) if wanted is None or each.id in wanted])


def _show(balancer: Balancer) -> dict[str, Any]:
    log = balancer.access_log
    return {
        "LoadBalancerId": balancer.id,
        "LoadBalancerName": balancer.name,
        "LoadBalancerStatus": balancer.status,
        "AddressType": balancer.address_type,
        "AddressIpVersion": "IPv4",
        "VpcId": balancer.vpc,
        "SecurityGroupIds": balancer.security_groups,
        "Tags": [{"Key": key, "Value": value} for key, value in balancer.tags.items()],
        **({"AccessLogConfig": {"LogProject": log["project"], "LogStore": log["logstore"]}} if log else {}),
    }


@alb.action("GetLoadBalancerAttribute", resource=_arn, params={"LoadBalancerId": Text(required=True)})
def get_load_balancer_attribute(call: Call) -> dict[str, Any]:
    """Show a load balancer with its addresses, which the list does not have."""
    balancer = _balancer(call)
    addresses = [
        {"Address": public, "IntranetAddress": private, "Ipv4LocalAddresses": local}
        for public, private, local in _balancers.addresses(balancer)
    ]
    return {**_show(balancer), "RegionId": balancer.region, "ZoneMappings": _balancers.zones(balancer, addresses)}


@alb.action("ListListeners", params={"LoadBalancerIds": Each(most=20), "ListenerIds": Each(most=20), **tokened(100)})
def list_listeners(call: Call) -> dict[str, Any]:
    """List a region's listeners."""
    balancers, wanted = call.params.get("LoadBalancerIds"), call.params.get("ListenerIds")
    listeners = [
        _show_listener(balancer, each)
        for balancer in here(call)
        if balancers is None or balancer.id in balancers
        for each in balancer.listeners
        if wanted is None or each.id in wanted
    ]
    return paged(call, "Listeners", listeners)


def _show_listener(balancer: Balancer, listener: Listener) -> dict[str, Any]:
    tuples = [{"ServerGroupId": group} for group in listener.server_groups]
    return {
        "ListenerId": listener.id,
        "LoadBalancerId": balancer.id,
        "ListenerPort": listener.port,
        "ListenerProtocol": listener.protocol,
        "ListenerStatus": listener.status,
        "DefaultActions": [{"Type": "ForwardGroup", "ForwardGroupConfig": {"ServerGroupTuples": tuples}}],
    }


# --- access logs ---------------------------------------------------------------------------------------------------


def _balancer(call: Call) -> Balancer:
    balancer = next((each for each in here(call) if each.id == call.params["LoadBalancerId"]), None)
    if balancer is None:
        raise ApiError("ResourceNotFound.LoadBalancer", "The specified resource is not found.", 404)
    return balancer


def _writable(call: Call) -> Balancer:
    balancer = _balancer(call)
    jobs = [job for job in section.of(call.account).jobs.values() if job.balancer == balancer.id]
    busy = [job for job in jobs if _busy(call, job)]  # looks at each of them: a job ends by being looked at
    if balancer.status != "Active" or busy:
        raise ApiError("IncorrectStatus.LoadBalancer", "The status of the load balancer is incorrect.", 409)
    return balancer


def _busy(call: Call, job: Job) -> bool:
    """Look at a job: whether it is still under way. It may be done by that, and then it has its effect."""
    job.looks += 1
    if job.looks == JOB_LOOKS:
        balancer = section.of(call.account).load_balancers[job.balancer]
        balancer.access_log = job.access_log
        log = job.access_log
        store = sls.find_logstore(call.account, balancer.region, log["project"], log["logstore"]) if log else None
        if store and balancer.traffic:
            sls.deliver(store, app_lb_id=balancer.id, status="200", request_uri="/")
    return job.looks < JOB_LOOKS


def _begin(call: Call, balancer: Balancer, access_log: dict[str, str] | None) -> Job:
    job = Job(call.request_id.lower(), balancer.id, call.action.name, access_log)
    section.of(call.account).jobs[job.id] = job
    return job


@alb.action(
    "EnableLoadBalancerAccessLog",
    writes=True,
    resource=_arn,
    params={
        "LoadBalancerId": Text(required=True),
        "LogProject": Text(required=True),
        "LogStore": Text(required=True),
        "ClientToken": Text(pattern=r"[\x21-\x7e]{1,64}"),
        "DryRun": Bool(default=False),
    },
)
def enable_load_balancer_access_log(call: Call) -> dict[str, Any]:
    """Switch access logs on, by a job. The service-linked role for the delivery is made on the way, if there is none
    and the caller may make it; that it is so is UNCONFIRMED. So are the codes for what is missing or on already.
    """
    balancer = _writable(call)
    if balancer.access_log:
        raise ApiError("ResourceAlreadyAssociated.AccessLog", "The access log is enabled already.", 400)
    store = sls.find_logstore(call.account, balancer.region, call.params["LogProject"], call.params["LogStore"])
    if store is None:
        raise ApiError("ResourceNotFound.LogStore", "The specified resource is not found.", 404)
    if call.params["DryRun"]:
        raise ApiError("DryRunOperation", "The request is validated with the DryRun flag set.", 400)
    ram.ensure_service_role(call, SERVICE)
    place = {"project": call.params["LogProject"], "logstore": call.params["LogStore"]}
    return {"JobId": _begin(call, balancer, place).id}


@alb.action(
    "DisableLoadBalancerAccessLog",
    writes=True,
    resource=_arn,
    params={
        "LoadBalancerId": Text(required=True),
        "ClientToken": Text(pattern=r"[\x21-\x7e]{1,64}"),
        "DryRun": Bool(default=False),
    },
)
def disable_load_balancer_access_log(call: Call) -> dict[str, Any]:
    """Switch access logs off, by a job that is not named."""
    balancer = _writable(call)
    if call.params["DryRun"]:
        raise ApiError("DryRunOperation", "The request is validated with the DryRun flag set.", 400)
    _begin(call, balancer, None)
    return {}


@alb.action("ListAsynJobs", params={"JobIds": Each(most=20), **tokened(100)})
def list_asyn_jobs(call: Call) -> dict[str, Any]:
    """List jobs."""
    wanted = call.params.get("JobIds")
    jobs = [
        {
            "Id": job.id,
            "ApiName": job.api,
            "ResourceId": job.balancer,
            "ResourceType": "loadbalancer",
            "Status": "Processing" if _busy(call, job) else "Succeeded",
        }
        for job in section.of(call.account).jobs.values()
        if wanted is None or job.id in wanted
    ]
    return paged(call, "Jobs", jobs)
