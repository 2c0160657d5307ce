# SPDX-License-Identifier: GPL-3.0-or-later
"""Each hypothesis winning and losing, the verdict, and the sentence, by examples."""

from __future__ import annotations

import pytest

from tests.unit.clue_examples import (
    BALANCER,
    BEGIN,
    OFFICE,
    SOURCE,
    alert,
    attack,
    attempt,
    change,
    changes,
    conclude,
    conclude_all,
    exposure,
    gate,
    logins,
    opening,
    path,
    server,
    standing,
    target,
)

EIP = "198.51.100.7"
LATER = "2026-03-01T00:00:00Z"
OWN_ADDRESS = {"attack_events": [attack(public_ip=EIP)]}


def with_eip(sources):
    """Give the server an EIP of its own that lets these sources in."""
    own = target(EIP, "eip", id="eip-1", name="eip-1", ports=[])
    return exposure(server(path(sources=sources)), targets=[target(), own])


def with_own(kind, bound_to="", servers=()):
    """Give the account an address bound to something, or to nothing, today."""
    return exposure(targets=[target(EIP, kind, id="eip-1", bound_to=bound_to, servers=list(servers), ports=[])])


def held(bound_to):
    """Let the EIP be bound to something, or to nothing, until after the attack."""
    row = {"address": EIP, "kind": "eip", "id": "eip-1", "bound_to": bound_to, "from": None, "to": LATER}
    return changes(addresses=[row], changes=[change(time=LATER, event="UnassociateEipAddress")])


def berlin(offset, until="2026-03-31T00:00:00Z", first_seen="2026-03-28T12:00:00Z"):
    """Give a reader in Berlin, where the clock went from UTC+01:00 to UTC+02:00 on 2026-03-29, and a server's line."""
    about = {"host": "web-1", "instance_id": "i-web", "utc_offset": offset, "ports": [22]}
    return {
        "timezone": "Europe/Berlin",
        "attack_events": [attack(first_seen=first_seen, last_seen=first_seen)],
        "logins": [logins(attempt(first_seen), server=about, until=until)],
    }


UNREAD = {"exposure": {}, "changes": {}, "logins": []}
OPEN = {"exposure": with_eip(["0.0.0.0/0"]), "changes": changes(opening(None, None))}
TCP = path("clb", BALANCER, 2222)
DNAT = path("dnat", "198.51.100.9", 22)
PERHAPS = path(sources=[], possible_sources=["0.0.0.0/0"], gates=[gate("listener", allows=None)])
HTTP_TO_22 = exposure(
    server(path("clb", BALANCER, 8022, sources=[], gates=[gate("protocol", allows=False)])),
    targets=[target(ports=[{"first": 8022, "last": 8022, "protocol": "http"}])],
)
MOVED = changes(
    addresses=[
        {"address": EIP, "kind": "clb", "id": "lb-web", "from": None, "to": "2026-02-28T00:00:00Z"},
        {"address": EIP, "kind": "eip", "id": "eip-1", "from": "2026-02-28T00:00:00Z", "to": None},
    ]
)
GUARDED = exposure(server(path(sources=OFFICE)))
ELSEWHERE = logins(attempt("2026-02-27T13:01:15Z"), attempt("2026-02-27T13:01:17Z"))
TWINS = exposure(server(), server(instance_id="i-web2", addresses=[]))
TOKYO = {"host": "web-1", "instance_id": "i-web", "utc_offset": "+09:00", "ports": [22]}


