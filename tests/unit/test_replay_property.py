# SPDX-License-Identifier: GPL-3.0-or-later
"""A replay of random changes gives back each earlier network, or says that it is not known.

The changes are applied by a model of the cloud that is written for this test alone, in plain dictionaries: adding what
is there and removing what is not succeeds, as it does there. It writes an event for each, as ActionTrail would.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from random import Random

from ansible_collections.hardening.alicloud.plugins.module_utils import trail
from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import Addresses
from ansible_collections.hardening.alicloud.plugins.module_utils.change_kinds import UNSAID
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import Lists, Rule
from ansible_collections.hardening.alicloud.plugins.module_utils.moments import shown
from ansible_collections.hardening.alicloud.plugins.module_utils.network import (
    SOMETHING,
    Backend,
    Balancer,
    Eip,
    Forward,
    Gateway,
    Group,
    Interface,
    Listener,
    Network,
    Server,
    ServerGroup,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.replay import Moment, back
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

REGION = "cn-hangzhou"
BEGIN = datetime(2026, 2, 27, 4, tzinfo=UTC)
SOURCES = ("0.0.0.0/0", "203.0.113.0/24")
POLICIES = ("accept", "drop")
BLOCKS = ("198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24")
TARGETS = ("i-1", "i-2", "eni-9")
CHANGES = 16


class Model:
    """The cloud: everything by its id, and what happened to it."""

    def __init__(self, random: Random):
        self.random = random
        self.groups = {"sg-1": self.some_rules(), "sg-2": self.some_rules()}
        self.interfaces = {
            "eni-1": {"server": "i-1", "groups": ["sg-1"], "inside": ["10.0.0.1"]},
            "eni-2": {"server": "i-2", "groups": ["sg-1", "sg-2"], "inside": ["10.0.0.2"]},
            "eni-9": {"server": random.choice(("", "i-1")), "groups": ["sg-2"], "inside": ["10.0.0.9"]},
        }
        self.servers = {"i-1": "Running", "i-2": random.choice(("Running", "Stopped"))}
        self.public = {"i-1": "", "i-2": random.choice(("", "192.0.2.2"))}
        self.waiting: set[str] = set()  # get another public address as they start
        self.eips = {"eip-0": {"address": "198.51.100.7", "bound_to": random.choice(("", "i-1"))}}
        self.forwards = {"fwd-0": "10.0.0.1"}
        self.listeners = {("tcp", 22): self.some_listener()}
        self.members = {"lb-1": ["i-1"], "rsp-1": []}
        self.blocks = [random.choice(BLOCKS)]
        self.number = 0
        self.events: list[dict] = []
        self.past: list[dict] = [self.snapshot()]

    # Things

    def name(self, prefix: str) -> str:
        """Make an id up."""
        self.number += 1
        return f"{prefix}-{self.number + 100}"

    def some_rules(self) -> dict[str, tuple[str, str]]:
        """Make up to two rules up, by their ids."""
        contents = self.random.sample([(source, policy) for source in SOURCES for policy in POLICIES], 2)
        return {f"sgr-{id(contents)}-{place}": contents[place] for place in range(self.random.randint(0, 2))}

    def some_listener(self) -> dict:
        """Make a listener up."""
        return {"running": True, "group": self.random.choice(("lb-1", "rsp-1")), "acl": ""}

    def snapshot(self) -> dict:
        """Copy everything but the past."""
        kept = ("groups", "interfaces", "servers", "public", "eips", "forwards", "listeners", "members", "blocks")
        return {name: copy.deepcopy(getattr(self, name)) for name in kept}

    def tell(self, service: str, name: str, request: dict, response: dict | None = None) -> None:
        """Write the event of what was just done."""
        self.events.append(
            {
                "eventId": f"event-{len(self.events)}",
                # Several events share a second, as they do where a script makes the calls.
                "eventTime": shown(BEGIN + timedelta(seconds=len(self.events) // 3)),
                "eventName": name,
                "serviceName": service,
                "acsRegion": REGION,
                "requestParameters": request,
                "responseElements": response or {},
                "userIdentity": {"type": "ram-user", "userName": "ops"},
            }
        )
        self.past.append(self.snapshot())

    # Changes

    def change(self) -> None:
        """Do one of them; some turn out to be impossible, and leave nothing behind."""
        weighted = (self.rules, self.rules, self.rules, self.membership, self.address, self.listener, self.other)
        self.random.choice(weighted)()

    def rules(self) -> None:
        """Add, remove or change a rule, or make or delete a group."""
        group = self.random.choice(list(self.groups))
        rules, content = self.groups[group], (self.random.choice(SOURCES), self.random.choice(POLICIES))
        present = [name for name, one in rules.items() if one == content]
        how = self.random.choice(("add", "add", "remove", "remove", "by id", "by id", "modify", "group"))
        permission = {
            "SecurityGroupId": group,
            "Permissions.1.SourceCidrIp": content[0],
            "Permissions.1.Policy": content[1],
            "Permissions.1.IpProtocol": "tcp",
            "Permissions.1.PortRange": "22/22",
        }
        if how == "add":
            if not present:
                rules[self.name("sgr")] = content
            self.tell("Ecs", "AuthorizeSecurityGroup", permission)
        elif how == "remove":
            self.groups[group] = {name: one for name, one in rules.items() if one != content}
            self.tell("Ecs", "RevokeSecurityGroup", permission)
        elif how == "by id" and rules:
            doomed = self.random.sample(list(rules), self.random.randint(1, len(rules)))
            self.groups[group] = {name: one for name, one in rules.items() if name not in doomed}
            named = {f"SecurityGroupRuleId.{place}": name for place, name in enumerate(doomed, start=1)}
            self.tell("Ecs", "RevokeSecurityGroup", {"SecurityGroupId": group, **named})
        elif how == "modify" and rules:
            self.modify(group, self.random.choice(list(rules)))
        elif how == "group":
            self.make_or_delete(group)

    def modify(self, group: str, rule: str) -> None:
        """Change source, policy or description of a rule, unless it would be another one's double."""
        source, policy = self.groups[group][rule]
        what = self.random.choice(("SourceCidrIp", "Policy", "Description"))
        value = self.random.choice({"SourceCidrIp": SOURCES, "Policy": POLICIES, "Description": ("new",)}[what])
        fresh = (value if what == "SourceCidrIp" else source, value if what == "Policy" else policy)
        if all(one != fresh for name, one in self.groups[group].items() if name != rule):
            self.groups[group][rule] = fresh
            named = {"SecurityGroupId": group, "SecurityGroupRuleId": rule, what: value}
            self.tell("Ecs", "ModifySecurityGroupRule", named)

    def make_or_delete(self, group: str) -> None:
        """Make a group, or delete one that nothing is in."""
        used = {name for one in self.interfaces.values() for name in one["groups"]}
        if group not in used:
            del self.groups[group]
            self.tell("Ecs", "DeleteSecurityGroup", {"SecurityGroupId": group})
        else:
            name = self.name("sg")
            self.groups[name] = {}
            self.tell("Ecs", "CreateSecurityGroup", {}, {"SecurityGroupId": name})

    def membership(self) -> None:
        """Put an interface into other groups, or take it elsewhere."""
        name = self.random.choice(list(self.interfaces))
        one, group = self.interfaces[name], self.random.choice(list(self.groups))
        how = self.random.choice(("join", "leave", "replace", "move", "move", "inside", "life"))
        primary = name in ("eni-1", "eni-2")
        called = {"InstanceId": one["server"]} if primary and self.random.random() < 1 / 2 else {}
        called = called or {"NetworkInterfaceId": name}
        if how == "join" and group not in one["groups"]:
            one["groups"].append(group)
            self.tell("Ecs", "JoinSecurityGroup", {"SecurityGroupId": group, **called})
        elif how == "leave" and group in one["groups"] and len(one["groups"]) > 1:
            one["groups"].remove(group)
            self.tell("Ecs", "LeaveSecurityGroup", {"SecurityGroupId": group, **called})
        elif how == "replace":
            one["groups"] = self.random.sample(list(self.groups), self.random.randint(1, 2))
            named = {f"SecurityGroupId.{place}": group for place, group in enumerate(one["groups"], start=1)}
            self.tell("Ecs", "ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": name, **named})
        elif how == "move" and not primary:
            action, server = (
                ("DetachNetworkInterface", one["server"]) if one["server"] else ("AttachNetworkInterface", "i-2")
            )
            one["server"] = "" if one["server"] else server
            self.tell("Ecs", action, {"NetworkInterfaceId": name, "InstanceId": server})
        elif how == "inside":
            self.readdress(name)
        elif how == "life":
            self.make_or_delete_interface(name, group)

    def readdress(self, name: str) -> None:
        """Give an interface another address, which the event may leave out; or take one from it."""
        inside, address = self.interfaces[name]["inside"], f"10.0.2.{len(self.events)}"
        if len(inside) > 1 and self.random.random() < 1 / 2:
            said = {"PrivateIpAddress.1": inside.pop()}
            self.tell("Ecs", "UnassignPrivateIpAddresses", {"NetworkInterfaceId": name, **said})
        else:
            inside.append(address)
            said = self.random.choice(({"PrivateIpAddress.1": address}, {"SecondaryPrivateIpAddressCount": "1"}))
            self.tell("Ecs", "AssignPrivateIpAddresses", {"NetworkInterfaceId": name, **said})

    def make_or_delete_interface(self, name: str, group: str) -> None:
        """Make an interface, or delete one that is free."""
        if self.interfaces[name]["server"]:
            name, address = self.name("eni"), f"10.0.1.{self.number}"
            self.interfaces[name] = {"server": "", "groups": [group], "inside": [address]}
            said = {"NetworkInterfaceId": name, "PrivateIpAddress": address}
            self.tell("Ecs", "CreateNetworkInterface", {"SecurityGroupId": group}, said)
        elif all(one["bound_to"] != name for one in self.eips.values()):
            del self.interfaces[name]
            self.tell("Ecs", "DeleteNetworkInterface", {"NetworkInterfaceId": name})

    def address(self) -> None:
        """Get, bind, unbind and give back EIPs."""
        name = self.random.choice([*self.eips, ""])
        if not name:
            name = self.name("eip")
            self.eips[name] = {"address": f"198.51.100.{self.number + 100}", "bound_to": ""}
            answer = {"AllocationId": name, "EipAddress": self.eips[name]["address"]}
            self.tell("Vpc", "AllocateEipAddress", {}, answer)
        elif self.eips[name]["bound_to"]:
            target, self.eips[name]["bound_to"] = self.eips[name]["bound_to"], ""
            said = {"InstanceId": target} if self.random.random() < 1 / 2 else {}
            self.tell("Vpc", "UnassociateEipAddress", {"AllocationId": name, **said})
        elif self.random.random() < 2 / 3:
            target = self.random.choice(TARGETS)
            if self.public.get(target) or target not in (*self.servers, *self.interfaces):
                return  # whoever has a fixed address gets no EIP
            self.eips[name]["bound_to"] = target
            self.tell("Vpc", "AssociateEipAddress", {"AllocationId": name, "InstanceId": self.eips[name]["bound_to"]})
        else:
            del self.eips[name]
            self.tell("Vpc", "ReleaseEipAddress", {"AllocationId": name})

    def listener(self) -> None:
        """Make, set, start, stop and delete listeners."""
        key = ("tcp", self.random.choice((22, 2222)))
        one, named = self.listeners.get(key), {"LoadBalancerId": "lb-1", "ListenerPort": str(key[1])}
        group = self.random.choice(("lb-1", "rsp-1"))
        where = {"BackendServerPort": "22"} if group == "lb-1" else {"VServerGroupId": group}
        if one is None:
            self.listeners[key] = {"running": False, "group": group, "acl": ""}
            self.tell("Slb", "CreateLoadBalancerTCPListener", {**named, **where})
            return
        how = self.random.choice(("turn", "turn", "servers", "guard", "both", "delete"))
        if how == "turn":
            one["running"] = not one["running"]
            self.tell("Slb", f"{'Start' if one['running'] else 'Stop'}LoadBalancerListener", named)
        elif how in ("servers", "guard", "both"):
            fields = {}
            if how != "guard":
                one["group"] = fields["VServerGroupId"] = "rsp-1"
            if how != "servers":
                one["acl"] = self.random.choice(("", "acl-1", "acl-2"))
                on = {"AclStatus": "on", "AclType": "white", "AclId": one["acl"]}
                fields |= on if one["acl"] else {"AclStatus": "off"}
            self.tell("Slb", "SetLoadBalancerTCPListenerAttribute", {**named, **fields})
        else:
            del self.listeners[key]
            self.tell(
                "Slb", "DeleteLoadBalancerListener", {**named, **self.random.choice(({"ListenerProtocol": "tcp"}, {}))}
            )

    def other(self) -> None:
        """Change servers, what stands behind a load balancer, DNAT entries, a prefix list."""
        self.random.choice((self.server, self.backend, self.forward, self.list))()

    def server(self) -> None:
        """Start or stop one. In economical mode, which may be the account's default, its public address changes."""
        name = self.random.choice(list(self.servers))
        if self.servers[name] == "Stopped":
            self.servers[name] = "Running"
            if name in self.waiting and all(one["bound_to"] != name for one in self.eips.values()):
                self.public[name] = f"192.0.2.{len(self.events) + 10}"
            self.waiting.discard(name)
            self.tell("Ecs", "StartInstance", {"InstanceId": name})
            return
        self.servers[name], mode = "Stopped", self.random.choice(("KeepCharging", "StopCharging", ""))
        if self.public[name] and mode != "KeepCharging" and (mode or self.random.random() < 1 / 2):
            self.public[name] = ""
            self.waiting.add(name)
        self.tell("Ecs", "StopInstance", {"InstanceId": name, **({"StoppedMode": mode} if mode else {})})

    def backend(self) -> None:
        """Add or remove one."""
        group, server = self.random.choice(list(self.members)), self.random.choice(("i-1", "i-2"))
        middle, key = ("", "LoadBalancerId") if group == "lb-1" else ("VServerGroup", "VServerGroupId")
        verb = "Remove" if server in self.members[group] else "Add"
        (self.members[group].remove if verb == "Remove" else self.members[group].append)(server)
        servers = json.dumps([{"ServerId": server, "Port": "0"}])
        self.tell("Slb", f"{verb}{middle}BackendServers", {key: group, "BackendServers": servers})

    def forward(self) -> None:
        """Make, change or delete an entry."""
        name, inner = self.random.choice([*self.forwards, ""]), self.random.choice(("10.0.0.1", "10.0.0.2"))
        if not name:
            name = self.name("fwd")
            self.forwards[name] = inner
            said = {"ForwardTableId": "ftb-1", **entry(name, inner)}
            self.tell("Vpc", "CreateForwardEntry", said, {"ForwardEntryId": name})
        elif self.random.random() < 1 / 2:
            self.forwards[name] = inner
            self.tell("Vpc", "ModifyForwardEntry", {"ForwardEntryId": name, "InternalIp": inner})
        else:
            del self.forwards[name]
            self.tell("Vpc", "DeleteForwardEntry", {"ForwardTableId": "ftb-1", "ForwardEntryId": name})

    def list(self) -> None:
        """Add or remove an entry; one that is there may be added again."""
        block = self.random.choice(BLOCKS)
        if block in self.blocks and self.random.random() < 1 / 2:
            self.blocks.remove(block)
            self.tell("Ecs", "ModifyPrefixList", {"PrefixListId": "pl-1", "RemoveEntry.1.Cidr": block})
        else:
            self.blocks += [block] if block not in self.blocks else []
            self.tell("Ecs", "ModifyPrefixList", {"PrefixListId": "pl-1", "AddEntry.1.Cidr": block})


