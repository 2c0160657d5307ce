# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the results of other modules into the values of clues.py. Pure.

Whatever is missing may be missing: what it belongs to then counts as not read. What is there but of another kind (a
text that is no time, a list that is none) is an OptionError that names its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from ipaddress import ip_address
from types import SimpleNamespace
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from . import moments
from .addresses import of_option
from .clues import (
    JOURNAL,
    Attempt,
    Change,
    Changes,
    Clues,
    Event,
    Exposure,
    Gate,
    Holding,
    Interval,
    Log,
    Opening,
    Path,
    Probe,
    Reach,
    Server,
    Target,
)
from .errors import OptionError

# ActionTrail shows a change minutes after it was made, exactly how many is UNCONFIRMED.
TRAIL_LATENCY = timedelta(minutes=15)
SSH_BRUTE_FORCE = "5"  # what ListAttackEventInfo calls the type
PORT = re.compile(r"\d{1,5}")
SSH_ALERT = re.compile(r"ssh|brute|crack|log[io]n|sign[ -]?in", re.IGNORECASE)
EVERYBODY = ("0.0.0.0/0", "::/0")
Built = TypeVar("Built")


def gather(options: SimpleNamespace, now: datetime) -> Clues:
    """The options of ssh_verdict as values."""
    zone = _zone(options.timezone)
    ports = {22}
    exposure = read_exposure(_part(options.exposure, "exposure"))
    logs = tuple(
        read_log(_part(one, f"logins {at}"), f"logins {at}") for at, one in _numbered(options.logins, "logins")
    )
    ports |= {server.port for server in exposure.servers if server.port}
    limits = [f"regions other than {', '.join(options.regions)}"] if options.regions else []
    return Clues(
        events=_events(options, ports),
        exposure=exposure,
        changes=read_changes(_part(options.changes, "changes"), now),
        logs=logs,
        probes=_all(options.probes, "probes", _probe),
        lists={
            name: of_option(f"source_lists, {name}", _texts(blocks, f"source_lists, {name}"))
            for name, blocks in _part(options.source_lists, "source_lists").items()
        },
        zone=zone,
        zone_name=options.timezone or "UTC",
        account_id=options.account_id or "",
        everywhere=not options.regions,
        unread=(*limits, *_texts(options.unread, "unread")),
    )


def _events(options: SimpleNamespace, ports: set[int]) -> tuple[Event, ...]:
    def attacks_ssh(row: Mapping, where: str) -> bool:
        named = {int(text) for text in PORT.findall(_text(row, "port", where))}
        return _text(row, "type", where) == SSH_BRUTE_FORCE or bool(named & ports)

    def speaks_of_logins(row: Mapping, _where: str) -> bool:
        return SSH_ALERT.search(f"{row.get('name') or ''} {row.get('type') or ''}") is not None

    return (
        *_all(options.attack_events, "attack_events", _attack, attacks_ssh),
        *_all(options.alerts, "alerts", _alert, speaks_of_logins),
    )


def _attack(row: Mapping, where: str) -> Event:
    first = _moment(row, "first_seen", where)
    last = _moment(row, "last_seen", where)
    return Event(
        kind="attack",
        id=_text(row, "id", where),
        name=_text(row, "type_name", where),
        source=_address(row, "source", where),
        port=_port(row, where),
        count=_number(row, "count", where),
        status=_text(row, "status", where),
        **_place(row, where),
        first=first or last,
        last=max(filter(None, (first, last)), default=None),
    )


def _port(row: Mapping, where: str) -> int:
    """The port of an event; 0 if it names none, or several, as rows about the web may."""
    text = _text(row, "port", where)
    return int(text) if PORT.fullmatch(text) else 0


