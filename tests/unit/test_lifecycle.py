# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifecycle documents: what is there stays, and old versions go in time."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.lifecycle import RULE, bounded, with_bound
from hypothesis import given
from hypothesis import strategies as st


def rule(inside: str, status: str = "Enabled", name: str = "theirs") -> str:
    """One rule of somebody else's."""
    return f"<Rule><ID>{name}</ID><Status>{status}</Status>{inside}</Rule>"


def document(*rules: str) -> str:
    """A lifecycle document of these rules."""
    return f"<LifecycleConfiguration>{''.join(rules)}</LifecycleConfiguration>"


def parsed(text: str) -> Element:
    """A document of this file's own making as elements."""
    return fromstring(text)  # noqa: S314


def expiry(days: object) -> str:
    """The element that lets old versions go."""
    return f"<NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays></NoncurrentVersionExpiration>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, False),
        (document(), False),
        (document(rule("<Prefix></Prefix>" + expiry(30))), True),
        (document(rule(expiry(30))), True),
        (document(rule(expiry(" 30\n"))), True),
        (document(rule(expiry(7))), True),
        (document(rule(expiry(31))), False),
        (document(rule(expiry(30), status="Disabled")), False),
        (document(rule("<Prefix>logs/</Prefix>" + expiry(30))), False),
        (document(rule("<Prefix> </Prefix>" + expiry(30))), False),
        (document(rule("<Tag><Key>a</Key><Value>b</Value></Tag>" + expiry(30))), False),
        (document(rule("<Filter><Not><Prefix>logs/</Prefix></Not></Filter>" + expiry(30))), False),
        (document(rule(expiry("soon"))), False),
        (document(rule(expiry("²"))), False),
        (document(rule("<Expiration><Days>30</Days></Expiration>")), False),
        (document(rule("<Prefix>logs/</Prefix>" + expiry(30)), rule(expiry(20))), True),
    ],
)
def test_a_bound_is_an_enabled_rule_for_the_whole_bucket(text, expected):
    """Rules that are off, too late or narrowed to a part of the bucket bound nothing."""
    assert bounded(text, 30) is expected


def test_a_later_rule_for_the_whole_bucket_is_made_sooner():
    """No second rule is put beside one that does the same later; all else of it stays."""
    given = document(rule("<Prefix/>" + expiry(90) + "<Expiration><Days>400</Days></Expiration>"))
    assert with_bound(given, 30) == given.replace("90", "30").replace("<Prefix/>", "<Prefix />")


def test_a_bound_of_our_own_is_renewed_in_its_place():
    """The rule that an earlier run added is replaced, not doubled."""
    merged = parsed(with_bound(with_bound(None, 90), 30))
    assert [(one.findtext("ID"), one.findtext(".//NoncurrentDays")) for one in merged] == [(RULE, "30")]


def test_a_disabled_rule_of_our_own_does_not_count():
    """Where somebody switched our rule off, it is put back on."""
    off = with_bound(None, 30).replace("Enabled", "Disabled")
    assert not bounded(off, 30)
    assert bounded(with_bound(off, 30), 30)
    assert with_bound(off, 30).count(RULE) == 1


ABORT = "<AbortMultipartUpload><Days>7</Days></AbortMultipartUpload>"


def test_what_somebody_added_to_our_rule_stays():
    """Only its days are changed."""
    theirs = with_bound(None, 60).replace("</Rule>", f"{ABORT}</Rule>")
    assert with_bound(theirs, 30) == theirs.replace(">60<", ">30<")


@pytest.mark.parametrize("change", [(">Enabled<", ">Disabled<"), ("<Prefix />", "<Prefix>logs/</Prefix>")])
def test_a_rule_of_ours_that_became_another_is_left_alone(change):
    """What somebody made of it is not switched on or widened: a rule under another name goes beside it."""
    theirs = with_bound(None, 7).replace("</Rule>", f"{ABORT}</Rule>").replace(*change)
    merged = with_bound(theirs, 30)
    assert bounded(merged, 30)
    assert merged.startswith(theirs.removesuffix("</LifecycleConfiguration>"))
    assert [one.findtext("ID") for one in parsed(merged)] == [RULE, f"{RULE}-2"]


DAYS = st.integers(1, 400)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=6)
TAGS = st.sampled_from(["Prefix", "Tag", "Filter", "Expiration", "Transition", "AtimeBase", "Unheard-of", "ID"])


@st.composite
def elements(draw, depth=1):
    """An element as OSS may one day send it, known here or not."""
    element = Element(draw(TAGS))
    element.text = draw(TEXTS)
    element.extend(draw(st.lists(elements(depth - 1), max_size=2)) if depth else [])
    return element


@st.composite
def rules(draw):
    """A rule with a status, perhaps an expiry of old versions, and anything beside."""
    element = Element("Rule")
    SubElement(element, "ID").text = draw(st.sampled_from([RULE, "theirs", ""]))
    SubElement(element, "Status").text = draw(st.sampled_from(["Enabled", "Disabled"]))
    if draw(st.booleans()):
        SubElement(element, "Prefix").text = draw(st.sampled_from(["", "logs/"]))
    if draw(st.booleans()):
        element.append(parsed(expiry(draw(DAYS))))
    element.extend(draw(st.lists(elements(), max_size=2)))
    return element


@st.composite
def documents(draw):
    """A whole lifecycle document, or none."""
    root = Element("LifecycleConfiguration")
    root.extend(draw(st.lists(st.one_of(rules(), elements()), max_size=4)))
    return draw(st.sampled_from([None, tostring(root, encoding="unicode")]))


@given(documents(), DAYS)
def test_the_merged_document_is_always_bounded(text, days):
    """Whatever was there, old versions go in time once the merged document is."""
    assert bounded(with_bound(text, days), days)


@given(documents(), DAYS)
def test_merging_twice_is_merging_once(text, days):
    """The merged document needs no further merging."""
    once = with_bound(text, days)
    assert with_bound(once, days) == once


@given(documents(), DAYS)
def test_only_the_days_of_others_ever_change(text, days):
    """Every element comes back in its order and letter for letter, but for days that were too many and our own rule
    that was off; one rule at most is added, at the end.
    """
    before, after = (shown(one, days) for one in (text or document(), with_bound(text, days)))
    assert after[: len(before)] == before
    assert len(after) <= len(before) + 1


def shown(text: str, days: int) -> list[str]:
    """The elements of a document, each number of days for old versions capped; a rule as we add it shows as ours."""
    root = parsed(text)
    for number in root.iterfind("Rule/NoncurrentVersionExpiration/NoncurrentDays"):
        number.text = str(min(int(number.text), days))
    ours = parsed(with_bound(None, days))[0]
    return ["ours" if tags(one) == tags(ours) and one[0].text == RULE else tostring(one, "unicode") for one in root]


def tags(element: Element) -> list[str]:
    """The names of an element's children, in any order."""
    return sorted(child.tag for child in element)


@given(documents(), DAYS, DAYS)
def test_a_narrower_bound_is_a_bound_too(text, days, more):
    """What is bounded by some days is bounded by more of them."""
    assert bounded(with_bound(text, days), days + more)


@given(documents(), DAYS)
def test_merging_never_keeps_old_versions_longer(text, days):
    """A document that already is in bounds for fewer days stays so."""
    for fewer in (1, max(1, days // 2)):
        if bounded(text, fewer):
            assert bounded(with_bound(text, days), fewer)