@pytest.mark.parametrize(
    ("hypothesis", "expected", "clues"),
    [
        # the address of a load balancer that speaks HTTP only
        ("H1", "confirmed", {}),
        ("H1", "likely", {"logins": []}),
        ("H1", "likely", {"changes": {}}),
        ("H1", "likely", {"regions": ["cn-hangzhou"]}),
        ("H1", "likely", {"changes": changes(changes=[change(time="2026-03-01T00:00:00Z", event="SetVServerGroup")])}),
        ("H1", "possible", {"exposure": exposure(server(TCP)), "logins": []}),
        ("H1", "unlikely", {"logins": [logins(attempt())]}),
        ("H1", "ruled_out", {**OWN_ADDRESS, "exposure": with_eip([])}),
        ("H1", "unlikely", {**OWN_ADDRESS, "exposure": with_eip([]), "changes": {}}),
        ("H1", "likely", {**OWN_ADDRESS, "exposure": with_eip([]), "changes": MOVED, "logins": []}),  # a server's since
        ("H1", "undecided", UNREAD),
        # an address of no server, or of one, or of what may be on one
        ("H1", "likely", {**OWN_ADDRESS, "exposure": with_own("eip", "i-web"), "changes": held("")}),
        ("H1", "confirmed", {**OWN_ADDRESS, "exposure": with_own("eip")}),
        ("H1", "undecided", {**OWN_ADDRESS, "exposure": with_own("eip", "havip-1")}),
        ("H1", "undecided", {**OWN_ADDRESS, "exposure": with_own("eip", "i-web"), "changes": held("eni-2")}),
        ("H1", "unlikely", {**OWN_ADDRESS, "exposure": with_own("eip"), "changes": held("i-web")}),
        ("H1", "unlikely", {**OWN_ADDRESS, "exposure": with_own("eip"), "changes": held("i-gone")}),
        ("H1", "undecided", {**OWN_ADDRESS, "exposure": exposure(server(PERHAPS), targets=[target(EIP)])}),
        ("H1", "ruled_out", {"attack_events": [attack(public_ip="172.16.0.11")]}),
        ("H1", "unlikely", {"attack_events": [attack(public_ip="172.16.0.11")], "changes": {}}),
        ("H1", "undecided", {"attack_events": [attack(public_ip=None)]}),
        # stopped in front of the server
        ("H2", "likely", {**OWN_ADDRESS, "exposure": with_eip(OFFICE)}),
        ("H2", "likely", {**OWN_ADDRESS, **OPEN}),
        ("H2", "possible", UNREAD),
        ("H2", "undecided", {**UNREAD, "attack_events": [attack(status=None, count=800)]}),
        ("H2", "unlikely", {"logins": [logins(attempt())]}),
        ("H2", "unlikely", {"attack_events": [], "alerts": [alert()]}),
        # stopped on the server
        ("H3", "likely", {**OWN_ADDRESS, **OPEN}),
        ("H3", "possible", {**OWN_ADDRESS, **OPEN, "logins": []}),
        ("H3", "undecided", UNREAD),
        ("H3", "unlikely", {"logins": []}),
        ("H3", "ruled_out", {}),
        # logged, but not where one looks
        ("H4", "confirmed", {"logins": [logins(attempt(), server=TOKYO)]}),
        ("H4", "confirmed", {"logins": [logins(attempt(line_source="/var/log/auth.log.2.gz"))]}),
        ("H4", "likely", {"logins": [ELSEWHERE | {"server": TOKYO}]}),
        ("H4", "likely", {"logins": [ELSEWHERE], "timezone": "Asia/Tokyo"}),
        ("H4", "possible", {"logins": [ELSEWHERE]}),
        ("H4", "ruled_out", {"logins": [logins(attempt("2026-02-27T13:01:15Z", line_source="journal"))]}),
        ("H4", "possible", {**OWN_ADDRESS, **OPEN, "logins": [logins(since="2026-02-28T00:00:00Z")]}),
        ("H4", "undecided", {**OWN_ADDRESS, **OPEN, "logins": []}),
        ("H4", "unlikely", {"logins": []}),
        ("H4", "ruled_out", {}),
        ("H4", "ruled_out", {"logins": [logins(attempt())]}),
        ("H4", "unlikely", {"logins": [logins(attempt())], "exposure": TWINS}),  # it may be in another log too
        # clocks were changed since, the reader's at least
        ("H4", "unlikely", berlin("+02:00")),
        ("H4", "unlikely", berlin("+01:00")),
        ("H4", "confirmed", berlin("+09:00")),
        ("H4", "ruled_out", berlin("+02:00", until="2026-04-02T00:00:00Z", first_seen="2026-03-30T12:00:00Z")),
        # open for a while
        ("H5", "confirmed", {"changes": changes(opening())}),
        ("H5", "confirmed", {"changes": changes(opening()), "logins": []}),
        ("H5", "likely", {"changes": changes(opening(), unread=["Vpc events of cn-hangzhou"])}),
        ("H5", "possible", {"changes": changes(opening()), "exposure": {}}),
        ("H5", "possible", {"changes": changes(opening(end="2026-02-27T03:59:30Z"))}),
        ("H5", "unlikely", {"changes": changes(opening(resource_id="i-other"))}),
        ("H5", "ruled_out", {"changes": changes(opening(None, None))}),
        ("H5", "unlikely", {"changes": changes(opening(None, None, sources=[], possible_sources=["0.0.0.0/0"]))}),
        ("H5", "possible", {"changes": changes(opening(sources=[], possible_sources=["0.0.0.0/0"]))}),
        ("H6", "possible", {"exposure": exposure(server(PERHAPS)), "changes": {}}),
        ("H5", "unlikely", {"changes": changes(unread=["Vpc events of cn-hangzhou"])}),
        ("H5", "undecided", {"changes": changes(complete_since="2026-02-28T00:00:00Z")}),
        ("H5", "undecided", {"changes": {}}),
        ("H5", "ruled_out", {}),
        ("H5", "ruled_out", {"changes": changes(opening(sources=OFFICE))}),
        ("H5", "ruled_out", {"changes": changes(opening(kind="security_group", resource_id="sg-idle"))}),
        (
            "H5",
            "possible",
            {"changes": changes(opening(kind="security_group", resource_id="sg-web")), "exposure": GUARDED},
        ),
        ("H5", "ruled_out", {"changes": changes(opening(end="2026-02-27T01:00:00Z"))}),
        ("H5", "unlikely", {"logins": [logins(server={"instance_id": "i-web", "ports": [22, 2222]})]}),
        ("H5", "unlikely", {"attack_events": [attack(source="172.16.0.20")]}),
        ("H5", "unlikely", {"exposure": with_eip(["0.0.0.0/0"])}),
        (
            "H5",
            "likely",
            {
                "attack_events": [attack(instance_id="i-shy")],
                "changes": changes(opening(resource_id="i-shy")),
                "exposure": exposure(unread=["instances of cn-hangzhou"]),
            },
        ),
        # another way
        ("H6", "likely", {"exposure": exposure(server(TCP)), "changes": changes(opening(None, None)), "logins": []}),
        ("H6", "possible", {"exposure": with_eip(["0.0.0.0/0"]), "changes": {}, "logins": []}),
        ("H6", "likely", {"logins": [logins(attempt())]}),
        ("H6", "unlikely", {"logins": []}),
        ("H6", "unlikely", {**OWN_ADDRESS, **OPEN, "logins": [logins(attempt())]}),
        ("H6", "undecided", UNREAD),
        ("H6", "ruled_out", {}),
        (
            "H6",
            "confirmed",
            {
                "attack_events": [attack(public_ip="198.51.100.9")],
                "exposure": exposure(server(DNAT), targets=[target("198.51.100.9", "nat", id="ngw-1")]),
                "changes": changes(opening(None, None)),
                "logins": [logins(attempt())],
            },
        ),
        (
            "H6",
            "likely",  # the line is on another server than the one that the address leads to
            {
                "attack_events": [attack(public_ip="198.51.100.9")],
                "exposure": exposure(
                    server(DNAT),
                    server(instance_id="i-db", name="db", addresses=[]),
                    targets=[target("198.51.100.9", "nat", id="ngw-1")],
                ),
                "changes": changes(opening(None, None)),
                "logins": [logins(), logins(attempt(), server={"host": "db", "instance_id": "i-db", "ports": [22]})],
            },
        ),
        # the wrong server
        ("H7", "likely", {"attack_events": [attack(instance_id="i-gone")]}),
        ("H7", "possible", {"attack_events": [attack(instance_id="i-gone")], "exposure": exposure(unread=["EIPs"])}),
        ("H7", "possible", {"attack_events": [attack(instance_id="i-gone")], "regions": ["cn-hangzhou"]}),
        ("H7", "likely", {"attack_events": [attack(instance_id="i-web", private_ip="172.16.0.99")]}),
        ("H7", "unlikely", {"attack_events": [attack(instance_id="i-web", private_ip="172.16.0.11")]}),
        ("H7", "unlikely", {"attack_events": [attack(instance_name="web-slb")]}),
        ("H7", "possible", {"changes": MOVED, **OWN_ADDRESS}),
        ("H7", "possible", {"attack_events": [attack(instance_name="web-1")], "exposure": TWINS}),
        ("H7", "undecided", {}),
        ("H7", "ruled_out", {"attack_events": [attack(instance_id="i-web")], "logins": [logins(attempt())]}),
        # none of it
        ("H8", "possible", {**OWN_ADDRESS, **OPEN}),
        ("H8", "unlikely", {}),
        ("H8", "undecided", UNREAD),
        ("H8", "ruled_out", {"logins": [logins(attempt())]}),
    ],
)
def test_standing(hypothesis, expected, clues):
    """A hypothesis stands as the clues have it that bear on it."""
    assert standing(conclude(**clues), hypothesis) == expected


