# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get wrong, and what breaks around them: a sentence each, no traceback, nothing half done unnoted."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness import ACCOUNT, KEYS, LONGEST_RUN, entries, environment, key, result_of, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator import Simulator

KEY, SECRET, _unused = KEYS["enforcer"]
TOKEN = {"id": "STS.Session", "secret": "session-secret", "token": "session+token/1=="}
ROOT_KEY = {"id": "LTAI5tRoot", "secret": "root-secret"}
ESTATE = {
    "accounts": [
        {
            "id": ACCOUNT,
            "keys": [
                key("auditor"),
                key("enforcer"),
                {**TOKEN, **{n: key("enforcer")[n] for n in ("user", "policies")}},
            ],
            "regions": ["cn-hangzhou"],
            "oss": {
                "buckets": [
                    {"name": "acme-exports", "region": "cn-hangzhou", "acl": "public-read"},
                    {"name": "acme-shared", "region": "cn-hangzhou", "acl": "public-read"},
                ]
            },
        },
        {"id": "9999999999999999", "keys": [ROOT_KEY]},
    ]
}
ACCEPTED = {
    "control": "oss-bucket-public-read-prohibited",
    "resource": "acme-exports",
    "reason": "public by intent",
    "owner": "web team",
    "expires": "2099-12-31",
}


@dataclass
class Bench:
    """A simulator, and an empty home for the module to run in."""

    sim: Simulator
    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, options: dict | None = None, module: str = "oss_bucket_acl", *, check: bool = False) -> str:
        """Run a module that has to fail; what it says."""
        result = self.result(options, module, check=check)
        assert result["failed"]
        assert "\n" not in result["msg"]
        return result["msg"]

    def result(self, options: dict | None = None, module: str = "oss_bucket_acl", *, check: bool = False) -> dict:
        """Run a module to its end."""
        secrets = [SECRET, TOKEN["secret"], TOKEN["token"], "wrong-secret"]
        return result_of(*run(module, options or {}, self.variables, check=check), secrets)

    def profiles(self, *profiles: dict, current: str = "default") -> None:
        """Write the aliyun CLI's file, and take the key out of the environment."""
        self.without_key()
        path = self.home / ".aliyun" / "config.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"current": current, "profiles": profiles}), encoding="utf-8")

    def without_key(self) -> None:
        """Take the key out of the environment."""
        for name in ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"):
            del self.variables[name]

    def written(self) -> list[str]:
        """The writing actions that the cloud was asked for."""
        return [call["action"] for call in self.sim.journal() if call["writes"]]


@pytest.fixture
def bench(sim: Callable[..., Simulator], tmp_path: Path, collection: object) -> Bench:  # noqa: ARG001
    """Give a simulator with two public buckets, and the environment of somebody who may close them."""
    started = sim(ESTATE)
    return Bench(started, tmp_path, environment(started.url, "enforcer", tmp_path))


# Options


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"acl": "secret"}, ["acl", "private, public-read, public-read-write"]),
        ({"block_public_access": "perhaps"}, ["block_public_access", "boolean"]),
        ({"workers": "many"}, ["workers", "many"]),
        ({"workers": 0}, ["workers must be 1 or more"]),
        ({"bucket": "acme"}, ["Unsupported parameters", "bucket", "names"]),
        ({"max_changes": "a few"}, ["max_changes", "'a few'", "(25)", "(5%)"]),
        ({"max_changes": "101%"}, ["max_changes", "'101%'"]),
        ({"max_changes": "-1"}, ["max_changes", "'-1'"]),
        ({"whitelist": [{**ACCEPTED, "reason": "  "}]}, ["whitelist entry 1", "no reason"]),
        ({"whitelist": [ACCEPTED, {**ACCEPTED, "owner": ""}]}, ["whitelist entry 2", "no owner"]),
        ({"whitelist": [{**ACCEPTED, "expires": "next year"}]}, ["'next year'", "YYYY-MM-DD"]),
        ({"whitelist": [{**ACCEPTED, "expires": "2027-02-30"}]}, ["'2027-02-30'", "YYYY-MM-DD"]),
        ({"whitelist": [{name: ACCEPTED[name] for name in ACCEPTED if name != "reason"}]}, ["reason", "whitelist"]),
        ({"whitelist": [{**ACCEPTED, "until": "2027-02-30"}]}, ["until", "whitelist"]),
        ({"whitelist": ["acme-exports"]}, ["dictionary requested"]),
        ({"endpoint_url": "http://oss.example.com"}, ["plain http", "https"]),
        ({"endpoint_url": "oss.example.com"}, ["'oss.example.com'", "is not a URL", "https://host"]),
        ({"endpoint_url": "http://127.0.0.1:1/path"}, ["endpoint_url", "nothing else"]),
        ({"endpoint_url": "http://127.0.0.1:port"}, ["endpoint_url", "port"]),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
