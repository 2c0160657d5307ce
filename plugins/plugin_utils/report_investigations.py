# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Investigations as report.json keeps them, from what the module ssh_verdict returned. No I/O.

An investigation asks of one event (an attack or an alert) whether it could have reached sshd of a server. It is no
risk: it has no status, closes nothing, and no run is compared with another because of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MODULE = "ssh_verdict"
# The most serious first. What nobody could find out is worse than what was stopped.
VERDICTS = ("reachable", "unknown", "not_reachable")
STANDINGS = ("confirmed", "likely", "possible", "undecided", "unlikely", "ruled_out")
LENGTH = 2000  # of one text; the longest ones come out of logs

EVENT = ("source", "status", "address", "private_ip", "instance_id", "instance_name", "region")
MOMENTS = ("first_seen", "last_seen", "local_time", "timezone")
TARGET = ("kind", "id", "name", "address", "text")
MOMENT = ("time", "until", "kind", "text", "actor", "source", "outcome")
UNREAD = ("what", "action", "code", "message", "request_id")
ADMITS = {"reachable": True, "not_reachable": False, "unknown": None}


def returned(result: dict) -> list[dict] | None:
    """Take the investigations out of a result that is made of JSON's types; None if it has none to give."""
    found = result.get("investigations")
    return _dicts(found) if isinstance(found, list) else None


def investigations(events: Iterable[dict]) -> list[dict]:
    """Each investigation once, as the last task told it: the most serious first, then the earliest event."""
    found: dict[tuple, dict] = {}
    for event in events:
        for raw in event["investigations"] or []:
            one = _investigation(raw, event["account_id"])
            found[one["account_id"], one["id"]] = one
    return sorted(found.values(), key=_order)


def _order(one: dict) -> tuple:
    event = one["event"]
    seen = event["first_seen"] or event["last_seen"] or ""
    return (
        not is_let_in(one),
        VERDICTS.index(one["verdict"]),
        seen,
        one["account_id"] or "",
        event["source"] or "",
        one["id"],
    )


def is_let_in(one: dict) -> bool:
    """Tell whether sshd accepted a login from the source of the event: nothing is more urgent."""
    logins = (moment for moment in one["timeline"] if moment["kind"] == "login" and moment["outcome"] == "accepted")
    return any(moment["source"] and moment["source"] == one["event"]["source"] for moment in logins)


def alike(found: Iterable[dict]) -> list[list[dict]]:
    """Put investigations together that came to the same conclusion about the same target, in their order."""
    groups: dict[tuple, list[dict]] = {}
    for one in found:
        target = (one["target"]["kind"], one["target"]["id"], one["target"]["address"])
        explained = tuple((hypothesis["id"], hypothesis["standing"]) for hypothesis in one["hypotheses"])
        key = (one["account_id"], is_let_in(one), one["verdict"], target, tuple(one["servers"]), explained)
        groups.setdefault(key, []).append(one)
    return list(groups.values())


def _investigation(raw: dict, account: str | None) -> dict:
    """Give the investigation every key that the schema promises, whatever the module left out."""
    return {
        "id": _text(raw.get("id")) or "?",
        "account_id": _text(raw.get("account_id")) or account,
        "kind": _text(raw.get("kind")) or "attack",
        "event": _event(_dict(raw.get("event"))),
        "target": _texts(_dict(raw.get("target")), TARGET),
        "servers": _strings(raw.get("servers")),
        "verdict": _one_of(VERDICTS, raw.get("verdict"), "unknown"),
        "sentence": _text(raw.get("sentence")) or "",
        "hypotheses": [_hypothesis(one) for one in _dicts(raw.get("hypotheses"))],
        "paths": [_path(one) for one in _dicts(raw.get("paths"))],
        "timeline": [_moment(one) for one in _dicts(raw.get("timeline"))],
        "unread": _strings([_unread(one) for one in _list(raw.get("unread")) if one]),
    }


def _event(raw: dict) -> dict:
    return {
        **_texts(raw, EVENT),
        "source_lists": _strings(raw.get("source_lists")),
        "port": _number(raw.get("port")),
        "count": _number(raw.get("count")),
        **_texts(raw, MOMENTS),
    }


def _hypothesis(raw: dict) -> dict:
    name = _text(raw.get("name")) or _text(raw.get("id")) or "?"
    return {
        "id": _text(raw.get("id")) or name,
        "name": name,
        "title": _text(raw.get("title")) or name,
        "standing": _one_of(STANDINGS, raw.get("standing"), "undecided"),
        **{key: _strings(raw.get(key)) for key in ("for", "against", "decides")},
    }


def _path(raw: dict) -> dict:
    stopped, verdict = raw.get("stopped_by"), _one_of(VERDICTS, raw.get("verdict"), "unknown")
    admits = raw.get("admits", ADMITS[verdict])
    return {
        "kind": _text(raw.get("kind")) or "?",
        "address": _text(raw.get("address")),
        "port": _number(raw.get("port")),
        "server": _text(raw.get("server") or raw.get("server_id") or raw.get("instance_id")),
        "verdict": verdict,
        "sources": _strings(raw.get("sources")),
        "possible_sources": _strings(raw.get("possible_sources") or raw.get("sources")),
        "evidence": _strings(raw.get("evidence")),
        "gates": [_gate(gate) for gate in _dicts(raw.get("gates"))],
        "admits": admits if isinstance(admits, bool) else None,
        "stopped_by": _gate(stopped) if isinstance(stopped, dict) else None,
    }


def _gate(raw: dict) -> dict:
    allows = raw.get("allows")
    return {
        "kind": _text(raw.get("kind")) or "?",
        "name": _text(raw.get("name")),
        "allows": allows if isinstance(allows, bool) else None,
        **{name: _sources(raw.get(name)) for name in ("sources", "possible_sources")},
        "text": _text(raw.get("text")),
    }


def _moment(raw: dict) -> dict:
    return {**_texts(raw, MOMENT), "count": _number(raw.get("count"))}


def _sources(raw: object) -> list[str] | None:
    return _strings(raw) if isinstance(raw, list) else None


def _unread(raw: object) -> str:
    """Say of a thing that could not be read what the cloud, or a server, said of it."""
    return ": ".join(str(raw[name]) for name in UNREAD if raw.get(name)) if isinstance(raw, dict) else str(raw)


def _texts(raw: dict, names: Iterable[str]) -> dict:
    return {name: _text(raw.get(name)) for name in names}


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)[:LENGTH]


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _one_of(choices: tuple[str, ...], value: object, otherwise: str) -> str:
    return value if isinstance(value, str) and value in choices else otherwise


def _dict(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list:
    return value if isinstance(value, list) else [] if value in (None, "", {}) else [value]


def _dicts(value: object) -> list[dict]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _strings(value: object) -> list[str]:
    return [str(one)[:LENGTH] for one in _list(value) if one not in (None, "")]
