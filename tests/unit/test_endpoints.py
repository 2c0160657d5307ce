# SPDX-License-Identifier: GPL-3.0-or-later
"""Where calls go, and through what."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.endpoints import (
    ca_bundle,
    check_base,
    host,
    is_loopback,
    proxies,
    userinfo,
)
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """Leave no proxy and no bundle of this machine in the environment."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "ALIBABA_CLOUD_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("", None),
        ("https://gateway.example.com", "https://gateway.example.com"),
        ("https://gateway.example.com/", "https://gateway.example.com"),
        ("https://gateway.example.com:8443/", "https://gateway.example.com:8443"),
        ("http://127.0.0.1:8642", "http://127.0.0.1:8642"),
        ("http://127.9.9.9:1", "http://127.9.9.9:1"),
        ("http://localhost:8642/", "http://localhost:8642"),
        ("http://[::1]:8642", "http://[::1]:8642"),
    ],
)
def test_a_base_is_https_or_loopback(given, expected):
    """What is usable comes back without its closing slash."""
    assert check_base(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "http://gateway.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1:8642",
        "http://0.0.0.0:8642",
        "http://[2001:db8::1]",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1:8642",
        "gateway.example.com",
        "https://",
        "https:///path",
        "http://[::1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "https://gateway.example.com/api",
        "https://gateway.example.com?x=1",
        "https://gateway.example.com#x",
        "https://user@gateway.example.com",
    ],
)
def test_any_other_base_is_refused(given):
    """Plain http to another machine, other schemes, and what is no URL or more than a base are told as such."""
    with pytest.raises(OptionError, match="endpoint_url"):
        check_base(given)


@pytest.mark.parametrize("scheme", ["http", "https", "ftp"])
def test_a_password_in_a_base_is_not_repeated(scheme):
    """The sentence that refuses it does not quote it."""
    with pytest.raises(OptionError) as refusal:
        check_base(f"{scheme}://user:hunter2@gateway.example.com")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, set()),
        ("https://gateway.example.com", set()),
        ("https://user:hunter2@gateway.example.com", {"user:hunter2@"}),
        ("https://user:hunter@2@gateway.example.com", {"user:hunter@2@"}),
        ("https://user://hunter2@gateway.example.com", {"user://hunter2@"}),
        ("https://hunter2@gateway.example.com", {"hunter2@"}),
        ("user:hunter2@gateway.example.com", {"user:hunter2@"}),
    ],
)
def test_what_a_base_must_not_hold_is_known(given, expected):
    """With the @, so that a short name is not taken out of everything else."""
    assert userinfo(given) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_loopback_is_known_without_a_name_server(name, expected):
    """Names other than localhost are never this machine."""
    assert is_loopback(name) is expected


@pytest.mark.parametrize(
    ("product", "region", "expected"),
    [
        ("ecs", "ap-northeast-1", "ecs.ap-northeast-1.aliyuncs.com"),
        ("ecs", "cn-hangzhou", "ecs-cn-hangzhou.aliyuncs.com"),
        ("sts", "ap-northeast-1", "sts.aliyuncs.com"),
        ("oss", "cn-hangzhou", "oss-cn-hangzhou.aliyuncs.com"),
    ],
)
def test_each_product_has_its_hosts(product, region, expected):
    """By region, but for central products and exceptions."""
    assert host(product, region) == expected


PROXIES = {"http_proxy": "http://proxy:1", "https_proxy": "http://proxy:2"}
BOTH = {"http": "http://proxy:1", "https": "http://proxy:2"}


@pytest.mark.parametrize(
    ("environment", "name", "expected"),
    [
        ({}, "sts.aliyuncs.com", {}),
        (PROXIES, "sts.aliyuncs.com", BOTH),
        ({"HTTPS_PROXY": "http://proxy:3"}, "sts.aliyuncs.com", {"https": "http://proxy:3"}),
        (PROXIES, "127.0.0.1", {}),
        (PROXIES, "localhost", {}),
        (PROXIES, "::1", {}),
        ({**PROXIES, "no_proxy": ".aliyuncs.com"}, "sts.aliyuncs.com", {}),
        ({**PROXIES, "NO_PROXY": "sts.aliyuncs.com"}, "sts.aliyuncs.com", {}),
        ({**PROXIES, "no_proxy": "*"}, "sts.aliyuncs.com", {}),
        ({**PROXIES, "no_proxy": "example.com"}, "sts.aliyuncs.com", BOTH),
        ({**PROXIES, "no_proxy": "aliyuncs.com.example"}, "sts.aliyuncs.com", BOTH),
    ],
)
def test_the_environments_proxies_are_used_but_not_for_everyone(environment, name, expected, monkeypatch):
    """None to this machine, none where NO_PROXY names the host or its domain."""
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert proxies(name) == expected


def test_a_bundle_of_the_collections_own_goes_first(monkeypatch):
    """Without any bundle the SDKs' own certificates are trusted, never none."""
    assert ca_bundle() is True
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/theirs.pem")
    assert ca_bundle() == "/etc/theirs.pem"
    monkeypatch.setenv("ALIBABA_CLOUD_CA_BUNDLE", "/etc/ours.pem")
    assert ca_bundle() == "/etc/ours.pem"
