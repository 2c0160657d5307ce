# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each product of the cloud answers, and how to get there.

The SDK's own endpoint table is stale and incomplete, so this is the only one that is asked.
Source: the endpoint maps of Alibaba Cloud's typed SDKs, August 2026.
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment

from .errors import OptionError

HOME_REGION = "cn-hangzhou"
VERSIONS = {
    "actiontrail": "2020-07-06",
    "alb": "2020-06-16",
    "ecs": "2014-05-26",
    "nlb": "2022-04-30",
    "ram": "2015-05-01",
    "resourcemanager": "2020-03-31",
    "sas": "2018-12-03",
    "slb": "2014-05-15",
    "sts": "2015-04-01",
    "vpc": "2016-04-28",
}
_HOSTS = {
    "actiontrail": "actiontrail.{region}.aliyuncs.com",
    "alb": "alb.{region}.aliyuncs.com",
    "ecs": "ecs.{region}.aliyuncs.com",
    "nlb": "nlb.{region}.aliyuncs.com",
    "oss": "oss-{region}.aliyuncs.com",
    "ram": "ram.aliyuncs.com",
    "resourcemanager": "resourcemanager.aliyuncs.com",
    "sas": "tds.{region}.aliyuncs.com",
    "slb": "slb.{region}.aliyuncs.com",
    "sls": "{region}.log.aliyuncs.com",
    "sts": "sts.aliyuncs.com",
    "vpc": "vpc.{region}.aliyuncs.com",
}
# Regions whose SLB answers at the central host, which RegionId leads on.
_CENTRAL_SLB = (
    "cn-qingdao",
    "cn-beijing",
    "cn-hangzhou",
    "cn-shanghai",
    "cn-shenzhen",
    "cn-hongkong",
    "ap-southeast-1",
    "us-east-1",
    "us-west-1",
)
_EXCEPTIONS = {
    ("ecs", "cn-hangzhou"): "ecs-cn-hangzhou.aliyuncs.com",
    ("sas", "cn-hangzhou"): "tds.cn-shanghai.aliyuncs.com",
    ("vpc", "cn-hangzhou"): "vpc.aliyuncs.com",
    **{("slb", region): "slb.aliyuncs.com" for region in _CENTRAL_SLB},
}


def host(product: str, region: str) -> str:
    """The public host name of a product in a region."""
    return _EXCEPTIONS.get((product, region)) or _HOSTS[product].format(region=region)


def check_base(endpoint_url: str | None) -> str | None:
    """The option endpoint_url without a closing slash; OptionError unless it is https, or http to loopback."""
    if not endpoint_url:
        return None
    if "@" in endpoint_url:
        raise OptionError("endpoint_url holds a user name or a password: keys are given by options of their own.")
    parts = _parts(endpoint_url)
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(
            f"endpoint_url {endpoint_url!r} is not a URL: give it as https://host or http://127.0.0.1:port."
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise OptionError(f"endpoint_url {endpoint_url!r} is plain http to another machine: keys only travel by https.")
    if parts.query or parts.fragment or parts.path.strip("/"):
        raise OptionError("endpoint_url takes a scheme, a host and a port, and nothing else.")
    return f"{parts.scheme}://{parts.netloc}"


def userinfo(endpoint_url: str | None) -> set[str]:
    """The user name and password in a URL as they stand before its host, which no output may show."""
    before, at, _host = (endpoint_url or "").rpartition("@")
    return {(before.partition("//")[2] or before) + at} if at else set()


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def is_loopback(name: str) -> bool:
    """The name is this machine, without asking any name server."""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def proxies(name: str) -> dict[str, str]:
    """The proxies of the environment for calls to this host; none to loopback, nor where NO_PROXY names it.

    The SDKs are given this instead of the environment: one of them ignores NO_PROXY, and both would add the
    credentials of a .netrc file to signed requests.
    """
    environment = getproxies_environment()
    if is_loopback(name) or proxy_bypass_environment(name, environment):
        return {}
    return {scheme: environment[scheme] for scheme in ("http", "https") if scheme in environment}


def ca_bundle() -> str | bool:
    """The certificates to trust: a bundle the user names, else the SDKs' own."""
    return os.environ.get("ALIBABA_CLOUD_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or True
