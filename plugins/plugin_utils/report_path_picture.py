# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ways from the internet to SSH as a picture: internet, address, listener, group, server. No I/O.

It is the picture of one event: what counts is where the connections of its source get to.

Two layouts of the same: lanes from left to right, and for a narrow screen one way below the other, from top to bottom.
A line is solid as far as a connection gets, dashed from where that is not known, dotted after the gate that stops it.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from .report_drawing import Box, Drawing, Line, Mark, Text, written
from .report_investigation_text import at, listed
from .report_investigations import ADMITS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Gates that a packet meets last, whichever way it took.
LATE = ("security_groups", "instance")
# What says nothing as long as it lets everything through.
QUIET = frozenset(("protocol", "instance"))
SOURCE_WIDTH, GATE, SERVER, GAP = 128, 156, 150, 30
LANE, CAPTION, HEIGHT, PAD = 100, 24, 62, 10
PHONE, RAIL, STEP, TOP, FOOT = 330, 16, 46, 38, 24


@dataclass(frozen=True)
class Stop:
    """One place on a way: state is open, shut or unknown; end: the server, behind all gates."""

    title: str
    name: str
    state: str
    note: str = ""
    told: str = ""
    attacked: bool = False
    late: bool = False


@dataclass(frozen=True)
class Way:
    """One path: its stops, and what each line is that leads to a stop, the last one to the server.

    reach: whether the event's source gets to the server, in the words of verdicts.
    """

    stops: tuple[Stop, ...]
    lines: tuple[str, ...]
    reach: str
    server: str
    begins: str
    ends: str


def ways(one: dict, words: dict) -> list[Way]:
    """The paths of an investigation, those of a server together, the most serious ones first."""
    paths = one["paths"] or [_nowhere(one)]
    rank = {server: min(_rank(path) for path in paths if path["server"] == server) for server in _servers(paths)}
    paths = sorted(paths, key=lambda path: (rank[path["server"]], path["server"] or "", _rank(path)))
    return [_way(path, one, words) for path in paths]


def _servers(paths: Iterable[dict]) -> set[str | None]:
    return {path["server"] for path in paths}


def _rank(path: dict) -> int:
    return VERDICTS.index(reach(path))


def reach(path: dict) -> str:
    """Say whether the event's source gets through, in the words of verdicts."""
    return {True: "reachable", False: "not_reachable", None: "unknown"}[path["admits"]]


def _nowhere(one: dict) -> dict:
    """Where no path is known: the attacked address, and that nothing leads on from it."""
    target, allows = one["target"], ADMITS[one["verdict"]]
    gate = {"kind": "address", "name": target["name"] or target["id"], "allows": allows, "sources": None}
    return {
        "kind": target["kind"] or "unknown",
        "address": target["address"] or one["event"]["address"],
        "port": one["event"]["port"],
        "server": None,
        "verdict": one["verdict"],
        "sources": [],
        "admits": allows,
        "gates": [{**gate, "text": target["text"]}],
        "stopped_by": None,
    }


def _way(path: dict, one: dict, words: dict) -> Way:
    gates = path["gates"]
    if not gates or gates[0]["kind"] != "address":
        gates = [{"kind": "address", "name": None, "allows": True, "sources": None, "text": None}, *gates]
    states = [state_of(gate, path, one["event"]["source"]) for gate in gates]
    shown = [pair for pair in zip(gates, states, strict=True) if pair[0]["kind"] not in QUIET or pair[1] != "open"]
    return Way(
        stops=tuple(_stop(gate, state, path, one, words) for gate, state in shown),
        lines=tuple(_lines([state for _gate, state in shown], reach(path))),
        reach=reach(path),
        server=path["server"] or "",
        begins=begins(path, words),
        ends=outcome(path, words),
    )


def state_of(gate: dict, path: dict, source: str | None) -> str:
    """Whether a gate is open or shut to the source, or unknown."""
    if gate["allows"] is False or gate == path["stopped_by"]:
        return "shut"
    if gate["allows"] is None or (path["admits"] is not True and not _names(gate["sources"], source)):
        return "unknown"
    return "open"


def _names(sources: list[str] | None, source: str | None) -> bool:
    """Tell whether a source is among those that a gate lets through for sure, if it asks for it."""
    if sources is None or not source:
        return True
    try:
        return any(ip_address(source) in ip_network(block, strict=False) for block in sources)
    except ValueError:
        return False


def begins(path: dict, words: dict) -> str:
    """Say where a path begins."""
    return f"{of_kind(path['kind'], words)} {at(path['address'], path['port'])}"


def of_kind(kind: str, words: dict) -> str:
    """What an address belongs to, or a gate is, in the words of a language."""
    return words.get(f"of_{kind}", kind)


