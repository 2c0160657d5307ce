# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose key signs: the task's, the environment's, or a profile's."""

from __future__ import annotations

import json
import sys
from itertools import combinations
from types import ModuleType, SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.credentials import (
    ENVIRONMENT,
    Keys,
    resolve,
    setting,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import HardeningError, OptionError

KEY = "ALIBABA_CLOUD_ACCESS_KEY_ID"
SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
TOKEN = "ALIBABA_CLOUD_SECURITY_TOKEN"
PROFILES = [
    {"name": "default", "mode": "AK", "access_key_id": "file-id", "access_key_secret": "file-secret"},
    {"name": "old", "access_key_id": "old-id", "access_key_secret": "old-secret"},
    {
        "name": "sts",
        "mode": "StsToken",
        "access_key_id": "sts-id",
        "access_key_secret": "sts-secret",
        "sts_token": "sts-token",
    },
    {
        "name": "left-over",
        "mode": "AK",
        "access_key_id": "file-id",
        "access_key_secret": "file-secret",
        "sts_token": "of-another-time",
    },
    {"name": "half", "mode": "AK", "access_key_id": "half-id"},
    {"name": "empty", "mode": "AK"},
    {"name": "role", "mode": "RamRoleArn", "access_key_id": "x", "access_key_secret": "y", "ram_role_arn": "z"},
]


@pytest.fixture(autouse=True)
def config(monkeypatch, tmp_path):
    """Give a profile file that is the only thing the environment has."""
    for names in ENVIRONMENT.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"current": "sts", "profiles": PROFILES}), encoding="utf-8")
    monkeypatch.setenv("ALIBABA_CLOUD_CONFIG_FILE", str(path))
    return path


@pytest.fixture
def library(monkeypatch) -> list:
    """Put a stand-in for Alibaba Cloud's credentials library in its place; give what it was asked for."""
    asked = []

    class Provider:
        def __init__(self, kind: str, arguments: dict):
            asked.append((kind, arguments))

        def get_credentials(self) -> SimpleNamespace:
            return SimpleNamespace(
                get_access_key_id=lambda: "lib-id",
                get_access_key_secret=lambda: "lib-secret",
                get_security_token=lambda: "lib-token",
            )

    package, provider = ModuleType("alibabacloud_credentials"), ModuleType("alibabacloud_credentials.provider")
    package.provider = provider
    for kind in ("CLIProfileCredentialsProvider", "EcsRamRoleCredentialsProvider"):
        setattr(provider, kind, lambda kind=kind, **arguments: Provider(kind, arguments))
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials", package)
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials.provider", provider)
    return asked


@pytest.fixture
def no_library(monkeypatch):
    """Take the credentials library away, as where nobody installed it."""
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials", None)


def options(**given: object) -> SimpleNamespace:
    """The connection options of a task."""
    names = ("access_key_id", "access_key_secret", "security_token", "profile", "ecs_ram_role")
    return SimpleNamespace(**{**dict.fromkeys(names), **given})


# From the strongest to the weakest: how each is given, and the id that it leads to.
SOURCES = [
    ("keys of the task", {"access_key_id": "task-id", "access_key_secret": "s"}, {}, "task-id"),
    ("profile of the task", {"profile": "default"}, {}, "file-id"),
    ("role of the task", {"ecs_ram_role": "ops"}, {}, "lib-id"),
    ("keys of the environment", {}, {KEY: "env-id", SECRET: "s"}, "env-id"),
    ("role of the environment", {}, {"ALIBABA_CLOUD_ECS_METADATA": "ops"}, "lib-id"),
    ("profile of the environment", {}, {"ALIBABA_CLOUD_PROFILE": "old"}, "old-id"),
    ("current profile", {}, {}, "sts-id"),
]


@pytest.mark.parametrize(("strong", "weak"), list(combinations(SOURCES, 2)), ids=lambda one: one[0].replace(" ", "-"))
@pytest.mark.usefixtures("library")
def test_what_is_nearer_to_the_task_goes_first(strong, weak, monkeypatch):
    """Of any two sources the stronger one's key is taken."""
    for name, value in {**weak[2], **strong[2]}.items():
        monkeypatch.setenv(name, value)
    assert resolve(options(**{**weak[1], **strong[1]})).id == strong[3]


def test_keys_come_with_their_own_token_only(monkeypatch):
    """A token of the environment belongs to the environment's key, not to the task's."""
    monkeypatch.setenv(TOKEN, "env-token")
    assert resolve(options(access_key_id="a", access_key_secret="b")) == Keys("a", "b")
    assert resolve(options(access_key_id="a", access_key_secret="b", security_token="c")) == Keys("a", "b", "c")
    monkeypatch.setenv(KEY, "env-id")
    monkeypatch.setenv(SECRET, "env-secret")
    assert resolve(options()) == Keys("env-id", "env-secret", "env-token")