def test_option(bench, options, parts, check):
    """A value that makes no sense is refused before anything is read."""
    said = bench.run(options, check=check)
    assert [part for part in parts if part not in said] == [], said
    assert bench.sim.journal() == []


# Keys


def test_no_key(bench):
    """Without any key, the ways to give one are named."""
    bench.without_key()
    said = bench.run()
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in said
    assert "aliyun configure" in said


@pytest.mark.parametrize("half", ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"])
def test_half_a_key(bench, half):
    """Of half a key, the missing half is named."""
    del bench.variables[half]
    said = bench.run()
    assert f"{half.removeprefix('ALIBABA_CLOUD_').lower()} is missing" in said
    assert bench.sim.journal() == []


@pytest.mark.parametrize(
    ("variable", "code"),
    [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "InvalidAccessKeyId"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "SignatureDoesNotMatch"),
    ],
)
def test_wrong_key(bench, variable, code):
    """A wrong key is told after one call, with code and request id, and with where keys come from."""
    bench.variables[variable] = "wrong-secret"
    said = bench.run()
    assert code in said
    assert "request id" in said
    assert "Check access_key_id" in said
    assert "string to sign" not in said
    assert len(bench.sim.journal()) == 1


def test_wrong_token(bench):
    """A wrong token is told like a wrong key."""
    bench.variables |= {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": TOKEN["id"],
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": TOKEN["secret"],
        "ALIBABA_CLOUD_SECURITY_TOKEN": "wrong-secret",
    }
    said = bench.run()
    assert "InvalidSecurityToken" in said
    assert "Check access_key_id" in said


def test_role_that_is_not_there(bench):
    """A role that can't be assumed is told with the code of the refusal."""
    said = bench.run({"assume_role_arn": f"acs:ram::{ACCOUNT}:role/none"})
    assert "AssumeRole failed" in said
    assert "request id" in said


# Profiles


def test_profile_with_a_key(bench):
    """A profile of the aliyun CLI that holds a key is enough."""
    bench.profiles({"name": "default", "mode": "AK", "access_key_id": KEY, "access_key_secret": SECRET})
    assert bench.result(check=True)["account_id"] == ACCOUNT


def test_profile_with_a_token(bench):
    """A profile that holds a temporary key is enough, and is taken by name."""
    bench.profiles(
        {"name": "default", "mode": "AK", "access_key_id": "none", "access_key_secret": "wrong-secret"},
        {
            "name": "session",
            "mode": "StsToken",
            "access_key_id": TOKEN["id"],
            "access_key_secret": TOKEN["secret"],
            "sts_token": TOKEN["token"],
        },
    )
    assert bench.result({"profile": "session"}, check=True)["account_id"] == ACCOUNT


def test_unknown_profile(bench):
    """Of a profile that is not there, those that are there are named."""
    bench.profiles({"name": "first"}, {"name": "second"})
    said = bench.run({"profile": "third"})
    assert "'third'" in said
    assert "first, second" in said


