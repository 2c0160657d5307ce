# SPDX-License-Identifier: GPL-3.0-or-later
"""A small estate, a simulator that plays it, and clients that speak to it."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

import oss2
import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from simulator import Simulator

ACCOUNT = "1234567890123456"


def policy(*actions, resource="*", effect="Allow", **more):
    """Write a RAM policy of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    return {"Version": "1", "Statement": [statement]}


READ = policy("oss:Get*", "oss:List*")
ALL = policy("*")
ESTATE = {
    "accounts": [
        {
            "id": ACCOUNT,
            "keys": [
                {"id": "LTAI5tReader", "secret": "reader-secret", "user": "reader", "policies": [READ]},
                {"id": "LTAI5tWriter", "secret": "writer-secret", "user": "writer", "policies": [ALL]},
                {"id": "LTAI5tNobody", "secret": "nobody-secret", "user": "nobody"},
                {"id": "LTAI5tRoot", "secret": "root-secret"},
                {
                    "id": "STS.Session",
                    "secret": "session-secret",
                    "token": "the-token",
                    "user": "session",
                    "policies": [ALL],
                },
            ],
            "regions": ["cn-hangzhou", "cn-shanghai"],
            "ram": {
                "roles": [
                    {
                        "name": "auditing",
                        "trust": {
                            "Version": "1",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": "sts:AssumeRole",
                                    "Principal": {"RAM": [f"acs:ram::{ACCOUNT}:user/writer"]},
                                }
                            ],
                        },
                        "policies": [policy("oss:Get*")],
                    }
                ]
            },
            "oss": {
                "buckets": [
                    {"name": "first", "region": "cn-hangzhou"},
                    {"name": "second", "region": "cn-shanghai", "block_public_access": True},
                    {"name": "vault", "region": "cn-hangzhou", "worm": {"days": 30, "state": "InProgress"}},
                    {
                        "name": "website",
                        "region": "cn-hangzhou",
                        "acl": "public-read",
                        "website": {"index": "index.html", "mirror": "https://origin.example.com"},
                    },
                ]
            },
        },
        {
            "id": "9999999999999999",
            "keys": [{"id": "LTAI5tOther", "secret": "other-secret"}],
            "oss": {"buckets": [{"name": "foreign", "region": "cn-hangzhou"}]},
        },
    ]
}


@dataclass
class Clients:
    """Clients of one key: OSS bucket by bucket, OSS's service level, and RPC calls."""

    sim: Simulator
    key: str
    secret: str
    token: str | None = None

    @property
    def _auth(self) -> Any:
        return oss2.StsAuth(self.key, self.secret, self.token) if self.token else oss2.Auth(self.key, self.secret)

    def bucket(self, name):
        """Make an oss2 bucket."""
        return oss2.Bucket(self._auth, self.sim.url, name)

    @property
    def service(self):
        """oss2's view of the account."""
        return oss2.Service(self._auth, self.sim.url)

    def rpc(self, version, action, **params):
        """Give the answer of an RPC call, or raise its ServerException."""
        request = CommonRequest(domain=self.sim.url)
        request.set_version(version)
        request.set_action_name(action)
        request.set_method("POST")
        for name, value in params.items():
            request.add_query_param(name, value)
        if self.token:
            request.add_query_param("SecurityToken", self.token)
        client = AcsClient(self.key, self.secret, "cn-hangzhou", auto_retry=False, timeout=5)
        return json.loads(client.do_action_with_exception(request))

    def whoami(self):
        """GetCallerIdentity."""
        return self.rpc("2015-04-01", "GetCallerIdentity")

    def regions(self, **params):
        """DescribeRegions."""
        return self.rpc("2014-05-26", "DescribeRegions", **params)


@pytest.fixture(scope="session")
def server():
    with Simulator(ESTATE) as simulator:
        yield simulator


@pytest.fixture
def sim(server):
    """Give the session's simulator with a fresh world."""
    server.reset()
    return server


@pytest.fixture
def clients(sim):
    """Make the clients of a key by its user's name."""

    def make(user):
        for account in ESTATE["accounts"]:
            for key in account["keys"]:
                if key["id"].endswith(user.capitalize()):
                    return Clients(sim, key["id"], key["secret"], key.get("token"))
        raise LookupError(user)

    return make


@pytest.fixture
def reader(clients):
    return clients("reader")


@pytest.fixture
def writer(clients):
    return clients("writer")


@pytest.fixture
def estate():
    """Give a copy of the estate to change."""
    return copy.deepcopy(ESTATE)


@pytest.fixture
def refused():
    """Make a call that has to fail, and give status and code of its error."""

    def make(call, *arguments, **named):
        with pytest.raises((oss2.exceptions.OssError, ServerException)) as caught:
            call(*arguments, **named)
        error = caught.value
        if isinstance(error, ServerException):
            return error.get_http_status(), error.get_error_code()
        return error.status, error.code

    return make


@pytest.fixture
def bucket_state(sim):
    """Look a bucket up in the simulator's state; None when it is not there."""

    def look(name):
        buckets = sim.state()["accounts"][0]["oss"]["buckets"]
        return next((each for each in buckets if each["name"] == name), None)

    return look