def _alert(row: Mapping, where: str) -> Event:
    first = _moment(row, "first_seen", where)
    last = _moment(row, "last_seen", where)
    return Event(
        kind="alert",
        id=_text(row, "id", where),
        name=_text(row, "name", where),
        status=_text(row, "level", where) or _text(row, "severity", where),
        **_place(row, where),
        first=first or last,
        last=max(filter(None, (first, last)), default=None),
    )


def _place(row: Mapping, where: str) -> dict:
    return {
        "address": _address(row, "public_ip", where),
        "private_ip": _address(row, "private_ip", where),
        "instance_id": _text(row, "instance_id", where),
        "instance_name": _text(row, "instance_name", where),
        "region": _text(row, "region", where),
    }


def read_exposure(result: Mapping) -> Exposure:
    """A result of ssh_exposure_info; of one that failed, what it found until then."""
    servers = _all(result.get("servers"), "exposure, servers", _server)
    targets = _all(result.get("targets"), "exposure, targets", _target)
    left_out = {name for one in targets for name in one.servers} - {one.id for one in servers}
    return Exposure(
        read="servers" in result,
        servers=servers,
        targets=targets,
        unread=(
            *_unread(result, "exposure", "servers"),
            *(f"exposure: {name} is none of the servers that were looked at" for name in sorted(left_out)),
        ),
    )


def _server(row: Mapping, where: str) -> Server:
    identifier = _text(row, "instance_id", where)
    return Server(
        id=identifier,
        name=_text(row, "name", where),
        port=_number(row, "port", where),
        addresses=_addresses(row, where),
        paths=_all(row.get("paths"), f"{where}, paths", lambda path, place: _path(path, place, identifier)),
    )


def _path(row: Mapping, where: str, server: str) -> Path:
    return Path(
        server=server,
        kind=_text(row, "kind", where),
        address=_address(row, "address", where),
        port=_number(row, "port", where),
        reach=_reach(row, where, EVERYBODY if row.get("verdict") == "unknown" else ()),
        gates=_all(row.get("gates"), f"{where}, gates", _gate),
        shown=row,
    )


def _reach(row: Mapping, where: str, otherwise: tuple[str, ...] = ()) -> Reach:
    """Who gets through; where a result does not say who may, it is those who do, and otherwise these."""
    possible = row.get("possible_sources")
    return Reach(
        _blocks(row.get("sources"), f"{where}, sources"),
        otherwise if possible is None else _blocks(possible, f"{where}, possible_sources"),
    )


def _gate(row: Mapping, where: str) -> Gate:
    allows = row.get("allows")
    if allows not in (True, False, None):
        raise OptionError(f"{where}: allows is neither true nor false nor null.")
    by_source = row.get("sources") is not None
    reach = _reach(row, where, EVERYBODY if allows is None else ()) if by_source else None
    return Gate(allows, reach, _text(row, "text", where), row)


def _target(row: Mapping, where: str) -> Target:
    return Target(
        address=_address(row, "address", where),
        kind=_text(row, "kind", where) or "unknown",
        id=_text(row, "id", where),
        name=_text(row, "name", where),
        bound_to=_text(row, "bound_to", where),
        servers=_texts(row.get("servers"), f"{where}, servers"),
        ports=_all(row.get("ports"), f"{where}, ports", _ports),
    )


def _ports(row: Mapping, where: str) -> tuple[int, int, str]:
    return _number(row, "first", where), _number(row, "last", where), _text(row, "protocol", where)


def read_changes(result: Mapping, now: datetime) -> Changes:
    """A result of network_change_info; of one that failed, what it found until then."""
    until = _moment(result, "complete_until", "changes")
    return Changes(
        read="openings" in result,
        changes=_all(result.get("changes"), "changes", _change),
        openings=_all(result.get("openings"), "changes, openings", _opening),
        holdings=_all(result.get("addresses"), "changes, addresses", _holding),
        since_complete=_moment(result, "complete_since", "changes"),
        until_complete=until and min(until, now - TRAIL_LATENCY),
        unread=_unread(result, "changes", "openings"),
    )


