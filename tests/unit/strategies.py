# SPDX-License-Identifier: GPL-3.0-or-later
"""Random security groups, dense enough that rules overlap, tie and cut holes into each other."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import Addresses
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Lists, Rule
from hypothesis import strategies as st

BLOCKS = (
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "8.0.0.0/7",
    "8.8.0.0/16",
    "8.8.8.8/32",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "100.64.0.0/10",
    "172.0.0.0/8",
    "192.168.7.0/24",
    "203.0.113.0/24",
    "203.0.113.7/32",
)
BLOCKS_6 = ("::/0", "::/1", "2000::/3", "2001:db8::/32", "2400:3200::1/128", "fd00::/8", "fe80::/10")
PREFIX_LISTS = {"pl-mixed": ("10.2.0.0/16", "8.8.4.0/24"), "pl-v6": ("2001:db8:5::/48", "fd00:1::/32"), "pl-none": ()}
PORT_LISTS = {"prl-admin": ("22/22", "3389/3389"), "prl-wide": ("20/30", "80/80", "3000/4000")}
LISTS = Lists(
    {name: Addresses.of(*cidrs) for name, cidrs in PREFIX_LISTS.items()},
    {name: tuple(tuple(map(int, each.split("/"))) for each in ranges) for name, ranges in PORT_LISTS.items()},
)
GROUPS = ("sg-front", "sg-bastion")
TARGET = "10.0.0.9"
# One address inside and one outside every block and list, and the edges of some.
ADDRESSES = (
    "8.8.8.8",
    "8.8.8.9",
    "8.8.4.4",
    "9.255.255.255",
    "10.1.2.3",
    "10.2.2.2",
    "10.255.255.255",
    "11.0.0.0",
    "100.64.0.1",
    "100.127.255.255",
    "100.128.0.0",
    "127.255.0.1",
    "172.16.0.1",
    "172.32.0.1",
    "192.168.7.7",
    "198.18.0.1",
    "203.0.113.7",
    "203.0.113.8",
    "223.255.255.255",
    "2001:db8:5::5",
    "2001:db8::1",
    "2400:3200::1",
    "2a00::1",
    "fd00:1::1",
    "fd77::1",
    "fe80::1",
)
NARROWER = ({}, {}, {}, {"to": f"{TARGET}/32"}, {"to": "10.0.0.77/32"}, {"source_ports": "1/1023"})
PORTS = (1, 21, 22, 23, 80, 3388, 3389, 3390, 65535)


def destinations():
    """Protocol with the ports that the API takes beside it."""
    ports = st.sampled_from(("22/22", "1/65535", "20/25", "22/65535", "1/22", "80/80", "3389/3389", "-1/-1"))
    ranged = st.tuples(st.sampled_from(("TCP", "6", "UDP")), ports, st.just(""))
    listed = st.tuples(st.just("TCP"), st.just(""), st.sampled_from(tuple(PORT_LISTS)))
    whole = st.tuples(st.sampled_from(("ALL", "ICMP", "GRE")), st.just("-1/-1"), st.just(""))
    return st.one_of(ranged, ranged, listed, whole)


def origins():
    """The fields of one source."""
    return st.one_of(
        st.fixed_dictionaries({"cidr": st.sampled_from(BLOCKS)}),
        st.fixed_dictionaries({"cidr6": st.sampled_from(BLOCKS_6)}),
        st.fixed_dictionaries({"prefix_list": st.sampled_from(tuple(PREFIX_LISTS))}),
        st.fixed_dictionaries({"group": st.sampled_from(GROUPS)}),
    )


@st.composite
def a_rule(draw):
    """Any rule; one in a few is narrowed to some source ports or to one target."""
    protocol, ports, port_list = draw(destinations())
    narrow = draw(
        st.sampled_from(({}, {}, {}, {"to": f"{TARGET}/32"}, {"to": "10.0.0.77/32"}, {"source_ports": "1/1023"}))
    )
    if protocol not in ("TCP", "6", "UDP") or port_list:
        narrow = {name: value for name, value in narrow.items() if name != "source_ports"}
    return Rule(
        policy=draw(st.sampled_from(("accept", "accept", "drop"))),
        priority=draw(st.sampled_from((1, 1, 2, 50, 100, 110))),
        protocol=protocol,
        ports=ports,
        port_list=port_list,
        description=draw(st.sampled_from(("", "office"))),
        **draw(origins()),
        **narrow,
    )


def rule_sets():
    """The rules of a group, each with an id."""
    return st.lists(a_rule(), max_size=9).map(_numbered_all)


def wide_open():
    """The rules of a group with one for all protocols or more, which lie close to each other and to the others."""
    ranks = st.sampled_from((1, 2, 3, 4, 97, 98, 99, 100, 110))
    wide = st.builds(
        lambda origin, rank: Rule(protocol="ALL", ports="-1/-1", priority=rank, **origin),
        st.sampled_from(({"cidr": "0.0.0.0/0"}, {"cidr": "8.0.0.0/7"}, {"cidr6": "::/0"}, {"prefix_list": "pl-mixed"})),
        ranks,
    )
    near = st.builds(lambda rule, rank: replace(rule, priority=rank), a_rule(), ranks)
    return st.builds(
        lambda *parts: _numbered_all([rule for part in parts for rule in part]),
        st.lists(wide, min_size=1, max_size=3),
        st.lists(near, max_size=4),
    )


def _numbered_all(rules):
    return [replace(rule, id=f"sgr-{place}") for place, rule in enumerate(rules, start=1)]
