# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepted risks: what an entry must hold, what it covers, and until when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError
from ansible_collections.hardening.alicloud.plugins.module_utils.whitelist import accept, idle, parse
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.examples import ACCOUNT, READ, WRITE, a_finding

TODAY = date(2026, 11, 23)
EXPIRED = "its whitelist entry expired on"


def raw(**fields: object) -> dict:
    """An entry as the task gives it."""
    return {
        "control": READ,
        "resource": "acme-site",
        "reason": "static site",
        "expires": "2027-06-30",
        "owner": "web team",
        **fields,
    }


@pytest.mark.parametrize("key", ["control", "resource", "reason", "owner"])
@pytest.mark.parametrize("value", ["", "  ", None])
def test_an_entry_without_one_of_its_fields_is_refused(key, value):
    """The sentence names the entry by its place, and the field."""
    with pytest.raises(OptionError, match=rf"whitelist entry 2 .* has no {key}:"):
        parse([raw(), raw(**{key: value})])


@pytest.mark.parametrize("value", ["", "soon", "30.06.2027", "2027-02-30", "2027-13-01", "2027-06-30 12:00", None])
def test_an_unreadable_date_is_refused(value):
    """The sentence quotes the date and says how to write it."""
    with pytest.raises(OptionError, match="YYYY-MM-DD") as refusal:
        parse([raw(expires=value)])
    assert f"{value!r}" in str(refusal.value)


def test_an_entry_is_told_as_it_was_written():
    """A whitelisted risk carries reason, owner and date verbatim."""
    (found,) = accept([a_finding()], parse([raw()]), TODAY)
    assert found.status == "whitelisted"
    assert found.whitelist == {"reason": "static site", "owner": "web team", "expires": "2027-06-30"}


@pytest.mark.parametrize(
    ("pattern", "covers"),
    [
        ("acme-site", True),
        ("acme-*", True),
        ("acme-?ite", True),
        ("[ab]cme-site", True),
        ("*", True),
        (f"acs:oss:*:{ACCOUNT}:acme-site", True),
        ("acs:oss:*:acme-*", True),
        ("acme", False),
        ("site", False),
        ("ACME-SITE", False),
        ("acs:oss:*:9999999999999999:*", False),
        ("!acme-site", False),
    ],
)
def test_a_pattern_is_over_arn_id_and_name(pattern, covers):
    """It fits as a whole, in its case, as a shell's pattern does."""
    (found,) = accept([a_finding()], parse([raw(resource=pattern)]), TODAY)
    assert (found.status == "whitelisted") == covers


@pytest.mark.parametrize(("pattern", "covers"), [("Front", True), ("front", False)])
def test_a_name_keeps_its_case(pattern, covers):
    """Two resources may differ in nothing else."""
    (found,) = accept([a_finding("Front")], parse([raw(resource=pattern)]), TODAY)
    assert (found.status == "whitelisted") == covers


def test_an_entry_covers_its_own_control_only():
    """Accepting that anyone reads does not accept that anyone writes."""
    reading, writing = accept([a_finding(), a_finding(control=WRITE)], parse([raw()]), TODAY)
    assert (reading.status, writing.status) == ("whitelisted", "open")


@pytest.mark.parametrize(("days", "status"), [(1, "whitelisted"), (0, "whitelisted"), (-1, "open")])
def test_an_entry_counts_through_its_last_day(days, status):
    """Past its date the risk is open, and says what it was accepted for and by whom."""
    expires = TODAY + timedelta(days)
    (found,) = accept([a_finding()], parse([raw(expires=expires.isoformat())]), TODAY)
    assert found.status == status
    assert (found.whitelist is None) == (status == "open")
    told = f"{EXPIRED} {expires} (reason: static site; owner: web team)"
    assert found.evidence == ((told,) if status == "open" else ())


@pytest.mark.parametrize("status", ["unknown", "compliant", "not_applicable"])
def test_only_an_open_risk_can_be_accepted(status):
    """What is unknown stays unknown, whoever accepted what."""
    assert accept([a_finding(status=status)], parse([raw()]), TODAY) == [a_finding(status=status)]


ENTRIES = st.lists(
    st.builds(
        raw,
        control=st.sampled_from([READ, WRITE]),
        resource=st.sampled_from(["acme-*", "acme-site", "logs", "*"]),
        reason=st.sampled_from(["a", "b"]),
        expires=st.dates(TODAY - timedelta(3), TODAY + timedelta(3)).map(str),
    ),
    max_size=5,
)


@given(ENTRIES)
def test_of_several_entries_the_one_that_ends_last_counts(entries):
    """A risk is accepted if any entry for it still counts, whatever their order, until the last day of any."""
    fitting = [one for one in entries if one["control"] == READ and one["resource"] != "logs"]
    last = max((one["expires"] for one in fitting), default="")
    (found,) = accept([a_finding()], parse(entries), TODAY)
    assert (found.status == "whitelisted") == (last >= TODAY.isoformat())
    if found.whitelist:
        assert found.whitelist["expires"] == last
    else:
        assert [EXPIRED in one and last in one for one in found.evidence] == [True] * bool(fitting)


@pytest.mark.parametrize(
    ("fields", "module", "warning"),
    [
        ({}, "oss_bucket_acl", None),
        ({"resource": "gone"}, "oss_bucket_acl", "matches no risk"),
        ({"control": WRITE}, "oss_bucket_acl", "matches no risk"),
        ({"resource": "clean"}, "oss_bucket_acl", "matches no risk"),
        ({"resource": "gone"}, "oss_bucket_versioning", None),
        ({"control": "oss-bucket-public"}, "oss_bucket_acl", "no control 'oss-bucket-public'"),
        ({"control": "oss-bucket-public"}, "oss_bucket_versioning", "no control 'oss-bucket-public'"),
    ],
)
def test_an_entry_that_fits_nothing_is_warned_about(fields, module, warning):
    """By the module that has its control, unless there is no such control at all."""
    findings = [a_finding(), a_finding("clean", "compliant")]
    warnings = idle(parse([raw(**fields)]), findings, module)
    assert len(warnings) == bool(warning)
    assert (warning or "") in "".join(warnings)


@pytest.mark.parametrize("name", ["acme-site", "*"])
def test_no_entry_seems_idle_while_what_it_covers_may_be_unread(name):
    """An estate that was not read whole proves no entry to be superfluous."""
    assert idle(parse([raw(control=WRITE)]), [a_finding(name, "unknown")], "oss_bucket_acl") == []
