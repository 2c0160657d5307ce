# SPDX-License-Identifier: GPL-3.0-or-later
"""Investigations over random clues: less evidence makes nothing more certain, and nothing missing breaks them."""

from __future__ import annotations

import copy

from ansible_collections.hardening.alicloud.plugins.module_utils.hypotheses import STANDINGS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit import clue_examples as clues

BUSY = [HealthCheck.too_slow]  # a busy machine is no reason to fail
DEFINITE = {"confirmed", "ruled_out"}
TIMES = [None, "2026-02-26T20:00:00Z", "2026-02-27T03:58:00Z", "2026-02-27T04:01:16Z", "2026-02-27T04:05:00Z"]
LOGGED = [clues.THEN, "2026-02-27T04:03:00Z", "2026-02-27T13:01:15Z", "2026-02-26T20:01:10Z", "2026-03-01T00:00:00Z"]
SOURCES = [list(clues.WORLD), clues.OFFICE, [], ["23.129.64.0/24"]]
SERVERS = ["i-web", "i-db"]
INSIDE = "172.16.0.20"
SERVER = st.sampled_from(SERVERS)


@st.composite
def paths(draw):
    """Give a path of some kind, open to some, perhaps to more."""
    sure, may = draw(st.sampled_from(SOURCES)), draw(st.sampled_from(SOURCES))
    found = clues.path(
        draw(st.sampled_from(["eip", "clb", "dnat", "public_ip"])),
        draw(st.sampled_from([clues.BALANCER, "198.51.100.7"])),
        draw(st.sampled_from([22, 2222])),
        sources=sure,
        possible_sources=sorted({*sure, *may}),
    )
    listener = clues.gate("listener", allows=draw(st.sampled_from([True, None, False])))
    return found | {"gates": [listener, clues.gate(name=draw(st.sampled_from(["sg-web", "sg-db, sg-office"])))]}


@st.composite
def everything(draw):
    """Give options of ssh_verdict: one event, two servers, and what may have been read about them."""

    def some(of, most=2):
        return draw(st.lists(of, max_size=most))

    servers = [
        clues.server(
            *some(paths()),
            instance_id=name,
            name=draw(st.sampled_from(["web-1", name])),
            addresses=[name, "172.16.0.11"][: draw(st.integers(1, 2))],
        )
        for name in SERVERS
    ]
    targets = some(st.builds(clues.target, st.sampled_from([clues.BALANCER, "198.51.100.7"]), servers=st.sampled_from(
        [[], ["i-web"], ["i-db"]]), kind=st.sampled_from(["clb", "eip", "nat"])))  # fmt: skip
    openings = st.builds(
        clues.opening,
        st.sampled_from(TIMES[:3]),
        st.sampled_from([None, *TIMES[2:]]),
        kind=st.sampled_from(["server", "security_group"]),
        resource_id=st.sampled_from([*SERVERS, "sg-web"]),
        sources=st.sampled_from(SOURCES),
        possible_sources=st.sampled_from([None, list(clues.WORLD)]),
    )
    holdings = st.builds(
        lambda address, owner, start, end: {
            "address": address,
            "kind": "eip",
            "id": "eip-1",
            "bound_to": owner,
            "from": start,
            "to": end,
        },
        st.sampled_from([clues.BALANCER, "198.51.100.7"]),
        st.sampled_from(["", "i-web", "eni-1"]),
        st.sampled_from(TIMES[:3]),
        st.sampled_from([None, *TIMES[2:]]),
    )
    attempts = st.builds(
        clues.attempt,
        st.sampled_from(LOGGED),
        source=st.sampled_from([clues.SOURCE, INSIDE, "198.51.100.5", "UNKNOWN"]),
        outcome=st.sampled_from(["failed", "accepted"]),
        line_source=st.sampled_from(["/var/log/auth.log", "/var/log/auth.log.1"]),
    )
    logs = [
        clues.logins(
            *some(attempts),
            server={
                "instance_id": draw(st.sampled_from([name, None])),
                "host": name,
                "ports": [22],
                "utc_offset": offset,
            },
        )
        for name, offset in zip(SERVERS, draw(st.tuples(*[st.sampled_from(["+00:00", "+09:00"])] * 2)), strict=True)
    ]
    event = clues.attack(
        source=draw(st.sampled_from([clues.SOURCE] * 3 + [INSIDE, None])),
        public_ip=draw(st.sampled_from([clues.BALANCER, "198.51.100.7", "198.51.100.99", "172.16.0.11", None])),
        instance_id=draw(st.sampled_from([None, *SERVERS, "i-gone"])),
        instance_name=draw(st.sampled_from([None, "web-1", "web-slb"])),
    )
    alert = clues.alert(public_ip=event["public_ip"], instance_id=event["instance_id"])
    is_attack = draw(st.booleans())
    return {
        "attack_events": [event] if is_attack else [],
        "alerts": [] if is_attack else [alert],
        "exposure": clues.exposure(*servers, targets=targets),
        "changes": clues.changes(
            *some(openings),
            addresses=some(holdings),
            changes=some(st.builds(clues.change, time=st.sampled_from(LOGGED)), 1),
        ),
        "logins": logs,
    }  # fmt: skip