def _change(row: Mapping, where: str) -> Change:
    moment = _moment(row, "time", where)
    if moment is None:
        raise OptionError(f"{where}: it has no time.")
    return Change(
        time=moment,
        event=_text(row, "event", where),
        actor=_text(row, "actor", where),
        source=_text(row, "source_address", where),
        resource_id=_text(row, "resource_id", where),
        what=_text(row, "what", where) or _text(row, "event", where),
        opens=row.get("opens"),
    )


def _opening(row: Mapping, where: str) -> Opening:
    by = {side: row.get(side) for side in ("opened_by", "closed_by", "hidden_by")}
    return Opening(
        kind=_text(row, "kind", where),
        id=_text(row, "resource_id", where),
        name=_text(row, "name", where),
        port=_number(row, "port", where),
        reach=_reach(row, where),
        time=_interval(row, where),
        **{side: one and _change(_part(one, f"{where}, {side}"), f"{where}, {side}") for side, one in by.items()},
        paths=_texts(row.get("paths"), f"{where}, paths"),
    )


def _holding(row: Mapping, where: str) -> Holding:
    kind, identifier, owner = (_text(row, name, where) for name in ("kind", "id", "bound_to"))
    return Holding(_address(row, "address", where), kind, identifier, owner, _interval(row, where))


def _interval(row: Mapping, where: str) -> Interval:
    return Interval(_moment(row, "from", where), _moment(row, "to", where))


def read_log(result: Mapping, where: str) -> Log:
    """A result of ssh_login_info."""
    server = _part(result.get("server"), f"{where}, server")
    host = _text(server, "host", where) or _text(server, "instance_id", where) or _text(result, "inventory_host", where)
    identifier = _text(server, "instance_id", where)
    names = {host, _text(result, "inventory_host", where), *_addresses(server, where)}
    return Log(
        host=host,
        # Private addresses and names may stand for several servers, so they count only without an id.
        ids=frozenset({identifier} if identifier else names - {""}),
        ports=tuple(int(port) for port in _texts(server.get("ports"), f"{where}, ports") if port.isdecimal()),
        offset=_offset(server.get("utc_offset"), f"{where}, server, utc_offset"),
        attempts=_all(result.get("attempts"), f"{where}, attempts", _attempt),
        whole=_whole(result, where),
        unread=tuple(f"logins of {host or where}: {note}" for note in _unread(result, "logins", "attempts")),
        until=_moment(result, "until", where),
    )


def _whole(result: Mapping, where: str) -> Interval | None:
    """The time of which nothing is missing: in the journal, or in all of the files, which hold the same."""
    rows = [_part(one, f"{where}, logs") for one in _list(result.get("logs"), f"{where}, logs")]
    journal = [row.get("complete") is True for row in rows if row.get("file") == JOURNAL]
    files = [row.get("complete") is True for row in rows if row.get("file") != JOURNAL]
    since, until = _moment(result, "since", where), _moment(result, "until", where)
    kept = any(found and all(found) for found in (journal, files))
    return Interval(since, until) if kept and since and until else None


def _attempt(row: Mapping, where: str) -> Attempt:
    moment = _moment(row, "time", where)
    if moment is None:
        raise OptionError(f"{where}: it has no time.")
    texts = {name: _text(row, name, where) for name in ("user", "outcome", "method", "host")}
    source = _text(row, "source", where)
    return Attempt(
        moment,
        _spelled(source) or source,
        **texts,
        file=_text(row, "line_source", where),
        other=_moment(row, "other_time", where),
    )


def _probe(row: Mapping, where: str) -> Probe:
    if not isinstance(row.get("open"), bool):
        raise OptionError(f"{where}: open is neither true nor false.")
    return Probe(
        address=_address(row, "address", where),
        port=_number(row, "port", where),
        vantage=_text(row, "vantage", where),
        open=row["open"],
        time=_moment(row, "time", where),
        error=_text(row, "error", where),
    )


