# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh_login_info takes from each message of sshd, and that a name can't forge a source."""

from __future__ import annotations

import pytest
from ansible_collections.hardening.alicloud.plugins.module_utils.login_messages import (
    UNKNOWN_SOURCE,
    Fact,
    Messages,
    repeated,
    unnamed,
)
from hypothesis import given
from hypothesis import strategies as st

A, B, C = "198.51.100.7", "2408:4000::7", "192.0.2.66"  # C is the address that is forged
KEY = "ED25519 SHA256:50To36iJ0ppN2m7"
CERTIFICATE = f"{KEY.replace('ED25519', 'ED25519-CERT')} ID ops (serial 7) CA RSA SHA256:abc"
PAM = "logname= uid=0 euid=0 tty=ssh ruser= rhost="


def fact(text: str) -> Fact | None:
    """What one message says, alone in its log."""
    return Messages().fact(1, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # How a login went
        (f"Accepted publickey for ops from {A} port 50122 ssh2: {KEY}", ("accepted", A, "ops", "publickey", 50122)),
        (f"Accepted publickey for ops from {B} port 1 ssh2: {CERTIFICATE}", ("accepted", B, "ops", "publickey", 1)),
        (f"Accepted password for ops from {A} port 1 ssh2", ("accepted", A, "ops", "password", 1)),
        (
            f"Accepted keyboard-interactive/pam for ops from {A} port 1 ssh2",
            ("accepted", A, "ops", "keyboard-interactive/pam", 1),
        ),
        (
            f'Accepted hostbased for ops from {A} port 1 ssh2: {KEY}, client user "ops", client host "web"',
            ("accepted", A, "ops", "hostbased", 1),
        ),
        (
            f"Accepted gssapi-with-mic for ops from {A} port 1 ssh2: ops@EXAMPLE.COM",
            ("accepted", A, "ops", "gssapi-with-mic", 1),
        ),
        (f"Failed password for root from {A} port 1 ssh2", ("failed", A, "root", "password", 1)),
        (f"Failed password for invalid user pi from {A} port 1 ssh2", ("failed", A, "pi", "password", 1)),
        (f"Failed password for illegal user pi from {A} port 1 ssh2", ("failed", A, "pi", "password", 1)),
        (f"Failed none for invalid user  from {A} port 1 ssh2", ("failed", A, "", "none", 1)),
        (f"Failed publickey for root from {A} port 1 ssh2: {KEY}", ("failed", A, "root", "publickey", 1)),
        (f"Failed password for root from ::ffff:{A} port 1 ssh2", ("failed", A, "root", "password", 1)),
        ("Failed password for root from 2408:4000:0:0::0007 port 1 ssh2", ("failed", B, "root", "password", 1)),
        ("Failed password for root from UNKNOWN port 65535 ssh2", ("failed", "UNKNOWN", "root", "password", 65535)),
        (
            f"Postponed keyboard-interactive for root from {A} port 1 ssh2 [preauth]",
            ("postponed", A, "root", "keyboard-interactive", 1),
        ),
        (f"Partial publickey for ops from {A} port 1 ssh2: {KEY}", ("partial", A, "ops", "publickey", 1)),
        # More of a login that failed
        (f"Invalid user pi from {A} port 1", ("invalid_user", A, "pi", None, 1)),
        (f"Invalid user pi from {A}", ("invalid_user", A, "pi", None, None)),
        (f"Invalid user  from {B} port 1", ("invalid_user", B, "", None, 1)),
        (f"Illegal user pi from {A}", ("invalid_user", A, "pi", None, None)),
        (
            f"error: maximum authentication attempts exceeded for invalid user pi from {A} port 1 ssh2 [preauth]",
            ("too_many_attempts", A, "pi", None, 1),
        ),
        (
            f"Disconnecting authenticating user root {A} port 1: Too many authentication failures [preauth]",
            ("too_many_attempts", A, "root", None, 1),
        ),
        (f"pam_unix(sshd:auth): authentication failure; {PAM}{A}  user=root", ("pam_failed", A, "root", None, None)),
        (f"pam_sss(sshd:auth): authentication failure; {PAM}{A}", ("pam_failed", A, None, None, None)),
        (f"PAM 2 more authentication failures; {PAM}{A}  user=root", ("pam_failed", A, "root", None, None)),
        (f"error: PAM: Authentication failure for root from {A}", ("pam_failed", A, "root", None, None)),
        (
            f"error: PAM: User not known to the underlying module for illegal user pi from {A}",
            ("pam_failed", A, "pi", None, None),
        ),
        (f"User root from {A} not allowed because not listed in AllowUsers", ("refused", A, "root", None, None)),
        (
            "User root from shop.example.com not allowed because listed in DenyUsers",
            ("refused", "shop.example.com", "root", None, None),
        ),
        (f"ROOT LOGIN REFUSED FROM {A} port 1", ("refused", A, "root", None, 1)),
        (f"refused connect from {A} ({A})", ("refused", A, None, None, None)),
        (f"refused connect from shop.example.com ({B})", ("refused", B, None, None, None)),
        (f"refused connect from {A}", ("refused", A, None, None, None)),
        (
            f"Authentication tried for root with correct key but not from a permitted host (host={A}, ip={A}).",
            ("refused", A, "root", None, None),
        ),
        # How a connection ended
        (f"Connection closed by {A} port 1", ("disconnected", A, None, None, 1)),
        (f"Connection closed by {A} [preauth]", ("disconnected", A, None, None, None)),
        (f"Connection closed by invalid user pi {A} port 1 [preauth]", ("disconnected", A, "pi", None, 1)),
        (f"Connection reset by authenticating user root {B} port 1 [preauth]", ("disconnected", B, "root", None, 1)),
        (f"Disconnected from user ops {A} port 1", ("disconnected", A, "ops", None, 1)),
        (f"Disconnected from {A} port 1 [preauth]", ("disconnected", A, None, None, 1)),
        (f"Received disconnect from {A} port 1:11: Bye Bye [preauth]", ("disconnected", A, None, None, 1)),
        (f"Received disconnect from {B}: 11: Bye Bye [preauth]", ("disconnected", B, None, None, None)),
        (
            f"error: Received disconnect from {A} port 1:3: com.jcraft.jsch.JSchException: Auth fail [preauth]",
            ("disconnected", A, None, None, 1),
        ),
        (
            f"ssh_dispatch_run_fatal: Connection from {A} port 1: Connection corrupted [preauth]",
            ("disconnected", A, None, None, 1),
        ),
        (f"fatal: Timeout before authentication for {A} port 1", ("timed_out", A, None, None, 1)),
        (f"fatal: Timeout before authentication for {B}.", ("timed_out", B, None, None, None)),
        (
            f"Timeout before authentication for connection from {A} to 172.16.0.11, pid = 4711",
            ("timed_out", A, None, None, None),
        ),
        (f"Timeout, client not responding from user ops {A} port 1", ("disconnected", A, "ops", None, 1)),
        # Before any login
        (
            f"Unable to negotiate with {B} port 1: no matching key exchange method found. Their offer: x [preauth]",
            ("no_agreement", B, None, None, 1),
        ),
        (
            f"fatal: Unable to negotiate with {B}: no matching cipher found. Their offer: x [preauth]",
            ("no_agreement", B, None, None, None),
        ),
        (f"banner exchange: Connection from {A} port 1: invalid format", ("not_ssh", A, None, None, 1)),
        (
            f"banner exchange: Connection from {A} port 1: could not read protocol version",
            ("no_identification", A, None, None, 1),
        ),
        (f"Bad protocol version identification 'GET / HTTP/1.1' from {A} port 1", ("not_ssh", A, None, None, 1)),
        (f"Did not receive identification string from {A} port 1", ("no_identification", A, None, None, 1)),
        (f"Did not receive identification string from {A}", ("no_identification", A, None, None, None)),
        (f"drop connection #10 from [{A}]:1 on [172.16.0.11]:22 past MaxStartups", ("dropped", A, None, None, 1)),
        (f"drop connection #0 from [{B}]:1 on [::1]:22 penalty: failed authentication", ("dropped", B, None, None, 1)),
        (
            f"srclimit_penalise: ipv4: new {A}/32 deferred penalty of 5 seconds for penalty: failed authentication",
            ("penalised", A, None, None, None),
        ),
        (f'Connection from {A} port 1 on 172.16.0.11 port 22 rdomain ""', ("connected", A, None, None, 1)),
    ],
)
def test_message(text, expected):
    """Each message of old and new versions gives its outcome, source, user, method and port."""
    assert fact(text) == Fact(*expected)


