# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happened around an event, as a drawing with one axis: a row for each kind of moment, bars for what lasted.

Hours in which nothing happened are left out: the axis is broken there, and each stretch of it has a scale of its own,
so that six minutes do not vanish in a week. No I/O.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from .report_drawing import Box, Drawing, Line, Mark, Part, Text, width, written
from .report_investigation_text import count_of
from .report_zone import in_zone, moment, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

ROWS = ("opening", "address", "change", "attack", "alert", "accepted", "login", "probe", "other")
BARS = frozenset(("opening", "address"))
WIDE, PHONE = 960, 330
NAMES = 132  # room for the names of the rows, on a wide drawing
ROW, SUBROW, BAR, HEAD, AXIS = 34, 24, 18, 30, 34
MARK = 15  # marks that are nearer to each other become one
SIGN = 12  # from the middle of a mark to what stands beside it
BREAK = 30  # what a gap in the axis takes
TOLD = 6  # moments that one mark tells of, when asked
MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = (
    *(1, 5, 15, 30),
    *(n * MINUTE for n in (1, 2, 5, 15, 30)),
    *(n * HOUR for n in (1, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 30)),
)
STRETCHES = 5


@dataclass(frozen=True)
class Stretch:
    """A part of the axis without a gap: seconds since 1970 from start to end lie between left and right."""

    start: float
    end: float
    left: float
    right: float


@dataclass(frozen=True)
class Moment:
    """One entry of the timeline: from and until when, None where it has no such end. sure: it is known to be so."""

    kind: str
    begin: float | None
    end: float | None
    text: str
    label: str
    count: int
    sure: bool = True


def moments(timeline: Iterable[dict]) -> list[Moment]:
    """The entries that can be drawn: bars that are open at an end, and points whose time is known."""
    return [read for item in timeline if (read := _read(item)) is not None]


def row_of(item: dict) -> str:
    """The row that an entry stands in."""
    if item["kind"] == "login" and item["outcome"] == "accepted":
        return "accepted"
    return item["kind"] if item["kind"] in ROWS else "other"


def _read(item: dict) -> Moment | None:
    begin, end = moment(item["time"]), moment(item["until"])
    kind = row_of(item)
    if begin is None and kind not in BARS:
        return None
    label = item["actor"] or item["source"] or ""
    when = shown(begin) if begin else "…"
    return Moment(
        kind,
        begin.timestamp() if begin else None,
        end.timestamp() if end else None,
        f"{when} UTC · {item['text'] or label}{count_of(item)}",
        (item["text"] or "") if kind in BARS else label,
        max(1, item["count"] or 1),
        item["outcome"] != "possible",
    )


# --- the axis ----------------------------------------------------------------------------------------------------


def axis(instants: Iterable[float], left: float, right: float, focus: float | None = None) -> list[Stretch]:
    """Divide the instants where nothing happens for long, and give each stretch its room; empty without any.

    The stretch of the focus gets twice the room that its length would give it.
    """
    known = sorted(set(instants))
    if not known:
        return []
    most = _quiet(known) / 3
    pads = [(first, last, min(most, max(45.0, (last - first) * 0.06))) for first, last in _clusters(known)]
    padded = [(first - pad, last + pad) for first, last, pad in pads]
    weights = [
        (1 + math.log1p((end - start) / MINUTE)) * (2 if focus is not None and start <= focus <= end else 1)
        for start, end in padded
    ]
    room = (right - left - BREAK * (len(padded) - 1)) / sum(weights)
    stretches, x = [], left
    for (start, end), weight in zip(padded, weights, strict=True):
        stretches.append(Stretch(start, end, round(x, 2), round(x + weight * room, 2)))
        x += weight * room + BREAK
    return stretches


def _quiet(instants: list[float]) -> float:
    """How long nothing has to happen until the axis is broken."""
    return min(6 * HOUR, max(30 * MINUTE, (instants[-1] - instants[0]) / 50))


def _clusters(instants: list[float]) -> list[tuple[float, float]]:
    """Stretches of time in which something happens, as many as can be drawn; the smallest gaps are closed first."""
    quiet = _quiet(instants)
    gaps = sorted(((after - before, after) for before, after in pairwise(instants)), reverse=True)
    cuts = sorted(after for gap, after in gaps[: STRETCHES - 1] if gap > quiet)
    clusters = []
    for first, limit in zip([instants[0], *cuts], [*cuts, math.inf], strict=True):
        clusters.append((first, max(one for one in instants if first <= one < limit)))
    return clusters


def place(stretches: list[Stretch], instant: float) -> float:
    """Where an instant lies on the axis; what is before or after it lies at its ends."""
    before = None
    for stretch in stretches:
        if instant < stretch.start:
            if before is None:
                return stretch.left
            part = (instant - before.end) / (stretch.start - before.end)
            return before.right + max(0.0, min(1.0, part)) * (stretch.left - before.right)
        if instant <= stretch.end:
            part = (instant - stretch.start) / (stretch.end - stretch.start)
            return stretch.left + part * (stretch.right - stretch.left)
        before = stretch
    return stretches[-1].right


