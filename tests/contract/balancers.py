# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with load balancers and logs, for the official clients of SLB, ALB, NLB, RAM and Log Service."""

from __future__ import annotations

from alibabacloud_tea_openapi.models import Config

REGION = "cn-hangzhou"
KEY = ("LTAI5tContractClient0001", "contract-secret")
SESSION = ("STS.ContractSession00001", "session-secret", "session-token+/=")
EVERYTHING = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ESTATE = {
    "accounts": [
        {
            "id": "1234567890123456",
            "keys": [
                {"id": KEY[0], "secret": KEY[1], "user": "client", "policies": [EVERYTHING]},
                {"id": SESSION[0], "secret": SESSION[1], "token": SESSION[2], "user": "x", "policies": [EVERYTHING]},
            ],
            "regions": [REGION, "ap-northeast-1"],
            "ram": {"roles": [{"name": "AliyunLogArchiveRole", "trust": {"Version": "1", "Statement": []}}]},
            "slb": {
                "load_balancers": [
                    {
                        "id": f"lb-{number}",
                        "name": f"web-{number}",
                        "region": REGION,
                        "address": "203.0.113.10",
                        "tags": {"env": "prod"},
                        "traffic": True,
                        "listeners": [
                            {"port": 80, "protocol": "http", "backend_port": 8080},
                            {"port": 2222, "protocol": "tcp", "server_group": "rsp-1"},
                            {"port": 2223, "protocol": "tcp", "master_slave_group": "rsp-2"},
                        ],
                    }
                    for number in range(60)
                ],
                "server_groups": {"rsp-1": [22], "rsp-2": [3389]},
            },
            "alb": {
                "load_balancers": [
                    {
                        "id": "alb-1",
                        "name": "web",
                        "region": REGION,
                        "tags": {"env": "prod"},
                        "traffic": True,
                        "listeners": [{"id": "lsn-1", "port": 443, "protocol": "HTTPS", "server_groups": ["sgp-1"]}],
                    },
                    {"id": "alb-2", "region": REGION, "access_log": {"project": "acme-logs", "logstore": "web"}},
                ],
                "server_groups": {"sgp-1": [8080]},
            },
            "nlb": {
                "load_balancers": [
                    {
                        "id": "nlb-1",
                        "region": REGION,
                        "tags": {"env": "prod"},
                        "listeners": [
                            {"id": "lsn-2", "port": 443, "server_group": "sgp-2"},
                            {"id": "lsn-3", "start": 1, "end": 1024, "server_group": "sgp-2"},
                        ],
                    }
                ],
                "server_groups": {"sgp-2": [8443]},
            },
            "sls": {
                "projects": [
                    {"name": "acme-logs", "region": REGION, "logstores": [{"name": "web", "ttl": 90}]},
                    {"name": "acme-tokyo", "region": "ap-northeast-1"},
                ]
            },
        },
        {
            "id": "9999999999999999",
            "keys": [{"id": "LTAI5tSomebodyElse", "secret": "other-secret"}],
            "sls": {"projects": [{"name": "foreign-logs", "region": REGION}]},
        },
    ]
}


def config(sim, host=None):
    """Point a typed client at the simulator: as its proxy for a real host name, or as its endpoint."""
    named = {"endpoint": host, "http_proxy": sim.url} if host else {"endpoint": sim.url.removeprefix("http://")}
    return Config(access_key_id=KEY[0], access_key_secret=KEY[1], region_id=REGION, protocol="HTTP", **named)
