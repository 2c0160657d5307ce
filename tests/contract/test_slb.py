# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed SDKs for CLB, ALB, NLB, RAM and ResourceManager against the simulator."""

from __future__ import annotations

import json

import pytest
from alibabacloud_alb20200616 import client as alb
from alibabacloud_alb20200616 import models as alb_models
from alibabacloud_nlb20220430 import client as nlb
from alibabacloud_nlb20220430 import models as nlb_models
from alibabacloud_ram20150501 import client as ram
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_resourcemanager20200331 import client as manager
from alibabacloud_resourcemanager20200331 import models as manager_models
from alibabacloud_slb20140515 import client as slb
from alibabacloud_slb20140515 import models as slb_models
from alibabacloud_tea_openapi.exceptions import ClientException

from simulator import Simulator
from tests.contract.balancers import ESTATE, REGION, config

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the SDKs' own


@pytest.fixture(scope="module")
def server():
    with Simulator(ESTATE) as simulator:
        yield simulator


@pytest.fixture
def sim(server):
    """Give a fresh world; a test that made it loud fails."""
    server.reset()
    yield server
    assert server.violations() == []


@pytest.fixture
def classic(sim):
    return slb.Client(config(sim))


def refused(call, *arguments):
    """Make a call that has to fail, and give status and code of its error."""
    with pytest.raises(ClientException) as caught:
        call(*arguments)
    return caught.value.status_code, caught.value.code


def rule(balancer="lb-0", project="acme-logs", logstore="web", name="LogProject"):
    """Write the JSON text that the access log calls of CLB take."""
    return json.dumps([{name: project, "LogStore": logstore, "LoadBalancerId": balancer}])


def switch_on(client, **more):
    asked = slb_models.SetAccessLogsDownloadAttributeRequest(region_id=REGION, logs_download_attributes=rule(**more))
    return client.set_access_logs_download_attribute(asked)


def test_clbs_fill_the_model(classic):
    """DescribeLoadBalancers pages by number, to 100 at most."""
    asked = slb_models.DescribeLoadBalancersRequest(region_id=REGION, page_number=2, page_size=50)
    body = classic.describe_load_balancers(asked).body
    assert (body.total_count, body.page_number, len(body.load_balancers.load_balancer)) == (60, 2, 10)
    first = body.load_balancers.load_balancer[0]
    assert (first.load_balancer_name, first.address_type, first.region_id) == ("web-50", "internet", REGION)
    assert [(tag.tag_key, tag.tag_value) for tag in first.tags.tag] == [("env", "prod")]
    too_many = slb_models.DescribeLoadBalancersRequest(region_id=REGION, page_size=101)
    assert refused(classic.describe_load_balancers, too_many) == (400, "InvalidParameter")


def test_clb_listeners_fill_the_model(classic):
    """DescribeLoadBalancerListeners is one flat list of the region, paged by token."""
    asked = slb_models.DescribeLoadBalancerListenersRequest(region_id=REGION, max_results=100)
    first = classic.describe_load_balancer_listeners(asked).body
    asked.next_token = first.next_token
    second = classic.describe_load_balancer_listeners(asked).body
    assert (len(first.listeners), len(second.listeners), second.next_token) == (100, 80, None)
    http, grouped, paired = first.listeners[:3]
    assert (http.load_balancer_id, http.listener_port, http.listener_protocol) == ("lb-0", 80, "http")
    assert http.backend_server_port == 8080
    assert grouped.vserver_group_id == "rsp-1"
    assert paired.tcplistener_config.master_slave_server_group_id == "rsp-2"


def test_server_groups_fill_the_models(classic):
    """Both kinds of server groups tell the ports of their servers."""
    asked = slb_models.DescribeVServerGroupAttributeRequest(region_id=REGION, vserver_group_id="rsp-1")
    servers = classic.describe_vserver_group_attribute(asked).body.backend_servers.backend_server
    assert [server.port for server in servers] == [22]
    asked = slb_models.DescribeMasterSlaveServerGroupAttributeRequest(
        region_id=REGION, master_slave_server_group_id="rsp-2"
    )
    body = classic.describe_master_slave_server_group_attribute(asked).body
    assert [server.port for server in body.master_slave_backend_servers.master_slave_backend_server] == [3389]