@pytest.mark.parametrize(
    "text",
    [
        "Server listening on 0.0.0.0 port 22.",
        "Received signal 15; terminating.",
        "pam_unix(sshd:session): session opened for user ops(uid=1000) by (uid=0)",
        "pam_unix(sshd:auth): check pass; user unknown",
        "Connection closed by remote host",
        "beginning MaxStartups throttling",
        "srclimit_penalise: ipv4: new 198.51.100.0/24 active penalty of 90 seconds for penalty: caused crash",
        "",
    ],
)
def test_other_message(text):
    """A message that names no source says nothing of one."""
    assert fact(text) is None


# Names that lie

LIES = [
    f"x from {C} port 5 ssh2",
    f"x from {C} port 5",
    f"x from {C}",
    f"x {C} port 5",
    f"x {C} port 5 [preauth]",
    f"x from {C} port 5 ssh2: {KEY}",
    f"x from {C} port 5 ssh2: {CERTIFICATE}",
    f"root from {C} port 5 ssh2 from",
    f"x {C} port 5: Too many authentication failures",
    f"x{PAM}{C}  user=root",
    f"x rhost={C}",
    f"invalid user invalid user x {C} port 5",
    f"message repeated 9 times: [ Failed password for root from {C} port 5 ssh2]",
    f"x' from {C} port 5",
    f"x\nFailed password for root from {C} port 5 ssh2",
]
FRAMES = [
    "Failed password for invalid user {name} from {source} port 77 ssh2",
    "Accepted publickey for {name} from {source} port 77 ssh2: " + KEY,
    "Failed publickey for invalid user {name} from {source} port 77 ssh2: " + KEY,
    "Failed publickey for invalid user {name} from {source} port 77 ssh2: " + CERTIFICATE,
    "Invalid user {name} from {source} port 77",
    "Invalid user {name} from {source}",
    "Connection closed by invalid user {name} {source} port 77 [preauth]",
    "Connection reset by authenticating user {name} {source} port 77 [preauth]",
    "Disconnected from invalid user {name} {source} port 77 [preauth]",
    "error: maximum authentication attempts exceeded for invalid user {name} from {source} port 77 ssh2 [preauth]",
    "Disconnecting invalid user {name} {source} port 77: Too many authentication failures [preauth]",
    "Disconnecting invalid user {name} {source} port 77: Change of username: ({name}) -> (root) [preauth]",
    "ssh_dispatch_run_fatal: Connection from invalid user {name} {source} port 77: Connection corrupted [preauth]",
    "pam_unix(sshd:auth): authentication failure; " + PAM + "{source}  user={name}",
    "error: PAM: Authentication failure for illegal user {name} from {source}",
    "Bad protocol version identification '{name}' from {source} port 77",
    "Received disconnect from {source} port 77:11: {name} [preauth]",
    "Unable to negotiate with {source} port 77: no matching cipher found. Their offer: {name} [preauth]",
]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", LIES)
def test_forged_name(frame, name):
    """What a client chose is never taken for the source; at worst the source is UNKNOWN."""
    said = fact(frame.format(name=name, source=A))
    assert said is None or said.source in (A, UNKNOWN_SOURCE)
    assert said is None or said.port in (77, None)


