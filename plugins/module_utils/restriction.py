# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a security group needs instead of those that let unwanted sources in. Pure.

An accepting rule that lets unwanted sources in is replaced by rules of the same priority, which together fit what it
fitted but for the unwanted sources at the guarded ports: the same ports from the sources to keep, and every other port
from everywhere the rule spoke of. Nothing else changes its place among the group's rules, so the new rules accept
exactly what the old ones did, without that.

Only a rule for all protocols can't be taken apart so: of the protocols that it lets in, rules can name but a few
everywhere. It gets a hole instead, by three steps of priority: accept the sources to keep, drop the guarded ports from
wherever the rule spoke of, accept all as before. That is exact too, where nothing else comes to lie between these
steps. Since a Drop speaks for every group of a network interface, the rules of those that share one have a say in that.
What gets no hole is taken apart into the protocols that rules can name, and the plan says why.

A Drop is never removed: it may be somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import NamedTuple

from .addresses import Addresses, is_v6
from .exposure import PRIVATE, Lists, Ranges, Rule, accepted, admitting, port_ranges, sources

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
class Neighbours:
    """The rules of the groups that share a network interface with this one; those of spared ones are to stay."""

    rules: tuple[Rule, ...] = ()
    spared: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Restriction:
    """The rules to revoke, what has to be there before, and what of that is to be added.

    obstacle: why it must not be done. lossy: why protocols that no rule can name would be lost, if they would.
    """

    needed: tuple[Rule, ...] = ()
    added: tuple[Rule, ...] = ()
    revoked: tuple[Rule, ...] = ()
    obstacle: str | None = None
    lossy: str = ""


def restrict(
    rules: Sequence[Rule], guard: Guard, lists: Lists, neighbours: Neighbours | None = Neighbours()
) -> Restriction:
    """What has to be added and revoked so that no rule that could be read accepts an unwanted source.

    neighbours: None if they are not known.
    """
    standing, doomed, needed, lossy = _with_holes(rules, guard, lists, neighbours)
    ranks = {rule: _rank(rule, standing) for rule in doomed}
    stuck = next((rule for rule, rank in ranks.items() if rank is None), None)
    if stuck:
        reason = f"a rule of the system's priority {stuck.priority} can't be narrowed without passing a Drop before it"
        return Restriction(revoked=tuple(doomed), obstacle=reason)
    made = [piece for rule in doomed for piece in pieces(replace(rule, id="", priority=ranks[rule]), guard, lists)]
    standing, new = _replaced(standing, doomed, made, lists)
    return _difference(rules, standing, [*needed, *new], lossy)


def _with_holes(
    rules: Sequence[Rule], guard: Guard, lists: Lists, neighbours: Neighbours | None
) -> tuple[list[Rule], list[Rule], list[Rule], str]:
    """The rules with all the holes that may be cut, those still open, what has to be there, and why a hole is not."""
    standing, needed, reasons = list(rules), [], {}
    doors = _doors(standing, guard, lists)
    everything = (rule for rule in rules if rule.accepts and rule.protocol == "ALL")
    for rule in sorted(everything, key=attrgetter("priority")):
        # A hole before an earlier rule may be all that this one needs.
        ports = [port for port, found in doors.items() if rule in found]
        if not ports:
            continue
        if why_not := no_hole(rule, standing, neighbours, guard, lists):
            reasons[rule] = why_not
            continue
        made = list(hole(rule, ports, guard, lists))
        stays = identity(rule) in map(identity, made)
        standing, new = _replaced(standing, [] if stays else [rule], made, lists)
        doors = _doors(standing, guard, lists)
        needed += new
    still = set().union(*doors.values())
    lossy = next((why_not for rule, why_not in reasons.items() if rule in still), "")
    return standing, [rule for rule in standing if rule in still], needed, lossy


def hole(rule: Rule, ports: Iterable[int], guard: Guard, lists: Lists) -> Iterator[Rule]:
    """The rules that let in what this one for all protocols does, but for the unwanted sources at these ports."""
    rank = _hole_rank(rule)
    for wanted in _narrower(sources(rule, lists), guard):
        yield replace(rule, id="", priority=rank, **{**NO_SOURCE, **wanted})
    for port in ports:
        yield replace(rule, id="", policy="drop", protocol="TCP", ports=f"{port}/{port}", priority=rank + 1)
    yield replace(rule, id="", priority=max(rule.priority, rank + 2))


