# SPDX-License-Identifier: GPL-3.0-or-later
"""Random estates with every kind of path to a server, dense enough that paths meet, overlap and are stopped.

They are drawn from a random.Random, since Hypothesis's own drawing prefers what is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness import ACCOUNT, key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

REGION = "cn-hangzhou"
SSH, ELSEWHERE = 22, 2222
BLOCKS = ("0.0.0.0/0", "0.0.0.0/1", "8.8.0.0/16", "8.8.8.8/32", "203.0.113.0/24", "10.0.0.0/8")
BLOCKS_6 = ("::/0", "2001:db8::/32", "2001:db8:1::/48")
LISTS = {"pl-mixed": ["8.8.8.0/24", "203.0.113.0/25"], "pl-none": []}
# One address inside and one outside of every block and list, and one that no packet from the internet has.
SOURCES = ("8.8.8.8", "8.8.8.9", "8.8.4.4", "9.9.9.9", "200.1.1.1", "203.0.113.7", "203.0.113.200", "10.1.2.3")
SOURCES_6 = ("2001:db8:1::1", "2001:db8:2::1", "2a00::1")
GROUPS = ("sg-a", "sg-b", "sg-c")
SERVERS = ("i-a", "i-b", "i-c")
INSIDE = ("172.16.0.11", "172.16.0.12", "172.16.1.11", "172.16.1.12", "172.16.0.31")


def random_account(random: Random) -> dict:
    """An account with servers, and whatever leads to them; without keys."""
    addresses = (f"198.51.100.{number}" for number in range(1, 200))
    ecs = _ecs(random, addresses)
    slb = _slb(random, addresses)
    return {
        "id": ACCOUNT,
        "regions": [REGION],
        "ecs": ecs,
        "slb": slb,
        "nlb": _nlb(random, addresses),
        "alb": _alb(random, addresses),
        "vpc": _vpc(random, addresses, ecs, slb),
    }


def keyed(account: dict, denied: list[str], *, filtered: bool) -> dict:
    """The estate of an account whose auditor may not do some actions. filtered: balancers don't get around groups."""
    keys = [key("auditor", [{"Action": action, "Resource": "*"} for action in denied])]
    return {"accounts": [{**account, "keys": keys, "network": {"groups_filter_balancers": filtered}}]}


def _some(random: Random, things: tuple, least: int, most: int) -> list:
    return random.sample(things, random.randint(least, most))


def _mostly(random: Random, usual: Any, *others: Any) -> Any:
    return usual if random.random() < 3 / 4 else random.choice(others)


def _rule(random: Random) -> dict:
    source = random.choice((*BLOCKS, *BLOCKS, *BLOCKS_6, *LISTS, "sg-a"))
    narrow = random.choice(("", "", "172.16.0.0/24", "172.16.1.0/24")) if source in BLOCKS else ""
    ranged = [{"protocol": "TCP", "ports": ports} for ports in ("22/22", "1/65535", "2222/2222", "20/443", "80/80")]
    others = [
        {"protocol": "ALL", "ports": "-1/-1"},
        {"protocol": "TCP", "port_list": "prl-admin"},
        {"protocol": "UDP", "ports": "22/22"},
    ]
    return {
        "source": source,
        "dest": narrow,
        "policy": random.choice(("Accept", "Accept", "Drop")),
        "priority": random.choice((1, 1, 2, 50)),
        **random.choice([*ranged, *ranged, *others]),
    }


def _ecs(random: Random, addresses: Iterator[str]) -> dict:
    servers = [
        {
            "id": name,
            "region": REGION,
            "groups": _some(random, GROUPS, 1, 2),
            "status": _mostly(random, "Running", "Stopped"),
            "private_ip": f"172.16.0.{place}",
            "secondary_ips": random.choice(([], [f"172.16.1.{place}"])),
            "public_ip": next(addresses) if random.random() < 1 / 3 else "",
            **random.choice(({}, {"ipv6": f"2408:4000::{place}", "ipv6_bandwidth": random.randint(0, 1)})),
        }
        for place, name in enumerate(SERVERS, start=11)
    ]
    interfaces = [
        {
            "id": f"eni-x{place}",
            "region": REGION,
            "instance": random.choice((*SERVERS, "")),
            "groups": _some(random, GROUPS, 1, 2),
            "private_ip": f"172.16.0.{place}",
            "secondary_ips": random.choice(([], [f"172.16.1.{place}"])),
        }
        for place in range(31, 31 + random.randint(0, 2))
    ]
    groups = {
        name: {str(rule): rule for rule in (_rule(random) for _number in range(random.randint(0, 4)))}
        for name in GROUPS
    }
    return {
        "security_groups": [
            {"id": name, "region": REGION, "rules": [*rules.values()]} for name, rules in groups.items()
        ],
        "prefix_lists": [{"id": name, "region": REGION, "entries": cidrs} for name, cidrs in LISTS.items()],
        "port_lists": [{"id": "prl-admin", "region": REGION, "entries": ["22/22", "3389/3389"]}],
        "instances": servers,
        "network_interfaces": interfaces,
    }


def _members(random: Random, ports: tuple[int, ...], targets: tuple[str, ...]) -> list[dict]:
    chosen = _some(random, tuple((target, port) for target in targets for port in ports), 0, 3)
    return [{"server": target, "port": port, "weight": _mostly(random, 100, 0)} for target, port in chosen]


