# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of an investigation as values: nothing covers anything else, everything lies inside, times go on."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import build_report
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_drawing import SHAPES, fit, width, written
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_investigation_words import INVESTIGATION_WORDS
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_path_picture import lanes, stack, ways
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_timeline import (
    PHONE,
    WIDE,
    Stretch,
    axis,
    place,
    ticks,
    timeline,
)
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_zone import moment, shown, zone

from tests.report.examples import (
    ATTACKED,
    BEHIND_THE_BALANCER,
    BUSY,
    DNAT,
    EMPTY,
    FOR_THE_OFFICE,
    OPEN_EIP,
    REACHED,
    TCP_LISTENER,
    UNKNOWN,
    a_gate,
    a_moment,
    a_path,
    a_run,
    an_investigation,
    investigated,
)

WORDS = INVESTIGATION_WORDS["en"]
LANGUAGES = list(INVESTIGATION_WORDS)
TOKYO = zone("Asia/Tokyo")
EVENT = datetime(2026, 11, 21, 4, 1, 15, tzinfo=UTC)
KINDS = ["address", "listener", "acl", "balancer_groups", "forward", "security_groups", "instance", "protocol", "new"]
NAMES = ["", "sg-1", "W" * 80, "2408:4005:ffff:ffff:ffff:ffff:ffff:ffff", "前" * 40, "\u202e\x1b[31m" * 5]


def kept(one):
    """Take it through a report, as the page gets it."""
    return build_report(a_run(), investigated(one))["investigations"][0]


def of(paths, **other):
    return kept(an_investigation(paths=paths, **other))


def rectangle(text):
    return (text.left, text.y - text.height * 0.8, text.right, text.y + text.height * 0.25)


def around(box):
    return (box.x, box.y, box.x + box.width, box.y + box.height)


def cover(one, other, slack=0.6):
    """Tell whether two rectangles share more than an edge."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > slack and down > slack


def overlaps(drawing, boxes):
    """Everything that covers something else: pairs of texts, and pairs of boxes."""
    texts = [(text.text, rectangle(text)) for text in drawing.texts]
    shown = [(box.kind, around(box)) for box in drawing.boxes if box.kind.split()[0] in boxes]
    return [
        (first[0], second[0])
        for group in (texts, shown)
        for first, second in combinations(group, 2)
        if cover(first[1], second[1])
    ]


def outside(drawing, slack=1.0):
    """Everything that is not within the picture."""
    areas = [rectangle(text) for text in drawing.texts] + [around(box) for box in drawing.boxes]
    areas += [(line.x1, line.y1, line.x2, line.y2) for line in drawing.lines]
    areas += [(mark.x, mark.y, mark.x, mark.y) for mark in drawing.marks]
    return [
        area
        for area in areas
        if min(area[0], area[1]) < -slack or area[2] > drawing.width + slack or area[3] > drawing.height + slack
    ]


# --- texts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "room", "kind", "expected"),
    [
        ("sg-web", 100, "name", "sg-web"),
        ("lb-6weacmeweb-long:tcp:2222", 130, "name", "lb-6weac…tcp:2222"),
        ("Security groups", 62, "word", "Security…"),
        ("セキュリティグループ", 62, "word", "セキュリ…"),
        ("a\x1b[31m", 100, "word", "a\\x1b[31m"),
    ],
)
def test_a_text_fits_its_room(text, room, kind, expected):
    """It is cut where it is too long, a name in its middle, and control characters are spelt out."""
    assert fit(text, room, kind) == expected
    assert width(fit(text, room, kind), kind) <= room


def test_a_cut_text_remembers_all_of_it():
    """Only a text that was cut says what it was."""
    assert [written(0, 0, text, 60, "name").full for text in ("sg-1", "a-very-long-name")] == ["", "a-very-long-name"]


# --- paths -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "states", "lines"),
    [
        (OPEN_EIP, ["open", "open"], ["through", "through", "through"]),
        (BEHIND_THE_BALANCER, ["open", "open", "shut"], ["through", "through", "through", "stopped"]),
        (TCP_LISTENER, ["open", "open", "shut", "open"], ["through", "through", "through", "stopped", "stopped"]),
        (DNAT, ["open", "open", "unknown"], ["through", "through", "through", "unsure"]),
        (FOR_THE_OFFICE, ["open", "shut"], ["through", "through", "stopped"]),
        (
            a_path("eip", "1.2.3.4", 22, a_gate("address", "x", allows=None), a_gate("acl", "y", allows=False)),
            ["unknown", "shut"],
            ["through", "unsure", "stopped"],
        ),
        (a_path("eip", "1.2.3.4", 22, verdict="unknown"), ["open"], ["through", "unsure"]),
        (a_path("eip", "1.2.3.4", 22), ["open"], ["through", "stopped"]),
        (
            {**DNAT, "gates": [a_gate("security_groups", "sg", sources=["10.0.0.0/8"], allows=True)]},
            ["open", "unknown"],
            ["through", "through", "unsure"],
        ),
        (
            {**DNAT, "gates": [a_gate("security_groups", "sg", sources=["23.129.64.0/24"], allows=True)]},
            ["open", "open"],
            ["through", "through", "unsure"],
        ),
        (
            {**DNAT, "gates": [a_gate("security_groups", "sg", sources=["pl-bp1abc", "23.129.64.0/24"], allows=True)]},
            ["open", "open"],
            ["through", "through", "unsure"],
        ),
    ],
    ids=[
        "open",
        "a protocol ends it",
        "a list stops it",
        "a group is unread",
        "only others get in",
        "stopped behind what is unknown",
        "unknown without a reason",
        "stopped without a reason",
        "it may let others in",
        "it lets this one in",
        "it lets this one in, and those of a list",
    ],
)
def test_a_line_ends_where_the_source_ends(path, states, lines):
    """Solid up to the gate that stops it, dashed from what is not known; a gate's state is that for the source."""
    way = ways(of([{**path, "address": ATTACKED}]), WORDS)[0]
    assert [stop.state for stop in way.stops] == states
    assert list(way.lines) == lines


