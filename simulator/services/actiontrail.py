# SPDX-License-Identifier: GPL-3.0-or-later
"""ActionTrail 2020-07-06: who changed what. The estate's history, and after it every writing RPC call of this run.

What was recorded in a run is no part of an estate: `dump` shows the given history alone.
"""

from __future__ import annotations

import base64
import binascii
import copy
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError, EstateError, LoudError
from simulator.moments import FORM, dated, now, seconds
from simulator.parameters import Each, Int, Text
from simulator.registry import Product, Section, known_keys

from ._actiontrail_events import of_call, of_history

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.call import Call
    from simulator.estate import Account

DAY = 86_400
KEPT, USUAL = 90 * DAY, 7 * DAY  # how long events are kept, and the window of who names none
ATTRIBUTES = (
    "ServiceName", "EventName", "User", "EventId", "ResourceType", "ResourceName", "EventRW", "EventAccessKeyId",
)  # fmt: skip
IDENTITIES = ("root-account", "ram-user", "assumed-role", "system")
SEEDED = {
    "id", "time", "event", "service", "region", "rw", "user", "identity", "access_key", "source_ip", "user_agent",
    "request", "response", "resources", "error_code", "error_message",
}  # fmt: skip
PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
actiontrail = Product("actiontrail", version="2020-07-06", hosts=("actiontrail.<region>.aliyuncs.com",))


@dataclass
class ActionTrail:
    """An account's history. rate: most calls in a second, None for as many as come; calls: when the last ones came."""

    events: list[dict[str, Any]] = field(default_factory=list)
    rate: int | None = None
    recorded: list[dict[str, Any]] = field(default_factory=list)
    calls: deque[float] = field(default_factory=deque)

    def throttles(self, moment: float) -> bool:
        """Whether a call at this moment (seconds) is one too many. One that was refused counts for nothing."""
        if self.rate is None:
            return False
        while self.calls and self.calls[0] <= moment - 1:
            self.calls.popleft()
        if len(self.calls) >= self.rate:
            return True
        self.calls.append(moment)
        return False


def _load(data: Mapping[str, Any] | None, account: Account) -> ActionTrail:
    data = data or {}
    where = f"account {account.id}: actiontrail"
    known_keys(data, {"events", "rate"}, where)
    events = [_seed(entry, account, where) for entry in data.get("events") or []]
    return ActionTrail(sorted(events, key=lambda event: event["time"]), data.get("rate"))


def _seed(entry: Mapping[str, Any], account: Account, where: str) -> dict[str, Any]:
    known_keys(entry, SEEDED | {"days_ago"}, f"{where}: events")
    missing = {"time", "event", "service", "region"} - set(entry)
    if missing:
        raise EstateError(f"{where}: an event needs {', '.join(sorted(missing))}")
    if entry["region"] not in account.regions:
        raise EstateError(f"{where}: there is no region {entry['region']}")
    if entry.get("identity", "ram-user") not in IDENTITIES:
        raise EstateError(f"{where}: identity is one of {', '.join(IDENTITIES)}")
    return dated(copy.deepcopy(dict(entry)), where)


def _dump(state: ActionTrail) -> dict[str, Any]:
    return {"events": copy.deepcopy(state.events), "rate": state.rate}


section = Section("actiontrail", _load, _dump)


def record(call: Call) -> None:
    """Keep what became of a call, if it is one that writes."""
    if call.action and call.action.writes and call.wire.name == "rpc" and not isinstance(call.error, LoudError):
        section.of(call.account).recorded.append(of_call(call))


