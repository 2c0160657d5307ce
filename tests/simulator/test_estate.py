# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates: what is loaded is dumped, and what makes no sense is refused."""

from __future__ import annotations

import json

import pytest
import yaml

from simulator import EstateError, Simulator, generate

LIFECYCLE = """<LifecycleConfiguration>
  <Rule><ID>a</ID><Prefix></Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>
</LifecycleConfiguration>
"""
WEBSITE = (
    "<WebsiteConfiguration><IndexDocument><Suffix>i.html</Suffix></IndexDocument>"
    "<ErrorDocument><Key>e.html</Key></ErrorDocument></WebsiteConfiguration>"
)


def oss_of(*buckets, **more):
    """Write an estate of one account with these buckets."""
    return {"accounts": [{"id": "1", "oss": {"buckets": list(buckets), **more}}]}


FULL = {
    "name": "everything",
    "region": "cn-hangzhou",
    "acl": "public-read-write",
    "block_public_access": True,
    "versioning": "Suspended",
    "policy": {
        "Version": "1",
        "Statement": [{"Effect": "Deny", "Principal": ["*"], "Action": "*", "Resource": "*"}],
    },
    "website": {"index": "index.html", "mirror": "https://origin.example.com"},
    "cnames": ["www.example.com"],
    "worm": {"days": 30, "state": "Locked"},
    "lifecycle": LIFECYCLE,
    "tags": {"env": "prod"},
}


def test_a_full_bucket_survives():
    """Every field comes back as it was given."""
    with Simulator(oss_of(FULL, block_public_access=True)) as simulator:
        assert simulator.state()["accounts"][0]["oss"] == {"block_public_access": True, "buckets": [FULL]}


def test_the_state_is_an_estate(estate):
    """Loading what was dumped gives the same world."""
    with Simulator(estate) as first, Simulator(first.state()) as second:
        assert second.state() == first.state()


def test_defaults_are_filled_in():
    """What an estate leaves out is what the cloud starts with."""
    with Simulator(oss_of({"name": "bare", "region": "cn-hangzhou"})) as simulator:
        (account,) = simulator.state()["accounts"]
    assert account["oss"]["buckets"] == [
        {"name": "bare", "region": "cn-hangzhou", "acl": "private", "block_public_access": False}
    ]
    assert "ap-northeast-1" in account["regions"]


def test_a_website_of_another_form_is_kept_as_xml():
    """The short form is for what it can say; the rest stays XML."""
    bucket = {"name": "bare", "region": "cn-hangzhou", "website": {"xml": WEBSITE}}
    with Simulator(oss_of(bucket)) as simulator:
        assert simulator.state()["accounts"][0]["oss"]["buckets"][0]["website"] == {"xml": WEBSITE}


def test_policies_can_be_files(tmp_path, estate):
    """A policy is a path relative to the estate file, or the document itself."""
    (tmp_path / "policies").mkdir()
    document = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:*", "Resource": "*"}]}
    (tmp_path / "policies" / "all.json").write_text(json.dumps(document))
    estate["accounts"][0]["keys"][0]["policies"] = ["policies/all.json"]
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    with Simulator(path) as simulator:
        assert simulator.state()["accounts"][0]["keys"][0]["policies"] == [document]


@pytest.mark.parametrize(
    ("estate", "word"),
    [
        ({"account": []}, "account"),
        ({"accounts": [{"id": "one"}]}, "digits"),
        ({"accounts": [{"id": "1"}, {"id": "1"}]}, "twice"),
        ({"accounts": [{"id": "1", "ecs2": {}}]}, "ecs2"),
        ({"accounts": [{"id": "1", "regions": ["cn-atlantis"]}]}, "cn-atlantis"),
        ({"accounts": [{"id": "1", "keys": [{"id": "LTAI"}]}]}, "secret"),
        ({"accounts": [{"id": "1", "keys": [{"id": "LTAI", "secret": "s", "policies": ["none.json"]}]}]}, "none.json"),
        ({"accounts": [{"id": "1", "ram": {"roles": [{"name": "r"}]}}]}, "trust"),
        (oss_of({"name": "b"}), "region"),
        (oss_of({"name": "Bucket", "region": "cn-hangzhou"}), "lower-case"),
        (oss_of({"name": "bucket", "region": "cn-atlantis"}), "cn-atlantis"),
        (oss_of({"name": "bucket", "region": "cn-hangzhou", "acl": "secret"}), "acl"),
        (oss_of({"name": "bucket", "region": "cn-hangzhou", "colour": "red"}), "colour"),
        (oss_of({"name": "bucket", "region": "cn-hangzhou", "versioning": True}), "versioning"),
        (oss_of({"name": "bucket", "region": "cn-hangzhou", "worm": {"days": 1, "state": "Open"}}), "worm"),
        (oss_of({"name": "bucket", "region": "cn-hangzhou", "lifecycle": "<a/>"}), "lifecycle"),
        (oss_of({"name": "bucket", "region": "cn-hangzhou", "website": {"mirror": "ftp://x"}}), "website"),
        (oss_of(*[{"name": "bucket", "region": "cn-hangzhou"}] * 2), "twice"),
    ],
)
def test_nonsense_is_refused(estate, word):
    """An estate is refused for whatever would otherwise be ignored or wrong."""
    with pytest.raises(EstateError, match=word):
        Simulator(estate)


def test_a_bucket_name_is_taken_once_in_the_world():
    """Two accounts cannot have a bucket of the same name."""
    bucket = {"name": "bucket", "region": "cn-hangzhou"}
    accounts = [{"id": number, "oss": {"buckets": [bucket]}} for number in ("1", "2")]
    with pytest.raises(EstateError, match="bucket"):
        Simulator({"accounts": accounts})


def test_generated_estates(capsys):
    """A generated estate is as large as asked for, the same for the same seed, and loads."""
    arguments = ["--buckets", "200", "--regions", "3", "--seed", "7", "--public", "0.1"]
    generate.main(arguments)
    text = capsys.readouterr().out
    generate.main(arguments)
    assert capsys.readouterr().out == text
    with Simulator(yaml.safe_load(text)) as simulator:
        (account,) = simulator.state()["accounts"]
    buckets = account["oss"]["buckets"]
    assert len(buckets) == 200
    assert len({bucket["region"] for bucket in buckets}) == len(account["regions"]) == 3
    public = [bucket for bucket in buckets if bucket["acl"] == "public-read"]
    assert 5 <= len(public) <= 40
    assert {bucket["block_public_access"] for bucket in public} == {False}
