# SPDX-License-Identifier: GPL-3.0-or-later
"""Who changed what in an account's network: ActionTrail's events as values, and the one way in which they are read.

ActionTrail keeps the events of 90 days without being asked to, region by region, and gives fifty to a page; one query
spans 30 days at most. UNCONFIRMED: that limit; that an account may ask about twice a second, and that events show ten
minutes late at the most. So calls are few: a region in which hardly anything is written takes one page for all of its
products; in a busy one the products that matter are asked for one by one, where that takes fewer pages.

Facts: Alibaba Cloud's API documentation of ActionTrail 2020-07-06, and its description of the fields of an event. Every
event is a call that was tried: what has an error code changed nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .errors import CloudError, Unread
from .moments import shown

if TYPE_CHECKING:
    from .cloud import Cloud

SERVICES = ("Ecs", "Vpc", "Slb", "Nlb", "Alb")
PAGE = 50
SPAN, KEPT = timedelta(days=30), timedelta(days=90)
# Of so long ago, not all events need to show yet.
LATE = timedelta(minutes=15)
# Roles that products of the cloud change things with: `AliyunServiceRoleForSas`, or an older `AliyunSASDefaultRole`.
SERVICE_ROLE = re.compile(r"(aliyunservicerole|aliyun\w+defaultrole)", re.IGNORECASE)


@dataclass(frozen=True)
class Event:
    """One call that changed something. request: its parameters, lists as lists. response: what it was answered.

    actor: name of the user or role, `root` for the account itself. kind: of the actor, as ActionTrail names it;
    `service-role` where a product of the cloud did it by itself. known: what earlier events tell of the moment before
    it; see replay.
    """

    id: str
    time: datetime
    name: str
    service: str
    region: str
    request: Mapping[str, object] = field(default_factory=dict, hash=False)
    response: Mapping[str, object] = field(default_factory=dict, hash=False)
    actor: str = ""
    kind: str = ""
    access_key: str = ""
    source_address: str = ""
    user_agent: str = ""
    known: object = field(default=None, compare=False)

    def text(self, *names: str) -> str:
        """The first of these parameters that was given, or that the answer names; else ''."""
        for where in (self.request, self.response):
            for name in names:
                value = where.get(name)
                if isinstance(value, (str, int)) and str(value):
                    return str(value)
        return ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A parameter that is a list of texts, or a single one of them."""
        value = opened(self.request.get(name))
        if isinstance(value, list):
            return tuple(str(one) for one in value if not isinstance(one, dict))
        return (str(value),) if value not in (None, "") else ()

    def things(self, name: str) -> list[dict]:
        """A parameter that is a list of mappings."""
        value = opened(self.request.get(name))
        return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


@dataclass(frozen=True)
class History:
    """Events of a window, the oldest first. regions: whose. unread: what could not be read, by region."""

    events: tuple[Event, ...]
    since: datetime
    until: datetime
    regions: tuple[str, ...] = ()
    unread: Mapping[str, Unread] = field(default_factory=dict)

    @property
    def complete_since(self) -> datetime | None:
        """From when on the events are there; None if none could be read."""
        return self.since if set(self.regions) - set(self.unread) else None

    @property
    def complete_until(self) -> datetime:
        """Until when they are."""
        return self.until - LATE


def regions_of(cloud: Cloud, wanted: Sequence[str]) -> list[str]:
    """The regions whose events are asked for; none, where they are all wanted and can't be listed."""
    try:
        return list(wanted) or cloud.all_regions()
    except CloudError as error:
        if error.bad_key:
            raise
        return []


def read(cloud: Cloud, regions: Sequence[str], since: datetime, now: datetime) -> History:
    """The network's changes of these regions from since until now, all that ActionTrail still has."""
    if since < now - KEPT:
        cloud.warnings.append(f"ActionTrail keeps 90 days; of what was before {shown(now - KEPT)}, nothing is known.")
        since = now - KEPT
    asked = [(region, *window) for region in regions for window in windows(since, now)]
    answers = cloud.map(lambda one: _read(cloud, *one), asked)
    unread: dict[str, Unread] = {}
    rows: dict[str, dict] = {}
    for (region, _first, _last), answer in zip(asked, answers, strict=True):
        if isinstance(answer, CloudError):
            if answer.bad_key:
                raise answer
            unread[region] = Unread.of(answer)
        else:
            # Where two windows meet, both have the event of that second.
            rows |= {f"{region} {row['eventId']}": row for row in answer}
    found = [event_of(row) for row in rows.values() if not row.get("errorCode")]
    return History(tuple(sorted(found, key=lambda event: event.time)), since, now, tuple(regions), unread)


