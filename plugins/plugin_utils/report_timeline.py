# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happened around an event, as a drawing with one axis: a row for each kind of moment, bars for what lasted.

Hours in which nothing happened are left out: the axis is broken there, and each stretch of it has a scale of its own,
so that six minutes do not vanish in a week. No I/O.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from .report_drawing import Box, Drawing, Line, Mark, Text, width, written
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
BREAK = 30  # what a gap in the axis takes
TOLD = 6  # moments that one mark tells of, when asked
MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = (1, 5, 15, 30, *(n * MINUTE for n in (1, 2, 5, 15, 30)), *(n * HOUR for n in (1, 3, 6, 12)), *(n * DAY for n in (1, 2, 7, 14, 30)))  # fmt: skip  # noqa: E501
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
    """One entry of the timeline: from and until when, None where it has no such end."""

    kind: str
    begin: float | None
    end: float | None
    text: str
    label: str
    count: int


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


def timeline(
    items: Iterable[dict], at: datetime | None, where: ZoneInfo | None, words: dict, wide: float
) -> Drawing | None:
    """Draw the entries of a timeline that wide, with a line at the event; None if none of them has a time."""
    found = moments(items)
    focus = at.timestamp() if at else None
    instants = [instant for one in found for instant in (one.begin, one.end) if instant is not None]
    known = instants if focus is None else [*instants, focus]
    stretches = axis(known, NAMES if wide > PHONE else 4, wide - 10, focus)
    if not stretches or not found:
        return None
    boxes, lines, marks, texts = [], [], [], []
    y = float(HEAD)
    for name in ROWS:
        mine = [one for one in found if one.kind == name]
        if not mine:
            continue
        top = y
        y += 0 if wide > PHONE else 18
        part = _bars(mine, stretches, y, wide) if name in BARS else _points(mine, stretches, y, wide)
        texts += part.texts
        marks += [
            Mark(11, top + (ROW / 2 if wide > PHONE else 11), name if name != "attack" else "attack", f"of-{name}")
        ]
        texts.append(written(26, top + (ROW / 2 + 4 if wide > PHONE else 15), words[f"row_{name}"], NAMES - 30))
        marks += part.marks
        y += part.height
        boxes += [Box(0, top + 1, wide, y - top - 2, "stripe"), *part.boxes]
    lines += _frame(stretches, y)
    if at:
        x = place(stretches, at.timestamp())
        lines.append(Line(x, HEAD - 10, x, y, "event"))
        texts.append(_head(x, at, where, words, wide))
    marks += [Mark(stretch.left - BREAK / 2, y, "break") for stretch in stretches[1:]]
    texts += _labels(stretches, y, where, wide)
    return Drawing(wide, y + (AXIS * 2 if where else AXIS) + 2, *map(tuple, (boxes, lines, marks, texts)))


def _head(x: float, at: datetime, where: ZoneInfo | None, words: dict, wide: float) -> Text:
    """When the event was, in both zones, kept within the drawing."""
    said = f"{words['event']} {at:%H:%M:%S} UTC"
    if where:
        said += f" · {in_zone(at, where):%H:%M:%S} {where.key}"
    label = written(0, 13, said, wide, "loud", "event")
    half = width(label.text, "loud") / 2
    return Text(round(min(max(x, half), wide - half), 1), 13, label.text, "loud", "event", "middle", label.full)


def _frame(stretches: list[Stretch], y: float) -> Iterator[Line]:
    for stretch in stretches:
        yield Line(stretch.left, y, stretch.right, y, "axis")
        for instant in ticks(stretch, _room(stretch)):
            x = round(place([stretch], instant), 1)
            yield Line(x, HEAD, x, y + 5, "tick")


def _room(stretch: Stretch) -> float:
    return 72 if stretch.end - stretch.start < 3 * DAY else 84


def _labels(stretches: list[Stretch], y: float, where: ZoneInfo | None, wide: float) -> Iterator[Text]:
    """The axis in UTC, and below it by the operator's clocks; what has no room is left out."""
    for row, clock in enumerate((None, where) if where else (None,)):
        line = y + 18 + row * AXIS
        free, day = 0.0, ""
        if wide > PHONE:
            name = written(NAMES - 44, line + 6, clock.key if clock else "UTC", NAMES - 50, "tick", "zone", "end")
            yield name
        for stretch in stretches:
            for instant in ticks(stretch, _room(stretch)):
                x = place([stretch], instant)
                time, date = _clock(instant, clock, stretch)
                label = _inside(x, line, time, wide)
                if label.left < free:
                    continue
                yield label
                free = label.right + 6
                if date != day:
                    under = _inside(x, line + 12, date, wide)
                    yield under
                    free, day = max(free, under.right + 6), date