def ticks(stretch: Stretch, room: float) -> list[float]:
    """Round instants within a stretch, at least so far apart as their labels need; its middle if there is none."""
    most = max(1, int((stretch.right - stretch.left) / room))
    span = stretch.end - stretch.start
    step = next((step for step in STEPS if span / step <= most), STEPS[-1] * math.ceil(span / STEPS[-1] / most))
    first = math.ceil(stretch.start / step) * step
    found = (
        [float(first + n * step) for n in range(int((stretch.end - first) / step) + 1)] if first <= stretch.end else []
    )
    return found or [float(round((stretch.start + stretch.end) / 2))]


# --- the drawing -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """What everything is drawn on: how wide it is, its axis, and the operator's zone, None if that is UTC."""

    wide: float
    stretches: list[Stretch]
    where: ZoneInfo | None

    @property
    def is_narrow(self) -> bool:
        """The names of the rows stand above them, since there is no room beside them."""
        return self.wide <= PHONE

    def x(self, instant: float) -> float:
        """Where an instant lies."""
        return round(place(self.stretches, instant), 1)


def timeline(
    items: Iterable[dict], at: datetime | None, where: ZoneInfo | None, words: dict, wide: float
) -> Drawing | None:
    """Draw the entries of a timeline that wide, with a line at the event; None if none of them has a time."""
    found = moments(items)
    focus = [at.timestamp()] if at else []
    instants = [instant for one in found for instant in (one.begin, one.end) if instant is not None]
    stretches = axis([*instants, *focus], NAMES if wide > PHONE else 4, wide - 10, *focus)
    if not stretches or not found:
        return None
    sheet = Sheet(wide, stretches, where)
    parts, y = [], float(HEAD)
    for name in (name for name in ROWS if any(one.kind == name for one in found)):
        part, height = _row(name, [one for one in found if one.kind == name], sheet, words, y)
        parts.append(part)
        y += height
    parts.append(_axis(sheet, y))
    if at:
        parts.append(_event(at, sheet, words, y))
    return Drawing.of(wide, y + (AXIS * 2 if where else AXIS) + 2, parts)


def _row(name: str, mine: list[Moment], sheet: Sheet, words: dict, y: float) -> tuple[Part, float]:
    """One row, with its name, and how high it is."""
    head = ROW / 2 if sheet.is_narrow else 0
    part, height = (_bars if name in BARS else _points)(mine, sheet, y + head)
    middle = y + (11 if sheet.is_narrow else ROW / 2)
    stripe = Box(0, y + 1, sheet.wide, head + height - 2, "stripe")
    label = written(26, middle + 4, words[f"row_{name}"], NAMES - 30)
    sign = Mark(11, middle, name, f"of-{name}")
    return Part((stripe, *part.boxes), (), (sign, *part.marks), (label, *part.texts)), head + height


def _bars(found: list[Moment], sheet: Sheet, y: float) -> tuple[Part, float]:
    """Bars, in as many lines as it takes that none covers another or its label."""
    ends: list[float] = []
    boxes, texts = [], []
    for one in sorted(found, key=lambda one: one.begin or 0):
        left = sheet.stretches[0].left - 4 if one.begin is None else min(sheet.x(one.begin), sheet.wide - 6)
        right = max(sheet.stretches[-1].right + 4 if one.end is None else sheet.x(one.end), left + 5)
        line = next((line for line, end in enumerate(ends) if end + 8 <= left), len(ends))
        top = y + 8 + line * SUBROW
        kind = f"bar of-{one.kind}{'' if one.sure else ' unsure'}"
        boxes.append(Box(round(left, 1), top, round(right - left, 1), BAR, kind, title=one.text))
        label = _bar_label(one.label, left, right, top, sheet.wide)
        texts += label
        ends[line:] = [max(right, *(text.right for text in label), right), *ends[line + 1 :]]
    return Part(tuple(boxes), texts=tuple(texts)), max(ROW, 10 + len(ends) * SUBROW)


def _bar_label(label: str, left: float, right: float, top: float, wide: float) -> list[Text]:
    """What a bar says: in it, if it fits, else beside it or as much as there is room for in the larger of the two."""
    inside, beside = right - left - 12, wide - right - 12
    if not label or max(inside, beside) < 48:
        return []
    if inside >= min(width(label, "told"), beside):
        return [written(max(left, 0) + 7, top + BAR - 5, label, inside, "told", "inside")]
    return [written(right + 7, top + BAR - 5, label, beside, "told")]


