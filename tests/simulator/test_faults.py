# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults strike when and where they are told to."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import oss2
import pytest
import requests

from simulator import EstateError, Simulator


def acl(clients, name="first"):
    """Read a bucket's ACL."""
    return clients.bucket(name).get_bucket_acl().acl


def test_throttling_is_the_products_own_error(sim, writer, refused):
    """Each product throttles in its own words; the others go on."""
    sim.set_faults([{"product": product, "effect": "throttle"} for product in ("oss", "ecs")])
    assert refused(acl, writer) == (503, "QpsLimitExceeded")
    assert refused(writer.regions) == (400, "Throttling.User")
    assert writer.whoami()


def test_times_and_skip(sim, writer):
    """A fault lets `skip` calls pass, strikes `times` times and is over."""
    sim.set_faults([{"product": "oss", "action": "GetBucketAcl", "effect": "throttle", "skip": 1, "times": 2}])
    outcomes = []
    for _unused in range(5):
        try:
            outcomes.append(acl(writer))
        except oss2.exceptions.ServerError as error:
            outcomes.append(error.status)
    assert outcomes == ["private", 503, 503, "private", "private"]


def test_faults_choose_their_calls(sim, reader, writer, refused):
    """Product, action, parameters and key narrow a fault down, by globs."""
    error = {"effect": "error", "status": 500, "code": "InternalError", "message": "Sorry."}
    sim.set_faults([{"product": "o*", "action": "Get*Acl", "params": {"bucket": "f*"}, "key": "reader", **error}])
    assert refused(acl, reader) == (500, "InternalError")
    assert acl(writer) == "private"
    assert acl(reader, "second") == "private"
    assert reader.bucket("first").get_bucket_info().name == "first"


def test_a_failed_write_changes_nothing(sim, writer, refused, bucket_state):
    """An error comes instead of the effect."""
    sim.set_faults([{"action": "PutBucketAcl", "effect": "error", "status": 403, "code": "AccessDenied"}])
    assert refused(writer.bucket("first").put_bucket_acl, "public-read") == (403, "AccessDenied")
    assert bucket_state("first")["acl"] == "private"
    assert sim.journal()[-1]["code"] == "AccessDenied"


def test_html(sim, writer, bucket_state):
    """Something between client and cloud answers with a page."""
    sim.set_faults([{"product": "oss", "effect": "html"}])
    answer = writer.bucket("first")._do("PUT", "first", "", params={"acl": ""}, headers={"x-oss-acl": "public-read"})
    assert answer.headers["content-type"] == "text/html"
    assert answer.read().startswith(b"<!DOCTYPE html>")
    assert bucket_state("first")["acl"] == "private"


@pytest.mark.parametrize(("phase", "after"), [("before", "private"), ("after", "public-read")])
def test_drop_closes_the_connection(sim, writer, bucket_state, phase, after):
    """The client gets no answer, whether or not the write took place."""
    sim.set_faults([{"action": "PutBucketAcl", "effect": "drop", "phase": phase, "times": 1}])
    with pytest.raises(oss2.exceptions.RequestError, match="Connection aborted"):
        writer.bucket("first").put_bucket_acl("public-read")
    assert bucket_state("first")["acl"] == after
    assert (sim.journal()[-1]["status"], sim.journal()[-1]["code"]) == (0, "drop")
    assert acl(writer) == after


@pytest.mark.parametrize(("phase", "after"), [("before", "private"), ("after", "public-read")])
def test_hang_outlasts_an_impatient_client(sim, writer, bucket_state, phase, after):
    """A client that goes away during a hang leaves the write undone (before) or done (after)."""
    sim.set_faults([{"action": "PutBucketAcl", "effect": "hang", "phase": phase, "seconds": 30}])
    bucket = oss2.Bucket(oss2.Auth(writer.key, writer.secret), sim.url, "first", connect_timeout=0.3)
    with pytest.raises(oss2.exceptions.RequestError):
        bucket.put_bucket_acl("public-read")
    wait_for(lambda: sim.journal() and sim.journal()[-1]["code"] == "hang")
    assert bucket_state("first")["acl"] == after


