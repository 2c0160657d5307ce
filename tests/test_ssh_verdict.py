# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh_verdict as Ansible runs it: no connection, the same in check mode, one sentence for what is malformed."""

from __future__ import annotations

import pytest

from tests.harness import environment, result_of, run
from tests.unit.clue_examples import alert, attack, options

GIVEN = vars(options(alerts=[alert()])) | {
    "at": "2026-03-06T12:00:00Z",
    "source_lists": {"Tor exits": ["23.129.64.0/24"]},
}


@pytest.fixture
def variables(tmp_path, collection):  # noqa: ARG001
    """Give the environment of somebody who has no key."""
    found = environment("", "auditor", tmp_path)
    return {name: value for name, value in found.items() if not name.startswith("ALIBABA_")}


def test_check_mode_concludes_the_same(variables):
    """Each event of both kinds is concluded, with and without check mode, and nothing changes."""
    results = [result_of(*run("ssh_verdict", GIVEN, variables, check=check)) for check in (True, False)]
    assert results[0]["investigations"] == results[1]["investigations"]
    assert [one["kind"] for one in results[0]["investigations"]] == ["alert", "attack"]
    assert [one["verdict"] for one in results[0]["investigations"]] == ["not_reachable", "not_reachable"]
    assert [one["changed"] for one in results] == [False, False]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"attack_events": [attack(first_seen="noon")]}, "attack_events 1: first_seen 'noon' is no time"),
        ({"timezone": "Mars/Olympus"}, "timezone 'Mars/Olympus'"),
        ({"at": "now"}, "at 'now' is no time"),
        ({"access_key_id": "LTAI"}, "Unsupported parameters"),
    ],
)
def test_malformed(variables, given, part):
    """It is refused in one sentence."""
    result = result_of(*run("ssh_verdict", GIVEN | given, variables))
    assert result["failed"]
    assert part in result["msg"]
    assert "\n" not in result["msg"]
