# SPDX-License-Identifier: GPL-3.0-or-later
"""The rites around every control module: check mode, ceilings, sending, reading again, and what is told of it."""

from __future__ import annotations

import threading
from copy import deepcopy
from dataclasses import replace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import enforce as rites
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import (
    CONNECTION,
    NotSentError,
    OptionError,
    Unread,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.journal import load
from ansible_collections.hardening.alicloud.plugins.module_utils.values import Plan
from ansible_collections.hardening.alicloud.plugins.modules import oss_bucket_acl, oss_bucket_versioning

from tests.unit.examples import ACCOUNT, POLICY, READ, WRITE, a_finding, a_resource, refused, set_acl
from tests.unit.world import CLOSED, PUBLIC, Player, World

ACL, BLOCK = "PutBucketAcl", "PutBucketPublicAccessBlock"


@pytest.fixture
def play(monkeypatch, tmp_path) -> Player:
    """Run modules on a world; the journal lies in the test's own folder."""
    return Player(monkeypatch, tmp_path / "journal.jsonl")


def entry(name: str, control: str = READ, expires: str = "9999-12-31") -> dict:
    """A whitelist entry."""
    return {"control": control, "resource": name, "reason": "static site", "owner": "web", "expires": expires}


def statuses(outcome: dict) -> dict[tuple[str, str], str]:
    """The status of each risk, by bucket and control."""
    return {(risk["resource_name"], risk["control"]): risk["status"] for risk in outcome["risks"]}


# Ceilings


def ceiling(maximum: str | None, touched: int, examined: int) -> str | None:
    """What max_changes says of a plan for the first so many buckets."""
    plan = Plan(tuple(set_acl(str(number), "private") for number in range(touched)))
    return rites._ceiling(maximum)(plan, {a_resource(str(number)).arn for number in range(examined)})


@pytest.mark.parametrize(
    ("maximum", "touched", "examined", "allowed"),
    [
        (None, 100, 100, True),
        ("", 100, 100, True),
        ("3", 3, 10, True),
        ("3", 4, 10, False),
        ("0", 0, 10, True),
        ("0", 1, 10, False),
        ("20%", 2, 10, True),
        ("20%", 3, 10, False),
        (" 20 % ", 2, 10, True),
        ("5%", 1, 19, False),
        ("5%", 1, 20, True),
        ("100%", 10, 10, True),
        ("0%", 1, 10, False),
        ("1", 5, 0, True),
    ],
)
def test_a_ceiling_counts_resources(maximum, touched, examined, allowed):
    """A number or a share of those examined, rounded down; what is not examined itself does not count."""
    verdict = ceiling(maximum, touched, examined)
    assert (verdict is None) == allowed
    assert allowed or f"{touched} of {examined} resources" in verdict


@pytest.mark.parametrize("maximum", ["many", "-1", "1.5", "5%%", "%", "101%", "5% of all", "²", "²%"])
def test_a_ceiling_that_makes_no_sense_is_refused(maximum):
    """Before anything is read, with the value and examples of better ones."""
    with pytest.raises(OptionError, match=r"max_changes .*neither"):
        rites._ceiling(maximum)


def test_a_ceiling_counts_a_resource_once():
    """Two changes of one bucket are one resource changed."""
    plan = Plan((set_acl("a", "private"), set_acl("a", "public-read-write")))
    assert rites._ceiling("1")(plan, {a_resource("a").arn}) is None


def test_nothing_is_sent_above_the_ceiling(play):
    """The run stops before its first change and tells what it would have done; a check only warns."""
    world = World({"a": PUBLIC, "b": PUBLIC, "c": CLOSED})
    outcome = play(world, oss_bucket_acl.main, max_changes="1")
    assert (outcome["failed"], outcome["changed"], world.sent) == (True, False, [])
    assert outcome["msg"].startswith("Nothing was changed: 2 of 3 resources")
    assert len(outcome["diff"]) == 2
    check = play(world, oss_bucket_acl.main, max_changes="1", check=True)
    assert (check["failed"], check["changed"]) == (False, True)
    assert any("would stop: 2 of 3" in warning for warning in check["warnings"])


# Accepted risks


def test_what_the_whitelist_accepts_is_not_closed_by_another_control():
    """A change that two findings share is not sent if one of them is accepted; the other says so."""
    change = set_acl("acme-site", "private")
    accepted = a_finding(status="whitelisted", changes=(change,))
    other = a_finding(control=WRITE, changes=(change,))
    first, second = rites._spare_accepted([accepted, other])
    assert first == accepted
    assert READ in second.blocked_by
    assert not second.closable


@pytest.mark.parametrize(("name", "acl", "status"), [("logs", "private", "open"), ("acme-site", "public-read", "open")])
def test_an_accepted_risk_spares_its_own_changes_only(name, acl, status):
    """Neither other buckets nor other changes of the same bucket are spared."""
    accepted = a_finding(status="whitelisted", changes=(set_acl("acme-site", "private"),))
    other = a_finding(name, control=WRITE, changes=(set_acl(name, acl),))
    assert rites._spare_accepted([accepted, other])[1] == other
    assert other.status == status


def test_an_accepted_risk_is_not_closed_on_another_resource():
    """Where closing a finding would close it too."""
    accepted = a_finding("acme-site", status="whitelisted", changes=(set_acl("acme-site", "private"),))
    other = a_finding("logs", changes=(set_acl("logs", "private"),), also=(accepted.resource.arn,))
    assert "which the whitelist accepts for acme-site" in rites._spare_accepted([accepted, other])[1].blocked_by
    assert rites._spare_accepted([replace(accepted, status="open"), other])[1] == other


def test_sparing_takes_nothing_from_a_finding_that_is_blocked_already():
    """The first reason stands."""
    change = set_acl("acme-site", "private")
    blocked = a_finding(control=WRITE, changes=(change,), blocked_by="it serves a website")
    assert rites._spare_accepted([a_finding(status="whitelisted", changes=(change,)), blocked])[1] == blocked


def test_an_accepted_bucket_stays_as_it_is(play):
    """From end to end: nothing is sent to it, and the other bucket is closed."""
    world = World({"site": PUBLIC, "b": PUBLIC})
    outcome = play(world, oss_bucket_acl.main, whitelist=[entry("site")])
    assert statuses(outcome) == {("site", READ): "whitelisted", ("b", READ): "fixed"}
    assert {bucket for bucket, _unused in world.sent} == {"b"}
    assert world.reads["site"] == PUBLIC


def test_closing_what_is_not_accepted_does_not_undo_what_is(play):
    """Anyone may read by the whitelist, and write by nobody's leave: the bucket stays, and the risk says why."""
    world = World({"site": {**PUBLIC, "acl": "public-read-write"}})
    outcome = play(world, oss_bucket_acl.main, whitelist=[entry("site")])
    assert (statuses(outcome), world.sent) == ({("site", READ): "whitelisted", ("site", WRITE): "open"}, [])
    assert READ in outcome["risks"][1]["blocked_by"]


@pytest.mark.parametrize("broken", [entry("site", expires="soon"), {**entry("site"), "reason": " "}])
def test_a_malformed_whitelist_ends_the_run_before_anything_is_read(play, broken):
    """One sentence, and no call."""
    world = World({"site": PUBLIC})
    outcome = play(world, oss_bucket_acl.main, whitelist=[broken])
    assert (outcome["failed"], world.asked) == (True, [])
    assert "whitelist entry 1" in outcome["msg"]


# What became of a risk

TRACE = Unread.of(refused("ListBuckets"))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("open", "compliant", "fixed"),
        ("open", "not_applicable", "fixed"),
        ("open", "open", "open"),
        ("open", "whitelisted", "open"),
        ("open", "unknown", "unknown"),
        ("open", None, "unknown"),
        ("unknown", "compliant", "unknown"),
        ("whitelisted", "compliant", "whitelisted"),
        ("compliant", "open", "compliant"),
    ],
)
def test_a_risk_is_fixed_only_if_a_later_read_shows_it(before, now, expected):
    """What is gone or unreadable afterwards is unknown, and only what was open can have been fixed."""
    first = a_finding(status=before)
    latest = [a_finding(status=now)] if now else []
    (found,) = rites._outcome([first], latest, frozenset({first.resource.arn}))
    assert found.status == expected
    assert bool(found.evidence) == (before == "open" and expected == "unknown")