@pytest.mark.parametrize(
    ("expected", "clues"),
    [
        ("not_reachable", {}),
        ("not_reachable", {"logins": []}),
        ("not_reachable", {"exposure": with_eip(OFFICE)}),
        # open today, and not then
        ("not_reachable", {"exposure": with_eip(["0.0.0.0/0"]), "changes": changes(opening(LATER, None))}),
        # nothing tells since when, as where the changes were read for another port
        ("unknown", {"exposure": with_eip(["0.0.0.0/0"])}),
        ("unknown", {"exposure": with_eip(["0.0.0.0/0"]), "changes": changes(opening(LATER, None, port=2222))}),
        ("unknown", {"exposure": with_eip(["0.0.0.0/0"]), "changes": changes(opening(LATER, "2026-03-02T00:00:00Z"))}),
        ("unknown", {"exposure": with_eip(["0.0.0.0/0"]), "changes": changes(opening(LATER, None, sources=OFFICE))}),
        # over the internet it is looked for, and not within private networks
        ("unknown", {"attack_events": [attack(source="172.16.0.20")]}),
        ("unknown", {"attack_events": [attack(source="172.16.0.20")], **OPEN}),
        ("unknown", {"attack_events": [attack(source="fd00::20")]}),
        # another server than the one that it names
        ("unknown", {"attack_events": [attack(public_ip=None, instance_id="i-shy")], **OPEN}),
        ("unknown", {"attack_events": [attack(instance_id="i-far")], "regions": ["cn-hangzhou"]}),
        (
            "reachable",
            {"attack_events": [attack(instance_id="i-shy")], "changes": changes(opening(resource_id="i-shy"))},
        ),
        ("not_reachable", {"changes": changes(opening(sources=OFFICE))}),
        ("not_reachable", {"changes": changes(opening(port=2222))}),  # where sshd of another server listens
        ("unknown", {"changes": {}}),
        ("unknown", {"regions": ["cn-hangzhou"], "attack_events": [attack(public_ip="198.51.100.99")]}),
        ("not_reachable", {"regions": ["cn-hangzhou"]}),  # the server behind the address is in one of them
        ("unknown", {"exposure": {}}),
        ("unknown", {"exposure": exposure(unread=["EIPs of cn-hangzhou"])}),
        ("unknown", {"changes": changes(unread=["Vpc events of cn-hangzhou"])}),
        ("unknown", {"changes": changes(complete_since="2026-02-27T04:01:16Z")}),
        ("unknown", {"changes": changes(complete_until="2026-02-27T04:01:14Z")}),  # ActionTrail may be late
        ("unknown", {"changes": changes(complete_until=None)}),
        ("unknown", {"attack_events": [attack(first_seen=None, last_seen=None)]}),
        ("unknown", {"changes": changes(opening(sources=OFFICE, possible_sources=["0.0.0.0/0"]))}),
        ("unknown", {"attack_events": [], "alerts": [alert()], "changes": changes(opening(sources=OFFICE))}),
        ("unknown", {"probes": [{"address": EIP, "port": 22, "open": True}], "exposure": with_eip([])}),
        ("not_reachable", {"probes": [{"address": EIP, "port": 22, "open": False}], "exposure": with_eip([])}),
        ("not_reachable", {"probes": [{"address": BALANCER, "port": 8022, "open": True}], "exposure": HTTP_TO_22}),
        ("unknown", {"logins": [logins(server={"instance_id": "i-web", "ports": [22, 2222]})]}),
        ("reachable", {"changes": changes(opening())}),
        ("reachable", {"changes": changes(opening(), unread=["Vpc events of cn-hangzhou"])}),
        ("reachable", {"logins": [logins(attempt())]}),
        ("reachable", {"logins": [ELSEWHERE | {"server": TOKYO}]}),
        ("unknown", {"logins": [ELSEWHERE]}),  # another attack, perhaps, but why then does the network say no?
        ("reachable", {"attack_events": [], "alerts": [alert()], "changes": changes(opening())}),
    ],
)
def test_verdict(expected, clues):
    """What the logs hold goes first, then what the network let through then, and what was not read is unknown."""
    assert conclude(**clues)["verdict"] == expected


