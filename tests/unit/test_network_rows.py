# SPDX-License-Identifier: GPL-3.0-or-later
"""What rows of the cloud's answers are taken for, where they do not say all of it."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import network_rows as rows
from ansible_collections.hardening.alicloud.plugins.module_utils.network import ALB, CLB, NLB

HERE = "cn-hangzhou"
NAMED = {"LoadBalancerId": "lb-1"}


class FakeCloud:
    """Gives each action's one answer."""

    def __init__(self, **answers: dict):
        self.answers = answers

    def rpc(self, _product: str, action: str, _params: dict, _region: str) -> dict:
        """The answer."""
        return self.answers[action]


def listed(kind: str, row: dict) -> rows.Balancer:
    """The load balancer of this row."""
    row = {**NAMED, **row}
    answer = {"LoadBalancers": {"LoadBalancer": [row]} if kind == CLB else [row], "TotalCount": 1}
    cloud = FakeCloud(**{"DescribeLoadBalancers" if kind == CLB else "ListLoadBalancers": answer})
    (found,) = rows.BALANCERS[kind](cloud, HERE)
    return found


def zones(**address: object) -> dict:
    """An answer's zones, with one address."""
    return {"ZoneMappings": [{"LoadBalancerAddresses": [address]}]}


@pytest.mark.parametrize(
    ("kind", "row", "addresses"),
    [
        (NLB, {"AddressType": "Internet", **zones(PublicIPv4Address="203.0.113.9")}, ("203.0.113.9",)),
        (NLB, {"AddressType": "Internet"}, None),
        (NLB, {"AddressType": "Internet", **zones(PrivateIPv4Address="172.16.9.9")}, None),
        (NLB, {"AddressType": "Intranet", **zones(PrivateIPv4Address="172.16.9.9")}, ()),
        (NLB, {"AddressType": "Intranet", "Ipv6AddressType": "Internet"}, None),
        (ALB, {"AddressType": "Internet"}, None),
        (ALB, {"AddressType": "Intranet"}, ()),
        (CLB, {"AddressType": "internet", "Address": "203.0.113.9"}, ("203.0.113.9",)),
        (CLB, {"AddressType": "internet"}, None),
        (CLB, {"AddressType": "intranet", "Address": "172.16.9.9"}, ()),
    ],
)
def test_addresses_that_are_not_shown_are_not_known(kind, row, addresses):
    """One that faces the internet has some all the same, and is not taken for closed."""
    assert listed(kind, row).addresses == addresses


def test_an_nlb_reaches_its_servers_from_its_local_addresses():
    """Not from the private one at which it is reached itself."""
    nlb = listed(NLB, {"AddressType": "Internet", **zones(PublicIPv4Address="203.0.113.9")})
    detailed = zones(PrivateIPv4Address="172.16.9.9", Ipv4LocalAddresses=["172.16.9.4", "172.16.9.5"])
    (found,) = rows.with_addresses(FakeCloud(GetLoadBalancerAttribute=detailed), nlb)
    assert (found.addresses, found.local_addresses) == (("203.0.113.9",), ("172.16.9.4", "172.16.9.5"))