@pytest.mark.parametrize(
    ("blind", "told"),
    [
        (a_finding("*", "unknown", unread=(TRACE,)), True),
        (a_finding(status="unknown", control=POLICY, unread=(TRACE,)), True),
        (a_finding("logs", "unknown", control=POLICY, unread=(TRACE,)), False),
    ],
)
def test_a_resource_is_gone_only_where_the_last_read_saw_that(blind, told):
    """An unreadable list, or the same resource unreadable under another control, is no sign of it; another one's is."""
    first = [a_finding(), a_finding("logs", "compliant")]
    found, untouched = rites._outcome(first, [blind], frozenset({first[0].resource.arn}))
    assert (found.status, found.unread) == ("unknown", (TRACE,) if told else ())
    assert ("could not be read" in found.evidence[-1], "it was gone" in found.evidence[-1]) == (told, not told)
    assert untouched == first[1]


def test_what_was_not_touched_is_not_judged_again():
    """A resource that no change was for keeps its first finding."""
    assert rites._outcome([a_finding()], [a_finding(status="compliant")], frozenset()) == [a_finding()]


def test_one_control_does_not_speak_for_another():
    """The last read is matched by resource and control."""
    first = [a_finding(), a_finding(control=WRITE), a_finding("logs")]
    latest = [a_finding(status="compliant"), a_finding(control=WRITE), a_finding("logs")]
    arns = frozenset(finding.resource.arn for finding in first)
    assert [finding.status for finding in rites._outcome(first, latest, arns)] == ["fixed", "open", "open"]


