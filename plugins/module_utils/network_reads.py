# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an account's network: everything of one wave in flight together, in every region.

The first wave lists what is in each region, seven calls each where no list is longer than a page. The second reads
what those name: rules of the groups of the interfaces in question, listeners of load balancers that the internet
reaches, DNAT entries of each NAT gateway. The third reads what those name in turn: server groups and access control
lists of CLBs, addresses of ALBs, and of NLBs that put their own in the client's place; then prefix lists and port
lists. What could not be read becomes a gap of the network, and no error; but a key that the cloud does not know ends
the run.

DescribeInstances answers with an empty list to who may not see instances. So instances that others name, and the list
does not, are in the network too, as servers without a state, and a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

from . import network_rows as rows
from .errors import CloudError, OptionError, Unread
from .exposure import Lists
from .names import pick
from .network import ALB, CLB, NLB, Balancer, Gap, Interface, Network, Server, ServerGroup, Thing
from .security_groups import PORT_LIST, PREFIX_LIST, READERS

if TYPE_CHECKING:
    from .cloud import Cloud

NOT_SHOWN = "it is named by others, and the list of instances does not show it: the key may not be allowed to see it"


@dataclass(frozen=True)
class Read:
    """One thing to read: what a gap would be called, and how it is read."""

    kind: str
    region: str
    what: str
    how: Callable[[], Iterable[Thing]]


def read(
    cloud: Cloud,
    options: SimpleNamespace,
    ports: Iterable[int] = (22,),
    names: Sequence[str] = ("*",),
    also: Iterable[tuple[str, str, str]] = (),
) -> Network:
    """The network of the whole account, or of the option regions, as far as it could be read.

    ports: the servers' ports that matter, so that no access control list is read that can't guard them. names:
    patterns over ids and names of the servers in question. also: further things to read, as kind of gap (groups,
    prefix_lists, port_lists, acls, server_groups), region and id; of a CLB's id, its default server group.
    """
    return _Reading(cloud, frozenset(ports), tuple(names), frozenset(also)).run(options)