def test_access_logs_are_set_once_and_deleted_once(classic):
    """Set is no upsert, and its refusal has the code of a refused Delete."""
    switch_on(classic)
    listed = slb_models.DescribeAccessLogsDownloadAttributeRequest(region_id=REGION, page_size=50)
    body = classic.describe_access_logs_download_attribute(listed).body
    setting = body.logs_download_attributes.logs_download_attribute[0]
    assert (setting.load_balancer_id, setting.log_project, setting.log_store) == ("lb-0", "acme-logs", "web")
    assert (setting.log_type, setting.region, body.total_count) == ("layer7", REGION, 1)
    with pytest.raises(ClientException, match="already exists") as caught:
        switch_on(classic)
    assert (caught.value.status_code, caught.value.code) == (400, "Operation.NotAllowed")
    asked = slb_models.DeleteAccessLogsDownloadAttributeRequest(
        region_id=REGION, load_balancer_id="lb-0", logs_download_attributes=rule()
    )
    classic.delete_access_logs_download_attribute(asked)
    with pytest.raises(ClientException, match="not exists") as caught:
        classic.delete_access_logs_download_attribute(asked)
    assert caught.value.code == "Operation.NotAllowed"


def test_both_spellings_of_the_project_are_taken(classic):
    """Which of them is right is unconfirmed."""
    switch_on(classic, name="logProject")


@pytest.mark.parametrize("project", ["acme-nowhere", "acme-tokyo", "foreign-logs"])
def test_the_project_has_to_be_in_the_account_and_the_region(classic, project):
    """A missing project, one of another region and one of another account are refused alike."""
    assert refused(lambda: switch_on(classic, project=project)) == (400, "InvalidProject.NotExist")


def test_a_missing_load_balancer_or_region_is_refused(classic):
    """References are checked, and pages of log settings hold 50 at most."""
    assert refused(lambda: switch_on(classic, balancer="lb-none")) == (404, "InvalidLoadBalancerId.NotFound")
    elsewhere = slb_models.DescribeLoadBalancersRequest(region_id="cn-beijing")
    assert refused(classic.describe_load_balancers, elsewhere) == (404, "InvalidRegionId.NotFound")
    wide = slb_models.DescribeAccessLogsDownloadAttributeRequest(region_id=REGION, page_size=51)
    assert refused(classic.describe_access_logs_download_attribute, wide) == (400, "InvalidParameter")


@pytest.fixture
def application(sim):
    """An ALB client: the host names the region, since no parameter does."""
    return alb.Client(config(sim, f"alb.{REGION}.aliyuncs.com"))


def balancers(client):
    """ALB id to AccessLogConfig."""
    listed = client.list_load_balancers(alb_models.ListLoadBalancersRequest(max_results=100)).body
    return {each.load_balancer_id: each.access_log_config for each in listed.load_balancers}


def test_albs_fill_the_model(application):
    """ListLoadBalancers carries tags and where the access logs go."""
    body = application.list_load_balancers(alb_models.ListLoadBalancersRequest(max_results=1)).body
    assert (body.total_count, len(body.load_balancers)) == (2, 1)
    assert body.next_token
    assert [(tag.key, tag.value) for tag in body.load_balancers[0].tags] == [("env", "prod")]
    found = balancers(application)
    assert found["alb-1"] is None
    assert (found["alb-2"].log_project, found["alb-2"].log_store) == ("acme-logs", "web")


def test_alb_listeners_and_servers_fill_the_models(application):
    """Listeners name the server groups of their default action, and one list has all servers."""
    listener = application.list_listeners(alb_models.ListListenersRequest(max_results=100)).body.listeners[0]
    assert (listener.load_balancer_id, listener.listener_port, listener.listener_protocol) == ("alb-1", 443, "HTTPS")
    chosen = alb_models.ListListenersRequest(listener_ids=["lsn-none"])
    assert application.list_listeners(chosen).body.listeners == []
    groups = listener.default_actions[0].forward_group_config.server_group_tuples
    assert [group.server_group_id for group in groups] == ["sgp-1"]
    servers = application.list_server_group_servers(alb_models.ListServerGroupServersRequest()).body.servers
    assert [(server.server_group_id, server.port) for server in servers] == [("sgp-1", 8080)]


