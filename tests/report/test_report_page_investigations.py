# SPDX-License-Identifier: GPL-3.0-or-later
"""Investigations in report.html, in a real browser: what they show, how wide they are, and that nothing ever runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import build_report
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_page import as_html
from selenium.webdriver.common.by import By

from tests.report.browser import ATTACKS, CONTRAST, DESKTOP, PHONE, TABLET
from tests.report.examples import (
    BUSY,
    EMPTY,
    FOR_THE_OFFICE,
    OPEN_EIP,
    REACHED,
    TCP_LISTENER,
    UNKNOWN,
    a_moment,
    a_result,
    a_risk,
    a_run,
    a_task,
    an_investigation,
    investigated,
)

LANGUAGES = ["en", "ja", "zh"]
AUDIT = a_task(a_result(a_risk("site"), a_risk("exports", "fixed")))
STORY = build_report(a_run(), investigated(an_investigation(), an_investigation(number=204), REACHED, UNKNOWN, EMPTY))
BOTH = build_report(a_run(), [*AUDIT, *investigated(REACHED)])
SIXTY = build_report(a_run(), investigated(*(an_investigation(number=number) for number in range(60))))


def everywhere(value, text, key=""):
    """Put the text in the place of every text but those that choose a shape or a place on the axis."""
    if isinstance(value, dict):
        return {name: everywhere(item, text, name) for name, item in value.items()}
    if isinstance(value, list):
        return [everywhere(item, text, key) for item in value]
    chooses = {"verdict", "standing", "time", "until", "first_seen", "last_seen"}
    return value if not isinstance(value, str) or key in chooses else text


def with_kinds(one, text):
    """The same, but each gate and moment is still of a kind that is known."""
    evil = everywhere(one, text)
    for path, before in zip(evil["paths"], one["paths"], strict=True):
        path["kind"] = before["kind"]
        for gate, was in zip(path["gates"], before["gates"], strict=True):
            gate["kind"] = was["kind"]
    for moment, before in zip(evil["timeline"], one["timeline"], strict=True):
        moment["kind"] = before["kind"]
    return {**evil, "kind": "attack"}


HOSTILE = build_report(
    a_run(),
    [
        event
        for attack in ATTACKS
        for event in (
            *investigated(
                {**everywhere(REACHED, attack), "id": f"a{attack}"},
                {**with_kinds(REACHED, attack), "id": f"b{attack}"},
                {**everywhere(UNKNOWN, attack), "unread": [attack]},
                host=attack,
            ),
        )
    ],
)


def visible(page, selector):
    return page.js(f"[...document.querySelectorAll('{selector}')].filter((e) => e.checkVisibility()).length")


# --- what it shows ------------------------------------------------------------------------------------------------


def test_an_overview_leads_to_each_conclusion(page):
    """Conclusions stand in the order of their weight, events alike under one, and a link opens the first of them."""
    page.open(STORY)
    assert page.text("h1") == "1 of 5 SSH events could have reached a server"
    said = page.js("[...document.querySelectorAll('.overview li')].map((e) => e.innerText.replace(/\\s+/g, ' '))")
    assert [one.split(" ", 1)[0] for one in said] == ["1", "1", "1", "2"]
    assert "! could have reached a server Port 22 of i-web1 was open to 23.129.64.202" in said[0]
    assert "✓ could not have reached a server The attack from 23.129.64.201 went to" in said[3]
    assert visible(page, ".findings") == 0
    page.click(".overview li:nth-child(4) a")
    assert page.js("document.querySelector('.event[open]').id") == "event-4-1"
    assert page.js("location.hash") == "#investigation-4"
    assert page.open(STORY, fragment="#investigation-1").js("document.querySelector('.event[open]').id") == "event-1-1"


def test_an_event_tells_everything(page):
    """When in both zones, from where, at what; what explains it, for and against; what happened when."""
    page.open(build_report(a_run(), investigated(REACHED)))
    page.open_all()
    text = " ".join(page.text("#investigations").split())
    for said in (
        "Port 22 of i-web1 was open to 23.129.64.202 from 03:58:02 to 04:04:10 UTC, when the attack came.",
        "2026-11-21 04:01:15 UTC 2026-11-21 13:01:15 Asia/Tokyo 23.129.64.202 → 203.0.113.80:22",
        "Belonged to the CLB acme-web-slb (lb-web), which listens on 80 and 443",
        "listed in tor-exits",
        "EIP 198.51.100.7:22 — gets through to SSH · open to 0.0.0.0/0",
        "CLB 203.0.113.80:2222 — stopped: Access list acl-office",
        "Access list acl-office: stops it 203.0.113.10/32 white list: 203.0.113.10/32",
        "1 The security group was open for a while confirmed For ops opened sg-web at 03:58:02Z",
        "2026-11-21 03:58:02 until 2026-11-21 04:04:10 2026-11-21 12:58:02 until 2026-11-21 13:04:10 Open",
        "2026-11-21 04:01:20 2026-11-21 13:01:20 Refused root (×7) 23.129.64.201 failed",
    ):
        assert said in text
    rows = page.js("[...document.querySelectorAll('.moments tbody tr')].map((e) => e.cells[0].firstChild.data.trim())")
    assert rows[0] == "before"
    assert rows[1:] == sorted(rows[1:])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_language(page, language):
    """Our own words are in the language, pictures included; the conclusion stays as it came, marked as English."""
    page.open(build_report(a_run(), investigated(REACHED)), language=language)
    told = {
        "en": ("Ways to SSH as they are today", "STOPS HERE", "Logged in"),
        "ja": ("現在の SSH に至る経路", "ここで遮断", "ログイン成功", "一時的に開いていた"),
        "zh": ("目前通向 SSH 的路径", "在此阻断", "登录成功", "曾短暂开放"),
    }
    text = page.js("document.body.textContent")
    assert [words for words in told[language] if words not in text] == []
    assert page.js("document.querySelector('.conclusions h3').lang") == "en"
    assert REACHED["sentence"] in text


def test_what_was_not_read_is_told(page):
    """An event that could not be decided names what was missing."""
    page.open(build_report(a_run(), investigated(UNKNOWN)))
    assert page.text("h1") == "The SSH event may have reached a server"
    assert "sg-web: GetBucketInfo: AccessDenied: You have no right" in page.text(".unread")


@pytest.mark.parametrize(
    ("verdict", "paths", "expected"),
    [
        ("reachable", [FOR_THE_OFFICE, TCP_LISTENER], 1),
        ("reachable", [OPEN_EIP, FOR_THE_OFFICE], 0),
        ("reachable", [], 0),
        ("not_reachable", [TCP_LISTENER], 0),
    ],
)
def test_what_was_open_then_and_is_not_now(verdict, paths, expected):
    """Where the ways of today explain nothing, the page says so."""
    html = as_html(build_report(a_run(), investigated(an_investigation(verdict, paths=paths))))
    assert html.count("Today nothing lets it in.") == expected


def test_a_long_timeline_keeps_what_weighs(page):
    """Of a thousand refused logins those nearest to the attack are listed, and all else that happened."""
    start = datetime(2026, 11, 21, tzinfo=UTC)
    logins = [
        a_moment(f"{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}", "login", "x", outcome="failed")
        for minute in range(1000)
    ]
    late = a_moment("2026-11-23T23:00:00Z", "login", "root", outcome="accepted", source="192.0.2.7")
    page.open(build_report(a_run(), investigated(an_investigation(timeline=[*logins, *BUSY, late]))))
    page.open_all()
    rows = page.js("[...document.querySelectorAll('.moments tbody tr')].map((e) => e.innerText)")
    assert len(rows) == 100
    assert rows[-1].startswith("2026-11-23 23:00:00")
    assert [row for row in rows if row.startswith("2026-11-21 04:01:00")]
    assert not [row for row in rows if row.startswith("2026-11-21 00:")]
    assert "… and 911 more · report.json" in page.text()
    label = "Picture of 1011 moments on one axis; the table below it has 100 of them."
    assert page.js("document.querySelector('.timeline').getAttribute('aria-label')") == label


def test_a_run_that_only_investigates_claims_nothing_about_risks(page):
    """There are no numbers of risks, no list of them, no compliance; an audit has all of these, and the events."""
    page.open(STORY)
    assert "No task of this run looked for risks." in page.text()
    assert page.js("document.querySelectorAll('.tiles, #risks, #compliance').length") == 0
    assert "open risk" not in page.text().lower()
    page.open(BOTH)
    assert page.text("h1") == "1 open risk"
    assert page.text(".standfirst") == "The SSH event could have reached a server"
    assert page.js("document.querySelectorAll('.tiles, #risks, #compliance').length") == 3
    assert "SSH investigations" not in page.open(build_report(a_run(), AUDIT)).text()


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (investigated(), "No SSH event to investigate"),
        (investigated(result={"msg": "it broke"}, failed=True), "The SSH investigation did not come to its end"),
        (investigated(EMPTY), "The SSH event may have reached a server"),
    ],
)
def test_an_investigation_without_a_conclusion_says_so(page, events, said):
    """Nothing to investigate, a module that broke, an event of which nothing is known."""
    page.open(build_report(a_run(), events))
    assert page.text("h1") == said


def test_filters_of_risks_leave_events_alone(page):
    """A link to an event keeps its place in the address, also where risks can be filtered."""
    page.open(BOTH, fragment="#event-1-1")
    assert page.js("location.hash") == "#event-1-1"
    page.click("[data-filter=status][value=fixed]")
    assert page.names() == ["exports"]
    assert visible(page, ".event") == 1


# --- the pictures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "shown"), [(PHONE, "narrow"), (TABLET, "narrow"), (DESKTOP, "wide")])
def test_one_of_two_pictures_is_shown(page, width, shown):
    """On phones and tablets paths stand below each other, elsewhere side by side; each has a text alternative."""
    page.open(build_report(a_run(), investigated(REACHED)), width)
    other = {"narrow": "wide", "wide": "narrow"}[shown]
    assert [visible(page, f".drawing.for-{name}") for name in (shown, other)] == [2, 0]
    labels = page.js("[...document.querySelectorAll('.drawing')].map((e) => [e.getAttribute('role'), e.ariaLabel])")
    assert {role for role, _label in labels} == {"img"}
    assert "Picture of 5 ways" in labels[0][1]
    gates = page.js("document.querySelectorAll('.ways ol li').length")
    assert gates == sum(len(path["gates"]) for path in REACHED["paths"])


@pytest.mark.parametrize("report", [STORY, HOSTILE], ids=["story", "hostile"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_texts_of_a_picture_lie_apart(page, report, language, width):
    """As the browser draws them, no text lies on another and none leaves its picture."""
    page.open(report, width, language)
    page.open_all()
    assert page.js(COLLISIONS) == []


COLLISIONS = """[...document.querySelectorAll('.drawing')].filter((e) => e.checkVisibility()).flatMap((drawing) => {
  const room = drawing.viewBox.baseVal, texts = [...drawing.querySelectorAll(':scope > text')];
  const boxes = texts.map((text) => [text.getBBox(), text.lastChild.data]);
  const found = boxes.filter(([b]) => b.x < -1.5 || b.x + b.width > room.width + 1.5).map(([, text]) => 'out: ' + text);
  boxes.forEach(([a, first], n) => boxes.slice(n + 1).forEach(([b, second]) => {
    const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
    const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
    if (across > 1 && down > 4) found.push(first + ' / ' + second);
  }));
  return found;
})"""


def test_ends_differ_in_more_than_colour(page):
    """Lines of open, unknown and stopped ways differ in their dashes; the gate that stops one has a thick frame."""
    page.open(build_report(a_run(), investigated(REACHED)))
    style = "getComputedStyle(document.querySelector('.paths.for-wide {}'))"
    dashes = [
        page.js(style.format(f"line.{kind}") + ".strokeDasharray") for kind in ("of-reachable", "unsure", "stopped")
    ]
    assert dashes[0] == "none"
    assert len(set(dashes)) == 3
    frames = [page.js(style.format(f".gate.is-{state}") + ".strokeWidth") for state in ("open", "shut")]
    assert float(frames[1].removesuffix("px")) >= 2 * float(frames[0].removesuffix("px"))
    assert visible(page, ".paths.for-wide .shape-barrier-right") == 3


# --- on screens and on paper --------------------------------------------------------------------------------------


@pytest.mark.parametrize("report", [STORY, HOSTILE, SIXTY], ids=["story", "hostile", "sixty"])
@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
def test_nothing_is_wider_than_the_screen(page, report, width):
    """With everything open, no width needs scrolling to the side, however long a text is."""
    page.open(report, width)
    page.open_all()
    wide = page.js(
        "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert page.js("document.documentElement.scrollWidth") <= width


def test_a_phone_has_one_margin(page):
    """What stands in a conclusion begins at the same place, and has no lines of its own above it."""
    page.open(SIXTY, PHONE)
    parts = [".conclusions > header", ".event > summary", ".alike > summary", ".findings"]
    style = "getComputedStyle(document.querySelector(arguments[0]))"
    assert {page.js(f"{style}.paddingLeft", part) for part in parts} == {"14px"}
    assert page.js(f"{style}.borderTopWidth", parts[0]) == "0px"


def test_every_column_has_a_name(page):
    """No heading of a table is empty."""
    page.open(BOTH)
    assert page.js("[...document.querySelectorAll('th')].filter((e) => !e.textContent.trim()).length") == 0


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_in_light_and_dark(page, dark, width):
    """Every text has a contrast of 4.5 at least to what is behind it, those of the pictures as well."""
    page.open(BOTH, width, dark=dark)
    page.open_all()
    for _press in range(2):
        assert page.js(CONTRAST) == []
        assert page.js(DRAWN_CONTRAST) == []
        page.click("#theme")
    page.js("localStorage.clear()")


# The same for texts of drawings: what is behind one is the last rectangle around its middle, or else the page.
DRAWN_CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (color, ground) => {
    canvas.fillStyle = `rgb(${ground.join()})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const ground = (e) => e ? over(getComputedStyle(e).backgroundColor, ground(e.parentElement)) : [255, 255, 255];
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll(".drawing > text")].filter((e) => e.checkVisibility()).map((text) => {
    const box = text.getBBox(), x = box.x + box.width / 2, y = box.y + box.height / 2;
    const rects = [...text.parentElement.querySelectorAll("rect")].filter((r) => {
      const b = r.getBBox();
      return b.x <= x && x <= b.x + b.width && b.y <= y && y <= b.y + b.height && getComputedStyle(r).fill !== "none";
    });
    const behind = rects.reduce((below, r) => over(getComputedStyle(r).fill, below), ground(text.parentElement));
    const [a, b] = [light(behind), light(over(getComputedStyle(text).fill, behind))].sort((p, q) => q - p);
    return [(a + 0.05) / (b + 0.05), text.outerHTML.slice(0, 120)];
  }).filter(([contrast]) => contrast < 4.5);
})()"""


