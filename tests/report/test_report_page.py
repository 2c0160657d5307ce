# SPDX-License-Identifier: GPL-3.0-or-later
"""report.html in a real browser: what it shows, its filters, its width, and that nothing in it ever runs."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report import build_report
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_charts import gauge, score_line, stacked_bars
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_page import as_html
from ansible_collections.hardening.alicloud.plugins.plugin_utils.report_page_words import PAGE_WORDS, say
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from tests.report.browser import ATTACKS, CONTRAST, DESKTOP, PHONE, TABLET
from tests.report.examples import ACCOUNT, VERSIONING, a_result, a_risk, a_run, a_task, reports_of, unread

LANGUAGES = ["en", "ja", "zh"]
VERSIONS = {"control": VERSIONING, "title": "OSS bucket without versioning", "severity": "medium"}
SECOND = "6543210987654321"


def center(score, **other):
    result = {
        "score": score,
        "scores": {"legacy": score, "home_security_score": None},
        "deductions": [{"model": "legacy", "type": "SS_VUL", "sub_type": "VUL_LINUX", "points": 3}],
        "findings": [{"name": "MFA for root", "status": "NOT_PASS", "severity": "HIGH", "control": None}],
        "attack_events": [
            {
                "type_name": "SSH brute force",
                "source": "203.0.113.9",
                "public_ip": "198.51.100.7",
                "port": 22,
                "count": 9,
            }
        ],
        "account_id": ACCOUNT,
    }
    return a_task({**result, **other}, action="hardening.alicloud.security_center_info")


AUDIT = [*center(85), *a_task(a_result(a_risk("site"), a_risk("exports"), a_risk("gone")))]
HARDENED = [
    *center(85),
    *a_task(
        a_result(
            a_risk("site", "whitelisted", whitelist={"reason": "a web site", "owner": "web", "expires": "2026-11-28"}),
            a_risk("exports", "fixed"),
            a_risk("archive", severity="critical", blocked_by="it serves a website"),
            a_risk("dark", "unknown", actual=None, evidence=["not readable: GetBucketInfo (AccessDenied)"]),
            unread=[unread("dark")],
            journal="/var/lib/journal.jsonl",
        ),
        failed=True,
        mode="enforce",
    ),
    *a_task(
        a_result(a_risk("logs", account_id=SECOND, **VERSIONS), account_id=SECOND),
        host="second",
        action="hardening.alicloud.oss_bucket_versioning",
    ),
    *center(94),
]
STORY = reports_of(AUDIT, HARDENED)[-1]
HOSTILE = build_report(
    a_run(),
    [
        event
        for attack in ATTACKS
        for event in (
            *a_task(
                a_result(
                    a_risk(attack, title=attack, region=attack, expected=attack, actual=attack, evidence=[attack]),
                    a_risk(
                        f"a{attack}", "whitelisted", whitelist=dict.fromkeys(("reason", "owner", "expires"), attack)
                    ),
                    a_risk(
                        f"u{attack}",
                        "unknown",
                        control=attack,
                        blocked_by=attack,
                        references={attack: [attack]},
                        changes=[{"product": attack, "action": attack, "params": {attack: attack}, "undo": None}],
                    ),
                    a_risk(f"f{attack}", "fixed"),
                    unread=[{"what": attack, "action": attack, "code": attack, "message": attack}],
                    account_id=attack,
                    journal=attack,
                    msg=attack,
                ),
                failed=True,
                host=attack,
            ),
            *center(
                50,
                account_id=attack,
                scores={attack: 1, "b": 2},
                deductions=[{"type": attack, "points": 1}],
                attack_events=[dict.fromkeys(("type", "source", "instance_id", "port", "count", "last_seen"), attack)],
                findings=[{"name": attack, "status": attack, "severity": attack, "control": attack}],
                unavailable=[attack],
            ),
        )
    ],
)
LARGE = build_report(a_run(), a_task(a_result(*(a_risk(f"bucket-{number:05}") for number in range(3000)))))


# --- in the browser -----------------------------------------------------------------------------------------------


def test_unknown_risks_come_first_then_the_worst(page):
    """Unknown, critical, high, medium; accepted ones at the end."""
    assert page.open(STORY).names() == ["dark", "archive", "exports", "logs", "site"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_language(page, language):
    """Verdict and titles of controls are in the language of the report."""
    text = page.open(STORY, language=language).text()
    told = {
        "en": ("2 open risks", "OSS bucket readable by anyone", "5 days left"),
        "ja": ("未対応のリスク 2 件", "OSS バケットが誰でも読み取り可能", "残り 5 日"),
        "zh": ("2 项未处理的风险", "OSS 存储空间允许公共读", "剩余 5 天"),
    }
    assert [words for words in told[language] if words not in text] == []
    assert page.js("document.documentElement.lang").startswith(language)


def test_a_risk_tells_everything(page):
    """Expected, found, evidence, what was done, how to undo it, and what others call the control."""
    page.open(STORY)
    page.open_all()
    fixed = " ".join(page.text(".risk[data-status=fixed] .body").split())
    for said in (
        "Expected ACL private",
        "Found ACL public-read",
        "Evidence the ACL public-read lets anyone read",
        "What was done oss PutBucketAcl bucket: exports acl: private",
        "ansible-playbook hardening.alicloud.restore -e journal=/var/lib/journal.jsonl -l main",
        "Undone by oss PutBucketAcl bucket: exports acl: public-read",
        "CIS 5.1",
    ):
        assert said in fixed
    assert "it serves a website" in page.text(".risk[data-severity=critical] .body")
    accepted = page.text(".risk[data-status=whitelisted]")
    assert all(said in accepted for said in ("a web site", "web", "2026-11-28", "5 days left"))


def test_the_score_stands_before_and_after(page):
    """The gauge shows the last reading, the line below it the earlier ones; without a score there is neither."""
    page.open(STORY)
    assert page.text(".gauge .value") == "94"
    assert page.text(".delta") == "85 → 94"
    assert page.js("document.querySelectorAll('.line circle').length") == 2
    assert "no control of ours" in page.text()
    assert "SSH brute force 203.0.113.9 198.51.100.7:22 9" in " ".join(page.text().split())
    page.open(build_report(a_run(), a_task(a_result(a_risk("a")))))
    assert page.js("document.querySelectorAll('.gauge, .line').length") == 0


def test_clauses_of_our_own_are_marked(page):
    """The compliance table tells published clauses from suggested ones."""
    rows = page.open(STORY).js("[...document.querySelectorAll('#compliance tbody tr')].map((e) => [...e.cells].map((c) => c.innerText))")  # fmt: skip  # noqa: E501
    row = next(row for row in rows if "oss-bucket-public-read-prohibited" in row[0])
    assert row[1].startswith("open risks")
    assert row[2:4] == ["5.1", "oss-bucket-public-read-prohibited"]
    assert "NIST 800-53 AC-3" in row[4]
    assert page.js("document.querySelector('#compliance th:last-child').innerText") == "Suggested"
    assert next(row for row in rows if "oss-bucket-noncurrent-versions-expire" in row[0])[1] == "not examined"


def test_on_the_first_run_nothing_is_called_new(page):
    """Where all is new, saying so tells nothing apart; later it marks what came up since."""
    page.open(reports_of(AUDIT)[0])
    assert page.js("document.querySelectorAll('.tag-new, [data-filter=new]').length") == 0
    page.open(STORY)
    assert page.js("[...document.querySelectorAll('.tag-new')].map((e) => e.closest('.risk').dataset.severity)") == [
        "critical",
        "medium",
    ]


def test_filters_narrow_the_list(page):
    """Severity, status, control, account, what is new, and words; a link keeps them; one button ends them."""
    page.open(STORY)
    page.click("[data-filter=severity][value=critical]")
    assert page.names() == ["archive"]
    page.click("[data-filter=severity][value=medium]")
    assert page.names() == ["archive", "logs"]
    assert page.text("#count") == "2 of 5 shown"
    Select(page.browser.find_element(By.ID, "account")).select_by_value(SECOND)
    assert page.names() == ["logs"]
    address = page.js("location.hash")
    page.click("#reset")
    assert len(page.names()) == 5
    assert page.open(STORY, fragment=address).names() == ["logs"]
    page.click("#reset")
    Select(page.browser.find_element(By.ID, "control")).select_by_value(VERSIONING)
    assert page.names() == ["logs"]
    page.click("#reset")
    page.click("[data-filter=new]")
    assert page.names() == ["archive", "logs"]
    page.click("#reset")
    page.click("[data-filter=status][value=whitelisted]")
    assert page.names() == ["site"]


def test_the_search_finds_words_anywhere(page):
    """In names, reasons, evidence and titles of controls, all words of it, upper case or not."""
    page.open(STORY)
    for words, names in {
        "WEB site": ["archive", "site"],
        "accessdenied": ["dark"],
        "without versioning": ["logs"],
        "nowhere": [],
        "": ["dark", "archive", "exports", "logs", "site"],
    }.items():
        page.type(words + " ")
        assert page.names() == names, words
    page.type("nowhere")
    assert page.text("#none") == "No risk matches these filters."


@pytest.mark.parametrize("report", [STORY, HOSTILE], ids=["story", "hostile"])
@pytest.mark.parametrize("width", [PHONE, TABLET, DESKTOP])
def test_nothing_is_wider_than_the_screen(page, report, width):
    """With everything open, no width needs scrolling to the side, however long a name is."""
    page.open(report, width)
    page.open_all()
    wide = page.js(
        "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert page.js("document.documentElement.scrollWidth") <= width


def test_hostile_values_stay_text(page):
    """Nothing of them runs, becomes an element or an attribute; control characters are spelt out."""
    page.open(HOSTILE)
    page.open_all()
    page.js("document.querySelectorAll('.risk, .risk *').forEach((e) => e.dispatchEvent(new Event('mouseover')))")
    assert "owned" not in page.js("document.title")
    assert page.js("document.querySelectorAll('body img, body [onmouseover], body [onerror], body [autofocus], a').length") == 0  # fmt: skip  # noqa: E501
    assert page.js("document.scripts.length") == 1
    text = page.text()
    for attack in ATTACKS[:-3]:
        assert attack in text
    assert "\\u202egnp.exe\\x1b[31m" in text


def test_the_policy_lets_nothing_else_run(page):
    """Even a script that got into the page would not run, and nothing is fetched."""
    page.open(STORY)
    page.browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s);"
    )
    assert page.js("document.title") != "1"
    assert page.js("performance.getEntriesByType('resource').length") == 0
    messages = [entry["message"] for entry in page.browser.get_log("browser")]
    assert len(messages) == 1
    assert "Content Security Policy" in messages[0]


@pytest.mark.parametrize("dark", [False, True])
def test_a_row_under_the_pointer_can_be_read(page, dark):
    """Every pill has its contrast on the colour that a row takes on as well."""
    page.open(STORY, dark=dark)
    for row in page.browser.find_elements(By.CSS_SELECTOR, ".risk > summary"):
        ActionChains(page.browser).move_to_element(row).perform()
        assert row.value_of_css_property("background-color") != "rgba(0, 0, 0, 0)"
        assert page.js(CONTRAST) == []


def test_the_focus_is_seen_whole(page):
    """The ring around a summary lies within it, since what holds it cuts off what is beyond."""
    page.open(STORY)
    page.js("document.querySelector('.risk > summary').focus({focusVisible: true})")
    assert page.js("getComputedStyle(document.activeElement).outlineOffset") == "-2px"


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_in_light_and_dark(page, dark):
    """Every text has a contrast of 4.5 at least to what is behind it, before and after the button was pressed."""
    page.open(STORY, dark=dark)
    page.open_all()
    for _press in range(2):
        assert page.js(CONTRAST) == []
        page.click("#theme")
    assert page.js("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    page.js("localStorage.clear()")


def test_the_printed_page_holds_the_details(page):
    """On paper every risk is open, the filters are gone, and afterwards the page is as it was."""
    page.open(STORY)
    page.js("dispatchEvent(new Event('beforeprint'))")
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    text = page.text("#risks")
    assert text.count("Evidence") == 5
    assert not page.browser.find_element(By.ID, "filters").is_displayed()
    assert base64.b64decode(page.browser.execute_cdp_cmd("Page.printToPDF", {})["data"]).startswith(b"%PDF")
    page.js("dispatchEvent(new Event('afterprint'))")
    assert page.js("document.querySelectorAll('.risk[open]').length") == 0


def test_without_scripts_everything_is_there(page):
    """Where scripts may not run, all risks are shown and there are no dead buttons."""
    page.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.open(STORY)
        names = page.browser.find_elements(By.CSS_SELECTOR, ".risk")
        assert [name.is_displayed() for name in names] == [True] * 5
        assert not [button for button in page.browser.find_elements(By.TAG_NAME, "button") if button.is_displayed()]
    finally:
        page.browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_thousands_of_risks_can_be_searched(page):
    """A list of three thousand risks opens, and answers to a word."""
    page.open(LARGE)
    page.browser.execute_script(
        "const s = document.getElementById('search'); s.value = 'bucket-02999'; s.dispatchEvent(new Event('input'));"
    )
    assert page.names() == ["bucket-02999"]


# --- without a browser --------------------------------------------------------------------------------------------


class Addresses(HTMLParser):
    """Collects whatever a browser could load, or follow."""

    found: tuple[tuple[str, str | None], ...] = ()

    def handle_starttag(self, _tag, attrs):
        """Note them."""
        self.found += tuple(pair for pair in attrs if pair[0] in {"src", "href", "srcset", "action", "data", "style"})


@pytest.mark.parametrize("report", [STORY, HOSTILE], ids=["story", "hostile"])
def test_the_file_needs_no_other(report):
    """No address but the empty icon's, no style attribute, no import."""
    html = as_html(report)
    parser = Addresses()
    parser.feed(html)
    assert parser.found == (("href", "data:,"),)
    assert not re.search(r"@import|url\(", html[: html.index("</style>")])


