# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of slb_access_log beside its scenarios: what is verified, and what is not needed."""

from __future__ import annotations

import os

import pytest

from simulator import Simulator
from tests.harness import Scenario, Stage, environment, result_of
from tests.harness import run as run_module

pytestmark = pytest.mark.usefixtures("collection")
LAYER_7 = [{"port": 80, "protocol": "http"}]
OLDER_ROLE = {"name": "AliyunLogArchiveRole", "trust": {"Version": "1", "Statement": []}}


@pytest.fixture
def stage(tmp_path):
    """Give a simulator to play on."""
    with Simulator({"accounts": []}) as sim:
        yield Stage(sim, tmp_path)


def estate(**sections: object) -> dict:
    """An account with these sections, and the published policies."""
    return Scenario("slb_access_log", "a run", given=sections).start


def one_clb(**more: object) -> dict:
    """An account with one CLB in Hangzhou that has a layer-7 listener."""
    balancer = {"id": "lb-1", "region": "cn-hangzhou", "listeners": LAYER_7, **more}
    return estate(slb={"load_balancers": [balancer]}, ram={"roles": [OLDER_ROLE]})


@pytest.mark.parametrize("traffic", [True, False])
def test_delivery_is_waited_for_and_its_absence_told(stage, traffic):
    """Without traffic nothing arrives: the logs are on all the same, and the task fails and says so."""
    run = stage.play("slb_access_log", one_clb(traffic=traffic), {"verify_delivery": True, "verify_timeout": 1})
    assert [risk["status"] for risk in run.result["risks"]] == ["fixed"]
    assert run.failed is not traffic
    told = "no entry arrived in hardening-slb-1234567890123456-cn-hangzhou/clb-access-log within 1 seconds"
    assert (told in run.message) is not traffic


def test_delivery_that_may_not_be_read_is_told_at_once(stage):
    """A denied search is no reason to wait."""
    denied = [{"Action": "log:GetLogStoreLogs", "Resource": "*"}]
    start = Scenario("slb_access_log", "a run", given={"slb": one_clb()["accounts"][0]["slb"]}, denied=denied).start
    run = stage.play("slb_access_log", start, {"verify_delivery": True, "verify_timeout": 600})
    assert "GetLogs failed" in run.message
    assert "Unauthorized" in run.message


@pytest.fixture
def without_the_client(stage, tmp_path):
    """Run the module as it would where the official client of Log Service is not installed."""
    broken = tmp_path / "broken" / "aliyun"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('not installed')\n")

    def run(state: dict, *, check: bool) -> dict:
        variables = environment(stage.sim.url, "enforcer", stage.set(state))
        variables["PYTHONPATH"] = os.pathsep.join([str(broken.parent), variables["PYTHONPATH"]])
        return result_of(*run_module("slb_access_log", {}, variables, check=check))

    return run


def test_an_audit_that_asks_nothing_of_log_service_needs_no_client(without_the_client):
    """Load balancers that cannot log, and none at all, are judged without it."""
    dns = {"id": "lb-1", "region": "cn-hangzhou", "listeners": [{"port": 53, "protocol": "udp"}]}
    result = without_the_client(estate(slb={"load_balancers": [dns]}), check=True)
    assert result["summary"]["examined"] == 1
    assert result["risks"] == []


def test_the_missing_client_is_named(without_the_client):
    """Where it is needed, the message says what to install."""
    result = without_the_client(one_clb(), check=True)
    assert result["failed"]
    assert "pip install 'aliyun-log-python-sdk" in result["msg"]


def test_a_setting_that_is_there_already_is_no_error(stage):
    """A Set whose answer got lost is looked for, not sent again."""
    lost = [{"action": "SetAccessLogsDownloadAttribute", "effect": "drop", "phase": "after", "times": 1}]
    run = stage.play("slb_access_log", one_clb(), {}, faults=lost)
    assert not run.failed
    assert [risk["status"] for risk in run.result["risks"]] == ["fixed"]
    assert sum(call["action"] == "SetAccessLogsDownloadAttribute" for call in run.calls) == 1


@pytest.mark.parametrize("action", ["CreateProject", "CreateLogStore", "CreateIndex", "CreateServiceLinkedRole"])
def test_what_was_made_with_its_answer_lost_is_used(stage, action):
    """The second try finds it there, and that is as good."""
    lost = [{"action": action, "effect": "drop", "phase": "after", "times": 1}]
    start = estate(slb=one_clb()["accounts"][0]["slb"])
    run = stage.play("slb_access_log", start, {}, faults=lost)
    assert not run.failed, run.message
    assert [risk["status"] for risk in run.result["risks"]] == ["fixed"]