def test_no_way_is_not_drawn_as_one():
    """Where no path begins at the attacked address, the picture ends there, or does not know."""
    stopped, unsure, beside = (
        ways(one, WORDS) for one in (of([]), of([], verdict="unknown"), of([OPEN_EIP], verdict="reachable"))
    )
    assert [(way.stops[0].state, way.lines[-1], way.server) for way in stopped] == [("shut", "stopped", "")]
    assert [(way.stops[0].state, way.lines[-1], way.server) for way in unsure] == [("unknown", "unsure", "")]
    assert [(way.stops[0].name, way.reach) for way in beside] == [
        ("203.0.113.80:22", "unknown"),
        ("198.51.100.7:22", "reachable"),
    ]


def random_paths(seed):
    """Make paths of any shape."""
    dice = random.Random(seed)  # noqa: S311  nothing secret
    return [
        a_path(
            dice.choice(["eip", "clb", "new-kind"]),
            dice.choice([ATTACKED, "2001:db8::1", *NAMES]),
            dice.choice([22, 65535, None]),
            *(
                a_gate(
                    dice.choice(KINDS),
                    dice.choice(NAMES),
                    dice.choice(NAMES),
                    dice.choice([None, ["0.0.0.0/0"], ["x"] * 9]),
                    allows=dice.choice([True, False, None]),
                )
                for _gate in range(dice.randrange(7))
            ),
            verdict=dice.choice(["reachable", "unknown", "not_reachable"]),
            server=dice.choice(["i-1", "i-2", *NAMES]),
        )
        for _path in range(dice.randrange(9))
    ]


MANY = [kept(REACHED), kept(UNKNOWN), kept(EMPTY), of([]), *(of(random_paths(seed)) for seed in range(40))]


