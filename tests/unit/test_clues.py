# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_verdict is given: what is malformed is refused with one sentence, what is missing or odd is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.clues import Reach, admits
from ansible_collections.hardening.alicloud.plugins.module_utils.clues_reading import gather
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError

from tests.unit.clue_examples import (
    NOW,
    OFFICE,
    SOURCE,
    WORLD,
    alert,
    attack,
    attempt,
    changes,
    exposure,
    gate,
    logins,
    opening,
    options,
    path,
    server,
    target,
)


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"attack_events": "none"}, ["attack_events is no list"]),
        ({"attack_events": ["row"]}, ["attack_events 1 is no dictionary"]),
        ({"attack_events": [attack(), attack(first_seen="noon")]}, ["attack_events 2: first_seen 'noon' is no time"]),
        ({"attack_events": [attack(count="many")]}, ["count 'many' is no number"]),
        ({"attack_events": [attack(source=["1.2.3.4"])]}, ["source is no text"]),
        ({"exposure": []}, ["exposure is no dictionary"]),
        ({"exposure": {"servers": {}}}, ["exposure, servers is no list"]),
        ({"exposure": exposure(server(path(sources=["internet"])))}, ["servers 1, paths 1, sources", "'internet'"]),
        ({"exposure": exposure(server(path(gates=[gate(allows="yes")])))}, ["allows is neither true nor false"]),
        ({"exposure": exposure(targets=[target(ports=["80"])])}, ["targets 1, ports"]),
        ({"changes": changes(opening(sources=["*"]))}, ["openings 1, sources"]),
        ({"changes": changes(opening(), complete_since="soon")}, ["complete_since 'soon' is no time"]),
        ({"changes": changes(changes=[{}])}, ["changes 1: it has no time"]),
        ({"logins": [logins({})]}, ["logins 1, attempts 1: it has no time"]),
        ({"logins": [logins(server={"utc_offset": "JST"})]}, ["'JST' is no distance from UTC"]),
        ({"probes": [{"open": "yes"}]}, ["probes 1: open is neither true nor false"]),
        ({"source_lists": {"offices": ["home"]}}, ["source_lists, offices", "'home'"]),
        ({"source_lists": {"offices": "203.0.113.0/24"}}, ["source_lists, offices is no list"]),
        ({"timezone": "Mars/Olympus"}, ["timezone 'Mars/Olympus'", "Asia/Tokyo"]),
        ({"timezone": "../../etc/passwd"}, ["timezone"]),
    ],
)  # fmt: skip
def test_malformed(given, parts):
    """One sentence names the place, and what belongs there."""
    with pytest.raises(OptionError) as caught:
        gather(options(**given), NOW)
    said = str(caught.value)
    assert [part for part in parts if part not in said] == [], said
    assert "\n" not in said


@pytest.mark.parametrize("address", ["-", "unknown", "", None, "1.2.3", "xn--nothing.example"])
def test_what_the_cloud_writes_where_it_knows_no_address(address):
    """Such a text is no address, and no reason to refuse everything else."""
    (event,) = gather(options(attack_events=[attack(source=address, public_ip=address)]), NOW).events
    assert (event.source, event.address) == ("", "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (f"::ffff:{SOURCE}", SOURCE),
        ("::ffff:1781:40c9", SOURCE),
        ("2001:DB8:0:0:0:0:0:5", "2001:db8::5"),
        ("2001:db8:0:0::5", "2001:db8::5"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_one_spelling_of_an_address(written, meant):
    """However it is written, of an event, a line or a server, it is the same; one of IPv4 in IPv6's clothes, too."""
    found = gather(
        options(
            attack_events=[attack(source=written, public_ip=written, private_ip=written)],
            logins=[logins(attempt(source=written))],
            exposure=exposure(server(path(address=written), addresses=[written]), targets=[target(written)]),
        ),
        NOW,
    )
    (event,), (log,), (one,) = found.events, found.logs, found.exposure.servers
    assert {event.source, event.address, event.private_ip, log.attempts[0].source, *one.addresses} == {meant}
    assert (one.paths[0].address, found.exposure.target(meant) is not None) == (meant, True)


@pytest.mark.parametrize("port", ["80,443", "-", "443-444", "9" * 5000])
def test_the_port_of_a_row(port):
    """Rows of other types may name anything there; of SSH's type, one that is no port is not known."""
    rows = [attack(type="1", port=port, first_seen="noon"), attack(port=port)]
    (event,) = gather(options(attack_events=rows), NOW).events
    assert event.port == 0


def test_a_row_that_names_the_port_of_sshd_among_others_is_kept():
    """Whatever its type; which of the ports was attacked is not known."""
    (event,) = gather(options(attack_events=[attack(type="1", port="80,22")]), NOW).events
    assert event.port == 0


def test_servers_that_were_not_looked_at():
    """If an address leads to a server that is not listed, not every server of the account was looked at."""
    found = gather(options(exposure=exposure(targets=[target(servers=["i-web", "i-other"])])), NOW).exposure
    assert (found.complete, found.unread) == (False, ("exposure: i-other is none of the servers that were looked at",))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Unusual logon", True),
        ("SSH brute force succeeded", True),
        ("Login from an unusual place", True),
        ("ECS brute-force attack", True),
        ("Mining program", False),
        ("Suspicious process", False),
    ],
)
def test_alerts_about_logins(name, expected):
    """Alerts that speak of logins are about SSH, or may be; the others are not."""
    found = gather(options(attack_events=[], alerts=[alert(name=name, type="")]), NOW).events
    assert bool(found) is expected


