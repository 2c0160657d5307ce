# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report as JUnit XML, for what shows test results: a suite a control, a test case a risk.

Open is a failure, unknown an error, whitelisted a skip, fixed a pass. A last suite holds what was examined, so that a
run without risks has results too, and an error for each task that failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .report_text import harmless, spoken
from .report_zone import duration

EXAMINATION = "examination"


def as_junit(report: dict, language: str = "en") -> str:  # noqa: ARG001  a format for machines
    """Write the whole XML file."""
    root = Element("testsuites", name="hardening.alicloud")
    for control in dict.fromkeys(risk["control"] for risk in report["risks"]):
        risks = (risk for risk in report["risks"] if risk["control"] == control)
        _suite(root, control, report, (_case(risk) for risk in risks))
    failed = (error for error in report["errors"] if error["kind"] == "task")
    _suite(root, EXAMINATION, report, [*map(_examined, report["summaries"]), *map(_failed, failed)])
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name)) for suite in root)))
    root.set("time", str(duration(report["run"])))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, name: str, report: dict, cases: Iterable[Element]) -> None:
    suite = SubElement(root, "testsuite", name=harmless(name), timestamp=report["run"]["started"].rstrip("Z"), time="0")
    suite.extend(cases)
    for attribute, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))


def _test(classname: str, name: str) -> Element:
    return Element("testcase", classname=harmless(classname), name=harmless(name), time="0")


def _case(risk: dict) -> Element:
    case = _test(risk["control"], risk["resource"])
    said = f"{risk['title']}: {spoken(risk['actual']) or '-'}, expected {spoken(risk['expected']) or '-'}"
    entry = risk["whitelist"] or {}
    if risk["status"] == "open":
        _outcome(case, "failure", risk["severity"], said, _details(risk))
    elif risk["status"] == "unknown":
        _outcome(case, "error", "unknown", f"{risk['title']}: could not be read", _details(risk))
    elif risk["status"] == "whitelisted":
        accepted = f"{entry.get('reason')} (owner: {entry.get('owner')}, until {entry.get('expires')})"
        _outcome(case, "skipped", "whitelisted", accepted, "")
    else:
        SubElement(case, "system-out").text = _plain([f"fixed; {said}", *_details(risk).splitlines()])
    return case


def _outcome(case: Element, tag: str, kind: str, message: str, text: str) -> None:
    SubElement(case, tag, type=harmless(kind), message=harmless(message)).text = text or None


def _details(risk: dict) -> str:
    calls = [f"change: {one.get('product')} {one.get('action')} {one.get('params')}" for one in risk["changes"]]
    blocked = [f"left alone: {risk['blocked_by']}"] if risk["blocked_by"] else []
    return _plain([f"id: {risk['id']}", *map(spoken, risk["evidence"]), *calls, *blocked])


def _plain(lines: Iterable[str]) -> str:
    """One line each, without the characters that XML does not allow."""
    return "\n".join(map(harmless, lines))


def _examined(one: dict) -> Element:
    case = _test(f"{EXAMINATION}.{one['module']}", f"{one['host']} ({one['account_id'] or '?'}) {one['scope']}")
    counts = ", ".join(f"{count} {name}" for name, count in one["resources"].items())
    if one["complete"]:
        SubElement(case, "system-out").text = counts
    else:
        _outcome(case, "error", "incomplete", "not everything could be read", counts)
    return case


def _failed(error: dict) -> Element:
    case = _test(f"{EXAMINATION}.{error['module']}", f"{error['host']}: {error['task']}")
    _outcome(case, "error", "task", error["message"], "")
    return case