@pytest.mark.parametrize(
    ("kind", "part", "clues"),
    [
        ("clb", "load balancer (CLB) web-slb (lb-web).", {}),
        ("clb", "today at least", {"changes": {}}),
        ("eip", "EIP eip-1", {**OWN_ADDRESS, "exposure": with_eip([])}),
        ("none", "not an address of this account", {"attack_events": [attack(public_ip="198.51.100.99")]}),
        ("unknown", "that were read", {"attack_events": [attack(public_ip="198.51.100.99")], "changes": {}}),
        (
            "unknown",
            "that were read",
            {
                "attack_events": [attack(public_ip="198.51.100.99")],
                # an EIP was given back later, and no event tells which address that was
                "changes": changes(
                    addresses=[{"address": "", "kind": "eip", "id": "eip", "from": None, "to": "2026-02-28T00:00:00Z"}]
                ),
            },
        ),
        ("unknown", "does not say", {"attack_events": [attack(public_ip="")]}),
        ("instance", "private address of web-1 (i-web)", {"attack_events": [attack(public_ip="172.16.0.11")]}),
        ("unknown", "were read", {"attack_events": [attack(public_ip="198.51.100.99")], "regions": ["cn-hangzhou"]}),
        ("instance", "names the server web-1", {"attack_events": [attack(public_ip="", instance_id="i-web")]}),
        (
            "former",
            "until 2026-02-26T00:00:00Z",
            {
                "attack_events": [attack(public_ip=EIP)],
                "changes": changes(
                    addresses=[
                        {"address": EIP, "kind": "eip", "id": "i-web", "from": None, "to": "2026-02-26T00:00:00Z"}
                    ]
                ),
            },
        ),
        (
            "eip",
            "not this account's any more",
            {
                "attack_events": [attack(public_ip=EIP)],
                "changes": changes(
                    addresses=[
                        {"address": EIP, "kind": "eip", "id": "i-web", "from": None, "to": "2026-02-28T00:00:00Z"}
                    ]
                ),
            },
        ),
        (
            "none",
            "not an address of this account at that time",
            {
                "changes": changes(
                    addresses=[
                        {"address": BALANCER, "kind": "clb", "id": "lb-web", "from": "2026-02-28T00:00:00Z", "to": None}
                    ]
                ),
            },
        ),
    ],
)
def test_target(kind, part, clues):
    """The attacked address is told by what it belonged to then, and with doubt where only today is known."""
    found = conclude(**clues)["target"]
    assert (found["kind"], part in found["text"]) == (kind, True), found