@pytest.mark.parametrize(
    ("events", "verdict"),
    [
        (a_task(a_result()), "No open risks"),
        (a_task(a_result(a_risk("a"))), "1 open risk<"),
        (a_task(a_result(a_risk("a", "unknown"))), "Nothing open, but 1 risk is unknown"),
        (a_task(a_result(), failed=True), "Nothing open in what could be read"),
        (a_task({"msg": "no"}, failed=True), "Nothing open in what could be read"),
        (a_task(a_result(a_risk("a", "whitelisted"), a_risk("b", "fixed"))), "No open risks"),
    ],
)
def test_the_verdict_promises_nothing(events, verdict):
    """The first sentence is about open risks, with a reservation wherever something is not known."""
    assert f"<h1>{verdict}" in as_html(build_report(a_run(), events))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same(language):
    """No language lacks a sentence, or a value within one."""

    def fields(forms):
        return {
            name for form in ([forms] if isinstance(forms, str) else forms) for name in re.findall(r"{(\w+)}", form)
        }

    assert {name: fields(words) for name, words in PAGE_WORDS[language].items()} == {
        name: fields(words) for name, words in PAGE_WORDS["en"].items()
    }


@pytest.mark.parametrize(("count", "said"), [(0, "0 days left"), (1, "1 day left"), (2, "2 days left")])
def test_one_and_many_differ(count, said):
    """English has a form for one."""
    assert say(PAGE_WORDS["en"], "days_left", count) == said