def windows(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """A window as ones that a single query may span, the oldest first."""
    found = []
    while until - since > SPAN:
        found.append((since, since + SPAN))
        since += SPAN
    return [*found, (since, until)]


def _read(cloud: Cloud, region: str, since: datetime, until: datetime) -> list[dict]:
    """The writing events of a region, oldest first: of all products, unless asking for each is less to read."""
    window = {"StartTime": shown(since), "EndTime": shown(until)}
    rows, token = _page(cloud, region, window, {"EventRW": "Write"})
    if token and rows and split(rows, since, until):
        rows = [row for service in SERVICES for row in _pages(cloud, region, window, service)]
    else:
        rows += _rest(cloud, region, window, {"EventRW": "Write"}, token)
    return [row for row in reversed(rows) if row.get("serviceName") in SERVICES]


def split(rows: Sequence[Mapping], since: datetime, until: datetime) -> bool:
    """Whether a query for each product takes fewer pages than what is left of all, judged by the newest page's rows.

    It tells how long fifty events take to come together, and how many of them matter.
    """
    oldest = min(moment(row["eventTime"]) for row in rows)
    left = (oldest - since) / max(until - oldest, timedelta(seconds=1))
    share = sum(row.get("serviceName") in SERVICES for row in rows) / len(rows)
    return len(SERVICES) + share * (left + 1) < left


def _pages(cloud: Cloud, region: str, window: dict, service: str) -> list[dict]:
    conditions = {"ServiceName": service, "EventRW": "Write"}
    rows, token = _page(cloud, region, window, conditions)
    return rows + _rest(cloud, region, window, conditions, token)


def _rest(cloud: Cloud, region: str, window: dict, conditions: dict, token: str) -> list[dict]:
    rows: list[dict] = []
    while token:
        more, token = _page(cloud, region, window, conditions, token)
        rows += more
    return rows


def _page(
    cloud: Cloud, region: str, window: dict, conditions: dict[str, str], token: str | None = None
) -> tuple[list[dict], str]:
    asked = [{"Key": key, "Value": value} for key, value in conditions.items()]
    params = {**window, "LookupAttribute": asked, "MaxResults": str(PAGE), "NextToken": token}
    answer = cloud.rpc("actiontrail", "LookupEvents", params, region)
    return answer.get("Events") or [], answer.get("NextToken") or ""


# Values


def event_of(row: Mapping) -> Event:
    """An event as LookupEvents shows it."""
    who = opened(row.get("userIdentity")) or {}
    name, kind = who.get("userName") or who.get("principalId") or "", who.get("type") or ""
    by_itself = kind == "system" or (kind == "assumed-role" and SERVICE_ROLE.match(name))
    return Event(
        id=row["eventId"],
        time=moment(row["eventTime"]),
        name=row["eventName"],
        service=row["serviceName"],
        region=row.get("acsRegion") or "",
        request=nested(opened(row.get("requestParameters")) or opened(row.get("requestParameterJson")) or {}),
        response=nested(opened(row.get("responseElements")) or {}),
        actor="root" if kind == "root-account" else name,
        kind="service-role" if by_itself else kind,
        access_key=masked(who.get("accessKeyId") or ""),
        source_address=row.get("sourceIpAddress") or "",
        user_agent=row.get("userAgent") or "",
    )


def opened(value: object) -> object:
    """What a JSON text holds; everything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def nested(flat: Mapping[str, object]) -> dict[str, object]:
    """Parameters with lists as lists: `Permissions.1.PortRange` is in the first of `Permissions`."""
    tree: dict[str, object] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        node = tree
        for step in path:
            inner = node.get(step)
            node[step] = inner if isinstance(inner, dict) else {}
            node = node[step]
        node[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() for name in value):
        return [_listed(value[name]) for name in sorted(value, key=int)]
    return {name: _listed(one) for name, one in value.items()}


def moment(text: str) -> datetime:
    """A time of an event."""
    return datetime.fromisoformat(text).astimezone(UTC)


def masked(key: str) -> str:
    """An access key's id, enough of it to know it again."""
    return f"{key[:4]}…{key[-4:]}" if len(key) > 8 else key