def test_an_accepted_login_comes_first():
    """A login that was let in begins the sentence, and its event is the first of all, whenever it happened."""
    accepted = logins(attempt("2026-02-26T10:00:00Z", outcome="accepted", user="deploy", method="publickey"))
    other = attack(id="0", source="23.129.64.202", first_seen=BEGIN, last_seen=BEGIN)
    first, second = conclude_all(attack_events=[other, attack()], logins=[accepted])
    assert (first["event"]["source"], second["event"]["source"]) == (SOURCE, "23.129.64.202")
    assert first["sentence"].startswith(f"A login of {SOURCE} was accepted: as deploy on web-1 at 2026-02-26T10:00:00Z")


@pytest.mark.parametrize(
    ("parts", "clues"),
    [
        (["could not have reached sshd of web-1 (i-web)", "hold nothing of it", "confirmed"], {}),
        (["could have reached sshd of web-1", "from 2026-02-27T03:58:00Z", "by ops"], {"changes": changes(opening())}),
        (["It reached sshd: 1 line of web-1, 2026-02-27T04:01:15Z (failed)."], {"logins": [logins(attempt())]}),
        (["most likely reached sshd", "9 hours later"], {"logins": [ELSEWHERE | {"server": TOKYO}]}),
        (["perhaps reached sshd", "9 hours later"], {"logins": [ELSEWHERE]}),
        (["is not known", "What was not read", "quota"], {"changes": {"failed": True, "msg": "quota"}}),
        (
            ["reached sshd of i-shy, web-1 (i-web) at that time is not known"],
            {"attack_events": [attack(instance_id="i-shy")], "exposure": exposure(unread=["instances"])},
        ),
        (["is not known", "private networks"], {"attack_events": [attack(source="172.16.0.20")]}),
        (["is not known", "Today it could, by eip"], {"changes": {}, "exposure": with_eip(["0.0.0.0/0"])}),
        ([f"{SOURCE} (Tor exits, offices)"], {"source_lists": {"Tor exits": ["23.129.64.0/24"], "offices": [SOURCE]}}),
    ],
)  # fmt: skip
def test_sentence(parts, clues):
    """The conclusion says what is known, how it is known, and what is not."""
    sentence = conclude(**clues)["sentence"]
    assert [part for part in parts if part not in sentence] == [], sentence