def test_profile_without_a_key(bench):
    """A profile that holds no key is told by its name."""
    bench.profiles({"name": "default", "mode": "AK"})
    said = bench.run()
    assert "'default'" in said
    assert "aliyun configure" in said


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"profiles": 1}', '{"profiles": [1]}', '{"profiles": [{}]}', "\udc80"], ids=repr
)
def test_profile_file_of_another_kind(bench, text):
    """A file that the aliyun CLI did not write is told as such."""
    bench.profiles()
    (bench.home / ".aliyun" / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    said = bench.run()
    assert "config.json" in said
    assert "aliyun configure" in said


def test_profile_file_that_is_a_folder(bench):
    """A profile file that can't be read is told with the reason."""
    bench.without_key()
    (bench.home / ".aliyun" / "config.json").mkdir(parents=True)
    said = bench.run()
    assert "Is a directory" in said
    assert "aliyun configure" in said


# Libraries


@pytest.mark.parametrize(
    ("library", "package", "options"),
    [
        ("aliyunsdkcore", "aliyun-python-sdk-core", {}),
        ("oss2", "oss2", {}),
        ("alibabacloud_credentials", "alibabacloud_credentials", {"ecs_ram_role": "auditing"}),
    ],
)
def test_missing_library(bench, library, package, options):
    """A library that is not installed is named with the command that installs it."""
    (bench.home / f"{library}.py").write_text(f"raise ImportError('No module named {library}')", encoding="utf-8")
    bench.variables["PYTHONPATH"] = f"{bench.home}:{bench.variables['PYTHONPATH']}"
    said = bench.run(options)
    assert f"pip install '{package}" in said or f"pip install {package}" in said
    assert "for the Python that runs" in said


# The way to the cloud


@pytest.mark.parametrize("product", ["sts", "oss"])
def test_page_of_html(bench, product):
    """An endpoint that answers with a web page is no cloud, and nothing is taken for compliant."""
    bench.sim.set_faults([{"product": product, "effect": "html"}])
    result = bench.result()
    assert result["failed"]
    assert "UnexpectedAnswer" in result["msg"]
    assert "endpoint_url" in result["msg"]
    assert not result.get("summary", {}).get("compliant")
    assert bench.written() == []


def test_unreachable_port(bench):
    """Where nobody answers, the address is named."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bench.variables["ALIBABA_CLOUD_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    said = bench.run()
    assert f"127.0.0.1:{port}" in said
    assert "Check the network" in said


@pytest.mark.parametrize("product", ["sts", "oss"])
def test_silent_server(bench, product):
    """A server that never answers is waited for a limited time, a limited number of times."""
    bench.variables["HURRY_SHARE"] = "0.02"
    bench.sim.set_faults([{"product": product, "effect": "hang", "seconds": LONGEST_RUN}])
    began = time.monotonic()
    said = bench.run()
    assert time.monotonic() - began < LONGEST_RUN / 2
    assert "ConnectionFailed" in said
    assert "Check the network" in said


def test_broken_connection_while_writing(bench):
    """A change whose answer never came is in the journal, and is told of."""
    bench.sim.set_faults([{"action": "PutBucketAcl", "effect": "drop", "phase": "after"}])
    result = bench.result({"journal": str(bench.home / "journal.jsonl"), "names": ["acme-exports"]})
    assert "PutBucketAcl failed" in result["msg"]
    assert [entry["action"] for entry in entries(bench.home / "journal.jsonl")] == ["PutBucketAcl"]


def test_bucket_that_vanishes_before_it_is_read(bench):
    """A bucket that is deleted between list and read is left out with a warning, and the others are done."""
    gone = {"effect": "error", "status": 404, "code": "NoSuchBucket", "message": "The bucket does not exist."}
    bench.sim.set_faults([{"action": "GetBucket*", "params": {"bucket": "acme-exports"}, **gone}])
    result = bench.result()
    assert not result.get("failed")
    assert result["summary"]["examined"] == result["summary"]["fixed"] == 1
    assert "acme-exports was deleted" in str(result["warnings"])


def test_bucket_that_vanishes_before_it_is_closed(bench):
    """A bucket that is deleted after it was read is not created anew by setting its ACL."""
    gone = {"effect": "error", "status": 404, "code": "NoSuchBucket", "message": "The bucket does not exist."}
    bench.sim.set_faults([{"action": "GetBucketAcl", "params": {"bucket": "acme-exports"}, **gone}])
    said = bench.run()
    assert "acme-exports" in said
    assert "NoSuchBucket" in said
    assert [call["params"]["bucket"] for call in bench.sim.journal() if call["writes"]] == ["acme-shared"] * 2


# The journal


@pytest.mark.parametrize("place", ["folder", "full", "under a file", "not allowed"])
def test_journal_that_cannot_be_written(bench, place):
    """Without a journal nothing is changed, and the place and the option are named."""
    (bench.home / "file").touch()
    path = {
        "folder": bench.home,
        "full": Path("/dev/full"),
        "under a file": bench.home / "file" / "journal.jsonl",
        "not allowed": Path("/proc/journal.jsonl"),
    }[place]
    said = bench.run({"journal": str(path)})
    assert str(path) in said
    assert "option journal" in said
    assert said.count("can't be written") == 1
    assert bench.written() == []


@pytest.mark.parametrize("size", [100, 1000, 1300, 2400], ids="{} bytes".format)
def test_disk_that_fills_up(bench, size):
    """When the disk fills up in the middle, what was sent stands in the journal, and nothing more is sent."""
    path = bench.home / "journal.jsonl"
    script = bench.home / "limited"
    script.mkdir()
    (script / "sitecustomize.py").write_text(
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))", encoding="utf-8"
    )
    bench.variables["PYTHONPATH"] = f"{script}:{bench.variables['PYTHONPATH']}"
    result = bench.result({"journal": str(path), "workers": 1})
    written = bench.written()
    assert result["failed"]
    assert result["msg"].count("can't be written") == 1
    assert "File too large" in result["msg"]
    noted = [entry["action"] for entry in entries(path)]
    assert noted[: len(written)] == written
    assert len(written) < 4
    assert result["changed"] == bool(written)
    assert {risk["status"] for risk in result["risks"]} <= {"open", "fixed"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (None, ["can't be read", "No such file"]),
        ("no journal\nat all\n", ["Line 1", "not a line of a restore journal"]),
        ('{"journal": 99}\n', ["version 99"]),
        ('{"journal": 1}\n', ["not a journal of this collection"]),
    ],
    ids=["missing", "text", "newer", "incomplete"],
)
def test_journal_that_cannot_be_restored(bench, text, parts):
    """A restore of what is no journal changes nothing and says so."""
    path = bench.home / "journal.jsonl"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    said = bench.run({"journal": str(path)}, module="restore")
    assert [part for part in (str(path), *parts) if part not in said] == [], said
    assert bench.written() == []


def test_journal_of_another_account(bench):
    """A journal is restored with a key of its own account only."""
    path = str(bench.home / "journal.jsonl")
    bench.result({"journal": path})
    closed = bench.sim.state()
    bench.variables["ALIBABA_CLOUD_ACCESS_KEY_ID"] = ROOT_KEY["id"]
    bench.variables["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = ROOT_KEY["secret"]
    said = bench.run({"journal": path}, module="restore")
    assert ACCOUNT in said
    assert "9999999999999999" in said
    assert bench.sim.state() == closed


def test_journal_of_settings_that_somebody_changed_since(bench):
    """What somebody changed after the run is left alone and named, unless force is set."""
    path = str(bench.home / "journal.jsonl")
    bench.result({"journal": path, "names": ["acme-exports"], "block_public_access": False})
    state = bench.sim.state()
    state["accounts"][0]["oss"]["buckets"][0]["acl"] = "public-read-write"
    bench.sim.reset(state)
    said = bench.run({"journal": path}, module="restore")
    assert "1 of 1 settings were not put back" in said
    assert bench.sim.state() == state
    assert not bench.result({"journal": path, "force": True}, module="restore").get("failed")
    assert bench.sim.state()["accounts"][0]["oss"]["buckets"][0]["acl"] == "public-read"


# Secrets


@pytest.mark.parametrize("scheme", ["https://", "http://", ""])
def test_password_in_the_address(bench, scheme):
    """A password that stands where none belongs is refused, and is in no part of the output."""
    result = bench.result({"endpoint_url": f"{scheme}user:wrong-secret@127.0.0.1:9"})
    assert "user name or a password" in result["msg"]
    assert result["invocation"]["module_args"]["endpoint_url"].endswith("127.0.0.1:9")
    assert bench.sim.journal() == []


def test_secrets_in_options(bench):
    """Keys given as options are in no output, at any verbosity, with the SDK's own log switched on."""
    bench.without_key()
    bench.variables["DEBUG"] = "sdk"
    given = {"access_key_id": TOKEN["id"], "access_key_secret": TOKEN["secret"], "security_token": TOKEN["token"]}
    result = bench.result({**given, "journal": str(bench.home / "journal.jsonl")})
    assert result["summary"]["fixed"] == 2
    assert TOKEN["id"] not in json.dumps(result)
    assert "session-" not in (bench.home / "journal.jsonl").read_text(encoding="utf-8")
