# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS 2014-05-26: regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import regions
from simulator.parameters import Text
from simulator.registry import Product

if TYPE_CHECKING:
    from simulator.call import Call

ecs = Product(
    "ecs",
    version="2014-05-26",
    hosts=(
        "ecs.aliyuncs.com",
        "ecs.<region>.aliyuncs.com",
        "ecs-<region>.aliyuncs.com",
        "ecs-vpc.<region>.aliyuncs.com",
    ),
)


@ecs.action("DescribeRegions", params={"AcceptLanguage": Text(default="zh-CN", choices=("zh-CN", "en-US", "ja"))})
def describe_regions(call: Call) -> dict[str, Any]:
    """List the account's regions; one call, no paging."""
    language = call.params["AcceptLanguage"]
    listed = [
        {
            "RegionId": region,
            "RegionEndpoint": f"ecs.{region}.aliyuncs.com",
            "LocalName": regions.local_name(region, language),
            "Status": "available",
        }
        for region in call.account.regions
    ]
    return {"Regions": {"Region": listed}}
