# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a CLB's access logs go (SLB 2014-05-15): read region-wide, set and deleted one by one.

SetAccessLogsDownloadAttribute is no upsert: it refuses where a setting is there, with the same code as
DeleteAccessLogsDownloadAttribute where there is none. So both look at the setting before they call a refusal one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .errors import CloudError
from .pages import numbered
from .retry import insist
from .writes import Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cloud import Cloud

SET, DELETE = "SetAccessLogsDownloadAttribute", "DeleteAccessLogsDownloadAttribute"
NOT_ALLOWED = "Operation.NotAllowed"
# A project or logstore that was made a moment ago may not be known to SLB yet. The second code is UNCONFIRMED.
EARLY = ("InvalidProject.NotExist", "InvalidLogStore.NotExist")


def targets(cloud: Cloud, region: str, **params: str) -> dict[str, tuple[str, str]]:
    """CLB id to the project and logstore that its access logs go to, for all of a region that have a setting.

    params narrow the list (LoadBalancerId). A row that names no place, as an ALB's empty setting does, is none.
    """
    path = ("LogsDownloadAttributes", "LogsDownloadAttribute")
    rows = numbered(cloud, "slb", "DescribeAccessLogsDownloadAttribute", region, 50, path, **params)
    named = [row for row in rows if row.get("LogProject") and row.get("LogStore")]
    return {row["LoadBalancerId"]: (row["LogProject"], row["LogStore"]) for row in named}


def _target(cloud: Cloud, params: dict) -> tuple[str, str] | None:
    balancer = params["LoadBalancerId"]
    return targets(cloud, params["RegionId"], LoadBalancerId=balancer).get(balancer)


def _is_target(cloud: Cloud, params: dict) -> bool:
    return _target(cloud, params) == (params["LogProject"], params["LogStore"])


def set_target(cloud: Cloud, params: dict) -> None:
    """Switch a CLB's access logs on."""
    _send(cloud, SET, params, done=lambda: _is_target(cloud, params))


def delete_target(cloud: Cloud, params: dict) -> None:
    """Switch a CLB's access logs off."""
    _send(cloud, DELETE, params, done=lambda: not _is_target(cloud, params))


def _send(cloud: Cloud, action: str, params: dict, done: Callable[[], bool]) -> None:
    """One call; where it was refused or broke off, done() says whether it had its effect all the same."""
    for project in ("LogProject", "logProject"):
        # The documentation's table has LogProject, its example logProject; which of them counts is UNCONFIRMED.
        try:
            insist(lambda project=project: _call(cloud, action, params, project), EARLY)
        except CloudError as error:
            if (error.passing or error.code == NOT_ALLOWED) and done():
                return
            if project == "LogProject" and error.code.startswith(("InvalidParameter", "MissingParameter")):
                continue
            raise
        return


def _call(cloud: Cloud, action: str, params: dict, project: str) -> None:
    rule = {
        project: params["LogProject"],
        "LogStore": params["LogStore"],
        "LoadBalancerId": params["LoadBalancerId"],
    }
    asked = {"LoadBalancerId": params["LoadBalancerId"], "LogsDownloadAttributes": json.dumps([rule])}
    cloud.rpc("slb", action, asked, params["RegionId"], repeatable=False)


def _setting(params: dict) -> str:
    return f"access log to {params['LogProject']}/{params['LogStore']}"


def _refuses(cloud: Cloud, params: dict) -> str | None:
    from .sls import refuses_target

    return refuses_target(cloud.sls, params)


WRITES = {
    SET: Write(setting=_setting, send=set_target, holds=_is_target, refuses=_refuses),
    DELETE: Write(setting=_setting, send=delete_target, holds=lambda cloud, params: not _is_target(cloud, params)),
}
