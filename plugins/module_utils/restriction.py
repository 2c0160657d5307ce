# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a security group needs instead of those that let unwanted sources in. Pure.

An accepting rule that lets unwanted sources in is replaced by rules of the same priority, which together fit what it
fitted but for the unwanted sources at the guarded ports: the same ports from the sources to keep, and every other port
from everywhere the rule spoke of. Nothing else changes its place among the group's rules, so the new rules accept
exactly what the old ones did, without that. A Drop is never made, and never removed: it may be somebody else's, and
would also speak for other groups of the same network interface.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .addresses import Addresses, is_v6
from .exposure import Lists, Ranges, Rule, admitting, port_ranges, sources

# Rules in one group, and the lowest rank that a rule can be given: facts of the API's documentation. A rule by prefix
# list counts as many as the list may have entries.
QUOTA = 200
LAST_PRIORITY = 100
ALL_PORTS: Ranges = ((1, 65535),)
NO_SOURCE = dict.fromkeys(("cidr", "cidr6", "group", "group_owner", "prefix_list"), "")


@dataclass(frozen=True)
class Guard:
    """What is guarded, against whom. unwanted, keep: disjoint; what is in neither can't be the source of a connection.

    allowed_lists: prefix lists whose content is to be kept, and is to be named by the list's id where a rule can.
    """

    ports: tuple[int, ...]
    unwanted: Addresses
    keep: Addresses
    allowed_lists: Mapping[str, Addresses] = field(default_factory=dict)


@dataclass(frozen=True)
class Restriction:
    """The rules to revoke, what has to be there before, and what of that is to be added.

    obstacle: why it must not be done.
    """

    needed: tuple[Rule, ...] = ()
    added: tuple[Rule, ...] = ()
    revoked: tuple[Rule, ...] = ()
    obstacle: str | None = None


def restrict(rules: Sequence[Rule], guard: Guard, lists: Lists) -> Restriction:
    """What has to be added and revoked so that no rule that could be read accepts an unwanted source."""
    admitted = {rule for port in guard.ports for rule in admitting(rules, port, lists, guard.unwanted)}
    revoked = [rule for rule in rules if rule in admitted and _readable(rule, lists)]
    stuck = next((rule for rule in revoked if _rank(rule, rules) is None), None)
    if stuck:
        reason = f"a rule of the system's priority {stuck.priority} can't be narrowed without passing a Drop before it"
        return Restriction(revoked=tuple(revoked), obstacle=reason)
    gone = set(revoked)
    staying = [rule for rule in rules if rule not in gone]
    made: dict[tuple, Rule] = {}
    for rule in revoked:
        for piece in pieces(replace(rule, id="", priority=_rank(rule, rules)), guard, lists):
            made.setdefault(identity(piece), piece)
    needed = _needed(list(made.values()), staying, lists)
    present = {identity(rule) for rule in staying}
    return Restriction(tuple(needed), tuple(rule for rule in needed if identity(rule) not in present), tuple(revoked))


def pieces(rule: Rule, guard: Guard, lists: Lists) -> Iterator[Rule]:
    """The rules that make up this one but for the unwanted sources at the guarded ports."""
    if rule.protocol in ("TCP", "6"):
        # In these words the API takes it, in whatever words it may have been made.
        rule = replace(rule, protocol="TCP", ports="1/65535" if rule.ports == "-1/-1" else rule.ports)
    found = sources(rule, lists)
    for wanted in _narrower(found, guard):
        yield replace(rule, **{**NO_SOURCE, **wanted})
    everything = rule.protocol == "ALL"
    for first, last in _without(ALL_PORTS if everything else port_ranges(rule, lists), guard.ports):
        protocol = "TCP" if everything else rule.protocol
        yield replace(rule, protocol=protocol, ports=f"{first}/{last}", port_list="")
    if everything:
        yield replace(rule, protocol="UDP", ports="1/65535")
        for protocol in [*(["ICMP"] if found.v4 else []), *(["ICMPV6"] if found.v6 else []), "GRE"]:
            yield replace(rule, protocol=protocol, ports="-1/-1", source_ports="")