@pytest.mark.parametrize(
    ("sources", "source", "expected"),
    [
        (WORLD, SOURCE, True),
        (OFFICE, SOURCE, False),
        (OFFICE, "203.0.113.10", True),
        ([], SOURCE, False),
        (["::/0"], "2001:db8::1", True),
        (["::/0"], SOURCE, False),
        (WORLD, "172.16.0.20", None),
        (["172.16.0.0/12"], "172.16.0.20", None),
        ([], "fe80::1", None),
        (WORLD, "", True),
        (["0.0.0.0/1", "128.0.0.0/1"], "", True),
        (OFFICE, "", None),
        ([], "", False),
    ],
)
def test_admits(sources, source, expected):
    """Of a source that is not known, only everybody and nobody can be told, and nothing of one in a private network."""
    assert admits(sources, source) is expected


@pytest.mark.parametrize(
    ("sure", "possible", "expected"),
    [(WORLD, WORLD, True), (OFFICE, WORLD, None), ([], [], False), (OFFICE, OFFICE, False)],
)
def test_reach(sure, possible, expected):
    """Who may get through for all that is known is neither let in nor kept out."""
    assert Reach(tuple(sure), tuple(possible)).admits(SOURCE) is expected


@pytest.mark.parametrize(
    ("logs", "whole"),
    [
        ([("journal", True)], True),
        ([("journal", False), ("/var/log/auth.log", True)], True),
        ([("journal", True), ("/var/log/auth.log", False)], True),
        ([("/var/log/auth.log", True), ("/var/log/auth.log.1", False)], False),
        ([("journal", False)], False),
        ([], False),
    ],
)
def test_when_a_log_is_whole(logs, whole):
    """The journal or the files are enough, each by itself; files only all together."""
    rows = [{"file": file, "complete": complete} for file, complete in logs]
    (log,) = gather(options(logins=[logins(logs=rows)]), NOW).logs
    moment = NOW - timedelta(days=2)
    assert log.covers(moment, moment) is whole


def test_what_a_server_could_not_read():
    """What it says of that stands in the notes, and nothing of that log counts as whole."""
    failed = logins(
        attempt(), unread=[{"what": "/var/log/auth.log", "action": "read", "code": "EACCES", "message": "no"}]
    )
    (log,) = gather(options(logins=[failed]), NOW).logs
    assert log.unread == ("logins of web-1: /var/log/auth.log (read, EACCES, no)",)
    assert not log.covers(NOW, NOW)


def test_a_server_that_was_not_reached():
    """Its message is the note, under the name that the inventory has for it."""
    result = {"unreachable": True, "msg": "timed out", "inventory_host": "web-9", "server": {"instance_id": "i-9"}}
    (log,) = gather(options(logins=[result]), NOW).logs
    assert log.ids == {"i-9"}
    assert "timed out" in log.unread[0]