def outcome(path: dict, words: dict) -> str:
    """Say how a path ends for the event's source, and who else gets through."""
    shut = path["stopped_by"] or next((gate for gate in path["gates"] if gate["allows"] is False), None)
    if reach(path) == "not_reachable" and shut:
        ends = words["path_stopped"].format(gate=gate_name(shut, words))
    else:
        ends = words[f"path_{reach(path)}"]
    return f"{ends} · {words['open_to'].format(sources=listed(path['sources'], words))}" if path["sources"] else ends


def gate_name(gate: dict, words: dict) -> str:
    """Say which gate it is."""
    kind = words.get(f"at_{gate['kind']}", gate["kind"])
    return f"{kind} {gate['name']}" if gate["name"] else kind


def _stop(gate: dict, state: str, path: dict, one: dict, words: dict) -> Stop:
    first = gate["kind"] == "address"
    attacked = first and bool(path["address"]) and path["address"] == one["event"]["address"]
    notes = {"shut": words["stops_here"], "unknown": words["unknown_here"], "open": ", ".join(gate["sources"] or [])}
    title = of_kind(path["kind"], words) if first else words.get(f"at_{gate['kind']}", gate["kind"])
    return Stop(
        title=f"{title} · {words['attacked_here']}" if attacked else title,
        name=at(path["address"], path["port"]) if first else gate["name"] or "",
        state=state,
        note=notes[state],
        told=": ".join(part for part in (title, gate["name"], gate["text"]) if part),
        attacked=attacked,
        late=gate["kind"] in LATE,
    )


def _lines(states: list[str], ends: str) -> Iterator[str]:
    """Tell for each line, one to each gate and one to the server, what gets along it."""
    now = "through"
    for state in states:
        yield "through" if ends == "reachable" else now
        if state == "shut" or now == "stopped":
            now = "stopped"
        elif state == "unknown":
            now = "unsure"
    last = {"reachable": "through", "unknown": "unsure", "not_reachable": "stopped"}
    yield last[ends] if now != "stopped" or ends == "reachable" else now


# --- lanes, from left to right -----------------------------------------------------------------------------------


def lanes(one: dict, words: dict) -> Drawing:
    """A lane for each path; the internet and each server stand once, as high as their lanes."""
    found = ways(one, words)
    places = _columns(found)
    last = 1 + max(place for lane in places for place in lane)
    left = SOURCE_WIDTH + GAP
    end = left + last * (GATE + GAP)
    boxes, lines, marks, texts = [], [], [], []
    for row, (way, columns) in enumerate(zip(found, places, strict=True)):
        top = row * LANE + CAPTION
        texts.append(written(left, top - 8, f"{way.begins} — {way.ends}", end + SERVER - left, "said", way.reach))
        edges = [left + column * (GATE + GAP) for column in columns]
        for stop, x in zip(way.stops, edges, strict=True):
            boxes.append(
                Box(x, top, GATE, HEIGHT, f"gate is-{stop.state}{' is-attacked' * stop.attacked}", title=stop.told)
            )
            marks.append(_badge(x + GATE - 14, top + 14, stop))
            texts += _in_box(stop, x, top, GATE)
        starts = [SOURCE_WIDTH, *(x + GATE for x in edges)]
        for kind, x1, x2 in zip(way.lines, starts, [*edges, end], strict=True):
            lines.append(Line(x1, top + HEIGHT / 2, x2, top + HEIGHT / 2, f"{kind} of-{way.reach}"))
            marks += _arrow(kind, x2, top + HEIGHT / 2, "right", way.reach)
        marks += [Mark(x - 3, top + HEIGHT / 2, "barrier-right") for stop, x in zip(way.stops, edges, strict=True) if stop.state == "shut"]  # fmt: skip  # noqa: E501
    boxes.append(Box(0, CAPTION, SOURCE_WIDTH, (len(found) - 1) * LANE + HEIGHT, "internet"))
    texts += _internet(one, words, PAD, CAPTION, SOURCE_WIDTH)
    for server, first, count in _spans(found):
        tone = min((way.reach for way in found[first : first + count]), key=VERDICTS.index)
        top = first * LANE + CAPTION
        boxes.append(Box(end, top, SERVER, (count - 1) * LANE + HEIGHT, "server", tone, server))
        texts += _server(server, one, words, end, top, SERVER)
    return Drawing(
        end + SERVER, len(found) * LANE - (LANE - HEIGHT - CAPTION) + 2, *map(tuple, (boxes, lines, marks, texts))
    )


