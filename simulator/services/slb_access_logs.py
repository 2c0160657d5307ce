# SPDX-License-Identifier: GPL-3.0-or-later
"""SLB 2014-05-15: where the access logs of load balancers go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.paging import by_number, numbered
from simulator.parameters import Json, Region, Text

from . import ram, sls
from .slb import balancer_named, balancers_here, slb

if TYPE_CHECKING:
    from simulator.call import Call

    from .slb import Balancer

ROLES = ("AliyunServiceRoleForSlbLogDelivery", "AliyunLogArchiveRole")  # either of them lets SLB deliver


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
    logging = [each for each in balancers_here(call) if each.access_log and wanted in (None, each.id)]
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


def _arn(call: Call) -> str:
    return call.arn(f"loadbalancer/{_rule(call)['LoadBalancerId']}")


def _balancer(call: Call) -> Balancer:
    wanted = _rule(call)["LoadBalancerId"]
    if call.params.get("LoadBalancerId", wanted) != wanted:
        raise ApiError("InvalidParameter", "LoadBalancerId is not the one in LogsDownloadAttributes.", 400)
    return balancer_named(call, wanted)


RULES = {
    "RegionId": Region(required=True),
    "LogsDownloadAttributes": Json(required=True, most=50),
    "LoadBalancerId": Text(),
}


@slb.action("SetAccessLogsDownloadAttribute", writes=True, resource=_arn, params=RULES)
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


@slb.action("DeleteAccessLogsDownloadAttribute", writes=True, resource=_arn, params=RULES)
def delete_access_logs_download_attribute(call: Call) -> dict[str, Any]:
    """Switch a load balancer's access logs off."""
    balancer = _balancer(call)
    if not balancer.access_log:
        raise ApiError("Operation.NotAllowed", "The AccessLogDownloadAttribute does not exists.", 400)
    balancer.access_log = None
    return {}