@pytest.mark.parametrize("draw", [lanes, stack])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_in_a_picture_of_paths_covers_anything(draw, language):
    """No text lies on another, no box on another, whatever the paths are, and all of it is inside."""
    for one in MANY:
        drawing = draw(one, INVESTIGATION_WORDS[language])
        assert overlaps(drawing, {"gate", "row", "internet", "server"}) == []
        assert outside(drawing) == []
        assert {mark.shape for mark in drawing.marks} <= set(SHAPES)


def test_texts_of_a_gate_lie_in_its_box():
    """A name of any length stays in the box that it belongs to."""
    for one in MANY:
        drawing = lanes(one, WORDS)
        boxes = [around(box) for box in drawing.boxes]
        for text in drawing.texts:
            left, top, right, bottom = rectangle(text)
            inside = [box for box in boxes if box[0] <= left and right <= box[2] and box[1] <= top and bottom <= box[3]]
            assert len(inside) == (0 if text.kind == "said" else 1), text


def test_a_narrow_picture_is_as_wide_as_a_phone():
    """The ways stand below each other instead of side by side."""
    assert {stack(one, WORDS).width for one in MANY} == {PHONE}


def test_gates_stand_in_their_order():
    """From left to right and from top to bottom, every line goes on; a server stands once."""
    drawing = lanes(kept(REACHED), WORDS)
    assert all(line.x1 < line.x2 for line in drawing.lines)
    assert len([box for box in drawing.boxes if box.kind == "server"]) == 1
    assert all(line.y1 < line.y2 for line in stack(kept(REACHED), WORDS).lines)


def test_each_way_to_end_is_told_without_colours():
    """Stopped, unknown and open ends differ in the line's class, in the sign at the gate, and in words."""
    drawing = lanes(kept(REACHED), WORDS)
    assert {line.kind for line in drawing.lines} >= {
        "through of-reachable",
        "unsure of-unknown",
        "stopped of-not_reachable",
    }
    assert {mark.shape for mark in drawing.marks} >= {"passes", "stops", "unsure", "barrier-right"}
    assert {text.text for text in drawing.texts} >= {"STOPS HERE", "NOT KNOWN"}


# --- the axis ----------------------------------------------------------------------------------------------------


def seconds(*texts):
    return [moment(text).timestamp() for text in texts]


@pytest.mark.parametrize(
    ("instants", "stretches"),
    [
        ([], 0),
        (["2026-11-21T04:01:15Z"], 1),
        (["2026-11-21T03:58:00Z", "2026-11-21T04:04:00Z"], 1),
        (["2026-11-20T09:30:00Z", "2026-11-21T03:58:00Z", "2026-11-21T04:04:00Z", "2026-11-23T10:59:00Z"], 3),
        ([f"2026-11-{day:02}T04:00:00Z" for day in range(1, 29)], 5),
        ([f"2026-11-21T{hour:02}:00:00Z" for hour in range(24)], 5),
        ([f"2026-11-21T04:{minute:02}:00Z" for minute in range(60)], 1),
    ],
)
def test_the_axis_is_broken_where_nothing_happens(instants, stretches):
    """Stretches follow each other, do not touch, and fill the room; there are never very many."""
    found = axis(seconds(*instants), 100, 900)
    assert len(found) == stretches
    assert all(one.start < one.end and one.left < one.right for one in found)
    assert all(one.end < other.start and one.right < other.left for one, other in pairwise(found))
    assert not found or (found[0].left, round(found[-1].right)) == (100, 900)


def test_time_goes_on_from_left_to_right():
    """Of two instants the later one never lies further to the left, in gaps and at the ends as well."""
    dice = random.Random(7)  # noqa: S311  nothing secret
    for _round in range(50):
        start = seconds("2026-11-01T00:00:00Z")[0]
        instants = [start + dice.random() ** 3 * dice.choice([60, 86400, 7776000]) for _one in range(12)]
        found = axis(instants, 100, 900)
        many = sorted([*instants, *(start - 1e5 + dice.random() * 8e6 for _one in range(80))])
        places = [place(found, instant) for instant in many]
        assert places == sorted(places)
        assert min(places) >= 100
        assert max(places) <= 900.01
        inside = [place(found, instant) for instant in sorted(set(instants))]
        assert all(one < other for one, other in pairwise(inside))