@pytest.mark.parametrize(
    ("task", "environment", "missing"),
    [
        ({"access_key_id": "a"}, {}, "access_key_secret"),
        ({"access_key_secret": "b"}, {}, "access_key_id"),
        ({"access_key_id": "a"}, {KEY: "c", SECRET: "d"}, "access_key_secret"),
        ({"access_key_id": "a"}, {SECRET: "d"}, "access_key_secret"),
        ({}, {KEY: "c"}, "access_key_secret"),
        ({}, {SECRET: "d"}, "access_key_id"),
        ({}, {KEY: "c", "ALICLOUD_SECRET_KEY": "d"}, "access_key_secret"),
        ({"profile": "half"}, {}, "access_key_secret"),
    ],
)
def test_half_a_key_is_refused(task, environment, missing, monkeypatch):
    """It is never completed from another source."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OptionError, match=f"{missing} is missing"):
        resolve(options(**task))


def test_the_older_collections_names_count_too(monkeypatch):
    """After the newer ones."""
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", "older-id")
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", "older-secret")
    assert resolve(options()) == Keys("older-id", "older-secret")
    monkeypatch.setenv(KEY, "newer-id")
    monkeypatch.setenv(SECRET, "newer-secret")
    assert resolve(options()) == Keys("newer-id", "newer-secret")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({KEY: "a", SECRET: "b", "ALICLOUD_SECURITY_TOKEN": "stale"}, Keys("a", "b")),
        ({"ALICLOUD_ACCESS_KEY": "a", "ALICLOUD_SECRET_KEY": "b", TOKEN: "stale"}, Keys("a", "b")),
        (
            {"ALICLOUD_ACCESS_KEY": "a", "ALICLOUD_SECRET_KEY": "b", "ALICLOUD_SECURITY_TOKEN": "c"},
            Keys("a", "b", "c"),
        ),
        ({KEY: "a", SECRET: "b", "ALICLOUD_ACCESS_KEY": "other"}, Keys("a", "b")),
    ],
)
def test_a_key_of_the_environment_is_of_one_kind_of_names(environment, expected, monkeypatch):
    """What stands under the names of the other kind belongs to another key."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert resolve(options()) == expected
    assert resolve(options(security_token="task-token")) == Keys(expected.id, expected.secret, "task-token")


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("default", Keys("file-id", "file-secret")),
        ("old", Keys("old-id", "old-secret")),
        ("sts", Keys("sts-id", "sts-secret", "sts-token")),
        ("left-over", Keys("file-id", "file-secret")),
        (None, Keys("sts-id", "sts-secret", "sts-token")),
    ],
)
@pytest.mark.usefixtures("no_library")
def test_plain_profiles_need_no_library(profile, expected):
    """Keys and tokens are read from the file; a token counts in a profile of temporary keys only."""
    assert resolve(options(profile=profile)) == expected


def test_other_profiles_go_through_the_library(library, config):
    """It is told the profile and the file."""
    assert resolve(options(profile="role")) == Keys("lib-id", "lib-secret", "lib-token")
    assert library == [("CLIProfileCredentialsProvider", {"profile_name": "role", "profile_file": str(config)})]


def test_an_instances_role_goes_through_the_library(library):
    """By the role's name, and without a thread that would outlive the task."""
    assert resolve(options(ecs_ram_role="ops")) == Keys("lib-id", "lib-secret", "lib-token")
    assert library == [("EcsRamRoleCredentialsProvider", {"role_name": "ops", "async_update_enabled": False})]


@pytest.mark.parametrize("given", [{"profile": "role"}, {"ecs_ram_role": "ops"}])
@pytest.mark.usefixtures("no_library")
def test_a_missing_library_is_named(given):
    """With the command that installs it."""
    with pytest.raises(HardeningError, match="pip install alibabacloud_credentials"):
        resolve(options(**given))


def test_an_error_of_the_library_gives_nothing_away(library, monkeypatch):
    """Its text may quote a request: only its kind is repeated."""

    def fail(**_arguments: object) -> None:
        raise RuntimeError("GET http://100.100.100.200/?token=hunter2")

    monkeypatch.setattr(sys.modules["alibabacloud_credentials.provider"], "EcsRamRoleCredentialsProvider", fail)
    with pytest.raises(OptionError, match=r"EcsRamRole credentials could not be fetched \(RuntimeError\)") as refusal:
        resolve(options(ecs_ram_role="ops"))
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__suppress_context__
    assert library == []


@pytest.mark.parametrize(
    ("text", "profile", "sentence"),
    [
        (None, None, "No access key: set ALIBABA_CLOUD_ACCESS_KEY_ID"),
        (None, "default", "can't be read .No such file"),
        ("{", None, "not one that the aliyun CLI writes"),
        ("[]", None, "not one that the aliyun CLI writes"),
        ('{"profiles": [{}]}', None, "not one that the aliyun CLI writes"),
        ('{"profiles": ["default"]}', None, "not one that the aliyun CLI writes"),
        ('{"profiles": []}', None, "no profile 'default' in .*it has: none"),
        ('{"profiles": [{"name": "b"}, {"name": "a"}]}', "c", "no profile 'c' in .*it has: a, b"),
        ('{"profiles": [{"name": "empty", "mode": "AK"}]}', "empty", "'empty' in .*holds no access key"),
    ],
)
def test_a_profile_that_can_not_be_used_is_told(text, profile, sentence, config):
    """One sentence with the file and what to do."""
    config.unlink()
    if text is not None:
        config.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError, match=sentence) as refusal:
        resolve(options(profile=profile))
    assert str(config) in str(refusal.value)


def test_a_profile_file_that_is_no_text_is_told(config):
    """As one that the CLI did not write."""
    config.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="not one that the aliyun CLI writes"):
        resolve(options())


def test_keys_are_never_printed():
    """Not even by accident, in the text of a traceback."""
    assert repr(Keys("hunter1", "hunter2", "hunter3")) == "Keys()"


def test_a_setting_is_the_option_or_the_environments(monkeypatch):
    """An empty variable is none, and so is an option that the task does not have."""
    monkeypatch.setenv("ALIBABA_CLOUD_ENDPOINT_URL", "")
    assert setting(SimpleNamespace(), "endpoint_url") is None
    monkeypatch.setenv("ALIBABA_CLOUD_ENDPOINT_URL", "https://env.example.com")
    assert setting(SimpleNamespace(endpoint_url=None), "endpoint_url") == "https://env.example.com"
    assert (
        setting(SimpleNamespace(endpoint_url="https://task.example.com"), "endpoint_url") == "https://task.example.com"
    )
