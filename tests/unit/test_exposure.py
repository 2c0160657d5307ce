# SPDX-License-Identifier: GPL-3.0-or-later
"""The judging by examples: what each peculiarity of security groups does to the sources at port 22."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.addresses import Addresses
from ansible_collections.hardening.alicloud.plugins.module_utils.exposure import (
    PRIVATE,
    PUBLIC,
    Lists,
    Rule,
    accepted,
    admitting,
    decided,
    is_internet,
    is_nearly_all,
)

WORLD = "0.0.0.0/0"


def rule(cidr=WORLD, ports="22/22", **more):
    """Write an Accept for SSH from anywhere, or what differs from it."""
    return Rule(ports=ports, cidr=cidr, **more)


def drop(cidr=WORLD, **more):
    """Write a Drop for SSH from anywhere."""
    return rule(cidr, policy="drop", **more)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], []),
        ([rule()], [WORLD]),
        ([rule("0.0.0.0/1"), rule("128.0.0.0/1")], [WORLD]),
        ([rule(protocol="ALL", ports="-1/-1")], [WORLD]),
        ([rule(protocol="6", ports="-1/-1")], [WORLD]),
        ([rule(protocol="UDP"), rule(protocol="ICMP", ports="-1/-1"), rule(protocol="GRE", ports="-1/-1")], []),
        ([rule(ports="1/21"), rule(ports="23/65535")], []),
        ([rule(ports="22")], [WORLD]),
        ([rule(priority=110)], [WORLD]),
        ([rule(), drop()], []),
        ([rule(priority=1), drop(priority=2)], [WORLD]),
        ([rule(priority=2), drop("128.0.0.0/1", priority=1)], ["0.0.0.0/1"]),
        ([rule(priority=1, cidr="8.8.8.8"), drop(priority=2), rule(priority=3)], ["8.8.8.8/32"]),
        ([rule(), drop(ports="80/80"), drop(protocol="UDP")], [WORLD]),
        ([rule(), drop(to="10.0.0.5/32"), drop(source_ports="1/1023")], [WORLD]),
        ([rule(), drop(to="0.0.0.0/0", source_ports="-1/-1")], []),
        ([rule(to="10.0.0.5/32", source_ports="1/1023")], [WORLD]),
        ([Rule(ports="22/22", cidr6="::/0"), drop()], ["::/0"]),
        ([Rule(ports="22/22", group="sg-1"), drop("10.0.0.0/8")], []),
        ([rule(cidr="10.0.0.0/8", group="sg-1")], ["10.0.0.0/8"]),
    ],
)
def test_accepted_sources(rules, expected):
    """The cloud's order decides, in whatever order the rules are listed."""
    for listed in (rules, rules[::-1]):
        found = accepted(listed, 22, Lists())
        assert found.sure == found.possible == Addresses.of(*expected)


@pytest.mark.parametrize(
    ("rules", "lists", "sure", "possible"),
    [
        ([Rule(ports="22/22", prefix_list="pl-1")], Lists({"pl-1": Addresses.of("8.8.8.8")}), ["8.8.8.8"], ["8.8.8.8"]),
        ([Rule(ports="22/22", prefix_list="pl-1")], Lists(), [], [WORLD, "::/0"]),
        ([Rule(ports="22/22", prefix_list="pl-1"), rule()], Lists(), [WORLD], [WORLD, "::/0"]),
        ([Rule(policy="drop", ports="22/22", prefix_list="pl-1"), rule()], Lists(), [], [WORLD]),
        ([Rule(policy="drop", ports="80/80", prefix_list="pl-1"), rule()], Lists(), [WORLD], [WORLD]),
        ([Rule(port_list="prl-1", cidr=WORLD)], Lists(ports={"prl-1": ((20, 30),)}), [WORLD], [WORLD]),
        ([Rule(port_list="prl-1", cidr=WORLD)], Lists(ports={"prl-1": ((80, 80),)}), [], []),
        ([Rule(port_list="prl-1", cidr=WORLD)], Lists(), [], [WORLD]),
        ([Rule(policy="drop", port_list="prl-1", cidr=WORLD), rule()], Lists(), [], [WORLD]),
        ([rule(cidr="not an address")], Lists(), [], [WORLD, "::/0"]),
    ],
)
def test_what_lists_say_or_may_say(rules, lists, sure, possible):
    """An unread Accept may add anybody, an unread Drop may keep anybody out."""
    found = accepted(rules, 22, lists)
    assert (found.sure, found.possible) == (Addresses.of(*sure), Addresses.of(*possible))