def _slb(random: Random, addresses: Iterator[str]) -> dict:
    balancers = []
    for place in range(2):
        internet = random.random() < 2 / 3
        balancer = {
            "id": f"lb-{place}",
            "region": REGION,
            "status": _mostly(random, "active", "inactive"),
            "address": next(addresses) if internet else f"172.16.7.{place}",
            "address_type": "internet" if internet else "intranet",
            "servers": [{"server": name, "weight": _mostly(random, 100, 0)} for name in _some(random, SERVERS, 1, 2)],
            "listeners": [_clb_listener(random, front) for front in _some(random, (22, 80, 443, 2222), 1, 2)],
        }
        balancers.append(balancer)
    acls = {name: random.choice(([], _some(random, BLOCKS[1:5], 1, 2))) for name in ("acl-a", "acl-b")}
    groups = {name: _members(random, (22, 22, 80), SERVERS) for name in ("rsp-a", "rsp-b")}
    return {"load_balancers": balancers, "server_groups": groups, "acls": acls}


def _clb_listener(random: Random, front: int) -> dict:
    guarded = {
        "acl_status": _mostly(random, "on", "off"),
        "acl_type": random.choice(("white", "black")),
        "acls": _some(random, ("acl-a", "acl-b"), 1, 2),
    }
    groups = ({"server_group": "rsp-a"}, {"master_slave_group": "rsp-b"})
    return {
        "port": front,
        "protocol": _mostly(random, "tcp", "http", "udp"),
        "status": _mostly(random, "running", "stopped"),
        **random.choice([*({"backend_port": port} for port in (22, 22, 80)), *groups]),
        **random.choice(({}, guarded)),
    }


def _nlb(random: Random, addresses: Iterator[str]) -> dict:
    targets = (*SERVERS, "eni-a", *INSIDE[:4])
    groups = {
        "sgp-fixed": {"servers": _members(random, (22, 80), targets), "preserve_client_ip": random.random() < 2 / 3},
        "sgp-any": {"servers": _members(random, (0,), targets), "preserve_client_ip": random.random() < 2 / 3},
    }
    listeners = random.choice(
        (
            [{"port": 443, "server_group": "sgp-fixed"}],
            [{"port": 0, "start": 1, "end": 100, "server_group": "sgp-any"}],
            [{"port": 22, "server_group": "sgp-any"}, {"port": 80, "server_group": "sgp-fixed"}],
        )
    )
    protocol = _mostly(random, "TCP", "TCPSSL", "UDP")
    balancer = {
        "id": "nlb-1",
        "region": REGION,
        "status": _mostly(random, "Active", "Inactive"),
        "addresses": [next(addresses)],
        "local_addresses": ["172.16.9.4"],
        "security_groups": random.choice(([], [], ["sg-c"])),
        "listeners": [{"id": f"lsn-{one['port']}", "protocol": protocol, **one} for one in listeners],
    }
    return {"load_balancers": [balancer], "server_groups": groups}


def _alb(random: Random, addresses: Iterator[str]) -> dict:
    listener = {"id": "lsn-alb", "port": 443, "protocol": "HTTPS", "server_groups": ["sgp-alb"]}
    balancer = {"id": "alb-1", "region": REGION, "addresses": [next(addresses)], "listeners": [listener]}
    groups = {"sgp-alb": {"servers": _members(random, (22, 80), SERVERS)}}
    return {"load_balancers": random.choice(([], [balancer])), "server_groups": groups}


def _vpc(random: Random, addresses: Iterator[str], ecs: dict, slb: dict) -> dict:
    """EIPs, at most one for each place that can have one, and a NAT gateway with what it forwards."""
    inner = [(one["id"], "") for one in slb["load_balancers"] if one["address_type"] == "intranet"]
    places: list[tuple[str, str]] = []
    for one in (*ecs["instances"], *ecs["network_interfaces"]):
        interface = one["id"].replace("i-", "eni-", 1) if one["id"].startswith("i-") else one["id"]
        places += [(one["id"], ""), *((interface, address) for address in one["secondary_ips"])]
    bound = [("ngw-1", ""), ("ngw-1", ""), *_some(random, (*places, ("", "")), 0, 4), *inner[: random.randint(0, 2)]]
    eips = [
        {"id": f"eip-{number}", "region": REGION, "address": next(addresses), "bound_to": thing, "private_ip": inner}
        for number, (thing, inner) in enumerate(bound)
    ]
    whole = {"external_port": "any", "internal_port": "any", "protocol": "Any"}
    single = [
        {"external_port": outer, "internal_port": inner, "protocol": protocol}
        for outer, inner, protocol in (
            ("22", "22", "TCP"),
            ("2222", "22", "TCP"),
            ("430/450", "9/29", "TCP"),
            ("22", "22", "UDP"),
        )
    ]
    entries: list[tuple[dict, Any]] = [(eips[0], whole), (eips[1], random.choice(single))]
    forwards = [
        {"id": f"fwd-{place}", "external_ip": eip["address"], "internal_ip": random.choice(INSIDE), **ports}
        for place, (eip, ports) in enumerate(entries)
        if random.random() < 2 / 3
    ]
    gateway = {"id": "ngw-1", "region": REGION, "forward_table": "ftb-1", "forwards": forwards}
    return {"eips": eips, "nat_gateways": [gateway]}
