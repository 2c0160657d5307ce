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

from .report_drawing import Box, Drawing, Line, Mark, Part, Text, written
from .report_investigation_text import at, listed
from .report_investigations import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Gates that a packet meets last, whichever way it took.
LATE = ("security_groups", "instance")
# What says nothing as long as it lets everything through.
QUIET = frozenset(("protocol", "instance"))
OPEN, SHUT, UNKNOWN, END = "open", "shut", "unknown", "end"
THROUGH, UNSURE, STOPPED = "through", "unsure", "stopped"
# Lanes: widths of what stands in them, and heights.
SOURCE, GATE, SERVER, GAP, PAD, WIDE = 130, 160, 148, 24, 10, 960
LEFT = SOURCE + GAP
LANE, CAPTION, HEIGHT = 100, 24, 62
# One below the other: how wide, where the rail lies, and how high a stop, a heading and a gap are.
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

    @property
    def tone(self) -> str:
        """Its classes in the picture."""
        return f"is-{self.state}{' is-attacked' * self.attacked}"

    @property
    def is_shut(self) -> bool:
        """It lets the source not through."""
        return self.state == SHUT


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

    @property
    def tone(self) -> str:
        """Its class in the picture."""
        return f"of-{self.reach}"


def in_order(paths: list[dict]) -> list[dict]:
    """The paths of a server together, the most serious ones first."""
    rank = {server: min(_rank(path) for path in paths if path["server"] == server) for server in _servers(paths)}
    return sorted(paths, key=lambda path: (rank[path["server"]], path["server"] or "", _rank(path)))


def ways(one: dict, words: dict) -> list[Way]:
    """The paths of an investigation, in order, and the attacked address, if none of them begins there."""
    paths, attacked = in_order(one["paths"]), one["event"]["address"]
    begin = {path["address"] for path in paths}
    if not paths or (attacked and attacked not in begin):
        paths = [_nowhere(one), *paths]
    return [_way(path, one, words) for path in paths]


def _servers(paths: Iterable[dict]) -> set[str | None]:
    return {path["server"] for path in paths}


def _rank(path: dict) -> int:
    return VERDICTS.index(reach(path))


def reach(path: dict) -> str:
    """Say whether the event's source gets through, in the words of verdicts."""
    return {True: "reachable", False: "not_reachable", None: "unknown"}[path["admits"]]


def _nowhere(one: dict) -> dict:
    """The attacked address, and that no path leads on from it, unless that is all too uncertain."""
    target, allows = one["target"], False if one["verdict"] == "not_reachable" else None
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
    shown = [pair for pair in zip(gates, states, strict=True) if pair[0]["kind"] not in QUIET or pair[1] != OPEN]
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
        return SHUT
    if gate["allows"] is None or (path["admits"] is not True and not _names(gate["sources"], source)):
        return UNKNOWN
    return OPEN


def _names(sources: list[str] | None, source: str | None) -> bool:
    """Tell whether a source is among those that a gate lets through for sure, if it asks for it."""
    if sources is None or not source:
        return True
    return any(_is_within(source, block) for block in sources)


def _is_within(source: str, block: str) -> bool:
    """Tell whether an address is in a block; what is no address, as the name of a prefix list, holds none."""
    try:
        return ip_address(source) in ip_network(block, strict=False)
    except ValueError:
        return False


def begins(path: dict, words: dict) -> str:
    """Say where a path begins."""
    return f"{of_kind(path['kind'], words)} {at(path['address'], path['port'])}"


def of_kind(kind: str, words: dict) -> str:
    """What an address belongs to, in the words of a language."""
    return words.get(f"of_{kind}") or words["of_other"]


def outcome(path: dict, words: dict) -> str:
    """Say how a path ends for the event's source, and who else gets through."""
    if path["server"] is None:
        return words["no_way_on" if reach(path) == "not_reachable" else "way_on_unknown"]
    shut = path["stopped_by"] or next((gate for gate in path["gates"] if gate["allows"] is False), None)
    if reach(path) == "not_reachable" and shut:
        ends = words["path_stopped"].format(gate=gate_name(shut, words))
    else:
        ends = words[f"path_{reach(path)}"]
    return f"{ends} · {words['open_to'].format(sources=listed(path['sources'], words))}" if path["sources"] else ends