def _unread(result: Mapping, where: str, proof: str) -> tuple[str, ...]:
    """What a result says that it could not read; all of it where it does not even have the key that proves a run."""
    if proof not in result:
        said = _text(result, "msg", where).rstrip(".")
        return (f"{where.split(maxsplit=1)[0]}: {said}",) if said else (f"{where}: not read",)
    return tuple(_note(one, where) for one in _list(result.get("unread"), f"{where}, unread"))


def _note(note: object, where: str) -> str:
    """A note of what was not read, which each module writes with the same keys as far as they apply."""
    if not isinstance(note, Mapping):
        return str(note)
    what = note.get("what") or note.get("file") or where
    why = [str(note[key]) for key in ("action", "code", "message", "reason") if note.get(key)]
    return f"{what} ({', '.join(why)})" if why else str(what)


# Reading values of a kind


def moment(text: object, where: str) -> datetime | None:
    """A time in UTC, to the second or finer, if there is one."""
    return None if text in (None, "") else moments.parsed(text, where)


def _moment(row: Mapping, name: str, where: str) -> datetime | None:
    return moment(row.get(name), f"{where}: {name}")


def _zone(name: str | None) -> tzinfo:
    if name in (None, "", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise OptionError(f"timezone {name!r} is no time zone of this machine: write it as Asia/Tokyo.") from None


def _offset(value: object, where: str) -> timedelta | None:
    """A distance from UTC, written as seconds or as +09:00."""
    if value in (None, ""):
        return None
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", str(value))
    if found:
        size = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return -size if found[1] == "-" else size
    if isinstance(value, int | float):
        return timedelta(seconds=value)
    raise OptionError(f"{where} {str(value)!r} is no distance from UTC: write it as +09:00.")


def _part(value: object, where: str) -> Mapping:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise OptionError(f"{where} is no dictionary.")
    return value


def _list(value: object, where: str) -> Sequence:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise OptionError(f"{where} is no list.")
    return value


def _numbered(value: object, where: str) -> list[tuple[int, object]]:
    return list(enumerate(_list(value, where), start=1))


def _all(
    value: object,
    where: str,
    build: Callable[[Mapping, str], Built],
    wanted: Callable[[Mapping, str], bool] = lambda _row, _where: True,
) -> tuple[Built, ...]:
    """What is built of each row that is wanted; the others may be as they like."""
    rows = ((_part(one, f"{where} {at}"), f"{where} {at}") for at, one in _numbered(value, where))
    return tuple(build(row, place) for row, place in rows if wanted(row, place))


def _texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(str(one) for one in _list(value, where))


def _blocks(value: object, where: str) -> tuple[str, ...]:
    texts = _texts(value, where)
    of_option(where, texts)
    return texts


def _text(row: Mapping, name: str, where: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        raise OptionError(f"{where}: {name} is no text.")
    return str(value)


def _address(row: Mapping, name: str, where: str) -> str:
    """An address; '' for what the cloud writes where it knows none."""
    return _spelled(_text(row, name, where).strip())


def _addresses(row: Mapping, where: str) -> tuple[str, ...]:
    """The addresses of a server; what is none is kept as it is."""
    return tuple(_spelled(text) or text for text in _texts(row.get("addresses"), f"{where}, addresses"))


@lru_cache(maxsize=65536)
def _spelled(text: str) -> str:
    """An address in its one spelling, one of IPv4 in IPv6's clothes as that of IPv4; '' for what is no address."""
    try:
        found = ip_address(text.partition("%")[0])  # what follows names an interface of the server
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def _number(row: Mapping, name: str, where: str) -> int:
    value = row.get(name)
    if value in (None, ""):
        return 0
    if isinstance(value, bool) or not str(value).isdecimal():
        raise OptionError(f"{where}: {name} {str(value)!r} is no number.")
    return int(str(value))