def identity(rule: Rule) -> tuple:
    """What makes the cloud take two rules for the same: everything but the id and the description."""
    return (
        rule.policy,
        rule.priority,
        "TCP" if rule.protocol == "6" else rule.protocol,
        rule.ports if rule.ports != "-1/-1" else "",
        "" if rule.ports else rule.port_list,
        _canonical(rule.source),
        _canonical(rule.to),
        _canonical(rule.to6),
        rule.source_ports if rule.source_ports != "-1/-1" else "",
        rule.nic or "intranet",
    )


def room(rules: Iterable[Rule], entries: Mapping[str, int]) -> int:
    """How much of the quota these rules take; entries: how many entries each prefix list may have."""
    return sum(entries.get(rule.prefix_list, 1) if rule.source == rule.prefix_list else 1 for rule in rules)


def _narrower(found: Addresses, guard: Guard) -> Iterator[dict[str, str]]:
    """The sources to keep of those that the rule speaks of, as the fields of rules, lists by their ids."""
    keep = guard.keep
    for name, content in guard.allowed_lists.items():
        if content and content <= found:
            yield {"prefix_list": name}
        else:
            keep |= content
    for cidr in (found & keep).cidrs():
        yield {"cidr6" if is_v6(cidr) else "cidr": cidr}


def _without(ranges: Ranges, ports: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for first, last in ranges:
        for port in sorted(port for port in set(ports) if first <= port <= last):
            if first < port:
                yield first, port - 1
            first = port + 1  # noqa: PLW2901 - what is left of this range
        if first <= last:
            yield first, last


def _rank(rule: Rule, rules: Sequence[Rule]) -> int | None:
    """The priority of what replaces the rule: its own, or the last there is; None where a Drop lies between."""
    if rule.priority <= LAST_PRIORITY:
        return rule.priority
    between = any(not other.accepts and LAST_PRIORITY < other.priority <= rule.priority for other in rules)
    return None if between else LAST_PRIORITY


def _readable(rule: Rule, lists: Lists) -> bool:
    return sources(rule, lists) is not None and port_ranges(rule, lists) is not None


class _Reach(NamedTuple):
    """What a rule by one block of addresses fits. kind: what a rule that includes another has in common with it."""

    first: int
    last: int
    kind: tuple
    protocol: str
    ports: Ranges
    same_as: tuple

    def includes(self, other: _Reach) -> bool:
        """It fits all that the other fits, and more."""
        return (
            self.first <= other.first
            and other.last <= self.last
            and self.protocol in ("ALL", other.protocol)
            and all(any(low <= first and last <= high for low, high in self.ports) for first, last in other.ports)
            and self.same_as != other.same_as
        )


def _needed(made: list[Rule], staying: list[Rule], lists: Lists) -> list[Rule]:
    """The rules made but for those that say nothing that a wider rule of their priority does not say."""
    reaches = [_reach(rule, lists) for rule in made]
    wider: dict[tuple, list[_Reach]] = {}
    for reach in (*reaches, *(_reach(rule, lists) for rule in staying)):
        if reach:
            wider.setdefault(reach.kind, []).append(reach)
    kept = []
    for rule, reach in zip(made, reaches, strict=True):
        if reach and any(reach.last <= other.last and other.includes(reach) for other in wider[reach.kind]):
            # Of two that fit the same, the second stays: what is left out includes nothing any more.
            wider[reach.kind].remove(reach)
        else:
            kept.append(rule)
    return kept


def _reach(rule: Rule, lists: Lists) -> _Reach | None:
    """None where a list has a say in what the rule fits: it may say something else tomorrow."""
    ports, found = port_ranges(rule, lists), sources(rule, lists)
    if not (rule.cidr or rule.cidr6) or (rule.port_list and not rule.ports) or ports is None or found is None:
        return None
    kind = (rule.policy, rule.priority, rule.nic, rule.to, rule.to6, rule.source_ports)
    ((first, last),) = found.spans
    return _Reach(first, last, kind, rule.protocol, ports, identity(rule))


def _canonical(source: str) -> object:
    """A block of addresses whatever its spelling; every other source as it is."""
    try:
        return Addresses.of(source).spans
    except ValueError:
        return source


def describe(rules: Iterable[Rule]) -> str:
    """The rules as lines for a person, in the cloud's order."""
    return "\n".join(str(rule) for rule in sorted(rules, key=lambda rule: (rule.priority, rule.accepts)))