def no_hole(rule: Rule, rules: Sequence[Rule], neighbours: Neighbours | None, guard: Guard, lists: Lists) -> str:
    """Why a hole would let in more or less than the equation says, here or by the neighbours; '' if it would not."""
    if neighbours is None:
        return "it is not known which groups share a network interface with this one, and a Drop speaks for them too"
    if rule.narrowed:
        return f"'{rule}' speaks of some destinations or source ports only, and such Drop rules are not judged"
    spared = (one for port in guard.ports for one in admitting(neighbours.spared, port, lists, guard.unwanted))
    if met := next(spared, None):
        return f"a Drop would also keep out whom '{met}' lets in, in a group that shares a network interface"
    rank, everyone = _hole_rank(rule), (*rules, *neighbours.rules, *neighbours.spared)
    behind = [one for one in everyone if one.priority > rank]
    if guard.unwanted & PRIVATE and any(one.accepts and one.source == one.group != "" for one in behind):
        return "a Drop would also keep out members of source groups"
    kept = [replace(rule, priority=rank, **{**NO_SOURCE, **one}) for one in _narrower(sources(rule, lists), guard)]
    if rank < rule.priority and any(_lets_in_more(one, kept, guard, lists) for one in (rules, everyone)):
        return f"no priority is left for a Drop before '{rule}' that would not come before another one as well"
    passed = max(rule.priority, rank + 2)
    drops = (one for one in behind if not one.accepts and one.priority <= passed)
    in_the_way = (
        # Who is let in is counted by source, so it does not show what a Drop for some connections only keeps out.
        one
        for one in drops
        if not _guarded(one, guard, lists) or (one.narrowed and one.priority <= rule.priority)
    )
    return next((f"'{one}' leaves no room for a Drop before it" for one in in_the_way), "")


def _lets_in_more(rules: Sequence[Rule], more: Sequence[Rule], guard: Guard, lists: Lists) -> bool:
    """These rules let somebody in at a guarded port who is kept out without them."""
    return any(accepted([*rules, *more], at, lists).possible - accepted(rules, at, lists).sure for at in guard.ports)


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


def _hole_rank(rule: Rule) -> int:
    """The first of the three priorities that a hole takes."""
    return min(rule.priority, LAST_PRIORITY - 2)


def _guarded(drop: Rule, guard: Guard, lists: Lists) -> bool:
    """The Drop speaks of guarded ports alone, where a hole lets those in that are to be kept before it."""
    ranges = port_ranges(drop, lists) if drop.protocol in ("TCP", "6") else None
    return ranges is not None and not list(_without(ranges, guard.ports))


def _doors(rules: Sequence[Rule], guard: Guard, lists: Lists) -> dict[int, set[Rule]]:
    """The rules that let unwanted sources in at each guarded port, of those that could be read."""
    found = {port: admitting(rules, port, lists, guard.unwanted) for port in guard.ports}
    return {port: {rule for rule in admitted if _readable(rule, lists)} for port, admitted in found.items()}


def _replaced(rules: list[Rule], old: list[Rule], made: Iterable[Rule], lists: Lists) -> tuple[list[Rule], list[Rule]]:
    """The rules with what is made in the place of the old ones, and what of that has to be there."""
    gone = set(old)
    staying = [rule for rule in rules if rule not in gone]
    needed = _needed(_distinct(made), staying, lists)
    present = {identity(rule) for rule in staying}
    return [*staying, *(rule for rule in needed if identity(rule) not in present)], needed


def _difference(rules: Sequence[Rule], standing: list[Rule], needed: list[Rule], lossy: str) -> Restriction:
    """The way from the rules that there are to those that shall stand."""
    left, stand = set(standing), {identity(rule) for rule in standing}
    there = {identity(rule) for rule in rules if rule in left}
    lasting = tuple(rule for rule in _distinct(needed) if identity(rule) in stand)
    added = tuple(rule for rule in lasting if identity(rule) not in there)
    return Restriction(lasting, added, tuple(rule for rule in rules if rule not in left), lossy=lossy)


def _distinct(rules: Iterable[Rule]) -> list[Rule]:
    """Each rule once, however often it was made."""
    found: dict[tuple, Rule] = {}
    for rule in rules:
        found.setdefault(identity(rule), rule)
    return list(found.values())


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
