# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of network_change_info, out of a network of today and the history of its changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from . import openings, tenures
from .change_kinds import UNSAID
from .gates import REACHABLE, UNKNOWN, shown
from .group_changes import ADDS, born_at, is_vague, makers
from .moments import shown as shown_time
from .network import SOMETHING, Eip, Gap, Group, Interface, Listener, Network, Server, Thing
from .openings import Opening, Subject
from .replay import KINDS, Moment, back, blind, matters, told
from .security_groups import permission_of
from .tenures import Tenure
from .trail import Event, History

UNSEEN = "unseen"
# The times of an event, and of what it made, are that close together.
ABOUT = timedelta(minutes=2)
FIELDS = {
    "security_group": "groups",
    "server": "servers",
    "eip": "eips",
    "listener": "listeners",
    "forward": "forwards",
}
ARNS = {
    "security_group": "ecs:{region}:{account}:securitygroup",
    "server": "ecs:{region}:{account}:instance",
    "eip": "vpc:{region}:{account}:eip",
    "forward": "vpc:{region}:{account}:forwardentry",
}


def named(events: Iterable[Event]) -> set[tuple[str, str, str]]:
    """What has to be read of the network because events name it, though nothing of today may: kind, region and id."""
    found: set[tuple[str, str, str]] = set()
    for event in filter(matters, events):
        groups = {event.text("SecurityGroupId"), *event.texts("SecurityGroupIds"), *event.texts("SecurityGroupId")}
        lists = {
            "groups": groups,
            "prefix_lists": {event.text("PrefixListId")},
            "port_lists": {event.text("PortRangeListId")},
            "acls": {*event.text("AclId").split(","), *event.texts("AclIds")},
            "server_groups": {event.text("VServerGroupId")} if event.service == "Slb" else set(),
        }
        found |= {(kind, event.region, name) for kind, names in lists.items() for name in names if name}
    return found


def tell(network: Network, history: History, ports: Sequence[int], until: datetime, account: str) -> dict:
    """The results but for the window itself. until: its end; the events go on until today, for the replay's sake."""
    events = [event for event in history.events if matters(event)]
    network = without_gone(network, named(events))
    events = sorted([*events, *unseen(network, events, history)], key=lambda event: event.time)
    looked_up = [Gap("events", region, error) for region, error in history.unread.items()]
    unread = [gap.as_dict() for gap in (*network.gaps, *looked_up)]
    moments = back(blind(network, dict(history.unread)), events)
    found, opens = openings.find(moments, ports)
    changes = {event.id: change(event, account, opens[event.id]) for event in events}
    teller = Teller(moments, account, changes)
    rows = [teller.opening(one) for one in found if not one.since or one.since <= until]
    held = [one for one in tenures.find(moments) if not one.since or one.since <= until]
    return {
        "changes": [changes[event.id] for event in events if event.time <= until],
        "openings": sorted(rows, key=in_order),
        "addresses": sorted(map(address, held), key=lambda row: (row["address"], row["from"] or "", row["id"])),
        "complete_since": shown_time(history.complete_since),
        "complete_until": shown_time(min(until, history.complete_until)),
        "unread": sorted(unread, key=lambda one: (one["what"], one["action"])),
    }


def in_order(row: dict) -> tuple:
    """Openings as they began."""
    return (row["from"] or "", row["to"] or "9", row["kind"], row["resource_id"], row["port"], row["verdict"])


def without_gone(network: Network, asked: set[tuple[str, str, str]]) -> Network:
    """The network without gaps for what was read only because an event names it, and is not there any more."""
    kept = tuple(
        gap
        for gap in network.gaps
        if (gap.kind, gap.region, gap.what) not in asked
        or not ("NotFound" in gap.unread.code or "NotExist" in gap.unread.code)
    )
    return replace(network, gaps=kept)


def unseen(network: Network, events: Sequence[Event], history: History) -> list[Event]:
    """Rules that were added though no event tells it, as those of the last minutes may be, as events without an actor.

    A rule says itself when it was created. An event of about that time that added it, or changed it, is its own.
    """
    found = []
    for group in network.groups.values():
        here = [event for event in events if event.text("SecurityGroupId") == group.id]
        for rule in group.rules:
            born = born_at(rule)
            if born is None or not history.since < born <= history.until or group.region in history.unread:
                continue
            if not any(born - ABOUT <= event.time <= born + ABOUT for event in makers(here, rule)):
                asked = {"SecurityGroupId": group.id, "Permissions": [permission_of(rule)]}
                found.append(Event(f"unseen {rule.id}", born, ADDS, "Ecs", group.region, asked, kind=UNSEEN))
    return found


