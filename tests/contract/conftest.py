# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator for the official clients: one account, one key that may do everything, one temporary key."""

from __future__ import annotations

import pytest

from simulator import Simulator

REGION = "cn-hangzhou"
KEY = ("LTAI5tContractClient0001", "contract-secret")
SESSION = ("STS.ContractSession00001", "session-secret", "session-token+/=")
EVERYTHING = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::1234567890123456:root"]}}
    ],
}
ESTATE = {
    "accounts": [
        {
            "id": "1234567890123456",
            "keys": [
                {"id": KEY[0], "secret": KEY[1], "user": "client", "policies": [EVERYTHING]},
                {
                    "id": SESSION[0],
                    "secret": SESSION[1],
                    "token": SESSION[2],
                    "user": "session",
                    "policies": [EVERYTHING],
                },
            ],
            "regions": [REGION, "ap-northeast-1"],
            "ram": {"roles": [{"name": "auditing", "trust": TRUST, "policies": [EVERYTHING]}]},
            "oss": {
                "buckets": [
                    {"name": "plain", "region": REGION},
                    {
                        "name": "site",
                        "region": REGION,
                        "acl": "public-read",
                        "versioning": "Suspended",
                        "cnames": ["www.example.com", "example.com"],
                        "website": {"index": "index.html", "mirror": "https://origin.example.com"},
                    },
                    {"name": "vault", "region": REGION, "worm": {"days": 30, "state": "Locked"}},
                    {"name": "remote", "region": "ap-northeast-1"},
                ]
            },
        }
    ]
}


@pytest.fixture(scope="session")
def server():
    with Simulator(ESTATE) as simulator:
        yield simulator


@pytest.fixture
def sim(server):
    """Give the session's simulator with a fresh world; a test that made it loud fails."""
    server.reset()
    yield server
    assert server.violations() == []


@pytest.fixture
def key():
    """Id and secret of the key that may do everything."""
    return KEY


@pytest.fixture
def session():
    """Id, secret and token of the temporary key."""
    return SESSION
