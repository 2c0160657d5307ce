# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting back what was: what is sent, what is left and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import undo
from ansible_collections.hardening.alicloud.plugins.module_utils.journal import Entry, load
from ansible_collections.hardening.alicloud.plugins.module_utils.undo import Chain, Seen, chains, decide
from ansible_collections.hardening.alicloud.plugins.module_utils.values import Call
from ansible_collections.hardening.alicloud.plugins.modules import oss_bucket_acl, oss_bucket_versioning, restore
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.examples import ACCOUNT, FakeCloud, a_resource, at, refused
from tests.unit.world import CLOSED, PUBLIC, Player, World

ACLS = ("private", "public-read", "public-read-write")
SETTINGS = {
    "acl": ("PutBucketAcl", "acl", ACLS),
    "block_public_access": ("PutBucketPublicAccessBlock", "block", ("true", "false")),
    "versioning": ("PutBucketVersioning", "status", ("Enabled", "Suspended")),
}


def call(setting: str, value: str, bucket: str = "a", partial: str = "") -> Call:
    """The call that sets a setting of a bucket."""
    action, name, _unused = SETTINGS[setting]
    return Call("oss", action, {**at(bucket), name: value}, partial)


def entry(after: str, before: str | None, setting: str = "acl", bucket: str = "a", **more: object) -> Entry:
    """A journal's entry: a setting went from before to after; before is None where there is no undo."""
    undone = call(setting, before, bucket) if before else None
    return Entry(a_resource(bucket), call(setting, after, bucket), undone, "2026-11-23T04:01:15Z", **more)


def seen(*entries: Entry, **fields: object) -> Seen:
    """What a look says of the chain of these entries; where the last one left it, unless told otherwise."""
    (chain,) = chains(list(entries))
    return Seen(chain, **{"ours": True, **fields})


@st.composite
def journals(draw):
    """The entries of a journal as runs write them: each one's undo is what the entry before it left."""
    now: dict[tuple[str, str], str] = {}
    entries = []
    for bucket, setting in draw(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(SETTINGS))))):
        values = st.sampled_from(SETTINGS[setting][2])
        before = now.get((bucket, setting)) or draw(values)
        now[bucket, setting] = draw(values)
        entries.append(entry(now[bucket, setting], before, setting, bucket))
    return entries


# Chains


@given(journals())
def test_a_chain_is_all_that_was_done_to_one_setting(entries):
    """Every entry stands in one chain, oldest first; chains come with the newest entry first."""
    found = chains(entries)
    assert sorted(entries.index(one) for chain in found for one in chain.entries) == sorted(map(entries.index, entries))
    for chain in found:
        same = [
            one for one in entries if one.resource == chain.resource and one.call.action == chain.entries[0].call.action
        ]
        assert list(chain.entries) == same
        assert chain.origin == same[0].undo
    last = [max(place for place, one in enumerate(entries) if one is chain.entries[-1]) for chain in found]
    assert last == sorted(last, reverse=True)


def test_a_chain_stops_wherever_the_journal_left_it():
    """At what was set and at what an undo in between says, but not at its origin."""
    (chain,) = chains([entry("public-read", "private"), entry("public-read-write", "public-read")])
    assert [one.params["acl"] for one in chain.stops] == ["public-read", "public-read-write", "public-read"]


# Deciding


@given(journals(), st.booleans())
def test_at_most_one_call_a_setting_and_it_is_the_oldest_undo(entries, force):
    """However often a setting was changed, it goes back to where it was first, in one call, newest chain first."""
    looked = [Seen(chain, ours=True) for chain in chains(entries)]
    plan, left = decide(looked, force)
    assert left == []
    assert [change.call for change in plan.changes] == [one.chain.origin for one in looked]
    assert [change.undo for change in plan.changes] == [one.chain.entries[-1].call for one in looked]
    settings = [(change.resource.arn, change.call.action) for change in plan.changes]
    assert len(settings) == len(set(settings))