def test_a_fixed_risk_is_blocked_by_nothing():
    """What stood against closing it is not told of a risk that went away with another's change."""
    first = a_finding(blocked_by="by hand")
    (found,) = rites._outcome([first], [a_finding(status="compliant")], frozenset({first.resource.arn}))
    assert (found.status, found.blocked_by) == ("fixed", None)


# Whole runs


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_a_run_closes_what_its_check_foretold(play, lag):
    """Check and run show the same risks but for their status, and the same diff, also if later reads lag behind."""
    world = World({"a": PUBLIC, "b": CLOSED, "c": {**PUBLIC, "acl": "public-read-write"}}, lag=lag)
    check = play(world, oss_bucket_acl.main, check=True)
    assert (world.sent, check["changed"], check["failed"]) == ([], True, False)
    outcome = play(world, oss_bucket_acl.main)
    assert (outcome["changed"], outcome["failed"], outcome["msg"]) == (True, False, "")
    assert outcome["diff"] == check["diff"]
    assert [{**risk, "status": "open"} for risk in outcome["risks"]] == check["risks"]
    assert set(statuses(outcome).values()) == {"fixed"}
    assert sorted(world.sent) == [("a", ACL), ("a", BLOCK), ("c", ACL), ("c", BLOCK)]
    assert len(play.waits) == lag
    again = play(world, oss_bucket_acl.main)
    assert (again["changed"], again["risks"], again["summary"]["compliant"]) == (False, [], 3)
    assert "journal" not in again


def test_each_resources_changes_are_sent_in_order(play):
    """The ACL of a bucket goes before its Block Public Access."""
    world = World({"a": PUBLIC})
    play(world, oss_bucket_acl.main)
    assert world.sent == [("a", ACL), ("a", BLOCK)]


