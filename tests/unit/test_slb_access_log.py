# SPDX-License-Identifier: GPL-3.0-or-later
"""Which load balancers log, where they are sent otherwise, and which listeners lead to an administration port."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.balancers import Balancer, Listener
from ansible_collections.hardening.alicloud.plugins.module_utils.delivery import Delivery, check_names, target
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError, Unread
from ansible_collections.hardening.alicloud.plugins.module_utils.sls import Place
from ansible_collections.hardening.alicloud.plugins.module_utils.values import Plan, Resource
from ansible_collections.hardening.alicloud.plugins.module_utils.writes import write
from ansible_collections.hardening.alicloud.plugins.modules.slb_access_log import State, assess, leads

from tests.unit.examples import ACCOUNT

REGION = "cn-hangzhou"
UNREAD = Unread("GetLogStore", "Unauthorized", "denied by sts or ram", "5F3C-1")
FOREIGN = Unread("GetLogStore", "Unauthorized", "resource: acs:log:cn-hangzhou:9999999999999999:project/x", "5F3C-2")
HTTP = Listener("http", 80, 80, frozenset({8080}))
TCP = Listener("tcp", 5000, 5000, frozenset({5000}))
OURS = (f"hardening-slb-{ACCOUNT}-{REGION}", "clb-access-log")
THEIRS = ("acme-old", "web")
ROLE, PROJECT, STORE, INDEX = "CreateServiceLinkedRole", "CreateProject", "CreateLogStore", "CreateIndex"
SET, DELETE = "SetAccessLogsDownloadAttribute", "DeleteAccessLogsDownloadAttribute"
ENABLE, DISABLE = "EnableLoadBalancerAccessLog", "DisableLoadBalancerAccessLog"
HERE = Place(project=True, days=180, indexed=True)
BARE = Place(project=True, days=180, indexed=False)
EMPTY = Place(project=True)
NOWHERE = Place(project=False)


def options(**more: object) -> SimpleNamespace:
    """The module's options, with their defaults."""
    given = {"log_project": None, "log_store": None, "retention_days": 180, "admin_ports": [22, 3389]}
    return SimpleNamespace(**{**given, **more})


def balancer(kind: str = "clb", name: str = "lb-1", **fields: object) -> Balancer:
    """A load balancer with a layer-7 listener and no logs."""
    product = {"clb": "slb"}.get(kind, kind)
    arn = f"acs:{product}:{REGION}:{ACCOUNT}:loadbalancer/{name}"
    resource = Resource(arn, f"ACS::{product.upper()}::LoadBalancer", name, name, REGION, ACCOUNT)
    return Balancer(kind, resource, **{"listeners": (HTTP,), **fields})


def judged(one: Balancer, places: dict, role: bool | Unread | None = True, given=None):  # noqa: FBT001, FBT002
    """The finding about the logs of one load balancer; places: (project, logstore) to what is there."""
    delivery = Delivery(ACCOUNT, {(REGION, *name): place for name, place in places.items()}, role)
    return assess(State([one], delivery), given or options(admin_ports=[]))[0]


def actions(finding) -> list[str]:
    """What the changes of a finding call."""
    return [change.call.action for change in finding.changes]


@pytest.mark.parametrize(
    ("one", "places", "status"),
    [
        (balancer(log=THEIRS), {THEIRS: HERE}, "compliant"),
        (balancer(log=THEIRS), {THEIRS: UNREAD}, "unknown"),
        (balancer(log=UNREAD), {}, "unknown"),
        (balancer(listeners=UNREAD, log=THEIRS), {}, "unknown"),
        (balancer(listeners=()), {}, "not_applicable"),
        (balancer(listeners=(TCP,), log=THEIRS), {}, "not_applicable"),
        (balancer(listeners=(TCP, HTTP), log=THEIRS), {THEIRS: HERE}, "compliant"),
        (balancer("alb", listeners=None, log=THEIRS), {THEIRS: HERE}, "compliant"),
        (balancer("nlb", listeners=None), {}, "not_applicable"),
        (balancer(unread=UNREAD), {}, "unknown"),
        (balancer(), {OURS: HERE}, "open"),
        (balancer(log=THEIRS), {THEIRS: EMPTY, OURS: HERE}, "open"),
    ],
)
def test_who_logs(one, places, status):
    """A setting counts while its place is there, and only where there is something to log."""
    assert judged(one, places).status == status