def _points(found: list[Moment], sheet: Sheet, y: float) -> tuple[Part, float]:
    """Signs, those that would touch each other put together, with a label where there is room for it."""
    groups: list[list[Moment]] = []
    for one in sorted(found, key=lambda one: one.begin or 0):
        if groups and sheet.x(one.begin or 0) - sheet.x(groups[-1][0].begin or 0) < MARK:
            groups[-1].append(one)
        else:
            groups.append([one])
    places = [sheet.x(group[0].begin or 0) for group in groups]
    middle = y + ROW / 2
    lasting = [(sheet.x(one.begin or 0), sheet.x(one.end), one.kind) for one in found if one.end is not None]
    labels = _labels(groups, places, middle, sheet)
    return Part(
        tuple(Box(x, middle - 2, round(end - x, 1), 4, f"lasts of-{kind}") for x, end, kind in lasting if end > x),
        (),
        tuple(
            Mark(x, middle, group[0].kind, f"of-{group[0].kind}", _told(group))
            for group, x in zip(groups, places, strict=True)
        ),
        tuple(labels),
    ), ROW


def _told(group: list[Moment]) -> str:
    return " / ".join([one.text for one in group[:TOLD]] + ["…"] * (len(group) > TOLD))


def _labels(groups: list[list[Moment]], places: list[float], middle: float, sheet: Sheet) -> Iterator[Text]:
    """How many a sign stands for, and whose they are: to its right, or to its left if there is more room."""
    free = sheet.stretches[0].left
    for group, x, after in zip(groups, places, [*places[1:], sheet.wide + SIGN - 4], strict=True):
        said, right, left = _said(group), after - x - 2 * SIGN, x - SIGN - free
        free = x + SIGN
        if not said or max(left, right) < 36:
            continue
        if right >= min(width(said, "told"), left):
            label = written(x + SIGN, middle + 4, said, right, "told")
            free = label.right + 4
        else:
            label = written(x - SIGN, middle + 4, said, left, "told", anchor="end")
        yield label


def _said(group: list[Moment]) -> str:
    count = sum(one.count for one in group)
    names = ", ".join(dict.fromkeys(one.label for one in group if one.label))
    return f"×{count} {names}".strip() if count > 1 else names


def _event(at: datetime, sheet: Sheet, words: dict, y: float) -> Part:
    """A line through all rows at the event, and when that was in both zones."""
    said = f"{words['event']} {at:%H:%M:%S} UTC"
    if sheet.where:
        said += f" · {in_zone(at, sheet.where):%H:%M:%S} {sheet.where.key}"
    x = sheet.x(at.timestamp())
    return Part(
        lines=(Line(x, HEAD - 10, x, y, "incident"),), texts=(_inside(x, 13, said, sheet.wide, "loud", "incident"),)
    )


def _inside(x: float, y: float, text: str, wide: float, kind: str = "tick", tone: str = "") -> Text:
    """A text around x, but moved aside where it would not lie within the drawing."""
    label = written(0, y, text, wide, kind, tone, "middle")
    half = width(label.text, kind) / 2
    return replace(label, x=round(min(max(x, half), wide - half), 1))


def _axis(sheet: Sheet, y: float) -> Part:
    """The axis below the rows: where it is broken, and its instants in UTC and by the operator's clocks."""
    lines = []
    for stretch in sheet.stretches:
        lines.append(Line(stretch.left, y, stretch.right, y, "axis"))
        lines += [Line(x, HEAD, x, y + 5, "tick") for x in map(sheet.x, ticks(stretch, _room(stretch)))]
    breaks = tuple(Mark(stretch.left - BREAK / 2, y, "break") for stretch in sheet.stretches[1:])
    clocks = (None, sheet.where) if sheet.where else (None,)
    texts = [text for row, clock in enumerate(clocks) for text in _clock(clock, sheet, y + 18 + row * AXIS)]
    return Part((), tuple(lines), breaks, tuple(texts))


def _room(stretch: Stretch) -> float:
    """How far apart ticks have to be for their labels."""
    return 72 if stretch.end - stretch.start < 3 * DAY else 84


def _clock(clock: ZoneInfo | None, sheet: Sheet, y: float) -> Iterator[Text]:
    """Times, and days below them where they change; what has no room is left out."""
    if not sheet.is_narrow:
        yield written(NAMES - 44, y + 6, clock.key if clock else "UTC", NAMES - 50, "tick", "zone", "end")
    free, day = -1.0, ""  # the first label may touch the edge
    for stretch in sheet.stretches:
        times = "%H:%M:%S" if stretch.end - stretch.start < 10 * MINUTE else "%H:%M"
        for instant in ticks(stretch, _room(stretch)):
            when = in_zone(datetime.fromtimestamp(instant, UTC), clock)
            time = _inside(sheet.x(instant), y, when.strftime(times), sheet.wide)
            date = _inside(sheet.x(instant), y + 12, when.strftime("%Y-%m-%d"), sheet.wide)
            if min(time.left, date.left if date.text != day else time.left) < free:
                continue
            yield time
            free = time.right + 6
            if date.text != day:
                yield date
                free, day = date.right + 6, date.text