def test_a_change_that_never_shows_is_told(play):
    """Waiting for later reads ends; the risk stays open, the run fails, and nothing is sent twice."""
    world = World({"a": PUBLIC, "b": PUBLIC}, lag=99)
    outcome = play(world, oss_bucket_acl.main, names=["a"])
    assert (outcome["failed"], outcome["changed"]) == (True, True)
    assert "don't show in later reads of a:" in outcome["msg"]
    assert set(statuses(outcome).values()) == {"open"}
    assert len(play.waits) == rites.REREADS
    assert len(world.sent) == 2


def test_a_refused_change_ends_only_its_own_resource(play):
    """Its later changes are not sent, and its risk says why; the other buckets are closed, lagging reads included."""
    world = World({"a": PUBLIC, "b": PUBLIC}, {("a", ACL): refused(ACL)}, lag=2)
    outcome = play(world, oss_bucket_acl.main)
    assert world.sent == [("b", ACL), ("b", BLOCK)]
    assert (outcome["failed"], outcome["changed"]) == (True, True)
    assert outcome["msg"].startswith("a: PutBucketAcl failed: ")
    assert statuses(outcome) == {("a", READ): "open", ("b", READ): "fixed"}
    assert "AccessDenied" in next(risk["blocked_by"] for risk in outcome["risks"] if risk["resource_name"] == "a")


def test_a_resource_that_is_half_changed_is_open_and_in_the_journal(play):
    """The change that went through can be restored; the one that was refused is noted as such, and is none."""
    world = World({"a": {**PUBLIC, "policy_is_public": True}}, {("a", BLOCK): refused(BLOCK)})
    outcome = play(world, oss_bucket_acl.main)
    assert statuses(outcome) == {("a", READ): "fixed", ("a", POLICY): "open"}
    assert [entry.call.action for entry in load(play.journal)] == [ACL]
    assert '"outcome": "refused", "error": "PutBucketPublicAccessBlock failed' in play.journal.read_text("utf-8")


def test_a_change_that_was_not_sent_is_none(play):
    """What was read right before it kept it back."""
    play(World({"a": PUBLIC}, {("a", ACL): NotSentError("It was not sent.")}), oss_bucket_acl.main)
    assert load(play.journal) == []


@pytest.mark.parametrize("error", [refused("GetBucketAcl"), refused(ACL, CONNECTION, 0), refused(ACL, "Internal", 500)])
def test_a_change_that_may_have_come_through_stays_in_the_journal(play, error):
    """Where a read beside it failed, or nobody knows what became of it, a restore has to look."""
    play(World({"a": PUBLIC}, {("a", ACL): error}), oss_bucket_acl.main)
    assert [entry.call.action for entry in load(play.journal)] == [ACL]
    assert '"outcome": "failed"' in play.journal.read_text("utf-8")


def test_a_step_that_only_a_later_read_can_know_of_is_sent_in_its_turn(play):
    """Block Public Access that is asked for only once the ACL is private is still switched on in the same run."""
    world = World({"a": PUBLIC}, lag=1)

    def assess(buckets, options):
        return [finding for bucket in buckets for finding in later(bucket, oss_bucket_acl.judge(bucket, options)[0])]

    def later(bucket, finding):
        if finding.status == "open":
            return [replace(finding, changes=finding.changes[:1])]
        closed = bucket.blocked and not finding.is_risk
        change = oss_bucket_acl.set_acl(bucket, "private")
        block = replace(change, call=replace(change.call, action=BLOCK, params={**bucket.at, "block": "true"}))
        return [replace(finding, status="compliant" if closed else "open", changes=(block,))]

    outcome = play(world, lambda: rites.enforce(SPEC, oss_bucket_acl.read, assess))
    assert world.sent == [("a", ACL), ("a", BLOCK)]
    assert statuses(outcome) == {("a", READ): "fixed"}
    assert (outcome["failed"], len(outcome["diff"])) == (False, 1)
    assert [entry.call.action for entry in load(play.journal)] == [ACL, BLOCK]


