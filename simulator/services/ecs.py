# SPDX-License-Identifier: GPL-3.0-or-later
"""ECS 2014-05-26: regions, and what an account's network is made of. The actions on that are in `ecs_*.py`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from simulator import regions
from simulator.errors import EstateError
from simulator.parameters import Text
from simulator.registry import Product, Section, known_addresses, known_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call
    from simulator.estate import Account, World

QUOTA = 200  # rules of a group; a rule by prefix list counts as many as the list may have entries

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


@dataclass
class Rule:
    """One rule. `source` is a CIDR, a prefix list's id or a security group's; `id` is made up unless it is given.

    `created` is when, as the estate says it; `added` is the same for a rule that was added since.
    """

    source: str
    ports: str = ""
    protocol: str = "TCP"
    policy: str = "Accept"
    priority: int = 1
    direction: str = "ingress"
    port_list: str = ""
    source_owner: str = ""
    source_ports: str = ""
    dest: str = ""
    nic: str = "intranet"
    description: str = ""
    id: str = ""
    created: str = ""
    number: int = 0
    added: str = ""

    @property
    def content(self) -> tuple:
        """What makes two rules the same rule."""
        return (
            self.direction, self.policy.lower(), self.priority, self.protocol.upper(), self.ports, self.port_list,
            spelled(self.source), self.source_ports, spelled(self.dest), self.nic,
        )  # fmt: skip

    @property
    def rule_id(self) -> str:
        """The id that the API shows."""
        return self.id or f"sgr-sim{self.number:012d}"


@dataclass
class Group:
    """A security group; without `vpc` it is one of the classic network. `type`: normal (basic) or enterprise."""

    id: str
    region: str
    name: str = ""
    vpc: str = "vpc-default"
    type: str = "normal"
    inner_access: str = "Accept"
    service_managed: bool = False
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)


@dataclass
class PrefixList:
    """A list of CIDR blocks of one family."""

    id: str
    region: str
    name: str = ""
    family: str = "IPv4"
    max_entries: int = 0
    entries: list[str] = field(default_factory=list)


@dataclass
class PortList:
    """A list of port ranges."""

    id: str
    region: str
    entries: list[str] = field(default_factory=list)


@dataclass
class Instance:
    """A server, with its primary network interface; without `vpc` it is one of the classic network.

    `eip` is short for an EIP that is bound to it: loading makes one of it (`vpc.py`). `ipv6_bandwidth` is what it has
    to the internet, in Mbit/s. `economical`: it was stopped so that its fixed public address was released, and gets
    another one as it starts.
    """

    id: str
    region: str
    groups: list[str]
    name: str = ""
    status: str = "Running"
    economical: bool = False
    vpc: str = "vpc-default"
    private_ip: str = ""
    public_ip: str = ""
    eip: str = ""
    ipv6: str = ""
    ipv6_bandwidth: int = 1
    secondary_ips: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Interface:
    """A further network interface, of an instance or of none; `eip` and `ipv6_bandwidth` as for an instance."""

    id: str
    region: str
    groups: list[str]
    instance: str = ""
    vpc: str = "vpc-default"
    private_ip: str = ""
    eip: str = ""
    ipv6: str = ""
    ipv6_bandwidth: int = 1
    secondary_ips: list[str] = field(default_factory=list)
    type: str = "Secondary"

    @property
    def addresses(self) -> list[str]:
        """Its private addresses, the primary one first."""
        return [each for each in (self.private_ip, *self.secondary_ips) if each]


@dataclass
class Ecs:
    """An account's part of ECS; everything by its id."""

    security_groups: dict[str, Group] = field(default_factory=dict)
    prefix_lists: dict[str, PrefixList] = field(default_factory=dict)
    port_lists: dict[str, PortList] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    network_interfaces: dict[str, Interface] = field(default_factory=dict)
    last_number: int = 0

    def number(self) -> int:
        """The number of the next rule's id; none is given twice."""
        self.last_number += 1
        return self.last_number

    def interfaces(self) -> list[Interface]:
        """All network interfaces: the primary one of each instance in a VPC, then the others."""
        primary = [
            Interface(
                f"eni-{one.id.removeprefix('i-')}", one.region, one.groups, one.id, one.vpc, one.private_ip,
                ipv6=one.ipv6, ipv6_bandwidth=one.ipv6_bandwidth, secondary_ips=one.secondary_ips, type="Primary",
            )
            for one in self.instances.values()
            if one.vpc
        ]  # fmt: skip
        return primary + list(self.network_interfaces.values())

    def room(self, rules: list[Rule]) -> int:
        """How much of the quota these rules take."""
        lists = self.prefix_lists
        return sum(lists[rule.source].max_entries if rule.source in lists else 1 for rule in rules)