def test_the_stretch_of_the_event_has_more_room():
    """Of stretches of the same length the one in focus is the widest."""
    instants = seconds("2026-11-20T04:00:00Z", "2026-11-21T04:00:00Z", "2026-11-22T04:00:00Z")
    widths = [one.right - one.left for one in axis(instants, 0, 900, instants[1])]
    assert widths[0] == pytest.approx(widths[2], abs=0.1)
    assert widths[1] > 1.5 * widths[0]


@pytest.mark.parametrize("span", [90, 400, 3600, 86400, 7 * 86400, 90 * 86400, 4000 * 86400])
@pytest.mark.parametrize("room", [72, 300, 5000])
def test_ticks_are_round_and_apart(span, room):
    """They lie within the stretch, in order, with room for their labels; there is one at least."""
    stretch = Stretch(1795233675.0, 1795233675.0 + span, 100, 900)
    found = ticks(stretch, room)
    assert found
    assert all(stretch.start <= one <= stretch.end for one in found)
    assert all(place([stretch], other) - place([stretch], one) >= room for one, other in pairwise(found))


# --- the timeline ------------------------------------------------------------------------------------------------


def flood(number):
    """Make as many logins, a second or a minute apart, and openings across each other."""
    return [
        *BUSY,
        *(
            a_moment(
                f"{EVENT + timedelta(seconds=step * step):%Y-%m-%dT%H:%M:%SZ}", "login", "root", source=f"23.0.0.{step}"
            )
            for step in range(number)
        ),
        *(
            a_moment(f"2026-11-21T0{hour}:00:00Z", "opening", f"group {hour} open", f"2026-11-21T0{hour + 2}:30:00Z")
            for hour in range(7)
        ),
        a_moment("2026-11-21T05:00:00Z", "opening", "still open"),
        a_moment("2026-11-21T05:00:00Z", "weather", "rain\u202e" * 60, source="前" * 90),
    ]


TIMELINES = {
    "busy": BUSY,
    "one": [BUSY[4]],
    "always": [BUSY[0], BUSY[4]],
    "flood": flood(120),
    "long": [a_moment("2026-08-25T00:00:00Z", "change", "x"), a_moment("2026-11-22T00:00:00Z", "alert", "y"), BUSY[4]],
}


def drawn(items, wide=WIDE, at=EVENT, where=TOKYO, language="en"):
    timeline_of = kept(an_investigation(timeline=items))["timeline"]
    return timeline(timeline_of, at, where, INVESTIGATION_WORDS[language], wide)


@pytest.mark.parametrize("items", TIMELINES.values(), ids=TIMELINES)
@pytest.mark.parametrize("wide", [WIDE, PHONE])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("where", [TOKYO, None], ids=["Tokyo", "UTC"])
def test_nothing_in_a_timeline_covers_anything(items, wide, language, where):
    """No label lies on another, no bar on another, and all of it is inside, on a wide screen and on a phone."""
    drawing = drawn(items, wide, where=where, language=language)
    assert overlaps(drawing, {"bar"}) == []
    assert outside(drawing) == []
    assert {mark.shape for mark in drawing.marks} <= set(SHAPES)


@pytest.mark.parametrize("wide", [WIDE, PHONE])
def test_later_is_further_to_the_right(wide):
    """The change that opens, the attack and the change that closes stand in this order, under the bar between them."""
    drawing = drawn(BUSY, wide)
    opened, closed = [mark.x for mark in drawing.marks if mark.shape == "change" and mark.title]
    (attack,) = [mark.x for mark in drawing.marks if mark.shape == "attack" and mark.title]
    (drawn_bar,) = [box for box in drawing.boxes if box.kind == "bar of-opening"]
    (line,) = [line for line in drawing.lines if line.kind == "incident"]
    assert opened < attack < closed
    assert (drawn_bar.x, drawn_bar.x + drawn_bar.width) == pytest.approx((opened, closed), abs=0.2)
    assert line.x1 == attack


