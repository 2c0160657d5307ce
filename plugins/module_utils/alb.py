# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an ALB's access logs go (ALB 2020-06-16). Switching is a job that goes on after the call came back."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from .errors import CloudError
from .retry import backoff, insist
from .writes import Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cloud import Cloud

ENABLE, DISABLE = "EnableLoadBalancerAccessLog", "DisableLoadBalancerAccessLog"
LOOKS = 8  # about a minute
EARLY = ("ResourceNotFound.LogStore", "ResourceNotFound.LogProject")  # just made; the codes are UNCONFIRMED


def target(balancer: dict) -> tuple[str, str] | None:
    """Project and logstore of the access logs in a row of ListLoadBalancers."""
    config = balancer.get("AccessLogConfig") or {}
    return (config.get("LogProject", ""), config.get("LogStore", "")) if config.get("LogProject") else None


def _target(cloud: Cloud, params: dict) -> tuple[str, str] | None:
    asked = {"LoadBalancerIds": [params["LoadBalancerId"]], "MaxResults": 1}
    rows = cloud.rpc("alb", "ListLoadBalancers", asked, params["RegionId"])["LoadBalancers"]
    if not rows:
        raise CloudError("ListLoadBalancers", "ResourceNotFound.LoadBalancer", "there is no such load balancer")
    return target(rows[0])


def _is_target(cloud: Cloud, params: dict) -> bool:
    return _target(cloud, params) == (params["LogProject"], params["LogStore"])


def enable(cloud: Cloud, params: dict) -> None:
    """Switch an ALB's access logs on, and wait for the job; where none is named, until they are on."""
    asked = {name: params[name] for name in ("LoadBalancerId", "LogProject", "LogStore")}
    asked["ClientToken"] = str(uuid.uuid4())
    job = insist(lambda: cloud.rpc("alb", ENABLE, asked, params["RegionId"]), EARLY).get("JobId")
    # Without an id, the list would be that of everybody's jobs.
    _wait(lambda: _succeeded(cloud, job, params["RegionId"]) if job else _is_target(cloud, params))


def _succeeded(cloud: Cloud, job: str, region: str) -> bool:
    found = (cloud.rpc("alb", "ListAsynJobs", {"JobIds": [job]}, region).get("Jobs") or [{}])[0]
    if found.get("Status") == "Failed":
        raise CloudError(ENABLE, found.get("ErrorCode", ""), found.get("ErrorMessage") or "the job failed")
    return found.get("Status") == "Succeeded"


def disable(cloud: Cloud, params: dict) -> None:
    """Switch an ALB's access logs off, and wait until they are: this job has no name that could be asked for."""
    asked = {"LoadBalancerId": params["LoadBalancerId"], "ClientToken": str(uuid.uuid4())}
    cloud.rpc("alb", DISABLE, asked, params["RegionId"])
    _wait(lambda: _target(cloud, params) is None)


def _wait(done: Callable[[], bool]) -> None:
    for tries in range(1, LOOKS + 1):
        if done():
            return
        time.sleep(backoff(tries))


def _setting(params: dict) -> str:
    return f"access log to {params['LogProject']}/{params['LogStore']}"


def _refuses(cloud: Cloud, params: dict) -> str | None:
    from .sls import refuses_target

    return refuses_target(cloud.sls, params)


WRITES = {
    ENABLE: Write(setting=_setting, send=enable, holds=_is_target, refuses=_refuses),
    DISABLE: Write(setting=_setting, send=disable, holds=lambda cloud, params: not _is_target(cloud, params)),
}
