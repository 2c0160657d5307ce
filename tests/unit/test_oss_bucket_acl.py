# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may enter a bucket, against a second judge; what closes it, and what speaks against that."""

from __future__ import annotations

from itertools import product
from xml.etree.ElementTree import Element

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError, OptionError
from ansible_collections.hardening.alicloud.plugins.modules.oss_bucket_acl import assess, read

from tests.unit.examples import POLICY, READ, WRITE, FakeCloud, a_resource, at, options, refused

UNREAD = "unread"
ACLS = ("private", "public-read", "public-read-write")
ANSWERS = (False, True, UNREAD)
OPTIONS = [
    options(acl=acl, block_public_access=block, force=force)
    for acl, block, force in product(ACLS, (False, True), (False, True))
    if acl == "private" or not block
]
HARDENED = options(acl="private", block_public_access=True, force=False)
NAMES = [f"{one.acl}{'+block' * one.block_public_access}{'+force' * one.force}" for one in OPTIONS]


def state(acl="private", **more: object) -> dict:
    """All that there is to know of one bucket; what is not given is closed or not there."""
    return {"acl": acl, **dict.fromkeys(("own", "account", "policy", "website", "domains"), False), **more}


STATES = [
    dict(zip(state(), values, strict=True))
    for values in product(ACLS, (False, True), ANSWERS, ANSWERS, ANSWERS, ANSWERS)
]


def cloud_of(one: dict) -> FakeCloud:
    """An account with one bucket in that state; what is unread is denied."""
    served = {"website": (None, Element("WebsiteConfiguration")), "domains": ((), ("www.example.com",))}
    answers = {
        "policy_is_public": one["policy"],
        "website": UNREAD if one["website"] == UNREAD else served["website"][one["website"]],
        "domains": UNREAD if one["domains"] == UNREAD else served["domains"][one["domains"]],
    }
    answers = {name: refused(name) if answer == UNREAD else answer for name, answer in answers.items()}
    account = {"account_blocked": refused() if one["account"] == UNREAD else one["account"]}
    info = {"acl": one["acl"], "blocked": one["own"], "versioning": ""}
    return FakeCloud({"acme-site": {"bucket_info": info, **answers}, "": account})


def judged(one: dict, given=HARDENED) -> dict:
    """The findings about a bucket in that state, by control."""
    return {finding.control: finding for finding in assess(read(cloud_of(one), given, None), given)}


def anonymous(acl: str, *, own: bool, account: bool, policy: bool) -> set[str]:
    """What a caller without a key may do: the second judge, which knows nothing of the first."""
    if own or account:
        return set()
    granted = {"private": set(), "public-read": {READ}, "public-read-write": {READ, WRITE}}[acl]
    return granted | ({POLICY} if policy else set())


def possible(one: dict) -> list[set[str]]:
    """What a caller without a key may do, for everything that the unread could turn out to be."""
    accounts, policies = (ANSWERS[:2] if one[name] == UNREAD else (one[name],) for name in ("account", "policy"))
    return [
        anonymous(one["acl"], own=one["own"], account=account, policy=policy)
        for account in accounts
        for policy in policies
    ]


def accepted(given) -> set[str]:
    """The controls that the options themselves put out of force."""
    return set({"private": (), "public-read": (READ,), "public-read-write": (READ, WRITE)}[given.acl])


@pytest.mark.parametrize("given", OPTIONS, ids=NAMES)
def test_a_bucket_is_open_unknown_or_closed_as_a_second_judge_says(given):
    """A control is open if anyone can enter, unknown if that depends on something unread, else compliant."""
    for one in STATES:
        cases = possible(one)
        for control, finding in judged(one, given).items():
            enters = {control in case and control not in accepted(given) for case in cases}
            expected = "unknown" if len(enters) == 2 else "open" if enters == {True} else "compliant"
            assert finding.status == expected, (one, control)


def test_nothing_is_left_out():
    """Every bucket that can be read is judged under each of the three controls."""
    assert all(set(judged(one)) == {READ, WRITE, POLICY} for one in STATES)


@pytest.mark.parametrize("given", OPTIONS, ids=NAMES)
def test_what_is_unknown_names_what_was_not_readable(given):
    """A finding that is unknown carries the trace of a failed reading call, and has nothing to send."""
    for one in STATES:
        for finding in judged(one, given).values():
            if finding.status == "unknown":
                assert finding.unread, one
                assert finding.changes == (), one


