# SPDX-License-Identifier: GPL-3.0-or-later
"""From where the rules of a security group accept a new TCP connection, judged as the cloud judges. Pure.

The cloud sorts the inbound rules by priority, the lowest number first, and at the same number Drop before Accept. The
first rule that fits a connection decides; what no rule fits is dropped. A rule fits by protocol (TCP or ALL), by
destination port and by source. Facts: Alibaba Cloud's documentation of AuthorizeSecurityGroup and of security group
rules; rules that groups were created with before May 2020 carry the priority 110.

The answer is a set of addresses and not a yes or no: two halves of the internet are the internet, and a Drop may cut a
hole into what a later rule accepts. Where a rule refers to a list that could not be read there are two answers: what is
accepted for sure, and what may be. A statement that holds for both is decided.

What this does not see: rules of other groups of the same network interface, which the cloud merges with these, and
everything between the internet and the interface. A source that is a security group names servers of the account, or
the group's own members (InnerAccessPolicy); their addresses are private, so they never belong to the internet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from .addresses import NOTHING, Addresses, Span

# Addresses of private networks, the only ones from which a connection can come but over the internet. 100.64.0.0/10
# also is where load balancers and health checks of the cloud come from.
PRIVATE = Addresses.of(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "fc00::/7",
    "fe80::/10",
)
CLOUD_SERVICES = Addresses.of("100.64.0.0/10")
EVERYWHERE = Addresses.of("0.0.0.0/0", "::/0")
# No connection has its source in these: this network, loopback, protocol assignments, multicast, reserved; of IPv6,
# all that is not handed out as global unicast. Ranges for documentation count as public: they stand for public ones.
_NOWHERE = Addresses.of("0.0.0.0/8", "127.0.0.0/8", "192.0.0.0/24", "224.0.0.0/3")
_UNICAST = Addresses.of("0.0.0.0/0", "2000::/3")
PUBLIC = _UNICAST - PRIVATE - _NOWHERE

TCP_INCLUDED = frozenset({"TCP", "ALL", "6"})
SLASH_8, SLASH_16 = 1 << 24, 1 << 112

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One inbound rule. Texts are as the API gives them, '' where a field is not set.

    policy: accept or drop. protocol: upper case. source is what cidr, cidr6, group and prefix_list say; where several
    are given, the first of them in this order counts. to, to6 and source_ports narrow a rule further. doubtful: it may
    be there or not, as rules of times past may. created: when, if that is known.
    """

    policy: str = "accept"
    priority: int = 1
    protocol: str = "TCP"
    ports: str = ""
    port_list: str = ""
    cidr: str = ""
    cidr6: str = ""
    group: str = ""
    group_owner: str = ""
    prefix_list: str = ""
    source_ports: str = ""
    to: str = ""
    to6: str = ""
    nic: str = ""
    description: str = ""
    id: str = ""
    doubtful: bool = False
    created: str = field(default="", compare=False)

    @property
    def accepts(self) -> bool:
        """It lets in; every other rule keeps out."""
        return self.policy == "accept"

    @property
    def source(self) -> str:
        """The source that counts."""
        return self.cidr or self.cidr6 or self.group or self.prefix_list

    @property
    def narrowed(self) -> bool:
        """It fits only some of the connections from its source to its ports."""
        return (
            self.to not in ("", "0.0.0.0/0")
            or self.to6 not in ("", "::/0")
            or self.source_ports not in ("", "-1/-1", "1/65535", "0/65535")
        )

    def __str__(self) -> str:
        ports = self.port_list if self.port_list and not self.ports else port_text(self.ports)
        words = [self.policy, self.protocol.lower(), ports, "from", self.source or "nowhere"]
        words += ["port", self.source_ports] if self.source_ports not in ("", "-1/-1") else []
        words += ["to", self.to or self.to6] if self.to or self.to6 else []
        doubt = ", perhaps" if self.doubtful else ""
        return f"{' '.join(filter(None, words))} (priority {self.priority}{doubt})"


@dataclass(frozen=True)
class Lists:
    """Prefix lists and port lists by id; what could not be read has something else in its place, or nothing."""

    prefixes: Mapping[str, object] = field(default_factory=dict)
    ports: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Sources:
    """From where connections to one port are accepted: sure is part of possible, and equal to it if all could be read.

    groups: ids of security groups whose members are (at least in part) accepted, whatever their addresses.
    """

    sure: Addresses = NOTHING
    possible: Addresses = NOTHING
    groups: frozenset[str] = frozenset()


def accepted(rules: Iterable[Rule], port: int, lists: Lists, own: str = "", enterprise: bool = False) -> Sources:
    """The sources from which these inbound rules accept a new TCP connection to the port.

    own: the group's own id if its members may talk to each other (InnerAccessPolicy Accept), which in a basic group
    outranks every rule. enterprise: an enterprise group, where neither that nor a source group has an effect.
    """
    steps = [(rule, hit, sources(rule, lists)) for rule in rules if (hit := fits(rule, port, lists)) is not False]
    steps.sort(key=lambda step: (step[0].priority, step[0].accepts))
    groups = frozenset() if enterprise else _groups(step[0] for step in steps) | ({own} if own else set())
    unsure = any(hit is None or found is None or rule.doubtful for rule, hit, found in steps)
    sure = _walk((rule, _least(rule, hit, found)) for rule, hit, found in steps)
    return Sources(
        sure, _walk((rule, _most(rule, hit, found)) for rule, hit, found in steps) if unsure else sure, groups
    )