def test_sixty_events_alike_stay_short(page):
    """One conclusion, its first event, and a line for the others, which unfold."""
    page.open(SIXTY)
    assert page.text("h1") == "None of 60 SSH events could have reached a server"
    assert visible(page, ".conclusions") == 1
    assert visible(page, ".event") == 1
    assert page.text(".alike > summary") == "59 more events with the same conclusion"
    page.click(".alike > summary")
    assert visible(page, ".event") == 60
    assert visible(page, ".findings") == 1


def test_the_printed_page_holds_the_details(page):
    """On paper the first event of each conclusion is open with all its evidence, then the page is as it was."""
    page.open(STORY)
    before = page.js("document.querySelectorAll('details[open]').length")
    page.js("dispatchEvent(new Event('beforeprint'))")
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert [visible(page, selector) for selector in (".findings", ".event")] == [4, 5]
    assert visible(page, ".hypotheses dl") == page.js("document.querySelectorAll('.is-first .hypotheses dl').length")
    assert visible(page, ".drawing.for-narrow") == 0
    page.js("dispatchEvent(new Event('afterprint'))")
    assert page.js("document.querySelectorAll('details[open]').length") == before


def test_without_scripts_everything_is_there(page):
    """Where scripts may not run, every event can be opened, the overview leads on, and there are no dead buttons."""
    page.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(STORY)
        find = page.browser.find_elements
        assert [one.is_displayed() for one in find(By.CSS_SELECTOR, ".event > summary")] == [True] * 5
        page.click("#event-1-1 > summary")
        assert page.browser.find_element(By.CSS_SELECTOR, "#event-1-1 .findings").is_displayed()
        page.click(".overview li:nth-child(2) a")
        assert page.browser.current_url.endswith("#investigation-2")
        assert not [button for button in find(By.TAG_NAME, "button") if button.is_displayed()]
        page.open(STORY)
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    finally:
        page.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert visible(page, ".is-first .known") == 4, "on paper the details are there nevertheless"
    assert visible(page, ".is-first .hypotheses dl") == page.js("document.querySelectorAll('.is-first dl').length - 4")