@pytest.mark.parametrize(
    ("one", "place", "role", "status", "unread"),
    [
        (balancer(log=THEIRS), HERE, False, "open", ()),
        (balancer(log=THEIRS), HERE, UNREAD, "unknown", (UNREAD,)),
        (balancer(log=THEIRS), FOREIGN, UNREAD, "unknown", (FOREIGN, UNREAD)),
        (balancer(log=THEIRS, listeners=(TCP,)), HERE, False, "not_applicable", ()),
        (balancer("alb", log=THEIRS), HERE, False, "compliant", ()),
        (balancer("alb", log=THEIRS), HERE, UNREAD, "compliant", ()),
    ],
)
def test_a_clb_without_a_role_delivers_nothing(one, place, role, status, unread):
    """Its setting alone proves nothing; of an ALB, no role is asked."""
    finding = judged(one, {THEIRS: place}, role)
    assert (finding.status, finding.unread) == (status, unread)


@pytest.mark.parametrize(
    ("one", "places", "role", "given", "wanted"),
    [
        (balancer(), {OURS: NOWHERE}, False, {}, [ROLE, PROJECT, STORE, INDEX, SET]),
        (balancer(), {OURS: NOWHERE}, True, {}, [PROJECT, STORE, INDEX, SET]),
        (balancer(), {OURS: EMPTY}, True, {}, [STORE, INDEX, SET]),
        (balancer(), {OURS: BARE}, True, {}, [INDEX, SET]),
        (balancer(), {OURS: HERE}, True, {}, [SET]),
        (balancer(log=THEIRS), {THEIRS: NOWHERE, OURS: HERE}, True, {}, [DELETE, SET]),
        (balancer(log=OURS), {OURS: NOWHERE}, True, {}, [PROJECT, STORE, INDEX]),
        (balancer(log=THEIRS), {THEIRS: Place(project=True, days=7)}, False, {}, [ROLE]),
        (balancer(log=OURS), {OURS: BARE}, False, {}, [ROLE, INDEX]),
        (balancer("alb"), {(OURS[0], "alb-access-log"): NOWHERE}, None, {}, [PROJECT, STORE, INDEX, ENABLE]),
        (balancer("alb", log=THEIRS), {THEIRS: HERE, ("acme-new", "b"): HERE}, None,
         {"log_project": "acme-new", "log_store": "b"}, [DISABLE, ENABLE]),
        (balancer(log=THEIRS), {THEIRS: HERE, (OURS[0], "b"): HERE}, True, {"log_store": "b"}, [DELETE, SET]),
    ],
)  # fmt: skip
def test_what_switches_logs_on(one, places, role, given, wanted):
    """Only what is missing is made, in the order in which it is needed; a setting is never replaced by another."""
    finding = judged(one, places, role, options(admin_ports=[], **given))
    assert actions(finding) == wanted
    assert all(change.undo for change in finding.changes)


@pytest.mark.parametrize(
    ("place", "role", "reason", "unread"),
    [
        (FOREIGN, True, "belongs to another account", ()),
        (UNREAD, True, "could not be read", (UNREAD,)),
        (HERE, UNREAD, "role for the delivery could not be read", (UNREAD,)),
    ],
)
def test_what_is_in_the_way(place, role, reason, unread):
    """Nothing is sent where it can't be known what that would need."""
    finding = judged(balancer(), {OURS: place}, role)
    assert (finding.status, finding.changes, finding.unread) == ("open", (), unread)
    assert reason in finding.blocked_by


@pytest.mark.parametrize(
    ("name", "here", "blocked"),
    [("acme-logs", NOWHERE, True), ("acme-logs", HERE, False), ("acme-logs-{region}", NOWHERE, False)],
)
def test_a_project_lies_in_one_region(name, here, blocked):
    """Where several want one name, none is made: which region would get it, would be chance."""
    given = options(admin_ports=[], log_project=name, log_store="all")
    places = {
        (region, name.format(region=region), "all"): place
        for region, place in ((REGION, here), ("cn-beijing", NOWHERE))
    }
    finding = assess(State([balancer()], Delivery(ACCOUNT, places, role=True)), given)[0]
    assert bool(finding.changes) is not blocked
    assert ("cn-beijing, cn-hangzhou" in (finding.blocked_by or "")) is blocked