def test_albs_switch_their_logs_by_jobs(application):
    """Enable and Disable come back at once and take their time; meanwhile the load balancer is busy."""
    asked = alb_models.EnableLoadBalancerAccessLogRequest(
        load_balancer_id="alb-1", log_project="acme-logs", log_store="web"
    )
    job = application.enable_load_balancer_access_log(asked).body.job_id
    assert refused(application.enable_load_balancer_access_log, asked) == (409, "IncorrectStatus.LoadBalancer")
    done = application.list_asyn_jobs(alb_models.ListAsynJobsRequest(job_ids=[job])).body.jobs[0]
    assert (done.status, done.resource_id, done.api_name) == ("Succeeded", "alb-1", "EnableLoadBalancerAccessLog")
    assert balancers(application)["alb-1"].log_store == "web"
    off = alb_models.DisableLoadBalancerAccessLogRequest(load_balancer_id="alb-1")
    application.disable_load_balancer_access_log(off)
    assert balancers(application)["alb-1"] is not None
    assert balancers(application)["alb-1"] is None


def test_alb_references_are_checked_and_dry_runs_end_in_an_error(application, sim):
    """A missing logstore is refused; a dry run that would succeed is refused too, by its own code."""
    missing = alb_models.EnableLoadBalancerAccessLogRequest(
        load_balancer_id="alb-1", log_project="acme-logs", log_store="none"
    )
    assert refused(application.enable_load_balancer_access_log, missing)[0] == 404
    dry = alb_models.EnableLoadBalancerAccessLogRequest(
        load_balancer_id="alb-1", log_project="acme-logs", log_store="web", dry_run=True
    )
    before = sim.state()
    assert refused(application.enable_load_balancer_access_log, dry) == (400, "DryRunOperation")
    assert sim.state() == before


def test_nlbs_fill_the_models(sim):
    """An NLB's listener has a port, or a range of them."""
    client = nlb.Client(config(sim))
    listed = client.list_load_balancers(nlb_models.ListLoadBalancersRequest(region_id=REGION)).body
    assert [each.load_balancer_id for each in listed.load_balancers] == ["nlb-1"]
    one, span = client.list_listeners(nlb_models.ListListenersRequest(region_id=REGION)).body.listeners
    assert (one.listener_port, one.server_group_id) == (443, "sgp-2")
    assert (span.listener_port, span.start_port, span.end_port) == (0, "1", "1024")
    asked = nlb_models.ListServerGroupServersRequest(region_id=REGION)
    assert [server.port for server in client.list_server_group_servers(asked).body.servers] == [8443]


def test_service_linked_roles(sim):
    """ResourceManager makes and deletes them, RAM shows them."""
    roles, maker = ram.Client(config(sim)), manager.Client(config(sim))
    name, service = "AliyunServiceRoleForSlbLogDelivery", "logdelivery.slb.aliyuncs.com"
    look = ram_models.GetRoleRequest(role_name=name)
    assert refused(roles.get_role, look) == (404, "EntityNotExist.Role")
    made = maker.create_service_linked_role(manager_models.CreateServiceLinkedRoleRequest(service_name=service)).body
    assert (made.role.role_name, made.role.is_service_linked_role) == (name, True)
    role = roles.get_role(look).body.role
    assert role.arn == f"acs:ram::1234567890123456:role/{name.lower()}"
    assert service in role.assume_role_policy_document
    again = manager_models.CreateServiceLinkedRoleRequest(service_name=service)
    assert refused(maker.create_service_linked_role, again) == (409, "EntityAlreadyExists.Role")
    deleted = manager_models.DeleteServiceLinkedRoleRequest(role_name=name)
    assert maker.delete_service_linked_role(deleted).body.deletion_task_id
    assert refused(roles.get_role, look) == (404, "EntityNotExist.Role")


def test_a_service_linked_role_in_use_stays(sim):
    """Its deletion is accepted, and does not come about."""
    roles, maker = ram.Client(config(sim)), manager.Client(config(sim))
    service = manager_models.CreateServiceLinkedRoleRequest(service_name="logdelivery.slb.aliyuncs.com")
    name = maker.create_service_linked_role(service).body.role.role_name
    switch_on(slb.Client(config(sim)))
    maker.delete_service_linked_role(manager_models.DeleteServiceLinkedRoleRequest(role_name=name))
    assert roles.get_role(ram_models.GetRoleRequest(role_name=name)).body.role.role_name == name