@pytest.mark.parametrize(
    ("stopped", "admits", "gates"),
    [
        (None, True, [gate("address"), gate(sources=["0.0.0.0/0"])]),
        ("security_groups", False, [gate("address"), gate(sources=OFFICE), gate("instance", allows=False)]),
        ("protocol", False, [gate("listener"), gate("protocol", allows=False), gate(sources=[], allows=False)]),
        (None, None, [gate("listener"), gate(sources=OFFICE, possible_sources=["0.0.0.0/0"])]),
        (None, None, [gate("listener", allows=None)]),
    ],
)
def test_stopped_by(stopped, admits, gates):
    """The gate that stops a path is the first that stops this event's source, though it may let others by."""
    sure = ["0.0.0.0/0"] if admits else []
    unsure = ["0.0.0.0/0"] if admits is not False else []
    shown = path(sources=sure, possible_sources=unsure, gates=gates)
    (found,) = conclude(exposure=exposure(server(shown)))["paths"]
    assert ((found["stopped_by"] or {}).get("kind"), found["admits"], found["server"]) == (stopped, admits, "i-web")


def test_timeline():
    """Changes, openings, logins, probes, who had the address, and the event stand in the order of time."""
    held = {"address": BALANCER, "kind": "clb", "id": "lb-web", "from": None, "to": None}
    far = change(time="2026-02-25T00:00:00Z", what="long ago")
    found = conclude(
        changes=changes(opening(), changes=[change(), far], addresses=[held | {"to": "2026-03-01T00:00:00Z"}]),
        logins=[
            logins(attempt("2026-02-27T04:01:10Z"), attempt("2026-02-27T04:01:40Z"), attempt(outcome="invalid_user"))
        ],
        probes=[{"address": EIP, "port": 22, "open": False, "time": "2026-03-06T11:00:00Z", "vantage": "office"}],
        exposure=with_eip(OFFICE),
    )["timeline"]
    assert [(one["kind"], one["time"], one["count"]) for one in found] == [
        ("address", None, 1),
        ("change", "2026-02-27T03:58:00Z", 1),
        ("opening", "2026-02-27T03:58:00Z", 1),
        ("login", "2026-02-27T04:01:10Z", 2),
        ("attack", "2026-02-27T04:01:15Z", 9),
        ("login", "2026-02-27T04:01:15Z", 1),
        ("probe", "2026-03-06T11:00:00Z", 1),
    ]