def change(event: Event, account: str, opens: bool | None) -> dict:
    """A change as results show it."""
    kind = KINDS[event.service, event.name]
    return {
        "time": shown_time(event.time),
        "event": event.name,
        "service": event.service,
        "region": event.region,
        "account_id": account,
        "actor": event.actor,
        "actor_type": event.kind,
        "access_key_id": event.access_key,
        "source_address": event.source_address,
        "user_agent": event.user_agent,
        "resource": kind.resource(event, account),
        "resource_id": kind.resource_id(event),
        "what": told(event),
        "event_id": event.id,
        "opens": opens,
    }


def vague(thing: Thing) -> bool:
    """Not all of it is known."""
    if isinstance(thing, Group):
        return any(rule.doubtful or is_vague(rule) for rule in thing.rules)
    if isinstance(thing, Listener):
        return SOMETHING in (*thing.server_groups, *thing.acls)
    if isinstance(thing, Eip):
        return thing.private_ip == SOMETHING
    return (isinstance(thing, Interface) and thing.groups is None) or (isinstance(thing, Server) and not thing.status)


class Teller:
    """Shows openings, with what is known of their things from one moment or another."""

    def __init__(self, moments: Sequence[Moment], account: str, changes: Mapping[str, dict]):
        self.moments = moments
        self.account = account
        self.changes = changes
        self.places = {moment.event.id: place for place, moment in enumerate(moments) if moment.event}

    def opening(self, one: Opening) -> dict:
        """An opening as results show it."""
        began, ended = (self.changes[event.id] if event else None for event in (one.began, one.ended))
        hides = one.verdict == UNKNOWN and one.ended is not None and self._veils(one.ended)
        return {
            "kind": one.subject.kind,
            "resource": self._arn(one.subject),
            "resource_id": one.subject.id,
            "name": self._name(one.subject),
            "region": one.subject.region,
            "port": one.subject.port,
            "verdict": one.verdict,
            "sources": shown(one.sources) if one.verdict == REACHABLE else [],
            "possible_sources": shown(one.sources),
            "from": shown_time(one.since),
            "to": shown_time(one.until),
            "opened_by": began,
            "closed_by": None if hides else ended,
            "hidden_by": ended if hides else None,
            "paths": list(one.paths),
        }

    def _veils(self, event: Event) -> bool:
        """Before the event, less is known than after it."""
        place = self.places[event.id]
        before, after = self.moments[place - 1].network, self.moments[place].network
        fresh = [gap for gap in before.gaps if gap not in after.gaps and gap.unread.code == UNSAID]
        return bool(fresh) or any(vague(one) for one in openings.differing(after, before))

    def _latest(self, subject: Subject) -> Thing | None:
        """The thing itself, as it was last."""
        field = FIELDS[subject.kind]
        found = (getattr(moment.network, field).get(subject.id) for moment in reversed(self.moments))
        return next((one for one in found if one), None)

    def _name(self, subject: Subject) -> str:
        """How people call it."""
        one = self._latest(subject)
        if subject.kind == "listener" and one:
            port = str(one.first) if one.first == one.last else f"{one.first}-{one.last}"
            return f"{one.protocol} {port} of {one.balancer}"
        if subject.kind == "forward" and one:
            return f"{one.external_ip} {one.external_port} to {one.internal_ip} {one.internal_port}"
        return getattr(one, "name", "") or getattr(one, "address", "") or subject.id

    def _arn(self, subject: Subject) -> str:
        """Its ARN; a CLB's listener has none of its own."""
        if subject.kind != "listener":
            return f"acs:{ARNS[subject.kind].format(region=subject.region, account=self.account)}/{subject.id}"
        if ":" in subject.id:
            return f"acs:slb:{subject.region}:{self.account}:loadbalancer/{subject.id.partition(':')[0]}"
        one = self._latest(subject)
        balancers = (moment.network.balancers.get(one.balancer) for moment in reversed(self.moments) if one)
        kind = next((balancer.kind for balancer in balancers if balancer), "nlb")
        return f"acs:{kind}:{subject.region}:{self.account}:listener/{subject.id}"


def address(one: Tenure) -> dict:
    """A public address and what had it, as results show it."""
    return {**one.holding._asdict(), "from": shown_time(one.since), "to": shown_time(one.until)}