class _Reading:
    """A network that is being read."""

    def __init__(
        self, cloud: Cloud, ports: frozenset[int], names: tuple[str, ...], also: frozenset[tuple[str, str, str]]
    ):
        self.cloud = cloud
        self.ports = ports
        self.names = names
        self.also = also
        self.network = Network()

    def run(self, options: SimpleNamespace) -> Network:
        regions = self._regions(options.regions)
        self._wave(self._lists(regions))
        self._complete()
        self._wave(self._details())
        self._wave((*self._behind_clbs(), *self._addresses()))
        self._rule_lists()
        return self.network

    def _wave(self, reads: Iterable[Read]) -> None:
        """Read all of these at once, and add what they give; later ones overrule earlier ones."""
        reads = list(reads)
        answers = self.cloud.map(lambda one: list(one.how()), reads)
        things: list[Thing] = []
        for one, answer in zip(reads, answers, strict=True):
            if isinstance(answer, CloudError):
                self._note(one, answer)
            else:
                things += answer
        self.network = self.network.put(*things)

    def _note(self, one: Read, error: CloudError) -> None:
        if error.bad_key:
            raise error
        if error.not_offered and one.kind in (NLB, ALB):
            return
        self._gap(one.kind, one.region, Unread.of(error), one.what)

    def _gap(self, kind: str, region: str, unread: Unread, what: str = "") -> None:
        self.network = replace(self.network, gaps=(*self.network.gaps, Gap(kind, region, unread, what)))

    # What there is

    def _regions(self, wanted: list[str]) -> list[str]:
        try:
            known = self.cloud.all_regions()
        except CloudError as error:
            self._note(Read("regions", "", "", list), error)
            return wanted
        wrong = sorted(set(wanted) - set(known))
        if wrong:
            raise OptionError(
                f"regions: this account has no region {', '.join(wrong)}; it has {', '.join(sorted(known))}."
            )
        return wanted or known

    def _lists(self, regions: list[str]) -> Iterator[Read]:
        # Servers first: what they say of their interfaces and EIPs only stands where nothing better is known.
        for kind, how in (
            ("servers", rows.servers),
            ("interfaces", rows.interfaces),
            ("eips", rows.eips),
            ("gateways", rows.gateways),
            *((kind, how) for kind, how in rows.BALANCERS.items()),
        ):
            for region in regions:
                yield Read(kind, region, "", lambda how=how, region=region: how(self.cloud, region))

    def _complete(self) -> None:
        """Leave each EIP once, and add the servers that others name."""
        listed = {eip.address for eip in self.network.eips.values() if eip.kind}
        listed |= {address for server in self.network.servers.values() for address in server.public_ips}
        doubles = [eip for eip in self.network.eips.values() if not eip.kind and eip.address in listed]
        self.network = self.network.drop(*doubles)
        named = {one.server: one for one in self.network.interfaces.values()}
        named |= {one.bound_to: one for one in self.network.eips.values() if one.kind in ("EcsInstance", "")}
        unread = {gap.region: gap.unread for gap in self.network.gaps if gap.kind == "servers"}
        for name, one in sorted(named.items()):
            if not name.startswith("i-") or name in self.network.servers:
                continue
            self.network = self.network.put(Server(name, one.region, status=""))
            if one.region not in unread:
                self._gap("servers", one.region, Unread("DescribeInstances", "NotShown", NOT_SHOWN, ""), name)

    # What that names

    def _details(self) -> Iterator[Read]:
        cloud = self.cloud
        chosen, _unused = chosen_servers(self.network, self.names)
        ids = {server.id for server in chosen}
        attached = [one for one in self.network.interfaces.values() if one.server in ids]
        facing = [one for one in self.network.balancers.values() if self._faces(one)]
        for region in sorted({one.region for one in attached if one.ipv6}):
            yield Read("ipv6", region, "", lambda region=region: rows.ipv6_addresses(cloud, region))
        for gateway in self.network.gateways.values():
            if gateway.internet:
                yield Read("forwards", gateway.region, gateway.id, lambda one=gateway: rows.forwards(cloud, one))
        yield from self._groups(chosen, attached, facing)
        yield from self._listeners(facing)

    def _groups(self, chosen: list[Server], attached: list[Interface], facing: list[Balancer]) -> Iterator[Read]:
        groups = {(one.region, name) for one in attached for name in one.groups or ()}
        groups |= {(one.region, name) for one in facing if one.kind == NLB for name in one.groups}
        groups |= {(region, name) for kind, region, name in self.also if kind == "groups"}
        classic = {(one.region, name) for one in chosen if one.classic for name in one.groups}
        for place in sorted(groups | classic):
            old = place in classic
            yield Read("groups", *place, lambda place=place, old=old: rows.group(self.cloud, *place, classic=old))

    def _listeners(self, facing: list[Balancer]) -> Iterator[Read]:
        for kind, region in sorted({(one.kind, one.region) for one in facing}):
            for what, how in rows.LISTENERS[kind]:
                yield Read(what, region, "", lambda how=how, region=region: how(self.cloud, region))

    def _faces(self, balancer: Balancer) -> bool:
        """The internet reaches it."""
        return balancer.internet or any(eip.bound_to == balancer.id for eip in self.network.eips.values())

    # What those name in turn

    def _addresses(self) -> Iterator[Read]:
        """Addresses that lists do not show: public ones, and of NLBs that hide the client from a server, their own."""
        hiding = {one.id for one in self.network.server_groups.values() if self._hides(one)}
        listeners = [one for one in self.network.listeners.values() if one.layer_4]
        asked = {one.balancer for one in listeners if hiding.intersection(one.server_groups)}
        for one in self.network.balancers.values():
            if one.kind != CLB and self._faces(one) and (one.addresses is None or one.id in asked):
                yield Read("addresses", one.region, one.id, partial(rows.with_addresses, self.cloud, one))

    def _hides(self, group: ServerGroup) -> bool:
        """Its servers see the load balancer in the client's place, at a port that matters."""
        return not group.preserve_client and any(one.port in (0, *self.ports) for one in group.backends)

    def _behind_clbs(self) -> Iterator[Read]:
        """Who is behind the listeners of CLBs, and the access control lists of those that may lead to the ports."""
        cloud = self.cloud
        facing = {one.id for one in self.network.balancers.values() if one.kind == CLB and self._faces(one)}
        listeners = [one for one in self.network.listeners.values() if one.balancer in facing]
        groups = {(region, name): False for kind, region, name in self.also if kind == "server_groups"}
        groups |= {(one.region, name): one.paired for one in listeners for name in one.server_groups}
        for (region, name), paired in sorted(groups.items()):
            how = partial(rows.clb_servers, cloud, region, name, paired=paired)
            yield Read("server_groups", region, name, how)
        leading = [one for one in listeners if one.layer_4 and (not one.back_port or one.back_port in self.ports)]
        acls = {(one.region, name) for one in leading if one.acl for name in one.acls}
        acls |= {(region, name) for kind, region, name in self.also if kind == "acls"}
        for region, name in sorted(acls):
            yield Read("acls", region, name, lambda place=(region, name): rows.access_list(cloud, *place))

    def _rule_lists(self) -> None:
        """Read the prefix lists and port lists that rules refer to."""
        rules = [(one.region, rule) for one in self.network.groups.values() for rule in one.rules]
        wanted = {(PREFIX_LIST, region, rule.prefix_list) for region, rule in rules if rule.prefix_list}
        wanted |= {(PORT_LIST, region, rule.port_list) for region, rule in rules if rule.port_list}
        wanted |= {(LISTS[kind], region, name) for kind, region, name in self.also if kind in LISTS}
        asked = sorted(wanted)
        answers = self.cloud.map(lambda one: READERS[one[0]](self.cloud, *one[1:]), asked)
        found: dict[str, dict[str, object]] = {PREFIX_LIST: {}, PORT_LIST: {}}
        kinds = {action: kind for kind, action in LISTS.items()}
        for (action, region, name), answer in zip(asked, answers, strict=True):
            if isinstance(answer, CloudError):
                self._note(Read(kinds[action], region, name, list), answer)
            else:
                found[action][name] = answer[0]
        self.network = replace(self.network, lists=Lists(found[PREFIX_LIST], found[PORT_LIST]))


LISTS = {"prefix_lists": PREFIX_LIST, "port_lists": PORT_LIST}


def chosen_servers(network: Network, names: Sequence[str]) -> tuple[list[Server], list[str]]:
    """The servers that patterns choose by id or name, and the patterns that fit none."""
    return pick(names, network.servers.values(), lambda one: (one.id, one.name))