def test_other_events_are_left_out():
    """Rows of other types at other ports, and alerts that speak of no login, are none about SSH."""
    found = conclude_all(
        attack_events=[attack(), attack(type="2", port=80), attack(type="2", source="198.51.100.5")],
        alerts=[alert(), alert(name="Mining", type="Malware")],
    )
    assert sorted((one["kind"], one["event"]["source"] or "") for one in found) == [
        ("alert", ""),
        ("attack", "198.51.100.5"),
        ("attack", SOURCE),
    ]


def test_the_operators_zone():
    """The event is told in UTC and in the zone of who reads it."""
    event = conclude(timezone="Asia/Tokyo")["event"]
    assert (event["first_seen"], event["local_time"]) == ("2026-02-27T04:01:15Z", "2026-02-27 13:01:15")


@pytest.mark.parametrize(("kind", "address"), [("nlb", "203.0.113.90"), ("clb", "2001:db8::90")])
def test_a_line_of_the_load_balancer_is_no_silence(kind, address):
    """Behind it sshd may see its own address, so that its line at that time may be the attack."""
    behind = {"exposure": exposure(server(path(kind, address)))}
    other = attempt(source="172.16.9.4")
    assert "hold nothing of it" in conclude(**behind)["sentence"]
    assert "hold nothing of it" not in conclude(**behind, logins=[logins(other)])["sentence"]


def test_a_title_within_the_sentence():
    """It goes on in lower case, unless it begins with an abbreviation."""
    assert "explanation (confirmed): SSH was open" in conclude(changes=changes(opening()))["sentence"]


def test_an_opening_that_may_have_been():
    """The timeline tells it from one that is known."""
    vague = opening(sources=[], possible_sources=["0.0.0.0/0"])
    found = conclude(changes=changes(opening(resource_id="i-web"), vague))["timeline"]
    assert sorted(one["outcome"] or "" for one in found if one["kind"] == "opening") == ["", "possible"]


def certain(found):
    """Give the hypotheses of an investigation that are confirmed or ruled out."""
    return {one["id"] for one in found["hypotheses"] if one["standing"] in ("confirmed", "ruled_out")}


