# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, run straight from the checkout."""

from __future__ import annotations

import json

import pytest
import yaml

WEBSITE = ("acme-www", "oss-bucket-public-read-prohibited", "whitelisted")
TEST_DATA = ("acme-test", "oss-bucket-versioning-enabled", "whitelisted")
DRIFT = {
    ("acme-exports", "oss-bucket-public-read-prohibited"),
    ("acme-uploads", "oss-bucket-policy-no-any-anonymous"),
    ("acme-orders", "oss-bucket-versioning-enabled"),
    ("acme-invoices", "oss-bucket-versioning-enabled"),
    ("acme-trial", "sg-risky-ports-check"),
    ("acme-trial", "sg-ssh-allowed-sources-only"),
    ("acme-web-slb", "slb-instance-log-enabled"),
    ("acme-www", "security-center-whitelist-in-step"),
    ("acme-test", "security-center-whitelist-in-step"),
}
# What only the inventory makes a risk: its allowed sources, and its accepted risks, which have to be whitelisted twice.
UNASKED = {
    ("acme-trial", "sg-ssh-allowed-sources-only"),
    ("acme-www", "security-center-whitelist-in-step"),
    ("acme-test", "security-center-whitelist-in-step"),
}
INVENTORY = "all: {hosts: {somewhere: }, children: {ssh_servers: {hosts: {web-1: }}}}\n"


@pytest.mark.parametrize("options", [["--check"], []], ids=["with --check", "without --check"])
def test_an_audit_finds_the_drift_and_sends_no_write(account, collection, options):
    """An audit names every risk, ends 0 and changes nothing, with the key that may only read."""
    before = account.sim.state()

    run = account.play("auditor", "playbooks/audit.yml", *options, cwd=collection)

    assert run.code == 0, run.output
    assert run.statuses() == {(*drift, "open") for drift in DRIFT} | {WEBSITE, TEST_DATA}
    assert account.writes() == []
    assert account.sim.journal()
    assert account.sim.state() == before


def test_hardening_closes_the_drift_and_a_second_run_changes_nothing(account, collection):
    """After harden.yml the cloud holds the hardened state; accepted risks are left as they were."""
    before = account.buckets()

    first = account.play("enforcer", "playbooks/harden.yml", cwd=collection)
    writes = len(account.writes())
    second = account.play("enforcer", "playbooks/harden.yml", cwd=collection)

    assert first.code == 0, first.output
    assert second.code == 0, second.output
    after = account.buckets()
    assert after["acme-exports"]["acl"] == "private"
    assert after["acme-exports"]["block_public_access"] is True
    assert after["acme-uploads"]["block_public_access"] is True
    assert {after[name]["versioning"] for name in ("acme-orders", "acme-invoices")} == {"Enabled"}
    assert after["acme-www"] == before["acme-www"]
    assert after["acme-test"] == before["acme-test"]
    assert writes > 0
    assert len(account.writes()) == writes
    assert second.statuses() == {WEBSITE, TEST_DATA}


def test_the_report_of_a_run_that_hardens_lists_what_was_fixed(account, collection):
    """Each risk that was open stands in report.json as fixed, with the changes that closed it."""
    run = account.play("enforcer", "playbooks/harden.yml", cwd=collection)

    fixed = [risk for risk in run.report["risks"] if risk["status"] == "fixed"]
    assert {(risk["resource_name"], risk["control"]) for risk in fixed} == DRIFT
    assert all(change["undo"] for risk in fixed for change in risk["changes"])


def test_hardening_in_check_mode_sends_no_write(account, collection):
    """harden.yml --check is an audit, even with the key that may write."""
    run = account.play("enforcer", "playbooks/harden.yml", "--check", "--diff", cwd=collection)

    assert run.code == 0, run.output
    assert {(name, control) for name, control, status in run.statuses() if status == "open"} == DRIFT
    assert account.writes() == []


def test_hardening_with_a_key_that_may_only_read_fails_and_says_why(account, collection):
    """The cloud refuses each write: the run ends non-zero, names the error code, and nothing has changed."""
    before = account.buckets()

    run = account.play("auditor", "playbooks/harden.yml", cwd=collection)

    assert run.code == 2
    assert "AccessDenied" in run.output
    assert "Traceback" not in run.output
    assert account.buckets() == before


def test_restore_puts_back_what_hardening_changed(account, collection):
    """Everything is as before, but for versioning that was never set: that can only be suspended."""
    before = account.buckets()
    account.play("enforcer", "playbooks/harden.yml", cwd=collection)
    (journal,) = (account.folder / "state").rglob("*.jsonl")

    run = account.play("enforcer", "playbooks/restore.yml", "-e", f"journal={journal}", cwd=collection)

    assert run.code == 0, run.output
    before["acme-orders"]["versioning"] = "Suspended"
    assert account.buckets() == before