@pytest.mark.parametrize("given", OPTIONS, ids=NAMES)
def test_sending_the_changes_closes_what_they_are_for_and_the_undo_opens_it_again(given):
    """A bucket as its changes leave it has no such risk any more, and its undo calls lead back to where it was."""
    closable = 0
    for one in STATES:
        for control, finding in judged(one, given).items():
            if not finding.closable:
                continue
            closable += 1
            after = after_calls(one, [change.call for change in finding.changes])
            assert judged(after, given)[control].status == "compliant", (one, control)
            assert after_calls(after, [change.undo for change in reversed(finding.changes)]) == one
    assert bool(closable) == (given.acl != "public-read-write")


def after_calls(one: dict, calls: list) -> dict:
    """The state of a bucket after writing calls."""
    for call in calls:
        assert {name: call.params[name] for name in at()} == at()
        if call.action == "PutBucketAcl":
            one = {**one, "acl": call.params["acl"]}
        else:
            assert call.action == "PutBucketPublicAccessBlock"
            one = {**one, "own": {"true": True, "false": False}[call.params["block"]]}
    return one


ACL_OFF = ("PutBucketAcl", "acl", "private", "public-read-write")
BLOCK_ON = ("PutBucketPublicAccessBlock", "block", "true", "false")


@pytest.mark.parametrize(
    ("block", "control", "expected"),
    [
        (True, READ, [ACL_OFF, BLOCK_ON]),
        (True, WRITE, [ACL_OFF, BLOCK_ON]),
        (True, POLICY, [BLOCK_ON]),
        (False, READ, [ACL_OFF]),
        (False, WRITE, [ACL_OFF]),
        (False, POLICY, []),
    ],
)
def test_the_changes_stand_in_the_order_of_sending(block, control, expected):
    """The ACL goes first, Block Public Access second, each with the call that undoes it."""
    given = options(acl="private", block_public_access=block, force=False)
    finding = judged(state("public-read-write", policy=True), given)[control]
    shown = [
        (change.call.action, name, change.call.params[name], change.undo.params[name])
        for change in finding.changes
        for name in ("acl", "block")
        if name in change.call.params
    ]
    assert shown == expected
    assert all(change.undo.action == change.call.action for change in finding.changes)


@pytest.mark.parametrize(
    ("website", "domains", "force", "reason"),
    [
        (False, False, False, None),
        (True, False, False, "it serves a website, which"),
        (False, True, False, "it serves the domain www.example.com, which"),
        (True, True, False, "it serves a website and the domain www.example.com, which"),
        (UNREAD, False, False, "could not be read"),
        (False, UNREAD, False, "could not be read"),
        (True, UNREAD, False, "could not be read"),
        (True, True, True, None),
        (UNREAD, UNREAD, True, None),
    ],
)
@pytest.mark.parametrize("opened", [{"acl": "public-read"}, {"policy": True}], ids=["acl", "policy"])
def test_a_bucket_that_serves_something_is_not_broken(website, domains, force, reason, opened):
    """What a bucket serves, or may serve, stands against closing it unless the task insists."""
    given = options(acl="private", block_public_access=True, force=force)
    finding = judged(state(website=website, domains=domains, **opened), given)[POLICY if "policy" in opened else READ]
    assert finding.status == "open"
    assert (reason is None) == (finding.blocked_by is None)
    assert (reason or "") in (finding.blocked_by or "")
    assert bool(finding.unread) == (UNREAD in (website, domains) and not force)
    assert finding.closable == (reason is None)


@pytest.mark.parametrize("force", [False, True])
def test_a_policy_is_never_edited(force):
    """A public policy with Block Public Access unwanted is reported, whatever the task insists on."""
    given = options(acl="private", block_public_access=False, force=force)
    finding = judged(state(policy=True), given)[POLICY]
    assert (finding.status, finding.changes) == ("open", ())
    assert "by hand" in finding.blocked_by


@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (state("public-read", own=True, policy=True), set()),
        (state("public-read", account=True, policy=True), set()),
        (state("private"), {"policy_is_public"}),
        (state("private", policy=UNREAD), {"policy_is_public"}),
        (state("private", policy=True), {"policy_is_public", "website", "domains"}),
        (state("public-read"), {"policy_is_public", "website", "domains"}),
    ],
)
def test_only_what_can_still_matter_is_asked(one, asked):
    """Behind Block Public Access nothing more is read, and what a bucket serves only if it may have to be closed."""
    cloud = cloud_of(one)
    read(cloud, HARDENED, None)
    assert {question for bucket, question in cloud.asked if bucket} == asked | {"bucket_info"}
    assert len(cloud.asked) == len(asked) + 3