@pytest.mark.parametrize(
    "event",
    [
        {"attack_events": [], "alerts": [alert(public_ip=None, instance_id="i-web")]},
        {"attack_events": [attack(source=None, public_ip=None, instance_id="i-web")]},
    ],
)
def test_a_line_of_anybody_is_no_proof_of_an_event_without_source(event):
    """It may be of the event, so that the network is not believed to have let nobody in, and nothing is certain."""
    line = attempt(source="10.0.0.5", outcome="accepted", user="admin")
    found = conclude(**event, logins=[logins(line)])
    assert (found["verdict"], certain(found)) == ("unknown", {"H5"})
    assert "1 line of web-1, 2026-02-27T04:01:15Z (accepted). Security Center does not say" in found["sentence"]
    assert "could have reached sshd of web-1 (i-web) at that time is not known" in found["sentence"]
    assert found["sentence"].startswith("A login of 10.0.0.5 was accepted")
    assert "hold nothing of it" not in found["sentence"]
    silent = conclude(**event, logins=[logins()])
    assert (silent["verdict"], certain(silent)) == ("not_reachable", {"H3", "H4", "H5", "H6"})


@pytest.mark.parametrize("last", ["2026-02-27T06:01:15Z", "2026-02-27T04:36:15Z"])
def test_a_line_hours_away_is_no_silence(last):
    """Its zone may be mistaken, also where the event took too long to compare clocks."""
    found = conclude(
        attack_events=[attack(last_seen=last)], logins=[logins(attempt("2026-02-27T13:20:15Z"))], timezone="Asia/Tokyo"
    )
    assert certain(found) == {"H5"}
    journal = conclude(
        attack_events=[attack(last_seen=last)], logins=[logins(attempt("2026-02-27T13:20:15Z", line_source="journal"))]
    )
    assert certain(journal) == {"H1", "H3", "H4", "H5", "H6"}


def test_a_line_hours_away_contradicts_a_closed_network():
    """An event that took too long to compare clocks is not called stopped either."""
    rows = {"logins": [logins(attempt("2026-02-27T12:01:15Z"))]}
    assert conclude(attack_events=[attack(last_seen="2026-02-27T04:41:15Z")], **rows)["verdict"] == "unknown"
    early = {"logins": [logins(attempt("2026-02-26T12:01:15Z"))]}
    assert conclude(attack_events=[attack(last_seen="2026-02-27T04:41:15Z")], **early)["verdict"] == "not_reachable"


def test_of_a_port_that_is_not_told_any_way_of_the_address_may_be_meant():
    """So that it is not said that nothing there leads to sshd."""
    exposed = exposure(server(path(address="203.0.113.80", port=2222)), targets=[target("203.0.113.80")])
    found = conclude(attack_events=[attack(port="2222,3333", public_ip="203.0.113.80")], exposure=exposed)
    assert standing(found, "H1") == "undecided"


@pytest.mark.parametrize("line", ["2026-02-27T13:01:15Z", "2026-02-27T13:20:15Z", "2026-02-27T13:25:15Z"])
def test_a_line_in_another_zone_of_an_event_that_took_a_while(line):
    """It is within the event's time there, from its beginning to its end."""
    event = attack(last_seen="2026-02-27T04:25:15Z")
    found = conclude(attack_events=[event], logins=[logins(attempt(line))], timezone="Asia/Tokyo")
    assert (found["verdict"], standing(found, "H4")) == ("reachable", "likely")
    assert "9 hours later" in found["sentence"]


@pytest.mark.parametrize(
    ("server_of_log", "standings"),
    [
        ({"host": "web-1"}, "unlikely"),
        ({"host": "web-1", "addresses": ["172.16.0.11"]}, "unlikely"),
        ({"host": "db", "addresses": ["172.16.0.11"]}, "ruled_out"),
        ({"host": "web-1", "instance_id": "i-web"}, "ruled_out"),
    ],
)
def test_a_log_that_may_be_of_several_servers(server_of_log, standings):
    """Without an instance id it counts only if no other server has that name or address."""
    other = logins(server={"host": "web-2", "instance_id": "i-web2", "ports": [22]})
    found = conclude(exposure=TWINS, logins=[logins(server={"ports": [22], **server_of_log}), other])
    assert standing(found, "H3") == standings