def _clock(instant: float, clock: ZoneInfo | None, stretch: Stretch) -> tuple[str, str]:
    when = in_zone(datetime.fromtimestamp(instant, UTC), clock)
    return when.strftime("%H:%M:%S" if stretch.end - stretch.start < 10 * MINUTE else "%H:%M"), when.strftime(
        "%Y-%m-%d"
    )


def _inside(x: float, y: float, text: str, wide: float) -> Text:
    half = width(text, "tick") / 2
    return Text(round(min(max(x, half), wide - half), 1), y, text, "tick", "", "middle")


@dataclass(frozen=True)
class Part:
    """What a row draws, and how high it is."""

    height: float
    boxes: tuple[Box, ...] = ()
    marks: tuple[Mark, ...] = ()
    texts: tuple[Text, ...] = ()


def _bars(found: list[Moment], stretches: list[Stretch], y: float, wide: float) -> Part:
    """Bars, in as many lines as it takes that none covers another or its label."""
    ends: list[float] = []
    boxes, texts = [], []
    for one in sorted(found, key=lambda one: one.begin or 0):
        left = stretches[0].left - 4 if one.begin is None else place(stretches, one.begin)
        right = stretches[-1].right + 4 if one.end is None else place(stretches, one.end)
        left, right = min(left, wide - 6), max(right, left + 5)
        line = next((line for line, end in enumerate(ends) if end + 8 <= left), len(ends))
        ends[line:] = [right, *ends[line + 1 :]]
        top = y + 8 + line * SUBROW
        sides = f"{' from-before' * (one.begin is None)}{' goes-on' * (one.end is None)}"
        boxes.append(Box(round(left, 1), top, round(right - left, 1), BAR, f"bar of-{one.kind}{sides}", title=one.text))
        texts += _bar_label(one.label, left, right, top, wide)
        ends[line] = max(right, texts[-1].right if texts and one.label else 0)
    return Part(max(ROW, 10 + len(ends) * SUBROW), tuple(boxes), (), tuple(texts))


def _bar_label(label: str, left: float, right: float, top: float, wide: float) -> list[Text]:
    """What a bar says: in it, if it fits, else beside it or as much as there is room for in the larger of the two."""
    inside, beside = right - left - 12, wide - right - 12
    if not label or max(inside, beside) < 48:
        return []
    if inside >= min(width(label, "word"), beside):
        return [written(max(left, 0) + 7, top + BAR - 5, label, inside)]
    return [written(right + 7, top + BAR - 5, label, beside)]


def _points(found: list[Moment], stretches: list[Stretch], y: float, wide: float) -> Part:
    """Signs, those that would touch each other put together, with a label where there is room for it."""
    groups: list[list[tuple[float, Moment]]] = []
    for x, one in sorted(((place(stretches, one.begin or 0), one) for one in found), key=lambda pair: pair[0]):
        if groups and x - groups[-1][0][0] < MARK:
            groups[-1].append((x, one))
        else:
            groups.append([(x, one)])
    marks, texts = [], []
    for group, after in zip(groups, [*groups[1:], None], strict=True):
        x, kind = group[0][0], group[0][1].kind
        told = [one.text for _x, one in group[:TOLD]] + ["…"] * (len(group) > TOLD)
        marks.append(Mark(round(x, 1), y + ROW / 2, kind, f"of-{kind}", "\n".join(told)))
        room = (after[0][0] - MARK if after else wide - 4) - x - 12
        names = list(dict.fromkeys(one.label for _x, one in group if one.label))
        count = sum(one.count for _x, one in group)
        label = " ".join([*([f"×{count}"] if count > 1 else []), ", ".join(names)]).strip()
        if label and room > 36:
            texts.append(written(x + 12, y + ROW / 2 + 4, label, room))
    return Part(ROW, (), tuple(marks), tuple(texts))