@pytest.mark.parametrize(
    ("looked", "force", "sent", "reason", "partly"),
    [
        (seen(entry("private", "public-read")), False, True, None, None),
        (seen(entry("private", "public-read"), restored=True), False, False, None, None),
        (seen(entry("private", "public-read"), restored=True), True, False, None, None),
        (seen(entry("private", "public-read"), ours=False), False, False, "somebody changed it since", False),
        (seen(entry("private", "public-read"), ours=False), True, True, None, None),
        (seen(entry("private", None)), True, False, "has no undo", False),
        (seen(entry("private", "public-read"), error=refused()), True, False, "could not be read", False),
        (
            seen(entry("private", "public-read"), error=refused(code="NoSuchBucket", status=404)),
            True,
            False,
            "not there any more",
            False,
        ),
        (seen(entry("private", "public-read"), refusal="it holds logs"), True, False, "it holds logs", True),
    ],
)
def test_what_speaks_against_putting_back_is_told(looked, force, sent, reason, partly):
    """A conflict gives way to force; a lost, unreadable or final change does not."""
    plan, left = decide([looked], force)
    assert bool(plan.changes) == sent
    assert [one["partly"] for one in left] == ([] if reason is None else [partly])
    assert (reason or "") in "".join(one["reason"] for one in left)
    assert ".." not in "".join(f"{one['reason']}." for one in left)


def test_an_undo_that_is_partial_is_sent_and_told():
    """Versioning that was never set becomes suspended, and the result says so."""
    partial = call("versioning", "Suspended", partial="it can only be suspended")
    plan, left = decide([seen(replace(entry("Enabled", "Suspended", "versioning"), undo=partial))], force=False)
    assert [change.call for change in plan.changes] == [partial]
    assert [(one["reason"], one["partly"]) for one in left] == [("it can only be suspended", True)]


def test_what_others_need_goes_after_them():
    """What was made for a bucket is put back only once the bucket is."""
    made = entry("private", "public-read", bucket="made")
    user = entry("private", "public-read", bucket="user", needs=(made.resource.arn,))
    plan, _unused = decide([Seen(chain, ours=True) for chain in chains([made, user])], force=False)
    assert [list(wave) for wave in plan.waves()] == [[user.resource.arn], [made.resource.arn]]


def test_what_is_still_needed_stays():
    """Where the bucket that needs it can't be put back, what was made for it stays, and is told with the reason."""
    made = entry("private", "public-read", bucket="made")
    user = entry("private", "public-read", bucket="user", needs=(made.resource.arn,))
    first, second = chains([made, user])
    plan, left = decide([Seen(first, ours=False), Seen(second, ours=True)], force=False)
    assert plan.changes == ()
    assert [(one["resource"], one["partly"]) for one in left] == [
        (user.resource.arn, False),
        (made.resource.arn, True),
    ]
    assert user.resource.arn in left[1]["reason"]


def test_what_is_needed_stays_whatever_came_last():
    """Also where what was made was touched once more after those that need it, and where need leads to need."""
    base = entry("private", "public-read", bucket="base")
    made = entry("private", "public-read", bucket="made", needs=(base.resource.arn,))
    user = entry("private", "public-read", bucket="user", needs=(made.resource.arn,))
    seen = [Seen(chain, ours=chain.resource != user.resource) for chain in chains([user, made, base])]
    plan, left = decide(seen, force=False)
    assert plan.changes == ()
    assert {one["resource"]: one["partly"] for one in left} == {
        base.resource.arn: True,
        made.resource.arn: True,
        user.resource.arn: False,
    }


# Looking


@pytest.mark.parametrize(
    ("acl", "restored", "ours"),
    [
        ("public-read", True, False),
        ("private", False, True),
        ("public-read-write", False, False),
        (refused("GetBucketAcl"), False, False),
    ],
)
def test_a_look_tells_where_a_setting_stands(acl, restored, ours):
    """Where it was, where the journal left it, elsewhere, or nowhere to be seen."""
    (found,) = undo.look(FakeCloud({"a": {"acl": acl}}), chains([entry("private", "public-read")]))
    assert (found.restored, found.ours, bool(found.error)) == (restored, ours, isinstance(acl, Exception))


def test_any_state_that_the_journal_knows_of_is_ours():
    """A run that died between two changes left the setting at the first of them."""
    chain = chains([entry("public-read", "private"), entry("public-read-write", "public-read")])
    (found,) = undo.look(FakeCloud({"a": {"acl": "public-read"}}), chain)
    assert found.ours


