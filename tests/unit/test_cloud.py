# SPDX-License-Identifier: GPL-3.0-or-later
"""The account behind a key: an answer that lacks what was asked for is told, and is no traceback."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import Keys
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import CloudError
from ansible_collections.hardening.alicloud.plugins.module_utils.rpc import RpcClient

ROLE = "acs:ram::1234567890123456:role/auditing"
SESSION = {"AccessKeyId": "id", "AccessKeySecret": "secret", "SecurityToken": "token"}


def cloud(monkeypatch, answer: dict, **more: str) -> Cloud:
    """An account that answers every call with this."""
    monkeypatch.setattr(RpcClient, "call", lambda *_arguments: answer)
    return Cloud(Keys("a", "b"), "http://127.0.0.1:9", 2, **more)


def test_an_account_has_its_number_its_regions_and_the_keys_of_a_role(monkeypatch):
    """As the cloud gives them."""
    assert cloud(monkeypatch, {"AccountId": 1234567890123456}).account_id == "1234567890123456"
    assert cloud(monkeypatch, {"Regions": {"Region": [{"RegionId": "cn-hangzhou"}]}}).all_regions() == ["cn-hangzhou"]
    assert cloud(monkeypatch, {"Credentials": SESSION}, assume_role_arn=ROLE).keys == Keys("id", "secret", "token")


@pytest.mark.parametrize("answer", [{}, {"AccountId": None}, {"AccountId": ""}])
def test_an_answer_without_an_account_is_told(monkeypatch, answer):
    """The first call of every run."""
    with pytest.raises(CloudError, match=r"GetCallerIdentity failed: the answer has no AccountId \(UnexpectedAnswer"):
        _unused = cloud(monkeypatch, answer).account_id


@pytest.mark.parametrize(
    "answer", [{}, {"Regions": []}, {"Regions": {"Region": []}}, {"Regions": {"Region": [{"Id": "cn-hangzhou"}]}}]
)
def test_an_answer_without_regions_is_told(monkeypatch, answer):
    """An account without any region would pass for one without risks."""
    with pytest.raises(CloudError, match=r"DescribeRegions failed: the answer has no Region"):
        cloud(monkeypatch, answer).all_regions()


@pytest.mark.parametrize(
    "answer", [{}, {"Credentials": None}, *({"Credentials": {**SESSION, name: None}} for name in SESSION)]
)
def test_an_answer_without_a_whole_key_of_a_role_is_told(monkeypatch, answer):
    """Half a key would be refused for another reason, or sign as somebody else."""
    with pytest.raises(CloudError, match="AssumeRole failed: the answer has no Credentials"):
        cloud(monkeypatch, answer, assume_role_arn=ROLE)
