# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator as a server: on loopback only, for a limited time, gone when it is stopped."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time

import oss2
import pytest
import requests
import yaml

from simulator import EstateError, Simulator

NOTHING = {"accounts": []}


def command(*arguments):
    """Start `python -m simulator`."""
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def estate_file(tmp_path):
    path = tmp_path / "estate.yml"
    path.write_text("accounts: []\n")
    return path


@pytest.mark.parametrize("host", ["0.0.0.0", "", "localhost", "::1", "192.0.2.1"])  # noqa: S104 - refused, that is the point
def test_it_listens_on_loopback_only(host):
    """Any address but 127.0.0.1 is refused."""
    with pytest.raises(ValueError, match=r"listens on 127\.0\.0\.1 only"):
        Simulator(NOTHING, host=host)


def test_nothing_is_left_after_it():
    """Leaving the block closes the port."""
    with Simulator(NOTHING) as simulator:
        assert requests.get(f"{simulator.url}/_sim/state", timeout=5).json() == NOTHING
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{simulator.url}/_sim/state", timeout=5)


def test_it_can_be_asked_when_it_is_over():
    """State and journal outlive the server, and a lifetime that has run out breaks nothing."""
    with Simulator(NOTHING, lifetime=0.05) as simulator:
        simulator._thread.join(timeout=10)
        assert not simulator._thread.is_alive()
    assert (simulator.state(), simulator.journal()) == (NOTHING, [])


def test_answers_come_at_once(sim, writer):
    """No call waits for the other side's delayed acknowledgement: were it so, every other one would take 40 ms."""
    bucket = writer.bucket("first")
    took = []
    for _unused in range(25):
        started = time.monotonic()
        bucket.get_bucket_acl()
        took.append(time.monotonic() - started)
    assert sorted(took)[len(took) // 2] < 0.035
    assert len(sim.journal()) == 25


def test_two_at_a_time_do_not_share_anything(sim, estate, writer):
    """Each simulator has a world of its own."""
    with Simulator(estate) as another:
        before = another.state()
        writer.bucket("first").put_bucket_acl("public-read")
        assert another.state() == before
        assert another.journal() == []
        assert sim.state() != before


def test_a_hanging_call_does_not_keep_it_from_stopping(estate):
    """Stopping waits for nobody."""
    simulator = Simulator(estate, faults=[{"effect": "hang", "seconds": 60}])
    with simulator:
        address = simulator.url.removeprefix("http://").split(":")
        client = socket.create_connection((address[0], int(address[1])), timeout=5)
        client.sendall(b"GET /first/?acl HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        started = time.monotonic()
    assert time.monotonic() - started < 5
    client.close()


def test_the_command_prints_its_url_and_serves(estate_file):
    """One line on standard output, once connections are accepted; a signal ends it."""
    process = command("--estate", estate_file)
    try:
        line = process.stdout.readline()
        assert line.startswith("simulator: http://127.0.0.1:")
        url = line.split()[1]
        assert requests.get(f"{url}/_sim/state", timeout=5).json() == NOTHING
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=10)
        assert (rest, errors, process.returncode) == ("", "", 0)
    finally:
        process.kill()
        process.communicate()


def test_the_command_ends_by_itself(estate_file):
    """Its lifetime bounds it, whoever forgets it."""
    process = command("--estate", estate_file, "--lifetime", "0.2")
    try:
        _unused, errors = process.communicate(timeout=10)
        assert (errors, process.returncode) == ("", 0)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--host", "0.0.0.0"], "127.0.0.1 only"),  # noqa: S104 - refused, that is the point
        (["--faults", "faults.yml"], "faults.yml"),
        (["--estate", "missing.yml"], "missing.yml"),
    ],
)
def test_the_command_says_what_is_wrong(estate_file, arguments, word):
    """One sentence on standard error, no traceback, status 2."""
    process = command("--estate", estate_file, *arguments)
    out, errors = process.communicate(timeout=20)
    assert (out, process.returncode) == ("", 2)
    assert errors.startswith("simulator: ")
    assert errors.count("\n") == 1
    assert word in errors


def test_faults_and_latency_of_the_command(estate_file, tmp_path, estate):
    """`--faults` and `--latency` do what their Python twins do."""
    faults = tmp_path / "faults.yml"
    faults.write_text("- {product: oss, effect: html}\n")
    estate_file.write_text(yaml.safe_dump(estate))
    process = command("--estate", estate_file, "--faults", faults, "--latency", "200")
    try:
        url = process.stdout.readline().split()[1]
        bucket = oss2.Bucket(oss2.Auth("LTAI5tRoot", "root-secret"), url, "first")
        started = time.monotonic()
        answer = bucket._do("GET", "first", "", params={"acl": ""})
        assert time.monotonic() - started >= 0.2
        assert answer.headers["content-type"] == "text/html"
    finally:
        process.kill()
        process.communicate()


def test_a_bad_estate_stops_the_start(tmp_path):
    """An estate that cannot be read is an error with its path in it."""
    path = tmp_path / "estate.json"
    path.write_text(json.dumps({"accounts": [{"id": "1"}]})[:-2])
    with pytest.raises(EstateError, match=r"estate\.json"):
        Simulator(path)