def gate_name(gate: dict, words: dict) -> str:
    """Say which gate it is."""
    kind = at_kind(gate["kind"], words)
    return f"{kind} {gate['name']}" if gate["name"] else kind


def at_kind(kind: str, words: dict) -> str:
    """What a gate is, in the words of a language."""
    return words.get(f"at_{kind}") or words["at_other"]


def _stop(gate: dict, state: str, path: dict, one: dict, words: dict) -> Stop:
    first = gate["kind"] == "address"
    attacked = first and bool(path["address"]) and path["address"] == one["event"]["address"]
    notes = {SHUT: words["stops_here"], UNKNOWN: words["unknown_here"], OPEN: ", ".join(gate["sources"] or [])}
    title = of_kind(path["kind"], words) if first else at_kind(gate["kind"], words)
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
    now = THROUGH
    for state in states:
        yield THROUGH if ends == "reachable" else now
        if now != STOPPED and state != OPEN:
            now = STOPPED if state == SHUT else UNSURE
    last = {"reachable": THROUGH, "unknown": UNSURE, "not_reachable": STOPPED}
    yield now if now == STOPPED and ends != "reachable" else last[ends]


# --- lanes, from left to right -----------------------------------------------------------------------------------


def lanes(one: dict, words: dict) -> Drawing:
    """A lane for each path; the internet and each server stand once, as high as their lanes."""
    found = ways(one, words)
    columns = max(len(way.stops) for way in found)
    end = LEFT + columns * (GATE + GAP)
    parts = [_lane(way, columns, row * LANE + CAPTION) for row, way in enumerate(found)]
    parts.append(_internet(one, words, len(found)))
    parts += [_server(found[first : first + count], first, end, one, words) for first, count in _spans(found)]
    wide = max(end + SERVER, *(text.right for part in parts for text in part.texts))
    return Drawing.of(wide, len(found) * LANE - (LANE - HEIGHT - CAPTION), parts)


def _spans(found: list[Way]) -> Iterator[tuple[int, int]]:
    """The first lane of each server, and the number of its lanes."""
    first = 0
    for row, way in enumerate(found):
        if row + 1 == len(found) or found[row + 1].server != way.server:
            yield first, row + 1 - first
            first = row + 1


def _lane(way: Way, columns: int, top: float) -> Part:
    """The gates of one path: those of the server itself to the right, all others to the left."""
    end, middle = LEFT + columns * (GATE + GAP), top + HEIGHT / 2
    early = len(way.stops) - sum(stop.late for stop in way.stops)
    places = [place if place < early else columns - len(way.stops) + place for place in range(len(way.stops))]
    edges = [LEFT + place * (GATE + GAP) for place in places]
    starts = [SOURCE, *(x + GATE for x in edges)]
    shut = [Mark(x - 3, middle, "barrier-right") for stop, x in zip(way.stops, edges, strict=True) if stop.is_shut]
    lines = list(zip(way.lines, starts, [*edges, end], strict=True))
    arrows = [Mark(x - 4, middle, "right", f"arrow {way.tone} {kind}") for kind, _x, x in lines if kind != STOPPED]
    stops = list(zip(way.stops, edges, strict=True))
    return Part(
        tuple(Box(x, top, GATE, HEIGHT, f"gate {stop.tone}", title=stop.told) for stop, x in stops),
        tuple(Line(x1, middle, x2, middle, f"{kind} {way.tone}") for kind, x1, x2 in lines),
        (*(_badge(x + GATE - 14, top + 14, stop) for stop, x in stops), *arrows, *shut),
        (
            written(LEFT, top - 8, f"{way.begins} — {way.ends}", max(end + SERVER, WIDE) - LEFT, "said", way.reach),
            *(text for stop, x in stops for text in _in_box(stop, x, top)),
        ),
    )


def _in_box(stop: Stop, x: float, top: float) -> Iterator[Text]:
    room = GATE - 2 * PAD
    yield written(x + PAD, top + 17, stop.title, GATE - PAD - 24)  # the badge is beside it
    yield written(x + PAD, top + 34, stop.name, room, "name")
    if stop.note:
        kind = "told" if stop.state == OPEN else "loud"
        yield written(x + PAD, top + 51, stop.note, room, kind, f"is-{stop.state}")