# --- what attackers write -----------------------------------------------------------------------------------------


def test_hostile_values_stay_text(page):
    """Nothing of them runs, becomes an element or an attribute, in pictures as little as in lists."""
    page.open(HOSTILE)
    page.open_all()
    page.js("document.querySelectorAll('.event, .event *').forEach((e) => e.dispatchEvent(new Event('mouseover')))")
    assert "owned" not in page.js("document.title")
    forbidden = "body img, body [onmouseover], body [onerror], body [onload], body [autofocus], body [style], foreignObject"  # fmt: skip  # noqa: E501
    assert page.js(f"document.querySelectorAll('{forbidden}').length") == 0
    assert page.js("document.scripts.length") == 1
    text = page.js("document.body.textContent")
    assert [attack for attack in ATTACKS if "\u202e" not in attack and attack not in text] == []
    assert "\\u202egnp.exe\\x1b[31m" in text
    assert "\u202e" not in text


class Attributes(HTMLParser):
    """Collects the elements of a page, and whatever a browser could load, follow or run."""

    def __init__(self):
        super().__init__()
        self.elements = set()
        self.addresses = set()
        self.handlers = set()

    def handle_starttag(self, tag, attrs):
        """Note them."""
        self.elements.add(tag)
        self.addresses |= {value for name, value in attrs if name in {"src", "href", "xlink:href", "srcset", "action"}}
        self.handlers |= {name for name, _value in attrs if name.startswith("on") or name == "style"}


@pytest.mark.parametrize("report", [STORY, HOSTILE], ids=["story", "hostile"])
def test_the_file_needs_no_other(report):
    """It links to nothing but its own conclusions; hostile values add no element that the page does not have anyway."""
    parser, plain = Attributes(), Attributes()
    parser.feed(as_html(report))
    plain.feed(as_html(STORY))
    groups = len([one for one in parser.addresses if one.startswith("#investigation-")])
    assert parser.addresses == {"data:,", *(f"#investigation-{place}" for place in range(1, groups + 1))}
    assert parser.handlers == set()
    assert parser.elements <= plain.elements


def test_the_page_is_made_of_plain_values():
    """A report that went through JSON makes the same page."""
    assert as_html(json.loads(json.dumps(STORY))) == as_html(STORY)