@pytest.mark.parametrize(("severity", "code"), [("high", 2), ("critical", 0)])
def test_fail_on_decides_whether_open_risks_end_an_audit_non_zero(account, collection, severity, code):
    """The worst open risk of the account is a high one."""
    run = account.play("auditor", "playbooks/audit.yml", "--check", "-e", f"fail_on={severity}", cwd=collection)

    assert run.code == code, run.output


def test_a_misspelt_fail_on_is_told_before_anything_is_looked_at(account, collection):
    """A severity that there is not ends the run at once, in one sentence: no risk is looked for."""
    run = account.play("enforcer", "playbooks/harden.yml", "-e", "fail_on=hihg", cwd=collection)

    assert run.code == 2, run.output
    assert "it takes low, medium, high or critical" in run.output
    assert {call["action"] for call in account.sim.journal()} == {"GetCallerIdentity"}


def test_another_inventory_needs_nothing_but_the_environment(account, collection, tmp_path):
    """One host without any variable is the account that the environment's key opens; servers are no accounts."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY)

    run = account.play("auditor", "-i", inventory, "playbooks/audit.yml", "--check", cwd=collection)

    assert run.code == 0, run.output
    assert run.report["run"]["hosts"] == ["somewhere"]
    opened = {(name, control) for name, control, status in run.statuses() if status == "open"}
    assert opened == DRIFT - UNASKED | {WEBSITE[:2], TEST_DATA[:2]}
    (website,) = (risk for risk in run.report["risks"] if risk["resource_name"] == "acme-www")
    assert website["blocked_by"]


@pytest.mark.parametrize("secret", ["the enforcer's", "a wrong one"])
def test_no_secret_is_shown_at_any_verbosity(account, collection, secret):
    """Neither -vvvv, nor the report, nor the journal holds the secret, whether it opens the account or not."""
    if secret == "a wrong one":
        account.keys["enforcer"]["secret"] = "not-the-secret-of-this-key"
    hidden = account.keys["enforcer"]["secret"]

    run = account.play("enforcer", "playbooks/harden.yml", "-vvvv", "--diff", cwd=collection)

    assert hidden not in run.output
    files = [path for path in account.folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if hidden.encode() in path.read_bytes()]


def test_a_region_that_answers_with_errors_leaves_the_rest_of_the_audit_whole(account, collection):
    """What could not be read is unknown, the other buckets are judged, and the run ends non-zero."""
    denied = {"product": "oss", "action": "GetBucketInfo", "params": {"bucket": "acme-orders"}}
    account.sim.set_faults([denied | {"effect": "error", "status": 403, "code": "AccessDenied", "message": "no"}])

    run = account.play("auditor", "playbooks/audit.yml", "--check", cwd=collection)

    assert run.code == 2
    statuses = run.statuses()
    assert {control for name, control, status in statuses if name == "acme-orders" and status == "unknown"}
    assert ("acme-exports", "oss-bucket-public-read-prohibited", "open") in statuses
    assert "acme-orders" in run.output
    assert "AccessDenied" in run.output
    assert json.dumps(run.report).count("AccessDenied")


def test_a_role_that_fails_keeps_no_other_chosen_one_from_running(account, collection):
    """By tags too; the verdict names it."""
    denied = {"status": 403, "code": "AccessDenied", "message": "no"}
    account.sim.set_faults([{"product": "oss", "action": "ListBuckets", "effect": "error", **denied}])
    run = account.play(
        "auditor", "--check", "--tags", "oss_bucket_acl,slb_access_log", "playbooks/audit.yml", cwd=collection
    )
    assert run.code == 2
    assert "oss_protection" in run.output.rpartition("Every role did its work")[2]
    assert "slb-instance-log-enabled" in {risk["control"] for risk in run.report["risks"]}


def test_variables_of_a_role_go_before_the_common_ones(account, collection):
    """An inventory that lets one role change nothing is heard, and so is one that wants no score."""
    own = {"oss_protection_max_changes": "0", "security_center_score_enabled": False, "hardening_max_changes": "100%"}
    inventory = account.folder / "own.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"acme": own}}}))
    before = account.buckets()
    run = account.play("enforcer", "-i", inventory, "playbooks/harden.yml", cwd=collection)
    assert run.code == 2
    assert "max_changes allows 0" in run.output
    assert account.buckets() == before
    assert "slb" in {call["product"] for call in account.writes()}
    assert not [call["action"] for call in account.sim.journal() if "Score" in call["action"]]