@pytest.mark.parametrize("awaited", [True, False])
def test_a_role_that_was_awaited_stays(awaited):
    """A restore leaves it where a setting from before needs it, and deletes it where it came with the first one."""
    delivery = Delivery(ACCOUNT, {(REGION, *OURS): HERE}, role=False, awaited=awaited)
    undo = assess(State([balancer()], delivery), options(admin_ports=[]))[0].changes[0].undo
    assert bool(write(undo).refuses(None, undo.params)) is awaited


def test_an_alb_needs_no_role_of_slb():
    """The role is looked for where a CLB needs it, and an unreadable one is no matter of an ALB."""
    assert judged(balancer("alb"), {(OURS[0], "alb-access-log"): HERE}, UNREAD).blocked_by is None


def test_what_is_shared_is_made_once_and_before():
    """Two load balancers of a region have one project: it is sent first, then the logstore, then the settings."""
    delivery = Delivery(ACCOUNT, {(REGION, *OURS): NOWHERE}, role=False)
    state = State([balancer(), balancer(name="lb-2")], delivery)
    plan = Plan.of(assess(state, options(admin_ports=[])))
    waves = [sorted(change.call.action for group in wave.values() for change in group) for wave in plan.waves()]
    assert waves == [[PROJECT, ROLE], [INDEX, STORE], [SET, SET]]


@pytest.mark.parametrize(
    ("listener", "sentence"),
    [
        (Listener("tcp", 22, 22, frozenset({8080})), "tcp listener on port 22 leads to port 22"),
        (Listener("http", 8080, 8080, frozenset({3389})), "http listener on port 8080 leads to port 3389"),
        (Listener("tcp", 22, 22, frozenset({3389})), "tcp listener on port 22 leads to port 22, 3389"),
        (Listener("tcp", 1, 65535, frozenset()), "tcp listener on port 1-65535 leads to port 22, 3389"),
        (Listener("tcp", 22, 22, UNREAD), "tcp listener on port 22 leads to port 22"),
        (Listener("tcp", 23, 3388, frozenset({23})), None),
        (Listener("tcp", 443, 443, UNREAD), None),
        (HTTP, None),
    ],
)
def test_where_a_listener_leads(listener, sentence):
    """Either end of it counts."""
    assert leads(listener, [22, 3389]) == ([sentence] if sentence else [])


@pytest.mark.parametrize(
    ("listeners", "status"),
    [
        ((), "compliant"),
        ((HTTP, TCP), "compliant"),
        ((HTTP, Listener("tcp", 443, 443, UNREAD)), "unknown"),
        ((Listener("tcp", 22, 22), Listener("tcp", 443, 443, UNREAD)), "open"),
        (UNREAD, "unknown"),
    ],
)
def test_who_leads_to_an_administration_port(listeners, status):
    """What could not be read is no proof of the contrary; what is known counts."""
    one = balancer("nlb", listeners=listeners, exposure="internet")
    finding = assess(State([one], Delivery(ACCOUNT, {})), options())[1]
    assert finding.status == status
    assert bool(finding.blocked_by) == (status == "open")
    assert finding.changes == ()


@pytest.mark.parametrize(
    ("given", "kind", "wanted"),
    [
        ({}, "clb", OURS),
        ({}, "alb", (OURS[0], "alb-access-log")),
        ({"log_project": "acme-{region}", "log_store": "all"}, "alb", ("acme-cn-hangzhou", "all")),
        ({"log_project": "a-{account_id}", "log_store": "{type}_{region}"}, "clb", (f"a-{ACCOUNT}", "clb_cn-hangzhou")),
    ],
)
def test_where_logs_are_sent(given, kind, wanted):
    """The names are made of account, region and type."""
    check_names(options(**given), ACCOUNT)
    assert target(options(**given), ACCOUNT, REGION, kind) == wanted


@pytest.mark.parametrize(
    "given",
    [
        {"log_project": "Acme"},
        {"log_project": "acme_logs"},
        {"log_project": "ab"},
        {"log_project": "-acme"},
        {"log_project": "a" * 64},
        {"log_project": "acme-{zone}"},
        {"log_project": "acme-{type}"},
        {"log_project": "acme-{"},
        {"log_project": "acme-{}"},
        {"log_project": "{region.x}"},
        {"log_store": "Web"},
        {"log_store": "web/logs"},
        {"retention_days": 0},
        {"retention_days": 3651},
    ],
    ids=str,
)
def test_names_that_log_service_would_refuse(given):
    """They are refused before anything is read."""
    with pytest.raises(OptionError):
        check_names(options(**given), ACCOUNT)