KINDS: dict[str, type] = {
    "security_groups": Group,
    "prefix_lists": PrefixList,
    "port_lists": PortList,
    "instances": Instance,
    "network_interfaces": Interface,
}


def spelled(source: str) -> str:
    """A CIDR in its one spelling; everything else as it is."""
    try:
        return str(ip_network(source, strict=False))
    except ValueError:
        return source


def _load(data: Mapping[str, Any] | None, account: Account) -> Ecs:
    data = data or {}
    known_keys(data, set(KINDS), f"account {account.id}: ecs")
    state = Ecs()
    for name, kind in KINDS.items():
        for entry in data.get(name) or []:
            thing = _make(kind, entry, name)
            if thing.id in getattr(state, name):
                raise EstateError(f"{name}: {thing.id} is there twice")
            if thing.region not in account.regions:
                raise EstateError(f"{name}: {thing.id} is in {thing.region}, a region that the account does not have")
            getattr(state, name)[thing.id] = thing
    for group in state.security_groups.values():
        group.name = group.name or group.id
        group.rules = [_rule(entry, group, state) for entry in group.rules]
    for prefix_list in state.prefix_lists.values():
        prefix_list.max_entries = prefix_list.max_entries or max(1, len(prefix_list.entries))
    return state


def _make(kind: type, entry: Mapping[str, Any], where: str) -> Any:
    known_keys(
        entry,
        set(kind.__dataclass_fields__) - {"number", "added"},
        f"{where}: {entry.get('id') or entry.get('source')}",
    )
    try:
        return kind(**{name: value for name, value in entry.items() if value is not None})
    except TypeError as error:
        raise EstateError(f"{where}: {error}") from None


def _rule(entry: Mapping[str, Any], group: Group, state: Ecs) -> Rule:
    rule = _make(Rule, entry, f"rules of {group.id}")
    if group.vpc == "" and "nic" not in entry:
        rule.nic = "internet"
    rule.number = state.number()
    rule.protocol = rule.protocol.upper()
    if not rule.port_list and not rule.ports:
        rule.ports = "-1/-1"
    return rule


def _dump(state: Ecs) -> dict[str, Any]:
    shown = {name: [asdict(thing) for thing in getattr(state, name).values()] for name in KINDS}
    for group in shown["security_groups"]:
        group["rules"] = sorted((_dump_rule(rule) for rule in group["rules"]), key=_in_order)
    return shown


def _dump_rule(rule: dict[str, Any]) -> dict[str, Any]:
    hidden = {"number", "added", *(name for name in ("id", "created") if not rule[name])}
    return {name: value for name, value in rule.items() if name not in hidden}


def _in_order(rule: dict[str, Any]) -> tuple:
    """Rules have no order of their own, so two worlds with the same rules look the same."""
    return (rule["priority"], *(str(rule[name]) for name in sorted(rule)))


def _check(world: World) -> None:
    for account in world.accounts.values():
        state = section.of(account)
        for group in state.security_groups.values():
            _check_rules(group, state)
        for one in (*state.instances.values(), *state.network_interfaces.values()):
            public = getattr(one, "public_ip", "")
            known_addresses(one.id, one.private_ip, *one.secondary_ips, public, one.eip, one.ipv6)
            groups = [state.security_groups.get(name) for name in one.groups]
            if not groups or any(group is None or group.region != one.region for group in groups):
                raise EstateError(f"{one.id}: its groups must exist in {one.region}: {', '.join(one.groups) or 'none'}")
            if len({group.type for group in groups}) > 1:
                raise EstateError(f"{one.id}: basic and enterprise groups don't go together")
        for one in state.network_interfaces.values():
            if one.instance and one.instance not in state.instances:
                raise EstateError(f"{one.id}: there is no instance {one.instance}")


def _check_rules(group: Group, state: Ecs) -> None:
    for rule in group.rules:
        known = {
            "sg-": rule.source in state.security_groups or rule.source_owner,
            "pl-": rule.source in state.prefix_lists,
        }
        if not known.get(rule.source[:3], spelled(rule.source) != rule.source or "/" in rule.source):
            raise EstateError(f"{group.id}: no such source: {rule.source}")
        if rule.port_list and rule.port_list not in state.port_lists:
            raise EstateError(f"{group.id}: no such port list: {rule.port_list}")


section = Section("ecs", _load, _dump, _check)


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
