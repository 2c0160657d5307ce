# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that switch access logs, where the cloud answers in one of its odd ways."""

from __future__ import annotations

import json

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils import alb, retry, slb
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CONNECTION, CloudError

CLB = {"RegionId": "cn-hangzhou", "LoadBalancerId": "lb-1", "LogProject": "logs", "LogStore": "web"}
THERE = {"LoadBalancerId": "lb-1", "LogProject": "logs", "LogStore": "web"}


class FakeCloud:
    """Gives each action's answers in turn, the last one for ever; sent keeps what each was asked with."""

    def __init__(self, **answers: list):
        self.answers = answers
        self.sent: list[tuple[str, dict]] = []

    def rpc(self, _product: str, action: str, params: dict, _region: str, *, repeatable: bool = True) -> dict:
        """The next answer; an error is raised."""
        assert repeatable or action in (slb.SET, slb.DELETE)
        self.sent.append((action, params))
        answers = self.answers[action]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, CloudError):
            raise answer
        return answer

    def count(self, action: str) -> int:
        """How often an action was asked for."""
        return sum(name == action for name, _unused in self.sent)


def refused(code: str, status: int = 400) -> CloudError:
    """A call that was refused."""
    return CloudError("SetAccessLogsDownloadAttribute", code, "no", "5F3C-1", status)


def logging(*rows: dict) -> dict:
    """An answer to DescribeAccessLogsDownloadAttribute."""
    return {"LogsDownloadAttributes": {"LogsDownloadAttribute": list(rows)}, "TotalCount": len(rows)}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    for module in (alb, retry):
        monkeypatch.setattr(module, "backoff", lambda _unused: 0)


def project_names(cloud: FakeCloud) -> list[str]:
    """How each Set called the project."""
    rules = [json.loads(params["LogsDownloadAttributes"])[0] for action, params in cloud.sent if action == slb.SET]
    return [next(name for name in rule if name.lower() == "logproject") for rule in rules]


def test_the_other_spelling_is_tried_where_the_documented_one_is_no_parameter():
    """Which of the two is right is unconfirmed; a refusal of another kind is none of the spelling."""
    cloud = FakeCloud(SetAccessLogsDownloadAttribute=[refused("InvalidParameter"), {}])
    slb.set_target(cloud, CLB)
    assert project_names(cloud) == ["LogProject", "logProject"]
    denied = FakeCloud(SetAccessLogsDownloadAttribute=[refused("Forbidden.RAM", 403)])
    with pytest.raises(CloudError):
        slb.set_target(denied, CLB)
    assert project_names(denied) == ["LogProject"]


@pytest.mark.parametrize(
    ("error", "found", "done"),
    [
        (refused(slb.NOT_ALLOWED), logging(THERE), True),
        (refused(slb.NOT_ALLOWED), logging({**THERE, "LogStore": "other"}), False),
        (refused(CONNECTION, 0), logging(THERE), True),
        (refused(CONNECTION, 0), logging(), False),
        (refused("InternalError", 500), logging(THERE), True),
        (refused(CONNECTION, 0), {"LogsDownloadAttributes": None, "TotalCount": 0}, False),
    ],
)
def test_a_set_that_was_refused_or_lost_is_looked_for(error, found, done):
    """It is done where the setting is the wanted one, whoever made it."""
    cloud = FakeCloud(SetAccessLogsDownloadAttribute=[error], DescribeAccessLogsDownloadAttribute=[found])
    if done:
        slb.set_target(cloud, CLB)
    else:
        with pytest.raises(CloudError):
            slb.set_target(cloud, CLB)
    assert cloud.count(slb.SET) == 1


def test_a_project_that_was_just_made_is_waited_for():
    """SLB learns of it a moment later."""
    cloud = FakeCloud(SetAccessLogsDownloadAttribute=[refused("InvalidProject.NotExist")] * 3 + [{}])
    slb.set_target(cloud, CLB)
    assert cloud.count(slb.SET) == 4
    never = FakeCloud(SetAccessLogsDownloadAttribute=[refused("InvalidProject.NotExist")])
    with pytest.raises(CloudError, match=r"InvalidProject\.NotExist"):
        slb.set_target(never, CLB)
    assert never.count(slb.SET) == retry.BUSY_TRIES


@pytest.mark.parametrize(
    ("jobs", "looks", "error"),
    [
        ([{"Jobs": [{"Status": "Succeeded"}]}], 1, None),
        ([{"Jobs": []}, {"Jobs": [{"Status": "Processing"}]}, {"Jobs": [{"Status": "Succeeded"}]}], 3, None),
        (
            [{"Jobs": [{"Status": "Failed", "ErrorCode": "QuotaExceeded", "ErrorMessage": "too many"}]}],
            1,
            "QuotaExceeded",
        ),
        ([{"Jobs": [{"Status": "Processing"}]}], alb.LOOKS, None),
    ],
)
def test_an_albs_job_is_waited_for(jobs, looks, error):
    """To its end, for a limited time; what a failed one says is told."""
    cloud = FakeCloud(EnableLoadBalancerAccessLog=[{"JobId": "job-1"}], ListAsynJobs=jobs)
    if error:
        with pytest.raises(CloudError, match=error):
            alb.enable(cloud, CLB)
    else:
        alb.enable(cloud, CLB)
    assert cloud.count("ListAsynJobs") == looks
    assert len(cloud.sent[0][1]["ClientToken"]) <= 64


def test_an_alb_whose_job_has_no_name_is_looked_at_itself():
    """A list of all jobs would tell of other people's."""
    on = {"LoadBalancers": [{"LoadBalancerId": "lb-1", "AccessLogConfig": {"LogProject": "logs", "LogStore": "web"}}]}
    off = {"LoadBalancers": [{"LoadBalancerId": "lb-1"}]}
    cloud = FakeCloud(EnableLoadBalancerAccessLog=[{}], ListLoadBalancers=[off, on])
    alb.enable(cloud, CLB)
    assert [name for name, _unused in cloud.sent] == [alb.ENABLE, "ListLoadBalancers", "ListLoadBalancers"]


def test_an_albs_logs_are_off_when_the_list_says_so():
    """The call names no job to wait for."""
    on = {"LoadBalancers": [{"LoadBalancerId": "lb-1", "AccessLogConfig": {"LogProject": "logs", "LogStore": "web"}}]}
    off = {"LoadBalancers": [{"LoadBalancerId": "lb-1", "AccessLogConfig": {}}]}
    cloud = FakeCloud(DisableLoadBalancerAccessLog=[{}], ListLoadBalancers=[on, on, off])
    alb.disable(cloud, CLB)
    assert cloud.count("ListLoadBalancers") == 3