@given(frame=st.sampled_from(FRAMES), pieces=st.lists(st.sampled_from([*LIES, " ", ":", "port", "ssh2", "a"])))
def test_forged_names_in_any_order(frame, pieces):
    """The same for anything that is put together from such names."""
    said = fact(frame.format(name=" ".join(pieces), source=A))
    assert said is None or said.source in (A, UNKNOWN_SOURCE)


@pytest.mark.parametrize("name", LIES[:3])
def test_name_that_lies_is_kept(name):
    """The name itself is shown as it was given."""
    assert fact(f"Invalid user {name} from {A} port 77") == Fact("invalid_user", A, name, None, 77)
    assert fact(f"Failed password for invalid user {name} from {A} port 77 ssh2").user == name


def test_unprintable_name():
    """A name that would move the cursor of a terminal is defused."""
    assert fact(f"Invalid user \x1b[2Jroot from {A} port 77").user == "\ufffd[2Jroot"


# Messages that belong together


@pytest.mark.parametrize(
    ("why", "end", "outcome"),
    [
        ("Connection closed by remote host", f"Connection closed by {A} port 1", "no_identification"),
        ("read: Connection reset by peer", f"Connection reset by {A} port 1", "no_identification"),
        (
            'client sent invalid protocol identifier "GET / HTTP/1.1"',
            f"banner exchange: Connection from {A} port 1: invalid format",
            "not_ssh",
        ),
        (
            "banner line contains invalid characters",
            f"banner exchange: Connection from {A} port 1: could not read protocol version",
            "not_ssh",
        ),
    ],
)
def test_two_lines(why, end, outcome):
    """What sshd says of a greeting that failed is joined to the line in which it names the source."""
    messages = Messages()
    assert messages.fact(7, f"error: kex_exchange_identification: {why}") is None
    assert messages.fact(8, f"Connection closed by {B} port 2").outcome == "disconnected"
    assert messages.fact(7, end) == Fact(outcome, A, None, None, 1)
    assert messages.fact(7, f"Connection closed by {A} port 1").outcome == "disconnected"


def test_memory():
    """What is waited for in vain is forgotten."""
    messages = Messages()
    for pid in range(5000):
        messages.fact(pid, "error: kex_exchange_identification: Connection closed by remote host")
    assert messages.fact(0, f"Connection closed by {A} port 1").outcome == "disconnected"
    assert messages.fact(4999, f"Connection closed by {A} port 1").outcome == "no_identification"


def test_folded():
    """A message that stands for several is told apart from them."""
    text = f"Failed password for root from {A} port 1 ssh2"
    assert repeated(f"message repeated 3 times: [ {text}]") == (3, text)
    assert repeated(text) == (1, text)


def test_absurd_number():
    """A number that no daemon writes is read as any other text."""
    text = f"message repeated {'9' * 5000} times: [ x]"
    assert repeated(text) == (1, text)


def test_unnamed():
    """Connections that sshd dropped without naming them are counted."""
    assert unnamed("exited MaxStartups throttling after 00:10:20, 999 connections dropped") == 999
    assert unnamed("error: in MaxStartups throttling for 00:05:01, 12 connections dropped") == 12
    assert unnamed("error: beginning MaxStartups throttling") == 0
    assert unnamed(f"exited MaxStartups throttling after 00:10:20, {'9' * 5000} connections dropped") == 0


def test_endless_message():
    """A message that is longer than sshd writes any is not sshd's, and costs nothing."""
    assert fact("Failed password for " + " from x port 1 ssh2" * 10**5) is None
