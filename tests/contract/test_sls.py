# SPDX-License-Identifier: GPL-3.0-or-later
"""aliyun-log-python-sdk, the official client of Log Service, against the simulator as its proxy or its endpoint."""

from __future__ import annotations

import time

import pytest
from aliyun.log import IndexConfig, IndexLineConfig, LogClient, LogException

from simulator import Simulator
from tests.contract.balancers import ESTATE, KEY, REGION, SESSION

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDK's own
PROJECT, LOGSTORE = "acme-new", "clb"


@pytest.fixture(scope="module")
def server():
    with Simulator(ESTATE) as simulator:
        yield simulator


@pytest.fixture
def sim(server, monkeypatch):
    """Give a fresh world that is every client's proxy; a test that made it loud fails."""
    server.reset()
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, server.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    yield server
    assert server.violations() == []


def client(key=KEY, version="v4", region=REGION):
    """Make a client of a region's real endpoint."""
    endpoint = f"http://{region}.log.aliyuncs.com"
    return LogClient(endpoint, *key, source="127.0.0.1", auth_version=version, region=region)


@pytest.fixture(params=["v1", "v4"])
def log(sim, request):  # noqa: ARG001 - the simulator has to run
    """The official client, with either signature."""
    return client(version=request.param)


def refused(call, *arguments, **named):
    """Make a call that has to fail, and give status and code of its error."""
    with pytest.raises(LogException) as caught:
        call(*arguments, **named)
    return caught.value.get_resp_status(), caught.value.get_error_code()


def index():
    """Write a full-text index."""
    return IndexConfig(line_config=IndexLineConfig(token_list=[" ", ","]))


def test_a_project_lives_and_dies(log):
    """CreateProject, GetProject, DeleteProject; a name is taken once, in all accounts and regions."""
    assert refused(log.get_project, PROJECT) == (404, "ProjectNotExist")
    log.create_project(PROJECT, "made by a test")
    project = log.get_project(PROJECT)
    assert (project.get_region(), project.get_owner()) == (REGION, "1234567890123456")
    assert project.get_description() == "made by a test"
    for name in (PROJECT, "acme-tokyo", "foreign-logs"):
        assert refused(log.create_project, name, "") == (400, "ProjectAlreadyExist")
    log.delete_project(PROJECT)
    assert refused(log.get_project, PROJECT) == (404, "ProjectNotExist")


def test_names_have_rules(log):
    """A project's name has 3 to 63 lower-case letters, digits and hyphens."""
    assert refused(log.create_project, "Acme", "") == (400, "ParameterInvalid")


def test_a_project_is_found_in_its_own_region_only(log):
    """Elsewhere it does not exist, and another account's is refused in its owner's name."""
    assert refused(log.get_project, "acme-tokyo") == (404, "ProjectNotExist")
    assert client(region="ap-northeast-1").get_project("acme-tokyo").get_region() == "ap-northeast-1"
    with pytest.raises(LogException, match=r"log:GetProject, resource: acs:log:cn-hangzhou:9999999999999999:project/"):
        log.get_project("foreign-logs")


def test_a_logstore_lives_and_dies(log):
    """CreateLogStore, GetLogStore, ListLogStores, DeleteLogStore."""
    assert refused(log.create_logstore, PROJECT, LOGSTORE) == (404, "ProjectNotExist")
    log.create_project(PROJECT, "")
    assert refused(log.get_logstore, PROJECT, LOGSTORE) == (404, "LogStoreNotExist")
    log.create_logstore(PROJECT, LOGSTORE, ttl=180, shard_count=2, auto_split=True, max_split_shard=64)
    logstore = log.get_logstore(PROJECT, LOGSTORE)
    assert (logstore.get_ttl(), logstore.get_shard_count()) == (180, 2)
    assert refused(log.create_logstore, PROJECT, LOGSTORE) == (400, "LogStoreAlreadyExist")
    assert refused(log.create_logstore, PROJECT, "for-ever", ttl=3651) == (400, "LogStoreInfoInvalid")
    assert log.list_logstore(PROJECT).get_logstores() == [LOGSTORE]
    log.delete_logstore(PROJECT, LOGSTORE)
    assert log.list_logstore(PROJECT).get_logstores() == []


def test_an_index_is_made_once(log):
    """CreateIndex, GetIndex, DeleteIndex; none can be searched without."""
    assert refused(log.get_index_config, "acme-logs", "web") == (404, "IndexConfigNotExist")
    assert refused(log.get_log, "acme-logs", "web", 0, 1, query="*") == (404, "IndexConfigNotExist")
    log.create_index("acme-logs", "web", index())
    assert log.get_index_config("acme-logs", "web").get_index_config().line_config.token_list == [" ", ","]
    assert refused(log.create_index, "acme-logs", "web", index()) == (400, "IndexAlreadyExist")
    log.delete_index("acme-logs", "web")
    assert refused(log.delete_index, "acme-logs", "web") == (404, "IndexConfigNotExist")


@pytest.fixture
def delivered(server, sim):  # noqa: ARG001 - the proxy
    """A logstore that holds one entry of now, and no index."""
    estate = server.state()
    web = estate["accounts"][0]["sls"]["projects"][0]["logstores"][0]
    web["logs"] = [{"__time__": str(int(time.time())), "slbid": "lb-0"}]
    server.reset(estate)
    yield
    server.reset(ESTATE)


def test_entries_are_found_by_search(log, delivered):  # noqa: ARG001
    """GetLogs finds what is in the time; the official client asks its newer form."""
    log.create_index("acme-logs", "web", index())
    now = int(time.time())
    found = log.get_log("acme-logs", "web", now - 60, now + 60, query="*", size=1)
    assert found.is_completed()
    assert [entry.get_contents()["slbid"] for entry in found.get_logs()] == ["lb-0"]
    assert log.get_log("acme-logs", "web", now - 120, now - 60, query="*").get_count() == 0
    log._get_logs_v2_enabled = False
    assert log.get_log("acme-logs", "web", now - 60, now + 60, query="*").get_count() == 1


def test_shards_tell_whether_there_are_entries(log, delivered):  # noqa: ARG001
    """A shard's cursors differ where there is one between them, index or not."""
    shards = [shard["shardID"] for shard in log.list_shards("acme-logs", "web").get_shards_info()]
    ends = [
        log.get_begin_cursor("acme-logs", "web", shard).get_cursor()
        != log.get_end_cursor("acme-logs", "web", shard).get_cursor()
        for shard in shards
    ]
    assert ends == [True, False]


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_temporary_keys(sim, version):  # noqa: ARG001
    """A key with its STS token is accepted, one without it is not."""
    assert client(SESSION, version).get_project("acme-logs").get_region() == REGION
    assert refused(client(SESSION[:2], version).get_project, "acme-logs") == (401, "Unauthorized")


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_wrong_secret_is_refused(sim, version):  # noqa: ARG001
    """Both signatures are verified."""
    assert refused(client((KEY[0], "not-the-secret"), version).get_project, "acme-logs") == (401, "SignatureNotMatch")


def test_at_an_address(sim):
    """Behind an IP endpoint the host is project.address, and a V4 signature names the region."""
    address, _unused, port = sim.url.removeprefix("http://").partition(":")
    log = LogClient(f"http://{address}:{port}", *KEY, source="127.0.0.1", auth_version="v4", region=REGION)
    log._isRowIp = True  # the client sees that for itself only where the endpoint has no port
    log.create_project(PROJECT, "")
    assert log.get_project(PROJECT).get_region() == REGION