def admitting(rules: Sequence[Rule], port: int, lists: Lists, unwanted: Addresses) -> list[Rule]:
    """The accepting rules that let some of the unwanted sources in, or may do so, in the cloud's order."""
    found, dropped = [], NOTHING
    for rule in sorted(rules, key=lambda rule: (rule.priority, rule.accepts)):
        hit, spread = fits(rule, port, lists), sources(rule, lists)
        if hit is False:
            continue
        reach = _most(rule, hit, spread)
        if not rule.accepts:
            dropped |= reach
        elif (reach & unwanted) - dropped:
            found.append(rule)
    return found


def fits(rule: Rule, port: int, lists: Lists) -> bool | None:
    """Whether the rule speaks of TCP to the port; None where it refers to a port list that could not be read."""
    if rule.protocol not in TCP_INCLUDED:
        return False
    return _holds(port_ranges(rule, lists), port)


@lru_cache(maxsize=4096)
def _holds(ranges: Ranges | None, port: int) -> bool | None:
    return None if ranges is None else any(first <= port <= last for first, last in ranges)


def port_ranges(rule: Rule, lists: Lists) -> Ranges | None:
    """The destination ports of the rule; None where they stand in a list that could not be read."""
    if rule.ports or not rule.port_list:
        return read_range(rule.ports)
    found = lists.ports.get(rule.port_list)
    return found if isinstance(found, tuple) else None


@lru_cache(maxsize=4096)
def read_range(text: str) -> Ranges | None:
    """`22/22` as a tuple of one (first, last); `-1/-1`, and no range at all, mean every port. None: not understood."""
    if text in ("", "-1/-1"):
        return ((1, 65535),)
    first, _slash, last = text.partition("/")
    try:
        return ((int(first), int(last or first)),)
    except ValueError:
        return None


def port_text(text: str) -> str:
    """A port range as people write it: `22`, `1-21`, or nothing where it is all of them."""
    first, _slash, last = text.partition("/")
    return "" if text in ("", "-1/-1") else first if last in ("", first) else f"{first}-{last}"


def sources(rule: Rule, lists: Lists) -> Addresses | None:
    """The addresses that the rule speaks of, none for a source group; None where they could not be read."""
    if rule.cidr or rule.cidr6:
        return _block(rule.cidr or rule.cidr6)
    if rule.group or not rule.prefix_list:
        return NOTHING
    found = lists.prefixes.get(rule.prefix_list)
    return found if isinstance(found, Addresses) else None


@lru_cache(maxsize=65536)
def _block(text: str) -> Addresses | None:
    try:
        return Addresses.of(text)
    except ValueError:
        return None


def _least(rule: Rule, hit: bool | None, found: Addresses | None) -> Addresses:
    """What the rule adds to, or takes from, what is accepted for sure."""
    if rule.accepts:
        return found if hit and found is not None and not rule.doubtful else NOTHING
    return NOTHING if rule.narrowed else EVERYWHERE if found is None else found


def _most(rule: Rule, hit: bool | None, found: Addresses | None) -> Addresses:
    """What the rule adds to, or takes from, what may be accepted."""
    if rule.accepts:
        return EVERYWHERE if found is None else found
    return NOTHING if rule.narrowed or rule.doubtful or not hit or found is None else found


def _walk(steps: Iterable[tuple[Rule, Addresses]]) -> Addresses:
    """Everything accepted, the steps being in the cloud's order: a Drop takes from what comes after it alone."""
    taken: list[Span] = []
    run: list[Span] = []
    dropped = NOTHING
    for rule, reach in steps:
        if rule.accepts:
            run += reach.spans
        elif reach.spans:
            taken += (Addresses.merged(run) - dropped).spans
            run, dropped = [], dropped | reach
    return Addresses.merged([*taken, *(Addresses.merged(run) - dropped).spans])


def _groups(rules: Iterable[Rule]) -> set[str]:
    """The source groups that an Accept names and no Drop before it keeps out, by name or together with everybody."""
    accepted, dropped = set(), set()
    for rule in rules:
        if rule.accepts and rule.source == rule.group != "" and not {rule.group, "0.0.0.0/0"} & dropped:
            accepted.add(rule.group)
        elif not rule.accepts and not rule.narrowed:
            dropped.add(rule.source)
    return accepted


def is_internet(sources_: Addresses) -> bool:
    """These are the internet at large: more than one IPv4 /8's worth of public addresses, or one IPv6 /16's."""
    public = sources_ & PUBLIC
    return public.v4 > SLASH_8 or public.v6 > SLASH_16


def is_nearly_all(sources_: Addresses) -> bool:
    """These are nine tenths or more of the public addresses of a family."""
    public = sources_ & PUBLIC
    return public.v4 * 10 >= PUBLIC.v4 * 9 or public.v6 * 10 >= PUBLIC.v6 * 9


def decided(test: Callable[[Addresses], bool], unwanted: Sequence[tuple[Addresses, Addresses]]) -> bool | None:
    """Whether the test holds for one of the ports at least; None where what could not be read decides.

    unwanted: for each port the unwanted sources that are accepted for sure, and those that may be. The test must hold
    for every larger set too.
    """
    if any(test(sure) for sure, _possible in unwanted):
        return True
    return None if any(test(possible) for _sure, possible in unwanted) else False