def test_what_has_no_undo_is_not_looked_at():
    """There is nothing to compare with."""
    cloud = FakeCloud({"a": {"acl": "private"}})
    assert undo.look(cloud, chains([entry("private", None)])) == [Seen(Chain("acl", (entry("private", None),)))]
    assert cloud.asked == []


# The module


@pytest.fixture
def play(monkeypatch, tmp_path) -> Player:
    """Run modules on a world; the journal lies in the test's own folder."""
    return Player(monkeypatch, tmp_path / "journal.jsonl")


ESTATE = {"a": PUBLIC, "b": {**PUBLIC, "acl": "public-read-write"}, "c": {**CLOSED, "versioning": "Suspended"}}
KNOWN = ("acl", "blocked", "versioning")


def standing(world: World) -> dict:
    """What can be set, of every bucket."""
    return {name: {key: bucket[key] for key in KNOWN} for name, bucket in world.reads.items() if name}


def hardened(play: Player, **more: object) -> tuple[World, dict]:
    """A world after both modules ran on it, and what it was like before."""
    world = World({name: {**bucket, "retention": "", "mirrors": False} for name, bucket in ESTATE.items()}, **more)
    before = standing(world)
    for module in (oss_bucket_acl, oss_bucket_versioning):
        assert not play(world, module.main)["failed"]
    assert standing(world) != before
    world.sent.clear()
    return world, before


def test_a_restore_puts_back_what_was_and_can_be_undone_itself(play):
    """Check foretells the run, the estate is as it was but for versioning, and a second restore finds nothing."""
    world, before = hardened(play)
    after = standing(world)
    check = play(world, restore.main, check=True)
    assert (world.sent, check["changed"]) == ([], True)
    outcome = play(world, restore.main)
    assert (outcome["failed"], outcome["changed"]) == (False, True)
    assert (outcome["restored"], outcome["diff"]) == (check["restored"], check["diff"])
    assert [(one["setting"], one["partly"]) for one in outcome["not_restored"]] == [("versioning", True)] * 2
    assert len(outcome["warnings"]) == 2
    was = {name: {**bucket, "versioning": "Suspended"} for name, bucket in before.items()}
    assert standing(world) == was
    assert play(world, restore.main)["changed"] is False
    assert play(world, restore.main, journal=outcome["journal"])["changed"] is True
    assert standing(world) == after


@pytest.mark.parametrize("force", [False, True])
def test_what_somebody_changed_since_is_left_alone_unless_forced(play, force):
    """The run fails and names it; everything else is put back."""
    world, before = hardened(play)
    world.reads["a"]["acl"] = "public-read-write"
    outcome = play(world, restore.main, force=force)
    assert outcome["failed"] == (not force)
    assert world.reads["a"]["acl"] == ("public-read" if force else "public-read-write")
    assert standing(world)["b"] == {**before["b"], "versioning": "Suspended"}
    assert force or "1 of 7 settings were not put back" in outcome["msg"]
    assert force or any("somebody changed it since" in warning for warning in outcome["warnings"])


def test_a_bucket_that_is_gone_is_told(play):
    """Nothing is sent to it; PutBucketAcl would make it anew."""
    world, _unused = hardened(play)
    world.reads["a"] = dict.fromkeys(world.reads["a"], refused(code="NoSuchBucket", status=404))
    outcome = play(world, restore.main)
    assert outcome["failed"]
    assert {bucket for bucket, _unused in world.sent} == {"b", "c"}
    assert {one["reason"] for one in outcome["not_restored"] if not one["partly"]} == {"it is not there any more"}


def test_a_call_that_is_refused_is_told_and_the_rest_goes_on(play):
    """The result lists what was put back in truth, not what was meant to be."""
    world, _unused = hardened(play)
    world.refuse = {("b", "PutBucketAcl"): refused("PutBucketAcl")}
    outcome = play(world, restore.main)
    assert outcome["failed"]
    assert "b: PutBucketAcl failed" in outcome["msg"]
    assert world.reads["a"]["acl"] == "public-read"
    assert (a_resource("b").arn, "PutBucketAcl") not in {
        (one["resource"], one["action"]) for one in outcome["restored"]
    }