def _internet(one: dict, words: dict, rows: int) -> Part:
    said = (words["internet"], one["event"]["source"] or "", ", ".join(one["event"]["source_lists"]))
    box = Box(0, CAPTION, SOURCE, (rows - 1) * LANE + HEIGHT, "internet", title=": ".join(filter(None, said)))
    return Part((box,), texts=tuple(_three(said, 0, CAPTION, SOURCE)))


def _server(mine: list[Way], first: int, x: float, one: dict, words: dict) -> Part:
    """A server, or that there is none."""
    server, top = mine[0].server, first * LANE + CAPTION
    reached = min((way.reach for way in mine), key=VERDICTS.index)
    name = one["event"]["instance_name"] if one["event"]["instance_id"] == server else None
    said = (words["server"], server, name or "sshd") if server else (words["server"], "", mine[0].ends)
    box = Box(x, top, SERVER, (len(mine) - 1) * LANE + HEIGHT, "server", reached, server)
    return Part((box,), texts=tuple(_three(said, x, top, SERVER)))


def _three(said: tuple[str, ...], x: float, top: float, width: float) -> Iterator[Text]:
    """What it is, its name, and what else is known of it."""
    known = [(text, kind) for text, kind in zip(said, ("word", "name", "told"), strict=True) if text]
    for line, (text, kind) in enumerate(known, start=1):
        yield written(x + PAD, top + 17 * line, text, width - 2 * PAD, kind)


def _badge(x: float, y: float, stop: Stop) -> Mark:
    return Mark(x, y, {OPEN: "passes", SHUT: "stops", UNKNOWN: "unsure"}[stop.state], f"badge is-{stop.state}")


# --- one below the other, from top to bottom ---------------------------------------------------------------------


def stack(one: dict, words: dict) -> Drawing:
    """For a narrow screen: each path along a rail of its own."""
    parts, y = [], 0.0
    for way in ways(one, words):
        parts.append(_rail(way, one, words, y))
        y += TOP + (len(way.stops) + 2) * STEP + FOOT
    return Drawing.of(PHONE, y - FOOT, parts)


def _rail(way: Way, one: dict, words: dict, y: float) -> Part:
    """One path, under what it is and how it ends."""
    source = Stop(words["internet"], one["event"]["source"] or "", OPEN)
    server = Stop(words["server"], way.server or way.ends, END)
    stops = [source, *way.stops, server]
    rows = [(stop, y + TOP + place * STEP + STEP / 2) for place, stop in enumerate(stops)]
    lines = list(zip(way.lines, rows, rows[1:], strict=False))
    return Part(
        tuple(Box(1, at - STEP / 2 + 3, PHONE - 2, STEP - 6, f"row {stop.tone}", title=stop.told) for stop, at in rows),
        tuple(Line(RAIL, y1 + 9, RAIL, y2 - 9, f"{kind} {way.tone}") for kind, (_above, y1), (_below, y2) in lines),
        (
            *(
                Mark(RAIL, y2 - 13, "down", f"arrow {way.tone} {kind}")
                for kind, _above, (_below, y2) in lines
                if kind != STOPPED
            ),
            *(Mark(RAIL, at - 13, "barrier-down") for stop, at in rows if stop.is_shut),
            *(_badge(RAIL, at, stop) for stop, at in rows[1:-1]),
            *(Mark(RAIL, at, "other", "end") for _stop, at in (rows[0], rows[-1])),
        ),
        (
            written(0, y + 12, way.begins, PHONE, "said", way.reach),
            written(0, y + 29, way.ends, PHONE, "told", way.reach),
            *(text for stop, at in rows for text in _in_row(stop, at)),
        ),
    )


def _in_row(stop: Stop, middle: float) -> Iterator[Text]:
    x, room = RAIL * 2 + 2, PHONE - 2 * RAIL - PAD - 2
    if stop.state in (SHUT, UNKNOWN):
        aside = written(PHONE - PAD, middle - 4, stop.note, room / 2, "loud", f"is-{stop.state}", "end")
        yield aside
        yield written(x, middle - 4, stop.title, aside.left - x - 6)
    else:
        yield written(x, middle - 4, stop.title, room)
    yield written(x, middle + 12, stop.name or "–", room, "name")