def test_what_has_no_end_reaches_the_edge():
    """A bar without a beginning or an end goes on to where the axis ends."""
    drawing = drawn(TIMELINES["always"])
    (drawn_bar,) = [box for box in drawing.boxes if box.kind == "bar of-address"]
    axis_lines = [line for line in drawing.lines if line.kind == "axis"]
    assert drawn_bar.x < axis_lines[0].x1
    assert drawn_bar.x + drawn_bar.width > axis_lines[-1].x2


def test_what_may_have_been_open_looks_like_it():
    """The bar of an opening that is not known for sure is drawn in another way than one that is."""
    times = {"time": "2026-11-21T03:58:00Z", "until": "2026-11-21T04:04:00Z"}
    drawing = drawn(
        [a_moment(kind="opening", text="a", **times), a_moment(kind="opening", text="b", outcome="possible", **times)]
    )
    assert [box.kind for box in drawing.boxes if box.kind.startswith("bar")] == [
        "bar of-opening",
        "bar of-opening unsure",
    ]


def test_signs_that_would_touch_become_one():
    """A brute force is one sign with a number; a login that was let in keeps its own row."""
    logins = [a_moment("2026-11-21T04:01:15Z", "login", "root", source="a", outcome="failed", count=7)] * 3
    drawing = drawn([*logins, a_moment("2026-11-21T04:01:15Z", "login", "root", source="a", outcome="accepted")])
    assert [mark.shape for mark in drawing.marks if mark.title] == ["accepted", "login"]
    assert "×21 a" in {text.text for text in drawing.texts}
    assert "\n" not in "".join(mark.title for mark in drawing.marks)


def test_both_clocks_are_told():
    """The event and the axis say the time in UTC and in the operator's zone."""
    texts = [text.text for text in drawn(BUSY).texts]
    assert "Event 04:01:15 UTC · 13:01:15 Asia/Tokyo" in texts
    assert {"UTC", "Asia/Tokyo", "04:00:00", "13:00:00"} <= set(texts)
    assert "Asia/Tokyo" not in " ".join(text.text for text in drawn(BUSY, where=None).texts)


@pytest.mark.parametrize("items", [[], [a_moment("yesterday", "login", "x")], [a_moment(None, "change", "x")]])
def test_without_times_there_is_no_picture(items):
    """What has no time can't be drawn."""
    assert drawn(items) is None
    assert drawn(items, at=None) is None


def test_an_event_without_a_time_has_no_line():
    """The rest is drawn nevertheless."""
    assert [line for line in drawn(BUSY, at=None).lines if line.kind == "incident"] == []


# --- times -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T04:01:15Z", "2026-11-21 04:01:15"),
        ("2026-11-21T13:01:15+09:00", "2026-11-21 04:01:15"),
        ("2026-11-21 04:01:15", "2026-11-21 04:01:15"),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_moment_is_read_in_utc(text, expected):
    """Whatever zone it is written in; what is no moment is none."""
    read = moment(text)
    assert (shown(read) if read else None) == expected


@pytest.mark.parametrize(
    "name", [None, "", "UTC", "utc", "Etc/UTC", "Nowhere/City", "../../etc/passwd", "America", "\x00"]
)
def test_what_is_no_other_zone_is_utc(name):
    """Without a zone, or with one that there is not, times are in UTC alone."""
    assert zone(name) is None


def test_a_zone_has_its_own_summer():
    """The offset is that of the day."""
    berlin = zone("Europe/Berlin")
    times = ("2026-07-01T12:00:00Z", "2026-12-01T12:00:00Z")
    assert [shown(moment(text), berlin)[11:13] for text in times] == ["14", "13"]