def test_a_journal_of_another_account_is_refused(play):
    """Before anything but the account's own number is asked for."""
    world, _unused = hardened(play)
    world.account_id, world.asked = "9999999999999999", []
    outcome = play(world, restore.main)
    assert (outcome["failed"], world.asked) == (True, [])
    assert f"journal of account {ACCOUNT}, but the key belongs to 9999999999999999" in outcome["msg"]


def test_a_journal_of_several_accounts_gives_back_what_is_ones_own(play):
    """The other's changes are not looked at, and a warning names their account."""
    world, _unused = hardened(play)
    text = play.journal.read_text("utf-8")
    others = text.replace(ACCOUNT, "9999999999999999").replace('"run": "', '"run": "other-')
    play.journal.write_text(text + others, "utf-8")
    world.account_id = "9999999999999999"
    outcome = play(world, restore.main)
    assert not outcome["failed"]
    assert len(outcome["restored"]) == 7
    assert all(":9999999999999999:" in one["resource"] for one in outcome["restored"])
    assert [one for one in outcome["warnings"] if f"changes in account {ACCOUNT}" in one]


def test_what_was_refused_is_not_put_back(play):
    """A bucket that its owner closed after the run could not is left closed."""
    world = World({"a": PUBLIC}, {("a", "PutBucketAcl"): refused("PutBucketAcl")})
    play(world, oss_bucket_acl.main)
    world.refuse.clear()
    world.reads["a"]["acl"] = "private"
    outcome = play(world, restore.main)
    assert (outcome["changed"], outcome["failed"], world.sent) == (False, False, [])


def test_what_force_overwrites_is_not_said_to_be_known(play):
    """The diff does not invent what was there, and undoing the restore says that it can only come near."""
    world, _unused = hardened(play)
    world.reads["a"]["acl"] = "public-read-write"
    outcome = play(world, restore.main, force=True)
    (diff,) = (one for one in outcome["diff"] if one["before_header"] == a_resource("a").arn)
    assert f"acl: {undo.OVERWRITTEN}" in diff["before"]
    again = play(world, restore.main, journal=outcome["journal"])
    assert world.reads["a"]["acl"] == "private"
    assert undo.OVERWRITTEN in {one["reason"] for one in again["not_restored"] if one["partly"]}


def test_a_restore_that_never_shows_is_told(play):
    """Later reads are waited for, a limited number of times."""
    world, _unused = hardened(play)
    world._answer = lambda bucket, question: World._answer(World(dict.fromkeys("abc", LATE)), bucket, question)
    outcome = play(world, restore.main)
    assert "doesn't show in later reads of a, b, c" in outcome["msg"]
    assert len(play.waits) == undo.REREADS - 1


LATE = {**CLOSED, "blocked": True, "versioning": "Enabled"}


@given(data=st.data())
def test_any_history_of_changes_is_undone_to_its_start(data):
    """After any changes in any order, what is decided leads every setting back to where it began."""
    start = {
        name: {
            "acl": data.draw(st.sampled_from(ACLS)),
            "blocked": data.draw(st.booleans()),
            "versioning": data.draw(st.sampled_from(["Enabled", "Suspended"])),
        }
        for name in "ab"
    }
    world, entries = World(start), []
    for name, setting in data.draw(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(list(SETTINGS))))):
        value = data.draw(st.sampled_from(SETTINGS[setting][2]))
        entries.append(entry(value, current(world, name, setting), setting, name))
        undo.write(entries[-1].call).send(world, entries[-1].call.params)
    plan, left = decide(undo.look(world, chains(entries)), force=False)
    for change in plan.changes:
        undo.write(change.call).send(world, change.call.params)
    assert left == []
    assert standing(world) == start


def current(world: World, name: str, setting: str) -> str:
    """A setting's value as calls write it."""
    value = world.reads[name]["blocked" if setting == "block_public_access" else setting]
    return str(value).lower() if isinstance(value, bool) else value


def test_the_journal_of_a_restore_lies_beside_the_first(play):
    """And holds what it put back, newest first."""
    world, _unused = hardened(play)
    outcome = play(world, restore.main)
    assert outcome["journal"].startswith(f"{play.journal}.restore-")
    assert len(load(undo.Path(outcome["journal"]))) == len(outcome["restored"]) == 7