def entry(name: str, inner: str) -> dict:
    """Say where a DNAT entry leads."""
    front = {"ExternalIp": "198.51.100.9", "ExternalPort": name.partition("-")[2]}
    return {**front, "InternalIp": inner, "InternalPort": "22", "IpProtocol": "TCP"}


# The same as values


def rule(name: str, content: tuple[str, str]) -> Rule:
    """Make a rule of the model a value."""
    return Rule(policy=content[1], protocol="TCP", ports="22/22", cidr=content[0], id=name)


def listener(key: tuple[str, int], one: dict) -> Listener:
    """Make a listener of the model a value."""
    acls = (one["acl"],) if one["acl"] else ()
    back = 22 if one["group"] == "lb-1" else 0
    name = f"lb-1:{key[0]}:{key[1]}"
    return Listener(
        name, REGION, "lb-1", key[0], key[1], key[1], back, (one["group"],), one["running"], bool(acls), "white", acls
    )


def forward(name: str, inner: str) -> Forward:
    """Make a DNAT entry of the model a value."""
    said = entry(name, inner)
    return Forward(name, REGION, "ngw-1", "ftb-1", said["ExternalIp"], said["ExternalPort"], inner, "22", "TCP")


def network(truth: dict) -> Network:
    """Make a network of what the model holds."""
    things = [
        *(
            Server(name, REGION, name, status, tuple(filter(None, (truth["public"][name],))))
            for name, status in truth["servers"].items()
        ),
        *(
            Interface(
                name,
                REGION,
                one["server"],
                name in ("eni-1", "eni-2"),
                private_ips=tuple(one["inside"]),
                groups=tuple(one["groups"]),
            )
            for name, one in truth["interfaces"].items()
        ),
        *(
            Group(name, REGION, name, rules=tuple(rule(*one) for one in rules.items()))
            for name, rules in truth["groups"].items()
        ),
        *(Eip(name, REGION, one["address"], bound_to=one["bound_to"]) for name, one in truth["eips"].items()),
        Balancer("lb-1", REGION, "clb", addresses=("198.51.100.80",)),
        *(listener(*one) for one in truth["listeners"].items()),
        *(
            ServerGroup(name, REGION, tuple(Backend(server) for server in servers))
            for name, servers in truth["members"].items()
        ),
        Gateway("ngw-1", REGION, tables=("ftb-1",)),
        *(forward(*one) for one in truth["forwards"].items()),
    ]
    return Network(lists=Lists({"pl-1": Addresses.of(*truth["blocks"]) if truth["blocks"] else Addresses()})).put(
        *things
    )