def _columns(found: list[Way]) -> list[list[int]]:
    """The column of each stop: what stands before the server itself to the right, everything else to the left."""
    most = max(len(way.stops) for way in found)
    result = []
    for way in found:
        last = sum(stop.late for stop in way.stops)
        early = len(way.stops) - last
        result.append([place if place < early else most - last + place - early for place in range(len(way.stops))])
    return result


def _spans(found: list[Way]) -> Iterator[tuple[str, int, int]]:
    """Each server with its first lane and the number of its lanes."""
    first = 0
    for row, way in enumerate(found):
        if row + 1 == len(found) or found[row + 1].server != way.server:
            yield way.server, first, row + 1 - first
            first = row + 1


def _in_box(stop: Stop, x: float, top: float, width: float) -> Iterator[Text]:
    room = width - 2 * PAD
    yield written(x + PAD, top + 17, stop.title, room - 16)
    yield written(x + PAD, top + 34, stop.name, room, "name")
    if stop.note:
        yield written(
            x + PAD, top + 51, stop.note, room, "word" if stop.state == "open" else "loud", f"is-{stop.state}"
        )


def _internet(one: dict, words: dict, x: float, top: float, width: float) -> Iterator[Text]:
    room = width - 2 * PAD
    yield written(x, top + 17, words["internet"], room)
    yield written(x, top + 34, one["event"]["source"] or "", room, "name")
    yield written(x, top + 51, ", ".join(one["event"]["source_lists"]), room)


def _server(server: str, one: dict, words: dict, x: float, top: float, width: float) -> Iterator[Text]:
    room = width - 2 * PAD
    yield written(x + PAD, top + 17, words["server"], room)
    if not server:
        yield written(x + PAD, top + 34, words["way_on_unknown" if one["verdict"] == "unknown" else "no_way_on"], room)
        return
    yield written(x + PAD, top + 34, server, room, "name")
    name = one["event"]["instance_name"] if one["event"]["instance_id"] == server else None
    yield written(x + PAD, top + 51, name or "sshd", room)


def _badge(x: float, y: float, stop: Stop) -> Mark:
    return Mark(x, y, {"open": "passes", "shut": "stops", "unknown": "unsure"}[stop.state], f"badge is-{stop.state}")


def _arrow(kind: str, x: float, y: float, direction: str, verdict: str) -> list[Mark]:
    if kind == "stopped":
        return []
    return [
        Mark(
            x - 4 if direction == "right" else x,
            y if direction == "right" else y - 4,
            direction,
            f"arrow of-{verdict} {kind}",
        )
    ]


# --- one below the other, from top to bottom ---------------------------------------------------------------------


def stack(one: dict, words: dict) -> Drawing:
    """For a narrow screen: each path along a rail of its own."""
    boxes, lines, marks, texts = [], [], [], []
    y = 0.0
    for way in ways(one, words):
        texts.append(written(0, y + 12, way.begins, PHONE, "said", way.reach))
        texts.append(written(0, y + 29, way.ends, PHONE, "word", way.reach))
        y += TOP
        source = Stop(words["internet"], one["event"]["source"] or "", "open")
        server = Stop(words["server"], way.server or words["no_way_on"], "end")
        stops = [source, *way.stops, server]
        for place, stop in enumerate(stops):
            middle = y + place * STEP + STEP / 2
            boxes.append(Box(1, middle - STEP / 2 + 3, PHONE - 2, STEP - 6, f"row is-{stop.state}{' is-attacked' * stop.attacked}", title=stop.told))  # fmt: skip  # noqa: E501
            texts += _in_row(stop, middle)
            if place:
                kind = way.lines[place - 1]
                lines.append(Line(RAIL, middle - STEP + 9, RAIL, middle - 9, f"{kind} of-{way.reach}"))
                marks += _arrow(kind, RAIL, middle - 9, "down", way.reach)
                marks += [Mark(RAIL, middle - 13, "barrier-down")] if stop.state == "shut" else []
            marks.append(
                _badge(RAIL, middle, stop) if 0 < place <= len(way.stops) else Mark(RAIL, middle, "other", "end")
            )
        y += len(stops) * STEP + FOOT
    return Drawing(PHONE, y - FOOT + 2, *map(tuple, (boxes, lines, marks, texts)))


def _in_row(stop: Stop, middle: float) -> Iterator[Text]:
    x, room = RAIL * 2 + 2, PHONE - 2 * RAIL - PAD - 2
    note = stop.note if stop.state in ("shut", "unknown") else ""
    aside = written(PHONE - PAD, middle - 4, note, room / 2, "loud", f"is-{stop.state}", "end")
    yield written(x, middle - 4, stop.title, (aside.left - x - 6) if note else room)
    yield written(x, middle + 12, stop.name or "–", room, "name")
    if note:
        yield aside