SPEC = {
    "names": {"type": "list", "default": ["*"]},
    "acl": {"type": "str", "default": "private"},
    "block_public_access": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
}


def needing(*names: str):
    """A reading of buckets whose changes need that of the first one, and none of its own."""

    def assess(buckets, options):
        findings = oss_bucket_acl.assess(buckets, options)
        return [
            replace(finding, changes=tuple(replace(change, needs=arns(finding)) for change in finding.changes[:1]))
            for finding in findings
        ]

    def arns(finding):
        return tuple(a_resource(name).arn for name in names if name != finding.resource.name)

    return assess


def test_what_needs_a_refused_change_is_not_changed_either(play):
    """One sentence for all that wait, each risk with the first reason, and the rest goes on."""
    world = World({"first": PUBLIC, "a": PUBLIC, "b": PUBLIC}, {("first", ACL): refused(ACL)})
    outcome = play(world, lambda: rites.enforce(SPEC, oss_bucket_acl.read, needing("first")))
    assert (world.sent, outcome["changed"]) == ([], False)
    assert outcome["msg"].count("first: PutBucketAcl failed") == 1
    assert outcome["msg"].count("not changed either") == 1
    blocked = {risk["resource_name"]: risk["blocked_by"] for risk in outcome["risks"]}
    assert all(blocked[name].startswith("what it needs could not be changed: first: ") for name in "ab")


def test_what_is_needed_is_sent_first(play):
    """A change waits for those that it needs."""
    world = World({"a": PUBLIC, "b": PUBLIC, "first": PUBLIC})
    play(world, lambda: rites.enforce(SPEC, oss_bucket_acl.read, needing("first")))
    assert world.sent[0] == ("first", ACL)
    assert len(world.sent) == 3


# The journal