@pytest.mark.parametrize(("score", "band"), [(100, "good"), (95, "good"), (94, "fair"), (70, "fair"), (69.5, "poor")])
def test_a_score_is_in_a_band(score, band):
    """The bands are those of Security Center's documentation."""
    assert gauge(score)["band"] == band


def test_charts_need_two_runs():
    """One run is no history; bars stand on the ground and reach the top for the most risks."""
    counts = {"critical": 0, "high": 2, "medium": 0, "low": 0, "unknown": 1}
    runs = [{"run": "r", "started": f"2026-11-2{day}T11:00:00Z", "mode": "audit", **counts} for day in (1, 2)]
    assert stacked_bars(runs[:1]) is None
    assert score_line([{"score": 5, "started": "2026-11-21T11:00:00Z"}]) is None
    parts = stacked_bars(runs)["bars"][0]["parts"]
    assert [part["kind"] for part in parts] == ["high", "unknown"]
    assert parts[0]["y"] + parts[0]["height"] == stacked_bars(runs)["height"]
    assert parts[-1]["y"] == 0


def test_charts_can_be_heard():
    """What a drawing shows of earlier runs, its label says."""
    labels = re.findall('aria-label="([^"]* over the runs[^"]*)"', as_html(reports_of(AUDIT, AUDIT)[-1]))
    assert [re.sub(r"\d{4}-\d\d-\d\d", "DAY", label) for label in labels] == [
        "Score over the runs: DAY 85, DAY 85",
        "Open risks over the runs: DAY 3, DAY 3",
    ]