def hidden(found: Network, kind: str, name: str) -> bool:
    """Say whether the network has a gap there because an event does not tell."""
    return any((gap.kind, gap.what, gap.unread.code) == (kind, name, UNSAID) for gap in found.gaps)


def assert_rules(found: Network, truth: dict) -> int:
    """Rules that are there for sure were there, and none was there that is not; counts the groups known exactly."""
    exact = 0
    assert set(found.groups) <= set(truth)
    for name, rules in truth.items():
        if name not in found.groups:
            assert hidden(found, "groups", name)
            continue
        was = {(*content, name) for name, content in rules.items()}
        contents = {one[:2] for one in was}
        shown = found.groups[name].rules
        vague = {one.id for one in shown if SOMETHING in (one.prefix_list, one.port_list)}
        sure = {(one.cidr, one.policy) for one in shown if not one.doubtful and one.id not in vague}
        possible = {(one.cidr, one.policy) for one in shown if one.id not in vague}
        assert sure <= contents
        assert {one[:2] for one in was if one[2] not in vague} <= possible
        exact += sure == possible and not vague
    return exact


def assert_others(found: Network, truth: dict) -> None:
    """Everything else is as it was, or not known."""
    assert {name: one.status for name, one in found.servers.items()} == truth["servers"]
    for name, address in truth["public"].items():
        assert found.servers[name].public_ips == ((address,) if address else ()) or hidden(found, "servers", name)
    assert set(found.interfaces) == set(truth["interfaces"])
    for name, one in truth["interfaces"].items():
        shown = found.interfaces[name]
        assert shown.server == one["server"]
        told = set(shown.private_ips) == set(one["inside"]) or hidden(found, "interfaces", name)
        assert told or not (shown.server or shown.private_ips)
        assert shown.groups is None or set(shown.groups) == set(one["groups"])
    assert set(found.eips) == set(truth["eips"])
    for name, one in truth["eips"].items():
        assert found.eips[name].address in ("", one["address"])
        assert found.eips[name].bound_to == one["bound_to"] or hidden(found, "eips", name)
    assert {(one.protocol, one.first) for one in found.listeners.values()} == set(truth["listeners"])
    for key, one in truth["listeners"].items():
        shown, was = found.listeners[f"lb-1:{key[0]}:{key[1]}"], listener(key, one)
        vague = SOMETHING in (*shown.server_groups, *shown.acls)
        assert shown == was or (vague and (shown.running or not was.running))
    for name, servers in truth["members"].items():
        group = found.server_groups.get(name)
        assert (
            hidden(found, "server_groups", name)
            if group is None
            else (sorted(one.target for one in group.backends) == sorted(servers))
        )
    assert set(found.forwards) <= set(truth["forwards"])
    for name, inner in truth["forwards"].items():
        assert found.forwards.get(name) == forward(name, inner) or hidden(found, "forwards", name)
    blocks = Addresses.of(*truth["blocks"]) if truth["blocks"] else Addresses()
    assert found.lists.prefixes.get("pl-1") == blocks or hidden(found, "prefix_lists", "pl-1")


def play(seed: int) -> tuple[Model, list[Moment]]:
    """Let the model change at random, and replay its events."""
    model = Model(Random(seed))  # noqa: S311
    for _change in range(CHANGES):
        model.change()
    events = [trail.event_of(row) for row in model.events]
    return model, back(network(model.past[-1]), events)


@settings(deadline=None, max_examples=300, phases=[Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 1 << 32))
def test_each_earlier_network_comes_back_or_is_not_known(seed):
    """Nothing that a replay says of any moment is wrong."""
    model, moments = play(seed)
    assert len(moments) == len(model.past)
    for moment, truth in zip(moments, model.past, strict=True):
        assert_rules(moment.network, truth["groups"])
        assert_others(moment.network, truth)


def test_much_comes_back():
    """Most groups of most moments are known exactly, so that a replay is worth its name."""
    exact = every = 0
    for seed in range(60):
        model, moments = play(seed)
        for moment, truth in zip(moments, model.past, strict=True):
            exact += assert_rules(moment.network, truth["groups"])
            every += len(truth["groups"])
    assert exact > every / 2