@pytest.mark.parametrize("phase", ["before", "after"])
def test_hang_ends(sim, writer, bucket_state, phase):
    """A client that waits long enough is answered."""
    sim.set_faults([{"action": "PutBucketAcl", "effect": "hang", "phase": phase, "seconds": 0.2}])
    started = time.monotonic()
    writer.bucket("first").put_bucket_acl("public-read")
    assert time.monotonic() - started >= 0.2
    assert bucket_state("first")["acl"] == "public-read"
    assert sim.journal()[-1]["status"] == 200


def wait_for(condition, seconds=5.0):
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def test_delay(sim, writer):
    """One call can be slower than the others."""
    sim.set_faults([{"action": "GetBucketAcl", "effect": "delay", "ms": 900}])
    started = time.monotonic()
    writer.whoami()
    assert time.monotonic() - started < 0.9
    started = time.monotonic()
    acl(writer)
    assert time.monotonic() - started >= 0.9


def test_lag_hides_a_write_from_the_next_reads(sim, writer, bucket_state):
    """Reads of that bucket see the old state for a while, whichever action they use."""
    sim.set_faults([{"product": "oss", "effect": "lag", "reads": 2}])
    writer.bucket("first").put_bucket_acl("public-read")
    assert bucket_state("first")["acl"] == "public-read"
    assert acl(writer, "second") == "private"
    assert acl(writer) == "private"
    assert writer.bucket("first").get_bucket_info().acl.grant == "private"
    assert acl(writer) == "public-read"


def test_lag_counts_anew_after_each_write(sim, writer):
    """A second write before the first is seen hides both."""
    sim.set_faults([{"product": "oss", "effect": "lag", "reads": 2}])
    writer.bucket("first").put_bucket_acl("public-read")
    assert acl(writer) == "private"
    writer.bucket("first").put_bucket_acl("public-read-write")
    assert [acl(writer) for _unused in range(3)] == ["private", "private", "public-read-write"]


def test_lag_hides_a_new_bucket_from_the_list(sim, writer):
    """A list lags as its entries do."""
    sim.set_faults([{"product": "oss", "effect": "lag", "reads": 1}])
    writer.bucket("another").put_bucket_acl("private")
    listed = [[each.name for each in writer.service.list_buckets().buckets] for _unused in range(2)]
    assert ["another" in names for names in listed] == [False, True]


def test_writes_see_the_truth_in_spite_of_a_lag(sim, writer, refused):
    """What lags is reading: a refusal depends on the state as it is."""
    sim.set_faults([{"product": "oss", "effect": "lag", "reads": 5}])
    writer.bucket("first").put_bucket_public_access_block("true")
    assert refused(writer.bucket("first").put_bucket_acl, "public-read") == (403, "AccessDenied")


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "explode"},
        {"effect": "throttle", "status": 500},
        {"effect": "throttle", "product": "s3"},
        {"effect": "throttle", "action": "PutBucketACL"},
        {"effect": "lag", "action": "GetBucketAcl"},
        {"effect": "hang", "phase": "during"},
        {"effect": "delay", "often": 3},
    ],
)
def test_a_fault_that_cannot_strike_is_refused(sim, fault):
    """A fault with a typing error does not pass for one that never struck."""
    with pytest.raises(EstateError):
        sim.set_faults([fault])


def test_faults_over_http(sim, writer, refused):
    """Faults can be set from another process, and are over after a reset."""
    answer = requests.post(f"{sim.url}/_sim/faults", json=[{"product": "oss", "effect": "throttle"}], timeout=5)
    assert answer.status_code == 204
    assert refused(acl, writer) == (503, "QpsLimitExceeded")
    assert requests.post(f"{sim.url}/_sim/faults", json=[{"effect": "explode"}], timeout=5).status_code == 400
    sim.reset()
    assert acl(writer) == "private"


def test_latency_overlaps(estate):
    """Every call takes its time, and many take it together."""
    with Simulator(estate, latency_ms=100) as slow, ThreadPoolExecutor(8) as pool:
        bucket = oss2.Bucket(oss2.Auth("LTAI5tRoot", "root-secret"), slow.url, "first")
        started = time.monotonic()
        acls = list(pool.map(lambda _unused: bucket.get_bucket_acl().acl, range(16)))
        took = time.monotonic() - started
    assert acls == ["private"] * 16
    assert 0.2 <= took < 1.6