@st.composite
def with_less(draw):
    """Give options, and the same with some of the evidence taken away or no longer known to be complete."""
    full = draw(everything())
    less = copy.deepcopy(full)
    for name in draw(
        st.sets(
            st.sampled_from(["exposure", "server", "changes", "first log", "second log", "doubts", "since", "regions"]),
            min_size=1,
        )
    ):
        if name in {"exposure", "changes"}:
            less[name] = draw(st.sampled_from([{}, {"failed": True, "msg": "no"}, less[name] | {"unread": ["some"]}]))
        elif name == "server":
            gone = draw(SERVER)
            left = [one for one in less["exposure"].get("servers", ()) if one["instance_id"] != gone]
            less["exposure"] = less["exposure"] | {"servers": left, "unread": ["a server"]}
        elif name == "since":
            less["changes"] = less["changes"] | {
                "complete_since": draw(st.sampled_from([None, "2026-03-01T00:00:00Z"]))
            }
        elif name == "regions":
            less["regions"] = ["cn-hangzhou"]
        elif name == "doubts":
            less["logins"] = [one | {"unread": ["auth.log"]} for one in less["logins"]]
        else:
            less["logins"] = [one for one in less["logins"] if one["server"]["host"] != SERVERS[name == "second log"]]
    return full, less


@settings(max_examples=500, suppress_health_check=BUSY)
@given(with_less())
def test_less_evidence_makes_nothing_more_certain(pair):
    """What is confirmed, ruled out, reachable or not reachable with less evidence is so with more, too."""
    full, less = (clues.conclude(**each) for each in pair)
    logged = any(part in full["sentence"] for part in ("reached sshd:", "does not say whether that is"))
    believed = less["verdict"] == "not_reachable" and logged  # a line goes before what the network seems to let in
    assert less["verdict"] in ("unknown", full["verdict"]) or believed, (full, less)
    whole = {one["id"]: one["standing"] for one in full["hypotheses"]}
    bolder = [one for one in less["hypotheses"] if one["standing"] in DEFINITE - {whole[one["id"]]}]
    assert bolder == []


@settings(suppress_health_check=BUSY)
@given(everything(), st.randoms(use_true_random=False))
def test_the_ranking_is_total_and_stable(given_clues, random):
    """Each hypothesis stands there once, the better before the worse, in whatever order the clues come."""
    found = clues.conclude(**given_clues)
    shuffled = copy.deepcopy(given_clues)
    for rows in (shuffled["logins"], shuffled["exposure"]["servers"], shuffled["changes"]["openings"]):
        random.shuffle(rows)
    again = clues.conclude(**shuffled)
    assert sorted(one["id"] for one in found["hypotheses"]) == [f"H{number}" for number in range(1, 9)]
    order = [STANDINGS.index(one["standing"]) for one in found["hypotheses"]]
    assert order == sorted(order)
    ranked = [[(one["id"], one["standing"]) for one in each["hypotheses"]] for each in (found, again)]
    assert ranked[0] == ranked[1]
    assert (found["id"], found["verdict"]) == (again["id"], again["verdict"])


def places(value, at=()):
    """Every place in a nest of dictionaries and lists."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*at, key)
        yield from places(inner, (*at, key))


@settings(suppress_health_check=BUSY)
@given(everything(), st.data())
def test_whatever_is_missing_breaks_nothing(given_clues, data):
    """Without any one piece, null in its place or nothing at all, there still is an investigation of every event."""
    less = copy.deepcopy(given_clues)
    optional = [
        at for at in places(less) if not {"attack_events", "alerts", "time", "open"} & {str(part) for part in at}
    ]
    for at in data.draw(st.lists(st.sampled_from(optional), max_size=3)):
        inner = less
        for part in at[:-1]:
            inner = inner[part] if isinstance(inner, list) else (inner or {}).get(part)
        if isinstance(inner, dict):
            if data.draw(st.booleans()):
                inner.pop(at[-1], None)
            else:
                inner[at[-1]] = None
    found = clues.conclude(**(clues.options().__dict__ | {k: v or type(given_clues[k])() for k, v in less.items()}))
    assert len(found["hypotheses"]) == 8
    assert found["sentence"].endswith(".")