def test_a_journal_that_can_not_be_written_stops_everything(play, tmp_path, monkeypatch):
    """Nothing is sent without standing in the journal, and one sentence says what to do."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    world = World(dict.fromkeys("abcdefgh", PUBLIC))
    together = threading.Barrier(8)
    broken = rites.Journal.plan
    monkeypatch.setattr(rites.Journal, "plan", lambda *given: (together.wait(5), broken(*given)))
    outcome = play(world, oss_bucket_acl.main, journal=str(tmp_path / "file" / "journal.jsonl"), workers=8)
    assert (world.sent, outcome["changed"], outcome["failed"]) == ([], False, True)
    assert outcome["msg"].count("can't be written") == 1
    assert "journal" not in outcome
    assert set(statuses(outcome).values()) == {"open"}


def test_a_journal_that_breaks_midway_stops_what_is_left(play, monkeypatch):
    """What was sent before is told as changed, with the journal that holds it; all else stays as it was."""
    world = World(dict.fromkeys("abcd", PUBLIC))
    close = rites.Journal.close

    def full(journal, seq, *outcome):
        if seq == 3:
            journal.path = journal.path / "full"
        close(journal, seq, *outcome)

    monkeypatch.setattr(rites.Journal, "close", full)
    outcome = play(world, oss_bucket_acl.main, workers=1)
    assert world.sent == [("a", ACL), ("a", BLOCK), ("b", ACL)]
    assert (outcome["changed"], outcome["failed"]) == (True, True)
    assert outcome["msg"].count("can't be written") == 1
    assert len(load(play.journal)) == 3
    assert play.waits == []


def dying_after(calls, put):
    """Let so many calls through, then die."""
    left = iter(range(calls))

    def die(*call):
        if next(left, None) is None:
            raise KeyboardInterrupt
        put(*call)

    return die


def test_a_run_repeated_after_a_kill_converges(play):
    """Dying at any change leaves an estate that another run closes, and journals that hold all that was done."""
    for deaths in range(4):
        world = World({"a": PUBLIC, "b": PUBLIC})
        put, play.journal = world._put, play.journal.with_name(f"{deaths}.jsonl")

        world._put = dying_after(deaths, put)
        with pytest.raises(KeyboardInterrupt):
            play(world, oss_bucket_acl.main, workers=1)
        world._put = put
        outcome = play(world, oss_bucket_acl.main)
        assert (outcome["failed"], outcome["summary"]["open"]) == (False, 0)
        assert play(world, oss_bucket_acl.main, check=True)["summary"]["compliant"] == 2
        assert {(entry.resource.name, entry.call.action) for entry in load(play.journal)} >= set(world.sent)


# What is told


def test_what_could_not_be_read_fails_the_run_at_its_end(play):
    """The rest is still closed; the sentence names bucket, action, code, request id and what to do."""
    world = World({"a": PUBLIC, "b": {**PUBLIC, "bucket_info": refused()}})
    outcome = play(world, oss_bucket_acl.main)
    assert statuses(outcome) == {("a", READ): "fixed", ("b", READ): "unknown"}
    assert outcome["failed"]
    for told in ("b (GetBucketInfo: ", "AccessDenied, request id 5F3C-1", "docs/policies/"):
        assert told in outcome["msg"]
    assert ".." not in outcome["msg"]
    assert outcome["unread"] == [
        {
            "what": a_resource("b").arn,
            "action": "GetBucketInfo",
            "code": "AccessDenied",
            "message": "You have no right to access this object.",
            "request_id": "5F3C-1",
        }
    ]


@pytest.mark.parametrize("question", [("", "list_buckets"), ("a", "bucket_info")])
def test_what_became_unreadable_after_the_change_fails_the_run(play, question):
    """The change is told, its risk is unknown, and the read that was lost is named, whatever it was of."""
    bucket, call = question
    world = World({"a": {**PUBLIC, "acl": "private", "policy_is_public": True}})
    put = world._put

    def cut(*given):
        put(*given)
        world.reads[bucket][call] = refused("Lost")

    world._put = cut
    outcome = play(world, oss_bucket_acl.main)
    assert statuses(outcome) == {("a", POLICY): "unknown"}
    assert (outcome["failed"], outcome["changed"]) == (True, True)
    assert "a (Lost: " in outcome["msg"]
    assert [(one["what"], one["action"]) for one in outcome["unread"]] == [(a_resource("a").arn, "Lost")]


def test_much_that_is_unreadable_is_told_in_short(play):
    """Five by name and the number of the rest; the result has them all."""
    world = World({f"b{number}": {**PUBLIC, "bucket_info": refused()} for number in range(8)})
    outcome = play(world, oss_bucket_acl.main)
    assert "and 3 more (see unread)" in outcome["msg"]
    assert len(outcome["unread"]) == 8


def test_a_wrong_key_ends_the_run_with_one_sentence(play):
    """Without a traceback, and with what to check."""
    world = World({"a": PUBLIC})
    world.reads[""]["list_buckets"] = refused("ListBuckets", "InvalidAccessKeyId")
    outcome = play(world, oss_bucket_acl.main)
    assert (outcome["failed"], outcome["changed"]) == (True, False)
    assert outcome["msg"].startswith("ListBuckets failed: ")
    assert "Check access_key_id" in outcome["msg"]


def test_a_run_tells_whose_account_it_is_and_warns(play):
    """The account's number is in the result, and warnings of the reading arrive at Ansible."""
    outcome = play(World({"a": PUBLIC}), oss_bucket_acl.main, names=["a", "nothing"], check=True)
    assert outcome["account_id"] == ACCOUNT
    assert outcome["warnings"] == ["names: no bucket in scope matches 'nothing'."]


def test_the_versioning_module_goes_through_the_same_rites(play):
    """Its risk is fixed after the run, and its undo is partial."""
    world = World({"a": {**CLOSED, "retention": "", "mirrors": False}})
    before = deepcopy(world.reads["a"])
    outcome = play(world, oss_bucket_versioning.main)
    assert world.reads["a"] == {**before, "versioning": "Enabled"}
    assert outcome["summary"]["fixed"] == 1
    assert load(play.journal)[0].undo.partial