@pytest.mark.parametrize(
    ("rules", "own", "enterprise", "expected"),
    [
        ([Rule(ports="22/22", group="sg-1")], "", False, {"sg-1"}),
        ([Rule(ports="22/22", group="sg-1")], "sg-own", False, {"sg-1", "sg-own"}),
        ([Rule(ports="22/22", group="sg-1")], "sg-own", True, set()),
        ([Rule(ports="22/22", group="sg-1"), drop()], "sg-own", False, {"sg-own"}),
        (
            [Rule(ports="22/22", group="sg-1"), Rule(policy="drop", ports="22/22", group="sg-1", priority=2)],
            "",
            False,
            {"sg-1"},
        ),
        ([Rule(ports="80/80", group="sg-1")], "", False, set()),
    ],
)
def test_accepted_groups(rules, own, enterprise, expected):
    """Members of source groups, and of the group itself."""
    assert accepted(rules, 22, Lists(), own, enterprise).groups == expected


@pytest.mark.parametrize(
    ("texts", "internet", "nearly_all"),
    [
        ([WORLD], True, True),
        (["::/0"], True, True),
        (["2000::/3"], True, True),
        (["8.0.0.0/8"], False, False),
        (["8.0.0.0/8", "8.8.8.0/24"], False, False),
        (["8.0.0.0/8", "9.9.9.9"], True, False),
        (["2400::/16"], False, False),
        (["2400::/16", "2a00::1"], True, False),
        (["8.0.0.0/8", "2400::/16"], False, False),
        (["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"], False, False),
        (["224.0.0.0/3", "127.0.0.0/8", "0.0.0.0/8"], False, False),
        (["0.0.0.0/1"], True, False),
        (["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/4"], True, True),
    ],
)
def test_how_much_of_the_internet(texts, internet, nearly_all):
    """More than a /8 or a /16 of public addresses, each family for itself; nine tenths of one are nearly all."""
    assert (is_internet(Addresses.of(*texts)), is_nearly_all(Addresses.of(*texts))) == (internet, nearly_all)


def test_nine_tenths():
    """The border itself counts."""
    spans, left = [], -(-PUBLIC.v4 * 9 // 10)
    for first, last in PUBLIC.spans:
        if left > 0:
            spans.append((first, min(last, first + left - 1)))
            left -= last - first + 1
    exactly = Addresses.merged(spans)
    assert is_nearly_all(exactly)
    assert not is_nearly_all(exactly - Addresses.of("8.8.8.8"))


def test_public_and_private_are_apart():
    """And 100.64.0.0/10 is not public, whatever Python says of it."""
    assert not PUBLIC & PRIVATE
    for text in ("100.64.0.1", "169.254.1.1", "224.0.0.1", "240.0.0.1", "127.0.0.1", "fe80::1", "fd00::1", "ff02::1"):
        assert text not in PUBLIC
    for text in ("8.8.8.8", "192.88.99.1", "203.0.113.7", "223.255.255.255", "2001:db8::1", "2002::1", "3fff::1"):
        assert text in PUBLIC


def test_the_rules_that_let_somebody_in_are_named():
    """In the cloud's order, without those that a Drop before them makes ineffective."""
    late, early, hidden = rule(priority=5), rule("8.0.0.0/8", priority=1), rule("9.0.0.0/8", priority=7)
    rules = [late, hidden, drop("9.0.0.0/8", priority=2), early, rule("10.0.0.0/8")]
    assert admitting(rules, 22, Lists(), PUBLIC) == [early, late]


def test_one_port_decides():
    """True where one is surely open, unknown where none is but one may be."""
    nothing, some = Addresses(), Addresses.of("8.8.8.8")
    assert decided(bool, [(nothing, nothing), (some, some)]) is True
    assert decided(bool, [(nothing, some), (nothing, nothing)]) is None
    assert decided(bool, [(nothing, nothing)]) is False


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (rule(), "accept tcp 22 from 0.0.0.0/0 (priority 1)"),
        (rule(ports="1/65535", policy="drop", priority=7), "drop tcp 1-65535 from 0.0.0.0/0 (priority 7)"),
        (rule(ports="-1/-1", protocol="ALL", cidr="10.0.0.0/8"), "accept all from 10.0.0.0/8 (priority 1)"),
        (Rule(port_list="prl-1", prefix_list="pl-1"), "accept tcp prl-1 from pl-1 (priority 1)"),
        (
            rule(to="10.0.0.5/32", source_ports="1/9"),
            "accept tcp 22 from 0.0.0.0/0 port 1/9 to 10.0.0.5/32 (priority 1)",
        ),
    ],
)
def test_rules_as_people_read_them(one, text):
    """As a diff shows them."""
    assert str(one) == text