@actiontrail.action(
    "LookupEvents",
    resource=lambda call: call.arn("*"),
    params={
        # Of more than two conditions the first two count.
        "LookupAttribute": Each({"Key": Text(choices=ATTRIBUTES, required=True), "Value": Text(required=True)}),
        "StartTime": Text(pattern=PATTERN),
        "EndTime": Text(pattern=PATTERN),
        "MaxResults": Int(1, 50, default=20),  # UNCONFIRMED: the default
        "NextToken": Text(),
        "Direction": Text(choices=("FORWARD", "BACKWARD"), default="BACKWARD"),
    },
)
def lookup_events(call: Call) -> dict[str, Any]:
    """Show a page of one region's events, of the last seven days where no window is named, never of more than 90."""
    if not call.region:
        raise LoudError("MissingRegion", "The simulator can't tell the region: name it by host or RegionId.", 400)
    state, asked = section.of(call.account), call.params
    if state.throttles(time.monotonic()):
        raise call.product.throttled()
    first, last = _window(asked)
    wanted = {one["Key"]: one["Value"] for one in asked.get("LookupAttribute", [])[:2]}
    seeded = [of_history(entry, number, call.account.id) for number, entry in enumerate(state.events, start=1)]
    place = _Place.read(call)
    known = [*seeded, *state.recorded][: place.until]
    found = sorted(
        (event for event in known if _is_asked_for(event, call.region, first, last, wanted)),
        key=lambda event: event["eventTime"],
    )
    if asked["Direction"] == "BACKWARD":
        found.reverse()
    end = place.start + asked["MaxResults"]
    more = {"NextToken": _Place(end, len(known)).text(call)} if end < len(found) else {}
    return {"Events": found[place.start : end], "StartTime": _moment(first), "EndTime": _moment(last), **more}


def _window(asked: Mapping[str, Any]) -> tuple[int, int]:
    present = seconds(now())
    given = [asked.get(name) for name in ("StartTime", "EndTime")]
    if bool(given[0]) != bool(given[1]):
        # UNCONFIRMED: the exact code.
        raise ApiError("InvalidParameterCombination", "StartTime and EndTime must be given together.", 400)
    try:
        first, last = [seconds(text) for text in given] if given[0] else (present - USUAL, present)
    except ValueError:
        raise ApiError("InvalidParameter", "StartTime or EndTime is no time.", 400) from None
    if first > last:
        # UNCONFIRMED: the exact code.
        raise ApiError("InvalidTimeRange", "StartTime must be before EndTime.", 400)
    return max(first, present - KEPT), last


def _moment(second: int) -> str:
    return time.strftime(FORM, time.gmtime(second))


def _is_asked_for(event: Mapping[str, Any], region: str, first: int, last: int, wanted: Mapping[str, str]) -> bool:
    if event["acsRegion"] != region or not first <= seconds(event["eventTime"]) <= last:
        return False
    of_event = {
        "ServiceName": [event["serviceName"]],
        "EventName": [event["eventName"]],
        "User": [event["userIdentity"]["userName"]],
        "EventId": [event["eventId"]],
        "ResourceType": list(event["referencedResources"]),
        "ResourceName": [name for names in event["referencedResources"].values() for name in names],
        "EventRW": [event["eventRW"], "All"],
        "EventAccessKeyId": [event["userIdentity"]["accessKeyId"]],
    }
    return all(value in of_event[key] for key, value in wanted.items())


@dataclass(frozen=True)
class _Place:
    """Where a page begins, in how many events; what came after the first page is not shown in later ones."""

    start: int = 0
    until: int | None = None

    @classmethod
    def read(cls, call: Call) -> _Place:
        token = call.params.get("NextToken")
        if not token:
            return cls()
        try:
            start, until, asked = base64.urlsafe_b64decode(token).decode().split("/")
        except (ValueError, binascii.Error):
            asked = ""
        if asked != _fingerprint(call):
            # UNCONFIRMED: the exact code. That all else has to be as in the first request is documented.
            raise ApiError("InvalidNextToken", "The specified NextToken is not valid.", 400)
        return cls(int(start), int(until))

    def text(self, call: Call) -> str:
        return base64.urlsafe_b64encode(f"{self.start}/{self.until}/{_fingerprint(call)}".encode()).decode()


def _fingerprint(call: Call) -> str:
    asked = {name: value for name, value in call.params.items() if name != "NextToken"}
    return f"{zlib.crc32(repr((call.region, sorted(asked.items(), key=str))).encode()):08x}"