@pytest.mark.parametrize(
    ("journal", "said"),
    [
        ("/var/lib/journal.jsonl", "-e journal=/var/lib/journal.jsonl "),
        ("/var/my runs/j.jsonl", """-e '{"journal": "/var/my runs/j.jsonl"}' """),
        ("/var/it's/j.jsonl", """-e '{"journal": "/var/it'"'"'s/j.jsonl"}' """),
    ],
)
def test_the_command_that_undoes_names_the_whole_journal(journal, said):
    """Ansible reads back the very path, whatever stands in it."""
    risk = a_result(a_risk("site", "fixed"), journal=journal)
    html = unescape(as_html(build_report(a_run(), a_task(risk, mode="enforce"))))
    assert said in html
    words = shlex.split(html[html.index("ansible-playbook") :].partition("</code>")[0])
    variable = words[words.index("-e") + 1]
    ansible = Path(sys.executable).with_name("ansible")
    command = [ansible, "localhost", "-m", "ansible.builtin.debug", "-a", "var=journal", "-e", variable]
    variables = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    read = subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout
    assert json.loads(read.partition("=>")[2])["journal"] == journal


def test_the_page_is_made_of_plain_values():
    """A report that went through JSON makes the same page."""
    assert as_html(json.loads(json.dumps(STORY))) == as_html(STORY)