@pytest.mark.parametrize("acl", ["public-read", "public-read-write"])
def test_a_public_acl_under_block_public_access_is_refused(acl):
    """Options that contradict each other end the run before anything is read."""
    cloud = cloud_of(state())
    with pytest.raises(OptionError, match="block_public_access: false"):
        read(cloud, options(acl=acl, block_public_access=True, force=False), None)
    assert cloud.asked == []


def test_an_unreadable_bucket_is_unknown_and_the_others_are_judged():
    """A bucket whose information is denied is one unknown finding; its neighbour is judged as ever."""
    cloud = cloud_of(state("public-read"))
    cloud.reads["secret"] = {"bucket_info": refused()}
    findings = assess(read(cloud, HARDENED, None), HARDENED)
    secret = [finding for finding in findings if finding.resource.name == "secret"]
    assert [(finding.status, finding.unread[0].code) for finding in secret] == [("unknown", "AccessDenied")]
    assert [finding.status for finding in findings if finding.resource.name == "acme-site"] == [
        "open",
        "compliant",
        "compliant",
    ]


def test_a_bucket_that_vanished_is_left_out_with_a_warning():
    """A bucket that is gone when its information is asked for is neither compliant nor a risk."""
    cloud = cloud_of(state())
    cloud.reads["acme-site"]["bucket_info"] = refused(code="NoSuchBucket", status=404)
    assert read(cloud, HARDENED, None) == []
    assert "acme-site was deleted" in cloud.warnings[0]


def test_a_bucket_that_vanishes_while_its_details_are_read_is_left_out_too():
    """A bucket that is gone when its policy is asked for is not taken for an unreadable one."""
    cloud = cloud_of(state())
    cloud.reads["acme-site"]["policy_is_public"] = refused(code="NoSuchBucket", status=404)
    assert read(cloud, HARDENED, None) == []


def test_a_denied_list_is_one_unknown_for_all():
    """Where the list of buckets is denied, the account counts as unknown instead of empty."""
    cloud = cloud_of(state())
    cloud.reads[""]["list_buckets"] = refused("ListBuckets")
    findings = assess(read(cloud, HARDENED, None), HARDENED)
    assert [(finding.status, finding.resource.name) for finding in findings] == [("unknown", "*")]


@pytest.mark.parametrize("question", ["list_buckets", "account_blocked"])
def test_a_wrong_key_ends_the_run(question):
    """A key that the cloud does not know makes nothing unknown: it is told at once."""
    cloud = cloud_of(state())
    cloud.reads[""][question] = refused("ListBuckets", "InvalidAccessKeyId")
    with pytest.raises(CloudError, match="InvalidAccessKeyId"):
        read(cloud, HARDENED, None)


def test_only_the_named_buckets_are_read():
    """Patterns choose buckets, a pattern that fits none is warned about, and a second read takes ARNs."""
    cloud = cloud_of(state())
    cloud.reads["logs"] = cloud.reads["acme-site"]
    chosen = read(cloud, options(**{**vars(HARDENED), "names": ["acme-*", "web-*"]}), None)
    assert [bucket.resource.name for bucket in chosen] == ["acme-site"]
    assert cloud.warnings == ["names: no bucket in scope matches 'web-*'."]
    again = read(cloud, HARDENED, frozenset({a_resource("logs").arn}))
    assert [bucket.resource.name for bucket in again] == ["logs"]


@pytest.mark.parametrize(
    ("regions", "found"),
    [([], 1), (["ap-northeast-1"], 1), (["cn-hangzhou"], 0), (["ap-northeast-1", "cn-hangzhou"], 1)],
)
def test_regions_narrow_the_scope(regions, found):
    """Buckets of other regions are left out; a region without buckets is one that the account must have."""
    assert len(read(cloud_of(state()), options(**{**vars(HARDENED), "regions": regions}), None)) == found


def test_a_region_that_the_account_does_not_have_is_refused():
    """A misspelt region is told, for silence about it would pass for a clean audit."""
    with pytest.raises(OptionError, match="no region cn-hangzou; it has ap-northeast-1, cn-hangzhou"):
        read(cloud_of(state()), options(**{**vars(HARDENED), "regions": ["cn-hangzou"]}), None)
