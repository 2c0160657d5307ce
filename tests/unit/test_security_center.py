# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining Security Center's items and resources to ours, its score, and the remarks of our whitelist rules."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.controls import CONTROLS
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError, OptionError
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center import (
    Gaps,
    SecurityCenter,
    band_of,
    checked_map,
    controls_of,
    deductions,
    named,
    number_of,
    resource_of,
    site_of,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.security_center_rules import Accepted
from ansible_collections.hardening.alicloud.plugins.module_utils.whitelist import Entry, parse
from hypothesis import given
from hypothesis import strategies as st

ACCOUNT = "1234567890123456"
READ, WRITE, POLICY, VERSIONS, LOG, PORTS, GROUP_PORTS = (
    "oss-bucket-public-read-prohibited",
    "oss-bucket-public-write-prohibited",
    "oss-bucket-policy-no-any-anonymous",
    "oss-bucket-versioning-enabled",
    "slb-instance-log-enabled",
    "slb-listener-risk-ports-check",
    "sg-risky-ports-check",
)


@pytest.mark.parametrize(
    ("product", "name", "controls"),
    [
        ("OSS", "OSS-Bucket Access Permissions", (READ, WRITE, POLICY)),
        ("OSS", "oss - bucket access permissions", (READ, WRITE, POLICY)),
        ("OSS", "OSS-Enable Bucket version control", (VERSIONS,)),
        ("OSS", "OSS bucket versioning", (VERSIONS,)),
        ("OSS", "OSS-TLS version", ()),
        ("OSS", "OSS-enable Bucket server-side encryption", ()),
        ("OSS", "OSS-PublicReadOpenManifestFileWithoutEncryption", ()),
        ("OSS", "OSS-Bucket public read", (READ,)),
        ("OSS", "OSS-Unpublic readers", ()),
        ("SLB", "SLB-Enable access logs", (LOG,)),
        ("ALB", "Load balancer - access log", (LOG,)),
        ("SLB", "SLB login control", ()),
        ("SLB", "SLB-Listener opens risky ports", (PORTS,)),
        ("SLB", "SLB-HTTPS listener supports TLS 1.2", ()),
        ("SLB", "SLB-Certificate expiry report", ()),
        ("ECS", "ECS-Security group opens SSH to everybody", (GROUP_PORTS,)),
        ("ECS", "ECS - Security groups, high-risk ports", (GROUP_PORTS,)),
        ("ECS", "ECS-Security group rule supports description", ()),
        ("RDS", "OSS-Bucket Access Permissions", ()),
        ("", "OSS-Bucket Access Permissions", ()),
    ],
)
def test_an_item_is_joined_by_product_and_name(product, name, controls):
    """Case does not matter, the product does, and what a name only resembles is not taken for it."""
    assert controls_of(1, name, product, {}) == controls


@pytest.mark.parametrize("given", ["OSS - my own name", "*my own*", 4711, "4711", ["other", 4711]])
def test_the_option_checks_names_an_item_by_name_pattern_or_id(given):
    """What a control is given there counts alone for it, whatever the product."""
    checks = checked_map({VERSIONS: given})
    assert controls_of(4711, "OSS - my own name", "ANYTHING", checks) == (VERSIONS,)
    assert controls_of(5, "OSS bucket versioning", "OSS", checks) == ()
    assert controls_of(5, "OSS-Bucket Access Permissions", "OSS", checks) == (READ, WRITE, POLICY)


def test_the_option_checks_knows_the_controls():
    """A misspelt control is told at once."""
    with pytest.raises(OptionError, match="no control nonsense"):
        checked_map({"nonsense": 1})


def test_a_name_may_be_left_out():
    """By a pattern that begins with an exclamation mark."""
    assert named("OSS public access", ["*public*"])
    assert not named("OSS block public access", ["*public*", "!*block*"])
    assert not named("OSS public access", ["!*block*"])


def test_every_control_with_patterns_has_a_product():
    """A pattern without a product would never match."""
    for control, entry in CONTROLS.items():
        if entry["security_center"]:
            products = {"oss": "OSS", "slb": "SLB", "sg": "ECS"}
            for phrase in entry["security_center"]:
                assert control in controls_of(1, phrase.replace("*", ""), products[control.partition("-")[0]], {})


@pytest.mark.parametrize(
    ("product", "number", "arn", "kind"),
    [
        ("OSS", "acme-www", f"acs:oss:*:{ACCOUNT}:acme-www", "ACS::OSS::Bucket"),
        ("SLB", "lb-1", f"acs:slb:cn-hangzhou:{ACCOUNT}:loadbalancer/lb-1", "ACS::SLB::LoadBalancer"),
        ("SLB", "alb-1", f"acs:alb:cn-hangzhou:{ACCOUNT}:loadbalancer/alb-1", "ACS::ALB::LoadBalancer"),
        ("ECS", "sg-1", f"acs:ecs:cn-hangzhou:{ACCOUNT}:securitygroup/sg-1", "ACS::ECS::SecurityGroup"),
        ("ECS", "i-1", f"acs:ecs:cn-hangzhou:{ACCOUNT}:instance/i-1", "ACS::ECS::Instance"),
        ("RAM", "alice", f"acs:ram:cn-hangzhou:{ACCOUNT}:alice", "ACS::RAM"),
    ],
)
def test_a_resource_has_the_arn_of_the_control_modules(product, number, arn, kind):
    """Otherwise findings and risks could not be joined."""
    what = resource_of(product, number, number, "cn-hangzhou", ACCOUNT)
    assert (what.arn, what.type, what.region, what.account_id) == (arn, kind, "cn-hangzhou", ACCOUNT)


@pytest.mark.parametrize(
    ("regions", "site", "expected"),
    [
        ([], "auto", "cn-hangzhou"),
        (["cn-hongkong", "ap-northeast-1"], "auto", "cn-hangzhou"),
        (["ap-northeast-1", "eu-central-1"], "auto", "ap-southeast-1"),
        (["ap-northeast-1"], "china", "cn-hangzhou"),
        ([], "international", "ap-southeast-1"),
    ],
)
def test_the_site(regions, site, expected):
    """Only regions that are all outside China mean the international site, unless the user says so."""
    assert site_of(SimpleNamespace(regions=regions, site=site)) == expected


@pytest.mark.parametrize(
    ("score", "band"),
    [(100, "secure"), (95, "secure"), (94, "few_risks"), (85, "few_risks"), (84, "many_risks"), (69, "high_risk")],
)
def test_bands(score, band):
    """Each band begins where the help page says."""
    assert band_of(score) == band


def test_a_score_is_a_number():
    """The API gives a text."""
    assert (number_of({"Score": "85"}), number_of({"Score": "85.5"}), number_of(None)) == (85, 85.5, None)
    assert isinstance(number_of({"Score": "85"}), int)


def center_that_says(score):
    """Give a Security Center whose answer has this score."""
    answer = {"RequestId": "5F3C-1", "Score": score}
    cloud = SimpleNamespace(rpc=lambda *_unused, **_also: answer)
    return SecurityCenter(cloud, SimpleNamespace(checks={}, site="auto", regions=[]))


@pytest.mark.parametrize(("said", "score"), [("85", 85), (85, 85), (0, 0), ("0", 0), ("", None), (None, None)])
def test_nought_is_a_score_and_nothing_is_none(said, score):
    """However the API writes it."""
    assert number_of(center_that_says(said).score("legacy")) == score


@pytest.mark.parametrize("said", ["--", "N/A", "nan", True])
def test_a_score_that_is_no_number_is_not_readable(said):
    """It is a gap with its request id, not a crash."""
    with pytest.raises(CloudError, match=r"no number.*5F3C-1"):
        center_that_says(said).score("legacy")


def test_deductions_are_the_apis():
    """Points are copied, and unknown kinds come through."""
    answer = {
        "Suggestions": [
            {"SuggestType": "SS_X", "Points": 7, "Detail": [{"SubType": "A", "Title": "a"}, {"SubType": "B"}]},
            {"SuggestType": "SS_NEW", "Points": 1},
        ]
    }
    assert deductions("legacy", answer) == [
        {"model": "legacy", "type": "SS_X", "sub_type": "A", "title": "a", "points": 7},
        {"model": "legacy", "type": "SS_X", "sub_type": "B", "title": "", "points": 7},
        {"model": "legacy", "type": "SS_NEW", "sub_type": "", "title": "", "points": 1},
    ]
    assert deductions("legacy", None) == []


def failing(code):
    def read():
        raise CloudError("ListCheckResult", code, "no", "5F3C-1", 400)

    return read


def test_gaps_tell_what_was_not_bought_from_what_was_denied():
    """The first is no failure, the second is unread."""
    gaps = Gaps()
    assert gaps.attempt("score", lambda: 7) == 7
    assert gaps.attempt("findings", failing("NoPurchase")) is None
    assert gaps.attempt("alerts", failing("NoPermission")) is None
    assert [(one["what"], one["code"], one["request_id"]) for one in gaps.unavailable] == [
        ("findings", "NoPurchase", "5F3C-1")
    ]
    assert [(one["what"], one["code"]) for one in gaps.unread] == [("alerts", "NoPermission")]


def test_a_wrong_key_is_no_gap():
    """It ends the run."""
    with pytest.raises(CloudError):
        Gaps().attempt("score", failing("InvalidAccessKeyId.NotFound"))


# --- remarks -------------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).filter(str.strip)


@given(WORDS, WORDS, st.sampled_from(["\n", "\r\n", "\r", "\r\r\n", "\n\r\n"]), WORDS)
def test_a_remark_can_be_read_back_word_for_word(owner, first, line_end, second):
    """Whatever people write: owner, reason and date stand in the remark as they are, and come out as they went in.

    Line ends are one kind in a remark, for what reads it back can't tell whose they were.
    """
    reason = f"{first}{line_end}{second}"
    accepted = Accepted.of(Entry(READ, "*", reason, date(2031, 12, 31), owner))
    assert Accepted.read(accepted.remark) == accepted
    written = "\n\n" if line_end == "\n\r\n" else "\n"
    assert (accepted.reason, accepted.expires) == (f"{first}{written}{second}".strip(), "2031-12-31")
    assert accepted.reason in accepted.remark
    assert accepted.remark.startswith("hardening.alicloud\n")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_remark_survives_what_a_console_does_to_it(line_end):
    """Other line ends and space around it change nothing."""
    accepted = Accepted(READ, "2031-12-31", "web team", "static website")
    assert Accepted.read(line_end + accepted.remark.replace("\n", line_end) + line_end) == accepted


@pytest.mark.parametrize(
    "remark",
    [
        "",
        "by hand",
        "hardening.alicloud",
        "hardening.alicloud\ncontrol: x",
        "not\ncontrol: \nexpires: \nowner: \nreason: ",
    ],
)
def test_anything_else_is_somebody_elses(remark):
    """Even what only begins as ours do."""
    assert Accepted.read(remark) is None


# --- scope ---------------------------------------------------------------------------------------------------------

ENTRY = {"control": VERSIONS, "resource": "*", "reason": "copies", "owner": "qa", "expires": "2031-12-31"}


def test_the_scope_is_the_resource_unless_it_is_asked_for():
    """Whole items are never whitelisted by default."""
    assert [entry.scope for entry in parse([ENTRY, {**ENTRY, "scope": "item"}])] == ["instance", "item"]


def test_a_whole_item_is_accepted_for_every_resource_or_not_at_all():
    """An entry for one resource must not hide the others."""
    with pytest.raises(OptionError, match="scope item"):
        parse([{**ENTRY, "scope": "item", "resource": "acme-www"}])
